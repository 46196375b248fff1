"""How many pictures a second training takes: the decoder on cached features, the decoder on the fly, both networks together.

    python benchmarks/training.py [--size 192] [--batch 32] [--steps 5] [--threads N] [--device cuda]

Random weights and random pictures. Every round takes one step of every kind, so a busy machine slows all of them alike: the
ratios to the first row are worth more than the pictures per second. Reading and cropping pictures is not counted; on a
plain CPU a worker process does that beside the training.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import torch
from torch import Tensor

from photochrom.nets.lite import STRIDES
from photochrom.train.color_module import ColorModule
from photochrom.train.recipe import Recipe

KINDS = ("decoder on cached features", "decoder on the fly", "encoder and decoder")


def batch_of(kind: str, module: ColorModule, size: int, count: int) -> list[Tensor]:
    """A batch as the loaders of :mod:`photochrom.train` give it."""
    seeds = torch.arange(count)
    if kind != KINDS[0]:
        return [torch.randint(0, 256, (count, 3, size, size), dtype=torch.uint8), seeds]
    sides = [size // stride for stride in STRIDES]
    features = [
        torch.randn(count, c, side, side).half() for c, side in zip(module.net.encoder.channels, sides, strict=True)
    ]
    return [*features, torch.randn(count, 2, sides[0], sides[0]) * 20, seeds]


def module_of(kind: str, size: int, count: int, encoder: str) -> ColorModule:
    return ColorModule(
        Recipe(encoder=encoder, batch=count, sizes=[size], encoder_rate=1e-4 if kind == KINDS[2] else 0.0)
    )


def stepper(module: ColorModule, kind: str, half: bool, device: str) -> Callable[[], None]:
    """One optimiser step, as the trainer takes it."""
    recipe = module.recipe
    module = module.to(device).train()
    module.log = lambda *_, **__: None  # type: ignore[method-assign]  # there is no trainer to log to
    optimizer = module.configure_optimizers()["optimizer"]
    learnt = [p for p in module.parameters() if p.requires_grad]
    batch: Any = [part.to(device) for part in batch_of(kind, module, recipe.sizes[0], recipe.batch)]

    def step() -> None:
        with torch.autocast(device, torch.bfloat16) if half else nullcontext():
            loss = module.training_step(batch, 0)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch has no type for it
        torch.nn.utils.clip_grad_norm_(learnt, 1.0)
        optimizer.step()
        if device == "cuda":
            torch.cuda.synchronize()

    return step


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=192, help="side of the square pictures, a multiple of 32")
    parser.add_argument("--batch", type=int, default=32, help="pictures in a batch")
    parser.add_argument("--steps", type=int, default=5, help="steps of each kind; the median counts")
    parser.add_argument("--threads", type=int, help="processor threads (default: all cores)")
    parser.add_argument("--encoder", default="lite0", choices=["lite0", "lite1", "lite2"])
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    kinds = [(kind, half) for kind in KINDS for half in (False, True)]
    steps = [
        stepper(module_of(kind, options.size, options.batch, options.encoder), kind, half, options.device)
        for kind, half in kinds
    ]
    seconds: list[list[float]] = [[] for _ in steps]
    for round_number in range(options.steps + 1):
        for taken, step in zip(seconds, steps, strict=True):
            start = time.perf_counter()
            step()
            if round_number:  # the first round warms up
                taken.append(time.perf_counter() - start)
    speeds = [options.batch / statistics.median(taken) for taken in seconds]
    print(
        f"{options.encoder}, {options.size} px, batch {options.batch}, {torch.get_num_threads()} threads, {options.device}"
    )
    for (kind, half), speed in zip(kinds, speeds, strict=True):
        print(f"{kind:27} {'bf16' if half else 'fp32'} {speed:8.1f} pictures/s {speed / speeds[0]:6.2f} x")


if __name__ == "__main__":
    main()

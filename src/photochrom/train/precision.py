"""The number format of training: the one that this machine computes fastest with."""

from __future__ import annotations

import platform
import time
from functools import cache
from typing import Literal

import torch
from torch import nn

__all__ = ["has_bfloat16", "precision"]

#: Steps of which the fastest counts: the first one prepares, and others may be disturbed.
_ROUNDS = 5


def has_bfloat16() -> bool:
    """Whether this processor computes with bfloat16, and faster than with float32.

    oneDNN takes it on every processor with AVX-512, but imitates it on those without the instructions (Ice Lake, for one):
    training then takes twice the time of float32. Without AVX-512 it would take thirty times as long. Processors that have the
    instructions differ, too: AMD's are twice as fast with them, but Intel's half as fast where a virtual machine hides AMX.
    """
    if platform.machine().lower() in ("x86_64", "amd64") and not _has_instructions():
        return False
    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported()) and _is_faster()


def _has_instructions() -> bool:
    """Whether an x86 processor has AVX512_BF16, which those with AMX have, too; False where this torch cannot find out."""
    found = getattr(torch.cpu, "_is_avx512_bf16_supported", None)
    return bool(found()) if found is not None else False


@cache
def _is_faster() -> bool:
    """Whether a step of one convolution takes less time in bfloat16; measured once, in about a tenth of a second."""
    # What is trained starts from the same weights, whether this was asked or not.
    with torch.random.fork_rng(devices=[]):
        conv = nn.Conv2d(64, 64, 3, padding=1).to(memory_format=torch.channels_last)
        x = torch.rand(1, 64, 64, 64).contiguous(memory_format=torch.channels_last).requires_grad_()
    least = dict.fromkeys((False, True), float("inf"))
    for _ in range(_ROUNDS):
        for short in least:
            start = time.perf_counter()
            with torch.autocast("cpu", torch.bfloat16, enabled=short):
                y = conv(x)
            y.float().sum().backward()
            least[short] = min(least[short], time.perf_counter() - start)
    return least[True] < least[False]


def precision() -> Literal["16-mixed", "bf16-mixed", "32-true"]:
    """What Lightning's Trainer takes: mixed precision where the GPU, or the processor, has it, else float32."""
    if torch.cuda.is_available():
        return "bf16-mixed" if torch.cuda.is_bf16_supported(including_emulation=False) else "16-mixed"
    return "bf16-mixed" if has_bfloat16() else "32-true"

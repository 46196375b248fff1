"""The Lightning module: hints at random places of a batch, and how near the posterior mean comes to the true colours."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning import LightningModule
from torch import Tensor
from torch.nn import functional

from photochrom.errors import CheckpointError
from photochrom.nets.kernel import KernelNet, sampled
from photochrom.train.checkpoint import read_weights
from photochrom.train.kernel.examples import PARTS, TRUTH
from photochrom.train.kernel.kernel_recipe import KernelRecipe
from photochrom.train.recipe import as_dict

__all__ = ["COUNTS", "KernelModule", "recolour"]

#: Numbers of hints that are validated.
COUNTS = (1, 3, 10, 30, 100)
#: Added to the mean squared error in ab before its logarithm: what a picture of this size cannot do better anyway.
_FLOOR = 2.0
#: Shares of the picture that an object has.
SMALLEST, LARGEST = 0.01, 0.5


class KernelModule(LightningModule):
    """The mean logarithm of the squared error, as PSNR has it: a picture that is nearly right counts as much as a bad one.

    A batch is the :data:`~photochrom.train.kernel.examples.PARTS`, each (N, ...), and the seeds.
    """

    def __init__(self, recipe: KernelRecipe, channels: tuple[int, ...], base: str) -> None:
        super().__init__()
        self.recipe = recipe
        self.net = KernelNet(channels, recipe.width, recipe.dims)
        self.save_hyperparameters({"recipe": as_dict(recipe), "channels": list(channels), "base": base})
        self._sums = np.zeros((2, 2, len(COUNTS)))

    def training_step(self, batch: tuple[Tensor, ...], batch_idx: int) -> Tensor:
        """The loss of one batch; everything random follows from the seeds that came with it."""
        *parts, seeds = batch
        recipe, rng = self.recipe, torch.Generator().manual_seed(int(seeds[0]))
        count = int(math.exp(float(torch.rand(1, generator=rng)) * math.log(recipe.most_hints + 0.99)))
        anywhere = float(torch.rand(1, generator=rng)) < recipe.anywhere
        hints = _places(len(seeds), count, rng, anywhere=anywhere)
        part = dict(zip(PARTS, parts, strict=True))
        recolour(part, hints, recipe.recolour, rng)
        side = recipe.size // TRUTH
        cells = torch.randint(side * side, (len(seeds), min(recipe.places, side * side)), generator=rng)
        wanted = (torch.stack([cells // side, cells % side], 2) + 0.5) / side
        error, _ = self._errors(part, hints.to(self.device), wanted.to(self.device))
        loss = (error + _FLOOR).log().mean()
        self.log("train_loss", loss, prog_bar=True)
        return loss

    def _errors(self, part: dict[str, Tensor], hints: Tensor, wanted: Tensor) -> tuple[Tensor, Tensor]:
        """Mean squared errors in ab at the wanted places, (N,): with the hints, and without."""
        light = functional.avg_pool2d(part["lightness"], TRUTH)
        cells = self.net(*(part[name] for name in PARTS[:5]))
        known, sought = (self.net.points(cells, sampled(light, at)[:, 0], at) for at in (hints, wanted))

        def difference(at: Tensor) -> Tensor:
            return (sampled(part["truth"], at) - sampled(part["automatic"], at)).transpose(1, 2)

        before = difference(wanted)
        deviation = sampled(part["expected"][:, 2:], hints).norm(dim=1)
        after = before - self.net.correction(known, difference(hints), deviation, sought)
        return after.square().mean((1, 2)), before.square().mean((1, 2))

    def validation_step(self, batch: tuple[Tensor, ...], batch_idx: int) -> None:
        """Gain in dB of ab by so many hints, in the photographs as they are and with one object in another colour."""
        rng = torch.Generator().manual_seed(batch_idx)
        side = self.recipe.size // TRUTH
        grid = (torch.arange(side) + 0.5) / side
        wanted = torch.cartesian_prod(grid, grid)[None].expand(len(batch[0]), -1, -1).to(self.device)
        for row, share in enumerate((0.0, 1.0)):
            for column, count in enumerate(COUNTS):
                hints = _places(len(batch[0]), count, rng, anywhere=False)
                part = dict(zip(PARTS, batch, strict=True))
                recolour(part, hints, share, rng)
                after, before = self._errors(part, hints.to(self.device), wanted)
                gains = 10 * torch.log10((before + 1e-3) / (after + 1e-3))
                self._sums[row, :, column] += float(gains.sum()), len(gains)

    def on_validation_epoch_end(self) -> None:
        """Log the means over all pictures."""
        for name, sums in zip(("gain", "recoloured"), self._sums, strict=True):
            for count, total, pictures in zip(COUNTS, *sums, strict=True):
                if pictures:
                    self.log(f"val_{name}_{count}", total / pictures)
        self._sums[:] = 0

    def load_weights(self, path: str | Path) -> None:
        """Start from the averaged weights of a checkpoint, or a ``.safetensors`` file. Raises CheckpointError."""
        state, _ = read_weights(path)
        try:
            self.net.load_state_dict(state, strict=True)
        except RuntimeError as error:
            raise CheckpointError(f"holds the weights of another architecture ({error})", path) from error

    def configure_optimizers(self) -> Any:
        """AdamW with a warm-up and a cosine down to 2 %; the kernels' scales learn faster and are not decayed."""
        scales = [self.net.rulers, self.net.surprise, self.net.deviation, self.net.noise]
        own = {id(scale) for scale in scales}
        others = [p for p in self.net.parameters() if id(p) not in own]
        rate = self.recipe.rate
        optimizer = torch.optim.AdamW(
            [{"params": others, "lr": rate}, {"params": scales, "lr": 5 * rate, "weight_decay": 0.0}],
            weight_decay=self.recipe.weight_decay,
        )

        def rate_at(step: int) -> float:
            if step < self.recipe.warmup:
                return (step + 1) / self.recipe.warmup
            done = (step - self.recipe.warmup) / max(1, self.recipe.steps - self.recipe.warmup)
            return 0.02 + 0.98 * (0.5 + 0.5 * math.cos(math.pi * min(1.0, done)))

        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, rate_at)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


def recolour(part: dict[str, Tensor], hints: Tensor, share: float, rng: torch.Generator) -> None:
    """Give one object another colour, in ``share`` of the pictures, and put the first hint, (N, n, 2), in place, on it.

    An object is what is labelled as one, else what hangs together around a place and is alike in its true colour. People want
    coats in colours that nobody would expect; in photographs as they are, a surprising colour reveals more about the rest than
    one that a user makes up.
    """
    truth, light = part["truth"], functional.avg_pool2d(part["lightness"], TRUTH)
    n, _, h, w = truth.shape
    objects = part["objects"][:, 0]
    cell = torch.stack([_somewhere(row, rng) for row in objects])
    reach = 8 + 14 * torch.rand(n, 1, 1, generator=rng).to(truth.device)
    angle, length = 2 * math.pi * torch.rand(n, generator=rng), 15 + 55 * torch.rand(n, generator=rng)
    chosen = torch.rand(n, generator=rng) < share
    rows = torch.arange(n)
    lab = torch.cat([light * 0.6, truth], 1)
    alike = (lab - lab[rows, :, cell[:, 0], cell[:, 1]][..., None, None]).square().sum(1).sqrt() < reach
    inside = torch.zeros_like(alike)
    inside[rows, cell[:, 0], cell[:, 1]] = True
    for _ in range(h):  # grows by a cell each time
        inside = (functional.max_pool2d(inside[:, None].float(), 3, 1, 1)[:, 0] > 0) & alike
    label = objects[rows, cell[:, 0], cell[:, 1]][:, None, None]
    inside = torch.where(label > 0, objects == label, inside)
    area = inside.float().mean((1, 2))
    chosen = chosen & ((area > SMALLEST) & (area < LARGEST)).cpu()
    shift = torch.stack([angle.cos() * length, angle.sin() * length], 1) * chosen[:, None]
    part["truth"] = (truth + shift.to(truth.device)[:, :, None, None] * inside[:, None]).clamp(-100, 100)
    hints[chosen, 0] = (cell[chosen] + 0.5) / torch.tensor([h, w])


def _somewhere(objects: Tensor, rng: torch.Generator) -> Tensor:
    """A cell (y, x) of a picture: of one of its labelled objects, each as likely as the others, else any. On the CPU."""
    labels = torch.from_numpy(np.unique(objects.numpy(force=True)))
    labels = labels[labels > 0]
    if not len(labels):
        return torch.stack([torch.randint(side, (), generator=rng) for side in objects.shape])
    label = labels[torch.randint(len(labels), (), generator=rng)]
    cells: Tensor = (objects == label).nonzero().cpu()
    cell: Tensor = cells[torch.randint(len(cells), (), generator=rng)]
    return cell


def _places(pictures: int, count: int, rng: torch.Generator, *, anywhere: bool) -> Tensor:
    """Places (pictures, count, 2) in [0, 1]: anywhere, or Gaussian around the centre, sigma a quarter of a side."""
    if anywhere:
        return torch.rand(pictures, count, 2, generator=rng)
    return (torch.randn(pictures, count, 2, generator=rng) / 4 + 0.5).clamp(0.01, 0.99)

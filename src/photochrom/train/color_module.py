"""The Lightning module: one training step and one validation, for networks that score ab bins."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from lightning import LightningModule
from torch import Tensor
from torch.nn import functional

from photochrom.color import ab_bins, planes_to_lab, planes_to_rgb
from photochrom.errors import CheckpointError
from photochrom.nets.lite import load_pretrained
from photochrom.nets.photochrom import PhotochromNet, grown
from photochrom.train.augment import prepare
from photochrom.train.checkpoint import read_weights
from photochrom.train.distil import ImageNetTeacher
from photochrom.train.losses import bin_cross_entropy, color_error, expected_ab, rebalancing
from photochrom.train.picture_store import PictureStore
from photochrom.train.prior import bin_shares, lightness_shares
from photochrom.train.probe import LinearProbe
from photochrom.train.processes import gather
from photochrom.train.recipe import Recipe, as_dict
from photochrom.train.simulate import simulate_hints, simulate_histogram

__all__ = ["ColorModule", "expected_ab", "make_network"]


def make_network(recipe: Mapping[str, Any], state: dict[str, Tensor] | None = None) -> PhotochromNet:
    """The network of a recipe as a checkpoint carries it; an older one lacks keys, which then have their defaults.

    ``state``: ImageNet weights of the encoder, or None for random ones.
    """
    known = {**as_dict(Recipe()), **recipe}
    parts = {key: known[key] for key in ("widths", "depths", "attention", "context")}
    parts |= {key: known[key] for key in ("lightness_prior", "overview", "global_features")}
    return PhotochromNet(known["encoder"], state, output="ab" if known["loss"] == "regression" else "ab-bins", **parts)


class ColorModule(LightningModule):
    """Cross-entropy on soft ab bins, AdamW, warm-up and cosine; hints and histograms are simulated.

    ``pretrained`` is the ImageNet weights file of the encoder (None: random weights). ``digest`` names the data.
    A batch is (crops uint8 (N, 3, S, S), seeds), or with cached features (f8, f16, f32, ab, seeds).
    Raises OptionError where the recipe distils and the ImageNet weights are not given.
    """

    def __init__(self, recipe: Recipe, pretrained: str | Path | None = None, digest: str = "") -> None:
        super().__init__()
        self.recipe = recipe
        state = load_pretrained(pretrained, recipe.encoder) if pretrained else None
        self.net = make_network(as_dict(recipe), state)
        distils = recipe.classify > 0 or recipe.distil_features > 0
        self._teacher = ImageNetTeacher(recipe.encoder, state) if distils else None
        self._rarity: Tensor | None = None
        self.net.to(memory_format=torch.channels_last)
        frozen = self.net.encoder.early_parameters() if recipe.encoder_rate > 0 else self.net.encoder.parameters()
        for parameter in frozen:
            parameter.requires_grad_(False)
        self.save_hyperparameters({"recipe": as_dict(recipe), "data": digest})
        self._sums: dict[str, list[float]] = {}
        #: The share of the run's CPU seconds that is used; the run that counts them puts its own in place.
        self.used: Callable[[], float] = lambda: 0.0
        #: What the encoder still knows is measured at each validation; None: it is not.
        self.probe: LinearProbe | None = None

    def training_step(self, batch: Any, batch_idx: int) -> Tensor:
        """The loss of one batch; everything random follows from the seeds that came with it."""
        *data, seeds = batch
        if self.recipe.zoom:
            whole, part, place = data
            return self._pair_step(whole, part, place, int(seeds[0]))
        rng = torch.Generator().manual_seed(int(seeds[0]))
        if len(data) == 1:
            sample = prepare(data[0], self.recipe, rng)
            ab = sample.ab
            light = sample.lightness.contiguous(memory_format=torch.channels_last)
            with torch.set_grad_enabled(self.recipe.encoder_rate > 0):
                features = self.net.encoder(light)
        else:
            *cached, ab = data
            features = tuple(f.float().contiguous(memory_format=torch.channels_last) for f in cached)
        hints = simulate_hints(ab, self.recipe, rng)
        histogram = simulate_histogram(ab, self.recipe, rng)
        loss = self._loss(self.net.decoder(*features, hints, histogram), ab)
        loss = loss + self._distilled(data[0], features[2])
        self.log("train_loss", loss, prog_bar=True, sync_dist=True)
        return loss

    def _distilled(self, crops: Tensor, f32: Tensor) -> Tensor | float:
        """What the teacher adds to the loss of the features ``f32`` of these crops; 0 without one."""
        if not self._teacher:
            return 0.0
        answers, distance = self._teacher.losses(crops, f32)
        self.log("train_distance", distance, sync_dist=True)
        weighted: Tensor = self.recipe.classify * answers + self.recipe.distil_features * distance
        return weighted

    def _pair_step(self, whole: Tensor, part: Tensor, place: Tensor, seed: int) -> Tensor:
        """The loss of pictures that are seen whole and as an enlarged part, of which the whole is the overview.

        whole, part: (N, 3, S, S) sRGB uint8. place: (N, 3), see :func:`~photochrom.train.crops.random_pair`.
        """
        losses: list[Tensor] = []
        features: tuple[Tensor, ...] = ()
        overview: tuple[Tensor, ...] = ()
        distilled: Tensor | float = 0.0
        for crops in (whole, part):
            rng = torch.Generator().manual_seed(seed)  # the same film and the same print in both views
            sample = prepare(crops, self.recipe, rng)
            light = sample.lightness.contiguous(memory_format=torch.channels_last)
            with torch.set_grad_enabled(self.recipe.encoder_rate > 0):
                found = self.net.encoder(light)
            hints = simulate_hints(sample.ab, self.recipe, rng)
            histogram = simulate_histogram(sample.ab, self.recipe, rng)
            if not features:
                overview, distilled = (), self._distilled(crops, found[2])
            else:
                overview = (*(region(grid, place) for grid in features), features[2])
            features = found
            losses.append(self._loss(self.net.decoder(*found, hints, histogram, *overview), sample.ab))
            self.log(f"train_loss_{'part' if overview else 'whole'}", losses[-1], sync_dist=True)
        loss = (losses[0] + losses[1]) / 2 + distilled
        self.log("train_loss", loss, prog_bar=True, sync_dist=True)
        return loss

    def count_colors(self, store: PictureStore) -> None:
        """Set what follows from how frequent the colours are in the pictures, where the recipe asks for it."""
        if self.recipe.rebalance > 0:
            shares = torch.from_numpy(bin_shares(store)).float()
            self._rarity = rebalancing(shares, self.recipe.rebalance)
        if (prior := self.net.decoder.prior) is not None:
            table = torch.from_numpy(lightness_shares(store)).log()
            prior.weight.data.copy_(table.T[:, :, None, None])

    def _loss(self, out: Tensor, ab: Tensor) -> Tensor:
        if self.recipe.loss == "regression":
            return color_error(out, ab)
        loss = bin_cross_entropy(out, ab, None if self._rarity is None else self._rarity.to(ab.device))
        return loss + color_error(expected_ab(out), ab) if self.recipe.loss == "both" else loss

    def _mean_ab(self, out: Tensor) -> Tensor:
        return out.float() if self.net.output == "ab" else expected_ab(out)

    def predict_ab(self, lightness: Tensor) -> Tensor:
        """Lightness (N, 1, H, W) in [0, 100] -> the automatic ab (N, 2, H/8, W/8): no hints, no histogram."""
        features = self.net.encoder(lightness.contiguous(memory_format=torch.channels_last))
        n, _, *size = lightness.shape
        h, w = (side // self.net.stride for side in size)
        nothing = lightness.new_zeros(n, 3, h, w), lightness.new_zeros(n, len(ab_bins()) + 1)
        return self._mean_ab(self.net.decoder(*features, *nothing))

    def on_validation_epoch_start(self) -> None:
        """Forget the sums of the last validation."""
        self._sums = {}

    def validation_step(self, batch: Any, batch_idx: int) -> None:
        """PSNR over the grey picture in dB, without hints and with ten, and the loss; by source."""
        crops, sources = batch
        rng = torch.Generator().manual_seed(batch_idx)
        light, ab = prepare(crops, self.recipe, rng, augment=False)
        nothing = light.new_zeros(len(ab), 3, *ab.shape[2:])
        no_histogram = light.new_zeros(len(ab), len(ab_bins()) + 1)
        features = self.net.encoder(light.contiguous(memory_format=torch.channels_last))
        scores = self.net.decoder(*features, nothing, no_histogram)
        ten = (torch.rand(len(ab), 1, *ab.shape[2:], generator=rng) < 10 / ab[0, 0].numel()).float().to(ab.device)
        hinted = self.net.decoder(*features, torch.cat([ab * ten, ten], 1), no_histogram)
        grey = psnr_of_ab(crops, torch.zeros_like(ab))
        gain = psnr_of_ab(crops, self._mean_ab(scores)) - grey
        hinted_gain = psnr_of_ab(crops, self._mean_ab(hinted)) - grey
        for row, source in enumerate(sources):
            sums = self._sums.setdefault(source, [0.0, 0.0, 0.0, 0.0])
            values = (gain[row], hinted_gain[row], self._loss(scores[row : row + 1], ab[row : row + 1]))
            for at, value in enumerate(values):
                sums[at] += float(value)
            sums[3] += 1

    def on_validation_epoch_end(self) -> None:
        """Log the means over all pictures, of all processes."""
        shares = gather(self._sums)
        self._sums = {}
        for source, values in (item for share in shares for item in share.items()):
            self._sums[source] = [a + b for a, b in zip(self._sums.get(source, [0.0] * 4), values, strict=True)]
        total = [sum(column) for column in zip(*self._sums.values(), strict=True)]
        if total and total[3]:
            for name, value in zip(("gain", "hinted_gain", "loss"), total, strict=False):
                self.log(f"val_{name}", value / total[3], prog_bar=True, sync_dist=True)
            if self.probe is not None:
                self.log("val_probe", self.probe.accuracy(self.net.encoder), sync_dist=True)

    def by_source(self) -> dict[str, tuple[float, int]]:
        """Mean PSNR gain in dB and number of pictures of every source in the last validation."""
        return {source: (sums[0] / sums[3], int(sums[3])) for source, sums in sorted(self._sums.items())}

    def configure_optimizers(self) -> Any:
        """AdamW; biases, norms and scales are not decayed; one schedule for both rates."""
        recipe = self.recipe
        groups = []
        for part, rate in ((self.net.encoder, recipe.encoder_rate), (self.net.decoder, recipe.decoder_rate)):
            learnt = [p for p in part.parameters() if p.requires_grad]
            groups.append({"params": [p for p in learnt if p.ndim > 1], "lr": rate})
            groups.append({"params": [p for p in learnt if p.ndim <= 1], "lr": rate, "weight_decay": 0.0})
        groups = [group for group in groups if group["params"]]
        optimizer = torch.optim.AdamW(groups, weight_decay=recipe.weight_decay, betas=(0.9, 0.99))

        def rate_at(step: int) -> float:
            if step < recipe.warmup:
                return (step + 1) / recipe.warmup
            done = (step - recipe.warmup) / max(1, recipe.steps - recipe.warmup)
            done = self.used() if recipe.cpu_seconds else min(1.0, done)
            return recipe.final_rate + (1 - recipe.final_rate) * (0.5 + 0.5 * math.cos(math.pi * done))

        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, rate_at)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def load_weights(self, path: str | Path) -> None:
        """Start from the averaged weights of a checkpoint, or from a ``.safetensors`` file that ``export`` made.

        A network without global features grows them; float16 weights become float32. Raises CheckpointError for another
        architecture.
        """
        state, _ = read_weights(path)
        try:
            self.net.load_state_dict(grown(state, self.net), strict=True)
        except RuntimeError as error:
            raise CheckpointError(f"holds the weights of another architecture ({error})", path) from error


def region(grid: Tensor, place: Tensor) -> Tensor:
    """A part of ``grid`` (N, C, h, w), enlarged to the same shape, bilinearly. place: (N, 3): its share of the side, x, y."""
    share, x, y = place.unbind(1)
    zero = torch.zeros_like(share)
    # From the part's coordinates, -1 to 1, to those of the whole.
    rows = [share, zero, 2 * x + share - 1, zero, share, 2 * y + share - 1]
    theta = torch.stack(rows, 1).reshape(-1, 2, 3)
    at = functional.affine_grid(theta, list(grid.shape), align_corners=False)
    return functional.grid_sample(grid, at, padding_mode="border", align_corners=False)


def psnr_of_ab(crops: Tensor, ab: Tensor) -> Tensor:
    """PSNR in dB, (N,), of the sRGB crops (N, 3, H, W) uint8 against their own L* with ab (N, 2, h, w) enlarged."""
    truth = crops.float() / 255
    light = planes_to_lab(*truth.unbind(1))[0]
    a, b = functional.interpolate(ab, size=crops.shape[2:], mode="bilinear", align_corners=False).unbind(1)
    result = torch.stack([plane.clamp(0, 1) for plane in planes_to_rgb(light, a, b)], 1)
    return -10 * torch.log10((result - truth).square().mean((1, 2, 3)).clamp(min=1e-10))

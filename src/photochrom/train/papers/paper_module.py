"""The Lightning module of the papers' systems: one step, one validation, the optimisers that the papers name."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import torch
from lightning import LightningModule
from torch import Tensor, nn
from torch.nn import functional

from photochrom.nets.gan import Discriminator
from photochrom.nets.registry import make_net
from photochrom.train.papers.adversarial import adversarial_optimizers, adversarial_step
from photochrom.train.papers.paper_crops import lab_of
from photochrom.train.papers.paper_recipe import PaperRecipe
from photochrom.train.papers.rare import rare_color_loss
from photochrom.train.papers.soft_encoding import annealed_ab, rebalanced_cross_entropy
from photochrom.train.recipe import as_dict

__all__ = ["AB_SCALE", "PaperModule", "keras_accuracy"]

#: The papers divide ab by 128, so that targets lie in [-1, 1].
AB_SCALE = 128.0


def keras_accuracy(truth: Tensor, ab: Tensor) -> Tensor:
    """Keras' "accuracy" of a regression: the share of pixels whose larger channel is the same, ab (N, 2, h, w) twice."""
    return (truth.argmax(1) == ab.argmax(1)).float().mean()


class PaperModule(LightningModule):
    """A network of the registry with its paper's loss and optimiser.

    tables: what the loss knows of the training pictures as a whole (see :mod:`photochrom.train.papers.tables`). ``digest``
    names the data. A batch is (squares uint8 (N, 3, S, S), colour profiles (N,)).
    """

    def __init__(
        self,
        recipe: PaperRecipe,
        tables: dict[str, Tensor] | None = None,
        pretrained: str | Path | None = None,
        digest: str = "",
    ) -> None:
        super().__init__()
        self.recipe = recipe
        self.net = make_net(
            recipe.model, pretrained=pretrained, embedder=recipe.embedder or None, profiles=recipe.profiles
        )
        self.net.to(memory_format=torch.channels_last)
        self.discriminator = Discriminator(spectral=recipe.spectral) if recipe.loss == "gan" else None
        self.automatic_optimization = self.discriminator is None  # the two networks of a GAN take turns
        self.tables = nn.Module()
        for name, table in (tables or {}).items():
            self.tables.register_buffer(name, table, persistent=False)
        self.save_hyperparameters({"recipe": as_dict(recipe), "data": digest})
        self._sums: dict[str, tuple[Tensor, int]] = {}
        #: The share of the run's CPU seconds that is used; the run that counts them puts its own in place.
        self.used: Callable[[], float] = lambda: 0.0

    @property
    def optimizers_per_step(self) -> int:
        """Lightning counts every step of every optimiser: a GAN has two in each of ours."""
        return 2 if self.recipe.loss == "gan" else 1

    def training_step(self, batch: Any, batch_idx: int) -> Tensor | None:
        """The loss of one batch, penalties included; the logged figures are without them."""
        step = self.trainer.global_step // self.optimizers_per_step
        torch.manual_seed(self.recipe.seed * 1_000_003 + step)  # what drops out is the same after a resumption
        light, ab = self._seen(batch[0])
        if self.discriminator is not None:
            made: list[Tensor] = []
            optimizers = cast("tuple[Any, Any]", tuple(self.optimizers()))

            def generator(seen: Tensor) -> Tensor:
                made.append(self.net(seen))
                return made[-1]

            adversarial_step(light, ab, generator, self.discriminator, optimizers, self.manual_backward)
            self._tell("train", self.objective(made[-1], ab), made[-1], ab)
            return None
        labels = batch[1]
        out = self.net(light, labels) if self.recipe.profiles else self.net(light)
        loss = self.objective(out, ab, labels)
        self._tell("train", loss, out, ab)
        if self.recipe.profiles:
            loss = loss + self._predicted("train", light, labels)
        return loss + self.penalty()

    def validation_step(self, batch: Any, batch_idx: int) -> None:
        """Loss without penalties and Keras' accuracy."""
        light, ab = self._seen(batch[0])
        out = self.net(light)
        self._tell("val", self.objective(out, ab, batch[1]), out, ab)
        if self.recipe.profiles:
            self._predicted("val", light, batch[1])

    def _seen(self, rgb: Tensor) -> tuple[Tensor, Tensor]:
        """Lightness, and the true ab of every output cell."""
        light, ab = lab_of(rgb)
        stride = int(self.net.stride)  # type: ignore[arg-type]
        return light.contiguous(memory_format=torch.channels_last), functional.avg_pool2d(ab, stride)

    def _predicted(self, part: str, light: Tensor, labels: Tensor) -> Tensor:
        """Cross-entropy of the profile predictor, whose accuracy is logged."""
        scores = self.net.predict(light)  # type: ignore[operator]
        self._add(f"{part}_profile", (scores.argmax(1) == labels).float().mean(), len(labels))
        return functional.cross_entropy(scores.float(), labels)

    def objective(self, out: Tensor, ab: Tensor, labels: Tensor | None = None) -> Tensor:
        """The recipe's loss of the network's output against the true ab (N, 2, h, w); of a GAN its L1 part."""
        kind = self.recipe.loss
        if kind in ("bins", "rebalanced-bins"):
            return rebalanced_cross_entropy(out, ab, self.tables.rarity if kind == "rebalanced-bins" else None)  # type: ignore[arg-type]
        if kind == "rare":
            weights: Tensor = self.tables.rare  # type: ignore[assignment]
            if weights.ndim == 2 or labels is None:
                return rare_color_loss(out, ab, weights)
            groups = [(labels == number, weights[number]) for number in sorted(set(labels.tolist()))]
            return sum(
                (rare_color_loss(out[rows], ab[rows], table) * rows.sum() / len(ab) for rows, table in groups),
                out.new_zeros(()),
            )
        found, truth = out.float() / AB_SCALE, ab / AB_SCALE
        if kind in ("l1", "gan"):
            return functional.l1_loss(found, truth)
        return functional.mse_loss(found, truth)

    def penalty(self) -> Tensor | float:
        """l1 * sum |w| + l2 * sum w^2 over the kernels that are regularised."""
        recipe = self.recipe
        if not recipe.l1 and not recipe.l2:
            return 0.0
        given = getattr(self.net, "regularised", None)
        kernels = given() if given else [p for p in self.net.parameters() if p.requires_grad and p.ndim > 1]
        return sum((recipe.l1 * w.abs().sum() + recipe.l2 * w.square().sum() for w in kernels), 0.0)

    def _tell(self, part: str, loss: Tensor, out: Tensor, ab: Tensor) -> None:
        found = (out if self.net.output == "ab" else annealed_ab(out)).detach().float()
        self._add(f"{part}_loss", loss, len(ab))
        self._add(f"{part}_ab_mse", functional.mse_loss(found, ab), len(ab))
        self._add(f"{part}_chroma", found.norm(dim=1).mean(), len(ab))
        self._add(f"{part}_accuracy", keras_accuracy(ab, found), len(ab))

    def _add(self, name: str, value: Tensor, pictures: int) -> None:
        total, count = self._sums.get(name, (torch.zeros(()), 0))
        self._sums[name] = total + value.detach().float().cpu() * pictures, count + pictures

    def take_figures(self) -> dict[str, float]:
        """Means since the last call, weighted by pictures, in training and validation: loss without penalties, Keras' accuracy,
        squared error of ab and chroma of the answer, in units of a* and b*.
        """
        figures = {name: float(total) / count for name, (total, count) in self._sums.items()}
        self._sums = {}
        return figures

    def done(self, step: int) -> float:
        """The share of the run that lies behind it at a step, in [0, 1]: of its CPU seconds, or of its steps."""
        return self.used() if self.recipe.cpu_seconds else min(1.0, step / self.recipe.steps)

    def configure_optimizers(self) -> Any:
        """The recipe's optimiser and schedule for everything that learns; a GAN has its own two."""
        if self.discriminator is not None:
            return list(adversarial_optimizers(self.net, self.discriminator, self.recipe.rate))
        optimizer = make_optimizer(self.recipe, [p for p in self.net.parameters() if p.requires_grad])
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: rate_at(self.recipe, self.done(step)))
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


def make_optimizer(recipe: PaperRecipe, parameters: list[nn.Parameter]) -> torch.optim.Optimizer:
    """The recipe's optimiser over ``parameters``."""
    if recipe.optimizer == "sgd":
        return torch.optim.SGD(parameters, lr=recipe.rate, momentum=recipe.momentum, weight_decay=recipe.weight_decay)
    kind = torch.optim.Adam if recipe.optimizer == "adam" else torch.optim.AdamW
    return kind(parameters, lr=recipe.rate, betas=(recipe.momentum, 0.999), weight_decay=recipe.weight_decay)


def rate_at(recipe: PaperRecipe, done: float) -> float:
    """The learning rate as a share of the recipe's, when the share ``done`` of the run, in [0, 1], lies behind it."""
    if recipe.schedule == "cosine":
        return 0.02 + 0.98 * (0.5 + 0.5 * math.cos(math.pi * done))
    return 1 / (1 + recipe.decay * done) if recipe.schedule == "inverse" else 1.0

"""The recipe of a paper's system: the training as its paper describes it, as overrides of the defaults below."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from photochrom.errors import RecipeError
from photochrom.train.recipe import NEVER, Recipe, build_recipe, check_ranges, load_recipe, read_table

__all__ = ["PaperRecipe", "load_any"]

CHOICES = {
    "optimizer": ("adam", "adamw", "sgd"),
    "schedule": ("constant", "cosine", "inverse"),
    "loss": ("mse", "l1", "rare", "bins", "rebalanced-bins", "gan"),
}


@dataclass(frozen=True)
class PaperRecipe:
    """Every setting of a run. Sizes are in pixels, rates per optimiser step, shares in [0, 1]."""

    #: Name of the system, as in photochrom.nets.registry.
    model: str
    #: One seed for weights, order and augmentation.
    seed: int = 0
    #: Side of the square training pictures, a multiple of the network's ``multiple``.
    size: int = 224
    #: Pictures in a batch, and optimiser steps of the whole run.
    batch: int = 32
    steps: int = 10_000
    #: Where above 0, the run ends when its process has used so many CPU seconds for training, regardless of ``steps``.
    cpu_seconds: float = 0.0
    optimizer: str = "adam"
    rate: float = 1e-3
    #: Of SGD; of Adam it is beta 1.
    momentum: float = 0.9
    #: Decoupled in AdamW, as in each framework's optimiser in the others.
    weight_decay: float = 0.0
    #: Added to the loss: l1 * sum |w| + l2 * sum w^2 over the kernels that are regularised (Keras' l1_l2).
    l1: float = 0.0
    l2: float = 0.0
    #: "constant"; "cosine" down to 2 %; "inverse": rate / (1 + decay * done), done the share of the run.
    schedule: str = "constant"
    decay: float = 0.0
    #: "mse" and "l1" on ab / 128; "rare": Robles' weighted MSE; "bins", "rebalanced-bins": cross-entropy on soft ab bins;
    #: "gan": L1 and adversarial.
    loss: str = "mse"
    #: Whether the rare-colour weights have mean 1 over the training pixels, where the paper has sum 1 over all bins.
    unit_mean: bool = False
    #: Whether the discriminator of a GAN has spectral normalisation in place of batch normalisation.
    spectral: bool = False
    #: Number of colour profiles, each with a network of its own; 0: none; -1: the number of best silhouette.
    profiles: int = 0
    #: Pictures are mirrored half of the time.
    flip: bool = False
    #: Crops keep between 1 - zoom and all of the picture's side; they may also shrink it by as much, edges repeated.
    zoom: float = 0.0
    #: sRGB is multiplied by 1 - brightness to 1 + brightness.
    brightness: float = 0.0
    #: Whether the backbone starts from pretrained weights, which `photochrom train` then asks for.
    pretrained: bool = False
    #: Choice of embedding where the network has one.
    embedder: str = ""
    #: Share of pictures held back from training, by source picture; least mean chroma of the others.
    holdout: float = 0.02
    smallest_chroma: float = 3.0
    #: Checkpoint and validate every so many steps; with ``cpu_seconds`` a few times along them.
    every: int = 500

    @property
    def last_step(self) -> int:
        """The step at which the run ends at the latest."""
        return NEVER if self.cpu_seconds else self.steps

    def for_store(self) -> Recipe:
        """The part that split, order and crops know, in their words."""
        return Recipe(
            seed=self.seed,
            batch=self.batch,
            steps=self.steps,
            cpu_seconds=self.cpu_seconds,
            sizes=[self.size],
            holdout=self.holdout,
            smallest_chroma=self.smallest_chroma,
        )


_RANGES = {
    "seed": (0, 2**32 - 1),
    "size": (16, 4096),
    "batch": (1, math.inf),
    "steps": (1, math.inf),
    "cpu_seconds": (0, math.inf),
    "rate": (0, 10),
    "momentum": (0, 1),
    "weight_decay": (0, 1),
    "l1": (0, 1),
    "l2": (0, 1),
    "decay": (0, 100),
    "profiles": (-1, 100),
    "zoom": (0, 0.9),
    "brightness": (0, 1),
    "holdout": (0, 1),
    "smallest_chroma": (0, 200),
    "every": (1, math.inf),
}


def load_any(path: str | Path, **overrides: Any) -> Recipe | PaperRecipe:
    """The recipe of a TOML file, of the kind that its ``model`` asks for; ``overrides`` win. Raises RecipeError."""
    path = Path(path)
    values = {**read_table(path), **overrides}
    if values.get("model", "photochrom") == "photochrom":
        return load_recipe(path, **overrides)
    recipe = build_recipe(PaperRecipe, values, path)
    for key, choices in CHOICES.items():
        if getattr(recipe, key) not in choices:
            raise RecipeError(key, f"is {getattr(recipe, key)!r}, expected {' or '.join(choices)}", path)
    check_ranges(recipe, _RANGES, path)
    return recipe

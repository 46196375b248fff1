"""The recipe of a kernel's training, as overrides of the defaults below."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from photochrom.errors import RecipeError
from photochrom.train.recipe import Recipe, build_recipe, check_ranges

__all__ = ["KernelRecipe", "build_kernel_recipe"]


@dataclass(frozen=True)
class KernelRecipe:
    """Every setting of a run. Sizes are in pixels, rates per optimiser step, shares in [0, 1]."""

    #: Always "kernel".
    model: str = "kernel"
    #: The model that the kernel is for: a catalogue name, or the path of its graphs.
    base: str = "photochrom"
    #: One seed for weights, order and augmentation.
    seed: int = 0
    #: So many training pictures are kept with their features, as squares of this side, a multiple of 32.
    pictures: int = 14_000
    size: int = 192
    #: Channels of the network, and numbers of its embedding for each kernel.
    width: int = 96
    dims: int = 12
    #: Pictures in a step, optimiser steps of the whole run, and those in which the rates rise from 0.
    batch: int = 16
    steps: int = 5000
    warmup: int = 100
    #: Rate of AdamW for the weights; the scales of the kernels learn five times as fast.
    rate: float = 2e-3
    weight_decay: float = 0.02
    #: Decay of the averaged (EMA) weights, which are the ones that are kept.
    ema: float = 0.998
    #: Hints in a picture: 1 to this, their logarithm uniform.
    most_hints: int = 256
    #: Share of steps whose hints lie anywhere; the others' are Gaussian around the centre (Zhang et al. 2017).
    anywhere: float = 0.5
    #: Colours are learnt at so many cells of 4 x 4 pixels in each picture.
    places: int = 512
    #: Share of pictures in which one object gets another colour, as users want it.
    recolour: float = 0.5
    #: Share of pictures that are taken from the label maps, where such are given: there the object is a labelled one.
    labelled: float = 0.4
    #: Share of those that are two pictures side by side.
    beside: float = 0.5
    film: float = 0.2
    old_print: float = 0.2
    #: As in :class:`~photochrom.train.recipe.Recipe`.
    holdout: float = 0.02
    holdout_sources: dict[str, float] = field(default_factory=dict)
    source_weights: dict[str, float] = field(default_factory=dict)
    smallest_chroma: float = 3.0
    #: Checkpoint and validate every so many steps.
    every: int = 500

    def for_store(self) -> Recipe:
        """The part that split, order and augmentation know, in their words."""
        return Recipe(
            seed=self.seed,
            batch=self.batch,
            steps=self.steps,
            sizes=[self.size],
            film=self.film,
            old_print=self.old_print,
            holdout=self.holdout,
            holdout_sources=self.holdout_sources,
            source_weights=self.source_weights,
            smallest_chroma=self.smallest_chroma,
        )


_RANGES = {
    "seed": (0, 2**32 - 1),
    "pictures": (1, math.inf),
    "size": (32, 4096),
    "width": (1, 4096),
    "dims": (1, 64),
    "batch": (1, math.inf),
    "steps": (1, math.inf),
    "warmup": (0, math.inf),
    "rate": (0, 1),
    "weight_decay": (0, 1),
    "ema": (0, 1),
    "most_hints": (1, 4096),
    "anywhere": (0, 1),
    "places": (1, math.inf),
    "recolour": (0, 1),
    "labelled": (0, 1),
    "beside": (0, 1),
    "film": (0, 1),
    "old_print": (0, 1),
    "holdout": (0, 1),
    "smallest_chroma": (0, 200),
    "every": (1, math.inf),
}


def build_kernel_recipe(values: dict[str, Any], path: Path) -> KernelRecipe:
    """The recipe of these settings. Raises RecipeError for an unknown key, another type or a value out of range."""
    recipe = build_recipe(KernelRecipe, values, path)
    check_ranges(recipe, _RANGES, path)
    if recipe.size % 32:
        raise RecipeError("size", f"is {recipe.size}, expected a multiple of 32", path)
    return recipe

"""The recipe of an object head's training, as overrides of the defaults below."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from photochrom.errors import RecipeError
from photochrom.train.recipe import build_recipe, check_ranges

__all__ = ["ObjectRecipe", "build_object_recipe"]


@dataclass(frozen=True)
class ObjectRecipe:
    """Every setting of a run. Sizes are in pixels, rates per optimiser step, shares in [0, 1]."""

    #: Always "object".
    model: str = "object"
    #: The model whose encoder the head is for: a catalogue name, or the path of its graphs.
    base: str = "photochrom"
    #: One seed for weights, order and clicks.
    seed: int = 0
    #: Short side of the pictures, a multiple of 64.
    size: int = 256
    #: Channels of the network.
    width: int = 64
    #: Pictures in a step, prompts for each, optimiser steps of the whole run, and those in which the rate rises from 0.
    pictures: int = 4
    prompts: int = 4
    steps: int = 3000
    warmup: int = 50
    #: Rate of AdamW.
    rate: float = 2e-3
    weight_decay: float = 0.02
    #: Decay of the averaged (EMA) weights, which are the ones that are kept.
    ema: float = 0.995
    #: Prompts are corrected up to so many times before a step learns from the last.
    corrections: int = 3
    #: Share of pictures that are held back.
    holdout: float = 0.05
    #: Checkpoint and validate every so many steps.
    every: int = 500


_RANGES = {
    "seed": (0, 2**32 - 1),
    "size": (64, 4096),
    "width": (1, 4096),
    "pictures": (1, math.inf),
    "prompts": (1, math.inf),
    "steps": (1, math.inf),
    "warmup": (0, math.inf),
    "rate": (0, 1),
    "weight_decay": (0, 1),
    "ema": (0, 1),
    "corrections": (0, 100),
    "holdout": (0, 1),
    "every": (1, math.inf),
}


def build_object_recipe(values: dict[str, Any], path: Path) -> ObjectRecipe:
    """The recipe of these settings. Raises RecipeError for an unknown key, another type or a value out of range."""
    recipe = build_recipe(ObjectRecipe, values, path)
    check_ranges(recipe, _RANGES, path)
    if recipe.size % 64:
        raise RecipeError("size", f"is {recipe.size}, expected a multiple of 64", path)
    return recipe

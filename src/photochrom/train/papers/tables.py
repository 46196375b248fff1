"""What some losses know of the training pictures as a whole: how rare each colour is, and each picture's colour profile."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from photochrom.train.papers.bins import bin_prior, rarity
from photochrom.train.papers.recipe import PaperRecipe
from photochrom.train.store import PictureStore

__all__ = ["make_tables"]


def make_tables(recipe: PaperRecipe, store: PictureStore, train: NDArray[np.int64]) -> dict[str, Tensor]:
    """The tables of a recipe's loss, from its training pictures ``train``."""
    if recipe.loss == "rebalanced-bins":
        return {"rarity": rarity(bin_prior(store, train))}
    return {}

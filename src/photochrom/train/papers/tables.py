"""What some losses know of the training pictures as a whole: how rare each colour is, and each picture's colour profile."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from photochrom.train.crops import centre_square
from photochrom.train.papers.paper_crops import lab_of
from photochrom.train.papers.paper_recipe import PaperRecipe
from photochrom.train.papers.rare import ab_histograms, rare_color_weights
from photochrom.train.papers.soft_encoding import bin_counts, rebalancing_weights, smoothed_prior
from photochrom.train.picture_store import PictureStore

__all__ = ["make_tables"]

#: So many pictures are counted, at so many pixels a side.
PICTURES, SIDE = 2000, 32
#: So many are described to find the colour profiles.
PROFILED = 600


def make_tables(recipe: PaperRecipe, store: PictureStore, train: NDArray[np.int64]) -> dict[str, Tensor]:
    """The tables of a recipe's loss, from its training pictures ``train``."""
    if recipe.profiles:
        return _profiled(recipe, store, train)
    if recipe.loss == "rare":
        shares = ab_histograms(centre_square(store[i], SIDE) for i in _chosen(train))
        return {"rare": rare_color_weights(*shares, unit_mean=recipe.unit_mean)}
    if recipe.loss == "rebalanced-bins":
        counts = sum(bin_counts(ab) for ab in _colours(store, train))
        return {"rarity": torch.from_numpy(rebalancing_weights(smoothed_prior(np.asarray(counts))))}
    return {}


def _colours(store: PictureStore, train: NDArray[np.int64]) -> Iterator[Tensor]:
    """True ab of a fixed choice of the training pictures, (64, 2, 32, 32) at a time."""
    chosen = _chosen(train)
    for start in range(0, len(chosen), 64):
        squares = np.stack([centre_square(store[i], SIDE) for i in chosen[start : start + 64]])
        yield lab_of(torch.from_numpy(squares.transpose(0, 3, 1, 2).copy()))[1]


def _chosen(train: NDArray[np.int64], pictures: int = PICTURES) -> NDArray[np.int64]:
    return np.random.default_rng(0).permutation(train)[:pictures]


def _profiled(recipe: PaperRecipe, store: PictureStore, train: NDArray[np.int64]) -> dict[str, Tensor]:
    """The centres of the colour profiles (k, 82), and for each profile the weights of its own pictures' colours (k, 64, 64)."""
    from photochrom.train.papers.profiles import dominant_colors, fit_profiles, profile_vector

    chosen = _chosen(train, PROFILED)
    vectors = np.array([profile_vector(dominant_colors(store[i])) for i in chosen])
    found = fit_profiles(list(vectors), recipe.profiles if recipe.profiles > 0 else None, recipe.seed)
    labels = found.assign(vectors)
    weights = [
        rare_color_weights(
            *ab_histograms(centre_square(store[i], SIDE) for i in chosen[labels == number]), unit_mean=recipe.unit_mean
        )
        for number in range(len(found.centres))
    ]
    return {"centres": torch.from_numpy(found.centres), "rare": torch.stack(weights)}

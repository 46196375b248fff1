"""How frequent each ab bin is in the training pictures: what the vividness dial corrects the scores by."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from photochrom.color import ab_bins, planes_to_lab
from photochrom.nets.photochrom import LEVELS, lightness_levels
from photochrom.train.crops import centre_square
from photochrom.train.losses import soft_bins
from photochrom.train.picture_store import PictureStore

__all__ = ["bin_shares", "lightness_shares"]

#: Share of the uniform distribution that is mixed in, so that rare bins are not favoured without bound.
UNIFORM = 0.1
#: Share of the bins' shares at any lightness that is mixed into those at one, for the levels that few pixels have.
ANY_LIGHTNESS = 0.01
#: Side of the squares that are counted, in pixels.
SIDE = 64


def bin_shares(store: PictureStore, pictures: int = 6000) -> NDArray[np.float64]:
    """Share of each ab bin, (261,) float64 above 0, summing to 1, over a fixed random choice of the store's pictures.

    Adapted from Zhang, Isola, Efros 2016, section 2.2 (there the mixture is one half uniform, and smoothed).
    """
    return _mixed(_counts(store, pictures).sum(0))


def lightness_shares(store: PictureStore, pictures: int = 6000) -> NDArray[np.float64]:
    """Share of each ab bin among the pixels of each level of lightness, (21, 261) float64 above 0; each row sums to 1."""
    counts = _counts(store, pictures)
    overall = _mixed(counts.sum(0))
    counts += counts.sum() * ANY_LIGHTNESS / len(counts) * overall
    return np.stack([_mixed(row) for row in counts])


def _mixed(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray((1 - UNIFORM) * counts / counts.sum() + UNIFORM / len(counts))


def _counts(store: PictureStore, pictures: int) -> NDArray[np.float64]:
    """How many pixels have each level of lightness and each ab bin, (21, 261); both are soft."""
    chosen = np.random.default_rng(0).permutation(len(store))[:pictures]
    bins = len(ab_bins())
    counts = torch.zeros(LEVELS * bins, dtype=torch.float64)
    for start in range(0, len(chosen), 64):
        squares = np.stack([centre_square(store[i], SIDE) for i in chosen[start : start + 64]])
        light, a, b = planes_to_lab(*(torch.from_numpy(squares).float() / 255).unbind(-1))
        index, weight = soft_bins(torch.stack([a, b], 1))
        level, near = lightness_levels(light.unsqueeze(1)).topk(2, dim=1)
        for share, row in zip(level.unbind(1), near.unbind(1), strict=True):
            cell = row.unsqueeze(1) * bins + index
            counts.scatter_add_(0, cell.flatten(), (share.unsqueeze(1) * weight).flatten().double())
    return counts.reshape(LEVELS, bins).numpy()

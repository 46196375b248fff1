"""How frequent each ab bin is in the training pictures: what the vividness dial corrects the scores by."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from photochrom.color import ab_bins, planes_to_lab
from photochrom.train.data import centre_square
from photochrom.train.losses import soft_bins
from photochrom.train.store import PictureStore

__all__ = ["bin_shares"]

#: Share of the uniform distribution that is mixed in, so that rare bins are not favoured without bound.
UNIFORM = 0.1
#: Side of the squares that are counted, in pixels.
SIDE = 64


def bin_shares(store: PictureStore, pictures: int = 6000) -> NDArray[np.float64]:
    """Share of each ab bin, (261,) float64 above 0, summing to 1, over a fixed random choice of the store's pictures.

    Adapted from Zhang, Isola, Efros 2016, section 2.2 (there the mixture is one half uniform, and smoothed).
    """
    chosen = np.random.default_rng(0).permutation(len(store))[:pictures]
    counts = torch.zeros(len(ab_bins()), dtype=torch.float64)
    for start in range(0, len(chosen), 64):
        squares = np.stack([centre_square(store[i], SIDE) for i in chosen[start : start + 64]])
        _, a, b = planes_to_lab(*(torch.from_numpy(squares).float() / 255).unbind(-1))
        index, weight = soft_bins(torch.stack([a, b], 1))
        counts.scatter_add_(0, index.flatten(), weight.flatten().double())
    shares = (counts / counts.sum()).numpy()
    return np.asarray((1 - UNIFORM) * shares + UNIFORM / len(shares))

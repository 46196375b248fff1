"""Classification of ab as in Zhang, Isola, Efros 2016: 313 bins, soft encoding, rebalancing of rare colours."""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from photochrom.color import nearest_ab_bins
from photochrom.train.data import centre_square
from photochrom.train.papers.data import lab_of
from photochrom.train.store import PictureStore

__all__ = ["BINS", "annealed_ab", "bin_loss", "bin_prior", "rarity", "soft_encode"]

BINS = 313
#: Soft encoding: the five nearest bins, weighted by a Gaussian of this width in ab units (section 2.1).
NEIGHBOURS, SIGMA = 5, 5.0
#: Share of the uniform distribution in the weights' prior (equation 4).
LAMBDA = 0.5
#: Equation 5: what the annealed mean uses.
TEMPERATURE = 0.38


@cache
def _centres() -> Tensor:
    return torch.from_numpy(nearest_ab_bins(BINS).copy())


def soft_encode(ab: Tensor) -> tuple[Tensor, Tensor]:
    """ab (N, 2, h, w) -> the indices of its five nearest bins and their weights, which sum to 1: (N, 5, h, w) each."""
    n, _, h, w = ab.shape
    points = ab.permute(0, 2, 3, 1).reshape(-1, 2).float()
    distance, index = torch.cdist(points, _centres().to(ab.device)).topk(NEIGHBOURS, largest=False)
    weight = torch.exp(-(distance**2) / (2 * SIGMA**2)) + 1e-12  # far outside sRGB all five would round to 0
    weight = weight / weight.sum(1, keepdim=True)
    shape = (n, h, w, NEIGHBOURS)
    return index.reshape(shape).permute(0, 3, 1, 2), weight.reshape(shape).permute(0, 3, 1, 2)


def bin_loss(scores: Tensor, ab: Tensor, weights: Tensor | None = None) -> Tensor:
    """Mean cross-entropy in nats of scores (N, 313, h, w) against the soft bins of ab (N, 2, h, w) (equation 2).

    weights: (313,), the factor of a pixel by its nearest bin (equation 3), None for equal ones.
    """
    index, share = soft_encode(ab)
    loss = -(torch.log_softmax(scores.float(), 1).gather(1, index) * share).sum(1)
    return loss.mean() if weights is None else (loss * weights[index[:, 0]]).mean()


def annealed_ab(scores: Tensor, temperature: float = TEMPERATURE) -> Tensor:
    """Annealed mean (equation 5) of scores (N, 313, h, w) -> ab (N, 2, h, w)."""
    return torch.einsum("nqhw,qc->nchw", (scores.float() / temperature).softmax(1), _centres().to(scores.device))


def bin_prior(store: PictureStore, indices: NDArray[np.int64], pictures: int = 2000) -> Tensor:
    """Share of each bin, (313,), over a fixed choice of the store's pictures, softly encoded at 32 pixels.

    Zhang smooths the empirical distribution with a Gaussian of sigma 5; here the soft encoding's own Gaussian does that.
    """
    chosen = np.random.default_rng(0).permutation(indices)[:pictures]
    counts = torch.zeros(BINS, dtype=torch.float64)
    for start in range(0, len(chosen), 64):
        squares = np.stack([centre_square(store[i], 32) for i in chosen[start : start + 64]])
        _, ab = lab_of(torch.from_numpy(squares.transpose(0, 3, 1, 2).copy()))
        index, weight = soft_encode(ab)
        counts.scatter_add_(0, index.flatten(), weight.flatten().double())
    return (counts / counts.sum()).float()


def rarity(prior: Tensor) -> Tensor:
    """Weights (313,) of equation 4: proportional to 1 / ((1 - lambda) p + lambda / Q), with an expected value of 1."""
    weights = 1 / ((1 - LAMBDA) * prior + LAMBDA / len(prior))
    return weights / (prior * weights).sum()

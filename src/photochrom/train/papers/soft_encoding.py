"""Colour as a distribution over 313 ab bins, and classes rebalanced by rarity (Zhang, Isola, Efros 2016, section 2)."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from photochrom.color import BIN_SIZE, GRID_REACH, nearest_ab_bins
from photochrom.decode import annealed_mean
from photochrom.errors import OptionError

__all__ = [
    "BINS",
    "TEMPERATURE",
    "annealed_ab",
    "bin_counts",
    "decode_scores",
    "rebalanced_cross_entropy",
    "rebalancing_weights",
    "smoothed_prior",
    "soft_encode",
]

#: Number of ab bins, of nearest ones that share a colour, and the Gaussian's sigma in units of a* and b*.
BINS, NEIGHBOURS, SIGMA = 313, 5, 5.0
#: Share of the uniform distribution in the rebalancing prior.
LAMBDA = 0.5
#: Temperature of the annealed mean.
TEMPERATURE = 0.38


@cache
def _candidates() -> NDArray[np.int64]:
    """The bins that can be among the 5 nearest to a colour in each cell of the 10-unit grid; shape (25, 25, 23).

    A colour lies at most r = half a diagonal from its cell's centre, so such a bin lies within d + 2 r of that centre, where
    d is the distance of the centre's own fifth nearest bin. Few enough, and the search among them is ten times as fast.
    """
    axis = np.arange(-GRID_REACH, GRID_REACH + 1) * BIN_SIZE
    cells = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1)[:, :, None]
    distance = np.sqrt(((cells - nearest_ab_bins(BINS)) ** 2).sum(-1))
    order = distance.argsort(-1, kind="stable")
    distance = np.take_along_axis(distance, order, -1)
    reach = distance[..., NEIGHBOURS - 1 : NEIGHBOURS] + np.sqrt(2) * BIN_SIZE
    return np.asarray(order[..., : int((distance <= reach + 1e-3).sum(-1).max())])


def soft_encode(ab: Tensor) -> tuple[Tensor, Tensor]:
    """The 5 bins nearest to each colour, nearest first, and their weights: Gaussian in the distance, sigma 5, sum 1.

    ab: (N, 2, h, w) in units of a* and b* (exact up to 125, beyond every sRGB colour) -> indices int64 and weights float32,
    both (N, 5, h, w). Section 2.1, "soft-encoding".
    """
    bins = torch.from_numpy(nearest_ab_bins(BINS).copy()).to(ab.device)
    table = torch.from_numpy(_candidates()).to(ab.device)
    a, b = ab.float().movedim(1, 0)
    row, column = ((plane / BIN_SIZE).round().long().clamp(-GRID_REACH, GRID_REACH) + GRID_REACH for plane in (a, b))
    candidates = table[row, column]
    squared = (a[..., None] - bins[candidates, 0]).square() + (b[..., None] - bins[candidates, 1]).square()
    nearest, at = squared.topk(NEIGHBOURS, dim=-1, largest=False)
    # Relative to the nearest bin, which changes nothing once they sum to 1, and keeps far colours from 0 / 0.
    weight = torch.exp((nearest[..., :1] - nearest) / (2 * SIGMA**2))
    weight = weight / weight.sum(-1, keepdim=True)
    return candidates.gather(-1, at).movedim(-1, 1), weight.movedim(-1, 1)


def bin_counts(ab: Tensor) -> Tensor:
    """How much colour of ab (N, 2, h, w) falls into each bin, softly encoded: (313,) float64, summing to N h w."""
    index, weight = soft_encode(ab)
    return torch.zeros(BINS, dtype=torch.float64).scatter_add_(
        0, index.flatten().cpu(), weight.flatten().double().cpu()
    )


@cache
def _kernel() -> NDArray[np.float64]:
    """Gaussian weights between the bins, (313, 313); each column sums to 1, so that smoothing keeps the sum."""
    bins = nearest_ab_bins(BINS).astype(np.float64)
    squared = ((bins[:, None] - bins[None]) ** 2).sum(-1)
    kernel = np.exp(-squared / (2 * SIGMA**2))
    return np.asarray(kernel / kernel.sum(0))


def smoothed_prior(counts: NDArray[Any]) -> NDArray[np.float64]:
    """The distribution of the bins in the training pictures, smoothed by a Gaussian of sigma 5: (313,) -> (313,), sum 1.

    Raises OptionError unless the counts are 313 numbers of at least 0, not all 0.
    """
    found = np.asarray(counts, np.float64)
    if found.shape != (BINS,) or not np.isfinite(found).all() or found.min() < 0 or found.sum() <= 0:
        raise OptionError("counts", f"{found.dtype} {found.shape}", f"{BINS} numbers of at least 0, not all 0")
    return np.asarray(_kernel() @ (found / found.sum()))


def rebalancing_weights(prior: NDArray[Any], mixture: float = LAMBDA) -> NDArray[np.float32]:
    """Weight of each bin in the loss: w ~ 1 / ((1 - lambda) p + lambda / Q), with mean 1 under p; eq. 4.

    prior: the smoothed distribution p, (313,) -> (313,) float32. Raises OptionError for a ``mixture`` lambda outside (0, 1].
    """
    if not 0.0 < mixture <= 1.0:
        raise OptionError("mixture", mixture, "a number in (0, 1]")
    p = np.asarray(prior, np.float64)
    weights = 1 / ((1 - mixture) * p + mixture / len(p))
    return np.asarray(weights / (p * weights).sum(), np.float32)


def rebalanced_cross_entropy(scores: Tensor, ab: Tensor, weights: Tensor | None = None) -> Tensor:
    """Mean cross-entropy in nats of scores (N, 313, h, w) against the softly encoded ab (N, 2, h, w); eq. 2 and 3.

    Each place counts by the weight, (313,), of the bin nearest to its true colour; None: all alike.
    """
    index, weight = soft_encode(ab)
    loss = -(torch.log_softmax(scores.float(), dim=1).gather(1, index) * weight).sum(1)
    return (loss if weights is None else loss * weights.to(loss)[index[:, 0]]).mean()


def decode_scores(scores: NDArray[Any], temperature: float = TEMPERATURE) -> NDArray[np.float32]:
    """The annealed mean of scores (313, h, w) at T = 0.38: ab (h, w, 2), float32; eq. 5."""
    return annealed_mean(scores, nearest_ab_bins(BINS), temperature)


def annealed_ab(scores: Tensor, temperature: float = TEMPERATURE) -> Tensor:
    """:func:`decode_scores` of a batch of tensors: (N, 313, h, w) -> ab (N, 2, h, w)."""
    bins = torch.from_numpy(nearest_ab_bins(BINS).copy()).to(scores.device)
    return torch.einsum("nqhw,qc->nchw", (scores.float() / temperature).softmax(1), bins)

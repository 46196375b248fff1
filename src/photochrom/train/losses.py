"""Losses over ab-bin distributions."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from photochrom.color import BIN_SIZE, GRID_REACH, ab_bins, bin_of_cell

__all__ = ["bin_cross_entropy", "color_error", "expected_ab", "rebalancing", "soft_bins"]


def expected_ab(scores: Tensor, temperature: float = 1.0) -> Tensor:
    """Annealed mean (Zhang 2016, eq. 5) of scores (N, 261, h, w) -> ab (N, 2, h, w)."""
    bins = torch.from_numpy(ab_bins().copy()).to(scores.device)
    return torch.einsum("nqhw,qc->nchw", (scores.float() / temperature).softmax(1), bins)


def soft_bins(ab: Tensor) -> tuple[Tensor, Tensor]:
    """The four bins around each colour and their weights, which sum to 1 and whose mean is the colour itself.

    ab: (N, 2, h, w) -> indices int64 and weights float32, both (N, 4, h, w). Bilinear weights in place of the Gaussian ones
    of Zhang et al. 2016: they keep the mean exact, so that the expected colour of a sure prediction is unbiased.
    """
    at = (ab / BIN_SIZE).clamp(-GRID_REACH, GRID_REACH - 1e-3)
    low = at.floor()
    share = at - low
    cell = low.long() + GRID_REACH
    table = torch.from_numpy(bin_of_cell().copy()).to(ab.device)
    indices, weights = [], []
    for da in (0, 1):
        for db in (0, 1):
            indices.append(table[cell[:, 0] + da, cell[:, 1] + db])
            weight_a = share[:, 0] if da else 1 - share[:, 0]
            weight_b = share[:, 1] if db else 1 - share[:, 1]
            weights.append(weight_a * weight_b)
    return torch.stack(indices, 1), torch.stack(weights, 1)


def bin_cross_entropy(scores: Tensor, ab: Tensor, rarity: Tensor | None = None) -> Tensor:
    """Mean cross-entropy in nats, >= 0, of scores (N, Q, h, w) against the soft bins of ab (N, 2, h, w).

    ``rarity``, (Q,): what a cell weighs whose colour is that bin (:func:`rebalancing`); None: all the same.
    """
    index, weight = soft_bins(ab)
    likely = torch.log_softmax(scores.float(), dim=1).gather(1, index)
    entropy = -(likely * weight).sum(1)
    return entropy.mean() if rarity is None else (entropy * (rarity[index] * weight).sum(1)).mean()


def rebalancing(shares: Tensor, strength: float) -> Tensor:
    """What each bin weighs, (Q,), where its share of the pictures is ``shares``; the mean weight of a cell is 1.

    Adapted from Zhang, Isola, Efros 2016, eq. 4, lambda = 1 - ``strength``: (strength p + (1 - strength) / Q)^-1, normalised.
    """
    weights = 1 / (strength * shares + (1 - strength) / len(shares))
    return weights / (shares * weights).sum()


def color_error(found: Tensor, ab: Tensor) -> Tensor:
    """Mean Huber error of ab (N, 2, h, w), in bins: squared below one bin, linear above.

    Robust, as in Zhang et al. 2017 (SIGGRAPH), eq. 2: a squared error alone makes every unsure colour grey.
    """
    return functional.smooth_l1_loss(found.float() / BIN_SIZE, ab / BIN_SIZE)

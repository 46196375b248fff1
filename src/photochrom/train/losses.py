"""Losses over ab-bin distributions."""

from __future__ import annotations

import torch
from torch import Tensor

from photochrom.color import BIN_SIZE, GRID_REACH, bin_of_cell

__all__ = ["bin_cross_entropy", "soft_bins"]


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


def bin_cross_entropy(scores: Tensor, ab: Tensor) -> Tensor:
    """Mean cross-entropy in nats, >= 0, of scores (N, Q, h, w) against the soft bins of ab (N, 2, h, w)."""
    index, weight = soft_bins(ab)
    likely = torch.log_softmax(scores.float(), dim=1).gather(1, index)
    return -(likely * weight).sum(1).mean()

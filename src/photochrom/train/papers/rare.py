"""Robles and Budach, section 4.3: weights that emphasise rare colours, and the loss that blends them in."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from photochrom.color import rgb_to_lab
from photochrom.errors import DataError

__all__ = ["ab_histograms", "ab_index", "rare_color_loss", "rare_color_weights"]

#: Bins of a* and of b*, over [-128, 128): 4 units each. The paper gives their number, not their range.
BINS = 64
REACH = 128.0
#: "Adding a tiny value to the end of each of the weights to prevent division by 0".
TINY = 0.0000001
#: "a standard Mean Squared Error loss blended at 65% with a custom mean square error".
PLAIN = 0.65


def ab_index(ab: Tensor) -> Tensor:
    """The bins of a* and b* that colours fall into, int64, same shape; colours beyond +-128 go to the outermost."""
    return ((ab + REACH) * (BINS / (2 * REACH))).floor().clamp(0, BINS - 1).long()


def ab_histograms(pictures: Iterable[NDArray[np.uint8]]) -> tuple[Tensor, Tensor]:
    """Shares of all pixels in the 64 bins of a* and of b*, (64,) float64 each, of sRGB pictures (h, w, 3) uint8.

    Raises DataError if there is no picture.
    """
    counts = torch.zeros(2, BINS, dtype=torch.float64)
    for picture in pictures:
        index = ab_index(torch.from_numpy(rgb_to_lab(picture / 255)[..., 1:]))
        for channel in (0, 1):
            counts[channel] += torch.bincount(index[..., channel].flatten(), minlength=BINS)
    if not counts.sum() > 0:
        raise DataError("no pictures to count the colours of")
    shares = counts / counts.sum(1, keepdim=True)
    return shares[0], shares[1]


def rare_color_weights(a_shares: Tensor, b_shares: Tensor, *, unit_mean: bool = False) -> Tensor:
    """The weight of every colour, (64, 64) float32 by its bins of a* and b*, as printed.

    ``1 / sqrt(a + 0.0000001)`` and ``1 / sqrt(b + 0.0000001)`` of the shares (64,), combined (their product: the paper has
    "a histogram with 64 x 64 bins"), and "normalized the whole array to add up to 1".

    As printed, nearly all of that 1 goes to the bins that no colour falls into, so that the weighted part of the loss
    vanishes beside the plain one and what is left is 0.65 of MSE.
    unit_mean: scaled so that the mean weight of a training pixel (taking a* and b* as
    independent) is 1 instead, as Zhang et al. 2016 do (their equation 3), for comparison.
    """
    weights = torch.outer(1 / (a_shares.double() + TINY).sqrt(), 1 / (b_shares.double() + TINY).sqrt())
    total = (weights * torch.outer(a_shares.double(), b_shares.double())).sum() if unit_mean else weights.sum()
    return (weights / total).float()


def rare_color_loss(found: Tensor, truth: Tensor, weights: Tensor, scale: float = REACH) -> Tensor:
    """0.65 * mean squared error + 0.35 * mean of weight * squared error, of ab (N, 2, h, w) against the true ab.

    weights: see :func:`rare_color_weights`; a pixel has that of its true colour, as in Zhang et al. 2016, "similar to" whom
    the paper's loss is ("to every color within the predicted result" leaves it open). Errors are in units of ``scale``.
    """
    index = ab_index(truth)
    rarity = weights.to(truth.device)[index[:, 0], index[:, 1]].unsqueeze(1)
    squared = functional.mse_loss(found.float() / scale, truth.float() / scale, reduction="none")
    return PLAIN * squared.mean() + (1 - PLAIN) * (rarity * squared).mean()

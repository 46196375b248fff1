"""Hints and histograms as a user might give them, made from the true colours.

Adapted from Zhang et al. 2017 (SIGGRAPH), section 3.2: the number of patches is geometric, their places are Gaussian around
the centre (within the picture), their sides uniform, and each reveals the mean true colour.
"""

from __future__ import annotations

import torch
from torch import Tensor

from photochrom.color import ab_bins
from photochrom.train.losses import soft_bins
from photochrom.train.recipe import Recipe

__all__ = ["simulate_hints", "simulate_histogram"]

#: Share of the hinted pictures that see every cell: the network must learn to copy the colours it is given.
FULL_SHARE = 0.02
#: The mean of the geometric count is itself drawn, log-uniformly, from 1 to this.
LARGEST_MEAN_COUNT = 64


def simulate_hints(ab: Tensor, recipe: Recipe, rng: torch.Generator) -> Tensor:
    """True ab (N, 2, h, w) at the recipe's stride -> hints (N, 3, h, w): ab where the mask, the third channel, is 1, else 0.

    A patch of 1 to 9 pixels touches one cell, or two or four where it straddles their border.
    """
    n, _, h, w = ab.shape
    mask = torch.zeros(n, h, w)
    for row in range(n):
        if float(torch.rand(1, generator=rng)) >= recipe.hints:
            continue
        if float(torch.rand(1, generator=rng)) < FULL_SHARE:
            mask[row] = 1
            continue
        mean = LARGEST_MEAN_COUNT ** float(torch.rand(1, generator=rng))
        count = int(torch.empty(1).geometric_(1 / max(mean, 1.01), generator=rng))
        centre = torch.tensor([h * recipe.stride / 2, w * recipe.stride / 2])
        places = _central(count, rng) * centre / 2 + centre
        sides = torch.randint(1, 10, (count, 1), generator=rng) / 2
        limit = torch.tensor([h - 1, w - 1])
        first = ((places - sides) / recipe.stride).floor().clamp(min=0).minimum(limit).long()
        last = ((places + sides) / recipe.stride).floor().clamp(min=0).minimum(limit).long()
        for (y0, x0), (y1, x1) in zip(first.tolist(), last.tolist(), strict=True):
            mask[row, y0 : y1 + 1, x0 : x1 + 1] = 1
    mask = mask.to(ab.device).unsqueeze(1)
    return torch.cat([ab * mask, mask], dim=1)


def _central(count: int, rng: torch.Generator) -> Tensor:
    """(count, 2) normal numbers within two standard deviations: those beyond, outside the picture, are never drawn.

    Clamping them to its border would show the cells there far more often than their neighbours.
    """
    tail = torch.special.ndtr(torch.tensor(-2.0))
    numbers: Tensor = torch.special.ndtri(tail + torch.rand(count, 2, generator=rng) * (1 - 2 * tail))
    return numbers


def simulate_histogram(ab: Tensor, recipe: Recipe, rng: torch.Generator) -> Tensor:
    """True ab (N, 2, h, w) -> (N, 262): the shares of the ab bins and a 1 for ``recipe.histogram`` of the pictures, else 0."""
    index, weight = soft_bins(ab)
    n, bins = len(ab), len(ab_bins())
    shares = torch.zeros(n, bins, device=ab.device)
    shares.scatter_add_(1, index.reshape(n, -1), weight.reshape(n, -1))
    shares = shares / shares.sum(1, keepdim=True)
    given = (torch.rand(n, 1, generator=rng) < recipe.histogram).float().to(ab.device)
    return torch.cat([shares * given, given], dim=1)

"""Kernels over the places of a photograph, learnt so that a few hints determine the colours of the whole.

The difference between the true colours and the automatic ones is taken for a Gaussian process. Its covariance is learnt: a
sum of Gaussian kernels on an embedding of what the encoder sees (deep kernel learning, Wilson et al. 2016), on the place and on
L*. Given the difference at the hints, the process predicts it elsewhere (Rasmussen and Williams 2006, eq. 2.23).

There are two such processes, because hints are of two kinds. That a wall is a little warmer than expected holds for much of
the picture; that a coat is purple holds for the coat. The first process spreads what is not surprising, the second the rest.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from photochrom.nets.blocks import Block, doubled

__all__ = ["LEAST_NOISE", "LEVELS", "NOISE_SHARE", "KernelNet", "Points", "posterior_mean", "sampled"]

#: Spread of each kernel at the start: in short sides of the picture, and in L* / 100.
_PLACES = (0.04, 0.08, 0.15, 0.3, 0.6, 2.0)
_LIGHTS = (0.1, 0.1, 0.12, 0.15, 0.2, 0.2)
#: The second process at the start: so many times as many units of place, embedding and L* between the same two places.
_NEARER = 2.0
#: A hint's difference is no surprise up to so many standard deviations of the decoder's distribution, at the start.
_SURPRISE = 1.0
#: Processes: for what is expected, and for what surprises.
LEVELS = 2
#: Standard deviation at the start, in ab: of each kernel's part of the difference, and of a hint.
_DEVIATION, _NOISE = 5.0, 2.0
#: Variance, in ab, that every hint has at least, and as a share of the process's own: else there may be no solution.
LEAST_NOISE, NOISE_SHARE = 0.05, 1e-3


class Points(NamedTuple):
    """The parameters of one process at n places: vectors (N, kernels, n, D), log scales (N, kernels, n), log noise (N, n)."""

    vectors: Tensor
    scale: Tensor
    noise: Tensor


class KernelNet(nn.Module):
    """Features, lightness and what the decoder expects -> two embeddings of every 8 x 8 cell.

    ``features``: the channels of the encoder's features. ``width``: channels in here. ``dims``: numbers of the embedding for
    each of the six kernels of a process.
    """

    def __init__(self, features: tuple[int, ...] = (40, 112, 320), width: int = 96, dims: int = 12) -> None:
        super().__init__()
        self.kernels, self.dims = len(_PLACES), dims
        self.lateral = nn.ModuleList(nn.Conv2d(channels, width, 1) for channels in features)
        self.light = nn.Conv2d(64, width, 1)
        self.expected = nn.Conv2d(4, width, 3, padding=1)
        self.blocks = nn.ModuleList(
            [nn.Sequential(Block(width, 5, 2), Block(width, 5, 2)), Block(width, 5, 2), Block(width, 3, 2)]
        )
        self.head = nn.Conv2d(width, LEVELS * (self.kernels * (dims + 1) + 1), 1)
        self.head.weight.data.mul_(0.5)
        #: Logarithms, for each process: of what places and L* are multiplied by, and of the deviations.
        rulers = -torch.tensor([_PLACES, _LIGHTS]).log()
        self.rulers = nn.Parameter(torch.stack([rulers, rulers + math.log(_NEARER)]))
        self.deviation = nn.Parameter(torch.full((LEVELS, self.kernels), _DEVIATION).log())
        self.noise = nn.Parameter(torch.full((LEVELS,), _NOISE).log())
        self.surprise = nn.Parameter(torch.tensor(_SURPRISE).log())

    def forward(
        self, f8: Tensor, f16: Tensor, f32: Tensor, lightness: Tensor, expected: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """-> embedding (N, 2 * kernels * dims, h, w), log scales (N, 2 * kernels, h, w), log noise (N, 2, h, w).

        f8, f16, f32: the encoder's features of lightness (N, 1, 8 h, 8 w), L* in [0, 100]. expected: (N, 4, h, w), mean and
        standard deviation of a* and b* in the decoder's distribution without hints.
        """
        x = self.blocks[2](self.lateral[2](f32))
        x = self.blocks[1](doubled(x) + self.lateral[1](f16))
        around = self.expected(expected / 30)
        x = doubled(x) + self.lateral[0](f8) + around + self.light(functional.pixel_unshuffle(lightness / 50 - 1, 8))
        out = self.head(self.blocks[0](x))
        embedding, scale, noise = out.split([LEVELS * self.kernels * self.dims, LEVELS * self.kernels, LEVELS], dim=1)
        return (
            embedding,
            self.deviation.flatten()[:, None, None] + scale.clamp(-4, 3),
            self.noise[:, None, None] + noise.clamp(-3, 3),
        )

    def points(self, cells: tuple[Tensor, Tensor, Tensor], lightness: Tensor, at: Tensor) -> list[Points]:
        """What :meth:`forward` made of the cells, at places (N, n, 2): y and x in [0, 1] of a square; lightness: (N, n)."""
        parts = [sampled(plane, at).chunk(LEVELS, dim=1) for plane in cells]
        found = []
        for embedding, scale, noise, ruler in zip(*parts, self.rulers.exp()[:, :, None, :, None, None], strict=True):
            n, _, count = embedding.shape
            vectors = torch.cat(
                [
                    embedding.reshape(n, self.kernels, self.dims, count),
                    at.transpose(1, 2)[:, None] * ruler[0],
                    (lightness[:, None, None] / 100) * ruler[1],
                ],
                dim=2,
            )
            found.append(Points(vectors.transpose(2, 3), scale, noise[:, 0]))
        return found

    def correction(self, hints: list[Points], difference: Tensor, deviation: Tensor, wanted: list[Points]) -> Tensor:
        """The likeliest difference at the wanted places, (N, m, 2), from that at the hints, (N, n, 2), in ab.

        deviation: (N, n), the decoder's standard deviation at the hints.
        """
        most = self.surprise.exp() * deviation / difference.norm(dim=2).clamp(min=1e-3)
        usual = difference * most.clamp(max=1)[..., None]
        first, again = posterior_mean(hints[0], usual, [wanted[0], hints[0]])
        (second,) = posterior_mean(hints[1], difference - again, [wanted[1]])
        return first + second


def sampled(planes: Tensor, at: Tensor) -> Tensor:
    """Planes (N, C, h, w) at places (N, n, 2), y and x in [0, 1], bilinear -> (N, C, n)."""
    grid = at.flip(-1)[:, None] * 2 - 1
    found: Tensor = functional.grid_sample(planes, grid, mode="bilinear", padding_mode="border", align_corners=False)
    return found[:, :, 0]


def covariance(one: Points, other: Points) -> Tensor:
    """The kernel between n and m places, (N, n, m), in ab^2."""
    a, b = one.vectors, other.vectors
    squared = a.square().sum(3)[..., None] + b.square().sum(3)[..., None, :] - 2 * a @ b.transpose(2, 3)
    total: Tensor = (one.scale[..., None] + other.scale[..., None, :] - squared.clamp(min=0) / 2).exp().sum(1)
    return total


def posterior_mean(hints: Points, difference: Tensor, wanted: list[Points]) -> list[Tensor]:
    """The likeliest difference at each set of wanted places, (N, m, 2), from that at the hints, (N, n, 2), in ab.

    Adapted from Rasmussen and Williams 2006, eq. 2.23.
    """
    own = hints.scale.mul(2).exp().sum(1)
    variance = hints.noise.mul(2).exp() + LEAST_NOISE + NOISE_SHARE * own
    factor = torch.linalg.cholesky(covariance(hints, hints) + torch.diag_embed(variance))
    weights = torch.cholesky_solve(difference, factor)
    return [covariance(places, hints) @ weights for places in wanted]

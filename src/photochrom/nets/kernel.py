"""What belongs together: a kernel over the places of a photograph, so that a few hints tell the colours of all of it.

The difference between the true colours and the automatic ones is taken for a Gaussian process. Its covariance is learnt: a
sum of Gaussian kernels on an embedding of what the encoder sees (deep kernel learning, Wilson et al. 2016), on the place and on
L*. Given the difference at the hints, the process says what it most likely is elsewhere (Rasmussen and Williams 2006, eq. 2.23).
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from photochrom.nets.blocks import Block, doubled

__all__ = ["LEAST_NOISE", "NOISE_SHARE", "KernelNet", "Points", "covariance", "posterior_mean", "sampled"]

#: Spread of each kernel at the start: in short sides of the picture, and in L* / 100.
_PLACES = (0.04, 0.08, 0.15, 0.3, 0.6, 2.0)
_LIGHTS = (0.1, 0.1, 0.12, 0.15, 0.2, 0.2)
#: How much less a hint says of other places the further it is from the automatic colour: exponent, and scale in ab.
_DOUBT, _SURPRISE = (0.2, 0.2, 0.3, 0.5, 0.7, 1.0), 25.0
#: Standard deviation at the start, in ab: of each kernel's part of the difference, and of what a hint says.
_DEVIATION, _NOISE = 5.0, 2.0
#: Variance, in ab, that every hint has at least, and as a share of the process's own: else there may be no solution.
LEAST_NOISE, NOISE_SHARE = 0.05, 1e-3


class Points(NamedTuple):
    """What the kernel knows of n places: vectors (N, kernels, n, D), log scales (N, kernels, n), log noise (N, n)."""

    vectors: Tensor
    scale: Tensor
    noise: Tensor


class KernelNet(nn.Module):
    """Features, lightness and what the decoder expects -> an embedding of every 8 x 8 cell.

    ``features``: the channels of the encoder's features. ``width``: channels in here. ``dims``: numbers of the embedding for
    each of the six kernels.
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
        self.head = nn.Conv2d(width, self.kernels * (dims + 1) + 1, 1)
        self.head.weight.data.mul_(0.5)
        #: Logarithms of what places and L* are multiplied by, of the exponents and scales of doubt, and of the deviations.
        self.rulers = nn.Parameter(-torch.tensor([_PLACES, _LIGHTS]).log())
        self.doubt = nn.Parameter(torch.tensor([_DOUBT, [_SURPRISE] * self.kernels]).log())
        self.deviation = nn.Parameter(torch.full((self.kernels,), _DEVIATION).log())
        self.noise = nn.Parameter(torch.tensor(_NOISE).log())

    def forward(
        self, f8: Tensor, f16: Tensor, f32: Tensor, lightness: Tensor, expected: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """-> embedding (N, kernels * dims, h, w), log scale of each kernel (N, kernels, h, w), log noise (N, 1, h, w).

        f8, f16, f32: the encoder's features of lightness (N, 1, 8 h, 8 w), L* in [0, 100]. expected: (N, 4, h, w), mean and
        standard deviation of a* and b* in the decoder's distribution without hints.
        """
        x = self.blocks[2](self.lateral[2](f32))
        x = self.blocks[1](doubled(x) + self.lateral[1](f16))
        around = self.expected(expected / 30)
        x = doubled(x) + self.lateral[0](f8) + around + self.light(functional.pixel_unshuffle(lightness / 50 - 1, 8))
        out = self.head(self.blocks[0](x))
        embedding, scale, noise = out.split([self.kernels * self.dims, self.kernels, 1], dim=1)
        return (
            embedding,
            self.deviation[:, None, None] + scale.clamp(-4, 3),
            self.noise + noise.clamp(-3, 3),
        )

    def points(self, cells: tuple[Tensor, Tensor, Tensor], lightness: Tensor, at: Tensor) -> Points:
        """What :meth:`forward` made of the cells, at places (N, n, 2): y and x in [0, 1] of a square; lightness: (N, n)."""
        embedding, scale, noise = (sampled(plane, at) for plane in cells)
        n, _, count = embedding.shape
        ruler = self.rulers.exp()[:, None, :, None, None]
        vectors = torch.cat(
            [
                embedding.reshape(n, self.kernels, self.dims, count),
                at.transpose(1, 2)[:, None] * ruler[0],
                (lightness[:, None, None] / 100) * ruler[1],
            ],
            dim=2,
        )
        return Points(vectors.transpose(2, 3), scale, noise[:, 0])

    def doubted(self, hints: Points, difference: Tensor) -> Points:
        """Hints that say ``difference`` (N, n, 2), in ab: the larger it is, the less they have to do with other places.

        Small differences are the tone of a whole picture, great ones the colour of one coat. Each kernel's part of a hint is
        split: (1 + (difference / scale)^2)^(-exponent / 2) of its deviation is shared with other places, the rest is its own.
        """
        exponent, surprise = self.doubt.exp()[..., None]
        squared = difference.square().sum(2)[:, None] / surprise.square()
        scale = hints.scale - exponent / 2 * torch.log1p(squared)
        own = hints.scale.mul(2).exp().sum(1) - scale.mul(2).exp().sum(1)
        return hints._replace(scale=scale, noise=(hints.noise.mul(2).exp() + own).log() / 2)


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


def posterior_mean(hints: Points, difference: Tensor, wanted: Points) -> Tensor:
    """The likeliest difference at the wanted places, (N, m, 2), from that at the hints, (N, n, 2), in ab.

    Adapted from Rasmussen and Williams 2006, eq. 2.23.
    """
    own = hints.scale.mul(2).exp().sum(1)
    variance = hints.noise.mul(2).exp() + LEAST_NOISE + NOISE_SHARE * own
    factor = torch.linalg.cholesky(covariance(hints, hints) + torch.diag_embed(variance))
    return covariance(wanted, hints) @ torch.cholesky_solve(difference, factor)

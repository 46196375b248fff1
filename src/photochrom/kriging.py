"""Kriging: from the colours at a few places to those of the whole picture, by a kernel that was learnt.

What the automatic colours lack at the hints is taken for a sample of a Gaussian process, whose covariance says which places
belong together (:mod:`photochrom.nets.kernel` tells how it is learnt). Its posterior mean is the likeliest correction
everywhere else, its posterior variance what is still open (Rasmussen and Williams 2006, eq. 2.23 and 2.24).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Float: TypeAlias = NDArray[np.float32]

__all__ = ["KernelCells", "Kriging", "Posterior"]

#: Variance, in ab, that every hint has at least, and as a share of the process's own; as in training.
LEAST_NOISE, NOISE_SHARE = 0.05, 1e-3
#: Work pixels along a side of one cell of the result, in which lightness is averaged; as in training.
FINE = 4


@dataclass(frozen=True)
class KernelCells:
    """What a model's kernel knows of a picture's 8 x 8 cells.

    embedding: (h, w, kernels, dims) float32. scale: (h, w, kernels), logarithm of each kernel's deviation in ab. noise: (h, w),
    of that of what a hint says there. rulers: (4, kernels), what places, in short sides, and L* / 100 are multiplied by, and
    the exponent and the scale, in ab, by which a hint says the less of others the further it is from the automatic colour.
    """

    embedding: Float
    scale: Float
    noise: Float
    rulers: Float


class Posterior(NamedTuple):
    """The likeliest correction (h / 4, w / 4, 2) in ab, and how much of what was open the hints settle, (h / 8, w / 8)."""

    mean: Float
    settled: Float


class _Points(NamedTuple):
    """n places as two sides of a product: covariance = sum over kernels of exp(left @ right.T), (kernels, n, dims + 5).

    noise and own, (n,): the variance of what a hint there says, and that of the process.
    """

    left: Float
    right: Float
    noise: Float
    own: Float


class Kriging:
    """The process over one picture. ``lightness``: (h, w) float32, L* in [0, 100], at work size, in whole cells."""

    def __init__(self, cells: KernelCells, lightness: Float) -> None:
        self._cells = cells
        self._size = lightness.shape
        h, w = lightness.shape
        self._light: Float = _resized(lightness, (w // FINE, h // FINE), cv2.INTER_AREA)

    def posterior(self, places: NDArray[Any], difference: NDArray[Any]) -> Posterior:
        """What follows from the ``difference`` (n, 2), true less automatic ab, at ``places`` (n, 2), y and x in work pixels."""
        hints = self._points(np.asarray(places, np.float32), np.asarray(difference, np.float32))
        gram = _covariance(hints, hints).astype(np.float64)
        gram[np.diag_indices(len(gram))] += hints.noise
        fine, coarse = self._fine, self._coarse
        across = _covariance(coarse, hints)
        solved = np.linalg.solve(gram, np.column_stack([np.asarray(difference, np.float64), across.T]))
        mean = _covariance(fine, hints) @ solved[:, :2].astype(np.float32)
        settled = np.einsum("qn,nq->q", across, solved[:, 2:].astype(np.float32)) / coarse.own
        h, w = self._size
        return Posterior(
            mean.reshape(h // FINE, w // FINE, 2),
            settled.clip(0, 1).reshape(self._cells.noise.shape).astype(np.float32),
        )

    def next_places(self, given: NDArray[Any], variance: NDArray[Any], count: int) -> list[tuple[int, int, float]]:
        """Up to ``count`` cells (row, column) where a hint would settle most, best first, each counting on those before it.

        given: (n, 2), the places of hints that are there. variance: (h, w), of the automatic colours of each cell, in ab^2. The
        third number is how much of it, on average over the picture, a hint at the cell takes away: by the variance reduction
        of one more observation, cov(q, x)^2 / (var(x) + noise), relative to the process's variance before any.
        """
        cells = self._coarse
        open_ = _covariance(cells, cells)
        if len(given):
            hints = self._points(np.asarray(given, np.float32))
            gram = _covariance(hints, hints).astype(np.float64)
            gram[np.diag_indices(len(gram))] += hints.noise
            across = _covariance(cells, hints)
            open_ -= across @ np.linalg.solve(gram, across.T).astype(np.float32)
        weight = np.asarray(variance, np.float32).ravel() / cells.own
        noise, found = cells.noise, []
        for _ in range(min(count, len(weight))):
            spread = open_.diagonal().clip(0) + noise
            gains = weight @ open_**2 / (spread * len(weight))
            best = int(gains.argmax())
            found.append((*divmod(best, self._cells.noise.shape[1]), float(gains[best])))
            column = open_[:, best].copy()
            open_ -= np.outer(column, column / spread[best])
        return found

    @cached_property
    def _fine(self) -> _Points:
        return self._points(_centres(self._size, FINE))

    @cached_property
    def _coarse(self) -> _Points:
        return self._points(_centres(self._size, self._size[0] // self._cells.noise.shape[0]))

    def _points(self, places: Float, difference: Float | None = None) -> _Points:
        """``places``: (n, 2), y and x in work pixels; whole numbers are the centres of pixels. difference: (n, 2), of hints."""
        cells, (h, w) = self._cells, self._size
        at = (places + np.float32(0.5)) / np.array([h, w], np.float32)  # in [0, 1]
        gh, gw, kernels, _ = cells.embedding.shape
        planes = np.concatenate([cells.embedding.reshape(gh, gw, -1), cells.scale, cells.noise[..., None]], axis=2)
        found = _sampled(planes, at)
        light = _sampled(self._light[..., None], at)[:, 0]
        embedding, scale = found[:, : -kernels - 1], found[:, -kernels - 1 : -1]
        noise = np.exp(2 * found[:, -1]) + np.float32(LEAST_NOISE)
        if difference is not None:
            exponent, surprise = cells.rulers[2:]
            whole = np.exp(2 * scale).sum(axis=1)
            scale = scale - exponent / 2 * np.log1p((difference**2).sum(axis=1)[:, None] / surprise**2)
            noise += whole - np.exp(2 * scale).sum(axis=1)
        vectors = np.concatenate(
            [
                embedding.reshape(len(at), kernels, -1),
                (at * np.array([h / min(h, w), w / min(h, w)], np.float32))[:, None] * cells.rulers[0][:, None],
                np.broadcast_to(light[:, None, None] / 100, (len(at), kernels, 1)) * cells.rulers[1][:, None],
            ],
            axis=2,
        )
        norm = (scale - (vectors**2).sum(axis=2) / 2)[..., None]
        ones = np.ones_like(norm)
        left, right = (
            np.ascontiguousarray(np.moveaxis(np.concatenate(parts, axis=2), 1, 0), np.float32)
            for parts in ([vectors, norm, ones], [vectors, ones, norm])
        )
        own = np.exp(2 * scale).sum(axis=1)
        return _Points(left, right, noise + np.float32(NOISE_SHARE) * own, own)


def _covariance(one: _Points, other: _Points) -> Float:
    """The kernel between n and m places, (n, m), in ab^2."""
    total = np.zeros((one.left.shape[1], other.right.shape[1]), np.float32)
    for left, right in zip(one.left, other.right, strict=True):
        total += np.exp(left @ right.T)
    return total


def _centres(size: tuple[int, int], stride: int) -> Float:
    """The centres, (n, 2), of the cells of a picture of ``size``, in pixels, row by row."""
    y, x = (np.arange(side // stride, dtype=np.float32) * stride + (stride - 1) / 2 for side in size)
    return np.stack(np.meshgrid(y, x, indexing="ij"), axis=-1).reshape(-1, 2)


def _sampled(planes: Float, at: Float) -> Float:
    """Planes (h, w, C) at places (n, 2), y and x in [0, 1], bilinear -> (n, C)."""
    limit = np.array(planes.shape[:2])
    exact = np.clip(at * limit - 0.5, 0, limit - 1).astype(np.float32)
    first = np.minimum(exact.astype(np.intp), np.maximum(limit - 2, 0))
    (dy, dx), (y, x) = (exact - first).T[..., None], first.T
    y1, x1 = np.minimum(y + 1, limit[0] - 1), np.minimum(x + 1, limit[1] - 1)
    above = planes[y, x] * (1 - dx) + planes[y, x1] * dx
    below = planes[y1, x] * (1 - dx) + planes[y1, x1] * dx
    return np.asarray(above * (1 - dy) + below * dy, np.float32)


def _resized(plane: Float, size: tuple[int, int], method: int) -> Float:
    resized: Any = cv2.resize(plane, size, interpolation=method)
    return np.asarray(resized, np.float32)

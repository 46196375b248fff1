"""One Gaussian process over a picture: how alike its places are to a learnt kernel, and to what else is known of them.

The kernel's embedding of a place is a vector; the covariance of two places falls with the distance of their vectors. What is
known beside is more coordinates of these vectors, so that it is a covariance still: skin and hair
(:mod:`photochrom.steering.kinds`), and the objects that the object head finds under hints (:mod:`photochrom.steering.hinted`).
"""

from __future__ import annotations

from copy import copy
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import cv2
import numpy as np

from photochrom.parallel import product
from photochrom.session import KernelCells

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Float: TypeAlias = NDArray[np.float32]

__all__ = ["FINE", "LEAST_NOISE", "NOISE_SHARE", "Level", "Points", "centres", "covariance", "sampled", "share_of"]

#: Variance, in ab, that every hint has at least, and as a share of the process's own; as in training.
LEAST_NOISE, NOISE_SHARE = 0.05, 1e-3
#: Coordinates beside those that were learnt: so far apart, in lengths of the kernel, are places of another kind (skin, hair).
KINDS = np.float32(4.0)
#: The same for what an object head is sure to lie outside of the object of a hint.
OBJECTS = np.float32(1.5)
#: Of the variance, the share that knows only the objects of hints, by the object head; and how far apart it has what is none.
WHOLE, APART = np.float32(0.5), np.float32(0.7)
#: The more hints there are than this, the less is made of objects: many hints say by themselves where colours end.
FEW = 3
#: Work pixels along a side of one cell of the result, in which lightness is averaged; as in training.
FINE = 4


class Points(NamedTuple):
    """n places as two sides of a product: covariance = sum over kernels of exp(left @ right.T), (kernels, n, dims + 5).

    noise and own, (n,): the variance of a hint's colour there, and that of the process.
    """

    left: Float
    right: Float
    noise: Float
    own: Float


class Level:
    """One process. ``light``: L* at cells of :data:`FINE` pixels; ``size``: (h, w) at work size.

    kinds: (h', w', n), the shares of n kinds of things, more coordinates. Factors of what was learnt: ``shade`` of how fast
    things get unlike with L*, ``places`` with their distance (0: wherever they lie), ``noise`` of the variance of a hint.
    """

    def __init__(
        self,
        cells: KernelCells,
        level: int,
        light: Float,
        size: tuple[int, int],
        *,
        shade: float = 1.0,
        kinds: Float | None = None,
        places: float = 1.0,
        noise: float = 1.0,
    ) -> None:
        embedding = cells.embedding[level]
        self._rulers = cells.rulers[level] * np.array([[places], [shade]], np.float32)
        planes = [embedding.reshape(*embedding.shape[:2], -1), cells.scale[level], cells.noise[level][..., None]]
        self._planes = np.concatenate(planes, axis=2)
        self._light, self._size, self._kinds, self._noise = light, size, kinds, np.float32(noise)
        self._stride = size[0] // cells.deviation.shape[0]
        self._objects: Float | None = None
        self._less = np.float32(1)

    def with_objects(self, masks: Float, hints: int) -> Level:
        """The same process where it is known how far each place, (h', w', n), belongs to each of n objects, in [0, 1].

        hints: how many there are in all.
        """
        knowing = copy(self)
        knowing.__dict__.pop("fine", None)  # what was computed without them
        knowing._objects, knowing._less = masks, np.float32(min(1.0, FEW / hints))
        return knowing

    @cached_property
    def fine(self) -> Float:
        """The cells of :data:`FINE` pixels, as the left side, the only one that is used."""
        return self.points(centres(self._size, FINE)).left

    @cached_property
    def coarse(self) -> Points:
        """The model's cells."""
        return self.points(centres(self._size, self._stride))

    def points(self, places: Float) -> Points:
        """``places``: (n, 2), y and x in work pixels; whole numbers are the centres of pixels."""
        at, kernels = share_of(places, self._size), self._rulers.shape[1]
        found = sampled(self._planes, at)
        light = sampled(self._light[..., None], at)[:, 0]
        embedding, scale, noise = np.split(found, [found.shape[1] - kernels - 1, found.shape[1] - 1], axis=1)
        sides = np.array(self._size, np.float32) / min(self._size)
        vectors = np.concatenate(
            [
                embedding.reshape(len(at), kernels, -1),
                (at * sides)[:, None] * self._rulers[0][:, None],
                np.broadcast_to(light[:, None, None] / 100, (len(at), kernels, 1)) * self._rulers[1][:, None],
            ],
            axis=2,
        )
        kinds = np.zeros((len(at), 0), np.float32) if self._kinds is None else KINDS * sampled(self._kinds, at)
        alone = np.zeros_like(vectors[:, :1])
        vectors, alone = _beside(vectors, kinds), _beside(alone, kinds)
        if self._objects is not None:  # one more kernel knows nothing else
            objects = sampled(self._objects, at)
            in_kernel, by_itself = self._less * OBJECTS * np.sqrt(objects), APART * objects
            vectors = np.concatenate([_beside(vectors, in_kernel), _beside(alone, by_itself)], axis=1)
            # What lies outside of all objects is not alike for that.
            inside = self._less * WHOLE * np.maximum(objects.max(axis=1, keepdims=True), np.float32(1e-3))
            own = np.log(np.exp(2 * scale).sum(axis=1, keepdims=True) * inside) / 2
            scale = np.concatenate([scale + np.log(1 - inside) / 2, own], axis=1)
        norm = (scale - (vectors**2).sum(axis=2) / 2)[..., None]
        ones = np.ones_like(norm)
        left, right = (
            np.ascontiguousarray(np.moveaxis(np.concatenate(parts, axis=2), 1, 0), np.float32)
            for parts in ([vectors, norm, ones], [vectors, ones, norm])
        )
        own = np.exp(2 * scale).sum(axis=1)
        variance = self._noise * (np.exp(2 * noise[:, 0]) + np.float32(LEAST_NOISE) + np.float32(NOISE_SHARE) * own)
        return Points(left, right, variance, own)


def _beside(vectors: Float, more: Float) -> Float:
    """Vectors (n, kernels, dims) with more coordinates (n, m), the same for each kernel."""
    wide = np.broadcast_to(more[:, None], (*vectors.shape[:2], more.shape[1]))
    return np.concatenate([vectors, wide], axis=2)


def covariance(ones: Float, other: Points) -> Float:
    """The kernel between n places, as left side, and m places, (n, m), in ab^2."""
    total = np.zeros((ones.shape[1], other.right.shape[1]), np.float32)
    for left, right in zip(ones, other.right, strict=True):
        logarithm = product(left, right.T)
        total += cv2.exp(logarithm, dst=logarithm)  # in a fifth of NumPy's time
    return total


def share_of(places: Float, size: tuple[int, int]) -> Float:
    """Places in pixels as shares of the sides, in [0, 1]."""
    return np.asarray((places + np.float32(0.5)) / np.array(size, np.float32), np.float32)


def centres(size: tuple[int, int], stride: int) -> Float:
    """The centres, (n, 2), of the cells of a picture of ``size``, in pixels, row by row."""
    y, x = (np.arange(side // stride, dtype=np.float32) * stride + (stride - 1) / 2 for side in size)
    return np.stack(np.meshgrid(y, x, indexing="ij"), axis=-1).reshape(-1, 2)


def sampled(planes: Float, at: Float) -> Float:
    """Planes (h, w, C) at places (n, 2), y and x in [0, 1], bilinear -> (n, C)."""
    limit = np.array(planes.shape[:2])
    exact = np.clip(at * limit - 0.5, 0, limit - 1).astype(np.float32)
    first = np.minimum(exact.astype(np.intp), np.maximum(limit - 2, 0))
    (dy, dx), (y, x) = (exact - first).T[..., None], first.T
    y1, x1 = np.minimum(y + 1, limit[0] - 1), np.minimum(x + 1, limit[1] - 1)
    above = planes[y, x] * (1 - dx) + planes[y, x1] * dx
    below = planes[y1, x] * (1 - dx) + planes[y1, x1] * dx
    return np.asarray(above * (1 - dy) + below * dy, np.float32)

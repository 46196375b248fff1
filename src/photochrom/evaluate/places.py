"""Where a true picture is measured for artefacts: its edges, its even regions, its skin. Worked out once for all results."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from types import EllipsisType
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from photochrom.errors import InvalidPixelsError
from photochrom.evaluate.skin import tones

__all__ = ["TruthPlaces"]

#: Sigma in pixels of the Gaussian under the gradients, and of the wider one for the direction in which colour changes nearby.
EDGE_SIGMA, NEAR_SIGMA = 1.0, 8.0
#: Gradients of L* per pixel: below FLAT there is no lightness edge, from LIGHT_EDGE on there is one.
FLAT, LIGHT_EDGE = 1.5, 4.0
#: Gradients of ab per pixel: from COLOUR_EDGE on there is a colour edge; from COLOUR_NEAR on, at NEAR_SIGMA, one is near.
COLOUR_EDGE, COLOUR_NEAR = 3.0, 0.5

#: Sigma in pixels of what is low frequency; at this sigma a uniform region has lower gradients of L* and of ab per pixel.
REGION_SIGMA, REGION_LIGHT, REGION_COLOUR = 4.0, 0.8, 0.5
#: The smallest region, as a share of the picture.
REGION_SHARE = 0.005


def _blur(plane: NDArray[Any], sigma: float) -> NDArray[np.float32]:
    return np.asarray(cv2.GaussianBlur(plane, (0, 0), sigma), np.float32)


def _planes(lab: NDArray[Any]) -> NDArray[np.float32]:
    """L*, a* and b*, each by itself: (h, w, 3) -> (3, h, w)."""
    return np.ascontiguousarray(np.moveaxis(lab, -1, 0), np.float32)


def slopes(planes: NDArray[Any], sigma: float = EDGE_SIGMA) -> NDArray[np.float32]:
    """Slopes in units per pixel along x and y of (h, w) or (n, h, w) under a Gaussian -> (2 n, h, w)."""
    smooth = [_blur(np.asarray(plane, np.float32), sigma) for plane in planes.reshape(-1, *planes.shape[-2:])]
    return np.stack(
        [cv2.Scharr(plane, cv2.CV_32F, *axis, scale=1 / 32) for plane in smooth for axis in ((1, 0), (0, 1))]
    )


def length(vectors: NDArray[Any]) -> NDArray[np.float32]:
    """Length of vectors (n, h, w) -> (h, w)."""
    return np.asarray(np.sqrt((vectors * vectors).sum(axis=0)))


@dataclass(frozen=True)
class Region:
    """A uniform region: its box, its pixels inside it, the blurred share of them, and what is regressed on, (3, n)."""

    box: tuple[EllipsisType, slice, slice]
    inside: NDArray[np.uint8]
    weight: NDArray[np.float32]
    design: NDArray[np.float64]

    @cached_property
    def basis(self) -> NDArray[np.float64]:
        """Orthonormal rows, (3 or fewer, n), that reach as far as those of ``design``: for one regression after another."""
        # Of the tall matrix: that of the wide one takes several times as long.
        left, spread, _ = np.linalg.svd(self.design.T, full_matrices=False)
        return np.ascontiguousarray(left[:, spread > spread[0] * np.finfo(np.float64).eps * len(left)].T)

    def low(self, planes: NDArray[np.float32]) -> NDArray[np.float64]:
        """The region's ab without fine detail and without its neighbours' colour: planes (3, h, w) -> (2, n)."""
        return _low(planes[self.box], self.inside, self.weight)


def _low(planes: NDArray[np.float32], inside: NDArray[np.uint8], weight: NDArray[Any]) -> NDArray[np.float64]:
    at = np.flatnonzero(inside)  # a mask of pixels is far slower as an index
    masked = np.stack([np.take(_blur(cv2.copyTo(plane, inside), REGION_SIGMA), at) for plane in planes[1:]])
    return np.asarray(masked / weight, np.float64)


class TruthPlaces:
    """The places where a true picture is measured, worked out once for all results: L*a*b* float (h, w, 3).

    Every measure takes it in the place of the truth's L*a*b*. Raises InvalidPixelsError for another shape or NaN.
    """

    def __init__(self, lab: NDArray[Any]) -> None:
        if lab.ndim != 3 or lab.shape[2] != 3 or not np.isfinite(lab).all():
            raise InvalidPixelsError(f"a true picture of shape {lab.shape}; expected finite L*a*b* (h, w, 3)")
        self.lab = lab
        self._planes = _planes(lab)
        self._last: dict[str, tuple[NDArray[Any], Any]] = {}

    def paired(self, result: NDArray[Any]) -> TruthPlaces:
        """Itself, once the result has its shape and is finite. Raises InvalidPixelsError."""
        if result.shape != self.lab.shape or not self._again("finite", result, lambda: np.isfinite(result).all()):
            raise InvalidPixelsError(f"a result of shape {result.shape}; expected finite L*a*b* {self.lab.shape}")
        return self

    def _again(self, what: str, result: NDArray[Any], work: Callable[[], Any]) -> Any:
        """``work()``, or its last result where the array is the same: several measures need the same of it."""
        if what not in self._last or self._last[what][0] is not result:
            self._last[what] = result, work()
        return self._last[what][1]

    def planes_of(self, result: NDArray[Any]) -> NDArray[np.float32]:
        """A result's L*, a* and b*, (3, h, w)."""
        found: NDArray[np.float32] = self._again("planes", result, lambda: _planes(result))
        return found

    def slopes_of(self, result: NDArray[Any]) -> NDArray[np.float32]:
        """Slopes of a result's a* and b*, (4, h, w), as :attr:`colour_slopes`."""
        found: NDArray[np.float32] = self._again("slopes", result, lambda: slopes(self.planes_of(result)[1:]))
        return found

    def casts_of(self, result: NDArray[Any]) -> dict[str, float]:
        """The length of the mean ab error of a result over the skin of each tone that the picture has."""

        def work() -> dict[str, float]:
            planes = self.planes_of(result)
            return {name: float(np.hypot(*(_means(planes, at) - mean))) for name, (at, mean) in self.skin.items()}

        found: dict[str, float] = self._again("casts", result, work)
        return found

    @cached_property
    def light_slope(self) -> NDArray[np.float32]:
        """Gradient of L*, (h, w)."""
        return length(slopes(self._planes[0]))

    @cached_property
    def colour_slopes(self) -> NDArray[np.float32]:
        """Slopes of a* and b* along x and y, (4, h, w)."""
        return slopes(self._planes[1:])

    @cached_property
    def borders(self) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
        """Which way colour changes near its borders, (4, h, w), 0 elsewhere; and the pixels where L* is flat, (n,)."""
        wide = slopes(self._planes[1:], NEAR_SIGMA)
        size = length(wide)
        way = wide * np.divide(1, size, out=np.zeros_like(size), where=size >= COLOUR_NEAR)
        return way, np.flatnonzero(self.light_slope < FLAT)

    def change_along(self, slope: NDArray[np.float32]) -> tuple[float, float]:
        """How much a picture of these slopes changes its colour along :attr:`borders`: in all, and where L* is flat."""
        way, flat = self.borders
        change = (slope * way).sum(axis=0)
        every, beside = (float(part.sum(dtype=np.float64)) for part in (change, np.take(change, flat)))
        return every, beside

    @cached_property
    def true_change(self) -> tuple[float, float] | None:
        """:meth:`change_along` of the truth itself; None where it has no border of colours."""
        return self.change_along(self.colour_slopes) if self.borders[0].any() else None

    @cached_property
    def edges(self) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """The pixels on edges of light and of colour, (n,), counted row by row, and the gradient of ab there."""
        change = length(self.colour_slopes)
        at = np.flatnonzero((self.light_slope >= LIGHT_EDGE) & (change >= COLOUR_EDGE))
        return at, np.take(change, at).astype(np.float64)

    @cached_property
    def regions(self) -> tuple[Region, ...]:
        """Connected regions of even colour and without an edge of L*, the larger ones only."""
        calm = length(slopes(self._planes[0], REGION_SIGMA)) < REGION_LIGHT
        calm &= length(slopes(self._planes[1:], REGION_SIGMA)) < REGION_COLOUR
        _, labels, stats, _ = cv2.connectedComponentsWithStats(calm.astype(np.uint8), connectivity=4)
        found = []
        for label, (left, top, width, height, size) in enumerate(stats.tolist()):
            if label == 0 or size < REGION_SHARE * labels.size:
                continue
            box = ..., slice(top, top + height), slice(left, left + width)
            inside = (labels[box] == label).astype(np.uint8)
            weight = np.take(_blur(inside.astype(np.float32), REGION_SIGMA), np.flatnonzero(inside))
            truth = _low(self._planes[box], inside, weight)
            found.append(Region(box, inside, weight, np.concatenate([truth, np.ones((1, size))])))
        return tuple(found)

    @cached_property
    def skin(self) -> dict[str, tuple[NDArray[np.intp], NDArray[np.float64]]]:
        """For each tone of skin that the picture has (:func:`.skin.tones`): its pixels, counted row by row, and their mean ab."""
        pixels = {name: np.flatnonzero(where) for name, where in tones(self.lab).items()}
        return {name: (at, _means(self._planes, at)) for name, at in pixels.items()}


def _means(planes: NDArray[np.float32], at: NDArray[np.intp]) -> NDArray[np.float64]:
    """The mean a* and b* of these pixels: planes (3, h, w) -> (2,)."""
    return np.array([np.take(plane, at).mean(dtype=np.float64) for plane in planes[1:]])

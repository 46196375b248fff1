"""Where a true picture is measured for artefacts: its edges, its even regions, its skin. Worked out once for all results."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from photochrom.errors import InvalidPixelsError
from photochrom.evaluate.skin import tones

__all__ = ["TruthPlaces"]

#: Sigma in pixels of the Gaussian under the gradients, and of the wider one that tells which way colour changes nearby.
EDGE_SIGMA, NEAR_SIGMA = 1.0, 8.0
#: Gradients of L* per pixel: below FLAT there is no lightness edge, from LIGHT_EDGE on there is one.
FLAT, LIGHT_EDGE = 1.5, 4.0
#: Gradients of ab per pixel: from COLOUR_EDGE on there is a colour edge; from COLOUR_NEAR on, at NEAR_SIGMA, one is near.
COLOUR_EDGE, COLOUR_NEAR = 3.0, 0.5

#: Sigma in pixels of what is low frequency; at this sigma a uniform region has lower gradients of L* and of ab per pixel.
REGION_SIGMA, REGION_LIGHT, REGION_COLOUR = 4.0, 0.8, 0.5
#: The smallest region, as a share of the picture.
REGION_SHARE = 0.005


def _blur(planes: NDArray[Any], sigma: float) -> NDArray[np.float32]:
    return np.asarray(cv2.GaussianBlur(np.asarray(planes, np.float32), (0, 0), sigma), np.float32)


def slopes(planes: NDArray[Any], sigma: float = EDGE_SIGMA) -> NDArray[np.float32]:
    """Slopes in units per pixel along x and y of (h, w) or (h, w, n) under a Gaussian -> (h, w, 2 n)."""
    smooth = _blur(planes, sigma)
    pair = [cv2.Scharr(smooth, cv2.CV_32F, *axis, scale=1 / 32) for axis in ((1, 0), (0, 1))]
    return np.asarray(np.stack(pair, axis=-1).reshape(*smooth.shape[:2], -1), np.float32)


def length(vectors: NDArray[Any]) -> NDArray[np.float32]:
    """Length of vectors (..., n) -> (...)."""
    return np.asarray(np.sqrt(np.einsum("...i,...i", vectors, vectors)), np.float32)


@dataclass(frozen=True)
class Region:
    """A uniform region: its box, its pixels inside it, the blurred share of them, and what is regressed on, (n, 3)."""

    box: tuple[slice, slice]
    inside: NDArray[np.bool_]
    weight: NDArray[np.float32]
    design: NDArray[np.float64]

    @cached_property
    def basis(self) -> NDArray[np.float64]:
        """Orthonormal columns, (n, 3 or fewer), that reach as far as those of ``design``: for one regression after another."""
        left, spread, _ = np.linalg.svd(self.design, full_matrices=False)
        return np.asarray(left[:, spread > spread[0] * np.finfo(np.float64).eps * len(left)])

    def low(self, lab: NDArray[Any]) -> NDArray[np.float64]:
        """The region's ab without fine detail and without its neighbours' colour: (n, 2)."""
        return _low(lab[self.box], self.inside, self.weight)


def _low(lab: NDArray[Any], inside: NDArray[np.bool_], weight: NDArray[Any]) -> NDArray[np.float64]:
    masked = _blur(lab[..., 1:] * inside[..., None], REGION_SIGMA)
    return np.asarray(masked[inside] / weight[:, None], np.float64)


class TruthPlaces:
    """The places where a true picture is measured, worked out once for all results: L*a*b* float (h, w, 3).

    Every measure takes it in the place of the truth's L*a*b*. Raises InvalidPixelsError for another shape or NaN.
    """

    def __init__(self, lab: NDArray[Any]) -> None:
        if lab.ndim != 3 or lab.shape[2] != 3 or not np.isfinite(lab).all():
            raise InvalidPixelsError(f"a true picture of shape {lab.shape}; expected finite L*a*b* (h, w, 3)")
        self.lab = lab
        self._last: dict[str, tuple[NDArray[Any], Any]] = {}

    def paired(self, result: NDArray[Any]) -> TruthPlaces:
        """Itself, once the result has its shape and is finite. Raises InvalidPixelsError."""
        if result.shape != self.lab.shape or not np.isfinite(result).all():
            raise InvalidPixelsError(f"a result of shape {result.shape}; expected finite L*a*b* {self.lab.shape}")
        return self

    def _again(self, what: str, result: NDArray[Any], work: Callable[[], Any]) -> Any:
        """``work()``, or what it gave where the same array is asked about again: several measures need the same of it."""
        if what not in self._last or self._last[what][0] is not result:
            self._last[what] = result, work()
        return self._last[what][1]

    def slopes_of(self, result: NDArray[Any]) -> NDArray[np.float32]:
        """Slopes of a result's a* and b*, (h, w, 4), as :attr:`colour_slopes`."""
        found: NDArray[np.float32] = self._again("slopes", result, lambda: slopes(result[..., 1:]))
        return found

    def casts_of(self, result: NDArray[Any]) -> dict[str, float]:
        """The length of the mean ab error of a result over the skin of each tone that the picture has."""

        def work() -> dict[str, float]:
            error = np.asarray(result[..., 1:], np.float64) - self.lab[..., 1:] if self.skin else np.zeros((1, 1, 2))
            return {name: float(np.hypot(*error[where].mean(axis=0))) for name, where in self.skin.items()}

        found: dict[str, float] = self._again("casts", result, work)
        return found

    @cached_property
    def light_slope(self) -> NDArray[np.float32]:
        """Gradient of L*, (h, w)."""
        return length(slopes(self.lab[..., 0]))

    @cached_property
    def colour_slopes(self) -> NDArray[np.float32]:
        """Slopes of a* and b* along x and y, (h, w, 4)."""
        return slopes(self.lab[..., 1:])

    @cached_property
    def near(self) -> tuple[NDArray[np.bool_], NDArray[np.float32], NDArray[np.bool_]]:
        """Where a colour border is near, (h, w); there, the way colour changes across it, (n, 4), and is L* flat, (n,)."""
        wide = slopes(self.lab[..., 1:], NEAR_SIGMA)
        size = length(wide)
        where = size >= COLOUR_NEAR
        return where, wide[where] / size[where][:, None], self.light_slope[where] < FLAT

    @cached_property
    def regions(self) -> tuple[Region, ...]:
        """Connected regions of even colour and without an edge of L*, the larger ones only."""
        calm = length(slopes(self.lab[..., 0], REGION_SIGMA)) < REGION_LIGHT
        calm &= length(slopes(self.lab[..., 1:], REGION_SIGMA)) < REGION_COLOUR
        _, labels, stats, _ = cv2.connectedComponentsWithStats(calm.astype(np.uint8), connectivity=4)
        found = []
        for label, (left, top, width, height, size) in enumerate(stats.tolist()):
            if label == 0 or size < REGION_SHARE * labels.size:
                continue
            box = slice(top, top + height), slice(left, left + width)
            inside = labels[box] == label
            weight = _blur(inside, REGION_SIGMA)[inside]
            truth = _low(self.lab[box], inside, weight)
            design = np.concatenate([truth, np.ones((len(truth), 1))], axis=1)
            found.append(Region(box, inside, weight, design))
        return tuple(found)

    @cached_property
    def skin(self) -> dict[str, NDArray[np.bool_]]:
        """Pixels (h, w) whose colour is that of skin, for each tone that the picture has: :func:`.skin.tones`."""
        return tones(self.lab)

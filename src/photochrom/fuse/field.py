"""From the network's coarse cells to a colour field: ab as a function of place and lightness, at work size.

1. :func:`sharpen` brings the network's coarse cells to work size. A network predicts the mean colour of a cell, blurred
   over its neighbours; edges are restored by adding slope * (L* - blurred L*), where the slope is the local regression of
   the cells' ab on their L* and L* is blurred as the network blurs (He, Sun, Tang 2013, eq. 5, fitted at the resolution
   the colours are known at, as in He and Sun 2015).
2. :func:`fit` fits ab = slope * L* + offset around every work pixel (the same equation), passing through its own colour.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from photochrom.errors import InvalidPixelsError
from photochrom.resize import resized

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["ColorField", "fit", "sharpen"]

#: How far the network smears colour beyond the cell it belongs to: sigma of a Gaussian, in cells.
NETWORK_BLUR = 0.6

# Added to the variance of L* in a window, as in the guided filter: edges weaker than its root do not steer colour.
_CELL_EPS = 16.0
_PIXEL_EPS = 4.0


@dataclass(frozen=True)
class ColorField:
    """Colour as a function of place and lightness: ab = slope * clip(L*, low, high) + offset, at work size.

    slope and offset: (h, w, 2) float32, in ab per unit of L* and in ab; low and high: (h, w) float32, in L*.
    """

    slope: NDArray[np.float32]
    offset: NDArray[np.float32]
    low: NDArray[np.float32]
    high: NDArray[np.float32]

    def at(self, lightness: NDArray[Any]) -> NDArray[np.float32]:
        """ab (h, w, 2) at L* (h, w) of work size."""
        steer = np.clip(np.asarray(lightness, np.float32), self.low, self.high)
        return self.slope * steer[..., None] + self.offset

    @cached_property
    def planes(self) -> NDArray[np.float32]:
        """All of it as (h, 6, w): slope of a*, slope of b*, offset of a*, offset of b*, low, high."""
        slope, offset = self.slope, self.offset
        return np.stack([slope[..., 0], slope[..., 1], offset[..., 0], offset[..., 1], self.low, self.high], axis=1)


def sharpen(ab: NDArray[Any], lightness: NDArray[Any], *, blur: float = NETWORK_BLUR) -> NDArray[np.float32]:
    """Bring the network's cells (gh, gw, 2) ab to the size of ``lightness`` (h, w) L*, edges where L* has them.

    Returns ab (h, w, 2) float32. Both arrays cover the same part of the photograph. ``blur`` is how far the network smears
    colour, in cells (0: cells are exact means). Colours stay within the range of the cells around.
    Raises InvalidPixelsError for other shapes or non-finite values.
    """
    cells, light = _checked(ab, "ab", 3), _checked(lightness, "lightness", 2)
    size, grid = (light.shape[0], light.shape[1]), (cells.shape[0], cells.shape[1])
    cell_light = resized(light, grid)
    if blur > 0:
        smeared: Any = cv2.GaussianBlur(cell_light, (0, 0), blur, borderType=cv2.BORDER_REPLICATE)
        cell_light = np.asarray(smeared, np.float32)
    slope = np.stack([*_slope(cell_light, _planes(cells), 1, _CELL_EPS)], axis=-1)
    low, high = (resized(extreme(cells, 2), size) for extreme in (_local_min, _local_max))
    detail = light - resized(cell_light, size, cv2.INTER_CUBIC)
    sharp = resized(cells, size, cv2.INTER_CUBIC) + resized(slope, size) * detail[..., None]
    return np.clip(sharp, low, high)


def fit(ab: NDArray[Any], lightness: NDArray[Any], *, radius: int = 1, eps: float = _PIXEL_EPS) -> ColorField:
    """Fit colour against lightness around every work pixel: ab (h, w, 2) and L* (h, w) of one size -> ColorField.

    ``radius`` is that of the windows, in work pixels; ``eps`` is added to the variance of L* in them: where L* varies by
    less than sqrt(eps), colour does not follow it. Within the L* range of its window, no pixel's function leaves the ab
    range of that window. Raises InvalidPixelsError for other shapes or non-finite values.
    """
    colour, light = _checked(ab, "ab", 3), _checked(lightness, "lightness", 2)
    if colour.shape[:2] != light.shape:
        raise InvalidPixelsError(
            f"ab is {colour.shape[:2]} and lightness {light.shape}; sharpen() brings cells to size"
        )
    planes = _planes(colour)  # operations with L* go much faster plane by plane
    slope = _slope(light, planes, radius, eps)
    low, high = _local_min(light, radius), _local_max(light, radius)
    above, below = high - light + np.float32(1e-3), light - low + np.float32(1e-3)
    more = _planes(_local_max(colour, radius)) - planes
    less = planes - _planes(_local_min(colour, radius))
    np.maximum(slope, -np.minimum(less / above, more / below), out=slope)
    np.minimum(slope, np.minimum(more / above, less / below), out=slope)
    return ColorField(np.stack([*slope], axis=-1), np.stack([*(planes - slope * light)], axis=-1), low, high)


def _slope(light: NDArray[np.float32], ab: NDArray[np.float32], radius: int, eps: float) -> NDArray[np.float32]:
    """Slope (2, h, w) of the local regression of the planes of ab on L*.

    The guided filter's slope, cov / (var + eps), times the share of the ab variance that L* explains: a slope that
    only noise suggests vanishes.
    """

    def mean(values: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.stack([mean(plane) for plane in values]) if values.ndim == 3 else _mean(values, radius)

    mean_light, mean_ab = mean(light), mean(ab)
    variance = np.maximum(mean(light * light) - mean_light**2, 0)
    covariance = mean(light * ab) - mean_light * mean_ab
    variance_ab = np.maximum(mean(ab * ab) - mean_ab**2, 0).sum(axis=0)
    explained = (covariance**2).sum(axis=0) / ((variance + np.float32(1e-3)) * (variance_ab + np.float32(1e-3)))
    return np.asarray(covariance * (np.minimum(explained, 1) / (variance + np.float32(eps))), np.float32)


def _planes(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """(h, w, 2) -> (2, h, w)."""
    return np.ascontiguousarray(np.moveaxis(values, -1, 0))


# OpenCV's type hints do not give dtypes; these wrappers do, for (h, w) and (h, w, 2).


def _mean(values: NDArray[np.float32], radius: int) -> NDArray[np.float32]:
    mean: Any = cv2.blur(values, (2 * radius + 1,) * 2, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(mean, np.float32)


def _local_min(values: NDArray[np.float32], radius: int) -> NDArray[np.float32]:
    least: Any = cv2.erode(values, np.ones((2 * radius + 1,) * 2, np.uint8))
    return np.asarray(least, np.float32)


def _local_max(values: NDArray[np.float32], radius: int) -> NDArray[np.float32]:
    most: Any = cv2.dilate(values, np.ones((2 * radius + 1,) * 2, np.uint8))
    return np.asarray(most, np.float32)


def _checked(values: NDArray[Any], name: str, ndim: int) -> NDArray[np.float32]:
    checked = np.ascontiguousarray(values, np.float32)
    if checked.ndim != ndim or not checked.size or (ndim == 3 and checked.shape[2] != 2):
        raise InvalidPixelsError(f"{name} has shape {checked.shape}, expected {'(h, w, 2)' if ndim == 3 else '(h, w)'}")
    if not np.isfinite(checked).all():
        raise InvalidPixelsError(f"{name} holds NaN or infinity")
    return checked

"""Planes at another size, in the one way in which all of Photochrom resizes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Float: TypeAlias = NDArray[np.float32]

__all__ = ["enlarged", "resized"]


def resized(values: NDArray[Any], shape: tuple[int, int], enlarge: int = cv2.INTER_LINEAR) -> Float:
    """Values (h, w) or (h, w, n) at ``shape`` (rows, columns), float32.

    Averaged over areas along a side that shrinks; along one that grows interpolated by OpenCV's method ``enlarge``.
    """
    plane = np.asarray(values, np.float32)
    smaller = min(plane.shape[0], shape[0]), min(plane.shape[1], shape[1])
    for size, method in ((smaller, cv2.INTER_AREA), (shape, enlarge)):
        if plane.shape[:2] != size:
            changed: Any = cv2.resize(plane, size[::-1], interpolation=method)
            plane = np.asarray(changed, np.float32)
    return plane


def enlarged(grids: Float, scale: tuple[float, float], shape: tuple[int, int]) -> Float:
    """Grids (..., h, w) interpolated linearly at ``shape`` (rows, columns), which covers the same picture from its first corner.

    scale: sides of a cell of the result, (vertical, horizontal), in cells of ``grids``; beyond the last cell it is repeated.
    """
    for axis, step, count in ((-2, scale[0], shape[0]), (-1, scale[1], shape[1])):
        last = grids.shape[axis] - 1
        at = ((np.arange(count, dtype=np.float32) + 0.5) * step - 0.5).clip(0, last)
        before = np.floor(at).astype(np.intp)
        share = (at - before).reshape([-1, 1] if axis == -2 else [-1])
        first, second = grids.take(before, axis), grids.take(np.minimum(before + 1, last), axis)
        grids = first + share * (second - first)
    return np.ascontiguousarray(grids, np.float32)

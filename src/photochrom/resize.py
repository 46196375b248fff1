"""Planes at another size, in the one way in which all of Photochrom resizes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Float: TypeAlias = NDArray[np.float32]

__all__ = ["resized"]


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

"""Layers that are exact to the pixel: regions and hinted pixels, laid over the colour field at full resolution."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from photochrom.fuse.field import ColorField

    Float: TypeAlias = NDArray[np.float32]
    Size: TypeAlias = tuple[int, int]

__all__ = ["Dots", "Layer", "Patch", "patch"]


@dataclass(frozen=True)
class Patch:
    """A region: ``alpha`` (h, w) uint8, 255 where it covers, placed with its first pixel at (``top``, ``left``) of the picture.

    ``color`` is one ab (2,), or a field that covers the whole picture.
    """

    top: int
    left: int
    alpha: NDArray[np.uint8]
    color: tuple[float, float] | ColorField

    def within(self, y: int, x: int, h: int, w: int) -> tuple[tuple[slice, slice], NDArray[np.uint8]] | None:
        """The part inside the window of size (h, w) at (y, x): its rows and columns within the window, and its alpha."""
        top, left = max(self.top, y), max(self.left, x)
        bottom = min(self.top + self.alpha.shape[0], y + h)
        right = min(self.left + self.alpha.shape[1], x + w)
        if top >= bottom or left >= right:
            return None
        covers = self.alpha[top - self.top : bottom - self.top, left - self.left : right - self.left]
        return (slice(top - y, bottom - y), slice(left - x, right - x)), covers

    def scaled(self, across: float, down: float, size: Size) -> Patch:
        """The same layer for a smaller copy of the picture, of ``size`` (width, height), scaled by ``across`` and ``down``."""
        top, left = int(self.top * down), int(self.left * across)
        bottom = min(math.ceil((self.top + self.alpha.shape[0]) * down), size[1])
        right = min(math.ceil((self.left + self.alpha.shape[1]) * across), size[0])
        shape = max(1, right - left), max(1, bottom - top)
        small: Any = cv2.resize(self.alpha, shape, interpolation=cv2.INTER_AREA)
        return Patch(min(top, size[1] - 1), min(left, size[0] - 1), small, self.color)


@dataclass(frozen=True)
class Dots:
    """Single pixels, by rows: ``y`` (ascending) and ``x`` (n,), and their ab (n, 2)."""

    y: NDArray[np.intp]
    x: NDArray[np.intp]
    ab: Float

    def within(self, y: int, x: int, h: int, w: int) -> tuple[tuple[NDArray[np.intp], NDArray[np.intp]], Float]:
        """The dots inside the window of size (h, w) at (y, x): their rows and columns within the window, and their ab."""
        first, last = np.searchsorted(self.y, (y, y + h))
        rows, columns, ab = self.y[first:last] - y, self.x[first:last] - x, self.ab[first:last]
        inside = (columns >= 0) & (columns < w)
        return (rows[inside], columns[inside]), ab[inside]

    def scaled(self, across: float, down: float, size: Size) -> Dots:
        """The same layer for a smaller copy of the picture; see :meth:`Patch.scaled`."""
        y = np.minimum((self.y + 0.5) * down, size[1] - 1).astype(np.intp)
        x = np.minimum((self.x + 0.5) * across, size[0] - 1).astype(np.intp)
        return Dots(y, x, self.ab)


Layer: TypeAlias = "Patch | Dots"


def patch(mask: NDArray[Any], strength: float, color: tuple[float, float] | ColorField, *, soft: bool = True) -> Patch:
    """A patch for a mask (H, W) in [0, 1] of the picture's size; ``soft``: its border is softened by a pixel."""
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    top, bottom = max(int(rows[0]) - 1, 0), min(int(rows[-1]) + 2, mask.shape[0])
    left, right = max(int(columns[0]) - 1, 0), min(int(columns[-1]) + 2, mask.shape[1])
    covers = np.rint(mask[top:bottom, left:right] * (255 * np.float32(strength))).astype(np.uint8)
    if not soft:
        return Patch(top, left, covers, color)
    blurred: Any = cv2.blur(covers, (3, 3), borderType=cv2.BORDER_REPLICATE)
    return Patch(top, left, blurred, color)

"""What holds to the pixel: regions and hinted pixels, laid over the colour field at full resolution."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from photochrom.fuse.field import ColorField

    Float: TypeAlias = NDArray[np.float32]

__all__ = ["Dots", "Layer", "Patch", "patch"]


@dataclass(frozen=True)
class Patch:
    """A region: ``alpha`` (h, w) uint8, 255 = covers, whose first pixel is (``top``, ``left``) of the picture.

    ``color`` is one ab (2,), or a field that covers the whole picture.
    """

    top: int
    left: int
    alpha: NDArray[np.uint8]
    color: tuple[float, float] | ColorField


@dataclass(frozen=True)
class Dots:
    """Single pixels, by rows: ``y`` (ascending) and ``x`` (n,), and their ab (n, 2)."""

    y: NDArray[np.intp]
    x: NDArray[np.intp]
    ab: Float


Layer: TypeAlias = "Patch | Dots"


def patch(mask: NDArray[Any], strength: float, color: tuple[float, float] | ColorField) -> Patch:
    """A patch for a mask (H, W) in [0, 1] of the picture's size, its border softened by a pixel."""
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    top, bottom = max(int(rows[0]) - 1, 0), min(int(rows[-1]) + 2, mask.shape[0])
    left, right = max(int(columns[0]) - 1, 0), min(int(columns[-1]) + 2, mask.shape[1])
    covers = np.rint(mask[top:bottom, left:right] * (255 * np.float32(strength))).astype(np.uint8)
    soft: Any = cv2.blur(covers, (3, 3), borderType=cv2.BORDER_REPLICATE)
    return Patch(top, left, soft, color)

"""What the object head is asked: scribbles, a box and a mask, as planes on its grid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Float: TypeAlias = NDArray[np.float32]
    Bool: TypeAlias = NDArray[np.bool_]
#: x0, y0, x1, y1, in shares of the picture's sides.
Box: TypeAlias = tuple[float, float, float, float]

__all__ = ["CELL", "PLANES", "Box", "prompt_planes"]

#: Work pixels along a side of a cell of the head's grid.
CELL = 4
#: Planes of a prompt: add, erase, nearness of either, inside of the box, the mask so far, and whether there is one.
PLANES = 7
#: Nearness falls to 1/e in so many cells.
_NEAR = 12.0


def prompt_planes(add: Bool, erase: Bool, box: Box | None = None, mask: Float | None = None) -> Float:
    """A prompt (PLANES, h, w) in [0, 1]: cells (h, w) that are added and erased, a box, and the mask (h, w) so far, in [0, 1]."""
    planes = np.zeros((PLANES, *add.shape), np.float32)
    for index, cells in enumerate((add, erase)):
        planes[index] = cells
        if cells.any():
            away: Any = cv2.distanceTransform((~cells).astype(np.uint8), cv2.DIST_L2, 3)
            planes[2 + index] = np.exp(away / np.float32(-_NEAR))
    if box is not None:
        planes[4] = _inside(box, add.shape)
    if mask is not None:
        planes[5], planes[6] = mask, 1
    return planes


def _inside(box: Box, shape: tuple[int, ...]) -> Float:
    """The share of each cell that lies in the box."""
    sides = []
    for low, high, count in ((box[1], box[3], shape[0]), (box[0], box[2], shape[1])):
        cells = np.arange(count, dtype=np.float32)
        sides.append((np.minimum(cells + 1, high * count) - np.maximum(cells, low * count)).clip(0, 1))
    return np.outer(*sides).astype(np.float32)

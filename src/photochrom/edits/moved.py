"""Hints on another view of a photograph: turned, straightened and cropped with it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from photochrom.edits.geometry import View
from photochrom.edits.hints import Blend, Hint, Hints, Keep, Region, Step
from photochrom.edits.places import ColorMap, Mask, Size, Spot
from photochrom.images import warped

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["moved", "moved_mask", "moved_spot"]

#: A mask that is coarser than its picture gets cells of so many times fewer pixels along a side: so that they keep their places.
_FINER = 8


def moved(hints: Hints, view: View) -> Hints:
    """The same hints, with the result's coordinates in place of the photograph's. What lies beyond the crop is left out."""
    if view.size == view.original and np.array_equal(view.matrix, np.eye(2, 3)):
        return hints
    return Hints(step for one in hints for step in _step(one, view))


def _step(step: Step, view: View) -> Iterator[Step]:
    if isinstance(step, (Hint, Keep)):
        place = moved_spot(step.place, view) if isinstance(step.place, Spot) else moved_mask(step.place, view)
        if place is not None:
            yield replace(step, place=place)
        return
    if step.mask is None:
        yield step
        return
    mask = moved_mask(step.mask, view)
    if mask is None:
        return
    if isinstance(step, (Region, Blend)) and isinstance(step.ab, ColorMap):
        yield replace(step, mask=mask, ab=ColorMap(_plane(step.ab.ab, view, 1, nearest=False)))
    else:
        yield replace(step, mask=mask)


def moved_spot(spot: Spot, view: View) -> Spot | None:
    """The place in the result; None outside it."""
    (x, y) = view.result([(spot.x, spot.y)])[0].tolist()
    inside = -0.5 <= x < view.size[0] - 0.5 and -0.5 <= y < view.size[1] - 0.5
    return Spot(x, y, spot.radius) if inside else None


def moved_mask(mask: Mask, view: View) -> Mask | None:
    """The mask in the result; None where nothing of it is there."""
    hard = mask.weight.dtype == bool
    plane = mask.weight.astype(np.uint8) if hard else mask.weight
    plane = _plane(plane, view, _FINER, nearest=hard)
    if not plane.any():
        return None
    return Mask(plane.astype(bool) if hard else plane.clip(0, 1))


def _plane(plane: NDArray[Any], view: View, finer: int, *, nearest: bool) -> NDArray[Any]:
    """An array over the whole photograph, (h, w) or (h, w, n) of any size, over the whole result."""
    rows, columns = plane.shape[:2]
    if (columns, rows) == view.original:
        return warped(plane, view.matrix, view.size, nearest=nearest)
    # Cells of the same size as before, or finer ones; along the other side where the picture is turned.
    sideways = abs(view.matrix[0, 0]) < abs(view.matrix[0, 1])
    right_angle = np.allclose(np.abs(view.matrix[:, :2]).sum(axis=0), 1) and view.size in (
        view.original,
        view.original[::-1],
    )
    cells = np.array([columns / view.original[0], rows / view.original[1]])
    new_cells = (cells[::-1] if sideways else cells) * (1 if right_angle else finer)
    size = _at_least_one(view.size, np.minimum(new_cells, 1))
    new_cells = np.array(size) / view.size
    turn, offset = view.matrix[:, :2], view.matrix[:, 2]
    turn_cells = new_cells[:, None] * turn / cells
    # From pixel centres to edges and back: the first cell's centre lies at half a cell.
    edges = new_cells * (offset + 0.5 - turn @ [0.5, 0.5])
    matrix = np.concatenate([turn_cells, (edges + turn_cells @ [0.5, 0.5] - 0.5)[:, None]], axis=1)
    return warped(plane, matrix, size, nearest=nearest)


def _at_least_one(size: Size, scale: NDArray[np.float64]) -> Size:
    return max(1, math.ceil(size[0] * scale[0])), max(1, math.ceil(size[1] * scale[1]))

"""Hints brought onto the grids of a photograph: the model's cells, the pixels at work size, the places that kriging knows.

Here, and nowhere else, the picture's own pixels become those of a grid. What comes out is all that :mod:`.grids` needs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

from photochrom.edits.hints import Blend, Hint, Hints
from photochrom.edits.places import ColorMap, Mask, Size, Spot
from photochrom.resize import resized

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Float: TypeAlias = NDArray[np.float32]
#: Rows and columns.
Shape: TypeAlias = tuple[int, int]

__all__ = ["Area", "Dot", "Drawn", "Grids", "Shape", "Stroke", "Wash", "draw"]

#: Radius of a spot that names none, as a share of the short side: at a work size of 256, the 7 x 7 patches of the training.
RADIUS_SHARE = 3.5 / 256
#: Work pixels along a side of the cells for which a mask is one place each.
CELL = 8


class Grids(NamedTuple):
    """The grids of a photograph of ``size`` (width, height): rows and columns of the model's cells, and of work pixels."""

    size: Size
    cells: Shape
    work: Shape


@dataclass(frozen=True)
class Dot:
    """A spot of a picture of ``size`` (width, height), on any grid that covers the picture."""

    spot: Spot
    size: Size

    def radius(self, shape: Shape) -> float:
        """Its radius in the grid's pixels."""
        radius = RADIUS_SHARE * min(self.size) if self.spot.radius is None else self.spot.radius
        return radius * math.sqrt(shape[0] * shape[1] / (self.size[0] * self.size[1]))

    def center(self, shape: Shape) -> tuple[float, float]:
        """(y, x), whole numbers at the centres of the grid's pixels."""
        width, height = self.size
        return (self.spot.y + 0.5) * shape[0] / height - 0.5, (self.spot.x + 0.5) * shape[1] / width - 0.5

    def touched(self, shape: Shape) -> tuple[slice, slice]:
        """The cells that it stands for: its centre's, and those that it covers by half; others are mostly something else."""
        return self._box(shape, max(self.radius(shape) - 0.5, 0))

    def disc(self, shape: Shape) -> tuple[tuple[slice, slice], Float]:
        """Its window on the grid, and the squared distance of each of the window's pixels to the centre."""
        rows, columns = self._box(shape, self.radius(shape))
        y, x = self.center(shape)
        down, across = np.arange(rows.start, rows.stop) - y, np.arange(columns.start, columns.stop) - x
        return (rows, columns), (down[:, None] ** 2 + across**2).astype(np.float32)

    def _box(self, shape: Shape, radius: float) -> tuple[slice, slice]:
        """The rows and columns within a radius: one at the least."""
        spans = []
        for center, length in zip(self.center(shape), shape, strict=True):
            first = min(max(math.floor(center - radius + 0.5), 0), length - 1)
            last = min(max(math.floor(center + radius + 0.5), first), length - 1)
            spans.append(slice(first, last + 1))
        return spans[0], spans[1]


class Area(NamedTuple):
    """A mask's weights in [0, 1]: in the model's cells, at work size, and in cells of :data:`CELL` work pixels."""

    cells: Float
    work: Float
    places: Float


class Stroke(NamedTuple):
    """A hint that spreads over its object: (a*, b*), a place, and its strength in [0, 1]."""

    ab: tuple[float, float]
    place: Dot | Area
    strength: float


class Wash(NamedTuple):
    """A blend, in the model's cells: ab (gh, gw, 2), and weight (gh, gw) in [0, 1]."""

    ab: Float
    weight: Float


Drawn: TypeAlias = Stroke | Wash


def draw(hints: Hints, grids: Grids) -> list[Drawn]:
    """Strokes and washes for the hints and blends, in their order. Regions, which hold to the picture's pixel, are left out."""
    height, width = grids.work
    places = max(1, height // CELL), max(1, width // CELL)
    found: list[Drawn] = []
    for step in hints:
        match step:
            case Hint(ab=ab, place=Spot() as spot, strength=strength):
                found.append(Stroke(ab, Dot(spot, grids.size), strength))
            case Hint(ab=ab, place=Mask(weight), strength=strength):
                area = Area(*(resized(weight, shape) for shape in (grids.cells, grids.work, places)))
                found.append(Stroke(ab, area, strength))
            case Blend(ab=ColorMap(ab), mask=Mask(weight), strength=strength):
                share = resized(weight, grids.cells) * np.float32(strength)
                found.append(Wash(resized(ab, grids.cells), share))
            case Blend(ab=(a, b), mask=Mask(weight), strength=strength):
                share = resized(weight, grids.cells) * np.float32(strength)
                found.append(Wash(np.broadcast_to(np.array((a, b), np.float32), (*grids.cells, 2)), share))
    return found

"""Hints brought onto the grids of a photograph: the model's cells, the pixels at work size, the places that kriging knows.

Here, and nowhere else, the picture's own pixels become those of a grid. What comes out is all that :mod:`.grids` needs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

from photochrom.edits.hints import Ab, Blend, Hint, Hints, Keep
from photochrom.edits.places import ColorMap, Mask, Size, Spot
from photochrom.materials import Material
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
    """A hint that spreads over its object: (a*, b*), a place, and its strength in [0, 1].

    material: what has these ab in the light of the place, and others in that of the rest; None: they are exact everywhere.
    alike: it spreads over everything like its object, wherever it lies. A stroke that keeps its place as it is has NaN for ab.
    """

    ab: tuple[float, float]
    place: Dot | Area
    strength: float
    material: Material | None = None
    alike: bool = False

    @property
    def keeps(self) -> bool:
        """Whether its place stays as it is without hints."""
        return math.isnan(self.ab[0])

    @property
    def light(self) -> float:
        """The L* for which ab are right; NaN: for every one."""
        return math.nan if self.material is None else self.material.lab[0]

    def colors(self, lightness: Float) -> Float:
        """Its ab (..., 2) where the photograph has these L* (...)."""
        if self.material is not None:
            return self.material.at(lightness)
        return np.broadcast_to(np.array(self.ab, np.float32), (*lightness.shape, 2))


class Wash(NamedTuple):
    """A blend, in the model's cells: ab (gh, gw, 2), and weight (gh, gw) in [0, 1]."""

    ab: Float
    weight: Float


Drawn: TypeAlias = Stroke | Wash


def draw(hints: Hints, grids: Grids) -> list[Drawn]:
    """Strokes and washes for the hints and blends, in their order. What is exact to the pixel is left out.

    Materials must be in the light of their places, see :func:`photochrom.steering.lit.in_place`.
    """
    height, width = grids.work
    places = max(1, height // CELL), max(1, width // CELL)
    found: list[Drawn] = []
    for step in hints:
        match step:
            case Hint(reach="here"):
                continue
            case Hint(ab=color, place=place, strength=strength, reach=reach):
                material = color if isinstance(color, Material) else None
                on_grids = _on_grids(place, grids, places)
                found.append(Stroke(_exact(color), on_grids, strength, material, reach == "alike"))
            case Keep(place=place):
                found.append(Stroke((math.nan, math.nan), _on_grids(place, grids, places), 1.0))
            case Blend(ab=ColorMap(ab), mask=Mask(weight), strength=strength):
                share = resized(weight, grids.cells) * np.float32(strength)
                found.append(Wash(resized(ab, grids.cells), share))
            case Blend(ab=(_, _) | Material() as color, mask=Mask(weight), strength=strength):
                share = resized(weight, grids.cells) * np.float32(strength)
                found.append(Wash(np.broadcast_to(np.array(_exact(color), np.float32), (*grids.cells, 2)), share))
    return found


def _on_grids(place: Spot | Mask, grids: Grids, places: Shape) -> Dot | Area:
    if isinstance(place, Spot):
        return Dot(place, grids.size)
    return Area(*(resized(place.weight, shape) for shape in (grids.cells, grids.work, places)))


def _exact(color: Ab | Material) -> Ab:
    return color.lab[1:] if isinstance(color, Material) else color

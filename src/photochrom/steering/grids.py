"""Hints on the grids on which the work is done: the decoder's cells, the pixels at work size, the places that kriging knows."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from photochrom.analysis import Analysis
from photochrom.edits.hints import Blend, Hint, Hints
from photochrom.edits.places import ColorMap, Mask, Size, Spot
from photochrom.resize import resized

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Float: TypeAlias = NDArray[np.float32]
#: Rows and columns.
Shape: TypeAlias = tuple[int, int]

__all__ = ["MOST_PLACES", "Constraints", "Placed", "Points", "cells", "constraints", "place", "points"]

#: Radius of a spot that names none, as a share of the short side: at a work size of 256, the 7 x 7 patches of the training.
RADIUS_SHARE = 3.5 / 256
#: A spot's colour holds for pixels as light as its centre: sigma in L*. Its edges are not crossed by what lies beyond them.
ALIKE = 6.0
#: Of a blend, the model is given what has more weight than this.
SURE = 0.8
#: A spot weighs as much as this many work pixels, however small it is: so it reaches as far.
SPOT_MASS = 40.0
#: Sides of the cells for which a mask is one place each, and how many places there are at the most; more are merged.
CELL, MOST_PLACES = 8, 1024


@dataclass(frozen=True)
class Constraints:
    """What must hold at work size: ab (h, w, 2), weight (h, w) >= 0, how much a pixel counts; strength (h, w) in [0, 1]."""

    ab: Float
    weight: Float
    strength: Float


@dataclass(frozen=True)
class Points:
    """Colours at places: places (n, 2), y and x in work pixels, ab (n, 2), and strength (n,) in (0, 1]; float32."""

    places: Float
    ab: Float
    strength: Float


@dataclass(frozen=True)
class Placed:
    """Hints on the grids of one photograph, in the forms in which they are needed.

    blends: those that are mixed into the model's colours, and ``mix``: (weight (gh, gw), ab (gh, gw, 2)) of each, in the model's
    cells. blend_cells and cells: what a model is given of the blends, and of all hints, (3, gh, gw); None: nothing. constraints:
    what must hold at work size. points: the hints that spread, as colours at places.
    """

    blends: Hints
    mix: tuple[tuple[Float, Float], ...]
    blend_cells: Float | None
    cells: Float | None
    constraints: Constraints | None
    points: Points | None

    def mixed(self, ab: Float) -> Float:
        """A model's own ab (gh, gw, 2), mixed with the blends, by their weights and in their order."""
        for weight, colors in self.mix:
            ab = ab + weight[..., None] * (colors - ab)
        return ab


def place(photo: Analysis, hints: Hints) -> Placed:
    """The hints on the grids of a photograph. Raises HintError and MaskError for places outside or of another size."""
    hints.check(photo.size)
    light, grid = photo.work_lightness, photo.grid
    blends = [step for step in hints if isinstance(step, Blend)]
    return Placed(
        Hints(blends),
        tuple((resized(one.mask.weight, grid) * np.float32(one.strength), _colors(one.ab, grid)) for one in blends),
        cells(Hints(blends), photo.size, grid) if blends else None,
        cells(hints, photo.size, grid) if hints else None,
        constraints(hints, photo.size, light),
        points(hints, photo.size, (light.shape[0], light.shape[1])),
    )


def _colors(ab: tuple[float, float] | ColorMap, shape: Shape) -> Float:
    """The colours of a step on a grid that covers the picture: (*shape, 2)."""
    if isinstance(ab, ColorMap):
        return resized(ab.ab, shape)
    return np.broadcast_to(np.array(ab, np.float32), (*shape, 2))


def cells(hints: Hints, size: Size, grid: Shape) -> Float:
    """What a model is given: (3, rows, columns) for ``grid`` = (rows, columns): a*, b* and the mask in [0, 1].

    ``size`` is (width, height) of the picture. Hints that meet in a cell are averaged by their weights; regions, which change
    nothing outside, are left out.
    """
    rows, columns = grid
    total, weight = np.zeros((rows, columns, 2), np.float32), np.zeros(grid, np.float32)
    most = np.zeros(grid, np.float32)
    for hint in hints:
        where: Any = np.s_[:, :]
        match hint:
            case Hint(place=Spot() as spot):
                where = _touched(spot, size, grid)
                share = np.full(weight[where].shape, hint.strength, np.float32)
            case Hint(place=Mask() as mask):
                share = resized(mask.weight, grid) * np.float32(hint.strength)
            case Blend(mask=mask):  # a model obeys a faint mask almost as a full one
                share = (resized(mask.weight, grid) * np.float32(hint.strength) > SURE).astype(np.float32)
            case _:
                continue
        total[where] += share[..., None] * _colors(hint.ab, grid)[where]
        weight[where] += share
        most[where] = np.maximum(most[where], share)
    total /= np.maximum(weight, np.float32(1e-6))[..., None]
    return np.concatenate([np.moveaxis(total, -1, 0), most[None]])


def constraints(hints: Hints, size: Size, lightness: Float) -> Constraints | None:
    """What must hold at work size: ``lightness`` (h, w) L* covers the picture of ``size``; None where there is nothing.

    Where spots overlap, each pixel belongs to the nearest centre. Pixels of another lightness than the centre's count little.
    """
    shape = lightness.shape[0], lightness.shape[1]
    ab, weight, strength = (
        np.zeros((*shape, 2), np.float32),
        np.zeros(shape, np.float32),
        np.zeros(shape, np.float32),
    )
    nearest = np.full(shape, np.inf, np.float32)
    for hint in _spreading(hints):
        if isinstance(hint.place, Mask):
            share = resized(hint.place.weight, shape)
            where: Any = share > 0
            ab[where], weight[where], strength[where] = _colors(hint.ab, shape)[where], share[where], hint.strength
            nearest[where] = 0
            continue
        window, squared = _disc(hint.place, size, shape)
        centre = np.unravel_index(int(squared.argmin()), squared.shape)
        light = lightness[window]
        alike = np.exp(np.float32(-0.5 / ALIKE**2) * (light - light[centre]) ** 2)
        alike *= squared <= max(_work_radius(hint.place, size, shape), float(squared.min()) ** 0.5 + 1e-3) ** 2
        own = (squared <= nearest[window]) & (alike > 0)
        scale = max(1.0, SPOT_MASS / float(alike.sum()))
        nearest[window][own], ab[window][own] = squared[own], hint.ab
        weight[window][own], strength[window][own] = scale * alike[own], hint.strength
    return Constraints(ab, weight, strength) if weight.any() else None


def points(hints: Hints, size: Size, shape: Shape) -> Points | None:
    """The hints that spread over their object, as colours at places of a grid of ``shape``; None where there is none.

    A spot is one place, a mask one for each of the cells of :data:`CELL` pixels that it fills by half. Where there are
    more than :data:`MOST_PLACES`, those in one cell become their mean, in ever larger cells.
    """
    rows: list[Float] = []
    for hint in _spreading(hints):
        if isinstance(hint.place, Spot):
            rows.append(np.array([[*_centre(hint.place, size, shape), *hint.ab, hint.strength]]))
        else:
            rows.append(_filled(hint, hint.place, shape))
    if not rows:
        return None
    found = np.concatenate(rows).astype(np.float32)
    found[:, :2] = found[:, :2].clip(0, np.array(shape, np.float32) - 1)
    cell = CELL
    while len(found) > MOST_PLACES:
        found, cell = _merged(found, cell, shape), 2 * cell
    return Points(found[:, :2], found[:, 2:4], found[:, 4])


def _spreading(hints: Hints) -> list[Hint]:
    return [hint for hint in hints if isinstance(hint, Hint) and hint.strength > 0]


def _filled(hint: Hint, mask: Mask, shape: Shape) -> Float:
    """Rows of y, x, a*, b* and strength, for the cells that a mask fills by half, or at least for the one it fills most."""
    grid = max(1, shape[0] // CELL), max(1, shape[1] // CELL)
    share = resized(mask.weight, grid)
    y, x = np.nonzero(share >= min(0.5, float(share.max())))
    scale = np.array(shape) / grid
    places = (np.column_stack([y, x]) + 0.5) * scale - 0.5
    return np.column_stack([places, _colors(hint.ab, grid)[y, x], hint.strength * share[y, x]]).astype(np.float32)


def _merged(rows: Float, cell: int, shape: Shape) -> Float:
    """Means of the rows in each cell."""
    y, x = (rows[:, :2] // cell).astype(np.int64).T
    _, group = np.unique(y * (shape[1] // cell + 1) + x, return_inverse=True)
    count = np.bincount(group)
    return np.column_stack([np.bincount(group, column) / count for column in rows.T]).astype(np.float32)


def _work_radius(spot: Spot, size: Size, shape: Shape) -> float:
    """The radius of a spot on a grid of ``shape`` that covers the picture, in its pixels."""
    radius = RADIUS_SHARE * min(size) if spot.radius is None else spot.radius
    return radius * math.sqrt(shape[0] * shape[1] / (size[0] * size[1]))


def _centre(spot: Spot, size: Size, shape: Shape) -> tuple[float, float]:
    """(y, x) of a spot on a grid of ``shape``, whole numbers at the centres of its pixels."""
    return (spot.y + 0.5) * shape[0] / size[1] - 0.5, (spot.x + 0.5) * shape[1] / size[0] - 0.5


def _box(spot: Spot, size: Size, shape: Shape, radius: float) -> tuple[slice, slice]:
    """The rows and columns of a grid that a spot touches: one at the least."""
    spans = []
    for centre, length in zip(_centre(spot, size, shape), shape, strict=True):
        first = min(max(math.floor(centre - radius + 0.5), 0), length - 1)
        last = min(max(math.floor(centre + radius + 0.5), first), length - 1)
        spans.append(slice(first, last + 1))
    return spans[0], spans[1]


def _touched(spot: Spot, size: Size, grid: Shape) -> tuple[slice, slice]:
    """The cells that a spot stands for: its centre's, and those that it covers by half; the others are mostly something else."""
    return _box(spot, size, grid, max(_work_radius(spot, size, grid) - 0.5, 0))


def _disc(spot: Spot, size: Size, shape: Shape) -> tuple[tuple[slice, slice], Float]:
    """The window of a spot on the work grid, and the squared distance of each of its pixels to the centre."""
    rows, columns = _box(spot, size, shape, _work_radius(spot, size, shape))
    y, x = _centre(spot, size, shape)
    squared = (np.arange(rows.start, rows.stop)[:, None] - y) ** 2 + (np.arange(columns.start, columns.stop) - x) ** 2
    return (rows, columns), squared.astype(np.float32)

"""What hints mean on each grid: what the model is given, what must hold at work size, and the places that kriging starts from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

import cv2
import numpy as np

from photochrom.analysis import Analysis
from photochrom.edits.edits import Edits
from photochrom.edits.hints import Blend, Hints
from photochrom.resize import resized
from photochrom.steering.drawn import CELL, Area, Dot, Drawn, Grids, Shape, Stroke, Wash, draw
from photochrom.steering.lit import in_place

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Float: TypeAlias = NDArray[np.float32]

__all__ = ["HINT_SIDE", "MOST_PLACES", "Constraints", "Placed", "Points", "cells", "constraints", "place", "points"]

#: A spot's colour holds for pixels as light as its centre: sigma in L*. Its edges are not crossed by what lies beyond them.
ALIKE = 6.0
#: Of a blend, the model is given what has more weight than this.
SURE = 0.8
#: A spot weighs as much as this many work pixels, however small it is: so it reaches as far.
SPOT_MASS = 40.0
#: Side of the square, in work pixels, whose mean automatic colour a hint corrects.
HINT_SIDE = 7
#: Places at the most; more are merged.
MOST_PLACES = 1024


@dataclass(frozen=True)
class Constraints:
    """What must hold at work size: ab (h, w, 2), weight (h, w) >= 0, how much a pixel counts; strength (h, w) in [0, 1]."""

    ab: Float
    weight: Float
    strength: Float


@dataclass(frozen=True)
class Points:
    """Colours at places: places (n, 2), y and x in work pixels, ab (n, 2), and strength (n,) in (0, 1]; float32.

    light: (n,), the L* for which ab are right where they are a material's; NaN where they are exact. alike: (n,) bool, where they
    spread over everything like their object. keeps: (n,) bool, where they stay as they are.
    """

    places: Float
    ab: Float
    strength: Float
    light: Float
    alike: NDArray[np.bool_]
    keeps: NDArray[np.bool_]


@dataclass(frozen=True)
class Placed:
    """Edits, and their hints on the grids of one photograph, in the forms in which they are needed.

    edits: materials among their hints are in the light of their places. washes: the blends in the model's cells. blend_cells and
    cells: what a model is given of the blends, and of all hints, (3, gh, gw); None: nothing. constraints: what must hold at work
    size. points: the hints that spread, as colours at places. strokes: those hints; keeps: the places that stay as they are,
    which :meth:`keeping` adds to both, and kept, the ab (h, w, 2) that they keep.
    """

    edits: Edits
    washes: tuple[Wash, ...]
    blend_cells: Float | None
    cells: Float | None
    constraints: Constraints | None
    points: Points | None
    strokes: tuple[Stroke, ...]
    keeps: tuple[Stroke, ...]
    kept: Float | None = None

    def keeping(self, ab: Float, lightness: Float) -> Placed:
        """The same with the places that stay as they are: ab (h, w, 2) at work size is what they keep, ``lightness`` the L*."""
        if not self.keeps or not self.strokes:
            return self
        strokes = (*self.strokes, *self.keeps)
        wanted, found = constraints(strokes, lightness), points(strokes, lightness)
        if wanted is None or found is None:  # no pixel counts
            return self
        y, x = np.rint(found.places).astype(np.intp).T
        own = np.asarray(cv2.blur(ab, (HINT_SIDE, HINT_SIDE), borderType=cv2.BORDER_REPLICATE), np.float32)[y, x]
        return replace(
            self,
            kept=ab,
            constraints=replace(wanted, ab=np.where(np.isnan(wanted.ab), ab, wanted.ab)),
            points=replace(found, ab=np.where(np.isnan(found.ab), own, found.ab)),
        )

    @property
    def blends(self) -> Hints:
        """The hints that are mixed into the model's colours."""
        return Hints(step for step in self.edits.hints if isinstance(step, Blend))

    def mixed(self, ab: Float) -> Float:
        """A model's own ab (gh, gw, 2), mixed with the blends, by their weights and in their order."""
        for wash in self.washes:
            ab = ab + wash.weight[..., None] * (wash.ab - ab)
        return ab


def place(photo: Analysis, edits: Edits) -> Placed:
    """Bring the hints among ``edits`` onto the grids of a photograph; they must lie within it, see :meth:`Edits.check`."""
    edits = replace(edits, hints=in_place(photo, edits.hints))
    light, grid = photo.work_lightness, photo.grid
    found = draw(edits.hints, Grids(photo.size, grid, (light.shape[0], light.shape[1])))
    drawn = [one for one in found if not (isinstance(one, Stroke) and one.keeps)]
    washes = tuple(one for one in drawn if isinstance(one, Wash))
    strokes = [one for one in drawn if isinstance(one, Stroke) and one.strength > 0]
    return Placed(
        edits=edits,
        washes=washes,
        blend_cells=cells(washes, grid) if washes else None,
        cells=cells(drawn, grid) if edits.hints else None,
        constraints=constraints(strokes, light),
        points=points(strokes, light),
        strokes=tuple(strokes),
        keeps=tuple(one for one in found if isinstance(one, Stroke) and one.keeps),
    )


def cells(drawn: Iterable[Drawn], grid: Shape) -> Float:
    """What a model is given: (3, rows, columns) for ``grid`` = (rows, columns): a*, b* and the mask in [0, 1].

    Hints that meet in a cell are averaged by their weights.
    """
    total, weight = np.zeros((*grid, 2), np.float32), np.zeros(grid, np.float32)
    most = np.zeros(grid, np.float32)
    for one in drawn:
        where: Any = np.s_[:, :]
        ab = np.asarray(one.ab, np.float32)
        match one:
            case Stroke(place=Dot() as dot, strength=strength):
                where = dot.touched(grid)
                share = np.full(weight[where].shape, strength, np.float32)
            case Stroke(place=Area(cells=held), strength=strength):
                share = held * np.float32(strength)
            case Wash(weight=held):  # a model obeys a faint mask almost as a full one
                share = (held > SURE).astype(np.float32)
        total[where] += share[..., None] * ab
        weight[where] += share
        most[where] = np.maximum(most[where], share)
    total /= np.maximum(weight, np.float32(1e-6))[..., None]
    # Rounding may make a full weight 1.0000001, which the model refuses.
    return np.concatenate([np.moveaxis(total, -1, 0), np.minimum(most, np.float32(1))[None]])


def constraints(strokes: Iterable[Stroke], lightness: Float) -> Constraints | None:
    """What must hold at work size: ``lightness`` (h, w) L* covers the picture; None where there is nothing.

    Where spots overlap, each pixel belongs to the nearest centre. Pixels of another lightness than the centre's count little.
    """
    shape = lightness.shape[0], lightness.shape[1]
    ab, weight, strength = (
        np.zeros((*shape, 2), np.float32),
        np.zeros(shape, np.float32),
        np.zeros(shape, np.float32),
    )
    nearest = np.full(shape, np.inf, np.float32)
    for one in strokes:
        if isinstance(one.place, Area):
            share = one.place.work
            where: Any = share > 0
            ab[where], weight[where], strength[where] = one.colors(lightness[where]), share[where], one.strength
            nearest[where] = 0
            continue
        window, squared = one.place.disc(shape)
        center = np.unravel_index(int(squared.argmin()), squared.shape)
        light = lightness[window]
        alike = np.exp(np.float32(-0.5 / ALIKE**2) * (light - light[center]) ** 2)
        alike *= squared <= max(one.place.radius(shape), float(squared.min()) ** 0.5 + 1e-3) ** 2
        own = (squared <= nearest[window]) & (alike > 0)
        scale = max(1.0, SPOT_MASS / float(alike.sum()))
        nearest[window][own], ab[window][own] = squared[own], one.ab
        weight[window][own], strength[window][own] = scale * alike[own], one.strength
    return Constraints(ab, weight, strength) if weight.any() else None


def points(strokes: Iterable[Stroke], lightness: Float) -> Points | None:
    """The hints that spread over their object, as colours at work pixels of L* ``lightness`` (h, w); None where there is none.

    A spot is one place, a mask one for each of the cells that it fills by half. Where there are more than :data:`MOST_PLACES`,
    those in one cell become their mean, in ever larger cells.
    """
    shape = lightness.shape[0], lightness.shape[1]
    rows = [
        np.array([[*one.place.center(shape), *one.ab, one.strength, one.light, one.alike]])
        if isinstance(one.place, Dot)
        else _filled(one, one.place.places, lightness)
        for one in strokes
    ]
    if not rows:
        return None
    found = np.concatenate(rows).astype(np.float32)
    found[:, :2] = found[:, :2].clip(0, np.array(shape, np.float32) - 1)
    cell = CELL
    while len(found) > MOST_PLACES:
        found, cell = _merged(found, cell, shape), 2 * cell
    return Points(found[:, :2], found[:, 2:4], found[:, 4], found[:, 5], found[:, 6] > 0.5, np.isnan(found[:, 2]))


def _filled(stroke: Stroke, share: Float, lightness: Float) -> Float:
    """Rows as those of :func:`points` for the cells that a mask fills by half, or at least for the one it fills most."""
    y, x = np.nonzero(share >= min(0.5, float(share.max())))
    scale = np.array(lightness.shape) / share.shape
    places = (np.column_stack([y, x]) + 0.5) * scale - 0.5
    there = resized(lightness, (share.shape[0], share.shape[1]))[y, x]
    light = np.full(len(y), np.nan) if stroke.material is None else there
    alike = np.full(len(y), stroke.alike)
    columns: list[Any] = [places, stroke.colors(there), stroke.strength * share[y, x], light, alike]
    return np.column_stack(columns).astype(np.float32)


def _merged(rows: Float, cell: int, shape: Shape) -> Float:
    """Means of the rows in each cell: of those that keep their place, of exact colours, and of materials."""
    y, x = (rows[:, :2] // cell).astype(np.int64).T
    kind = np.isnan(rows[:, 2]) * 2 + np.isnan(rows[:, 5])  # a mean with NaN would make all of them NaN
    _, group = np.unique((y * (shape[1] // cell + 1) + x) * 4 + kind, return_inverse=True)
    count = np.bincount(group)
    return np.column_stack([np.bincount(group, column) / count for column in rows.T]).astype(np.float32)

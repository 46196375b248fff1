"""Hints: the one way to steer. A hint is a colour, a place and a strength; a click, a stroke, a region or a reference is one.

Coordinates are pixels of the upright input picture: (0, 0) is the pixel at the top left, x goes right and y down. Colours are
ab: a hint sets hue and chroma, the photograph keeps its lightness.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias, overload

import cv2
import numpy as np
from numpy.typing import NDArray

from photochrom import color_names
from photochrom.color import rgb_to_lab
from photochrom.errors import HintError, MaskError

__all__ = ["Constraints", "Hint", "Hints", "Mask", "Spot", "Told", "ab_of"]

Float: TypeAlias = NDArray[np.float32]
Size: TypeAlias = tuple[int, int]

#: Radius of a spot that names none, as a share of the short side: at a work size of 256, the 7 x 7 patches of the training.
RADIUS_SHARE = 3.5 / 256
#: A spot's colour holds for pixels as light as its centre: sigma in L*. Its edges are not crossed by what lies beyond them.
ALIKE = 6.0
#: What a model is told of mere suggestions: those with more weight than this.
SURE = 0.8
#: A spot weighs as much as this many work pixels, however small it is: so it reaches as far.
SPOT_MASS = 40.0
#: Sides of the cells for which a mask is one hint each, and how many places are told at the most; more are merged.
CELL, MOST_PLACES = 8, 1024


@dataclass(frozen=True)
class Spot:
    """A place: the pixel (x, y) of the input picture and what is within ``radius`` pixels (None: 1.4 % of the short side)."""

    x: float
    y: float
    radius: float | None = None

    def __post_init__(self) -> None:
        if not (math.isfinite(self.x) and math.isfinite(self.y)):
            raise HintError(f"a hint's place is ({self.x}, {self.y}), expected two numbers")
        if self.radius is not None and not 0 <= self.radius < math.inf:
            raise HintError(f"a hint's radius is {self.radius}, expected 0 pixels or more")


@dataclass(frozen=True, eq=False)
class Mask:
    """A place: weights in [0, 1], (H, W), over the whole picture. Held as read-only float32, or bool where it was bool."""

    weight: NDArray[Any]

    def __post_init__(self) -> None:
        weight = np.array(self.weight, bool if np.asarray(self.weight).dtype == bool else np.float32)
        if weight.ndim != 2 or not weight.size:
            raise MaskError(f"a mask has shape {weight.shape}, expected (H, W)")
        if not np.isfinite(weight).all() or weight.min() < 0 or weight.max() > 1:
            raise MaskError("a mask holds numbers outside [0, 1]; divide a picture of 8 bits by 255")
        if not weight.any():
            raise MaskError("a mask is empty: it marks no pixel")
        weight.setflags(write=False)
        object.__setattr__(self, "weight", weight)


@dataclass(frozen=True, eq=False)
class Hint:
    """A colour at a place.

    ab: (a*, b*), or for a mask also a map (h, w, 2) over the whole picture. strength: 0 (nothing) to 1 (the colour holds at the
    place). spread, what becomes of the rest: "object": the colour spreads over the object around the place, not over its edges;
    "inside" (masks only): it holds inside, and nothing changes outside; "suggest" (masks only): colours are mixed by the weights,
    and the model is told what is surer than :data:`SURE`, so that it follows elsewhere.
    """

    ab: tuple[float, float] | Float
    place: Spot | Mask
    strength: float = 1.0
    spread: Literal["object", "inside", "suggest"] = "object"

    def __post_init__(self) -> None:
        ab = np.array(self.ab, np.float32)
        if ab.shape != (2,) and not (ab.ndim == 3 and ab.shape[2] == 2 and ab.size and isinstance(self.place, Mask)):
            raise HintError(f"a hint's ab has shape {ab.shape}, expected (2,), or (h, w, 2) for a mask")
        if not (np.abs(ab) <= 200).all():
            raise HintError("a hint's ab holds numbers outside [-200, 200]")
        if not 0 <= self.strength <= 1:
            raise HintError(f"a hint's strength is {self.strength}, expected 0 to 1")
        if self.spread not in ("object", "inside", "suggest") or (
            self.spread != "object" and isinstance(self.place, Spot)
        ):
            raise HintError(
                f"a hint's spread is {self.spread!r}, expected 'object', or for a mask 'inside' or 'suggest'"
            )
        ab.setflags(write=False)
        object.__setattr__(self, "ab", (float(ab[0]), float(ab[1])) if ab.ndim == 1 else ab)

    @classmethod
    def at(
        cls, x: float, y: float, color: str | Sequence[float], *, radius: float | None = None, strength: float = 1.0
    ) -> Hint:
        """A click: ``Hint.at(120, 340, "olive")``. color: a name, ``#rrggbb``, or (a*, b*). Raises HintError."""
        return cls(ab_of(color), Spot(x, y, radius), strength)

    @classmethod
    def inside(cls, mask: NDArray[Any], color: str | Sequence[float], *, strength: float = 1.0) -> Hint:
        """A region: mask (H, W) of the picture's size, bool or weights in [0, 1]. Raises HintError, MaskError."""
        return cls(ab_of(color), Mask(mask), strength, "inside")

    def colors(self, shape: Size) -> Float:
        """The hint's ab on a grid that covers the picture: (*shape, 2)."""
        if isinstance(self.ab, tuple):
            return np.broadcast_to(np.array(self.ab, np.float32), (*shape, 2))
        return _resized(self.ab, shape)


def ab_of(color: str | Sequence[float]) -> tuple[float, float]:
    """(a*, b*) of a colour's name, of ``#rrggbb``, or of (a*, b*) itself. Raises UnknownColorError."""
    if isinstance(color, str):
        _, a, b = rgb_to_lab(color_names.parse(color)[None])[0].tolist()
        return a, b
    a, b = color
    return float(a), float(b)


@dataclass(frozen=True)
class Constraints:
    """What must hold at work size: ab (h, w, 2), weight (h, w) >= 0, how much a pixel says; strength (h, w) in [0, 1]."""

    ab: Float
    weight: Float
    strength: Float


@dataclass(frozen=True)
class Told:
    """Hints as colours at places: places (n, 2), y and x in work pixels, ab (n, 2), and strength (n,) in (0, 1]; float32."""

    places: Float
    ab: Float
    strength: Float


class Hints(Sequence[Hint]):
    """Any number of hints, in the order in which they were given. Never changes: every operation makes new ones."""

    def __init__(self, hints: Iterable[Hint] = ()) -> None:
        self._hints = tuple(hints)
        for hint in self._hints:
            if not isinstance(hint, Hint):
                raise HintError(f"a hint is of type {type(hint).__name__}, expected Hint")

    @overload
    def __getitem__(self, index: int) -> Hint: ...
    @overload
    def __getitem__(self, index: slice) -> Hints: ...
    def __getitem__(self, index: int | slice) -> Hint | Hints:
        return Hints(self._hints[index]) if isinstance(index, slice) else self._hints[index]

    def __len__(self) -> int:
        return len(self._hints)

    def __iter__(self) -> Iterator[Hint]:
        return iter(self._hints)

    def __add__(self, more: Iterable[Hint]) -> Hints:
        return Hints((*self._hints, *more))

    def __repr__(self) -> str:
        return f"Hints({len(self)})"

    def without(self, index: int) -> Hints:
        """All but one."""
        return Hints(hint for i, hint in enumerate(self._hints) if i != index % len(self))

    def scaled(self, old: Size, new: Size) -> Hints:
        """The same hints for another size of the same photograph; ``old`` and ``new`` are (width, height)."""
        return self if old == new else Hints(_scaled(hint, old, new) for hint in self._hints)

    def check(self, size: Size) -> None:
        """Raise HintError for a spot outside a picture of (width, height), MaskError for a mask of another size."""
        width, height = size
        for hint in self._hints:
            place = hint.place
            if isinstance(place, Spot):
                if not (-0.5 <= place.x < width - 0.5 and -0.5 <= place.y < height - 0.5):
                    raise HintError(
                        f"the hint at ({place.x:g}, {place.y:g}) is outside the picture, which has x from 0 to "
                        f"{width - 1} and y from 0 to {height - 1}"
                    )
            elif hint.spread != "suggest" and place.weight.shape != (height, width):
                raise MaskError(
                    f"a mask is {place.weight.shape[1]} x {place.weight.shape[0]} pixels and the picture {width} x "
                    f"{height}; make the mask of the picture's size"
                )

    def cells(self, size: Size, grid: Size) -> Float:
        """What a model is told: (3, rows, columns) for ``grid`` = (rows, columns): a*, b* and the mask in [0, 1].

        ``size`` is (width, height) of the picture. Hints that meet in a cell are averaged by their weights; masks that hold
        inside only are not told.
        """
        rows, columns = grid
        total, weight = np.zeros((rows, columns, 2), np.float32), np.zeros(grid, np.float32)
        most = np.zeros(grid, np.float32)
        for hint in self._hints:
            if isinstance(hint.place, Mask):
                if hint.spread == "inside":
                    continue
                share = _resized(hint.place.weight, grid) * np.float32(hint.strength)
                if hint.spread == "suggest":  # a model obeys a faint mask almost as a full one
                    share = (share > SURE).astype(np.float32)
                where = np.s_[:, :]
            else:
                where = _touched(hint.place, size, grid)
                share = np.full(weight[where].shape, hint.strength, np.float32)
            total[where] += share[..., None] * hint.colors(grid)[where]
            weight[where] += share
            most[where] = np.maximum(most[where], share)
        total /= np.maximum(weight, np.float32(1e-6))[..., None]
        return np.concatenate([np.moveaxis(total, -1, 0), most[None]])

    def mixed_with(self, ab: Float) -> Float:
        """A model's own ab (rows, columns, 2), mixed with what is suggested, by its weights and in its order."""
        grid = ab.shape[0], ab.shape[1]
        for hint in self._hints:
            if hint.spread == "suggest" and isinstance(hint.place, Mask):
                weight = _resized(hint.place.weight, grid) * np.float32(hint.strength)
                ab = ab + weight[..., None] * (hint.colors(grid) - ab)
        return ab

    def constraints(self, size: Size, lightness: Float) -> Constraints | None:
        """What must hold at work size: ``lightness`` (h, w) L* covers the picture of ``size``; None where there is nothing.

        Where spots overlap, each pixel belongs to the nearest centre. Pixels of another lightness than the centre's count little.
        """
        shape = lightness.shape
        ab, weight, strength = (
            np.zeros((*shape, 2), np.float32),
            np.zeros(shape, np.float32),
            np.zeros(shape, np.float32),
        )
        nearest = np.full(shape, np.inf, np.float32)
        for hint in self._hints:
            if hint.spread != "object" or hint.strength == 0:
                continue
            if isinstance(hint.place, Mask):
                share = _resized(hint.place.weight, shape)
                where: Any = share > 0
                ab[where], weight[where], strength[where] = hint.colors(shape)[where], share[where], hint.strength
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

    def told(self, size: Size, shape: Size) -> Told | None:
        """The hints that spread over their object, as colours at places of a grid of ``shape``; None where there is none.

        A spot is one place, a mask one for each of the cells of :data:`CELL` pixels that it fills by half. Where there are
        more than :data:`MOST_PLACES`, those in one cell become their mean, in ever larger cells.
        """
        rows: list[Float] = []
        for hint in self._hints:
            if hint.spread != "object" or hint.strength == 0:
                continue
            if isinstance(hint.place, Spot):
                rows.append(np.array([[*_centre(hint.place, size, shape), *hint.colors((1, 1))[0, 0], hint.strength]]))
            else:
                rows.append(_filled(hint, hint.place, shape))
        if not rows:
            return None
        found = np.concatenate(rows).astype(np.float32)
        found[:, :2] = found[:, :2].clip(0, np.array(shape, np.float32) - 1)
        cell = CELL
        while len(found) > MOST_PLACES:
            found, cell = _merged(found, cell, shape), 2 * cell
        return Told(found[:, :2], found[:, 2:4], found[:, 4])


def _filled(hint: Hint, mask: Mask, shape: Size) -> Float:
    """Rows of y, x, a*, b* and strength, for the cells that a mask fills by half, or at least for the one it fills most."""
    grid = max(1, shape[0] // CELL), max(1, shape[1] // CELL)
    share = _resized(mask.weight, grid)
    y, x = np.nonzero(share >= min(0.5, float(share.max())))
    scale = np.array(shape) / grid
    places = (np.column_stack([y, x]) + 0.5) * scale - 0.5
    return np.column_stack([places, hint.colors(grid)[y, x], hint.strength * share[y, x]]).astype(np.float32)


def _merged(rows: Float, cell: int, shape: Size) -> Float:
    """Means of the rows in each cell."""
    y, x = (rows[:, :2] // cell).astype(np.int64).T
    _, group = np.unique(y * (shape[1] // cell + 1) + x, return_inverse=True)
    count = np.bincount(group)
    return np.column_stack([np.bincount(group, column) / count for column in rows.T]).astype(np.float32)


def _scaled(hint: Hint, old: Size, new: Size) -> Hint:
    sx, sy = new[0] / old[0], new[1] / old[1]
    place = hint.place
    if isinstance(place, Mask):
        if place.weight.dtype == bool:
            resized: Any = cv2.resize(place.weight.astype(np.uint8), new, interpolation=cv2.INTER_NEAREST_EXACT)
            return replace(hint, place=Mask(resized.astype(bool)))
        return replace(hint, place=Mask(_resized(place.weight, new[::-1])))
    radius = None if place.radius is None else place.radius * math.sqrt(sx * sy)
    # Pixel centres lie at halves: the first pixel of a picture twice as large is half a pixel further to the left.
    return replace(hint, place=Spot((place.x + 0.5) * sx - 0.5, (place.y + 0.5) * sy - 0.5, radius))


def _work_radius(spot: Spot, size: Size, shape: Size) -> float:
    """The radius of a spot on a grid of ``shape`` that covers the picture, in its pixels."""
    radius = RADIUS_SHARE * min(size) if spot.radius is None else spot.radius
    return radius * math.sqrt(shape[0] * shape[1] / (size[0] * size[1]))


def _centre(spot: Spot, size: Size, shape: Size) -> tuple[float, float]:
    """(y, x) of a spot on a grid of ``shape``, whole numbers at the centres of its pixels."""
    return (spot.y + 0.5) * shape[0] / size[1] - 0.5, (spot.x + 0.5) * shape[1] / size[0] - 0.5


def _box(spot: Spot, size: Size, shape: Size, radius: float) -> tuple[slice, slice]:
    """The rows and columns of a grid that a spot touches: one at the least."""
    spans = []
    for centre, length in zip(_centre(spot, size, shape), shape, strict=True):
        first = min(max(math.floor(centre - radius + 0.5), 0), length - 1)
        last = min(max(math.floor(centre + radius + 0.5), first), length - 1)
        spans.append(slice(first, last + 1))
    return spans[0], spans[1]


def _touched(spot: Spot, size: Size, grid: Size) -> tuple[slice, slice]:
    """The cells that a spot tells: its centre's, and those that it covers by half; the others are mostly something else."""
    return _box(spot, size, grid, max(_work_radius(spot, size, grid) - 0.5, 0))


def _disc(spot: Spot, size: Size, shape: Size) -> tuple[tuple[slice, slice], Float]:
    """The window of a spot on the work grid, and the squared distance of each of its pixels to the centre."""
    rows, columns = _box(spot, size, shape, _work_radius(spot, size, shape))
    y, x = _centre(spot, size, shape)
    squared = (np.arange(rows.start, rows.stop)[:, None] - y) ** 2 + (np.arange(columns.start, columns.stop) - x) ** 2
    return (rows, columns), squared.astype(np.float32)


def _resized(values: NDArray[Any], shape: Size) -> Float:
    """Averaged along a side that shrinks, linear along one that grows."""
    if values.shape[:2] == shape:
        return np.asarray(values, np.float32)
    smaller = min(values.shape[1], shape[1]), min(values.shape[0], shape[0])
    averaged = cv2.resize(np.asarray(values, np.float32), smaller, interpolation=cv2.INTER_AREA)
    resized: Any = cv2.resize(averaged, shape[::-1], interpolation=cv2.INTER_LINEAR)
    return np.asarray(resized, np.float32)

"""Which part of a photograph the picture is, and how it is turned: quarter turns, straightening and a crop, in this order.

Hints, masks and all other places keep the coordinates of the photograph as it was opened (upright by EXIF). A :class:`View` leads
from these to those of the result. Both are those of pixel centres: (0, 0) is the pixel at the top left.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from photochrom.edits.dials import ROTATIONS, STRAIGHTEN
from photochrom.edits.places import Size
from photochrom.errors import OptionError

__all__ = ["GEOMETRY", "Crop", "Geometry", "View"]

#: x, y, width and height, in whole pixels of the photograph once it is turned and straightened.
Crop: TypeAlias = tuple[int, int, int, int]
#: The names of the fields, in sidecars and requests.
GEOMETRY = ("rotate", "straighten", "crop")


@dataclass(frozen=True, kw_only=True)
class Geometry:
    """The part of a photograph that the picture is.

    rotate: clockwise, 0, 90, 180 or 270 degrees. straighten: clockwise about the middle, -45 to 45 degrees; the sheet keeps its
    size. crop: see :data:`Crop`; None: everything, or where the picture is straightened the largest part of its own shape that
    has no empty corner. Raises OptionError.
    """

    rotate: int = 0
    straighten: float = 0.0
    crop: Crop | None = None

    def __post_init__(self) -> None:
        if self.rotate not in ROTATIONS or isinstance(self.rotate, bool):
            raise OptionError("rotate", self.rotate, "0, 90, 180 or 270 degrees, clockwise")
        object.__setattr__(self, "rotate", int(self.rotate))
        object.__setattr__(self, "straighten", STRAIGHTEN.checked("straighten", self.straighten))
        if self.crop is not None:
            object.__setattr__(self, "crop", _checked(self.crop))

    def __bool__(self) -> bool:
        """Whether anything is to be done."""
        return self != Geometry()

    def turned(self, size: Size) -> Size:
        """(width, height) of the sheet that ``crop`` lies on, for a photograph of ``size``."""
        return size if self.rotate in (0, 180) else size[::-1]

    def box(self, size: Size) -> Crop:
        """The crop for a photograph of ``size``. Raises OptionError where it reaches beyond the sheet."""
        width, height = self.turned(size)
        if self.crop is None:
            return _without_corners(width, height, self.straighten)
        x, y, across, down = self.crop
        if x + across > width or y + down > height:
            given = ",".join(map(str, self.crop))
            raise OptionError("crop", given, f"x, y, width and height inside {width} x {height} pixels")
        return self.crop

    def scaled(self, old: Size, new: Size) -> Geometry:
        """The same for another size of the photograph; both are (width, height)."""
        if self.crop is None or old == new:
            return self
        (old_w, old_h), (new_w, new_h) = self.turned(old), self.turned(new)
        x, y, across, down = self.crop
        left, right = (round(side * new_w / old_w) for side in (x, x + across))
        top, bottom = (round(side * new_h / old_h) for side in (y, y + down))
        left, top = min(left, new_w - 1), min(top, new_h - 1)
        return replace(self, crop=(left, top, max(1, right - left), max(1, bottom - top)))

    def cropped_to(self, box: Crop, size: Size) -> Geometry:
        """The same, cropped to ``box`` of the photograph as it was opened, which has ``size``."""
        view = View.of(replace(self, crop=(0, 0, *self.turned(size))), size)
        x, y, across, down = box
        corners = view.result([(x, y), (x + across - 1, y), (x, y + down - 1), (x + across - 1, y + down - 1)])
        # A straightened box is no longer upright: its middle half of corners bound the rectangle inside it.
        (_, left, right, _), (_, top, bottom, _) = (sorted(np.round(axis).astype(int).tolist()) for axis in corners.T)
        width, height = view.size
        left, top = max(left, 0), max(top, 0)
        right, bottom = min(right, width - 1), min(bottom, height - 1)
        return replace(self, crop=(left, top, max(1, right - left + 1), max(1, bottom - top + 1)))


@dataclass(frozen=True, eq=False)
class View:
    """A geometry for a photograph of one size: ``original`` and ``size`` of the result, (width, height), and the way between.

    matrix: (2, 3) float64, from a pixel (x, y, 1) of the photograph to that of the result.
    """

    original: Size
    size: Size
    matrix: NDArray[np.float64]

    @classmethod
    def of(cls, geometry: Geometry, size: Size) -> View:
        """Raises OptionError for a crop that reaches beyond the photograph."""
        x, y, width, height = geometry.box(size)
        sheet = geometry.turned(size)
        middle, new_middle = ((np.array(each, np.float64) - 1) / 2 for each in (size, sheet))
        quarters, angle = geometry.rotate // 90, math.radians(geometry.straighten)
        turn = np.linalg.matrix_power(np.array([[0.0, -1.0], [1.0, 0.0]]), quarters)
        if angle:
            turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]) @ turn
        offset = new_middle - turn @ middle - (x, y)
        return cls(size, (width, height), np.concatenate([turn, offset[:, None]], axis=1))

    @cached_property
    def inverse(self) -> NDArray[np.float64]:
        """(2, 3), from a pixel of the result to that of the photograph."""
        back = np.linalg.inv(self.matrix[:, :2])
        return np.concatenate([back, -back @ self.matrix[:, 2:]], axis=1)

    def result(self, places: Sequence[tuple[float, float]]) -> NDArray[np.float64]:
        """Pixels (n, 2) of the photograph as those of the result."""
        return _applied(self.matrix, places)

    def photograph(self, places: Sequence[tuple[float, float]]) -> NDArray[np.float64]:
        """The inverse of :meth:`result`."""
        return _applied(self.inverse, places)

    @property
    def reversed(self) -> View:
        """The way back, as a view."""
        return View(self.size, self.original, self.inverse)


def _applied(matrix: NDArray[np.float64], places: Any) -> NDArray[np.float64]:
    return np.asarray(np.asarray(places, np.float64) @ matrix[:, :2].T + matrix[:, 2], np.float64)


def _checked(crop: Any) -> Crop:
    expected = "x, y, width and height: four whole numbers, x and y from 0, width and height from 1"
    try:
        numbers = [int(value) for value in crop]
        right = len(numbers) == 4 and numbers == list(crop)
    except (TypeError, ValueError, OverflowError):
        right = False
    if not right or min(numbers[:2]) < 0 or min(numbers[2:]) < 1:
        raise OptionError("crop", f"{crop!r:.60}", expected)
    x, y, width, height = numbers
    return x, y, width, height


def _without_corners(width: int, height: int, degrees: float) -> Crop:
    """The largest rectangle of the sheet's own shape, around its middle, that has no empty corner once it is straightened."""
    if not degrees:
        return 0, 0, width, height
    angle = abs(math.radians(degrees))
    along, across = math.cos(angle), math.sin(angle)
    share = min(width / (width * along + height * across), height / (width * across + height * along))
    # As even or odd as the sheet, so that the middle is the same; and no half pixels at the edges.
    inner = [max(side % 2 or 2, 2 * math.floor((side * share - side % 2) / 2) + side % 2) for side in (width, height)]
    inner = [min(one, side) for one, side in zip(inner, (width, height), strict=True)]
    return (width - inner[0]) // 2, (height - inner[1]) // 2, inner[0], inner[1]

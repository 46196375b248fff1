"""Where an object is, or is not: clicks and strokes over a photograph, in its pixels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import cv2
import numpy as np

from photochrom.errors import MaskError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Bool: TypeAlias = NDArray[np.bool_]

__all__ = ["Scribble", "drawn"]

#: Radius of a scribble that names none, as a share of the short side.
RADIUS_SHARE = 3.5 / 256


@dataclass(frozen=True)
class Scribble:
    """A click, or a stroke through several places (x, y) of the photograph, ``radius`` pixels wide to each side.

    erase: what is under it is not the object. radius: None: 1.4 % of the short side. Raises MaskError for no place, or none
    that is a number.
    """

    points: tuple[tuple[float, float], ...]
    radius: float | None = None
    erase: bool = False

    def __post_init__(self) -> None:
        points = tuple((float(x), float(y)) for x, y in self.points)
        if not points or not all(math.isfinite(value) and abs(value) < 1e7 for point in points for value in point):
            raise MaskError("a scribble needs one place (x, y) or more, in pixels")
        if self.radius is not None and not 0 <= self.radius < 1e7:
            raise MaskError(f"a scribble's radius is {self.radius}, expected 0 pixels or more")
        object.__setattr__(self, "points", points)

    def check(self, size: tuple[int, int]) -> None:
        """Raise MaskError where no place lies inside a picture of (width, height)."""
        if not any(-0.5 <= x < size[0] - 0.5 and -0.5 <= y < size[1] - 0.5 for x, y in self.points):
            x, y = self.points[0]
            raise MaskError(f"the scribble at ({x:g}, {y:g}) is outside the picture, {size[0]} x {size[1]} pixels")


def drawn(scribbles: Sequence[Scribble], size: tuple[int, int], shape: tuple[int, int]) -> Bool:
    """The cells of a grid of ``shape`` (rows, columns) that scribbles over a picture of ``size`` (width, height) cover.

    Each covers at least one. Give those that add and those that erase in two calls.
    """
    covered: Any = np.zeros(shape, np.uint8)
    scale = shape[1] / size[0], shape[0] / size[1]
    for one in scribbles:
        radius = RADIUS_SHARE * min(size) if one.radius is None else one.radius
        reach = radius * math.sqrt(scale[0] * scale[1])
        places = [
            (
                min(max((x + 0.5) * scale[0] - 0.5, 0), shape[1] - 1),
                min(max((y + 0.5) * scale[1] - 0.5, 0), shape[0] - 1),
            )
            for x, y in one.points
        ]
        corners = np.rint(np.array(places) * 16).astype(np.int32)
        thick = max(1, round(2 * reach))
        cv2.polylines(covered, [corners.reshape(-1, 1, 2)], False, 1, thick, cv2.LINE_8, 4)
        for x, y in corners[[0, -1]].tolist():
            cv2.circle(covered, (x, y), round(max(reach, 0.5) * 16), 1, -1, cv2.LINE_8, 4)
        x, y = (round(value) for value in places[0])
        covered[y, x] = 1
    return np.asarray(covered, bool)

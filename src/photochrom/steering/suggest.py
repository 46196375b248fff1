"""Questions about a photograph: where a hint would help most, which colours a place may have, and other plausible colourings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import cv2
import numpy as np

from photochrom.analysis import Analysis
from photochrom.edits.edits import Edits
from photochrom.edits.hints import Blend, Hints
from photochrom.edits.places import Mask, Spot
from photochrom.errors import OptionError
from photochrom.steering import samples
from photochrom.steering.ask import cell_variance, kriging_of, scores
from photochrom.steering.distribution import shares
from photochrom.steering.grids import place
from photochrom.steering.lit import lightness_at
from photochrom.steering.trials import Likely, likely_colors, try_places

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Float: TypeAlias = NDArray[np.float32]

__all__ = ["Click", "alternatives", "likely", "suggest"]


@dataclass(frozen=True)
class Click:
    """A place worth a hint: pixel (x, y), and the likely colours, likeliest first.

    ``gain``: the expected change that a hint there would bring, root mean square over the picture, in ab.
    """

    x: int
    y: int
    gain: float
    colors: tuple[Likely, ...]

    def to_json(self) -> dict[str, Any]:
        """The click as JSON values, the same for the command line and the REST API."""
        colors = [one.to_json() for one in self.colors]
        return {"x": self.x, "y": self.y, "gain": round(self.gain, 3), "colors": colors}


def suggest(photo: Analysis, count: int, *, hints: Hints) -> list[Click]:
    """The places where a hint would change most, best first, given the hints there are. Raises OptionError."""
    if count < 1:
        raise OptionError("suggestions", count, "1 or more")
    placed = place(photo, Edits(hints=hints))
    asked, kriging, variance = scores(photo, "suggestions", placed.cells), photo.once(kriging_of), cell_variance(photo)
    if kriging is None or variance is None:
        return [
            Click(*_pixel(photo, found.row, found.column), found.change, found.colors)
            for found in try_places(asked.scores, asked.light, asked.decode, count, hints=placed.cells)
        ]
    places = np.empty((0, 2), np.float32) if placed.points is None else placed.points.places
    found = kriging.next_places(places, variance, count)
    pixels = [_pixel(photo, row, column) for row, column, _ in found]
    lights = lightness_at(photo, [Spot(x, y) for x, y in pixels]).tolist()
    return [
        Click(x, y, settled**0.5, likely_colors(shares(asked.scores[:, row, column]), light))
        for (x, y), light, (row, column, settled) in zip(pixels, lights, found, strict=True)
    ]


def likely(photo: Analysis, x: float, y: float, count: int, *, hints: Hints) -> tuple[Likely, ...]:
    """Up to ``count`` distinct colours that the pixel (x, y) may have, likeliest first, given the hints there are.

    Raises OptionError for a place outside the picture, and for a model that has no distribution.
    """
    if count < 1:
        raise OptionError("count", count, "1 or more")
    for name, value, side in (("x", x, photo.size[0]), ("y", y, photo.size[1])):
        if not -0.5 <= value < side - 0.5:
            raise OptionError(name, value, f"0 to {side - 1}, inside the picture")
    found, light, _ = scores(photo, "colours", place(photo, Edits(hints=hints)).cells)
    row = min(int((y + 0.5) * light.shape[0] / photo.size[1]), light.shape[0] - 1)
    column = min(int((x + 0.5) * light.shape[1] / photo.size[0]), light.shape[1] - 1)
    return likely_colors(shares(found[:, row, column]), float(lightness_at(photo, [Spot(x, y)])[0]), count)


def alternatives(photo: Analysis, count: int, *, seed: int = 0, hints: Hints) -> list[Hints]:
    """Blends for up to ``count`` distinct, plausible colourings, the automatic one (none) first. Raises OptionError.

    Each blend gives the model a colour for a single cell, and the model's prediction for the whole picture is used as it is.
    hints: those given already. The colourings agree with them; put the blends before them. Only for models that take hints and
    have a distribution.
    """
    given = place(photo, Edits(hints=hints)).cells
    asked = scores(photo, "samples", given)

    def decode(drawn: Float) -> Float:
        # Given hints win over drawn ones.
        return asked.decode(drawn if given is None else np.where(given[2:] > 0, given, drawn))

    def cell(row: int, column: int) -> Mask:
        mask = np.zeros(asked.light.shape, bool)
        mask[row, column] = True
        return Mask(mask)

    return [
        Hints(Blend((float(a), float(b)), cell(*place)) for place, (a, b) in zip(one.places, one.ab, strict=True))
        for one in samples.alternatives(asked.scores, asked.light, decode, count, seed=seed)
    ]


def _pixel(photo: Analysis, row: int, column: int) -> tuple[int, int]:
    """The picture's pixel (x, y) for a cell: its flattest work pixel, so that a hint does not sit on an edge."""
    h, w = photo.work_lightness.shape
    stride = photo.session.stride
    y, x = _flattest(photo.work_lightness, row * stride, column * stride, stride)
    width, height = photo.size
    across, down = round((x + 0.5) * width / w - 0.5), round((y + 0.5) * height / h - 0.5)
    return min(max(across, 0), width - 1), min(max(down, 0), height - 1)


def _flattest(light: Float, top: int, left: int, side: int) -> tuple[int, int]:
    """The pixel (y, x) of a cell with the least L* around it, weighed against its distance to the middle."""
    cell = light[max(top - 1, 0) : top + side + 1, max(left - 1, 0) : left + side + 1]
    slope: Any = np.abs(cv2.Laplacian(cell, cv2.CV_32F)) + np.abs(cell - np.median(cell))
    middle = (np.array(slope.shape) - 1) / 2
    away = np.hypot(*(np.indices(slope.shape).T - middle).T)
    y, x = np.unravel_index(int((slope + away).argmin()), slope.shape)
    return int(y) + max(top - 1, 0), int(x) + max(left - 1, 0)

"""Where to click next: the places where a hint would change most, each with the colours that it might be.

First a short list is made: cells that stand for large uncertain parts. Then each is tried: the model gets its likely colours as
hints in turn, and the results show how much of the picture depends on the answer. By the law of total variance, the squared error
that an answer is expected to remove is the variance, over the answers, of the pictures that follow from them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from photochrom import color_names
from photochrom.color import lab_to_rgb, limit_chroma
from photochrom.errors import OptionError
from photochrom.materials import Material
from photochrom.steering.distribution import modes, moments, shares
from photochrom.steering.places import as_hints, uncertain_places

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Float: TypeAlias = NDArray[np.float32]
    #: Hints (3, h, w) -> scores (261, h, w).
    Decode: TypeAlias = Callable[[Float], Float]

__all__ = ["Likely", "Trial", "likely_colors", "try_places"]

#: The least number of places that are tried, and the largest number of likely colours for each.
_TRIED, _ANSWERS = 8, 3
#: Colours offered for a place.
_OFFERED = 5


@dataclass(frozen=True)
class Likely:
    """A colour that a place may have: sRGB in [0, 1], its nearest name, ab, and its probability in [0, 1] by the model.

    rgb is as light as the place, whose L* is ``light``; name and ab are those that it has there.
    """

    rgb: tuple[float, float, float]
    name: str
    ab: tuple[float, float]
    share: float
    light: float

    @property
    def material(self) -> Material:
        """What has this colour there, and another in the shade of the same thing."""
        return Material((self.light, *self.ab))

    def to_json(self) -> dict[str, Any]:
        """The colour as JSON values: ``color`` is ``#rrggbb``."""
        color = color_names.to_hex(np.array(self.rgb))
        return {
            "color": color,
            "name": self.name,
            "share": round(self.share, 4),
            "ab": [round(value, 2) for value in self.ab],
            "lab": [round(value, 2) for value in (self.light, *self.ab)],
        }


@dataclass(frozen=True)
class Trial:
    """A place to click: cell (row, column), the change that an answer is expected to bring, and the likely colours.

    ``change``: root mean square over the picture, in ab units, of what the answer would move.
    """

    row: int
    column: int
    change: float
    colors: tuple[Likely, ...]


def try_places(
    scores: NDArray[Any], lightness: NDArray[Any], decode: Decode, count: int, *, hints: NDArray[Any] | None = None
) -> list[Trial]:
    """Up to ``count`` places worth a hint, the best first.

    scores: (261, h, w) with what is already known. lightness: (h, w) L* of the cells. decode: hints (3, h, w) -> scores.
    hints: (3, h, w) that are already given; they stay, and hinted cells are not suggested.
    Raises OptionError for a count below 1.
    """
    if count < 1:
        raise OptionError("suggestions", count, "1 or more")
    share = shares(scores)
    shape = share.shape[1], share.shape[2]
    given = np.zeros((3, *shape), np.float32) if hints is None else np.array(hints, np.float32)
    _, variance = moments(share)
    # An answer adds little to what is hinted already.
    places = uncertain_places(share, lightness, variance * (1 - given[2]), max(_TRIED, count + 3))
    changes = {place: _change(share[:, place[0], place[1]], place, given, decode) for place in places}
    found: list[Trial] = []
    settled = np.zeros(shape, np.float32)
    while changes and len(found) < count:
        # What an earlier suggestion would settle does not count again.
        gains = {place: float(np.maximum(change - settled, 0).mean()) for place, change in changes.items()}
        row, column = max(gains, key=lambda place: gains[place])
        change = changes.pop((row, column))
        settled = np.maximum(settled, change)
        likely = likely_colors(share[:, row, column], float(lightness[row, column]))
        found.append(Trial(row, column, float(np.sqrt(change.mean())), likely))
    return found


def _change(share: Float, place: tuple[int, int], given: Float, decode: Decode) -> Float:
    """Expected squared change (h, w), in ab^2, that an answer at a place brings: the variance over its likely colours."""
    colours, odds = modes(share, _ANSWERS)
    pictures = []
    for ab in colours:
        cells = np.where(as_hints([place], [(1, 1)], given.shape[1:])[2:] > 0, 0, given)
        pictures.append(moments(shares(decode(cells + as_hints([place], [ab], given.shape[1:]))))[0])
    weight = np.reshape(odds / odds.sum(), (-1, 1, 1, 1))
    after = np.stack(pictures)
    mean = (weight * after).sum(axis=0)
    return np.asarray((weight * (after - mean) ** 2).sum(axis=(0, -1)), np.float32)


def likely_colors(share: NDArray[Any], lightness: float, count: int = _OFFERED) -> tuple[Likely, ...]:
    """Up to ``count`` colours of a place, likeliest first, no two of one name: shares of the ab bins (261,) at L*."""
    colours, sizes = modes(share, count)
    found: dict[str, Likely] = {}
    for ab, size in zip(colours, sizes, strict=True):
        inside = limit_chroma(np.array([[lightness, *ab]]))
        rgb = lab_to_rgb(inside)[0].clip(0, 1)
        red, green, blue = rgb.tolist()
        name = color_names.nearest(rgb)
        if name in found:  # near black and white much is called alike, and looks so
            found[name] = replace(found[name], share=found[name].share + float(size))
        else:
            found[name] = Likely((red, green, blue), name, (float(ab[0]), float(ab[1])), float(size), lightness)
    return tuple(sorted(found.values(), key=lambda one: -one.share))

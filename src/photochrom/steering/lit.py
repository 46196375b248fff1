"""Materials in the light of their places: what a name or a picked colour is where a hint names it, and in the shade around."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

import cv2
import numpy as np

from photochrom.analysis import Analysis
from photochrom.edits.hints import Ab, Hint, Hints, Keep, Reference, Step
from photochrom.edits.places import Mask, Size, Spot
from photochrom.materials import Material, in_light, placed
from photochrom.resize import resized

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Float: TypeAlias = NDArray[np.float32]

__all__ = ["in_place", "lightness_at", "seen_at", "shaded"]

#: Side of the square, in work pixels, whose median L* is that of a spot: a grain does not count.
_SIDE = 3


def in_place(photo: Analysis, hints: Hints) -> Hints:
    """The same hints, each material as it is in the light of its place; what is exact stays itself."""
    named = [(index, step, step.ab) for index, step in enumerate(hints) if not isinstance(step, (Keep, Reference))]
    given = [(index, step, color) for index, step, color in named if isinstance(color, Material)]
    if not given:
        return hints
    light = lightness_at(photo, [step.place if isinstance(step, Hint) else step.mask for _, step, _ in given])
    found: list[Step] = list(hints)
    for (index, step, _), here in zip(given, placed([color for *_, color in given], light), strict=True):
        found[index] = replace(step, ab=here)
    return Hints(found)


def seen_at(photo: Analysis, places: Sequence[Spot | Mask], colors: Sequence[Ab | Material]) -> list[Material]:
    """What colours look like in the light of their places, each by the Lab that it has there; exact ab as far as sRGB goes."""
    light = lightness_at(photo, places)
    pairs = zip(light.tolist(), colors, strict=True)
    return placed([one if isinstance(one, Material) else Material((here, *one)) for here, one in pairs], light)


def lightness_at(photo: Analysis, places: Sequence[Spot | Mask]) -> Float:
    """L* (n,) of places of a photograph: around a spot's centre, and the median of what a mask covers."""
    light = photo.work_lightness
    even = np.asarray(cv2.medianBlur(np.ascontiguousarray(light), _SIDE), np.float32)
    found = {place: _one(light, even, photo.size, place) for place in dict.fromkeys(places)}
    return np.array([found[place] for place in places], np.float32)


def _one(light: Float, even: Float, size: Size, place: Spot | Mask) -> float:
    if isinstance(place, Spot):
        height, width = light.shape
        x, y = int((place.x + 0.5) * width / size[0]), int((place.y + 0.5) * height / size[1])
        return float(even[min(max(y, 0), height - 1), min(max(x, 0), width - 1)])
    share = resized(place.weight, (light.shape[0], light.shape[1]))
    return float(np.median(light[share >= min(0.5, float(share.max()))]))


def shaded(ab: Float, meant: Float, lightness: Float, follows: Float) -> Float:
    """Colours that were meant for one lightness, in the shade and light of another.

    ab: (h, w, 2), right at L* ``meant`` (h, w). lightness: (h, w), where they are. follows: (h, w) in [0, 1], how far they are a
    material's, and not exact: 0 changes nothing.
    """
    where = follows > 0
    changed = np.array(ab, np.float32)
    moved = in_light(np.column_stack([meant[where], ab[where]]), lightness[where])
    changed[where] += follows[where][:, None] * (moved - ab[where])
    return changed

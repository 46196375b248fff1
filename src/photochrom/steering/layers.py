"""What holds to the pixel: regions in their order, and over them the hinted pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import cv2
import numpy as np

from photochrom import fuse
from photochrom.analysis import Analysis
from photochrom.edits.hints import Hint, Hints, Region
from photochrom.edits.places import ColorMap, Mask, Spot
from photochrom.materials import Material
from photochrom.resize import resized
from photochrom.steering import propagate
from photochrom.steering.drawn import Dot

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Float: TypeAlias = NDArray[np.float32]

__all__ = ["layers"]


def layers(photo: Analysis, hints: Hints, around: Float) -> tuple[fuse.Layer, ...]:
    """The layers over a picture whose colours at work size are ``around`` (h, w, 2); of two at one pixel the last holds.

    Materials are in the light of their places, see :func:`photochrom.steering.lit.in_place`.
    """
    found: list[fuse.Layer] = []
    dots: dict[tuple[int, int], tuple[float, float]] = {}
    for hint in hints:
        match hint:
            case Hint(reach="here"):
                found.append(_stroke(photo, hint))
            case Hint(ab=given, place=Spot(x, y), strength=1):
                dots[round(y), round(x)] = given.lab[1:] if isinstance(given, Material) else given
            case Region(ab=ColorMap() as given, mask=mask):
                fused = _fused(photo, given, mask.weight, around)
                found.append(fuse.patch(mask.weight, hint.strength, fuse.fit(fused, photo.work_lightness)))
            case Region(ab=Material() as material, mask=mask):
                field = fuse.fit(material.at(photo.work_lightness), photo.work_lightness)
                found.append(fuse.patch(mask.weight, hint.strength, field))
            case Region(ab=(a, b), mask=mask):
                found.append(fuse.patch(mask.weight, hint.strength, (a, b)))
    if dots:
        places = np.array(sorted(dots))
        colors = np.array([dots[y, x] for y, x in places.tolist()], np.float32)
        found.append(fuse.Dots(places[:, 0], places[:, 1], colors))
    return tuple(found)


def _stroke(photo: Analysis, hint: Hint) -> fuse.Patch:
    """A hint that holds at its own pixels and nowhere else."""
    light, given = photo.work_lightness, hint.ab
    color = fuse.fit(given.at(light), light) if isinstance(given, Material) else given
    if isinstance(hint.place, Mask):
        return fuse.patch(hint.place.weight, hint.strength, color, soft=False)
    dot, shape = Dot(hint.place, photo.size), (photo.size[1], photo.size[0])
    (rows, columns), squared = dot.disc(shape)
    inside = squared <= max(dot.radius(shape), float(squared.min()) ** 0.5 + 1e-3) ** 2
    alpha = (inside * np.rint(255 * np.float32(hint.strength))).astype(np.uint8)
    return fuse.Patch(rows.start, columns.start, alpha, color)


def _fused(photo: Analysis, given: ColorMap, weight: NDArray[np.float32], around: Float) -> Float:
    """A region's map of colours at work size (h, w, 2), fused with the colours around it."""
    light = photo.work_lightness
    inside = fuse.sharpen(given.ab, light)
    mask = resized(weight, (light.shape[0], light.shape[1]), cv2.INTER_AREA)
    return propagate.screened_poisson(inside, around, mask > 0.5, light)

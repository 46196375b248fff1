"""Hints spread: kriging extends their colours over the picture, and at their own pixels they are met."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import cv2
import numpy as np

from photochrom import fuse
from photochrom.analysis import Analysis
from photochrom.resize import resized
from photochrom.steering import propagate
from photochrom.steering.ask import Colors, kriging_of
from photochrom.steering.closer import seen_closer
from photochrom.steering.grids import HINT_SIDE, Constraints, Points
from photochrom.steering.hinted import hinted_objects
from photochrom.steering.kriging import Posterior, belonging
from photochrom.steering.lit import shaded

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Float: TypeAlias = NDArray[np.float32]

__all__ = ["Correction", "held", "spread"]

#: A place where the hints hold to a smaller share has nothing of their objects.
_NEAR = 0.05
#: Lambda of the smoother, which stops at edges of L*: for the tone, and for the membership in hinted objects.
_EVEN_TONE, _EVEN_SHARE = 8.0, 500.0


class Correction(NamedTuple):
    """The correction that follows from hints: a change of ab (h, w, 2) at work size, and the share of the uncertainty that they
    remove in each cell, (gh, gw)."""

    ab: Float
    settled: Float


def spread(
    photo: Analysis, points: Points | None, ab: Float, excess: Float, kept: Float | None = None
) -> Correction | None:
    """The correction of ab (h, w, 2) at work size that follows from ``points``; None where there is no kernel, or no point.

    excess: (gh, gw, 2), by how much the model's ab in its cells differ from the expected ones. kept: (h, w, 2), what they
    have without hints, for the objects of places that stay as they are.
    """
    light = photo.work_lightness
    kriging = None if points is None else photo.once(kriging_of)
    if points is None or kriging is None:
        return None
    around: Any = cv2.blur(ab, (HINT_SIDE, HINT_SIDE), borderType=cv2.BORDER_REPLICATE)
    y, x = np.rint(points.places).astype(np.intp).T
    asked = points.ab - around[y, x]
    found = kriging.posterior(
        points.places,
        asked,
        ab,
        excess,
        points.strength,
        points.light,
        points.alike,
        points.keeps,
        lambda which: hinted_objects(photo, points, which),
        lambda cells: seen_closer(photo, cells),
    )
    tone = propagate.smoother(light, _EVEN_TONE)(fuse.sharpen(found.tone, light, blur=0))
    # The model's cells are coarse. What belongs to an object is decided by the pixel, and ends where L* has an edge.
    share = resized(found.share, (light.shape[0], light.shape[1]))
    belongs = belonging(propagate.smoother(light, _EVEN_SHARE)(share))
    surprise = fuse.sharpen(_in_shade(found, ab, light), light, blur=0)
    change = tone + surprise * belongs[..., None]
    if found.kept is not None and kept is not None:
        share = resized(found.kept, (light.shape[0], light.shape[1]))
        change += belonging(propagate.smoother(light, _EVEN_SHARE)(share))[..., None] * (kept - ab - change)
    return Correction(change, found.settled)


def _in_shade(found: Posterior, ab: Float, lightness: Float) -> Float:
    """The surprise, changed so that materials follow the lightness of their objects, from ab (h, w, 2) at work size."""
    if found.meant is None or found.follows is None:
        return found.surprise
    grid = found.share.shape[0], found.share.shape[1]
    before = resized(ab, grid) + found.tone
    there = shaded(
        before + found.surprise, found.meant, resized(lightness, grid), found.follows * (found.share > _NEAR)
    )
    return there - before


def held(photo: Analysis, colors: Colors, wanted: Constraints | None, *, wide: bool) -> Colors:
    """The colours corrected so that hints hold at their pixels; ``wide``: over their whole objects, where nothing else did."""
    if wanted is None:
        return colors
    residual = (wanted.ab - colors.sharp) * wanted.strength[..., None]
    change = propagate.correction(photo.work_lightness, residual, wanted.weight, wide=wide)
    return colors._replace(sharp=colors.sharp + change)

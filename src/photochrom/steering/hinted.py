"""The objects that hints lie on, as the object head sees them: where the colour of a click ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from photochrom.analysis import Analysis
from photochrom.steering.grids import Points
from photochrom.steering.kinds import kinds_of
from photochrom.steering.prompts import CELL, prompt_planes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Float: TypeAlias = NDArray[np.float32]
    #: Places on the head's grid, (row, column).
    Places: TypeAlias = frozenset[tuple[int, int]]

__all__ = ["clicked_object", "hinted_objects"]

#: Hints whose colours differ by no more than this, in ab, ask for one object; objects at the most.
SAME, MOST = 20.0, 12
#: A head that knows people and things finds no end of a lawn or a sky. There more cells are unsure, by a share between 1 - SURE
#: and SURE, than this many times those inside: then nothing is known (docs/notes/hints.md).
UNSURE, _SURE = 2.5, 0.9
#: Radius of a click, in cells; as in training.
_RADIUS = 1


def hinted_objects(photo: Analysis, points: Points, which: NDArray[np.intp]) -> Float | None:
    """How far each cell of 4 x 4 work pixels belongs to what the hints of these numbers lie on, (h / 4, w / 4, n) in [0, 1].

    Hints of one colour are clicks on one object. None for a model without an object head, where it finds no end of anything, and
    in pictures without people: the head learnt people, what they wear, and streets.
    """
    if photo.once(kinds_of) is None:
        return None
    asked = _by_color(points, which)[:MOST]
    found = photo.reuse("objects of hints", asked, lambda places: clicked_object(photo, places))
    masks = [found[places] for places in asked]
    known = [mask for mask in masks if mask is not None]
    return np.stack(known, axis=-1) if known else None


def _by_color(points: Points, which: NDArray[np.intp]) -> list[Places]:
    """The places of hints of one colour, in the order of the hints; those that stay as they are have no colour to share."""
    groups: list[tuple[Any, set[tuple[int, int]]]] = []
    for index in which.tolist():
        ab = None if points.keeps[index] else points.ab[index]
        row, column = (points.places[index] // CELL).astype(int).tolist()
        for other, places in groups:
            if (ab is None) == (other is None) and (ab is None or np.hypot(*(ab - other)) <= SAME):
                places.add((row, column))
                break
        else:
            groups.append((ab, {(row, column)}))
    return [frozenset(places) for _, places in groups]


def clicked_object(photo: Analysis, places: Places) -> Float | None:
    """How far each cell of 4 x 4 work pixels belongs to the object at these cells, (h / 4, w / 4) in [0, 1].

    None for a model without an object head, and where it finds no end of anything.
    """
    light = photo.work_lightness
    add = np.zeros((light.shape[0] // CELL, light.shape[1] // CELL), bool)
    for row, column in places:
        for down, across in ((0, 0), (_RADIUS, 0), (-_RADIUS, 0), (0, _RADIUS), (0, -_RADIUS)):
            if 0 <= row + down < add.shape[0] and 0 <= column + across < add.shape[1]:
                add[row + down, column + across] = True
    logits = photo.session.object_mask(photo.features, light, prompt_planes(add, np.zeros_like(add)))
    if logits is None:
        return None
    share = np.asarray(1 / (1 + np.exp(-logits.clip(-30, 30))), np.float32)
    unsure = np.count_nonzero(abs(share - 0.5) < _SURE - 0.5)
    return share if unsure <= UNSURE * np.count_nonzero(share > 0.5) else None

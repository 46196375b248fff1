"""Foregrounds without label maps: the object tool asked at the points of a grid, as segmenters that need no click do."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from photochrom.colorizer import Opened
from photochrom.edits.scribbles import Scribble
from photochrom.errors import MaskError

__all__ = ["instances"]

#: Points along the short side; an object covers between these shares of a picture.
POINTS, SMALLEST, LARGEST = 7, 0.01, 0.6
#: Two masks that share more than this (intersection over union, or of the smaller one) are one object.
SAME, WITHIN = 0.5, 0.8

Bool = NDArray[np.bool_]


def instances(opened: Opened) -> dict[int, Bool]:
    """Masks (H, W) that do not overlap, by a number from 1 on, those found from most points first.

    ``opened``: a photograph that a model with an object head opened.
    """
    height, width = opened.size[1], opened.size[0]
    step = min(height, width) / POINTS
    found: list[Bool] = []
    votes: list[int] = []
    for y in np.arange(step / 2, height, step):
        for x in np.arange(step / 2, width, step):
            mask = _object_at(opened, float(x), float(y))
            if mask is None:
                continue
            same = next((k for k, one in enumerate(found) if _alike(one, mask)), None)
            if same is None:
                found.append(mask)
                votes.append(1)
            else:
                votes[same] += 1
    order = sorted(range(len(found)), key=lambda k: -votes[k])
    taken = np.zeros((height, width), bool)
    kept: dict[int, Bool] = {}
    for k in order:
        rest = found[k] & ~taken
        if rest.mean() >= SMALLEST:
            kept[len(kept) + 1] = rest
            taken |= rest
    return kept


def _object_at(opened: Opened, x: float, y: float) -> Bool | None:
    try:
        mask = opened.grow(scribbles=[Scribble(((x, y),))])
    except MaskError:  # nothing stands out there
        return None
    return mask if SMALLEST <= mask.mean() <= LARGEST else None


def _alike(one: Bool, other: Bool) -> Any:
    both = (one & other).sum()
    return both > SAME * (one | other).sum() or both > WITHIN * min(one.sum(), other.sum())

"""An object without an object head: what belongs together by the kernel that spreads hints."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

import cv2
import numpy as np

from photochrom.analysis import Analysis
from photochrom.resize import resized
from photochrom.steering.ask import kriging_of
from photochrom.steering.kriging import belonging
from photochrom.steering.propagate import smoother

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Float: TypeAlias = NDArray[np.float32]
    Bool: TypeAlias = NDArray[np.bool_]
    #: What is added and what is erased on a grid of (rows, columns).
    Drawn: TypeAlias = Callable[[tuple[int, int]], tuple[Bool, Bool]]

__all__ = ["kernel_mask"]

#: Places of strokes and of a mask lie on a grid of cells of so many work pixels; of a mask about so many are used: with
#: more, what is erased would be a dent in what is known, however much of the mask is another thing.
_CELL, _MOST = 8, 8
#: Places of a stroke at the most.
_STROKE = 200
#: A mask says nothing so near to what is erased, in cells.
_AWAY = 4
#: What is marked stays where its membership is at least this; below 0 it is more like what is erased than like the mask.
_LEAST = -0.2
#: Lambda of the smoother that gives membership the edges of L*, as for hints.
_EVEN = 500.0


def kernel_mask(photo: Analysis, drawn: Drawn, before: Bool | None) -> Float | None:
    """How far each work pixel belongs to the object that is asked for, (h, w) in [0, 1]; None: the model has no kernel.

    drawn: draws what is added and erased. before: the mask so far, of any size, all of whose middle counts as the object.
    """
    kriging = photo.once(kriging_of)
    if kriging is None:
        return None
    light = photo.work_lightness
    shape, grid = (light.shape[0], light.shape[1]), (light.shape[0] // _CELL, light.shape[1] // _CELL)
    add, erase = drawn(grid)
    inside, outside = _thinned(np.argwhere(add & ~erase), _STROKE), _thinned(np.argwhere(erase), _STROKE)

    def share(here: NDArray[np.intp]) -> Float:
        """How far pixels are like what lies here rather than like what is erased."""
        cells, sides = np.concatenate([here, outside]), np.repeat([1.0, -1.0], [len(here), len(outside)])
        return smoother(light, _EVEN)(resized(kriging.membership((cells + 0.5) * _CELL - 0.5, sides), shape))

    likely = belonging(share(inside)) if len(inside) else np.zeros(shape, np.float32)
    if before is not None:  # what is marked is taken away only where it is more like what was erased than like the rest
        kept = resized(before, shape) > 0.5
        if len(outside):
            kept &= share(_thinned(_known(resized(before, grid) > 0.5, erase), _MOST)) >= _LEAST
        likely[kept] = 1
    return likely


def _known(before: Bool, erase: Bool) -> NDArray[np.intp]:
    """The places (n, 2) of a mask (h, w) that still count: those away from what is erased, of a small mask the farther half."""
    places = np.argwhere(before & ~erase)
    if not len(places) or not erase.any():
        return places
    away: Any = cv2.distanceTransform((~erase).astype(np.uint8), cv2.DIST_L2, 3)
    there = away[places[:, 0], places[:, 1]]
    known: NDArray[np.intp] = places[there >= min(_AWAY, float(np.median(there)))]
    return known


def _thinned(places: NDArray[np.intp], most: int) -> NDArray[np.intp]:
    """At most so many of the places (n, 2), evenly from first to last."""
    return places[:: max(1, -(-len(places) // most))]

"""Where a thing is in a frame to which nothing of it was followed: each part of it votes for where it would have all of it.

Small squares of the thing are compared with all places of the frame (normalised cross-correlation), and each votes for the shifts
of the whole at which it looks like what is there (a generalised Hough transform, Ballard 1981). What is hidden has no say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Float = NDArray[np.float32]

__all__ = ["shift"]

#: Half the side of a square, the distance between them in pixels, and how many are asked at the most.
_HALF, _APART, _MOST = 7, 7, 100
#: Standard deviation of L* from which on a square has a look.
_LOOK = 2.0
#: Correlation from which on a square votes, and from which on it is found; so many, and this share of them, have to be found.
_VOTES, _FOUND, _SEVERAL, _SHARE = 0.65, 0.8, 6, 0.05
#: Votes within so many pixels count together; no other place may have more than this share of the most.
_SPREAD, _CLEAR = 2, 0.7


def shift(mask: NDArray[np.bool_], before: Float, light: Float) -> tuple[int, int] | None:
    """By how many pixels, x and y, the thing of a mask (h, w) in L* ``before`` has moved to where it is in L* ``light``.

    None where that cannot be told.
    """
    height, width = mask.shape
    squares = _squares(mask, before)
    if len(squares) < _SEVERAL:
        return None
    votes = np.zeros((2 * height, 2 * width), np.float32)  # no shift is in the middle
    compared = []
    for x, y in squares:
        look = before[y - _HALF : y + _HALF + 1, x - _HALF : x + _HALF + 1]
        alike: Any = cv2.matchTemplate(light, look, cv2.TM_CCOEFF_NORMED)
        compared.append(alike)
        top, left = height + _HALF - y, width + _HALF - x
        votes[top : top + alike.shape[0], left : left + alike.shape[1]] += np.maximum(alike - _VOTES, 0)
    votes = np.asarray(cv2.blur(votes, (2 * _SPREAD + 1,) * 2))
    _, most, _, (left, top) = cv2.minMaxLoc(votes)
    dx, dy = left - width, top - height
    found = sum(_there(alike, x + dx, y + dy) >= _FOUND for alike, (x, y) in zip(compared, squares, strict=True))
    cv2.circle(votes, (left, top), 5 * _SPREAD, 0.0, -1)
    clear = float(votes.max()) <= _CLEAR * most
    return (dx, dy) if clear and found >= max(_SEVERAL, _SHARE * len(squares)) else None


def _squares(mask: NDArray[np.bool_], light: Float) -> list[tuple[int, int]]:
    """The middles, x and y, of squares inside of a mask that have a look."""
    side = 2 * _HALF + 1
    inside: Any = cv2.erode(np.pad(mask, 1).astype(np.uint8), np.ones((side, side), np.uint8))[1:-1, 1:-1]
    mean, square = (cv2.blur(plane, (side, side)) for plane in (light, light * light))
    usable = (inside > 0) & (square - mean * mean > _LOOK**2)
    usable[:_HALF], usable[-_HALF:], usable[:, :_HALF], usable[:, -_HALF:] = False, False, False, False
    rows, columns = np.nonzero(usable[::_APART, ::_APART])
    places = [(_APART * int(x), _APART * int(y)) for x, y in zip(columns, rows, strict=True)]
    return places if len(places) <= _MOST else [places[i] for i in np.linspace(0, len(places) - 1, _MOST).astype(int)]


def _there(alike: Float, x: int, y: int) -> float:
    """The best correlation of a square whose middle is near x and y."""
    top, left = (max(at - _HALF - _SPREAD, 0) for at in (y, x))
    near = alike[top : max(y - _HALF + _SPREAD + 1, 0), left : max(x - _HALF + _SPREAD + 1, 0)]
    return float(near.max()) if near.size else 0.0

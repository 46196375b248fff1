"""What of a thing is in sight in another frame, by what was seen there before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Mask = NDArray[np.bool_]

__all__ = ["closed", "in_sight"]

#: What differs by more than this from what was there, in L*, the mean over so many pixels, lies before it.
_UNLIKE, _OVER = 10.0, 7
#: So does what has less than this share of its texture, grain of so many L* included: a post before a coat.
_FLAT, _GRAIN = 0.4, 1.0


def in_sight(mask: Mask, before: NDArray[Any], light: NDArray[Any]) -> Mask:
    """Of a mask (h, w) in a frame of L* ``light``, what still looks as ``before``, L* of the thing as it was seen, brought there.

    Both frames are evened, so that one is as light as the other. Smaller gaps than what is looked at around a pixel are none.
    """
    change = np.asarray(light, np.float32) - before
    unlike: Any = cv2.blur(np.abs(change), (_OVER, _OVER))
    seen = mask & (unlike <= _UNLIKE) & (_texture(light) >= _FLAT * _texture(before))
    return mask & closed(seen)


def closed(mask: Mask) -> Mask:
    """A mask (h, w) without the holes and gaps that are smaller than what is looked at around a pixel."""
    whole: Any = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((_OVER, _OVER), np.uint8))
    return np.asarray(whole > 0)


def _texture(light: NDArray[Any]) -> NDArray[np.float32]:
    """Standard deviation of L* around each pixel, (h, w), and of the grain that is everywhere."""
    plane = np.asarray(light, np.float32)
    mean, square = (cv2.blur(one, (_OVER, _OVER)) for one in (plane, plane * plane))
    return np.asarray(np.sqrt(np.maximum(square - mean * mean, 0)) + np.float32(_GRAIN))

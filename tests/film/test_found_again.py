"""Where a thing is in a frame to which nothing of it was followed."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from helpers import data
from photochrom.film.votes import shift

Float = NDArray[np.float32]


def scene(x: int, y: int, post: tuple[int, int] = (0, 0)) -> tuple[Float, NDArray[np.bool_]]:
    """L* of a patch of a cat at (x, y) over coffee, its columns ``post`` hidden; and the patch's mask."""
    light = cv2.resize(cv2.cvtColor(data.coffee(), cv2.COLOR_RGB2GRAY), (240, 160), interpolation=cv2.INTER_AREA)
    mask = np.zeros(light.shape, bool)
    mask[y : y + 64, x : x + 64] = True
    light[mask] = cv2.resize(cv2.cvtColor(data.chelsea()[60:260, 120:320], cv2.COLOR_RGB2GRAY), (64, 64)).ravel()
    light[:, post[0] : post[1]] = 90
    return light.astype(np.float32) * np.float32(100 / 255), mask


def test_a_thing_is_found_by_the_parts_that_are_seen() -> None:
    before, mask = scene(20, 50)
    assert shift(mask, before, scene(131, 42)[0]) == (111, -8)
    assert shift(mask, before, scene(131, 42, post=(100, 165))[0]) == (111, -8)  # half of it is hidden
    darker = scene(131, 42)[0] * np.float32(0.7)
    assert shift(mask, before, darker) == (111, -8)


def test_a_thing_that_is_not_there_or_has_no_look_is_not_found() -> None:
    before, mask = scene(20, 50)
    assert shift(mask, before, scene(131, 42, post=(120, 210))[0]) is None
    assert shift(mask, np.full_like(before, 40), scene(131, 42)[0]) is None
    assert shift(np.zeros_like(mask), before, before) is None
    small = mask & False
    small[60:66, 30:36] = True
    assert shift(small, before, before) is None

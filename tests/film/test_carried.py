"""Things on their way along the flow: what bends, what is left behind, what is hidden."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from photochrom.film.carried import Masks, carry
from photochrom.film.motion import evened

SHAPE = (120, 200)


def texture(seed: int) -> NDArray[np.float32]:
    rng = np.random.default_rng(seed)
    smooth: Any = cv2.GaussianBlur(rng.normal(0, 1, SHAPE).astype(np.float32), (0, 0), 2.5)
    return np.asarray(smooth / smooth.std(), np.float32)


def scene(index: int, post: bool = False) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """A lighter disc that goes to the right, two pixels a frame, and leans; before a ground that stays; maybe behind a post."""
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]].astype(np.float32)
    shift = 2 * index + (60 - rows) * 0.01 * index
    there: Any = cv2.remap(texture(1), columns - shift, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    disc = (columns - shift - 50) ** 2 + (rows - 60) ** 2 < 30**2
    light = np.where(disc, 65 + 8 * there, 40 + 5 * texture(2)).astype(np.float32)
    if post:
        light[:, 100:120] = 65
        disc[:, 100:120] = False
    return evened(light), disc


def overlap(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    return float((one & other).sum() / max((one | other).sum(), 1))


def test_a_thing_that_bends_is_carried_both_ways() -> None:
    frames, discs = zip(*(scene(index) for index in range(25)), strict=True)
    (masks,) = carry(frames, 100, [(112, discs[12])])
    for index in (0, 6, 18, 24):
        assert overlap(masks[100 + index], discs[index]) > 0.85
    assert (masks[112] == discs[12]).all()
    assert not masks[99].any()


def test_what_stays_behind_or_is_hidden_is_no_more_of_it() -> None:
    frames, discs = zip(*(scene(index, post=True) for index in range(25)), strict=True)
    beside = discs[0].copy()
    beside[40:80, 5:22] = True  # ground that was taken for a part of it
    (masks,) = carry(frames, 0, [(0, beside)])
    assert masks[24][40:80, 5:18].mean() < 0.2
    assert masks[16][:, 104:116].mean() < 0.1
    seen = discs[16] & (np.arange(SHAPE[1]) < 98)
    assert masks[16][seen].mean() > 0.8


def passing(index: int, x: int) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """A textured square that goes to the right, four pixels a frame, behind a post that hides all of it for a while."""
    light = 40 + 5 * texture(2)
    left = x + 4 * index
    light[40:84, left : left + 44] = (65 + 8 * texture(1))[40:84, :44]
    square = np.zeros(SHAPE, bool)
    square[40:84, left : left + 44] = True
    light[:, 70:120] = 65
    square[:, 70:120] = False
    return evened(light.astype(np.float32)), square


def test_a_thing_that_was_hidden_is_found_again_as_it_comes_out() -> None:
    frames, squares = zip(*(passing(index, 10) for index in range(36)), strict=True)
    (masks,) = carry(frames, 0, [(0, squares[0])])
    hidden = [index for index, square in enumerate(squares) if not square.any()]
    assert hidden
    assert not any(masks[index].any() for index in hidden)
    for index in (10, 30, 35):
        assert overlap(masks[index], squares[index]) > 0.8
    half = next(index for index in range(hidden[-1], 36) if squares[index].sum() > 0.5 * squares[0].sum())
    assert overlap(masks[half], squares[half]) > 0.7


def test_a_thing_that_does_not_come_back_is_not_found_in_what_is_there() -> None:
    frames, squares = zip(*(passing(min(index, 16), 10) for index in range(36)), strict=True)
    assert not squares[16].any()
    (masks,) = carry(frames, 0, [(0, squares[0])])
    assert not any(masks[index].any() for index in range(18, 36))


def test_two_things_are_carried_at_once_and_one_that_is_gone_is_nothing() -> None:
    frames, discs = zip(*(scene(index) for index in range(6)), strict=True)
    small = np.zeros(SHAPE, bool)
    small[2:5, 2:5] = True
    thing, speck = carry(frames, 0, [(0, discs[0]), (2, small)])
    assert overlap(thing[5], discs[5]) > 0.9
    assert not speck[5].any()


def test_masks_are_kept_as_they_are() -> None:
    masks, rng = Masks((7, 11)), np.random.default_rng(0)
    masks[3] = kept = rng.random((7, 11)) > 0.5
    assert (masks[3] == kept).all()
    assert not masks[4].any()

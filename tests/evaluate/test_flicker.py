"""Flicker is what a result changes beyond the truth, along the motion; a still fault is none."""

from __future__ import annotations

import doctest
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from helpers import data
from photochrom.color import lab_to_rgb, rgb_to_lab
from photochrom.errors import DataError, InvalidPixelsError
from photochrom.evaluate import flicker as module
from photochrom.evaluate.flicker import flicker, flicker_pair, motion

pytestmark = pytest.mark.pixels

Frames = list[NDArray[np.uint8]]


@pytest.fixture(scope="module")
def clip() -> Frames:
    """A camera that pans over a photograph by 3 pixels a frame to the right and 1 downwards."""
    picture = cv2.resize(data.astronaut(), (256, 256), interpolation=cv2.INTER_AREA)
    return [np.ascontiguousarray(picture[step : step + 160, 3 * step : 3 * step + 200]) for step in range(5)]


def recoloured(frames: Frames, change: Any) -> Frames:
    """Each frame's ab, changed by ``change(number, ab)``."""
    made = []
    for number, frame in enumerate(frames):
        lab = rgb_to_lab(frame / 255.0)
        lab[..., 1:] = change(number, lab[..., 1:])
        made.append(np.round(np.clip(lab_to_rgb(lab), 0, 1) * 255).astype(np.uint8))
    return made


def mean(frames: Frames, result: Frames) -> float:
    return float(np.mean(list(flicker(frames, result))))


def test_the_examples_in_the_docstrings_hold() -> None:
    assert doctest.testmod(module).failed == 0


def test_motion_is_found(clip: Frames) -> None:
    before, now = (rgb_to_lab(frame / 255.0)[..., 0] for frame in clip[:2])
    moved = motion(before, now)
    y, x = np.mgrid[: now.shape[0], : now.shape[1]]
    assert moved.known.mean() > 0.8
    assert np.median(np.abs(moved.x - x - 3)[moved.known]) < 0.1
    assert np.median(np.abs(moved.y - y - 1)[moved.known]) < 0.1
    assert not moved.known[:, -1].any()  # what has just come into the picture was nowhere before


def test_a_copy_and_a_grey_result_do_not_flicker(clip: Frames) -> None:
    values = list(flicker(clip, [frame.copy() for frame in clip]))
    assert values == [0.0] * 4
    # 8 bits leave a grey picture a trace of ab
    assert mean(clip, recoloured(clip, lambda _, ab: 0 * ab)) < 0.02


def test_it_grows_with_flicker(clip: Frames) -> None:
    noise = np.random.default_rng(0).normal(size=(len(clip), 2))
    values = [
        mean(clip, recoloured(clip, lambda number, ab, strength=strength: 0.5 * ab + strength * noise[number]))
        for strength in (0.5, 1, 2, 4)
    ]
    assert all(np.diff([0, *values]) > 0), values


def test_still_faults_are_no_flicker(clip: Frames) -> None:
    """A cast and dull colours stay as they are; blotches move with the picture; all have a larger error than the flicker."""
    wide = cv2.GaussianBlur(np.random.default_rng(0).normal(size=(256, 256, 2)), (0, 0), 12)
    wide *= 6 / wide.std()
    own = mean(clip, recoloured(clip, lambda number, ab: 0.5 * ab + 4 * (-1) ** number))
    others = {
        "cast": lambda _, ab: 0.5 * ab + 8,
        "dull": lambda _, ab: 0.3 * ab,
        "blotches": lambda number, ab: 0.5 * ab + wide[number : number + 160, 3 * number : 3 * number + 200],
    }
    reactions = {name: mean(clip, recoloured(clip, change)) for name, change in others.items()}
    assert 4 * max(reactions.values()) < own, (reactions, own)


def test_a_known_value_on_a_still_clip(clip: Frames) -> None:
    light = rgb_to_lab(clip[0] / 255.0)[..., 0]
    moved = motion(light, light)
    still, truth_change = np.zeros((*light.shape, 2)), np.zeros((*light.shape, 2))
    truth_change[..., 0] = 2.0  # the truth changes by 2, the result by 5: 3 beyond
    assert flicker_pair(moved, (still, truth_change), (still, truth_change * 2.5)) == pytest.approx(3, abs=0.01)


def test_a_cut_is_not_measured(clip: Frames) -> None:
    """After a cut nothing corresponds, so hardly a pixel's motion is known."""
    dark, light = (np.full((64, 64), value, np.float32) for value in (20, 80))
    moved = motion(dark, light)
    assert not moved.known.any()
    ab = np.zeros((64, 64, 2))
    assert np.isnan(flicker_pair(moved, (ab, ab), (ab, ab)))


def test_refusals(clip: Frames) -> None:
    with pytest.raises(DataError, match="result ends after 2 frames"):
        list(flicker(clip, clip[:2]))
    with pytest.raises(InvalidPixelsError, match="frame 0: truth"):
        list(flicker(clip, [frame[:-1] for frame in clip]))
    with pytest.raises(InvalidPixelsError, match="16 or more a side"):
        motion(np.zeros((8, 8)), np.zeros((8, 8)))

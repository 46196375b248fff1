"""A hint's place in other frames: followed by its look, and found again when it was hidden."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from helpers import data
from photochrom.film.follow import follow

SIZE = (240, 160)
Grey = NDArray[np.uint8]


def clip(count: int = 48, turn: float = 0.0) -> tuple[list[Grey], list[NDArray[np.float64]]]:
    """A square patch of a cat over coffee that passes behind a post -> frames and the patch's poses."""
    coffee = cv2.resize(cv2.cvtColor(data.coffee(), cv2.COLOR_RGB2GRAY), SIZE, interpolation=cv2.INTER_AREA)
    patch = cv2.resize(cv2.cvtColor(data.chelsea()[60:260, 120:320], cv2.COLOR_RGB2GRAY), (64, 64))
    frames, poses = [], []
    for index in range(count):
        pose = cv2.getRotationMatrix2D((32, 32), turn * index, 1.0) + np.array([[0, 0, 4 * index], [0, 0, 48]])
        mask = cv2.warpAffine(np.full((64, 64), 255, np.uint8), pose, SIZE) > 127
        frame = coffee.copy()
        frame[mask] = cv2.warpAffine(patch, pose, SIZE)[mask]
        frame[:, 80:150] = 90
        frames.append(frame)
        poses.append(pose)
    return frames, poses


def test_a_place_that_was_hidden_is_found_again() -> None:
    frames, _ = clip()
    found = follow(frames, 0, (32.0, 80.0))
    assert len(found) == len(frames)
    assert all(place.confidence < 0.5 for place in found[18:27])  # behind the post
    for index in (5, 10, 44, 46):
        assert found[index].confidence > 0.6
        assert np.hypot(found[index].x - 32 - 4 * index, found[index].y - 80) < 3


def test_a_place_is_followed_backwards_and_while_it_turns() -> None:
    frames, poses = clip(12, turn=2.0)
    middle = cv2.transform(np.array([[[20.0, 40.0]]]), poses[11])[0, 0]
    found = follow(frames, 11, (float(middle[0]), float(middle[1])))
    for pose, place in zip(poses, found, strict=True):
        x, y = cv2.transform(np.array([[[20.0, 40.0]]]), pose)[0, 0]
        assert np.hypot(place.x - x, place.y - y) < 2
        assert place.confidence > 0.6

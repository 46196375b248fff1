"""A hint's places in other frames: followed, and found again as soon as any part of their thing is seen."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from helpers import data
from photochrom.film.follow import follow, spread

SIZE = (240, 160)
Grey = NDArray[np.uint8]


def clip(count: int = 48, turn: float = 0.0) -> tuple[list[Grey], list[NDArray[np.float64]], NDArray[np.bool_]]:
    """A square patch of a cat over coffee that passes behind a post -> frames, the patch's poses, and its mask in the first."""
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
        if not index:
            first = mask
    return frames, poses, first


def test_anchors_lie_inside_of_their_thing_and_apart() -> None:
    frames, _, mask = clip(1)
    mask[100:140, 180:230] = True  # another thing that was recoloured by chance
    anchors = spread(mask, frames[0], 32, 80)
    assert len(anchors) >= 4
    places = np.array([(32, 80), *anchors])
    assert all(mask[round(y), round(x)] and x < 64 for x, y in anchors)
    assert min(np.hypot(*(one - other)) for i, one in enumerate(places) for other in places[:i]) >= 12
    assert spread(np.zeros_like(mask), frames[0], 32, 80) == []
    assert spread(mask, np.full_like(frames[0], 90), 32, 80) == []  # nothing of it could be followed
    assert spread(np.ones_like(mask), frames[0], 32, 80)  # all of the frame


def test_a_thing_that_was_hidden_is_known_as_soon_as_part_of_it_is_seen() -> None:
    frames, poses, mask = clip()
    places = [(32.0, 80.0), *spread(mask, frames[0], 32, 80)]
    found = follow(frames, 0, places)
    assert [len(row) for row in found] == [len(places)] * len(frames)
    hidden = [index for index, pose in enumerate(poses) if 4 * index >= 80 and 4 * index + 64 <= 150]
    assert all(place.confidence < 0.5 for index in hidden for place in found[index])
    again = next(index for index in range(hidden[-1] + 1, 48) if max(one.confidence for one in found[index]) > 0.6)
    assert 4 * again + 32 < 150  # its middle, where the hint was given, is still behind the post
    # What is found late is followed back to where it came out: 20 pixels are in sight, and soon its motion is known.
    assert 4 * again + 64 - 150 <= 20
    assert sum(one.confidence > 0.6 for one in found[again + 1]) >= 3
    for index in (5, 10, again + 1, 47):
        right = [
            float(np.hypot(one.x - x - 4 * index, one.y - y))
            for one, (x, y) in zip(found[index], places, strict=True)
            if one.confidence > 0.6
        ]
        assert right
        assert max(right) < 4


def test_a_thing_is_followed_backwards_and_while_it_turns() -> None:
    frames, poses, _ = clip(12, turn=2.0)
    middle = cv2.transform(np.array([[[20.0, 40.0]]]), poses[11])[0, 0]
    found = follow(frames, 11, [(float(middle[0]), float(middle[1]))])
    for pose, (place,) in zip(poses, found, strict=True):
        x, y = cv2.transform(np.array([[[20.0, 40.0]]]), pose)[0, 0]
        assert np.hypot(place.x - x, place.y - y) < 2
        assert place.confidence > 0.6

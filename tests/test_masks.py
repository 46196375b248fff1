"""Run lengths, polygons and grown boxes."""

from __future__ import annotations

import numpy as np
import pytest

from photochrom.errors import MaskError
from photochrom.masks import from_polygons, from_rle, grow_box, to_rle


@pytest.mark.parametrize("first", [0, 1])
def test_run_lengths_come_back(first: int) -> None:
    mask = np.random.default_rng(1).random((37, 53)) > 0.7
    mask[:20, 5:30] = True
    mask[0, 0] = first
    np.testing.assert_array_equal(from_rle(to_rle(mask)), mask)


def test_coco_run_lengths() -> None:
    expected = np.zeros((3, 4), bool)
    expected[1:, 1] = True  # columns of 3: 4 zeros, 2 ones, 6 zeros
    np.testing.assert_array_equal(from_rle({"size": [3, 4], "counts": [4, 2, 6]}), expected)
    np.testing.assert_array_equal(from_rle({"size": [3, 4], "counts": "426"}), expected)


@pytest.mark.parametrize(
    "rle",
    [
        {},
        {"size": [2, 2]},
        {"size": [2, 2], "counts": [3]},
        {"size": [2, 2], "counts": [5, -1]},
        {"size": [0, 2], "counts": []},
        {"size": [2, 2], "counts": "\x00é"},
        {"size": "no", "counts": [4]},
    ],
)
def test_bad_run_lengths(rle: dict[str, object]) -> None:
    with pytest.raises(MaskError, match="run lengths"):
        from_rle(rle)


def test_polygons() -> None:
    mask = from_polygons([[2, 2, 8, 2, 8, 6, 2, 6], [15, 5, 18, 5, 18, 9, 15, 9]], (20, 10))
    assert mask.shape == (10, 20)
    assert mask[3:5, 4:7].all()
    assert mask[6:8, 16:18].all()
    assert not mask[:, 10:14].any()
    for bad in ([[1, 2, 3, 4]], [[1, 2, 3]], [["a", 1, 2, 3, 4, 5]], [[90, 90, 99, 90, 95, 99]]):
        with pytest.raises(MaskError):
            from_polygons(bad, (20, 10))  # type: ignore[arg-type]


def test_a_box_grows_to_the_object() -> None:
    light = np.full((120, 160), 25.0, np.float32) + np.random.default_rng(0).normal(0, 1, (120, 160)).astype(np.float32)
    rows, columns = np.ogrid[:120, :160]
    disc = (rows - 60) ** 2 + (columns - 80) ** 2 < 30**2
    light[disc] += 50
    mask = grow_box(light, (80, 40, 240, 200), (320, 240))[::2, ::2]
    assert (mask == disc).mean() > 0.97
    np.testing.assert_array_equal(mask, grow_box(light, (80, 40, 240, 200), (320, 240))[::2, ::2])


@pytest.mark.parametrize("box", [(5, 5, 5, 9), (-1, 0, 5, 5), (0, 0, 161, 9), (0, 0, 160, 120), (9, 9, 3, 3)])
def test_impossible_boxes(box: tuple[float, ...]) -> None:
    with pytest.raises(MaskError, match="box"):
        grow_box(np.full((120, 160), 50, np.float32), box, (160, 120))


def test_nothing_in_the_box() -> None:
    with pytest.raises(MaskError):
        grow_box(np.full((120, 160), 50, np.float32), (20, 20, 90, 90), (160, 120))

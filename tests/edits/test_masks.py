"""Run lengths, polygons and grown boxes."""

from __future__ import annotations

import numpy as np
import pytest

from photochrom.edits.masks import from_polygons, from_rle, to_rle
from photochrom.errors import MaskError


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

"""Clicks and strokes on a grid."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from photochrom.edits.scribbles import Scribble, drawn
from photochrom.errors import MaskError


def test_a_click_covers_its_place_on_any_grid() -> None:
    click = Scribble(((300, 100),), radius=20)
    for shape in ((20, 40), (200, 400), (400, 800)):
        covered = drawn([click], (400, 200), shape)
        y, x = np.argwhere(covered).mean(axis=0)
        assert abs(x / shape[1] - 300.5 / 400) < 0.6 / shape[1] + 0.01
        assert abs(y / shape[0] - 100.5 / 200) < 0.6 / shape[0] + 0.01
    assert abs(np.count_nonzero(drawn([click], (400, 200), (200, 400))) - np.pi * 400) < 150


def test_a_small_click_covers_one_cell_and_strokes_are_whole() -> None:
    assert np.count_nonzero(drawn([Scribble(((3999, 0),), radius=0)], (4000, 3000), (48, 64))) >= 1
    stroke = drawn([Scribble(((10, 50), (90, 50)), radius=3)], (100, 100), (100, 100))
    assert stroke[50, 10:90].all()
    assert not stroke[:44].any()


@pytest.mark.parametrize("wrong", [{"points": ()}, {"points": ((np.nan, 1),)}, {"points": ((1, 1),), "radius": -1}])
def test_impossible_scribbles(wrong: dict[str, Any]) -> None:
    with pytest.raises(MaskError, match="scribble"):
        Scribble(**wrong)


def test_a_scribble_outside_the_picture() -> None:
    with pytest.raises(MaskError, match="outside"):
        Scribble(((120, 5),)).check((100, 100))
    Scribble(((120, 5), (99, 5))).check((100, 100))  # a stroke may leave the picture

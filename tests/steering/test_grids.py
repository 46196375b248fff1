"""Hints on the grids of a photograph: cells for the model, and places for kriging."""

from __future__ import annotations

import numpy as np

from photochrom import Blend, Hint, Hints, Mask, Region, Spot
from photochrom.steering.drawn import Grids, Shape, Stroke, draw
from photochrom.steering.grids import MOST_PLACES, _merged, cells, points


def strokes(hints: Hints, size: tuple[int, int], work: Shape) -> list[Stroke]:
    """What spreads of the hints of a picture of ``size`` (width, height), on a work grid."""
    drawn = draw(hints, Grids(size, (work[0] // 8, work[1] // 8), work))
    return [one for one in drawn if isinstance(one, Stroke) and one.strength > 0]


def test_hints_in_the_cells_of_the_model() -> None:
    grids = Grids((96, 64), (8, 12), (64, 96))
    hints = Hints([Hint.at(8, 8, (10, 20)), Hint.at(95, 63, (-10, 0), strength=0.5)])
    found = cells(draw(hints, grids), grids.cells)
    assert found.shape == (3, 8, 12)
    np.testing.assert_allclose(found[:, 1, 1], (10, 20, 1))
    np.testing.assert_allclose(found[:, 7, 11], (-10, 0, 0.5))
    assert found[2].sum() < 6
    assert not cells([], grids.cells).any()
    inside = Hints([Hint.inside(np.ones((64, 96), bool), "red")])
    assert not cells(draw(inside, grids), grids.cells).any(), "regions change nothing outside"


def test_hints_as_places() -> None:
    mask = np.zeros((100, 200), bool)
    mask[:50, :100] = True
    hints = Hints(
        [
            Hint((10.0, 20.0), Spot(0, 99), strength=0.5),
            Hint((1.0, 2.0), Mask(mask)),
            Region((3.0, 4.0), Mask(mask)),
            Blend((5.0, 6.0), Mask(mask)),
            Hint((7.0, 8.0), Spot(5, 5), strength=0.0),
        ]
    )
    found = points(strokes(hints, (200, 100), (32, 64)), np.zeros((32, 64), np.float32))
    assert found is not None
    assert found.places[0].tolist() == [31, 0]
    assert found.ab[0].tolist() == [10, 20]
    assert found.strength[0] == 0.5
    assert len(found.places) == 1 + 2 * 4  # a quarter of 4 x 8 cells
    assert (found.ab[1:] == [1, 2]).all()
    assert found.places[1:].max(axis=0).tolist() == [11.5, 27.5]


def test_nothing_to_spread_is_no_place() -> None:
    for hints in (Hints(), Hints([Hint((1.0, 2.0), Spot(5, 5), strength=0.0)])):
        assert points(strokes(hints, (200, 100), (32, 64)), np.zeros((32, 64), np.float32)) is None


def test_very_many_places_are_merged() -> None:
    rng = np.random.default_rng(0)
    spots = [Spot(float(x), float(y)) for y, x in rng.uniform(0, 511, (5000, 2))]
    hints = Hints(Hint((10.0, -20.0), spot) for spot in spots)
    found = points(strokes(hints, (512, 512), (512, 512)), np.zeros((512, 512), np.float32))
    assert found is not None
    assert 500 < len(found.places) <= MOST_PLACES
    assert np.allclose(found.ab, [10, -20])
    assert found.places.min() >= 0
    assert found.places.max() <= 511


def test_a_full_mask_weighs_no_more_than_one_to_the_model() -> None:
    """The model refuses a mask above 1, and means of many ones may be rounded to that."""
    mask = np.zeros((590, 700), bool)
    mask[100:200, 100:300] = True
    found = cells(strokes(Hints([Hint((5.0, 12.0), Mask(mask))]), (700, 590), (256, 304)), (32, 38))
    assert found[2].max() == 1


def test_merged_places_keep_what_they_are() -> None:
    """Exact colours, materials and places that are kept lie in one cell, and none of them makes another one unknown."""
    nan = np.nan
    exact, material, kept = [3, 3, 10, 20, 1, nan, 0], [3, 4, 30, 40, 1, 50, 0], [4, 4, nan, nan, 1, nan, 0]
    rows = _merged(np.array([exact, material, kept, [4, 3, 20, 30, 1, nan, 0]], np.float32), 8, (16, 16))
    found = sorted(map(tuple, rows[:, 2:6].tolist()), key=str)
    expected = sorted([(15.0, 25.0, 1.0, nan), (30.0, 40.0, 1.0, 50.0), (nan, nan, 1.0, nan)], key=str)
    np.testing.assert_array_equal(found, expected)

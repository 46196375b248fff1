"""Turned, straightened and cropped: the places of hints and masks, and the sizes of results."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from photochrom.edits.edits import Edits
from photochrom.edits.geometry import Geometry, View
from photochrom.edits.hints import Blend, Hint, Hints, Keep, Region
from photochrom.edits.moved import moved
from photochrom.edits.places import ColorMap, Mask, Spot
from photochrom.errors import OptionError

SIZE = (60, 40)
CORNER = np.zeros((40, 60), bool)
CORNER[2:6, 50:58] = True  # at the top right


@pytest.mark.parametrize(("rotate", "place"), [(0, (59, 0)), (90, (39, 59)), (180, (0, 39)), (270, (0, 0))])
def test_quarter_turns_are_clockwise(rotate: int, place: tuple[int, int]) -> None:
    view = View.of(Geometry(rotate=rotate), SIZE)
    assert view.result([(59, 0)])[0] == pytest.approx(place)
    assert view.size == (SIZE if rotate in (0, 180) else SIZE[::-1])
    assert view.photograph([place])[0] == pytest.approx((59, 0))


@pytest.mark.parametrize(
    "geometry", [Geometry(rotate=90), Geometry(rotate=270, crop=(3, 5, 20, 30)), Geometry(crop=(10, 0, 50, 9))]
)
def test_masks_of_quarter_turns_and_crops_are_exact(geometry: Geometry) -> None:
    view = View.of(geometry, SIZE)
    (mask,) = moved(Hints([Region((10.0, 20.0), Mask(CORNER))]), view)
    x, y, width, height = geometry.box(SIZE)
    expected = np.rot90(CORNER, -geometry.rotate // 90)[y : y + height, x : x + width]
    assert np.array_equal(mask.mask.weight, expected)  # type: ignore[union-attr]


def test_hints_keep_their_places_when_straightened() -> None:
    middle = np.hypot(*(np.indices((400, 600)) - np.array([180, 250])[:, None, None])) < 30
    hints = Hints([Hint.at(250, 180, "red"), Hint.inside(middle, "red")])
    spot, area = moved(hints, View.of(Geometry(rotate=90, straighten=-6, crop=(40, 50, 300, 400)), (600, 400)))
    y, x = np.nonzero(area.mask.weight)  # type: ignore[union-attr]
    assert (x.mean(), y.mean()) == pytest.approx((spot.place.x, spot.place.y), abs=0.1)  # type: ignore[union-attr]
    assert len(x) == pytest.approx(np.count_nonzero(middle), rel=0.01)


def test_what_lies_beyond_the_crop_is_left_out_and_kept_in_the_edits() -> None:
    hints = [Hint.at(5, 5, "red"), Hint.at(55, 35, "blue"), Keep(Mask(CORNER)), Hint.inside(CORNER, "navy")]
    edits = Edits(hints=Hints(hints), geometry=Geometry(crop=(0, 0, 20, 20)))
    assert list(edits.framed(SIZE).hints) == hints[:1]
    assert list(edits.hints) == hints


def test_coarse_masks_and_maps_of_colours_follow() -> None:
    cells = np.zeros((5, 6), bool)
    cells[1, 4] = True
    ab = np.zeros((5, 6, 2), np.float32)
    ab[1, 4] = 30
    (turned,) = moved(Hints([Blend(ColorMap(ab), Mask(cells))]), View.of(Geometry(rotate=90), SIZE))
    assert isinstance(turned, Blend)
    assert np.array_equal(turned.mask.weight, np.rot90(cells, -1))
    assert np.array_equal(turned.ab.ab, np.rot90(ab, -1))  # type: ignore[union-attr]
    view = View.of(Geometry(straighten=5, crop=(20, 4, 36, 30)), SIZE)
    (there,) = moved(Hints([Blend((30.0, 0.0), Mask(cells))]), view)
    (back,) = moved(Hints([there]), view.reversed)
    weight = back.mask.weight  # type: ignore[union-attr]
    y, x = (axis.mean() + 0.5 for axis in np.nonzero(weight))
    assert (x / weight.shape[1], y / weight.shape[0]) == pytest.approx((4.5 / 6, 1.5 / 5), abs=0.02)


@pytest.mark.parametrize("degrees", [-45, -7.3, 0.1, 3, 30])
def test_a_straightened_picture_has_no_empty_corner(degrees: float) -> None:
    view = View.of(Geometry(straighten=degrees), (600, 400))
    width, height = view.size
    assert width / height == pytest.approx(1.5, abs=0.02)
    corners = view.photograph([(0, 0), (width - 1, 0), (0, height - 1), (width - 1, height - 1)])
    assert corners.min() >= 0
    assert (corners <= [599, 399]).all()
    assert view.result([(299.5, 199.5)])[0] == pytest.approx(((width - 1) / 2, (height - 1) / 2))


def test_straightening_is_clockwise() -> None:
    view = View.of(Geometry(straighten=10, crop=(0, 0, 600, 400)), (600, 400))
    right = view.result([(399.5, 199.5)])[0]
    assert right == pytest.approx((299.5 + 100 * math.cos(math.radians(10)), 199.5 + 100 * math.sin(math.radians(10))))


def test_a_crop_follows_the_size() -> None:
    geometry = Geometry(rotate=90, crop=(4, 6, 20, 30))
    assert geometry.scaled(SIZE, (120, 80)).crop == (8, 12, 40, 60)
    assert geometry.scaled((120, 80), (60, 40)).crop == (2, 3, 10, 15)
    assert Geometry(rotate=90).cropped_to((50, 2, 8, 4), SIZE).crop == (34, 50, 4, 8)


@pytest.mark.parametrize(
    "wrong",
    [
        {"rotate": 45}, {"rotate": True}, {"straighten": 46}, {"straighten": math.nan}, {"crop": (0, 0, 0, 5)},
        {"crop": (0, 0, 5)}, {"crop": (-1, 0, 5, 5)}, {"crop": (0.5, 0, 5, 5)}, {"crop": "0,0,5,5"},
    ],
)  # fmt: skip
def test_values_that_make_no_sense_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(OptionError):
        Geometry(**wrong)


def test_a_crop_beyond_the_photograph_is_refused() -> None:
    with pytest.raises(OptionError, match="60 x 40"):
        Edits(geometry=Geometry(crop=(50, 0, 11, 5))).check(SIZE)
    with pytest.raises(OptionError, match="40 x 60"):
        View.of(Geometry(rotate=90, crop=(0, 0, 60, 40)), SIZE)
    assert Spot(1, 2) == moved(Hints([Hint.at(1, 2, "red")]), View.of(Geometry(), SIZE))[0].place  # type: ignore[union-attr]

"""Hints as values: what they are, and what they are not."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

from photochrom.edits.hints import Blend, Hint, Hints, Reference, Region, color_of
from photochrom.edits.pictures import Picture
from photochrom.edits.places import ColorMap, Mask, Spot
from photochrom.errors import HintError, MaskError, OptionError, UnknownColorError
from photochrom.materials import Material

MASK = np.zeros((10, 20), bool)
MASK[2:4, 5:10] = True


def test_they_compare_by_what_they_hold() -> None:
    """So that what was computed for hints can be kept for equal ones."""

    def made() -> Hints:
        everywhere = Blend(np.ones((4, 6, 2)), Mask(np.full((4, 6), 0.5)))  # type: ignore[arg-type]
        reference = Reference(Picture("a.jpg", "00"), Mask(MASK), 0.3)
        return Hints([Hint.at(1, 2, "olive"), Hint.inside(MASK, "navy"), everywhere, reference])

    assert made() == made()
    assert hash(made()) == hash(made())
    for same in (pickle.loads(pickle.dumps(made())), copy.deepcopy(made())):
        assert same == made()
    assert made() != made().without(1)
    assert Mask(MASK) != Mask(~MASK)
    assert Region((1, 2), Mask(MASK)) != Blend((1, 2), Mask(MASK))


def test_places_cannot_be_changed() -> None:
    for array in (Mask(MASK).weight, ColorMap(np.zeros((2, 2, 2))).ab):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


def test_a_reference_has_a_range() -> None:
    with pytest.raises(OptionError, match="trust"):
        Reference(Picture("a.jpg", "00"), trust=2)


def test_an_immutable_sequence() -> None:
    one, two = Hint.at(1, 2, "red"), Hint.at(3, 4, "navy", radius=2)
    hints = Hints([one])
    more = hints + Hints([two])
    assert (len(hints), len(more), list(more)) == (1, 2, [one, two])
    assert list(more.without(0)) == [two]
    assert list(more.without(-1)) == [one]
    assert isinstance(more[:1], Hints)
    assert more[1] is two


def test_another_size_of_the_same_photograph() -> None:
    mask = np.zeros((10, 20), bool)
    mask[2:4, 5:10] = True
    spot, region = Hints([Hint.at(5, 3, "red", radius=2), Hint.inside(mask, "red")]).scaled((20, 10), (40, 20))
    assert spot.place == Spot(10.5, 6.5, 4)
    assert isinstance(region.mask, Mask)
    np.testing.assert_array_equal(region.mask.weight, np.kron(mask, np.ones((2, 2), bool)))


@pytest.mark.parametrize("shape", [(1, 400), (400, 1), (3, 3)])
def test_a_mask_that_had_a_pixel_keeps_one(shape: tuple[int, int]) -> None:
    mask = np.zeros((400, 400), bool)
    mask[201 : 201 + shape[0], 101 : 101 + shape[1]] = True
    for side in (256, 37, 7, 1):
        small = Mask(mask).scaled((400, 400), (side, side)).weight
        assert small.dtype == bool
        assert 1 <= small.sum() <= 2 * side
        y, x = np.argwhere(small).mean(axis=0) + 0.5
        middle = np.argwhere(mask).mean(axis=0) + 0.5
        assert np.hypot(y * 400 / side - middle[0], x * 400 / side - middle[1]) < 1.5 * 400 / side + 2


def test_colours() -> None:
    grey = color_of("#808080")
    assert isinstance(grey, Material)
    assert grey.lab == pytest.approx((53.59, 0, 0), abs=0.01)
    assert color_of((1, 2)) == color_of("lab:50,1,2") == color_of(" LAB: 1, 2") == (1, 2)
    for text in ("lab:", "lab:1", "lab:a,b", "lab:1,2,3,4"):
        with pytest.raises(HintError, match="lab:"):
            color_of(text)
    with pytest.raises(UnknownColorError):
        Hint.at(1, 1, "no such colour")


def test_impossible_hints() -> None:
    with pytest.raises(MaskError, match="empty"):
        Mask(np.zeros((4, 4)))
    with pytest.raises(MaskError, match="255"):
        Mask(np.full((4, 4), 255))
    with pytest.raises(MaskError):
        Mask(np.ones((4, 4, 3)))
    for x, y, radius in ((float("nan"), 0, None), (0, float("inf"), None), (0, 0, -1)):
        with pytest.raises(HintError):
            Spot(x, y, radius)
    for ab, place, more in (
        ((1, 2, 3), Spot(0, 0), {}),
        ((1, float("nan")), Spot(0, 0), {}),
        ((1, 900), Spot(0, 0), {}),
        ((1, 2), Spot(0, 0), {"strength": 2}),
        ((1, 2), "here", {}),
    ):
        with pytest.raises(HintError):
            Hint(ab, place, **more)  # type: ignore[arg-type]
    with pytest.raises(HintError, match="Hint"):
        Hints([(1, 2, 3)])  # type: ignore[list-item]

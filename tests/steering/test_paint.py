"""Hints at work: what the model is given, and that they hold in the finished picture."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from helpers import Grey, data
from photochrom import Colorizer
from photochrom.color import rgb_to_lab
from photochrom.colorizer import Opened
from photochrom.edits.hints import Hint, Hints, Keep, color_of
from photochrom.edits.places import Mask, Spot
from photochrom.errors import HintError, MaskError

pytestmark = pytest.mark.pixels


def ab_at(rgb: NDArray[Any], x: int, y: int) -> NDArray[np.float32]:
    return rgb_to_lab(rgb[y : y + 1, x : x + 1] / np.iinfo(rgb.dtype).max)[0, 0, 1:]


def flat(height: int, width: int, value: int = 120) -> Grey:
    """Two even fields side by side."""
    grey = np.full((height, width), value, np.uint8)
    grey[:, width // 2 :] = value + 60
    return grey


def test_a_hint_holds_at_its_pixel(shipped: Colorizer, photo: Grey) -> None:
    opened = shipped.open(photo)
    hints = [Hint.at(30, 40, (20, 15)), Hint.at(70, 10, (-5, -20)), Hint.at(0, 63, (0, 0))]
    rgb = opened.paint(hints=hints).rgb
    for hint in hints:
        assert isinstance(hint.place, Spot)
        np.testing.assert_allclose(ab_at(rgb, int(hint.place.x), int(hint.place.y)), hint.ab, atol=2)


def test_contradictory_hints_a_pixel_apart_both_hold(shipped: Colorizer) -> None:
    grey = np.resize(data.camera(), (1024, 1024)).astype(np.uint8)
    grey[500:520, 500:520] = 140
    rgb = shipped.open(grey).paint(hints=[Hint.at(508, 510, (15, 10)), Hint.at(509, 510, (-15, -10))]).rgb
    np.testing.assert_allclose(ab_at(rgb, 508, 510), (15, 10), atol=2)
    np.testing.assert_allclose(ab_at(rgb, 509, 510), (-15, -10), atol=2)
    again = shipped.open(grey).paint(hints=[Hint.at(508, 510, (15, 10)), Hint.at(508, 510, (-15, -10))]).rgb
    np.testing.assert_allclose(ab_at(again, 508, 510), (-15, -10), atol=2, err_msg="the last one holds")


def test_a_hint_spreads_over_its_field_and_not_over_the_edge(shipped: Colorizer) -> None:
    opened = shipped.open(flat(96, 192))
    before, after = (rgb_to_lab(opened.paint(hints=h).rgb / 255) for h in ((), (Hint.at(40, 48, (25, -30)),)))
    change = np.linalg.norm((after - before)[..., 1:], axis=-1)
    near, beyond = change[28:68, 20:80].mean(), change[:, 110:].mean()
    assert near > 15
    assert beyond < near / 3


def two_alike() -> Grey:
    """Two like dark fields, left and right, on a light ground."""
    grey = np.full((96, 240), 200, np.uint8)
    grey[16:80, 16:72] = grey[16:80, 168:224] = 80
    return grey


def change_by(opened: Opened, *hints: Hint | Keep) -> NDArray[np.float32]:
    """By how much ab change at each pixel."""
    before, after = (rgb_to_lab(opened.paint(hints=h).rgb / 255) for h in ((), hints))
    return np.asarray(np.linalg.norm((after - before)[..., 1:], axis=-1), np.float32)


@pytest.mark.parametrize("color", [(40.0, -40.0), "teal"], ids=["exact", "material"])
def test_here_reaches_the_stroke_and_nothing_else(shipped: Colorizer, color: Any) -> None:
    opened = shipped.open(two_alike())
    change = change_by(opened, Hint.at(40, 48, color, radius=5, reach="here"))
    y, x = np.mgrid[:96, :240]
    inside = (y - 48) ** 2 + (x - 40) ** 2 <= 25
    assert change[inside].min() > 10
    assert not change[~inside].any()
    area = np.zeros((96, 240), bool)
    area[20:40, 20:30] = True
    assert not change_by(opened, Hint(color_of(color), Mask(area), reach="here"))[~area].any()


def test_alike_reaches_at_least_as_far_as_object(shipped: Colorizer) -> None:
    opened = shipped.open(two_alike())
    left, other = (
        change_by(opened, Hint.at(40, 48, (45, -45), reach=reach))[30:66, 180:212].mean()
        for reach in ("object", "alike")
    )
    assert other >= left - 0.5
    assert other > 15


def test_of_two_reaches_the_nearer_holds(shipped: Colorizer) -> None:
    opened = shipped.open(two_alike())
    hints = [Hint.at(40, 48, (-35, 30)), Hint.at(196, 48, (45, -45), reach="alike")]
    for order in (hints, hints[::-1]):
        rgb = opened.paint(hints=order).rgb
        np.testing.assert_allclose(ab_at(rgb, 40, 48), (-35, 30), atol=2)
        np.testing.assert_allclose(ab_at(rgb, 196, 48), (45, -45), atol=2)
        assert ab_at(rgb, 30, 40)[0] < -15, "not only at its pixel"


def test_a_kept_place_stays_as_it_is(shipped: Colorizer) -> None:
    opened = shipped.open(two_alike())
    spill = Hint.at(40, 48, (45, -45), reach="alike")
    there = np.s_[30:66, 180:212]
    assert change_by(opened, spill)[there].mean() > 15
    kept = change_by(opened, spill, Keep.at(196, 48))
    assert kept[there].mean() < 4
    assert kept[46:51, 194:199].max() < 1.5
    assert kept[30:66, 30:50].mean() > 15, "the hint still holds"
    assert not change_by(opened, Keep.at(196, 48)).any(), "by itself it changes nothing"
    with pytest.raises(HintError, match="outside"):
        opened.paint(hints=[Keep.at(500, 5)])


def test_strength(shipped: Colorizer, photo: Grey) -> None:
    opened = shipped.open(photo)
    wanted = ab_at(opened.paint().rgb, 30, 40) + np.array([25, -20])
    change = [
        np.linalg.norm(ab_at(opened.paint(hints=[Hint.at(30, 40, wanted.tolist(), strength=s)]).rgb, 30, 40) - wanted)
        for s in (0.0, 0.5, 1.0)
    ]
    assert change[0] > change[1] > change[2]
    assert opened.paint(hints=[Hint.at(30, 40, "red", strength=0)]).rgb.tobytes() == opened.paint().rgb.tobytes()


@pytest.mark.parametrize("shape", [(40, 3), (3, 40), (1, 1), (2, 900)], ids=str)
def test_tiny_pictures(shipped: Colorizer, shape: tuple[int, int]) -> None:
    grey = np.full(shape, 130, np.uint8)
    rgb = shipped.open(grey).paint(hints=[Hint.at(0, 0, (20, 20))]).rgb
    np.testing.assert_allclose(ab_at(rgb, 0, 0), (20, 20), atol=2)


def test_black_stays_black(shipped: Colorizer) -> None:
    rgb = shipped.open(np.zeros((64, 64), np.uint8)).paint(hints=[Hint.at(30, 30, "red")]).rgb
    assert rgb.max() <= 1


def test_ten_thousand_hints(shipped: Colorizer) -> None:
    rng = np.random.default_rng(0)
    grey = np.tile(np.linspace(60, 200, 128).astype(np.uint8), (128, 1))
    places = rng.integers(0, 128, (10_000, 2)).tolist()
    hints = [Hint((10.0, 10.0), Spot(x, y)) for x, y in places]
    lab = rgb_to_lab(shipped.open(grey).paint(hints=hints).rgb / 255)
    x, y = places[-1]
    np.testing.assert_allclose(lab[y, x, 1:], (10, 10), atol=2)
    np.testing.assert_allclose(lab[..., 1:].mean((0, 1)), (10, 10), atol=2)


def test_a_region_holds_inside_and_changes_nothing_outside(shipped: Colorizer, photo: Grey) -> None:
    opened = shipped.open(photo)
    mask = np.zeros(photo.shape, bool)
    mask[10:40, 20:60] = True
    before, after = (rgb_to_lab(opened.paint(hints=h).rgb / 255) for h in ((), (Hint.inside(mask, (12, 8)),)))
    np.testing.assert_allclose(np.median(after[12:38, 22:58, 1:], axis=(0, 1)), (12, 8), atol=1)
    outside = np.ones(photo.shape, bool)
    outside[8:42, 18:62] = False
    np.testing.assert_array_equal(after[outside], before[outside])


def test_of_two_regions_the_last_holds(shipped: Colorizer) -> None:
    everything = np.ones((64, 64), bool)
    hints = Hints([Hint.inside(everything, (12, 8)), Hint.inside(everything, (-12, 8))])
    rgb = shipped.open(np.full((64, 64), 128, np.uint8)).paint(hints=hints).rgb
    np.testing.assert_allclose(ab_at(rgb, 30, 30), (-12, 8), atol=2)


def test_a_reference_for_a_region(shipped: Colorizer) -> None:
    colour = data.astronaut()[::2, ::2]
    grey = np.round(rgb_to_lab(colour / 255)[..., 0] * 2.55).astype(np.uint8)
    mask = np.zeros(grey.shape, bool)
    mask[150:250, 30:110] = True  # the suit
    opened = shipped.open(grey)
    truth, before = rgb_to_lab(colour / 255), rgb_to_lab(opened.paint().rgb / 255)
    after = rgb_to_lab(opened.paint(hints=[opened.refer(colour.copy(), mask=mask)]).rgb / 255)
    errors = [np.linalg.norm((lab - truth)[mask][:, 1:], axis=1).mean() for lab in (before, after)]
    assert errors[1] < errors[0] / 2


def test_a_reference_that_is_the_picture_itself(shipped: Colorizer) -> None:
    colour = data.astronaut()[::2, ::2]
    opened = shipped.open(np.round(rgb_to_lab(colour / 255)[..., 0] * 2.55).astype(np.uint8))
    truth = rgb_to_lab(colour / 255)
    results = [rgb_to_lab(opened.paint(hints=h).rgb / 255) for h in ((), (opened.refer(colour.copy()),))]
    errors = [np.linalg.norm((lab - truth)[..., 1:], axis=-1).mean() for lab in results]
    assert errors[1] < errors[0] / 2


@pytest.mark.parametrize("ask", [Opened.suggest, Opened.alternatives], ids=["suggest", "alternatives"])
def test_questions_check_hints_as_paint_does(shipped: Colorizer, photo: Grey, ask: Callable[..., list[Any]]) -> None:
    with pytest.raises(HintError, match="outside the picture"):
        ask(shipped.open(photo), 2, hints=[Hint.at(500, 500, "red")])


@pytest.mark.parametrize(("x", "y"), [(-1, 5), (96, 5), (5, 64), (1e9, 0)])
def test_outside_the_picture(shipped: Colorizer, photo: Grey, x: float, y: float) -> None:
    with pytest.raises(HintError, match=r"outside the picture.*x from 0 to 95 and y from 0 to 63"):
        shipped.open(photo).paint(hints=[Hint.at(x, y, "red")])


def test_a_mask_of_another_size(shipped: Colorizer, photo: Grey) -> None:
    with pytest.raises(MaskError, match=r"10 x 20 pixels and the picture 96 x 64"):
        shipped.open(photo).paint(hints=[Hint.inside(np.ones((20, 10), bool), "red")])

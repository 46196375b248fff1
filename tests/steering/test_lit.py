"""Hints by name or by a picked colour follow the light of the photograph; exact ab do not."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from helpers import Grey
from photochrom import Colorizer, Edits, Hint, Hints, Sidecar
from photochrom.color import rgb_to_lab
from photochrom.edits.dials import Setup
from photochrom.edits.places import Mask, Spot
from photochrom.edits.sidecar import load_sidecar, save_sidecar
from photochrom.materials import Material, placed
from photochrom.steering.lit import in_place, seen_at, shaded


@pytest.fixture(scope="module")
def steps() -> Grey:
    """Three even fields, dark, middling and light."""
    return np.repeat(np.uint8([[40, 120, 210]]), 32, axis=1).repeat(96, axis=0)


def ab_at(rgb: Grey, x: int, y: int) -> np.ndarray:
    return rgb_to_lab(rgb[y, x][None] / 255)[0, 1:]


def test_a_name_is_looked_up_where_it_lies(shipped: Colorizer, steps: Grey) -> None:
    opened = shipped.open(steps)
    hints = [Hint.at(16, 40, "blue"), Hint.at(80, 40, "blue")]
    rgb = opened.paint(hints=hints).rgb
    for x in (16, 80):
        light = rgb_to_lab(rgb[40, x][None] / 255)[0, 0]
        wanted = placed([Material.named("blue")], np.array([light]))[0].lab[1:]
        np.testing.assert_allclose(ab_at(rgb, x, 40), wanted, atol=2)


def test_a_region_follows_light_and_shade(shipped: Colorizer, steps: Grey) -> None:
    opened = shipped.open(steps)
    everywhere = np.ones(steps.shape, bool)
    named, exact = (opened.paint(hints=[Hint.inside(everywhere, color)]).rgb for color in ("brick", (30.0, 25.0)))
    dark, middle, light = (float(np.hypot(*ab_at(named, x, 40))) for x in (16, 48, 80))
    assert dark < 0.8 * middle > 1.2 * light
    np.testing.assert_allclose(ab_at(exact, 16, 40), ab_at(exact, 48, 40), atol=2)


def test_exact_colours_and_hints_without_a_name_stay_themselves(shipped: Colorizer, photo: Grey) -> None:
    opened = shipped.open(photo)
    exact = Hints([Hint.at(5, 6, (10, 20)), Hint.inside(np.ones(photo.shape, bool), "lab:40,-5,9")])
    assert in_place(opened, exact) is exact


def test_the_light_of_a_mask_is_its_median(shipped: Colorizer, steps: Grey) -> None:
    opened = shipped.open(steps)
    mask = np.zeros(steps.shape, bool)
    mask[:, 30:64] = True
    (region,) = in_place(opened, Hints([Hint.inside(mask, "navy")]))
    spot = seen_at(opened, [Spot(48, 40)], [Material.named("navy")])[0]
    assert isinstance(region.ab, Material)
    np.testing.assert_allclose(region.ab.lab, spot.lab, atol=0.5)
    assert seen_at(opened, [Mask(mask)], [(3.0, 4.0)])[0].lab == pytest.approx((spot.lab[0], 3, 4), abs=0.1)


def test_a_sidecar_makes_the_same_picture(shipped: Colorizer, photo: Grey, tmp_path: Path) -> None:
    opened = shipped.open(photo)
    hints = Hints(
        [
            Hint.at(30, 40, "navy"),
            Hint.at(70, 10, Material((60, 10, 20))),
            Hint.inside(photo > 200, "cream"),
            Hint.at(5, 5, (3, 4)),
        ]
    )
    save_sidecar(Sidecar(opened.size, Setup(), Edits(hints=hints)), tmp_path / "p.json")
    rows = json.loads((tmp_path / "p.json").read_text())["hints"]
    assert [set(row) & {"color", "material", "ab"} for row in rows] == [{"color"}, {"material"}, {"color"}, {"ab"}]
    again = load_sidecar(tmp_path / "p.json").edits
    assert again.hints == hints
    np.testing.assert_array_equal(opened.paint(again).rgb, opened.paint(hints=hints).rgb)


def test_what_was_meant_for_one_light_is_shaded_for_another() -> None:
    ab = np.full((1, 3, 2), 20, np.float32)
    meant, light = np.full((1, 3), 60, np.float32), np.float32([[30, 60, 30]])
    found = shaded(ab, meant, light, np.float32([[1, 1, 0]]))
    np.testing.assert_allclose(found[0, 0], Material((60, 20, 20)).at(30), atol=0.05)
    np.testing.assert_allclose(found[0, 1:], ab[0, 1:], atol=0.05)
    assert (found[0, 0] < 15).all()

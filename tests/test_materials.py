"""The colour of one thing in the shade, in the light, and by its name."""

from __future__ import annotations

import numpy as np
import pytest

from photochrom import color_names
from photochrom.color import lab_to_rgb, linear_to_oklab, oklab_to_linear, rgb_to_lab, srgb_to_linear
from photochrom.errors import HintError, UnknownColorError
from photochrom.materials import Material, in_light, placed

LADDER = np.arange(0, 101, 5.0)


def here(name: str, light: float) -> tuple[float, float]:
    """ab of a name at a place of this L*."""
    _, a, b = placed([Material.named(name)], np.array([light]))[0].lab
    return a, b


def hue(ab: tuple[float, float]) -> float:
    return float(np.degrees(np.arctan2(ab[1], ab[0])) % 360)


def oklab_hue(lab: np.ndarray) -> float:
    _, a, b = linear_to_oklab(srgb_to_linear(lab_to_rgb(lab[None]).astype(float)))[0]
    return hue((a, b))


def test_oklab() -> None:
    """The values that its author gives for white and the primaries."""
    linear = np.eye(3)[[0, 1, 2, 0]] + [[0] * 3, [0] * 3, [0] * 3, [0, 1, 1]]
    wanted = [(0.628, 0.225, 0.126), (0.866, -0.234, 0.180), (0.452, -0.032, -0.312), (1, 0, 0)]
    np.testing.assert_allclose(linear_to_oklab(linear), wanted, atol=1e-3)
    np.testing.assert_allclose(oklab_to_linear(linear_to_oklab(linear)), linear, atol=1e-9)


def test_a_material_in_its_own_light_is_itself() -> None:
    lab = rgb_to_lab(np.random.default_rng(0).random((500, 3)))
    np.testing.assert_allclose(in_light(lab, lab[:, 0]), lab[:, 1:], atol=0.02)


def test_every_colour_is_inside_srgb_and_black_and_white_have_none() -> None:
    for name in ("navy", "yellow", "red", "white", "black", "monk-3"):
        lab = np.column_stack([LADDER, Material.named(name).at(LADDER)])
        assert -1e-3 < lab_to_rgb(lab).min() <= lab_to_rgb(lab).max() < 1 + 1e-3
        assert np.hypot(*lab[[0, -1], 1:].T).max() < 1


def test_chroma_falls_in_the_shade_and_towards_white() -> None:
    chroma = np.hypot(*Material((50, 20, 20)).at(LADDER).T)
    assert int(chroma.argmax()) == 10
    assert (np.diff(chroma[:11]) > 0).all()
    assert (np.diff(chroma[10:]) < 0).all()


def test_blue_does_not_become_violet() -> None:
    """In CIE Lab the hue of a blue that loses chroma turns by 30 degrees as people see it; a material's does not."""
    blue = Material(Material.named("blue").lab)
    hues = [oklab_hue(np.array([light, *blue.at(light)])) for light in (20, 34, 50, 60, 75, 90)]
    assert np.ptp(hues) < 1
    assert all(here("blue", light)[0] < 45 for light in LADDER), "nor does what people call blue"
    a, b = here("navy", 34)
    assert a < 15
    assert b < -15


def test_names_in_a_light_that_is_not_theirs() -> None:
    assert np.hypot(*here("dark green", 90)) < 20, "no neon on a white blouse"
    assert 60 < hue(here("brown", 75)) < 75, "no coral on a light hat"
    assert np.hypot(*here("olive", 80)) < 40, "no lime"
    assert np.hypot(*here("orange", 75)) > 45, "no peach"


@pytest.mark.parametrize(
    ("name", "light"), [("orange", 45), ("orange", 75), ("blue", 75), ("pink", 45), ("green", 90), ("teal", 90)]
)
def test_where_people_call_the_materials_colour_otherwise_the_name_has_another(name: str, light: float) -> None:
    """There people call its own colour brown, peach or pale blue (benchmarks/names.py); farther away it is its own again."""
    own, named = Material(Material.named(name).lab), Material.named(name)
    assert 2 < np.hypot(*(named.at(light) - own.at(light))) < 22
    around = LADDER[[min(abs(other - there) for other, _, _ in named.elsewhere) > 10 for there in LADDER]]
    np.testing.assert_allclose(named.at(around), own.at(around), atol=1e-4)
    np.testing.assert_allclose(here(name, light), named.at(light), atol=0.5)


def test_other_colours_of_names_belong_to_names_that_there_are() -> None:
    names, colours = color_names._table("names_in_other_light")
    for name, colour in zip(names, colours, strict=True):
        others = color_names.in_other_light(name)
        assert (np.abs(others - colour).max(axis=1) < 1e-6).any()
        light, a, b = rgb_to_lab(colour[None])[0]
        assert np.hypot(*(Material.named(name).at(light) - (a, b))) < 1.5
    assert len(color_names.in_other_light("#ff0000")) == len(color_names.in_other_light("red")) == 0


def test_skin_keeps_its_colour_in_the_shade() -> None:
    skin, cloth = Material.named("fair skin"), Material(Material.named("fair skin").lab)
    assert np.hypot(*skin.at(45)) > 1.3 * np.hypot(*cloth.at(45))
    assert placed([skin], np.array([45.0]))[0].shade == skin.shade


def test_many_at_once_are_as_one_by_one() -> None:
    names, lights = ["orange", "navy", "monk-8", "#123456"], np.array([75, 34, 50, 60.0])
    together = placed([Material.named(name) for name in names], lights)
    for name, light, found in zip(names, lights, together, strict=True):
        np.testing.assert_allclose(found.lab[1:], here(name, light), atol=1e-4)
        assert found.lab[0] == light


def test_what_is_no_material() -> None:
    with pytest.raises(UnknownColorError):
        Material.named("olve")
    for lab in ((120, 0, 0), (50, 0, float("nan")), (50, 300, 0)):
        with pytest.raises(HintError, match="material"):
            Material(lab)


def test_it_is_shown_as_it_is() -> None:
    assert Material.named("#7a8450").color == "#7a8450"

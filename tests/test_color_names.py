"""Colours as people write them."""

from __future__ import annotations

import numpy as np
import pytest

from photochrom import color_names
from photochrom.errors import OptionError, UnknownColorError


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("olive", "#6e750e"),
        ("Navy", "#01153e"),
        ("#7a8450", "#7a8450"),
        ("#F00", "#ff0000"),
        (" dark slate gray ", "#2f4f4f"),
        ("DarkSlateGrey", "#2f4f4f"),
        ("robin's egg blue", "#98eff9"),
        ("blue/green", "#137e6d"),
        ("cornsilk", "#fff8dc"),
        ("monk-10", "#5b3d34"),
        ("Fair Skin", "#deb9aa"),
    ],
)
def test_names_and_codes(text: str, code: str) -> None:
    assert color_names.to_hex(color_names.parse(text)) == code


@pytest.mark.parametrize("text", ["olve", "", "#12", "#12345g", "120", "navy blu e x"])
def test_an_unknown_name_is_an_error(text: str) -> None:
    with pytest.raises(UnknownColorError, match="#rrggbb") as caught:
        color_names.parse(text)
    assert caught.value.name == text
    assert isinstance(caught.value, OptionError)


def test_near_names_are_told() -> None:
    with pytest.raises(UnknownColorError, match="did you mean olive"):
        color_names.parse("olve")


def test_nearest() -> None:
    assert color_names.nearest(np.array([0.43, 0.46, 0.05])) == "olive"
    assert color_names.nearest(np.array([0.9, 0.01, 0.0])) == "red"
    for name in ("tan", "dusty rose", "burnt sienna"):
        assert color_names.nearest(color_names.parse(name)) == name
    assert color_names.nearest(color_names.parse("monk-3")) != "monk-3", (
        "a thing's name says nothing of another thing's colour"
    )


@pytest.mark.parametrize("css", ["peachpuff", "mistyrose", "lightsteelblue", "gainsboro"])
def test_no_colour_is_called_as_only_programmers_call_it(css: str) -> None:
    rgb = color_names.parse(css)
    assert color_names.nearest(rgb) != css
    assert np.abs(color_names.parse(color_names.nearest(rgb)) - rgb).max() < 0.16


def test_a_name_tells_the_hue() -> None:
    assert color_names.nearest(color_names.parse("dark")) not in ("dark", "bland")


PEOPLE = """
monk-1 monk-2 monk-3 monk-4 monk-5 monk-6 monk-7 monk-8 monk-9 monk-10
fair skin, light skin, medium skin, tan skin, olive skin, brown skin, dark skin
blonde, blond, brunette, auburn, black hair, brown hair, red hair, grey hair, gray hair, white hair
denim, khaki drab, field grey, navy uniform, brick, stone, straw, cream
"""


def test_words_for_old_photographs() -> None:
    first, *others = PEOPLE.strip().splitlines()
    for name in [*first.split(), *(word.strip() for line in others for word in line.split(","))]:
        color_names.parse(name)


def test_what_people_mean_wins() -> None:
    """CSS calls a red brown; and a word that is a colour stays one, though skin may be called so, too."""
    assert color_names.to_hex(color_names.parse("brown")) == "#653700"
    for name in ("olive", "brown"):
        assert color_names.to_hex(color_names.parse(name)) != color_names.to_hex(color_names.parse(f"{name} skin"))

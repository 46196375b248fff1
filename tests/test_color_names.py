"""Colours as people write them."""

from __future__ import annotations

import numpy as np
import pytest

from photochrom import color_names
from photochrom.errors import OptionError, UnknownColorError


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("olive", "#808000"),
        ("Navy", "#000080"),
        ("#7a8450", "#7a8450"),
        ("#F00", "#ff0000"),
        (" dark slate gray ", "#2f4f4f"),
        ("DarkSlateGrey", "#2f4f4f"),
        ("robin's egg blue", "#98eff9"),
        ("blue/green", "#137e6d"),
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
    assert color_names.nearest(np.array([0.5, 0.5, 0.0])) == "olive"
    assert color_names.nearest(np.array([1.0, 0.01, 0.0])) == "red"
    for name in ("tan", "dusty rose", "burnt sienna"):
        assert color_names.nearest(color_names.parse(name)) == name

"""One table of dials: whatever takes them takes all of them, with the same defaults and ranges."""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from helpers import Command, Grey, save
from photochrom import Edits, Hint, Hints, Palette, Reference
from photochrom.edits.dials import DIALS, SETUP, Choice, DialChoices, Number, Setup
from photochrom.edits.edits import Choices
from photochrom.edits.palette import parse_palette
from photochrom.edits.pictures import Picture
from photochrom.edits.sidecar import Sidecar, sidecar_from_json, sidecar_to_json
from photochrom.errors import HintError, OptionError
from photochrom.steering.smooth import METHODS


def others() -> dict[str, Any]:
    """A value of each dial that is not its default."""
    found: dict[str, Any] = {}
    for name, kind in DIALS.items():
        assert isinstance(kind, Number | Choice)
        found[name] = kind.options[-1] if isinstance(kind, Choice) else (kind.low + kind.high) / 2 + 0.125
    return found


def test_the_keywords_of_paint_are_the_fields_of_edits() -> None:
    assert set(DialChoices.__annotations__) == set(DIALS)
    assert set(Choices.__annotations__) == {*DIALS, "hints", "palette", "geometry", "histogram"}
    assert DIALS["smooth"].options == tuple(METHODS)  # type: ignore[union-attr]


def test_edits_are_checked_and_frozen() -> None:
    edits = Edits(**others(), palette="warm", hints=[Hint.at(1, 2, "red")])  # type: ignore[arg-type]
    assert edits.hints == Hints([Hint.at(1, 2, "red")])
    assert edits == Edits().changed({**others(), "palette": "warm", "hints": [Hint.at(1, 2, "red")]})  # type: ignore[typeddict-item]
    assert isinstance(Edits(palette=parse_palette("warm")).palette, Palette)
    with pytest.raises(FrozenInstanceError):
        edits.vividness = 1  # type: ignore[misc]
    for bad in ({"vividness": 7}, {"warmth": "x"}, {"smooth": 3}, {"palette": 7}, {"palette": "no such"}):
        with pytest.raises(OptionError, match=next(iter(bad))):
            Edits(**bad)  # type: ignore[arg-type]
    with pytest.raises(HintError):
        Edits(hints=[3])  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="vividity"):
        Edits().changed({"vividity": 1})  # type: ignore[typeddict-unknown-key]


def test_a_palette_or_a_histogram() -> None:
    shares = np.full(261, 1 / 261)
    Edits().changed({"histogram": shares})
    with pytest.raises(OptionError, match="not both"):
        Edits().changed({"histogram": shares, "palette": "warm"})


@pytest.mark.parametrize("name", [*DIALS, *SETUP])
def test_ranges_hold_everywhere(name: str) -> None:
    kind = DIALS.get(name) or SETUP[name]
    beyond: Any = kind.high + 1 if isinstance(kind, Number) else 7
    value = sidecar_to_json(Sidecar((4, 4), Setup(model="m"))) | {name: beyond}
    with pytest.raises(OptionError, match=name):
        (Edits if name in DIALS else Setup)(**{name: beyond})
    with pytest.raises(Exception, match=name):
        sidecar_from_json(value)


def test_a_sidecar_keeps_them() -> None:
    kept = Sidecar((4, 4), Setup(model="m"), Edits(**others()))
    assert sidecar_from_json(json.loads(json.dumps(sidecar_to_json(kept)))) == kept
    less = {name: value for name, value in sidecar_to_json(kept).items() if name not in DIALS}
    assert sidecar_from_json(less).edits == Edits(), "one that an older version wrote"


def test_the_command_line_takes_them(photochrom: Command, here: Path, photo: Grey) -> None:
    save(photo, here / "a.png")
    given = [f"--{name.replace('_', '-')}={value}" for name, value in others().items()]
    assert photochrom("colorize", "a.png", *given, "--save-edits", "e.json").code == 0
    value = json.loads(Path("e.json").read_text())
    assert {name: value[name] for name in DIALS} == others()
    for name, kind in DIALS.items():
        option = f"--{name.replace('_', '-')}"
        assert option in photochrom("colorize", "--help").out
        for bad in ("nan", kind.high + 1) if isinstance(kind, Number) else ("other",):
            assert photochrom("colorize", "a.png", f"{option}={bad}", "--force").code == 2


def test_references_are_steps_like_others() -> None:
    reference = Reference(Picture("a", "00"))
    edits = Edits(hints=Hints([Hint.at(1, 2, "red"), reference]))
    moved = edits.with_pictures(lambda one: Picture(one.path + "b", one.sha256))
    assert moved.hints == Hints([Hint.at(1, 2, "red"), Reference(Picture("ab", "00"))])

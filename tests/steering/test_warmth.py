"""The warmth dial."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from helpers import Command, Grey, contents, save
from photochrom import Colorizer
from photochrom.color import rgb_to_lab
from photochrom.edits.hints import Hint
from photochrom.errors import OptionError
from photochrom.steering.warmth import warmed

pytestmark = pytest.mark.pixels


def test_black_and_white_stay_neutral() -> None:
    light = np.array([[0, 50, 100]], np.float32)
    warm = warmed(np.zeros((1, 3, 2)), light, 1)
    np.testing.assert_array_equal(warm[0, ::2], 0)
    assert (warm[0, 1] > 0).all()
    np.testing.assert_array_equal(warmed(np.zeros((1, 3, 2)), light, -1), -warm)


def test_the_picture_grows_warmer_with_the_dial_and_hints_hold(shipped: Colorizer, photo: Grey) -> None:
    opened, hint = shipped.open(photo), Hint.at(30, 40, "#806a5a", radius=4)
    painted = [rgb_to_lab(opened.paint(hints=[hint], warmth=warmth).rgb / 255) for warmth in (-1, -0.5, 0, 0.5, 1)]
    b = [float(lab[..., 2].mean()) for lab in painted]
    assert b == sorted(b)
    assert b[-1] - b[0] > 8
    for lab in painted:
        np.testing.assert_allclose(lab[40, 30], painted[2][40, 30], atol=2)
    assert opened.paint(warmth=0).rgb.tobytes() == opened.paint().rgb.tobytes()


@pytest.mark.parametrize("warmth", [-1.1, 2, float("nan")])
def test_it_has_a_range(shipped: Colorizer, photo: Grey, warmth: float) -> None:
    with pytest.raises(OptionError, match="warmth"):
        shipped.open(photo).paint(warmth=warmth)


def test_the_command_keeps_it_in_the_sidecar(photochrom: Command, here: Path, photo: Grey) -> None:
    save(photo, here / "a.png")
    assert photochrom("colorize", "a.png", "--warmth", "0.5", "--save-edits", "e.json").code == 0
    assert photochrom("colorize", "a.png", "--edits", "e.json", "-o", "again.png").code == 0
    assert photochrom("colorize", "a.png", "-o", "plain.png").code == 0
    one, again, plain = contents("a_color.png", "again.png", "plain.png")
    assert one == again != plain
    kept = json.loads(Path("e.json").read_text())
    assert kept.pop("warmth") == 0.5
    Path("old.json").write_text(json.dumps(kept))  # of a version without the dial
    assert photochrom("colorize", "a.png", "--edits", "old.json", "-o", "old.png").code == 0
    assert contents("old.png") == [plain]
    for warmth in ("nan", "2"):
        assert photochrom("colorize", "a.png", "--warmth", warmth, "-o", "x.png").code == 2

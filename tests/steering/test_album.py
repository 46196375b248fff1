"""What was hinted in one photograph is proposed in another that shows the same, and in no other one."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from helpers import Command, Grey, data
from photochrom import Colorizer
from photochrom.colorizer import Opened
from photochrom.edits.edits import Edits
from photochrom.edits.geometry import Geometry
from photochrom.edits.hints import Hint, Keep
from photochrom.edits.sidecar import load_sidecar
from photochrom.errors import OptionError

pytestmark = pytest.mark.pixels

GREY: Grey = np.rint(data.astronaut() @ [0.2126, 0.7152, 0.0722]).astype(np.uint8)
#: Two views of one person: the whole, and a mirrored part; the suit and the face in both.
FIRST, SECOND = GREY[:, :400], np.ascontiguousarray(GREY[40:, 20:480][:, ::-1])
FACE, SUIT = (220, 130), (120, 420)


def in_second(x: float, y: float) -> tuple[float, float]:
    return 479 - x, y - 40


@pytest.fixture(scope="module")
def first(shipped: Colorizer) -> Opened:
    return shipped.open(FIRST)


@pytest.fixture(scope="module")
def second(shipped: Colorizer) -> Opened:
    return shipped.open(SECOND)


HINTS = Edits(hints=[Hint.at(*FACE, "fair skin", strength=0.8), Keep.at(5, 5), Hint.at(*SUIT, "teal", reach="alike")])


def test_what_is_seen_again_is_proposed(first: Opened, second: Opened) -> None:
    found = {one.index: one for one in second.propose([(first, HINTS)])}
    assert set(found) == {0, 2}
    for index, (x, y) in ((0, FACE), (2, SUIT)):
        one, hint = found[index], HINTS.hints[index]
        assert isinstance(hint, Hint)
        assert one.source == 0
        assert 0 < one.sureness <= 1
        assert (one.hint.ab, one.hint.strength, one.hint.reach) == (hint.ab, hint.strength, hint.reach)
        at = in_second(x, y)
        reach = 60 if index == 0 else 150  # the suit is large
        assert np.hypot(one.hint.place.x - at[0], one.hint.place.y - at[1]) < reach  # type: ignore[union-attr]


@pytest.mark.parametrize("name", ["coffee", "rocket", "brick", "immunohistochemistry"])
def test_an_unrelated_picture_gets_none(shipped: Colorizer, first: Opened, name: str) -> None:
    assert shipped.open(getattr(data, name)()).propose([(first, HINTS)]) == []


def test_nothing_is_proposed_on_what_has_its_colour(first: Opened, second: Opened) -> None:
    own = Edits(hints=[Hint.at(*in_second(*FACE), "brown skin")])
    assert [one.index for one in second.propose([(first, HINTS)], own)] == [2]
    assert second.propose([]) == []


def test_on_a_turned_picture_places_are_the_photographs(first: Opened, shipped: Colorizer, second: Opened) -> None:
    sideways = shipped.open(np.ascontiguousarray(np.rot90(SECOND)))
    plain = {one.index: one.hint.place for one in second.propose([(first, HINTS)])}
    found = {
        one.index: one.hint.place for one in sideways.propose([(first, HINTS)], Edits(geometry=Geometry(rotate=90)))
    }
    assert found.keys() == plain.keys()
    for index, place in plain.items():
        # np.rot90 turns counterclockwise: x becomes the row from below, y the column
        x, y = found[index].x, found[index].y  # type: ignore[union-attr]
        assert (x, y) == pytest.approx((place.y, SECOND.shape[1] - 1 - place.x), abs=1)  # type: ignore[union-attr]


def test_another_model_is_refused(first: Opened, second: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    class Other:
        name = "another"

    other = Colorizer(first.session).open(FIRST)
    object.__setattr__(other, "session", Other())
    with pytest.raises(OptionError, match="another"):
        second.propose([(other, HINTS)])


def test_the_command_for_an_album(photochrom: Command, here: Path) -> None:
    Path("album").mkdir()
    cv2.imwrite("album/first.png", FIRST)
    cv2.imwrite("album/second.png", SECOND)
    cv2.imwrite("album/third.png", np.asarray(cv2.cvtColor(data.coffee(), cv2.COLOR_RGB2GRAY)))
    hint = f"{SUIT[0]},{SUIT[1]}=teal"
    kept = ("--save-edits", "first.photochrom.json")
    assert photochrom("colorize", "album/first.png", "-o", "first.png", "--hint", hint, *kept).code == 0
    done = photochrom("colorize", "album", "-o", "out", "--like", "first.photochrom.json", "--json")
    assert done.code == 0, done.err
    first, second, third, _ = done.out.splitlines()
    assert '"hints": 1' in first
    assert '"hints": 1' in second
    assert "teal at" in second
    assert '"hints": 0' in third
    assert "nothing that --like names" in third
    assert np.array_equal(cv2.imread("out/first.png"), cv2.imread("first.png"))
    like = ("--like", "first.photochrom.json")
    assert photochrom("colorize", "album/second.png", "-o", "s.png", *like, "--save-edits", "s.json").code == 0
    assert len(load_sidecar(Path("s.json")).edits.hints) == 1


@pytest.mark.parametrize("like", ["first.json", "missing.photochrom.json"])
def test_a_sidecar_without_its_photograph(photochrom: Command, here: Path, like: str) -> None:
    cv2.imwrite("first.png", FIRST)
    done = photochrom("colorize", "first.png", "-o", "out.png", "--like", like)
    assert done.code == 2
    assert "--like" in done.err

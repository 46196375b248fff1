"""What of a hint or an area holds in another frame: it moves with its thing, and not onto what hides it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from helpers import data
from photochrom.edits.edits import Edits
from photochrom.edits.hints import Hint, Region
from photochrom.edits.places import Mask, Spot
from photochrom.film.carried import Masks
from photochrom.film.coloring import Coloring
from photochrom.film.follow import Place
from photochrom.film.followed import Followed
from photochrom.film.steer import FilmArea, FilmHint

PURPLE = (45.0, -45.0)


def square(x: int, width: int = 60) -> NDArray[np.bool_]:
    mask = np.zeros((160, 240), bool)
    mask[40:100, x : x + width] = True
    return mask


def followed(one: FilmHint | FilmArea) -> Followed:
    """A square of frame 0; half of it in frame 4, a strip in 8, nothing in 10, and all of it elsewhere in 12."""
    carried = Masks((160, 240))
    for index, mask in (
        (0, square(30)),
        (4, square(50, 34)),
        (8, square(70, 12)),
        (12, square(90)),
        (13, square(91, 3)),
    ):
        carried[index] = mask
    return Followed(one, 0, {0: Place(60, 70, 1.0)}, None, square(30), carried)


LIGHT = np.full((160, 240), 50, np.float32)
HINT = FilmHint(None, 0, 60, 70, PURPLE)
AREA = FilmArea(None, 0, Mask(square(30)), PURPLE)


def test_what_a_hint_reaches_goes_with_its_thing() -> None:
    for index, mask in ((0, square(30)), (4, square(50, 34)), (12, square(90))):
        hint, area = followed(HINT).steps(index, LIGHT)
        assert isinstance(hint, Hint)
        assert isinstance(hint.place, Spot)
        assert isinstance(area, Region)
        assert mask[round(hint.place.y), round(hint.place.x)]
        assert ((area.mask.weight > 0) == mask).all()
    hint, _ = followed(HINT).steps(0, LIGHT)
    assert isinstance(hint, Hint)
    assert hint.place == Spot(60, 70)  # where it was given


def test_a_strip_beside_what_hides_it_is_no_place_for_a_hint() -> None:
    """The kernel's cells there show the post, which would take the colour."""
    assert [type(step) for step in followed(HINT).steps(8, LIGHT)] == [Region]
    assert followed(HINT).steps(10, LIGHT) == []
    assert [type(step) for step in followed(AREA).steps(4, LIGHT)] == [Region]


def test_frames_in_which_part_of_a_thing_is_hidden_are_key_frames() -> None:
    assert followed(HINT).partly() == {4, 8}
    still = followed(HINT)
    assert still.carried is not None
    for index in (16, 20, 24):  # half of it is out of the frame, and stays there
        still.carried[index] = square(30, 30)
    assert still.partly() == {4, 8, 16}
    assert Followed(HINT, 0, {0: Place(60, 70, 1.0)}).partly() == set()


def test_a_hint_without_a_thing_stays_with_its_place() -> None:
    places = {0: Place(60, 70, 1.0), 1: Place(63.5, 70, 0.8), 2: Place(66, 70, 0.2), 3: Place(400, 70, 0.9)}
    one = Followed(HINT, 0, places)
    (hint,) = one.steps(1, LIGHT)
    assert isinstance(hint, Hint)
    assert hint.place == Spot(63.5, 70)
    assert all(one.steps(index, LIGHT) == [] for index in (2, 3, 4))  # lost, outside, and unknown


def test_a_thing_is_what_the_head_sees_where_nobody_is() -> None:
    """A hint that reaches but a part of a pet by its kernel is about the pet."""
    cat = cv2.cvtColor(cv2.resize(data.chelsea()[60:260, 120:320], (90, 90)), cv2.COLOR_RGB2GRAY)
    seen = cv2.resize(cv2.cvtColor(data.coffee(), cv2.COLOR_RGB2GRAY), (320, 256), interpolation=cv2.INTER_AREA)
    seen[80:170, 115:205] = cat
    look = Coloring(None, Edits(), threads=1).look(seen.astype(np.float32) * (100 / 255))
    thing = Coloring(None, Edits(), threads=1).reached(look, Hint(PURPLE, Spot(160, 125, None)))
    assert thing is not None
    assert thing[80:170, 115:205].mean() > 0.85
    assert thing.sum() < 1.2 * 90 * 90


def test_a_hint_reaches_a_thing_or_only_sets_the_tone() -> None:
    coloring = Coloring(None, Edits(), threads=1)
    grey = cv2.cvtColor(data.astronaut(), cv2.COLOR_RGB2GRAY)
    look = coloring.look(cv2.resize(grey, (256, 256), interpolation=cv2.INTER_AREA).astype(np.float32) * (100 / 255))
    thing = coloring.reached(look, Hint(PURPLE, Spot(70, 190, None)))
    assert thing is not None
    assert thing[190, 70]
    assert 0.005 < thing.mean() < 0.5
    assert coloring.reached(look, Hint((2.0, 8.0), Spot(70, 190, None))) is None

"""What of a hint or an area holds in another frame: it moves with its thing, and not onto what hides it."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from helpers import data
from photochrom.edits.edits import Edits
from photochrom.edits.hints import Hint, Region
from photochrom.edits.places import Mask, Spot
from photochrom.film.coloring import Coloring
from photochrom.film.follow import Place
from photochrom.film.followed import Followed
from photochrom.film.steer import FilmArea, FilmHint

PURPLE = (45.0, -45.0)


def frame(x: int, hidden: int = 0) -> NDArray[np.float32]:
    """A textured square at (x, 40) of 60 pixels before a ramp; its right ``hidden`` columns behind a post."""
    rng = np.random.default_rng(0)
    light = np.tile(np.linspace(20, 60, 240, dtype=np.float32), (160, 1))
    texture = cv2.GaussianBlur(rng.normal(0, 1, (60, 60)).astype(np.float32), (0, 0), 2)
    light[40:100, x : x + 60] = 40 + 15 * texture / texture.std()
    light[:, x + 60 - hidden : x + 60] = 98
    return light.clip(0, 100)


def square(x: int) -> NDArray[np.bool_]:
    mask = np.zeros((160, 240), bool)
    mask[40:100, x : x + 60] = True
    return mask


def places(x: int, *, sure: float = 1.0) -> list[Place]:
    return [Place(x + at, 40 + down, sure) for at, down in ((30, 30), (10, 12), (45, 20), (20, 48), (48, 48))]


def followed(one: FilmHint | FilmArea, there: list[Place]) -> Followed:
    return Followed(one, 0, {0: places(30), 5: there}, None, square(30), frame(30))


def the_area(steps: list[Any]) -> NDArray[np.bool_]:
    (region,) = [step for step in steps if isinstance(step, Region)]
    return np.asarray(region.mask.weight > 0)


HINT = FilmHint(None, 0, 60, 70, PURPLE)


def test_what_a_hint_reaches_goes_with_its_thing() -> None:
    hint = next(step for step in followed(HINT, places(90)).steps(0, frame(30)) if isinstance(step, Hint))
    assert hint.place == Spot(60, 70)
    steps = followed(HINT, places(90)).steps(5, frame(90))
    (hint,) = [step for step in steps if isinstance(step, Hint)]
    assert isinstance(hint.place, Spot)
    assert square(90)[round(hint.place.y), round(hint.place.x)]
    both = the_area(steps) & square(90)
    assert both.sum() > 0.9 * (the_area(steps) | square(90)).sum()


@pytest.mark.parametrize("one", [HINT, FilmArea(None, 0, Mask(square(30)), PURPLE)])
def test_what_hides_a_thing_stays_as_it_is(one: FilmHint | FilmArea) -> None:
    area = the_area(followed(one, places(90)).steps(5, frame(90, hidden=25)))
    assert area[50:90, 130:145].mean() < 0.1  # the post
    assert area[50:90, 92:118].mean() > 0.9


def test_one_place_that_went_astray_does_not_lose_the_rest() -> None:
    there = places(90)
    there[2] = Place(5, 5, 1.0)
    assert the_area(followed(HINT, there).steps(5, frame(90))).sum() > 0.8 * square(90).sum()
    there[1] = Place(200, 5, 1.0)
    assert [type(step) for step in followed(HINT, there).steps(5, frame(90))] == [Hint]
    assert followed(HINT, places(90, sure=0.1)).steps(5, frame(90)) == []


def test_a_smooth_thing_as_light_as_what_it_hides_hides_it() -> None:
    light = frame(90, hidden=40)
    light[:, 110:150] = 40  # the mean of the texture behind it
    area = the_area(followed(HINT, places(90)).steps(5, light))
    assert area[50:90, 116:145].mean() < 0.1
    assert area[50:90, 92:104].mean() > 0.8


def test_a_thing_moves_on_while_too_few_of_its_places_are_known() -> None:
    known = {0: places(30), 2: places(54), 6: places(102), 7: places(114)}
    lost = {index: places(0, sure=0.1) for index in (1, 3, 4, 5, 8, 9, 30)}
    one = Followed(HINT, 0, {**known, **lost}, None, square(30), frame(30))
    # 12 pixels a frame, as between the second and the sixth.
    both = the_area(one.steps(8, frame(126))) & square(126)
    assert both.sum() > 0.85 * square(126).sum()
    assert one.steps(30, frame(126)) == []  # too long ago


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

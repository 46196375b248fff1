"""Shots: cuts, dissolves, flashes, fades, cards and colour are told apart."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from film_helpers import Rgb, make_film, pan
from helpers import data
from photochrom import film as films
from photochrom.film.follow import follow
from photochrom.film.shots import ShotFinder


def moving(picture: Rgb, count: int, by: float = 1.0, zoom: float = 0.0) -> list[Rgb]:
    return pan(picture, count, (160, 120), by, zoom)


def starts(here: Path, frames: list[Rgb], **how: bool) -> list[tuple[int, str, str]]:
    film = films.open(make_film(here / "in.mkv", frames, **how))  # type: ignore[arg-type]
    shots = film.shots
    assert [shot.start for shot in shots[1:]] == [shot.stop for shot in shots[:-1]]
    assert (shots[0].start, shots[-1].stop) == (0, len(frames))
    return [(shot.start, shot.opens, shot.kind) for shot in shots]


def test_cuts_between_moving_shots_and_nowhere_else(here: Path) -> None:
    parts = [
        moving(data.astronaut(), 20, 2),
        moving(data.coffee(), 15, -1.5),
        moving(data.chelsea(), 25, 0, 0.01),
        moving(data.rocket(), 20, 3),
    ]
    found = starts(here, [frame for part in parts for frame in part])
    assert found == [(0, "start", "film"), (20, "cut", "film"), (35, "cut", "film"), (60, "cut", "film")]


def test_a_flash_is_no_cut(here: Path) -> None:
    frames = moving(data.astronaut(), 30)
    for index in (12, 13):
        frames[index] = np.clip(frames[index].astype(int) + 120, 0, 255).astype(np.uint8)
    film = films.open(make_film(here / "in.mkv", frames))
    assert len(film.shots) == 1
    assert film.shots[0].flashes == (12, 13)
    chroma = [np.ptp(frame.reshape(-1, 3).astype(int), axis=1).mean() for frame in film.paint()]
    assert chroma[12] > 0


@pytest.mark.parametrize("length", [10, 16])
def test_dissolves_are_found_where_they_are(here: Path, length: int) -> None:
    one, two = moving(data.astronaut(), 40, 0.3), moving(data.coffee(), 40, 0.3)
    mixed = [
        np.rint(a * (1 - u) + b * u).astype(np.uint8)
        for a, b, u in zip(one[-length:], two, np.arange(1, length + 1) / (length + 1), strict=False)
    ]
    found = starts(here, [*one[:-length], *mixed, *two[length:]])
    assert [kind for _, kind, _ in found] == ["start", "dissolve"]
    assert abs(found[1][0] - (40 - length // 2)) <= 3


def test_a_dissolve_between_frames_that_are_a_third_alike_is_found() -> None:
    """While things move: what is left unexplained may be more, the less the ends are alike."""
    rng = np.random.default_rng(0)
    planes = [cv2.GaussianBlur(rng.normal(0, 1, (18, 24)), (0, 0), 1.5) for _ in range(3)]
    first, second, moving = (plane / plane.std() for plane in planes)
    last = 0.36 * first + (1 - 0.36**2) ** 0.5 * second
    mixed = np.interp(np.arange(41), (0, 11, 29, 40), (0, 0, 1, 1))
    frames = [50 + 15 * ((1 - u) * first + u * last + 0.3 * np.sin(np.pi * u) * moving) for u in mixed]
    found = ShotFinder._dissolves(np.stack(frames).reshape(41, -1).astype(np.float32), [], [])
    assert len(found) == 1
    assert abs(found[0] - 20) <= 3


def test_fades_through_black_part_two_shots(here: Path) -> None:
    out = [np.rint(frame * max(0, 1 - i / 12)).astype(np.uint8) for i, frame in enumerate(moving(data.coffee(), 16, 0))]
    into = [np.rint(frame * min(1, i / 12)).astype(np.uint8) for i, frame in enumerate(moving(data.chelsea(), 30, 0))]
    found = starts(here, [*moving(data.coffee(), 20, 0), *out, *into])
    assert [kind for _, kind, _ in found] == ["start", "fade"]
    assert abs(found[1][0] - 36) <= 4


def test_title_cards_stay_grey_and_colour_is_recognised(here: Path) -> None:
    card = np.zeros((120, 160, 3), np.uint8)
    cv2.putText(card, "THE END", (12, 70), cv2.FONT_HERSHEY_SIMPLEX, 1.1, (230, 230, 230), 3)
    frames = [card] * 14 + moving(data.astronaut(), 14)
    assert [kind for *_, kind in starts(here, frames)] == ["title", "film"]
    title = next(films.open(here / "in.mkv").paint())
    assert np.ptp(title.astype(int), axis=2).max() <= 2
    assert [kind for *_, kind in starts(here, moving(data.astronaut(), 14), grey=False)] == ["color"]


def test_a_place_is_followed_turned_and_found_again(here: Path) -> None:
    patch = cv2.cvtColor(data.chelsea()[80:220, 130:270], cv2.COLOR_RGB2GRAY)
    patch = cv2.resize(patch, (60, 60), interpolation=cv2.INTER_AREA)
    ground = cv2.cvtColor(cv2.resize(data.coffee(), (240, 160), interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
    frames, truth = [], []
    for index in range(50):
        x, y = 50 + 2.5 * index, 70 + 8 * np.sin(index / 8)
        pose = cv2.getRotationMatrix2D((30, 30), 0.5 * index, 1) + np.array([[0, 0, x - 30], [0, 0, y - 30]])
        covers = cv2.warpAffine(np.full((60, 60), 255, np.uint8), pose, (240, 160)) > 127
        frame = np.where(covers, cv2.warpAffine(patch, pose, (240, 160)), ground)
        if 20 <= index < 28:
            frame[:, 80:150] = 90  # something passes before it
        frames.append(frame.astype(np.uint8))
        truth.append((x, y))
    places = follow(frames, 0, truth[0])
    off = [float(np.hypot(place.x - x, place.y - y)) for place, (x, y) in zip(places, truth, strict=True)]
    assert max(off[:20]) < 3
    assert places[23].confidence < 0.5
    assert max(off[36:]) < 5
    assert min(place.confidence for place in places[36:]) > 0.5

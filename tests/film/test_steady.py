"""Colour that holds: along motion, after a hint, and like an example."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import scipy.spatial.distance

from film_helpers import make_film, pan
from helpers import Command, data
from photochrom import film as films
from photochrom.color import rgb_to_lab
from photochrom.edits.masks import to_rle
from photochrom.edits.places import Mask
from photochrom.errors import EvaluationError, HintError, MaskError
from photochrom.evaluate.consistency import cdc, visible, warp_error, warp_error_pair
from photochrom.evaluate.film import measure, measure_films, methods_of
from photochrom.film.motion import evened, grid, two_way


def test_colours_move_with_the_picture_and_do_not_flicker(here: Path) -> None:
    make_film(here / "in.mkv", pan(data.astronaut(), 26, (160, 120)), grey=False)
    report = measure_films([here / "in.mkv"], {"film": "film", "frames": "frames", "given": "exemplar"}, limit=26)
    rows = {row["method"]: row for row in report["rows"]}
    assert rows["truth"]["flicker"] == 0
    assert rows["film"]["flicker"] < rows["frames"]["flicker"] / 2
    assert rows["given"]["psnr"] > 30
    assert rows["given"]["psnr"] > rows["film"]["psnr"] + 3


def test_a_hint_holds_in_all_frames_before_and_after(here: Path) -> None:
    frames = pan(data.coffee(), 26, (160, 120), by=1.5)
    make_film(here / "in.mkv", frames)
    steering = films.Steering(hints=(films.FilmHint(None, 13, 60.0, 60.0, (-14.0, 12.0)),))
    painted = list(films.open(here / "in.mkv").paint(steering=steering))
    for index in (0, 13, 25):  # the pan moves the place by 1.5 pixels a frame
        x = round(60 - 1.5 * (index - 13))
        ab = rgb_to_lab(painted[index][58:63, x - 2 : x + 3])[..., 1:].reshape(-1, 2).mean(axis=0)
        assert np.hypot(*(ab - (-14, 12))) < 12


def test_an_area_goes_with_what_it_lies_on(here: Path) -> None:
    frames = pan(data.coffee(), 20, (160, 120), by=1.5)
    make_film(here / "in.mkv", frames)
    mask = np.zeros((120, 160), bool)
    mask[40:80, 70:110] = True
    row = {"frame": 5, "mask": to_rle(mask), "ab": [45, -45]}
    (here / "hints.json").write_text(json.dumps({"photochrom-film": 1, "hints": [row]}))
    steering = films.load_steering(here / "hints.json")
    assert steering.areas == (films.FilmArea(None, 5, Mask(mask), (45.0, -45.0)),)
    assert steering.digest() != films.Steering().digest()
    painted = list(films.open(here / "in.mkv").paint(steering=steering))
    shares = []
    for index in (5, 0, 12, 19):  # the pan moves what is marked by 1.5 pixels a frame
        left = round(70 - 1.5 * (index - 5))
        far = np.hypot(*np.moveaxis(rgb_to_lab(painted[index])[..., 1:] - (45, -45), -1, 0))
        shares.append((far[45:75, left + 5 : left + 35] < 15).mean())
        far[32:88, left - 8 : left + 48] = 99
        assert (far < 15).mean() < 0.05
    assert shares[0] > 0.7  # what is white there cannot be as purple as that
    assert min(shares) > shares[0] - 0.1
    wrong = films.FilmArea(None, 5, Mask(mask[:-1]), (45.0, -45.0))
    with pytest.raises(MaskError, match="160 x 120"):
        films.open("in.mkv").save("out.mkv", films.make_choices(steering=films.Steering(areas=(wrong,))))


def test_a_repeated_frame_has_not_moved() -> None:
    light = np.asarray(data.camera()[:96, :128], np.float32) * np.float32(100 / 255)
    same, shifted = (light, evened(light)), (np.roll(light, 3, axis=1), evened(np.roll(light, 3, axis=1)))
    for flow in two_way(same, (light.copy(), evened(light))):
        np.testing.assert_array_equal(flow.at, grid(*light.shape))
        assert flow.trust.min() == 1
    back, forth = two_way(same, shifted)
    inside = np.s_[20:-20, 20:-20]
    assert np.median(back.at[..., 0][inside] - grid(*light.shape)[..., 0][inside]) == pytest.approx(-3, abs=0.1)
    assert np.median(forth.at[..., 0][inside] - grid(*light.shape)[..., 0][inside]) == pytest.approx(3, abs=0.1)
    assert np.median(back.trust[inside]) > 0.9


def test_a_hint_goes_as_far_as_it_is_let(here: Path) -> None:
    make_film(here / "in.mkv", [data.coffee()[100:220, 100:260]] * 2)
    painted = {}
    for reach in ("none", "here", "object"):
        hints = (films.FilmHint(None, 0, 80.0, 60.0, (45.0, -45.0), 6.0, reach),) if reach != "none" else ()
        frame = next(films.open(here / "in.mkv").paint(steering=films.Steering(hints=hints)))
        painted[reach] = rgb_to_lab(frame)[..., 1:]
    changed = {reach: np.hypot(*np.moveaxis(painted[reach] - painted["none"], -1, 0)) for reach in ("here", "object")}
    assert changed["here"][58:63, 78:83].mean() > 10
    assert (changed["here"] > 5).sum() < (changed["object"] > 5).sum() / 2
    (here / "hints.json").write_text(
        '{"photochrom-film": 1, "hints": [{"frame": 0, "x": 1, "y": 2, "color": "red", "reach": "far"}]}'
    )
    with pytest.raises(HintError, match="reach"):
        films.load_steering(here / "hints.json")


def test_suggestions_and_a_preview(here: Path, photochrom: Command) -> None:
    make_film(here / "in.mkv", pan(data.coffee(), 8, (160, 120)) + pan(data.astronaut(), 8, (160, 120)))
    run = photochrom("video", "in.mkv", "--suggest", 2, "--preview", "shots.jpg", "--json")
    assert run.code == 0, run.err
    sheet, *rows = run.lines
    assert sheet["event"] == "preview"
    picture = cv2.imread("shots.jpg")
    assert picture is not None
    assert picture.shape[1] > 450  # two shots beside each other
    assert len(rows) == 2
    assert all(0 <= row["x"] < 160 and 0 <= row["y"] < 120 and row["colors"] for row in rows)
    assert not (here / "in_color.mkv").exists()


def test_cdc_is_what_scipy_makes_of_it() -> None:
    clip = [np.asarray(frame) for frame in pan(data.astronaut(), 6, (40, 30), by=4)]
    histograms = [[np.bincount(frame[..., band].ravel(), minlength=256) for band in range(3)] for frame in clip]
    steps = []
    for step in (1, 2, 4):
        pairs = [
            scipy.spatial.distance.jensenshannon(one, other) ** 2
            for first, second in zip(histograms, histograms[step:], strict=False)
            for one, other in zip(first, second, strict=True)
        ]
        steps.append(np.mean(pairs))
    assert cdc(clip) == pytest.approx(np.mean(steps))
    assert np.isnan(cdc(clip[:1]))


def test_warp_error_is_what_a_loop_over_pixels_makes_of_it() -> None:
    rng = np.random.default_rng(0)
    before, now = rng.integers(0, 256, (2, 12, 16, 3), np.uint8)
    back = rng.integers(-3, 4, (12, 16, 2)).astype(np.float32)  # whole pixels: nothing to interpolate
    forth = rng.integers(-1, 2, (12, 16, 2)).astype(np.float32)
    total, count = 0.0, 0
    seen = visible(back, forth)
    slopes = [np.gradient(back[..., channel]) for channel in (0, 1)]
    for y in range(12):
        for x in range(16):
            w = back[y, x]
            px, py = x + int(w[0]), y + int(w[1])
            known = 0 <= px < 16 and 0 <= py < 12
            if known:
                v = forth[py, px]
                known = ((w + v) ** 2).sum() <= 0.01 * ((w**2).sum() + (v**2).sum()) + 0.5
                known &= sum(part[y, x] ** 2 for pair in slopes for part in pair) <= 0.01 * (w**2).sum() + 0.002
            assert bool(seen[y, x]) == bool(known)
            if known:
                total += (((now[y, x].astype(float) - before[py, px]) / 255) ** 2).sum()
                count += 1
    seen[:] = True
    back[:] = 0
    expected = (((now.astype(float) - before) / 255) ** 2).sum(axis=-1).mean()
    assert warp_error_pair(before, now, back, seen) == pytest.approx(expected, rel=1e-5)
    assert count == 0 or total >= 0
    assert warp_error([np.full((20, 20, 3), 9, np.uint8)] * 3) == 0


def test_results_of_other_programs_are_measured(here: Path, photochrom: Command) -> None:
    frames = pan(data.astronaut(), 5, (48, 32))
    make_film(here / "truth.mkv", frames, grey=False, pix_fmt="yuv444p")
    (here / "theirs").mkdir()
    for index, frame in enumerate(frames):
        cv2.imwrite(f"theirs/{index:03}.png", frame[..., ::-1])
    run = photochrom(
        "evaluate", "truth.mkv", "--protocol", "film", "--method", "mine=theirs", "--method", "same=truth.mkv", "--json"
    )
    assert run.code == 0, run.err
    rows = {row["method"]: row for row in run.lines[0]["rows"]}
    assert rows["same"]["psnr"] == float("inf")
    assert rows["mine"]["psnr"] > 40
    assert photochrom("evaluate", "truth.mkv", "--protocol", "film", "--method", "nothing.mkv").code == 2
    with pytest.raises(EvaluationError, match="frame 3"):
        measure(frames, frames[:3])
    assert methods_of(["film", "a=frames"]) == {"film": "film", "a": "frames"}

"""The options of ``photochrom colorize`` that steer, and ``photochrom suggest``."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from helpers import Command, Grey, contents, data, files, load, save
from photochrom import Colorizer, Hint, Hints
from photochrom.color import rgb_to_lab
from photochrom.materials import Material


@pytest.fixture(autouse=True)
def pictures(here: Path, photo: Grey) -> None:
    save(photo, here / "a.png")
    save(data.astronaut()[::4, ::4], here / "ref.png")
    mask = np.zeros(photo.shape, np.uint8)
    mask[10:40, 20:60] = 255
    save(mask, here / "m.png")


def test_hints_hold(photochrom: Command) -> None:
    Path("h.json").write_text('[{"x": 70, "y": 10, "ab": [-5, -20]}]')
    run = photochrom("colorize", "a.png", "--hint", "30,40,4=#806a5a", "--hints", "h.json", "--json")
    assert (run.code, run.err) == (0, "")
    assert run.lines[0]["hints"] == 2
    lab = rgb_to_lab(load(Path("a_color.png")) / 255)
    np.testing.assert_allclose(lab[40, 30, 1:], Material.named("#806a5a").at(lab[40, 30, 0]), atol=2)
    np.testing.assert_allclose(lab[10, 70, 1:], (-5, -20), atol=2)


def test_every_choice_comes_back_to_the_bit(photochrom: Command) -> None:
    steer = [
        "--hint",
        "30,40=tan",
        "--hint",
        "60,50=olive@alike",
        "--keep",
        "80,10",
        "--region",
        "m.png=navy",
        "--region",
        "50,5,90,60=ref.png",
        "--reference",
        "ref.png",
    ]
    steer += [
        "--palette",
        "ref.png",
        "--palette-strength",
        "0.4",
        "--smooth",
        "tv",
        "--vividness",
        "0.8",
        "--trust",
        "0.7",
    ]
    first = photochrom("colorize", "a.png", *steer, "--save-edits", "deep/a.json", "-o", "one.png")
    assert first.code == 0, first.err
    assert "overlap" in first.err
    second = photochrom("colorize", "a.png", "--edits", "deep/a.json", "-o", "two.png", "--save-edits", "b.json")
    assert second.code == 0, second.err
    third = photochrom("colorize", "a.png", "--edits", "b.json", "-o", "three.png")
    assert third.code == 0, third.err
    one, two, three = contents("one.png", "two.png", "three.png")
    assert one == two == three
    save(load(Path("ref.png"))[::-1], Path("ref.png"))
    changed = photochrom("colorize", "a.png", "--edits", "b.json", "-o", "four.png")
    assert changed.code == 1
    assert "another file than the edits were made with" in changed.err


def test_edits_at_another_size(photochrom: Command, photo: Grey) -> None:
    save(np.kron(photo, np.ones((2, 2), np.uint8)), Path("large.png"))
    photochrom("colorize", "a.png", "--hint", "30,40=tan", "--region", "m.png=navy", "--save-edits", "a.json")
    assert photochrom("colorize", "large.png", "--edits", "a.json").code == 0
    small, large = (rgb_to_lab(load(Path(name)) / 255) for name in ("a_color.png", "large_color.png"))
    # Pixel (30, 40) became four, in whose middle the hint is now: rounded, it is this one.
    np.testing.assert_allclose(large[80, 60, 1:], small[40, 30, 1:], atol=3)
    away = np.abs(large[24:76:2, 44:116:2, 1:] - small[12:38, 22:58, 1:])
    assert np.quantile(away, 0.99) < 3
    save(photo[:, :50], Path("other.png"))
    assert "another shape" in photochrom("colorize", "other.png", "--edits", "a.json").err


def test_samples(photochrom: Command) -> None:
    run = photochrom("colorize", "a.png", "--samples", "3", "--seed", "1", "--json")
    assert run.code == 0, run.err
    written = run.lines[0]["samples"]
    assert 1 <= len(written) <= 3
    assert set(written) | {"a_color-sheet.jpg"} == files() - {"a.png", "m.png", "ref.png"}
    assert len(set(contents(*written))) == len(written)
    again = photochrom("colorize", "a.png", "--samples", "3", "--seed", "1")
    assert again.code == 1
    assert "exists already" in again.err


def test_samples_agree_with_the_given_hints(photochrom: Command, shipped: Colorizer) -> None:
    run = photochrom(
        "colorize", "a.png", "--samples", "3", "--seed", "1", "--hint", "30,40=crimson", "--json", "--threads", "1"
    )
    assert run.code == 0, run.err
    opened, hints = shipped.open(Path("a.png")), Hints([Hint.at(30, 40, "crimson")])
    found = opened.alternatives(3, seed=1, hints=hints)
    assert found != opened.alternatives(3, seed=1)
    for path, alternative in zip(run.lines[0]["samples"], found, strict=True):
        np.testing.assert_array_equal(load(Path(path)), opened.paint(hints=alternative + hints).rgb)


def test_suggest(photochrom: Command) -> None:
    run = photochrom("suggest", "a.png", "--count", "3", "--json")
    assert run.code == 0, run.err
    places = run.lines[0]["places"]
    assert 1 <= len(places) <= 3
    for place in places:
        assert 0 <= place["x"] < 96
        assert 0 <= place["y"] < 64
        assert place["colors"][0]["color"].startswith("#")
    best = places[0]
    told = photochrom("suggest", "a.png", "--count", "3", "--json", "--hint", f"{best['x']},{best['y']}=olive")
    assert [best["x"], best["y"]] not in [[p["x"], p["y"]] for p in told.lines[0]["places"]]
    text = photochrom("suggest", "a.png", "--count", "1").out
    assert text.startswith(f"1. {best['x']},{best['y']}: ")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--hint", "1,2"], "X,Y=COLOR"),
        (["--hint", "1=red"], "X,Y=COLOR"),
        (["--hint", "1,2,3,4,5=red"], "X,Y=COLOR"),
        (["--hint", "a,b=red"], "X,Y=COLOR"),
        (["--hint", "1,2=olve"], "did you mean olive"),
        (["--region", "m.png"], "PLACE=COLOR"),
        (["--palette", "no-such"], "palette"),
        (["--smooth", "butter"], "none, tv, crf"),
        (["--samples", "2", "--save-edits", "e.json"], "--samples"),
    ],
)
def test_wrong_usage(photochrom: Command, options: list[str], message: str) -> None:
    run = photochrom("colorize", "a.png", *options)
    assert run.code == 2
    assert message in run.err
    assert files() == {"a.png", "m.png", "ref.png"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--hint", "96,2=red"], "outside the picture"),
        (["--region", "ref.png=red"], "128 x 128 pixels and the picture 96 x 64"),
        (["--region", "m.png:7=red"], "label 7"),
        (["--region", "m.png=a.png"], "grey"),
        (["--reference", "a.png"], "grey"),
        (["--reference", "absent.png"], "absent.png"),
        (["--palette", "a.png"], "grey"),
        (["--edits", "m.png"], "m.png"),
        (["--hints", "absent.json"], "absent.json"),
    ],
)
def test_what_cannot_be_obeyed(photochrom: Command, options: list[str], message: str) -> None:
    run = photochrom("colorize", "a.png", *options)
    assert run.code == 1
    assert message in run.err
    assert files() == {"a.png", "m.png", "ref.png"}


@pytest.mark.parametrize(
    "options",
    [["--hint", "1,2=red"], ["--region", "m.png=red"], ["--save-edits", "e.json"], ["--edits", "e.json"]],
    ids=str,
)
def test_places_belong_to_one_picture(photochrom: Command, photo: Grey, options: list[str]) -> None:
    save(photo, Path("folder/b.png"))
    Path("e.json").write_text(
        json.dumps(
            {"photochrom": 1, "size": [96, 64], "model": "photochrom", "hints": [], "references": [], "order": []}
        )
    )
    for inputs in (["a.png", "ref.png"], ["folder"]):
        run = photochrom("colorize", *inputs, "-o", "out", *options)
        assert run.code == 2
        assert "one picture" in run.err
        assert not Path("out").exists()

"""``photochrom study create``: what it makes, and what it refuses, by name."""

from __future__ import annotations

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from helpers import Command, files, load, save
from photochrom.evaluate.protocols import centre_square
from photochrom.evaluate.study.plan import RANDOM, TRUTH, read_study

SMALL = ("--practice", 1, "--trials", 6, "--checks", 1)


@pytest.fixture
def here(results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with ``truth``, ``vivid``, ``dull`` and ``grey``."""
    shutil.copytree(results, tmp_path / "work")
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "work"


@pytest.mark.usefixtures("here")
def test_a_study_of_each_kind(photochrom: Command) -> None:
    Path("consent.txt").write_text("Grüße.\n\nYou may stop.")
    done = photochrom(
        *("study", "create", "P", "--kind", "preference", "--a", "vivid", "--b", "other=dull", "--method", "grey"),
        *("--consent", "consent.txt", "--title", "My study", *SMALL),
    )
    assert (done.code, done.err) == (0, "")
    study = read_study("P")
    assert study.methods == ("vivid", "other", "grey")
    assert (study.title, study.consent) == ("My study", "Grüße.\n\nYou may stop.")
    assert len(study.tests) == 14 - 1 - 1
    assert photochrom("study", "create", "--kind", "turing", "--a", "dull", "--truth", "truth", *SMALL).code == 0
    assert read_study("study").pairs == (("dull", TRUTH),)  # where no folder is named
    assert photochrom("study", "report").code == 0


@pytest.mark.usefixtures("here")
def test_a_model_in_place_of_a_folder_colours_the_photographs(photochrom: Command) -> None:
    made = ("study", "create", "M", "--kind", "turing", "--a", "photochrom", "--b", "cnn-baseline", *SMALL)
    without = photochrom(*made)
    assert without.code == 2
    assert "--truth" in without.err
    done = photochrom(*made, "--truth", "truth")
    assert (done.code, done.err) == (0, "")
    study = read_study("M")
    assert study.methods == ("photochrom", "cnn-baseline")
    name = study.tests[0]
    truth, ours, theirs = (load(study.picture(name, method)).astype(float) for method in (TRUTH, *study.methods))
    assert np.abs(ours - theirs).max() > 4  # two models, two colourings
    assert all(np.corrcoef(truth.mean(2).ravel(), one.mean(2).ravel())[0, 1] > 0.95 for one in (ours, theirs))
    assert not list(Path().rglob("*/cnn-baseline/*"))  # nothing is left of the making


@pytest.mark.usefixtures("here")
def test_files_tell_nothing(photochrom: Command) -> None:
    """Neither names nor metadata of a study's pictures say where they come from; the pixels are the method's own."""
    photochrom("study", "create", "T", "--kind", "turing", "--a", "dull", "--truth", "truth", *SMALL)
    study = read_study("T")
    assert files("T/pictures") == {file for row in study.files.values() for file in row.values()}
    for name, row in study.files.items():
        assert set(row) == {TRUTH, "dull", *([RANDOM] if name in study.checks else [])}
        for method, file in row.items():
            assert name not in file
            data = study.picture(name, method).read_bytes()
            chunks = {data[i + 4 : i + 8] for i in _chunks(data)}
            assert chunks == {b"IHDR", b"IDAT", b"IEND"}
            assert cv2.imread(str(study.picture(name, method))).shape == (256, 256, 3)
        whole = load(Path("dull", f"{name}.png"))
        grey_as_rgb = np.repeat(whole[..., None], 3, axis=2) if whole.ndim == 2 else whole
        np.testing.assert_array_equal(load(study.picture(name, "dull")), centre_square(grey_as_rgb, 256))


def _chunks(data: bytes) -> list[int]:
    """Where the chunks of a PNG begin."""
    starts, at = [], 8
    while at < len(data):
        starts.append(at)
        at += 12 + int.from_bytes(data[at : at + 4], "big")
    return starts


@pytest.mark.usefixtures("here")
def test_bad_pictures_are_named_and_nothing_is_made(photochrom: Command) -> None:
    command = (
        "study",
        "create",
        "S",
        "--kind",
        "preference",
        "--a",
        "vivid",
        "--b",
        "dull",
        "--truth",
        "truth",
        *SMALL,
    )
    before = files()
    Path("dull/piece03.png").rename("dull/other.png")
    done = photochrom(*command)
    assert (done.code, done.out) == (1, "")
    assert "truth has 14, vivid has 14, dull has 14" in done.err
    for said in ("piece03 is missing in dull", "other is missing in truth", "other is missing in vivid"):
        assert said in done.err
    Path("dull/other.png").rename("dull/piece03.png")

    shutil.copy("vivid/piece05.png", "vivid/piece05.jpg")
    assert "piece05 is more than once in vivid" in photochrom(*command).err
    Path("vivid/piece05.jpg").unlink()

    save(load(Path("vivid/piece01.png"))[:60], Path("vivid/piece01.png"))
    Path("dull/piece02.png").write_text("no picture")
    Path("truth/piece04.png").write_bytes(Path("truth/piece04.png").read_bytes()[:500])
    nan = np.full((64, 64, 3), np.nan, np.float32)
    save(nan, Path("dull/piece06.tif"))
    Path("dull/piece06.png").unlink()
    done = photochrom(*command)
    assert done.code == 1
    assert "4 pictures cannot be used" in done.err
    assert "piece01 is 64 x 64 in truth, 64 x 60 in vivid, 64 x 64 in dull" in done.err
    for said in (
        "in dull: the picture piece02.png",
        "in truth: the picture piece04.png",
        "in dull: the picture piece06.tif",
    ):
        assert said in done.err
    assert files() == before - {"dull/piece06.png"} | {"dull/piece06.tif"}


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ("--kind preference --a vivid", 2, "2 or more"),
        ("--kind turing --a vivid", 2, "--truth"),
        ("--kind turing --truth truth", 2, "1 or more"),
        ("--kind preference --a vivid --b vivid", 2, "NAME=FOLDER"),
        ("--kind preference --a truth --b vivid", 2, "another name than 'truth'"),
        ("--kind preference --a vivid --b absent", 1, "absent"),
        ("--kind preference --a vivid --b empty", 1, "no pictures"),
        ("--kind preference --a vivid --b dull --trials 40", 1, "14 pictures, expected 43 or more"),
        ("--kind preference --a vivid --b dull --trials 4 --checks 4", 2, "--checks"),
        ("--kind preference --a vivid --b dull --trials 4 --seconds nan", 2, "--seconds"),
        ("--kind preference --a vivid --b dull --trials 4 --consent absent.txt", 1, "absent.txt"),
        ("--kind preference --a vivid --b dull --trials 4 --consent vivid/piece00.png", 1, "UTF-8"),
        ("--kind preference --a grey --b dull --trials 4 --practice 1 --checks 1 --truth grey2", 1, "random colours"),
    ],
)
def test_refusals(photochrom: Command, arguments: str, code: int, said: str) -> None:
    Path("empty").mkdir()
    shutil.copytree("grey", "grey2")
    before = files()
    done = photochrom("study", "create", "S", *arguments.split())
    assert (done.code, done.out) == (code, "")
    assert said in done.err
    assert files() == before
    assert not Path("S").exists()


@pytest.mark.usefixtures("here")
def test_a_folder_that_is_taken(photochrom: Command) -> None:
    before = files()
    command = ("--kind", "preference", "--a", "vivid", "--b", "dull", *SMALL)
    done = photochrom("study", "create", "truth", *command)
    assert done.code == 1
    assert "truth: is there already" in done.err
    done = photochrom("study", "create", "vivid/piece00.png/S", *command)
    assert done.code == 1
    assert "cannot be written" in done.err
    assert files() == before
    Path("S").mkdir()
    assert photochrom("study", "create", "S", *command).code == 0

"""The command line's contract: names, exit codes, what is said where, and that no file is ever harmed."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from helpers import Command, Grey, contents, data, files, load, on_terminal, save
from photochrom import CATALOG, Colorizer, __version__
from photochrom.weights import PACKAGED

pytestmark = pytest.mark.usefixtures("here")


# What is written, and where


def test_one_file(photochrom: Command, shipped: Colorizer, photo: Grey) -> None:
    save(photo, Path("old.png"))
    done = photochrom("colorize", "old.png")
    assert (done.code, done.out, done.err) == (0, "", "")
    assert files() == {"old.png", "old_color.png"}
    expected = shipped.open(Path("old.png")).paint().rgb
    assert np.abs(load(Path("old_color.png")).astype(int) - expected).max() <= 2, "the API gives the same"


@pytest.mark.parametrize("name", ["new.jpg", "new.webp", "new.tif", "new.png", "deep/er/new.gif"])
def test_output_file(photochrom: Command, photo: Grey, name: str) -> None:
    save(photo, Path("old.jpg"))
    assert photochrom("colorize", "old.jpg", "-o", name).code == 0
    assert files() == {"old.jpg", name}
    assert load(Path(name)).shape[:2] == photo.shape


def test_several_files(photochrom: Command, photo: Grey) -> None:
    for name in ("x/a.png", "x/b.jpg", "c.tif"):
        save(photo, Path(name))
    assert photochrom("colorize", "x/a.png", "x/b.jpg", "c.tif", "-o", "out").code == 0
    assert files("out") == {"a.png", "b.jpg", "c.tif"}
    assert photochrom("colorize", "x/a.png", "c.tif").code == 0
    assert {"x/a_color.png", "c_color.tif"} <= files()


def test_a_folder(photochrom: Command, photo: Grey) -> None:
    for name in ("a.png", "deep/b.jpg", "deep/er/c.tif"):
        save(photo, Path("in") / name)
    Path("in/notes.txt").write_text("not a picture")
    done = photochrom("colorize", "in", "-o", "out")
    assert (done.code, done.out, done.err) == (0, "", "")
    assert files("out") == {"a.png", "deep/b.jpg", "deep/er/c.tif"}
    again = photochrom("colorize", "in", "-o", "out", "--force", "--json")
    *pictures, last = again.lines
    assert [line["output"] for line in pictures] == ["out/a.png", "out/deep/b.jpg", "out/deep/er/c.tif"]
    assert last == {"done": 3, "skipped": {"other file": 1}, "failed": 0}


def test_an_output_folder_inside_the_input_folder(photochrom: Command, photo: Grey) -> None:
    save(photo, Path("in/a.png"))
    for _ in range(2):
        assert photochrom("colorize", "in", "-o", "in/out", "--force").code == 0
        assert files() == {"in/a.png", "in/out/a.png"}


def test_nothing_is_overwritten_without_force(photochrom: Command, photo: Grey) -> None:
    save(photo, Path("a.png"))
    Path("a_color.png").write_text("precious")
    refused = photochrom("colorize", "a.png")
    assert refused.code == 1
    assert re.fullmatch(r"photochrom: .*a_color\.png: exists already.*--force.*\n", refused.err)
    assert Path("a_color.png").read_text() == "precious"
    assert photochrom("colorize", "a.png", "--force").code == 0
    assert load(Path("a_color.png")).shape == (*photo.shape, 3)


def test_in_place(photochrom: Command, photo: Grey) -> None:
    save(photo, Path("a.png"))
    before = contents("a.png")
    assert photochrom("colorize", "a.png", "-o", "a.png").code == 1
    assert contents("a.png") == before
    assert photochrom("colorize", "a.png", "-o", "a.png", "--force").code == 0
    assert files() == {"a.png"}
    assert load(Path("a.png")).shape == (*photo.shape, 3)


def test_in_place_while_it_is_read_as_a_stream(
    photochrom: Command, photo: Grey, monkeypatch: pytest.MonkeyPatch
) -> None:
    from photochrom.images import read

    save(photo, Path("a.tif"))
    assert photochrom("colorize", "a.tif", "-o", "expected.tif").code == 0
    monkeypatch.setattr(read, "IN_MEMORY", 0)
    assert photochrom("colorize", "a.tif", "-o", "a.tif", "--force").code == 0
    assert np.abs(load(Path("a.tif")).astype(int) - load(Path("expected.tif"))).max() <= 2


# Options


def test_json(photochrom: Command, photo: Grey) -> None:
    save(photo, Path("a.png"))
    save(data.astronaut()[::8, ::8].astype(np.uint16) * 257, Path("b.tif"))
    Path("bad.jpg").write_text("no picture")
    done = photochrom("colorize", "a.png", "bad.jpg", "b.tif", "--json", "--vividness", "0.7")
    assert done.code == 1
    first, second, third = done.lines
    assert first.pop("seconds") > 0
    assert 0 <= first.pop("confidence") <= 1
    assert first == {
        "input": "a.png",
        "output": "a_color.png",
        "width": photo.shape[1],
        "height": photo.shape[0],
        "bit_depth": 8,
        "model": "photochrom",
        "vividness": 0.7,
        "tint": "grey",
        "already_colour": False,
        "hints": 0,
        "notices": [],
    }
    assert (second["input"], second["error"]) == ("bad.jpg", "UnsupportedImageError")
    assert second["message"] in done.err
    assert (third["bit_depth"], third["tint"], third["already_colour"]) == (16, "colour", True)
    assert "already a colour photograph" in third["notices"][0]


def test_notices_go_to_stderr(photochrom: Command, photo: Grey) -> None:
    save(data.astronaut()[::8, ::8], Path("a.png"))
    save(np.dstack([photo, photo]), Path("b.png"))
    done = photochrom("colorize", "a.png")
    assert (done.code, done.out) == (0, "")
    assert re.fullmatch(r"photochrom: a\.png: already a colour photograph.*\n", done.err)
    assert "b.png: JPEG has no transparency" in photochrom("colorize", "b.png", "-o", "b.jpg").err
    (line,) = photochrom("colorize", "b.png", "-o", "b.jpg", "--force", "--json").lines
    assert "transparency" in line["notices"][0]


def test_confidence(photochrom: Command, photo: Grey) -> None:
    for name in ("in/a.png", "in/deep/b.jpg"):
        save(photo, Path(name))
    assert photochrom("colorize", "in/a.png", "-o", "new.png", "--confidence", "sure.png").code == 0
    assert files() == {"in/a.png", "in/deep/b.jpg", "new.png", "sure.png"}
    sure = load(Path("sure.png"))
    assert sure.shape[:2] == photo.shape
    assert (sure == sure[..., :1]).all()
    assert photochrom("colorize", "in", "-o", "out", "--confidence", "maps").code == 0
    assert files("out") == {"a.png", "deep/b.jpg"}
    assert files("maps") == {"a.png", "deep/b.png"}
    np.testing.assert_array_equal(load(Path("maps/a.png")), sure)


def test_an_existing_confidence_map_stops_its_picture_first(photochrom: Command, photo: Grey) -> None:
    save(photo, Path("a.png"))
    Path("sure.png").write_text("precious")
    done = photochrom("colorize", "a.png", "--confidence", "sure.png")
    assert done.code == 1
    assert "sure.png: exists already" in done.err
    assert files() == {"a.png", "sure.png"}
    assert photochrom("colorize", "a.png", "--confidence", "a_color.png").code == 2


def test_vividness_and_work_size_and_quality(photochrom: Command, photo: Grey) -> None:
    save(photo, Path("a.png"))
    for name, options in {
        "0.png": ["--vividness", 0],
        "1.png": ["--vividness", 1],
        "small.png": ["--work-size", 64, "--threads", 1],
        "low.jpg": ["--jpeg-quality", 10],
        "high.jpg": ["--jpeg-quality", 95],
    }.items():
        assert photochrom("colorize", "a.png", "-o", name, *options).code == 0
    assert (load(Path("0.png")) != load(Path("1.png"))).any()
    assert load(Path("small.png")).shape == (*photo.shape, 3)
    assert Path("low.jpg").stat().st_size < Path("high.jpg").stat().st_size


@pytest.mark.parametrize(
    "options",
    [
        "--vividness 1.5",
        "--vividness nan",
        "--vividness much",
        "--max-pixels 0",
        "--max-pixels -1",
        "--max-pixels nan",
        "--max-pixels inf",
        "--threads 0",
        "--work-size 8",
        "--jpeg-quality 0",
        "--jpeg-quality 101",
        "--quality splendid",
        "--no-such-option",
        "--model no-such-model",
        "--model no-such-file.onnx",
    ],
)
def test_wrong_usage(photochrom: Command, photo: Grey, options: str) -> None:
    save(photo, Path("a.png"))
    done = photochrom("colorize", "a.png", *options.split())
    assert (done.code, done.out) == (2, "")
    assert done.err
    assert "Traceback" not in done.err
    assert files() == {"a.png"}


def test_wrong_usage_of_folders(photochrom: Command, photo: Grey) -> None:
    save(photo, Path("in/a.png"))
    save(photo, Path("b.png"))
    before = contents("b.png")
    for arguments in (["in"], ["b.png", "in"], ["in", "-o", "b.png"], ["b.png", "in/a.png", "-o", "b.png"], []):
        done = photochrom("colorize", *arguments)
        assert (done.code, done.out) == (2, "")
        assert done.err
    assert files() == {"in/a.png", "b.png"}
    assert contents("b.png") == before


def test_max_pixels_are_megapixels(photochrom: Command, photo: Grey) -> None:
    save(photo, Path("a.png"))
    refused = photochrom("colorize", "a.png", "--max-pixels", (photo.size - 1) / 1e6)
    assert refused.code == 1
    assert "a.png" in refused.err
    assert "--max-pixels" in refused.err
    assert photochrom("colorize", "a.png", "--max-pixels", photo.size / 1e6).code == 0


# Models


def test_an_unknown_model_lists_the_known(photochrom: Command, photo: Grey) -> None:
    save(photo, Path("a.png"))
    done = photochrom("colorize", "a.png", "--model", "no-such-model")
    assert done.code == 2
    assert all(spec.name in done.err for spec in CATALOG)


def test_a_model_by_its_path(photochrom: Command, photo: Grey) -> None:
    save(photo, Path("a.png"))
    for part in ("encoder", "decoder"):
        Path(f"mine.{part}.onnx").symlink_to(PACKAGED / f"photochrom.{part}.onnx")
    (line,) = photochrom("colorize", "a.png", "-o", "b.png", "--model", "mine.onnx", "--json").lines
    assert line["model"] == "mine"
    Path("text.onnx").write_text("not a model")
    done = photochrom("colorize", "a.png", "-o", "c.png", "--model", "text.onnx")
    assert done.code == 1
    assert "text.onnx" in done.err
    assert not Path("c.png").exists()


def test_models(photochrom: Command) -> None:
    listed = photochrom("models")
    assert (listed.code, listed.err) == (0, "")
    lines = photochrom("models", "--json").lines
    assert [line["name"] for line in lines] == [spec.name for spec in CATALOG]
    wanted = {"name", "title", "paper", "parameters", "bytes", "output", "hints", "licence", "weights"}
    for line in lines:
        assert set(line) == wanted
        for word in ("name", "title", "paper", "licence", "weights"):
            assert line[word] in listed.out
    (own,) = (line for line in lines if line["name"] == "photochrom")
    assert Path(own["weights"]) == PACKAGED


def test_models_whose_weights_are_absent_or_damaged(
    photochrom: Command, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PHOTOCHROM_CACHE", str(here))
    monkeypatch.setattr("photochrom.catalog.CATALOG", (replace(CATALOG[0], folder=here),))
    assert "missing" in photochrom("models", "--json").lines[0]["weights"]
    (here / CATALOG[0].files[0].name).write_text("damaged")
    done = photochrom("models", "--json")
    assert done.code == 0
    assert "sha256" in done.lines[0]["weights"]


def test_version_and_help(photochrom: Command) -> None:
    assert photochrom("--version").out == f"photochrom {__version__}\n"
    shown = photochrom("--help")
    assert shown.code == 0
    for verb in ("colorize", "models", "train", "export"):
        assert verb in shown.out
        assert photochrom(verb, "--help").code == 0
    assert photochrom("no-such-verb").code == 2


def test_training_without_its_extra(photochrom: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    for arguments in (["train", "photochrom", "--data", "."], ["export", "a.ckpt", "-o", "a.onnx"]):
        done = photochrom(*arguments)
        assert (done.code, done.out) == (2, "")
        assert "pip install 'photochrom[train]'" in done.err


# As its own process


def test_as_a_module(photo: Grey) -> None:
    save(photo, Path("a.png"))
    command = [sys.executable, "-W", "error", "-m", "photochrom", "colorize", "a.png", "absent.png"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(r"photochrom: absent\.png: .*\n", done.stderr), "no progress where nobody looks"
    assert files() == {"a.png", "a_color.png"}


def test_the_installed_command(photo: Grey) -> None:
    command = shutil.which("photochrom", path=str(Path(sys.executable).parent))
    if command is None:
        pytest.skip("the package is not installed, only on the path")
    done = subprocess.run([command, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"photochrom {__version__}\n"


def test_progress_on_a_terminal(photo: Grey) -> None:
    for name in ("a.png", "b.png"):
        save(photo, Path(name))
    done, shown = on_terminal([sys.executable, "-m", "photochrom", "colorize", "a.png", "b.png"])
    assert (done.returncode, done.stdout) == (0, b"")
    assert "100%" in shown

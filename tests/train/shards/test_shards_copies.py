from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from shards_helpers import jpg, left_out, photographs, rows, write_table
from skimage import data

from photochrom.train.shards.make import make_shards


def test_of_near_copies_the_larger_stays(folder: Path, table: Path, tmp_path: Path) -> None:
    rgb = photographs()["cat"]
    (folder / "odd" / "cat-small.jpg").write_bytes(jpg(cv2.resize(rgb, (140, 100), interpolation=cv2.INTER_AREA), 60))
    (folder / "odd" / "cat-squashed.jpg").write_bytes(
        jpg(cv2.resize(rgb, (130, 130), interpolation=cv2.INTER_AREA), 80)
    )
    warmer = np.clip(cv2.resize(rgb, (130, 100)) * np.array([1.15, 1.0, 0.8]), 0, 255).astype(np.uint8)
    (folder / "odd" / "cat-warmer.jpg").write_bytes(jpg(warmer))
    make_shards(table, tmp_path / "out")
    found = left_out(tmp_path / "out")
    assert set(found) == {"odd/cat-small.jpg", "odd/cat-squashed.jpg", "odd/cat-warmer.jpg"}
    assert all(why == "copy: mine even/cat.jpg" for why in found.values())


@pytest.mark.parametrize("centre", [False, True])
def test_pictures_of_tests_are_never_taken(table: Path, tmp_path: Path, centre: bool) -> None:
    rgb = photographs()["astronaut"]
    tests = tmp_path / "tests"
    tests.mkdir()
    part = rgb[:, 30:230] if centre else rgb
    grey = cv2.cvtColor(cv2.cvtColor(cv2.resize(part, (96, 96)), cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    (tests / "hidden.jpg").write_bytes(jpg(grey))
    make_shards(table, tmp_path / "out", tests=[tests])
    assert left_out(tmp_path / "out") == {"even/astronaut.jpg": "copy of a test's picture: tests hidden.jpg"}


def test_larger_copy_takes_the_place_of_an_older_picture(table: Path, tmp_path: Path) -> None:
    older = tmp_path / "older"
    older.mkdir()
    pictures = photographs()
    (older / "cat.png").write_bytes(
        cv2.imencode(".png", cv2.resize(pictures["cat"], (104, 80))[..., ::-1])[1].tobytes()
    )
    (older / "coffee.jpg").write_bytes(jpg(pictures["coffee"]))
    (older / "other.jpg").write_bytes(jpg(data.chelsea()[100:250, 250:450]))
    make_shards(table, tmp_path / "out", old=[older])
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["old"] == {"pictures": 3, "dropped": [["older", "cat.png", "a larger copy: mine even/cat.jpg"]]}
    assert left_out(tmp_path / "out") == {"odd/coffee.jpg": "copy of an older picture: older coffee.jpg"}
    assert [row["image"]["path"] for row in rows(tmp_path / "out", "train/old-*.parquet")] == [
        "coffee.jpg",
        "other.jpg",
    ]


def test_held_back_source_has_nothing_that_is_trained_on(folder: Path, tmp_path: Path) -> None:
    held = tmp_path / "held"
    held.mkdir()
    (held / "cat.jpg").write_bytes(jpg(photographs()["cat"], 70))
    (held / "other.jpg").write_bytes(jpg(data.chelsea()[100:250, 250:450]))
    table = write_table(
        tmp_path / "t.tsv",
        {"name": "held", "place": "held", "role": "things"},
        {"name": "mine", "place": "pictures", "unless": "rocket", "most": "3"},
    )
    make_shards(table, tmp_path / "out")
    kept = rows(tmp_path / "out", "held-out/things/*.parquet")
    assert "other.jpg" in {row["image"]["path"] for row in kept}
    taken = {Path(row["image"]["path"]).name for row in rows(tmp_path / "out")}
    assert not taken & {row["image"]["path"] for row in kept}
    assert len(taken) == 3
    assert "odd/rocket.jpg" not in left_out(tmp_path / "out")

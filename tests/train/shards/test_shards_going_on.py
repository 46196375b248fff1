from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from shards_helpers import jpg, rows, write_table
from skimage import data

from photochrom.errors import OutputWriteError
from photochrom.train.shards.make import make_shards
from photochrom.train.shards.table import Source


def test_same_table_gives_the_same_bytes(table: Path, tmp_path: Path) -> None:
    make_shards(table, tmp_path / "a", threads=1)
    make_shards(table, tmp_path / "b", threads=4)
    for name in ("train/mine-000.parquet", "report.json", "report.md"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_full_disk_leaves_what_was_there(
    folder: Path, table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_shards(table, tmp_path / "out")
    before = (tmp_path / "out" / "train" / "mine-000.parquet").read_bytes()
    (folder / "odd" / "new.jpg").write_bytes(jpg(data.chelsea()[100:250, 250:450]))

    def full(self: Any, *given: Any, **named: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(pq.ParquetWriter, "write_table", full)
        with pytest.raises(OutputWriteError, match="No space left"):
            make_shards(table, tmp_path / "out")
    assert (tmp_path / "out" / "train" / "mine-000.parquet").read_bytes() == before
    make_shards(table, tmp_path / "out")
    assert len(rows(tmp_path / "out")) == 6


def test_second_run_looks_at_nothing_again(table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_shards(table, tmp_path / "out")
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out" / "train").glob("*.parquet")}
    seen: list[Source] = []
    reader: Callable[..., Any] = lambda source, *rest: seen.append(source)  # noqa: E731
    monkeypatch.setattr("photochrom.train.shards.survey.read_blobs", reader)
    monkeypatch.setattr("photochrom.train.shards.write.read_blobs", reader)
    make_shards(table, tmp_path / "out")
    assert seen == []
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "out" / "train").glob("*.parquet")} == before


def test_run_that_was_killed_goes_on(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = write_table(
        tmp_path / "t.tsv",
        {"name": "even", "place": "pictures", "rule": "^even"},
        {"name": "odd", "place": "pictures", "rule": "^odd"},
    )
    make_shards(table, tmp_path / "whole")
    from photochrom.train.shards import survey

    surveyed, save = [], survey.save_columns

    def killed(path: Path, key: str, columns: dict[str, Any]) -> None:
        surveyed.append(path.stem)
        if len(surveyed) == 2:
            raise KeyboardInterrupt
        save(path, key, columns)

    monkeypatch.setattr(survey, "save_columns", killed)
    with pytest.raises(KeyboardInterrupt):
        make_shards(table, tmp_path / "out")
    assert [path.name for path in (tmp_path / "out" / "survey").iterdir()] == ["even.npz"]
    make_shards(table, tmp_path / "out")
    assert surveyed == ["even", "odd", "odd"]
    for name in ("train/even-000.parquet", "train/odd-000.parquet", "report.json"):
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_source_that_left_the_table_leaves_the_folder(folder: Path, table: Path, tmp_path: Path) -> None:
    make_shards(table, tmp_path / "out")
    make_shards(write_table(table, {"name": "other", "place": "pictures"}), tmp_path / "out")
    assert [path.name for path in (tmp_path / "out" / "train").glob("*.parquet")] == ["other-000.parquet"]

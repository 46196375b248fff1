from __future__ import annotations

import json
import logging
import pickle
from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from photochrom.errors import DataError, OutputWriteError
from photochrom.train.crops import split
from photochrom.train.picture_store import PictureStore, build_store, open_store, split_share
from photochrom.train.recipe import Recipe

Row = tuple[str | None, str | None, bytes | None]


def png(picture: np.ndarray) -> bytes:
    return cv2.imencode(".png", picture[..., ::-1])[1].tobytes()


def write_shard(path: Path, rows: list[Row]) -> Path:
    """A shard of (source, path, bytes) after the Hugging Face convention."""
    table = {"image": [{"bytes": b, "path": p} for _, p, b in rows], "source": [s for s, _, _ in rows]}
    kinds = pa.schema([("image", pa.struct([("bytes", pa.binary()), ("path", pa.string())])), ("source", pa.string())])
    pq.write_table(pa.table(table, schema=kinds), path)
    return path


@pytest.fixture
def shard(photographs: list[np.ndarray], tmp_path: Path) -> Path:
    rows: list[Row] = [(f"source{i % 2}", f"{i}.png", png(p)) for i, p in enumerate(photographs)]
    return write_shard(tmp_path / "shard.parquet", rows)


def test_shard_keeps_pixels_sources_and_paths(photographs: list[np.ndarray], shard: Path, tmp_path: Path) -> None:
    store = build_store([shard], tmp_path / "store")
    assert [(e.source, e.path) for e in store.entries[:2]] == [("source0", "0.png"), ("source1", "1.png")]
    assert all(np.array_equal(store[i], picture) for i, picture in enumerate(photographs))
    assert all(entry.chroma > 3 for entry in store.entries)


def test_folder_is_read_in_order_of_names(photographs: list[np.ndarray], folder: Path, tmp_path: Path) -> None:
    store = build_store([folder], tmp_path / "store")
    assert [e.path for e in store.entries] == [
        "even/0.png",
        "even/2.png",
        "even/4.png",
        "odd/1.png",
        "odd/3.png",
        "odd/5.png",
    ]
    assert {e.source for e in store.entries} == {folder.name}
    assert np.array_equal(store[3], photographs[1])


def test_folder_of_shards_and_pictures(
    photographs: list[np.ndarray], shard: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cv2.imwrite(str(tmp_path / "a.jpg"), photographs[0])
    (tmp_path / "notes.txt").write_text("not a picture, and not taken for one")
    (tmp_path / "trap.png").mkdir()
    with caplog.at_level(logging.WARNING, "photochrom"):
        store = build_store([tmp_path], tmp_path / "made/store")
    assert len(store) == len(photographs) + 1
    assert "passed over 1 of its files, such as notes.txt" in caplog.text


def test_large_pictures_are_made_smaller(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    cv2.imwrite(str(tmp_path / "in/large.png"), np.full((600, 900, 3), (30, 90, 200), np.uint8))
    store = build_store([tmp_path / "in"], tmp_path / "store")
    assert store[0].shape == (256, 384, 3)
    assert (store[0] == (200, 90, 30)).all()


def test_broken_and_tiny_pictures_are_left_out_and_logged(
    photographs: list[np.ndarray], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    whole = png(photographs[0])
    rows: list[Row] = [
        ("s", "good.png", whole),
        ("s", "broken.png", b"no picture"),
        ("s", "empty.png", b""),
        ("s", "null.png", None),
        ("s", "tiny.png", png(photographs[0][:2, :1])),
        ("s", "cut.jpg", cv2.imencode(".jpg", photographs[0])[1].tobytes()[:-100]),
        ("s", None, png(photographs[1])),
    ]
    with caplog.at_level(logging.WARNING, "photochrom"):
        store = build_store([write_shard(tmp_path / "mixed.parquet", rows)], tmp_path / "store")
    assert [e.path for e in store.entries] == ["good.png", "mixed.parquet:6"]
    index = json.loads((tmp_path / "store/index.json").read_text())
    tiny = "smaller than 32 pixels"
    why = {"broken.png": "broken", "empty.png": "broken", "null.png": "broken", "tiny.png": tiny, "cut.jpg": "broken"}
    assert index["left_out"] == [["s", name, reason] for name, reason in why.items()]
    for name in why:
        assert name in caplog.text
    assert f"5 pictures were left out of 7 (4 broken, 1 {tiny})" in caplog.text


def test_data_without_a_usable_picture_is_an_error(photographs: list[np.ndarray], tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "junk").mkdir()
    (tmp_path / "junk/notes.txt").write_text("hello")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken/a.png").write_text("hello")
    (tmp_path / "text.parquet").write_text("hello")
    pq.write_table(pa.table({"text": ["hello"]}), tmp_path / "other.parquet")
    pq.write_table(pa.table({"image": ["hello"], "source": ["s"]}), tmp_path / "strings.parquet")
    whole = write_shard(tmp_path / "whole.parquet", [("s", "a.png", png(photographs[0]))]).read_bytes()
    (tmp_path / "truncated.parquet").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "flipped.parquet").write_bytes(whole[:8] + bytes(255 - b for b in whole[8:4000]) + whole[4000:])
    names = ["empty", "junk", "broken", "absent"]
    names += [f"{name}.parquet" for name in ("text", "other", "strings", "truncated", "flipped", "absent")]
    for name in names:
        with pytest.raises(DataError):
            build_store([tmp_path / name], tmp_path / "store")
        assert not (tmp_path / "store/index.json").exists(), name
    with pytest.raises(DataError, match="no training data given"):
        build_store([], tmp_path / "store")


def test_incomplete_or_damaged_store_is_detected(shard: Path, tmp_path: Path) -> None:
    build_store([shard], tmp_path / "store")
    pixels, index = tmp_path / "store/pixels.bin", tmp_path / "store/index.json"
    good, table = pixels.read_bytes(), json.loads(index.read_text())
    for data, rows in ((good[:-1], table["entries"]), (b"", table["entries"]), (good, []), (good, [[1, 2]])):
        pixels.write_bytes(data)
        index.write_text(json.dumps({**table, "entries": rows}))
        with pytest.raises(DataError):
            PictureStore(tmp_path / "store")
    for text in ("", "{}", "[1]"):
        index.write_text(text)
        with pytest.raises(DataError, match="not a picture store"):
            PictureStore(tmp_path / "store")


def test_a_build_that_breaks_off_leaves_no_store(shard: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = tmp_path / "store"
    build_store([shard], store)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("photochrom.train.picture_store.in_order", full)
        with pytest.raises(OutputWriteError, match="No space left"):
            build_store([shard], store)
    with pytest.raises(DataError, match="not a picture store"):
        PictureStore(store)


class TestOpenStore:
    def test_is_built_once(self, folder: Path, tmp_path: Path) -> None:
        first = open_store([folder], tmp_path / "store")
        written = (tmp_path / "store/pixels.bin").stat().st_mtime_ns
        assert open_store([folder], tmp_path / "store").digest == first.digest
        assert (tmp_path / "store/pixels.bin").stat().st_mtime_ns == written

    def test_a_store_may_be_given_as_data(self, folder: Path, tmp_path: Path) -> None:
        made = build_store([folder], tmp_path / "store")
        assert open_store([tmp_path / "store"], tmp_path / "other").digest == made.digest
        assert not (tmp_path / "other").exists()

    def test_other_data_than_the_store_was_made_from_is_an_error(
        self, folder: Path, shard: Path, tmp_path: Path
    ) -> None:
        open_store([folder], tmp_path / "store")
        with pytest.raises(DataError, match="holds other pictures"):
            open_store([shard], tmp_path / "store")
        assert len(open_store([], tmp_path / "store")) == 6


def test_store_goes_to_another_process_by_name(shard: Path, tmp_path: Path) -> None:
    store = build_store([shard], tmp_path / "store")
    sent = pickle.dumps(store)
    assert len(sent) < 1000
    assert np.array_equal(pickle.loads(sent)[1], store[1])


class TestSplit:
    def test_is_by_source_picture_not_by_crop(self) -> None:
        assert split_share("a/b.jpg") == split_share("a/b.jpg#upper") == split_share("a/b.jpg#lower")
        shares = np.array([split_share(f"{i}.jpg") for i in range(2000)])
        assert ((shares >= 0) & (shares < 1)).all()
        assert abs((shares < 0.25).mean() - 0.25) < 0.03

    def test_frames_that_follow_each_other_stay_together(self) -> None:
        names = [f"clip 2/{i:06d}.jpg" for i in range(1000)]
        shares = [split_share(name, frames=50) for name in names]
        assert len(set(shares)) == 20
        assert all(len(set(shares[i : i + 50])) == 1 for i in range(0, 1000, 50))
        assert split_share("a/no number.jpg", frames=50) == split_share("a/no number.jpg")

    def test_frames_are_a_matter_of_the_recipe(self, photographs: list[np.ndarray], tmp_path: Path) -> None:
        data = png(photographs[0])
        rows: list[Row] = [(source, f"{i}.png", data) for source in ("film", "other") for i in range(40)]
        store = build_store([write_shard(tmp_path / "s.parquet", rows)], tmp_path / "store")
        _, held = split(store, Recipe(holdout=0.4, frames={"film": 10}))
        film = [int(store.entries[i].path[:-4]) for i in held if store.entries[i].source == "film"]
        assert 0 < len(film) < 40
        assert len(film) == 10 * len({number // 10 for number in film})
        assert len(held) - len(film) not in (0, 40)

    def test_holds_back_whole_pictures_by_source(self, photographs: list[np.ndarray], tmp_path: Path) -> None:
        data = png(photographs[0])
        rows: list[Row] = [
            (source, f"{i}.png{crop}", data) for source in ("x", "y") for i in range(12) for crop in ("", "#upper")
        ]
        store = build_store([write_shard(tmp_path / "s.parquet", rows)], tmp_path / "store")
        train, held = split(store, Recipe(holdout=0.5, holdout_sources={"y": 0.0}))
        assert sorted([*train, *held]) == list(range(48))
        sides = [
            {(store.entries[i].source, store.entries[i].path.split("#")[0]) for i in side} for side in (train, held)
        ]
        assert not sides[0] & sides[1]
        assert {source for source, _ in sides[1]} == {"x"}

    def test_low_chroma_pictures_are_not_trained_on(self, photographs: list[np.ndarray], tmp_path: Path) -> None:
        grey = np.repeat(photographs[0][..., :1], 3, axis=-1)
        rows: list[Row] = [("s", "grey.png", png(grey)), ("s", "colour.png", png(photographs[0]))]
        store = build_store([write_shard(tmp_path / "s.parquet", rows)], tmp_path / "store")
        train, held = split(store, Recipe(holdout=0.0))
        assert [store.entries[i].path for i in train] == ["colour.png"]
        assert len(held) == 0
        with pytest.raises(DataError, match="no picture is left"):
            split(store, Recipe(holdout=0.0, smallest_chroma=100.0))
        with pytest.raises(DataError, match="no picture is left"):
            split(store, Recipe(holdout=1.0))

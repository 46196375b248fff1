"""Where training pictures may lie, and what is said of those that cannot be used."""

from __future__ import annotations

import io
import logging
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path

import cv2
import fsspec
import numpy as np
import pytest
from test_picture_store import png, write_shard

from photochrom.errors import DataError
from photochrom.train.inputs import Encoded, list_inputs, read_pictures
from photochrom.train.picture_store import build_store, open_store, split_share


def write_tar(path: Path, members: dict[str, bytes], mode: str = "w") -> Path:
    with tarfile.open(path, mode) as tar:
        for name, data in members.items():
            about = tarfile.TarInfo(name)
            about.size = len(data)
            tar.addfile(about, io.BytesIO(data))
    return path


def read(*places: str | Path) -> list[Encoded]:
    return list(read_pictures(list_inputs(places)))


@pytest.fixture
def samples(photographs: list[np.ndarray]) -> dict[str, bytes]:
    """WebDataset samples: pictures, with and without what may lie beside them."""
    jpeg, webp = (cv2.imencode(kind, photographs[0])[1].tobytes() for kind in (".jpg", ".webp"))
    return {
        "000.jpg": jpeg,
        "000.json": b'{"license": "CC0"}',
        "000.cls": b"7",
        "sub/001.png": png(photographs[1]),
        "sub/001.txt": b"a cup",
        "./002.WEBP": webp,
    }


@pytest.fixture
def memory() -> Iterator[fsspec.AbstractFileSystem]:
    """A file system that is no folder: it stands in for a store of objects."""
    system = fsspec.filesystem("memory")
    yield system
    system.store.clear()
    system.pseudo_dirs[:] = [""]


class TestTars:
    @pytest.mark.parametrize("name", ["birds-000.tar", "birds-000.tar.gz", "birds-000.TGZ"])
    def test_every_picture_is_read_and_the_source_is_the_stem(
        self, samples: dict[str, bytes], tmp_path: Path, name: str
    ) -> None:
        path = write_tar(tmp_path / name, samples, "w" if name.endswith("tar") else "w:gz")
        found = read(path)
        assert [(e.source, e.path) for e in found] == [
            ("birds-000", name) for name in ("000.jpg", "sub/001.png", "002.WEBP")
        ]
        assert [e.data for e in found] == [samples[name] for name in ("000.jpg", "sub/001.png", "./002.WEBP")]
        assert len(build_store([path], tmp_path / "store")) == 3

    def test_pictures_of_one_key_are_parts_of_one_picture(self, tmp_path: Path) -> None:
        path = write_tar(tmp_path / "t.tar", {"a/7.left.jpg": b"1", "a/7.right.jpg": b"2", "a/8.jpg": b"3"})
        left, right, other = (split_share(e.path) for e in read(path))
        assert left == right != other

    def test_in_a_folder_with_shards_and_pictures(
        self, samples: dict[str, bytes], photographs: list[np.ndarray], tmp_path: Path
    ) -> None:
        root = tmp_path / "all"
        (root / "sub").mkdir(parents=True)
        write_tar(root / "b.tar", samples)
        write_shard(root / "c.parquet", [("s", "d.png", png(photographs[0]))])
        cv2.imwrite(str(root / "a.jpg"), photographs[0])
        cv2.imwrite(str(root / "sub/e.jpg"), photographs[0])
        assert [(e.source, e.path) for e in read(root)] == [
            ("all", "a.jpg"),
            *(("b", name) for name in ("000.jpg", "sub/001.png", "002.WEBP")),
            ("s", "d.png"),
            ("all", "sub/e.jpg"),
        ]

    def test_a_damaged_tar_is_an_error_wherever_it_breaks_off(self, samples: dict[str, bytes], tmp_path: Path) -> None:
        whole = write_tar(tmp_path / "whole.tar", samples).read_bytes()
        packed = write_tar(tmp_path / "whole.tgz", samples, "w:gz").read_bytes()
        with tarfile.open(tmp_path / "whole.tar") as tar:
            between = tar.getmembers()[2].offset
        contents = {
            "text.tar": b"hello",
            "empty.tar": b"",
            "half.tar": whole[: len(whole) // 2],
            "between.tar": whole[:between],
            "flipped.tar": whole[: between + 100]
            + bytes(255 - b for b in whole[between + 100 : between + 300])
            + whole[between + 300 :],
            "half.tgz": packed[: len(packed) // 2],
            "noise.tgz": bytes(255 - b for b in packed),
        }
        for name, data in contents.items():
            (tmp_path / name).write_bytes(data)
            with pytest.raises(DataError, match="not a whole tar") as caught:
                build_store([tmp_path / name], tmp_path / "store")
            assert caught.value.path == tmp_path / name
            assert not (tmp_path / "store/index.json").exists(), name


class TestUrls:
    def test_of_shards_tars_folders_and_pictures(
        self,
        samples: dict[str, bytes],
        photographs: list[np.ndarray],
        tmp_path: Path,
        memory: fsspec.AbstractFileSystem,
    ) -> None:
        shard = write_shard(tmp_path / "c.parquet", [("s", "d.png", png(photographs[0]))])
        memory.pipe(
            {
                "/bucket/set/b.tar": write_tar(tmp_path / "b.tar", samples).read_bytes(),
                "/bucket/set/c.parquet": shard.read_bytes(),
                "/bucket/set/deep/e [1].png": png(photographs[2]),
                "/bucket/set/notes.txt": b"hello",
            }
        )
        everything = [
            ("b", "000.jpg"),
            ("b", "sub/001.png"),
            ("b", "002.WEBP"),
            ("s", "d.png"),
            ("set", "deep/e [1].png"),
        ]
        for places in (
            ["memory://bucket/set"],
            ["memory://bucket/set/"],
            ["memory://bucket/set/b.tar", "memory://bucket/set/c.parquet", "memory://bucket/set"],
        ):
            found = [(e.source, e.path) for e in read(*places)]
            assert found[-5:] == everything
        assert [(e.source, e.path) for e in read("memory://bucket/set/deep/e [1].png")] == [("deep", "e [1].png")]
        store = build_store(["memory://bucket/set"], tmp_path / "store")
        assert np.array_equal(store[4], photographs[2])
        assert open_store(["memory://bucket/set"], tmp_path / "store").digest == store.digest

    def test_of_a_folder_here_gives_what_its_path_gives(self, folder: Path) -> None:
        assert read(folder.as_uri()) == read(folder) == read(str(folder))

    def test_shards_are_read_in_parts(
        self,
        photographs: list[np.ndarray],
        tmp_path: Path,
        memory: fsspec.AbstractFileSystem,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """The first picture is there before the rest of the tar has been read."""
        noise = np.random.default_rng(0).bytes(5_000_000)
        tar = write_tar(
            tmp_path / "t.tar", {"a.png": png(photographs[0]), "b.bin": noise, "c.png": png(photographs[1])}
        )
        memory.pipe("/t.tar", tar.read_bytes())
        inputs = list_inputs(["memory://t.tar"])
        read_so_far = []
        raw = memory.open("/t.tar")
        whole = raw.read

        def counted(size: int = -1) -> bytes:
            data: bytes = whole(size)
            read_so_far.append(len(data))
            return data

        monkeypatch.setattr(raw, "read", counted)
        monkeypatch.setattr(type(memory), "open", lambda *_: raw)
        found = read_pictures(inputs)
        assert next(found).path == "a.png"
        assert sum(read_so_far) < 1_000_000
        assert [e.path for e in found] == ["c.png"]

    @pytest.mark.parametrize("url", ["memory://nothing/here", "file:///nothing/here", "nosuch://a/b", "memory://"])
    def test_that_lead_nowhere(self, url: str, tmp_path: Path) -> None:
        with pytest.raises(DataError) as caught:
            build_store([url], tmp_path / "store")
        assert url in str(caught.value)

    def test_a_damaged_shard_is_named_by_its_url(self, tmp_path: Path, memory: fsspec.AbstractFileSystem) -> None:
        memory.pipe({"/set/a.parquet": b"hello", "/other/a.tar": b"hello"})
        for url in ("memory:///set/a.parquet", "memory:///other/a.tar"):
            with pytest.raises(DataError, match="not a whole") as caught:
                build_store([url], tmp_path / "store")
            assert url in str(caught.value)


class TestFolders:
    def test_a_picture_that_may_not_be_read_is_left_out(
        self,
        photographs: list[np.ndarray],
        tmp_path: Path,
        caplog: pytest.LogCaptureFixture,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        for name in ("a.png", "b.png"):
            (tmp_path / name).write_bytes(png(photographs[0]))
        (tmp_path / "a.png").unlink()
        (tmp_path / "a.png").symlink_to(tmp_path / "absent.png")
        with caplog.at_level(logging.WARNING, "photochrom"):
            store = build_store([tmp_path], tmp_path / "store")
        assert [e.path for e in store.entries] == ["b.png"]
        assert "left out (broken)" in caplog.text

    def test_a_disk_that_fails_is_an_error(
        self, photographs: list[np.ndarray], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "a.png").write_bytes(png(photographs[0]))

        def fail(*_: object, **__: object) -> None:
            raise OSError(5, os.strerror(5))

        monkeypatch.setattr("fsspec.implementations.local.LocalFileSystem.open", fail)
        monkeypatch.setattr("fsspec.implementations.local.LocalFileSystem.cat_file", fail)
        with pytest.raises(DataError, match="cannot be read"):
            build_store([tmp_path], tmp_path / "store")

    def test_a_single_picture(self, photographs: list[np.ndarray], tmp_path: Path) -> None:
        (tmp_path / "holiday").mkdir()
        (tmp_path / "holiday/a::b.png").write_bytes(png(photographs[0]))
        assert [(e.source, e.path) for e in read(tmp_path / "holiday/a::b.png")] == [("holiday", "a::b.png")]

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import pyvips
from shards_helpers import from_clone, jpg, left_out, photographs, rows, write_table

from photochrom.train.picture_store import build_store
from photochrom.train.shards.make import make_shards


def test_shard_has_pictures_classes_and_terms(table: Path, tmp_path: Path) -> None:
    assert make_shards(table, tmp_path / "out") == {}
    found = rows(tmp_path / "out")
    assert [row["image"]["path"] for row in found] == sorted(row["image"]["path"] for row in found)
    assert {(row["source"], row["use"], row["terms"]) for row in found} == {("mine", "free", "CC0")}
    assert all(row["class"] == row["image"]["path"].split("/")[0] for row in found)
    pictures = [cv2.imdecode(np.frombuffer(row["image"]["bytes"], np.uint8), cv2.IMREAD_COLOR) for row in found]
    assert len(pictures) == 5
    assert {picture.shape for picture in pictures} == {(160, 208, 3)}


def test_small_jpeg_keeps_its_bytes(folder: Path, tmp_path: Path) -> None:
    table = write_table(tmp_path / "t.tsv", {"name": "mine", "place": "pictures", "side": "200"})
    make_shards(table, tmp_path / "out")
    assert all(row["image"]["bytes"] == (folder / row["image"]["path"]).read_bytes() for row in rows(tmp_path / "out"))


def test_clone_gives_what_its_folder_gives(clone: tuple[Path, str], table: Path, tmp_path: Path) -> None:
    make_shards(table, tmp_path / "a")
    make_shards(from_clone(tmp_path, clone[1], rule="^(?P<class>[^/]+)/"), tmp_path / "b", clones=clone[0])
    assert rows(tmp_path / "a") == rows(tmp_path / "b")


def test_unfit_pictures_are_left_out_with_the_reason(folder: Path, table: Path, tmp_path: Path) -> None:
    rgb = photographs()["coffee"]
    grey = cv2.cvtColor(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    product = np.full((200, 260, 3), 255, np.uint8)
    product[60:140, 80:180] = rgb[60:140, 80:180]
    unfit = {
        "grey": jpg(grey),
        "sepia": jpg((grey * np.array([1.0, 0.85, 0.65])).astype(np.uint8)),
        "white background": jpg(product),
        "flat background": jpg(np.where(product == 255, np.uint8([40, 90, 60]), product)),
        "size": jpg(rgb[:50, :60]),
        "aspect": jpg(np.tile(rgb[:100], (1, 2, 1))),
        "damaged": jpg(rgb)[:3000],
    }
    for name, content in unfit.items():
        (folder / "even" / f"{name}.jpg").write_bytes(content)
    make_shards(table, tmp_path / "out")
    found = left_out(tmp_path / "out")
    assert {Path(path).stem: why for path, why in found.items()} == {name: name for name in unfit}
    assert "1 sepia" in (tmp_path / "out" / "report.md").read_text()


def test_swapped_colours_are_swapped_back_and_borders_cut(tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    rgb = photographs()["coffee"]
    padded = np.full((260, 260, 3), 128, np.uint8)
    padded[30:230] = rgb[..., ::-1]
    (folder / "padded.png").write_bytes(cv2.imencode(".png", padded[..., ::-1])[1].tobytes())
    make_shards(
        write_table(tmp_path / "t.tsv", {"name": "mine", "place": "pictures", "treat": "swap unpad", "side": "400"}),
        tmp_path / "out",
    )
    (row,) = rows(tmp_path / "out")
    got = cv2.imdecode(np.frombuffer(row["image"]["bytes"], np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
    assert abs(got.shape[0] - 196) <= 4
    assert got.shape[1] == 260
    assert np.abs(got[50:150].astype(int) - rgb[52:152]).mean() < 6


def turned(rgb: np.ndarray) -> bytes:
    """A JPEG whose EXIF block says that it is to be turned a quarter."""
    picture = pyvips.Image.new_from_array(np.rot90(rgb).copy())
    picture = picture.copy()
    picture.set_type(pyvips.GValue.gint_type, "orientation", 6)
    return picture.jpegsave_buffer(Q=95)


@pytest.mark.parametrize("encoded", [False, True])
def test_turned_pictures_become_upright(folder: Path, tmp_path: Path, encoded: bool) -> None:
    rgb = photographs()["coffee"][:196, :200]
    for path in folder.rglob("*.jpg"):
        path.unlink()
    (folder / "turned.jpg").write_bytes(turned(rgb))
    (folder / "square.webp").write_bytes(cv2.imencode(".webp", photographs()["cat"][:196, :200])[1].tobytes())
    make_shards(write_table(tmp_path / "t.tsv", {"name": "mine", "place": "pictures", "side": "256"}), tmp_path / "out")
    for place in (tmp_path / "out" / "train", folder):
        store = build_store([place], tmp_path / "store", encoded=encoded)
        assert [(entry.height, entry.width) for entry in store.entries] == [(196, 200)] * 2
        assert [store[index].shape for index in range(2)] == [(196, 200, 3)] * 2
        assert np.abs(store[1].astype(int) - rgb).mean() < 6


def test_excluded_paths_and_labels(table: Path, tmp_path: Path) -> None:
    (tmp_path / "pictures" / "odd" / "same.jpg").write_bytes((tmp_path / "pictures/even/cat.jpg").read_bytes())
    (tmp_path / "exclude.tsv").write_text("repo\tpath\npictures\teven/cat.jpg\n")
    (tmp_path / "labels.tsv").write_text("source\tclass\timagenet\nmine\todd\t967\n")
    make_shards(table, tmp_path / "out", exclude=[tmp_path / "exclude.tsv"], labels=tmp_path / "labels.tsv")
    assert left_out(tmp_path / "out") == {
        "even/cat.jpg": "excluded by list",
        "odd/same.jpg": "copy of an excluded picture: mine even/cat.jpg",
    }
    assert {(row["class"], row["imagenet"]) for row in rows(tmp_path / "out")} == {("even", None), ("odd", 967)}
    entries = build_store([tmp_path / "out" / "train" / "mine-000.parquet"], tmp_path / "store").entries
    assert {(entry.kind, entry.imagenet) for entry in entries} == {("even", -1), ("odd", 967)}


def test_encoded_store_gives_the_same_pictures(table: Path, tmp_path: Path) -> None:
    make_shards(table, tmp_path / "out")
    shard = tmp_path / "out" / "train" / "mine-000.parquet"
    pixels, files = build_store([shard], tmp_path / "a"), build_store([shard], tmp_path / "b", encoded=True)
    assert len(files) == 5
    for index, entry in enumerate(files.entries):
        assert np.array_equal(files[index], pixels[index])
        assert files[index].shape == (entry.height, entry.width, 3)
        assert abs(entry.chroma - pixels.entries[index].chroma) < 1.5
    assert (tmp_path / "b" / "pixels.bin").stat().st_size < (tmp_path / "a" / "pixels.bin").stat().st_size / 3


def test_store_keeps_the_side_that_is_asked_for(folder: Path, tmp_path: Path) -> None:
    for encoded in (False, True):
        store = build_store([folder], tmp_path / str(encoded), largest_side=96, encoded=encoded)
        assert {min(store[index].shape[:2]) for index in range(len(store))} == {96}

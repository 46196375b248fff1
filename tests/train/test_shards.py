from __future__ import annotations

import errno
import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow.parquet as pq
import pytest
import pyvips
from skimage import data

from photochrom.cli.main import main
from photochrom.errors import DataError, OutputWriteError, SourceTableError
from photochrom.train.shards.run import make_shards
from photochrom.train.shards.table import Source, read_sources
from photochrom.train.store import build_store

COLUMNS = [
    "name",
    "place",
    "commit",
    "rule",
    "unless",
    "side",
    "smallest",
    "most",
    "treat",
    "role",
    "use",
    "terms",
    "content",
]
ROW = {
    "commit": "-", "rule": ".", "unless": "-", "side": "160", "smallest": "64", "most": "-", "treat": "-", "role": "train",
    "use": "free", "terms": "CC0", "content": "anything",
}  # fmt: skip


def write_table(path: Path, *rows: dict[str, str]) -> Path:
    lines = ["\t".join(COLUMNS), *("\t".join((ROW | row)[column] for column in COLUMNS) for row in rows)]
    path.write_text("\n".join(lines) + "\n")
    return path


def jpg(rgb: np.ndarray, quality: int = 95) -> bytes:
    return cv2.imencode(".jpg", np.ascontiguousarray(rgb[..., ::-1]), [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


def photographs() -> dict[str, np.ndarray]:
    """Parts of photographs of different things, (200, 260, 3)."""
    parts = {
        "astronaut": (0, 120),
        "coffee": (100, 150),
        "cat": (40, 100),
        "rocket": (150, 200),
        "immunohistochemistry": (0, 0),
    }
    return {name: getattr(data, name)()[y : y + 200, x : x + 260] for name, (y, x) in parts.items()}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    pictures = tmp_path / "pictures"
    for index, (name, rgb) in enumerate(photographs().items()):
        path = pictures / ("even" if index % 2 == 0 else "odd") / f"{name}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(jpg(rgb))
    return pictures


@pytest.fixture
def table(folder: Path, tmp_path: Path) -> Path:
    return write_table(tmp_path / "table.tsv", {"name": "mine", "place": "pictures", "rule": "^(?P<class>[^/]+)/"})


def rows(out: Path, pattern: str = "train/*.parquet") -> list[dict[str, Any]]:
    return [row for path in sorted(out.glob(pattern)) for row in pq.read_table(path).to_pylist()]


def left_out(out: Path, source: str = "mine") -> dict[str, str]:
    return dict(json.loads((out / "report.json").read_text())["left_out"][source])


def git(folder: Path, *arguments: str) -> str:
    who = {f"GIT_{role}_{what}": "a@b" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    command = ["git", "-C", str(folder), *arguments]
    found = subprocess.run(
        command, check=True, capture_output=True, env={**os.environ, **who, "GIT_CONFIG_GLOBAL": os.devnull}
    )
    return found.stdout.decode().strip()


@pytest.fixture
def clone(folder: Path, tmp_path: Path) -> tuple[Path, str]:
    """A folder of clones with one bare clone of the pictures, and its commit; its objects are loose files."""
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "pictures")
    bare = tmp_path / "clones" / "some+one"
    bare.parent.mkdir()
    git(tmp_path, "clone", "-q", "--bare", str(folder), str(bare))
    return bare.parent, git(folder, "rev-parse", "HEAD")


def from_clone(tmp_path: Path, commit: str, **more: str) -> Path:
    return write_table(tmp_path / "git.tsv", {"name": "mine", "place": "some/one", "commit": commit, **more})


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


def test_same_table_gives_the_same_bytes(table: Path, tmp_path: Path) -> None:
    make_shards(table, tmp_path / "a", threads=1)
    make_shards(table, tmp_path / "b", threads=4)
    for name in ("train/mine-000.parquet", "report.json", "report.md"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


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


def test_of_near_copies_the_larger_stays(folder: Path, table: Path, tmp_path: Path) -> None:
    rgb = photographs()["cat"]
    (folder / "odd" / "cat-small.jpg").write_bytes(jpg(cv2.resize(rgb, (140, 100), interpolation=cv2.INTER_AREA), 60))
    (folder / "odd" / "cat-squashed.jpg").write_bytes(
        jpg(cv2.resize(rgb, (130, 130), interpolation=cv2.INTER_AREA), 80)
    )
    make_shards(table, tmp_path / "out")
    found = left_out(tmp_path / "out")
    assert set(found) == {"odd/cat-small.jpg", "odd/cat-squashed.jpg"}
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
    (tmp_path / "exclude.tsv").write_text("repo\tpath\npictures\teven/cat.jpg\n")
    (tmp_path / "labels.tsv").write_text("source\tclass\timagenet\nmine\todd\t967\n")
    make_shards(table, tmp_path / "out", exclude=[tmp_path / "exclude.tsv"], labels=tmp_path / "labels.tsv")
    assert left_out(tmp_path / "out") == {"even/cat.jpg": "excluded by list"}
    assert {(row["class"], row["imagenet"]) for row in rows(tmp_path / "out")} == {("even", None), ("odd", 967)}
    entries = build_store([tmp_path / "out" / "train" / "mine-000.parquet"], tmp_path / "store").entries
    assert {(entry.kind, entry.imagenet) for entry in entries} == {("even", -1), ("odd", 967)}


def _objects(clones: Path) -> list[Path]:
    return [path for path in (clones / "some+one" / "objects").glob("??/*") if path.parent.name != "pa"]


def _object(clones: Path, commit: str, path: str) -> Path:
    name = git(clones / "some+one", "rev-parse", f"{commit}:{path}")
    return clones / "some+one" / "objects" / name[:2] / name[2:]


def test_damaged_and_missing_blobs_are_named_and_the_rest_goes_on(clone: tuple[Path, str], tmp_path: Path) -> None:
    clones, commit = clone
    damaged, missing = _object(clones, commit, "even/cat.jpg"), _object(clones, commit, "odd/coffee.jpg")
    damaged.chmod(0o644)
    damaged.write_bytes(damaged.read_bytes()[:200] + bytes(50))
    missing.unlink()
    make_shards(from_clone(tmp_path, commit), tmp_path / "out", clones=clones)
    assert left_out(tmp_path / "out") == {"even/cat.jpg": "missing", "odd/coffee.jpg": "missing"}
    assert len(rows(tmp_path / "out")) == 3


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ({"place": "some/one", "commit": "1" * 40}, "cannot be listed"),
        ({"place": "no/body", "commit": "1" * 40}, "no clone of no/body"),
        ({"place": "nowhere"}, "no such folder"),
        ({"place": "pictures", "rule": "^spring/"}, "matches none of 5 pictures"),
    ],
)
def test_source_that_cannot_be_used_is_named_and_the_rest_goes_on(
    clone: tuple[Path, str], tmp_path: Path, capsys: pytest.CaptureFixture[str], row: dict[str, str], why: str
) -> None:
    table = write_table(tmp_path / "t.tsv", {"name": "bad", **row}, {"name": "mine", "place": "pictures"})
    command = ["shards", str(table), "-o", str(tmp_path / "out"), "--clones", str(clone[0])]
    with pytest.raises(SystemExit) as ended:
        main(command)
    assert ended.value.code == 1
    assert "1 sources were passed over (bad)" in capsys.readouterr().err
    assert len(rows(tmp_path / "out")) == 5
    assert why in json.loads((tmp_path / "out" / "report.json").read_text())["failed"]["bad"]


def test_no_source_at_all_is_an_error(tmp_path: Path) -> None:
    table = write_table(tmp_path / "t.tsv", {"name": "bad", "place": "nowhere"})
    with pytest.raises(DataError, match="no source of this table can be used"):
        make_shards(table, tmp_path / "out")


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ({"rule": ""}, "line 2 .* rule is empty"),
        ({"rule": "("}, "rule is no regular expression"),
        ({"commit": "abc"}, "expected 40 hexadecimal digits"),
        ({"side": "big"}, "side is 'big'"),
        ({"treat": "sharpen"}, "treat is 'sharpen'"),
        ({"use": "yes"}, "use is 'yes'"),
        ({"name": "a b"}, "name is 'a b'"),
        ({"role": "a test"}, "role is 'a test'"),
    ],
)
def test_line_that_cannot_be_obeyed_is_named(tmp_path: Path, row: dict[str, str], why: str) -> None:
    with pytest.raises(SourceTableError, match=why):
        read_sources(write_table(tmp_path / "t.tsv", {"name": "mine", "place": "x", **row}))


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

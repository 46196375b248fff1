from __future__ import annotations

import json
from pathlib import Path

import pytest
from shards_helpers import from_clone, git, left_out, rows, write_table

from photochrom.cli.main import main
from photochrom.errors import DataError, SourceTableError
from photochrom.train.shards.make import make_shards
from photochrom.train.shards.table import read_sources


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

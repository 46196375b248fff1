"""A folder of photographs, a table that names it, and a clone of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from shards_helpers import git, jpg, photographs, write_table


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

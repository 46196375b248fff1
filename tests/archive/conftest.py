"""Scans, and what they must become."""

from __future__ import annotations

from pathlib import Path

import pytest
from archive_helpers import make_scans

from photochrom import Colorizer


@pytest.fixture(scope="session")
def scans(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of 12 scans."""
    folder = tmp_path_factory.mktemp("archive") / "scans"
    make_scans(folder, 12)
    return folder


@pytest.fixture(scope="session")
def expected(scans: Path, shipped: Colorizer, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The bytes of each result, as ``photochrom colorize --threads 1`` writes them."""
    folder = tmp_path_factory.mktemp("expected")
    found = {}
    for path in sorted(scans.rglob("*.*")):
        name = path.relative_to(scans).as_posix()
        (folder / name).parent.mkdir(exist_ok=True)
        shipped.open(path.read_bytes()).paint().save(folder / name)
        found[name] = (folder / name).read_bytes()
    return found

"""Two small studies, one of each kind, made by the command."""

from __future__ import annotations

from pathlib import Path

import pytest
from study_helpers import make_results

from photochrom.evaluate.study.create import create_study
from photochrom.evaluate.study.plan import Study


@pytest.fixture(scope="session")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of 14 pictures for each of four methods, one of them the truth."""
    folder = tmp_path_factory.mktemp("results")
    make_results(folder, 14, ("truth", "vivid", "dull", "grey"))
    return folder


@pytest.fixture
def turing(results: Path, tmp_path: Path) -> Study:
    """A Turing test of two methods: 1 practice pair, 4 tests, 2 attention checks."""
    methods = {"vivid": results / "vivid", "dull": results / "dull"}
    return create_study(
        tmp_path / "turing", "turing", methods, results / "truth", practice=1, trials=6, checks=2, seconds=0.1
    )


@pytest.fixture
def preference(results: Path, tmp_path: Path) -> Study:
    """A preference test of three methods: 1 practice pair, 4 tests, 2 attention checks."""
    methods = {name: results / name for name in ("vivid", "dull", "grey")}
    return create_study(
        tmp_path / "preference", "preference", methods, results / "truth", practice=1, trials=6, checks=2
    )

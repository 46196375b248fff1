"""The catalogue's rows say what the shipped files are."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace
from pathlib import Path

import numpy as np
import pytest

from photochrom import CATALOG, Colorizer
from photochrom.catalog import DEFAULT_MODEL, find_model
from photochrom.errors import UnknownModelError, WeightsNotFoundError
from photochrom.runtime import open_model
from photochrom.weights import PACKAGED, REPOSITORY, WeightsFile, find


def test_names_are_unique_and_the_default_is_there() -> None:
    names = [spec.name for spec in CATALOG]
    assert len(set(names)) == len(names)
    assert find_model(DEFAULT_MODEL).name == DEFAULT_MODEL


def test_an_unknown_name_tells_the_known_ones() -> None:
    with pytest.raises(UnknownModelError, match=DEFAULT_MODEL) as caught:
        find_model("no-such-model")
    assert caught.value.name == "no-such-model"
    assert caught.value.known == tuple(spec.name for spec in CATALOG)


def test_rows_are_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        CATALOG[0].name = "other"  # type: ignore[misc]


def test_packaged_files_are_those_of_the_rows() -> None:
    for spec in CATALOG:
        for file in spec.files:
            if file.url is None and (spec.folder.is_dir() or spec.folder == PACKAGED):
                path = find(file, spec.folder)  # verifies the sha256
                assert path is not None
                assert path.parent == spec.folder
                assert path.stat().st_size == file.size
        assert spec.size == sum(file.size for file in spec.files)


def test_weights_of_the_papers_lie_outside_the_package_and_are_not_too_large() -> None:
    papers = [spec for spec in CATALOG if spec.folder == REPOSITORY / "papers"]
    assert len(papers) >= 15
    sizes = {file.name: file.size for spec in papers for file in spec.files}
    assert sum(sizes.values()) < 60_000_000
    sums = REPOSITORY / "papers" / "SHA256SUMS"
    if sums.is_file():
        lines = dict(reversed(line.split("  ")) for line in sums.read_text().splitlines())
        assert lines == {file.name: file.sha256 for spec in papers for file in spec.files}


def test_a_model_whose_weights_are_not_here_says_how_to_get_them(tmp_path: Path) -> None:
    elsewhere = replace(next(spec for spec in CATALOG if spec.name == "unet"), folder=tmp_path)
    for spec in (replace(elsewhere, files=(WeightsFile("u.onnx", "0" * 64, 1),)), replace(elsewhere, files=())):
        with pytest.raises(WeightsNotFoundError, match="photochrom train unet") as caught:
            open_model(spec)
        assert ("weights/papers" in str(caught.value)) == bool(spec.files)


def test_a_stretched_row_has_the_file_of_the_row_whose_network_it_is(tmp_path: Path) -> None:
    stretched = [spec for spec in CATALOG if spec.stretch]
    assert stretched
    for spec in stretched:
        plain = find_model(spec.files[0].name.removesuffix(".onnx"))
        assert plain.files == spec.files
        assert plain.stretch is None
        assert spec.stretch is not None
        assert 1 <= spec.stretch.factor <= 3
        with pytest.raises(WeightsNotFoundError, match=f"photochrom train {plain.name} "):
            open_model(replace(spec, folder=tmp_path))
        if find(spec.files[0], spec.folder) is None:
            continue  # an installed wheel has no weights of the papers
        light = np.random.default_rng(0).uniform(0, 100, (64, 64)).astype(np.float32)
        sessions = open_model(plain), open_model(spec)
        colours = [
            one.bins if spec.output == "ab-bins" else np.moveaxis(one.decode(one.encode(light)), 0, -1)
            for one in sessions
        ]
        centre = np.array(spec.stretch.centre, np.float32)
        expected = centre + spec.stretch.factor * (colours[0] - centre)
        np.testing.assert_allclose(colours[1], expected, atol=1e-3)


def test_the_shipped_model_is_small_and_is_what_its_row_says(shipped: Colorizer) -> None:
    spec, session = find_model(DEFAULT_MODEL), shipped.session
    assert spec.size <= 16_000_000
    assert (session.name, session.output, session.stride) == (spec.name, spec.output, spec.stride)
    assert (session.work_size, session.hints) == (spec.work_size, spec.hints)
    assert spec.licence
    assert spec.paper

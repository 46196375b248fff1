"""The catalogue's rows say what the shipped files are."""

from __future__ import annotations

import shutil
from dataclasses import FrozenInstanceError, replace
from pathlib import Path

import numpy as np
import pytest

from photochrom import CATALOG, Colorizer
from photochrom.catalog import DEFAULT_MODEL, find_model
from photochrom.errors import UnknownModelError, WeightsDigestError, WeightsNotFoundError
from photochrom.runtime import open_model
from photochrom.weights import PACKAGED, REPOSITORY, find


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


@pytest.mark.parametrize("name", ["vgg16-improved", "vgg16-improved-vivid", "koalarization-vivid"])
def test_an_installed_wheel_takes_the_papers_weights_from_the_cache(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "cache"
    monkeypatch.setenv("PHOTOCHROM_CACHE", str(cache))
    spec = find_model(name)
    wheel, file = replace(spec, folder=tmp_path / "absent"), spec.files[0]
    with pytest.raises(WeightsNotFoundError, match=f"--model {name} works") as caught:
        open_model(wheel)
    assert caught.value.path == cache / file.name
    assert f"download weights/papers/{file.name} of the repository into the folder {cache}" in str(caught.value)
    cache.mkdir()
    (cache / file.name).write_bytes(b"another")
    with pytest.raises(WeightsDigestError, match=file.sha256):
        open_model(wheel)
    if (shipped := find(file, spec.folder)) is not None and shipped.parent != cache:  # a checkout
        shutil.copy(shipped, cache)
        assert open_model(wheel).name == name


@pytest.mark.parametrize(
    ("name", "variants"),
    [
        ("koalarization", "koalarization-gentle, koalarization-vivid"),
        ("vgg16", "vgg16-improved, vgg16-improved-vivid"),
        ("vgg16-residual-noreg", "vgg16-residual"),
        ("gan", ""),
    ],
)
def test_a_model_without_weights_names_the_variants_that_have_some(name: str, variants: str) -> None:
    with pytest.raises(WeightsNotFoundError, match=f"train it: `photochrom train {name} ") as caught:
        open_model(name)
    assert ("a variant" in str(caught.value)) == bool(variants)
    assert f"({variants})" in str(caught.value) or not variants
    assert all(find_model(variant).files for variant in variants.split(", ") if variant)


def test_a_stretched_row_has_the_file_of_the_row_whose_network_it_is() -> None:
    stretched = [spec for spec in CATALOG if spec.stretch]
    assert stretched
    for spec in stretched:
        plain = find_model(spec.files[0].name.removesuffix(".onnx"))
        assert plain.files == spec.files
        assert plain.stretch is None
        assert spec.stretch is not None
        assert 1 <= spec.stretch.factor <= 5
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

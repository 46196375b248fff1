"""Sessions: any size, one graph or two, and a clear word about every file that is not a model."""

from __future__ import annotations

import json
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from photochrom import Colorizer
from photochrom.catalog import CATALOG, Stretch, find_model
from photochrom.color import ab_bins
from photochrom.decode import annealed_mean
from photochrom.errors import (
    InvalidModelError,
    OptionError,
    UnknownModelError,
    WeightsDigestError,
    WeightsNotFoundError,
)
from photochrom.runtime import OnnxSession, open_model
from photochrom.weights import PACKAGED, WeightsFile

BINS = len(ab_bins())
ABOUT = {"format": 1, "output": "ab", "stride": 1, "multiple": 8, "work_size": 64}


@pytest.fixture(scope="module")
def session(shipped: Colorizer) -> OnnxSession:
    assert isinstance(shipped.session, OnnxSession)
    return shipped.session


@pytest.fixture
def pair(tmp_path: Path) -> Path:
    """A folder with the shipped pair under another name."""
    for part in ("encoder", "decoder"):
        (tmp_path / f"mine.{part}.onnx").symlink_to(PACKAGED / f"photochrom.{part}.onnx")
    return tmp_path


def noise(height: int, width: int) -> NDArray[np.float32]:
    return np.random.default_rng(0).uniform(0, 100, (height, width)).astype(np.float32)


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 50), (33, 2), (64, 64), (65, 31)])
def test_any_size(session: OnnxSession, height: int, width: int) -> None:
    scores = session.decode(session.encode(noise(height, width)))
    assert scores.shape == (BINS, -(-height // 8), -(-width // 8))
    assert scores.dtype == np.float32
    assert np.isfinite(scores).all()


def test_padding_is_reflection(session: OnnxSession) -> None:
    light = noise(40, 56)
    padded = np.pad(light, ((0, 24), (0, 8)), "reflect")
    whole = session.decode(session.encode(padded))
    np.testing.assert_array_equal(session.decode(session.encode(light)), whole[:, :5, :7])


def test_features_can_be_decoded_again_and_again(session: OnnxSession) -> None:
    features = session.encode(noise(32, 64))
    plain = session.decode(features)
    hints = np.zeros((3, 4, 8), np.float32)
    np.testing.assert_array_equal(session.decode(features, hints), plain)
    hints[:2] = 40  # colour without a mask is no hint
    np.testing.assert_array_equal(session.decode(features, hints), plain)
    assert (hints[:2] == 40).all(), "what the caller gave is left alone"
    hints[2, 1, 2] = 1
    assert np.abs(session.decode(features, hints) - plain).max() > 1e-3
    histogram = np.zeros(BINS)
    histogram[:2] = 0.5
    assert np.abs(session.decode(features, None, histogram) - plain).max() > 1e-3
    np.testing.assert_array_equal(session.decode(features), plain)


@pytest.mark.parametrize(
    "hints",
    [np.zeros((3, 1, 1)), np.zeros((2, 4, 8)), np.full((3, 4, 8), np.nan), np.full((3, 4, 8), 2), np.zeros(3)],
    ids=["small", "no mask", "nan", "mask of 2", "flat"],
)
def test_impossible_hints(session: OnnxSession, hints: NDArray[Any]) -> None:
    with pytest.raises(OptionError, match=r"\(3, 4, 8\)"):
        session.decode(session.encode(noise(32, 64)), hints)


@pytest.mark.parametrize(
    "histogram",
    [np.ones(BINS), np.ones(5) / 5, np.full(BINS, np.nan), np.eye(1, BINS)[0] * 2 - np.eye(1, BINS, 1)[0]],
    ids=["sum", "length", "nan", "negative"],
)
def test_impossible_histograms(session: OnnxSession, histogram: NDArray[Any]) -> None:
    with pytest.raises(OptionError, match="sum to 1"):
        session.decode(session.encode(noise(32, 64)), None, histogram)


def test_threads_must_be_positive() -> None:
    with pytest.raises(OptionError, match="threads"):
        open_model(threads=0)


@pytest.mark.parametrize("name", ["mine.onnx", "mine.encoder.onnx", "mine.decoder.onnx"])
def test_a_pair_by_any_of_its_names(pair: Path, name: str) -> None:
    session = open_model(pair / name, threads=1)
    assert (session.name, session.hints, session.output) == ("mine", True, "ab-bins")


def test_a_name_or_a_row_of_the_catalogue(session: OnnxSession) -> None:
    row = find_model("photochrom")
    light = noise(32, 32)
    expected = session.decode(session.encode(light))
    for model in (row, row.name, str(PACKAGED / "photochrom.onnx")):
        again = open_model(model, threads=1)
        assert again.name == row.name
        np.testing.assert_array_equal(again.decode(again.encode(light)), expected)


@pytest.mark.parametrize("name", ["no-such-model", "no/such/model", "none.onnx", Path("none.onnx"), Path("none")])
def test_no_such_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str | Path) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UnknownModelError) as caught:
        open_model(name)
    assert caught.value.name == str(name)
    assert caught.value.known == tuple(spec.name for spec in CATALOG)


def test_half_a_pair(pair: Path) -> None:
    (pair / "mine.decoder.onnx").unlink()
    for name in ("mine.onnx", "mine.encoder.onnx"):
        with pytest.raises(WeightsNotFoundError, match="half") as caught:
            open_model(pair / name)
        assert caught.value.path == pair / "mine.decoder.onnx"


def test_halves_in_each_others_place(pair: Path) -> None:
    for name in ("mine.encoder.onnx", "mine.decoder.onnx"):
        (pair / name).rename(pair / f"{name}.old")
    (pair / "mine.encoder.onnx.old").rename(pair / "mine.decoder.onnx")
    (pair / "mine.decoder.onnx.old").rename(pair / "mine.encoder.onnx")
    with pytest.raises(InvalidModelError, match="lightness"):
        open_model(pair / "mine.onnx")


def test_a_row_with_another_digest(monkeypatch: pytest.MonkeyPatch) -> None:
    row = find_model("photochrom")
    wrong = type(row)(**{**vars(row), "files": (WeightsFile(row.files[0].name, "0" * 64, 1), row.files[1])})
    with pytest.raises(WeightsDigestError):
        open_model(wrong)


@pytest.mark.parametrize("content", [b"", b"not a graph", b"\x08\x07" * 100], ids=["empty", "text", "binary"])
def test_a_file_that_is_not_onnx(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "m.onnx").write_bytes(content)
    with pytest.raises(InvalidModelError) as caught:
        open_model(tmp_path / "m.onnx")
    assert caught.value.path == tmp_path / "m.onnx"


def test_a_truncated_model(tmp_path: Path) -> None:
    for part in ("encoder", "decoder"):
        whole = (PACKAGED / f"photochrom.{part}.onnx").read_bytes()
        (tmp_path / f"m.{part}.onnx").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InvalidModelError, match="cannot load"):
        open_model(tmp_path / "m.onnx")


Build = Callable[..., Path]


@pytest.fixture
def build(tmp_path: Path) -> Build:
    """Writes a small graph of lightness: ab = (L* - 50, 50 - L*), or as told."""
    onnx: Any = pytest.importorskip("onnx")
    helper, float32 = onnx.helper, onnx.TensorProto.FLOAT

    def write(
        about: object = ABOUT,
        *,
        name: str = "m.onnx",
        input_name: str = "lightness",
        output_name: str = "ab",
        input_shape: tuple[Any, ...] = ("n", 1, "h", "w"),
        stride: int = 1,
    ) -> Path:
        node, value = helper.make_node, helper.make_tensor_value_info
        nodes = [
            node("AveragePool", [input_name], ["light"], kernel_shape=[stride, stride], strides=[stride, stride]),
            node("Sub", ["light", "middle"], ["a"]),
            node("Neg", ["a"], ["b"]),
            node("Concat", ["a", "b"], [output_name], axis=1),
        ]
        graph = helper.make_graph(
            nodes,
            "test",
            [value(input_name, float32, input_shape)],
            [value(output_name, float32, ("n", 2, "oh", "ow"))],
            [helper.make_tensor("middle", float32, (), [50.0])],
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        if about is not None:
            entry = model.metadata_props.add()
            entry.key, entry.value = "photochrom", about if isinstance(about, str) else json.dumps(about)
        onnx.save(model, str(tmp_path / name))
        return tmp_path / name

    return write


@pytest.mark.train
@pytest.mark.parametrize("stride", [1, 2])
def test_one_graph_from_lightness_to_ab(build: Build, stride: int) -> None:
    session = open_model(build({**ABOUT, "stride": stride}, stride=stride), threads=1)
    assert (session.name, session.output, session.hints) == ("m", "ab", False)
    assert (session.stride, session.work_size) == (stride, 64)
    light = np.kron(noise(9, 13), np.ones((stride, stride), np.float32))
    ab = session.decode(session.encode(light))
    expected = light[::stride, ::stride] - 50
    np.testing.assert_allclose(ab, np.stack([expected, -expected]), atol=1e-4)
    with pytest.raises(OptionError, match="takes no hints"):
        session.decode(session.encode(light), np.zeros((3, 9, 13), np.float32))
    with pytest.raises(OptionError, match="takes no hints"):
        session.decode(session.encode(light), None, np.ones(BINS, np.float32) / BINS)


@pytest.mark.train
def test_stretched_colours_lie_further_from_their_centre(build: Build) -> None:
    session = OnnxSession((build(),), stretch=Stretch((10.0, -10.0), 2.0))
    light = noise(8, 8)
    centre = np.array([10, -10], np.float32)[:, None, None]
    expected = centre + 2 * (np.stack([light - 50, 50 - light]) - centre)
    for one in (session, pickle.loads(pickle.dumps(session))):  # another process gets the same
        np.testing.assert_allclose(one.decode(one.encode(light)), expected, atol=1e-3)


def test_stretched_bins_stretch_every_mean_of_them(session: OnnxSession) -> None:
    stretched = OnnxSession(session.paths, threads=1, stretch=Stretch((10.0, -10.0), 2.0))
    np.testing.assert_allclose(stretched.bins, 2 * session.bins - [10, -10], atol=1e-4)
    scores = stretched.decode(stretched.encode(noise(32, 32)))
    plain, moved = (annealed_mean(scores, one.bins, 0.5) for one in (session, stretched))
    np.testing.assert_allclose(moved, 2 * plain - [10, -10], atol=1e-3)


@pytest.mark.train
@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"about": None}, "photochrom export"),
        ({"about": "{"}, "photochrom export"),
        ({"about": "[1, 2]"}, "photochrom export"),
        ({"about": {**ABOUT, "format": 99}}, "format 99"),
        ({"about": {**ABOUT, "output": "rgb"}}, "output"),
        ({"about": {**ABOUT, "multiple": 0}}, "sizes"),
        ({"about": {**ABOUT, "stride": "8"}}, "sizes"),
        ({"about": {**ABOUT, "bins": [1, 2]}}, "bins"),
        ({"about": {**ABOUT, "bins": [[1, "x"]]}}, "bins"),
        ({"about": {**ABOUT, "temperature": 0}}, "temperature"),
        ({"about": {**ABOUT, "temperature": "warm"}}, "temperature"),
        ({"input_name": "image"}, "'image'"),
        ({"output_name": "rgb"}, "'rgb'"),
        ({"about": {**ABOUT, "output": "ab-bins"}}, "'scores'"),
    ],
)
def test_graphs_that_are_no_colourisation_models(build: Build, options: dict[str, Any], reason: str) -> None:
    path = build(**options)
    with pytest.raises(InvalidModelError, match=reason) as caught:
        open_model(path)
    assert caught.value.path == path


@pytest.mark.train
def test_graphs_that_fail_when_they_run(build: Build) -> None:
    fixed = open_model(build(input_shape=(1, 1, 64, 64)))
    with pytest.raises(InvalidModelError, match="fails when it runs"):
        fixed.encode(noise(32, 32))
    coarser = open_model(build(ABOUT, stride=2))
    with pytest.raises(InvalidModelError, match=r"expected \(1, channels, 32, 32\)"):
        coarser.decode(coarser.encode(noise(32, 32)))


@pytest.mark.train
def test_halves_of_different_models(tmp_path: Path) -> None:
    onnx: Any = pytest.importorskip("onnx")
    shutil.copy(PACKAGED / "photochrom.encoder.onnx", tmp_path / "m.encoder.onnx")
    model = onnx.load(str(PACKAGED / "photochrom.decoder.onnx"))
    (entry,) = (entry for entry in model.metadata_props if entry.key == "photochrom")
    entry.value = json.dumps({**json.loads(entry.value), "step": -1})
    onnx.save(model, str(tmp_path / "m.decoder.onnx"))
    with pytest.raises(InvalidModelError, match="not exported together"):
        open_model(tmp_path / "m.onnx")

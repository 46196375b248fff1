from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
import pytest
import torch
from safetensors import safe_open

from net_tester import inputs
from photochrom.errors import CheckpointError, OptionError, OutputWriteError
from photochrom.runtime import open_model
from photochrom.train.color_module import ColorModule, expected_ab
from photochrom.train.export import export, load_network
from photochrom.train.recipe import Recipe, as_dict


def session(path: Path) -> Any:
    return ort.InferenceSession(str(path), providers=["CPUExecutionProvider"])


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of the full model with random weights that give sure and varied answers."""
    torch.manual_seed(0)
    module = ColorModule(Recipe())
    rng = torch.Generator().manual_seed(1)
    for name, value in module.net.decoder.state_dict().items():
        if name.endswith("running_mean"):
            value.copy_(torch.randn(value.shape, generator=rng) * 0.1)
        elif name.endswith("running_var"):
            value.copy_(torch.rand(value.shape, generator=rng) + 0.5)
    module.net.decoder.scores.weight.data.mul_(4)
    path = tmp_path_factory.mktemp("run") / "last.ckpt"
    about = {"recipe": as_dict(module.recipe), "data": "digest"}
    torch.save({"state_dict": module.state_dict(), "hyper_parameters": about, "global_step": 12}, path)
    return path


@pytest.fixture(scope="module")
def graphs(checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ...]:
    return export(checkpoint, tmp_path_factory.mktemp("export") / "model.onnx")


def test_two_files_of_at_most_16_megabytes(graphs: tuple[Path, ...]) -> None:
    assert [path.name for path in graphs] == ["model.encoder.onnx", "model.decoder.onnx"]
    assert sum(path.stat().st_size for path in graphs) <= 16e6
    assert sorted(path.name for path in graphs[0].parent.iterdir()) == ["model.decoder.onnx", "model.encoder.onnx"]


@pytest.mark.parametrize(("height", "width", "batch"), [(64, 96, 2), (128, 32, 1), (32, 32, 3)])
def test_graphs_give_what_torch_gives(
    checkpoint: Path, graphs: tuple[Path, ...], height: int, width: int, batch: int
) -> None:
    net, _ = load_network(checkpoint)
    light, hints, histogram = inputs(height, width, batch)
    with torch.no_grad():
        expected = net(light, hints, histogram)
    encoder, decoder = map(session, graphs)
    features = dict(zip(("f8", "f16", "f32"), encoder.run(None, {"lightness": light.numpy()}), strict=True))
    (scores,) = decoder.run(None, {**features, "hints": hints.numpy(), "histogram": histogram.numpy()})
    assert scores.shape == expected.shape
    assert np.abs(scores - expected.numpy()).max() < 0.05 * float(expected.std())
    ab = expected_ab(expected)
    assert ab.std() > 0.5  # there is something to compare
    assert (expected_ab(torch.from_numpy(scores)) - ab).abs().max() < 0.5


def test_files_say_what_they_are(graphs: tuple[Path, ...]) -> None:
    for part, path in zip(("encoder", "decoder"), graphs, strict=True):
        about = json.loads(session(path).get_modelmeta().custom_metadata_map["photochrom"])
        assert about["part"] == part
        assert (about["format"], about["multiple"], about["output"], about["step"]) == (1, 32, "ab-bins", 12)
        assert about["recipe"]["encoder"] == "lite0"


def test_the_runtime_opens_them(graphs: tuple[Path, ...]) -> None:
    model = open_model(graphs[0].with_name("model.onnx"), threads=1)
    scores = model.decode(model.encode(np.full((40, 50), 50, np.float32)))
    assert scores.shape == (261, 5, 7)


def test_safetensors_hold_the_same_network(checkpoint: Path, tmp_path: Path) -> None:
    (path,) = export(checkpoint, tmp_path / "weights.safetensors")
    assert path.stat().st_size <= 16e6
    with safe_open(path, "pt") as file:
        assert json.loads(file.metadata()["photochrom"])["step"] == 12
    net, about = load_network(path)
    original, _ = load_network(checkpoint)
    assert about["recipe"]["encoder"] == "lite0"
    with torch.no_grad():
        one, other = net(*inputs(64, 64)), original(*inputs(64, 64))
    assert (expected_ab(one) - expected_ab(other)).abs().max() < 0.5
    module = ColorModule(Recipe())
    module.load_weights(path)
    assert all(torch.equal(value, net.state_dict()[name]) for name, value in module.net.state_dict().items())


def test_what_is_not_a_checkpoint_is_refused(checkpoint: Path, tmp_path: Path) -> None:
    (tmp_path / "text.ckpt").write_text("hello")
    found = torch.load(checkpoint, weights_only=True)
    wrong: dict[str, Callable[[], dict[str, Any]]] = {
        "bare.ckpt": lambda: {"state_dict": {}},
        "nothing.ckpt": lambda: {**found, "state_dict": {}},
        "nameless.ckpt": lambda: {**found, "hyper_parameters": {}},
        "unknown.ckpt": lambda: {**found, "hyper_parameters": {"recipe": {"encoder": "other"}}},
    }
    for name, make in wrong.items():
        torch.save(make(), tmp_path / name)
    for name in ("text.ckpt", "absent.ckpt", *wrong):
        with pytest.raises(CheckpointError) as caught:
            export(tmp_path / name, tmp_path / "out.onnx")
        assert caught.value.path == tmp_path / name
    assert not list(tmp_path.glob("out*"))


@pytest.mark.parametrize("name", ["out.pt", "out", "out.ONNX.zip"])
def test_another_suffix_is_refused_before_any_work(name: str, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"\.onnx or \.safetensors"):
        export(tmp_path / "absent.ckpt", tmp_path / name)


@pytest.mark.parametrize("name", ["out.onnx", "out.safetensors"])
def test_a_folder_that_is_not_there_is_an_error(checkpoint: Path, name: str, tmp_path: Path) -> None:
    with pytest.raises(OutputWriteError):
        export(checkpoint, tmp_path / "absent" / name)

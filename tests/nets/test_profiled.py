from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional

from net_tester import NetTester, lightness
from photochrom.errors import CheckpointError, OptionError
from photochrom.nets.profile_cnn import ProfileCNN
from photochrom.nets.profiled import PREDICT, ProfiledUNet
from photochrom.nets.unet import UNet


class Trained(nn.Module):
    """What a training step of the whole system computes: colours of the true profiles, and the predictor's scores."""

    output, stride, multiple = "ab", UNet.stride, UNet.multiple

    def __init__(self) -> None:
        super().__init__()
        self.net = ProfiledUNet(profiles=2, width=4)

    def forward(self, light: Tensor, profile: Tensor) -> Tensor:
        if self.training:
            label = torch.tensor([0, 1])
            return self.net(light, label) + functional.cross_entropy(self.net.predict(light), label)
        out: Tensor = self.net(light, profile)
        return out


class TestProfiledUNet(NetTester):
    """Its ONNX graph is traced with a predicted profile and run with predicted and given ones."""

    parameters = 2 * 122_026 + 392_418

    @classmethod
    def make(cls) -> nn.Module:
        return Trained()

    @staticmethod
    def given(height: int, width: int, batch: int = 2) -> tuple[Tensor, ...]:
        return lightness(height, width, batch), torch.tensor([0, PREDICT, 1])[:batch]


@pytest.fixture(scope="module")
def net() -> ProfiledUNet:
    torch.manual_seed(0)
    made = ProfiledUNet(profiles=3, width=4)
    for number, unet in enumerate(made.colorizers):
        unet.last.bias.data.fill_(number / 4)  # each profile has its own cast
    return made.eval()


def test_each_picture_goes_through_the_unet_of_its_profile(net: ProfiledUNet) -> None:
    light = lightness(32, 48, 3)
    with torch.no_grad():
        ab = net(light, torch.tensor([2, 0, 2]))
        expected = [net.colorizers[k](light[i : i + 1])[0] for i, k in enumerate((2, 0, 2))]
    torch.testing.assert_close(ab, torch.stack(expected), rtol=1e-4, atol=1e-3)


def test_without_a_profile_the_predictor_chooses(net: ProfiledUNet) -> None:
    light = lightness(32, 48, 3)
    with torch.no_grad():
        chosen = net.predict(light).argmax(1)
        expected = net(light, chosen)
        assert torch.equal(net(light), expected)
        assert torch.equal(net(light, torch.full((3,), PREDICT)), expected)


@pytest.mark.parametrize("wrong", [3, -2])
def test_profiles_that_are_not_there_are_refused(net: ProfiledUNet, wrong: int) -> None:
    with pytest.raises(OptionError, match="profile"):
        net(lightness(32, 32, 1), torch.tensor([wrong]))


def test_every_profile_starts_from_one_unet(tmp_path: Path) -> None:
    start = UNet(width=4).state_dict()
    save_file(start, tmp_path / "unet.safetensors")
    torch.save(start, tmp_path / "unet.pth")
    for path in (tmp_path / "unet.safetensors", tmp_path / "unet.pth"):
        for unet in ProfiledUNet(profiles=2, width=4, pretrained=path).colorizers:
            assert all(torch.equal(value, start[name]) for name, value in unet.state_dict().items())


def test_other_starts_are_refused(tmp_path: Path) -> None:
    torch.save(UNet(width=5).state_dict(), tmp_path / "width.pth")
    (tmp_path / "text.safetensors").write_text("no weights")
    for name in ("width.pth", "text.safetensors", "absent.pth"):
        with pytest.raises(CheckpointError, match=name):
            ProfiledUNet(profiles=2, width=4, pretrained=tmp_path / name)


def test_predictor_learns_to_tell_dark_from_light() -> None:
    torch.manual_seed(0)
    net = ProfileCNN(2, width=4)
    label = torch.arange(16) % 2
    light = lightness(20, 30, 16) * 0.3 + label[:, None, None, None] * 60
    optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
    for _ in range(20):
        optimizer.zero_grad()
        functional.cross_entropy(net(light), label).backward()
        optimizer.step()
    assert torch.equal(net.eval()(light).argmax(1), label)
    with pytest.raises(OptionError, match="profiles"):
        ProfileCNN(1)

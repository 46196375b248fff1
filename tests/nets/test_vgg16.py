from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from net_tester import NetTester, lightness
from photochrom.errors import OptionError
from photochrom.nets.vgg16 import VGG16

ENCODER = 14_714_688 - 2 * 9 * 64  # VGG-16's convolutions, two of three input channels fewer


class TestPlain(NetTester):
    parameters = ENCODER + 1_574_434
    sizes = ((33, 71),)

    @classmethod
    def make(cls) -> nn.Module:
        return VGG16()

    def test_every_colour_is_inside_the_normalised_range(self, made: nn.Module) -> None:
        with torch.no_grad():
            ab = made.eval()(lightness(64, 64))
        assert ab.abs().max() < 128


class TestImproved313(NetTester):
    """Batch normalisation after each of the five max poolings, dropout at the end, 313 bins."""

    parameters = ENCODER + 2 * (64 + 128 + 256 + 512 + 512) + 1_766_265
    sizes = ((33, 71),)

    @classmethod
    def make(cls) -> nn.Module:
        return VGG16(head="ab-bins", batch_norm=True, dropout=0.2)

    def test_batch_normalisation_follows_each_pooling_and_nothing_else(self, made: nn.Module) -> None:
        norms = [name for name, m in made.named_modules() if isinstance(m, nn.BatchNorm2d)]
        assert norms == [f"encoder.norms.{index}" for index in range(5)]

    def test_dropout_varies_training_only(self, net: nn.Module) -> None:
        light = lightness(64, 64)
        with torch.no_grad():
            assert not torch.equal(net.train()(light), net(light))
            assert torch.equal(net.eval()(light), net(light))


def test_the_three_improvements_are_a_choice_with_either_head() -> None:
    net = VGG16(batch_norm=True, dropout=0.2)
    assert sum(p.numel() for p in net.parameters()) == TestPlain.parameters + 2 * (64 + 128 + 256 + 512 + 512)
    assert (net.output, net.stride) == ("ab", 1)


@pytest.mark.parametrize("wrong", [{"head": "rgb"}, {"dropout": 1.0}, {"dropout": -0.1}])
def test_impossible_options_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(OptionError, match=next(iter(wrong))):
        VGG16(**wrong)

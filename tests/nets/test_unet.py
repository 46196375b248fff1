from __future__ import annotations

import pytest
from torch import nn

from net_tester import NetTester
from photochrom.errors import OptionError
from photochrom.nets.unet import UNet


class TestUNet(NetTester):
    parameters = 1_942_306

    @classmethod
    def make(cls) -> nn.Module:
        return UNet()


def test_pretrained_weights_that_do_not_exist_are_refused() -> None:
    with pytest.raises(OptionError, match="pretrained"):
        UNet(pretrained="imagenet")
    with pytest.raises(OptionError, match="width"):
        UNet(width=0)

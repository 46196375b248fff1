from __future__ import annotations

import pytest
import torch
from torch import nn

from net_tester import NetTester, lightness
from photochrom.nets.vgg16_residual import VGG16Residual

#: The paper's table of the encoder: parameters of the thirteen convolutions.
PRINTED = (1792, 36928, 73856, 147584, 295168, 590080, 590080, 1180160, 2359808, 2359808, 2359808, 2359808, 2359808)


class TestVGG16Residual(NetTester):
    parameters = sum(PRINTED) + 6_269_506
    sizes = ((33, 71),)
    rate = 1e-5

    @classmethod
    def make(cls) -> nn.Module:
        return VGG16Residual()

    def test_encoder_has_the_printed_layers(self, made: nn.Module) -> None:
        convs = [m for m in made.encoder.modules() if isinstance(m, nn.Conv2d)]  # type: ignore[union-attr]
        assert tuple(sum(p.numel() for p in conv.parameters()) for conv in convs) == PRINTED

    def test_every_depth_of_the_encoder_reaches_the_colour_past_the_bottleneck(self, net: nn.Module) -> None:
        """With the last block's answer cut off, the picture still changes the colours; so do the residual connections."""
        for parameter in net.encoder.blocks[4].parameters():  # type: ignore[union-attr,index]
            nn.init.zeros_(parameter)
        with torch.no_grad():
            one, other = net.eval()(lightness(64, 64))
        assert (one - other).abs().max() > 1

    def test_penalties_are_on_the_kernels_of_the_decoder(self, made: nn.Module) -> None:
        kernels = list(made.regularised())  # type: ignore[operator]
        assert [k.ndim for k in kernels] == [4] * 6
        encoder = {id(p) for p in made.encoder.parameters()}  # type: ignore[union-attr]
        assert all(id(k) not in encoder for k in kernels)


@pytest.mark.parametrize("light", [0.0, 100.0])
def test_black_and_white_give_finite_colours(light: float) -> None:
    with torch.no_grad():
        assert VGG16Residual()(torch.full((1, 1, 32, 32), light)).isfinite().all()

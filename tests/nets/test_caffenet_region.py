from __future__ import annotations

import pytest
import torch
from torch import nn

from net_tester import NetTester
from photochrom.nets.caffenet_region import ITERATIONS, CaffenetRegion, rate_factor


def count(width: float) -> int:
    """CaffeNet's channels, every convolution 3x3 with a bias: a first one into each stage, and two in each residual block."""
    c1, c2, c3, c5 = (round(channels * width) for channels in (96, 256, 384, 256))
    first = [(1, c1), (c1, c2), (c2, c3), (c3, c5)]
    residual = [(c, c) for c in (c1, c2, c3, c5) for _ in range(2)]
    return sum(9 * i * o + o for i, o in first + residual) + c5 * 313 + 313


class TestCaffenetRegion(NetTester):
    parameters = count(0.25)

    @classmethod
    def make(cls) -> nn.Module:
        return CaffenetRegion(width=0.25)

    def test_caffenets_channels_are_the_default(self) -> None:
        with torch.device("meta"):
            net = CaffenetRegion()
        assert sum(p.numel() for p in net.parameters()) == count(1)

    def test_kernels_are_3x3_and_every_pool_averages(self, made: nn.Module) -> None:
        kernels = {part.kernel_size for name, part in made.named_modules() if isinstance(part, nn.Conv2d)}
        assert kernels == {(3, 3), (1, 1)}  # 1x1: the classifier
        assert sum(isinstance(part, nn.AvgPool2d) for part in made.modules()) == 3
        assert not any(isinstance(part, nn.MaxPool2d) for part in made.modules())


def test_the_rate_falls_from_all_to_a_third() -> None:
    factors = [rate_factor(step) for step in range(0, ITERATIONS + 1, 500)]
    assert factors[0] == 1
    assert factors == sorted(factors, reverse=True)
    assert factors[-1] == pytest.approx(1 / 3)
    assert rate_factor(10**9) == 0.1

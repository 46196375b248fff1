"""What every network that is trained must do. The test class of an architecture derives from this one and says how to make it."""

from __future__ import annotations

from copy import deepcopy

import pytest
import torch
from torch import Tensor, nn

from photochrom.color import ab_bins
from photochrom.train.losses import bin_cross_entropy

BINS = len(ab_bins())


def inputs(height: int, width: int, batch: int = 2) -> tuple[Tensor, Tensor, Tensor]:
    """Random lightness, hints in a third of the cells, and a histogram for the first picture only."""
    rng = torch.Generator().manual_seed(height * 1000 + width)
    light = torch.rand(batch, 1, height, width, generator=rng) * 100
    mask = (torch.rand(batch, 1, height // 8, width // 8, generator=rng) < 0.3).float()
    ab = torch.randn(batch, 2, height // 8, width // 8, generator=rng) * 30 * mask
    histogram = torch.zeros(batch, BINS + 1)
    histogram[0, :BINS] = torch.rand(BINS, generator=rng).softmax(0)
    histogram[0, BINS] = 1
    return light, torch.cat([ab, mask], 1), histogram


class NetTester:
    """Derive, and override :meth:`make` and ``millions``."""

    #: Number of parameters, in millions, to two digits.
    millions: float

    @classmethod
    def make(cls) -> nn.Module:
        raise NotImplementedError

    @pytest.fixture(scope="class")
    @classmethod
    def made(cls) -> nn.Module:
        torch.manual_seed(0)
        return cls.make()

    @pytest.fixture
    def net(self, made: nn.Module) -> nn.Module:
        return deepcopy(made)

    @pytest.mark.parametrize("size", [(32, 32), (96, 160), (224, 32)])
    def test_scores_have_the_shape_of_the_grid_at_any_multiple_of_32(
        self, net: nn.Module, size: tuple[int, int]
    ) -> None:
        height, width = size
        with torch.no_grad():
            scores = net.eval()(*inputs(height, width))
        assert scores.shape == (2, BINS, height // 8, width // 8)
        assert scores.isfinite().all()

    def test_gradients_reach_every_parameter(self, net: nn.Module) -> None:
        scores = net.train()(*inputs(64, 96))
        bin_cross_entropy(scores, torch.randn(2, 2, 8, 12) * 20).backward()
        silent = [name for name, p in net.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
        assert silent == []

    def test_one_optimiser_step_lowers_the_loss(self, net: nn.Module) -> None:
        net.train()
        given, ab = inputs(64, 64), torch.full((2, 2, 8, 8), 25.0)
        optimizer = torch.optim.AdamW(net.parameters(), lr=3e-4)
        before = bin_cross_entropy(net(*given), ab)
        before.backward()
        optimizer.step()
        with torch.no_grad():
            after = bin_cross_entropy(net(*given), ab)
        assert after < before

    def test_number_of_parameters(self, net: nn.Module) -> None:
        assert round(sum(p.numel() for p in net.parameters()) / 1e6, 2) == self.millions

    def test_one_picture_of_a_batch_does_not_change_another(self, net: nn.Module) -> None:
        light, hints, histogram = inputs(64, 64)
        with torch.no_grad():
            both = net.eval()(light, hints, histogram)
            alone = net(light[1:], hints[1:], histogram[1:])
        torch.testing.assert_close(both[1:], alone, rtol=1e-3, atol=1e-3)

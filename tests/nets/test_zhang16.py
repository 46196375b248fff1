from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from net_tester import NetTester
from photochrom.color import nearest_ab_bins
from photochrom.errors import OptionError
from photochrom.nets import zhang16
from photochrom.nets.vgg_weights import BLOCKS as VGG_BLOCKS
from photochrom.nets.zhang16 import Zhang16
from photochrom.train.papers.soft_encoding import (
    bin_counts,
    decode_scores,
    rebalanced_cross_entropy,
    rebalancing_weights,
    smoothed_prior,
    soft_encode,
)

CENTRES = nearest_ab_bins(313)


def count(width: float) -> int:
    """Weights and biases of the convolutions in the paper's table 4, and two numbers for each channel of a batch norm."""
    blocks = [(64, 2), (128, 2), (256, 3), (512, 3), (512, 3), (512, 3), (512, 3)]
    total, inputs = 0, 1
    for channels, convolutions in blocks:
        channels = round(channels * width)
        for _ in range(convolutions):
            total, inputs = total + inputs * channels * 9 + channels, channels
        total += 2 * channels
    channels = round(256 * width)
    total += inputs * channels * 16 + channels + 2 * (channels * channels * 9 + channels)
    return total + channels * 313 + 313


class TestZhang16(NetTester):
    parameters = count(0.25)

    @classmethod
    def make(cls) -> nn.Module:
        return Zhang16(width=0.25)

    def test_the_papers_network_is_the_default(self) -> None:
        with torch.device("meta"):
            net = Zhang16()
        assert sum(p.numel() for p in net.parameters()) == count(1)
        channels = [part.out_channels for part in net.blocks if isinstance(part, nn.Conv2d)]
        assert channels == [64] * 2 + [128] * 2 + [256] * 3 + [512] * 12
        assert [part.out_channels for part in net.conv8 if isinstance(part, (nn.Conv2d, nn.ConvTranspose2d))] == [
            256
        ] * 3
        assert net.scores.out_channels == 313


class TestSoftEncoding:
    @pytest.fixture
    def ab(self) -> torch.Tensor:
        return torch.randn(2, 2, 6, 5, generator=torch.Generator().manual_seed(0)) * 40

    def test_the_five_nearest_bins_with_gaussian_weights(self) -> None:
        axis = torch.arange(-125, 125.5, 1.7)
        ab = torch.stack(torch.meshgrid(axis, axis, indexing="ij"))[None]
        index, weight = soft_encode(ab)
        assert index.shape == weight.shape == (1, 5, len(axis), len(axis))
        squared = ((ab[0].double().movedim(0, -1)[:, :, None] - torch.from_numpy(CENTRES.copy())) ** 2).sum(-1)
        nearest = squared.topk(5, largest=False).values
        torch.testing.assert_close(squared.gather(-1, index[0].movedim(0, -1)), nearest, rtol=1e-4, atol=1e-2)
        gauss = torch.exp(-(nearest - nearest[..., :1]) / 50)
        torch.testing.assert_close(
            weight[0].movedim(0, -1).double(), gauss / gauss.sum(-1, keepdim=True), rtol=1e-3, atol=1e-5
        )

    def test_weights_sum_to_1_even_far_outside_the_gamut(self) -> None:
        _, weight = soft_encode(torch.tensor([[[[900.0, 0.0]], [[-900.0, 0.0]]]]))
        torch.testing.assert_close(weight.sum(1), torch.ones(1, 1, 2))

    def test_a_colour_on_a_bin_is_mostly_of_that_bin(self) -> None:
        ab = torch.from_numpy(CENTRES.copy()).T[None, :, :, None]
        index, weight = soft_encode(ab)
        assert index[0, 0, :, 0].tolist() == list(range(313))
        assert (weight[0, 0] > 0.5).all()

    def test_counts_are_of_every_place(self, ab: torch.Tensor) -> None:
        counts = bin_counts(ab)
        assert counts.shape == (313,)
        assert float(counts.sum()) == pytest.approx(60)


class TestRebalancing:
    def test_rare_bins_weigh_more_and_the_mean_is_1(self) -> None:
        counts = np.ones(313)
        grey = int((CENTRES**2).sum(1).argmin())
        counts[grey] = 5000
        prior = smoothed_prior(counts)
        weights = rebalancing_weights(prior)
        assert prior.sum() == pytest.approx(1)
        assert (prior * weights).sum() == pytest.approx(1)
        assert weights.argmin() == grey
        # Bins that never occur get at most (lambda / Q) ** -1, before the scaling: nothing is favoured without bound.
        assert weights.max() / weights.min() < 1 + 313 * prior[grey]

    def test_smoothing_spreads_to_the_neighbours_only(self) -> None:
        counts = np.zeros(313)
        counts[150] = 1
        prior = smoothed_prior(counts)
        distance = np.sqrt(((CENTRES - CENTRES[150]) ** 2).sum(1))
        assert prior.argmax() == 150
        assert prior[distance < 11].min() > 0.01
        assert prior[distance > 40].max() < 1e-6

    def test_a_uniform_prior_weighs_all_alike(self) -> None:
        np.testing.assert_allclose(rebalancing_weights(np.full(313, 1 / 313)), 1, rtol=1e-5)

    @pytest.mark.parametrize("counts", [np.zeros(313), np.ones(261), np.full(313, np.nan), np.arange(-1, 312)])
    def test_what_is_no_count_is_refused(self, counts: np.ndarray) -> None:
        with pytest.raises(OptionError, match="313"):
            smoothed_prior(counts)

    def test_a_mixture_without_the_uniform_is_refused(self) -> None:
        with pytest.raises(OptionError, match="mixture"):
            rebalancing_weights(np.full(313, 1 / 313), 0.0)

    def test_the_loss_weighs_each_place_by_its_nearest_bin(self) -> None:
        ab = torch.from_numpy(CENTRES[[10, 200]].copy()).T.reshape(1, 2, 1, 2)
        scores = torch.randn(1, 313, 1, 2, generator=torch.Generator().manual_seed(1))
        weights = torch.ones(313)
        weights[200] = 3
        one, other = (rebalanced_cross_entropy(scores[..., at : at + 1], ab[..., at : at + 1]) for at in (0, 1))
        torch.testing.assert_close(rebalanced_cross_entropy(scores, ab, weights), (one + 3 * other) / 2)
        index, weight = soft_encode(ab)
        encoded = torch.zeros(1, 313, 1, 2).scatter(1, index, weight)
        torch.testing.assert_close(
            rebalanced_cross_entropy(scores, ab), torch.nn.functional.cross_entropy(scores, encoded)
        )


def test_scores_are_decoded_between_the_mean_and_the_likeliest_colour() -> None:
    scores = np.full((313, 1, 1), -20, np.float32)
    scores[[100, 200]] = np.log([[[0.6]], [[0.4]]])
    mean, likeliest = 0.6 * CENTRES[100] + 0.4 * CENTRES[200], CENTRES[100]
    found = decode_scores(scores)[0, 0]
    share = 0.6 ** (1 / 0.38) / (0.6 ** (1 / 0.38) + 0.4 ** (1 / 0.38))
    np.testing.assert_allclose(found, share * CENTRES[100] + (1 - share) * CENTRES[200], rtol=1e-4)
    assert np.abs(found - likeliest).sum() < np.abs(mean - likeliest).sum()


def test_a_pretrained_start_fills_conv1_to_conv5(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[nn.Module] = []
    monkeypatch.setattr(zhang16, "load_vgg16", lambda layers, source, **scale: given.extend(layers))
    net = Zhang16(width=0.25, pretrained="a file")
    convolutions = [layer for layer in given if isinstance(layer, nn.Conv2d)]
    assert [conv.out_channels * 4 for conv in convolutions] == [width for block in VGG_BLOCKS for width in block]
    assert convolutions[0] is net.blocks[0]
    assert {id(layer) for layer in given} <= {id(layer) for layer in net.blocks}

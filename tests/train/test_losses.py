from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from photochrom.color import ab_bins, rgb_to_lab
from photochrom.train.color_module import expected_ab
from photochrom.train.losses import bin_cross_entropy, soft_bins
from photochrom.train.recipe import Recipe
from photochrom.train.simulate import simulate_hints, simulate_histogram

Make = Callable[..., Recipe]
BINS = torch.from_numpy(ab_bins().copy())


def some_colours(height: int = 6, width: int = 5, count: int = 2, share: float = 0.6) -> Tensor:
    """ab of moderately saturated sRGB colours, (count, 2, height, width)."""
    rgb = 0.5 + share * (np.random.default_rng(0).random((count, height, width, 3)) - 0.5)
    return torch.from_numpy(rgb_to_lab(rgb)[..., 1:]).permute(0, 3, 1, 2)


class TestSoftBins:
    def test_weights_sum_to_one_and_their_mean_is_the_colour(self) -> None:
        ab = some_colours()
        index, weight = soft_bins(ab)
        assert index.shape == weight.shape == (2, 4, 6, 5)
        assert (weight >= 0).all()
        torch.testing.assert_close(weight.sum(1), torch.ones(2, 6, 5))
        mean = (BINS[index] * weight[..., None]).sum(1).permute(0, 3, 1, 2)
        torch.testing.assert_close(mean, ab, atol=1e-3, rtol=0)

    def test_a_bin_is_itself(self) -> None:
        index, weight = soft_bins(BINS.T.reshape(1, 2, len(BINS), 1))
        assert torch.equal(index[0, 0, :, 0], torch.arange(len(BINS)))
        torch.testing.assert_close(weight[0, 0, :, 0], torch.ones(len(BINS)))

    def test_colours_outside_srgb_go_to_bins_near_them(self) -> None:
        far = torch.tensor([[130.0, 0.0], [-128.0, 128.0], [0.0, -125.0]])
        index, weight = soft_bins(far.T.reshape(1, 2, 3, 1))
        torch.testing.assert_close(weight.sum(1), torch.ones(1, 3, 1))
        nearest = torch.cdist(far.clamp(-120, 120), BINS).min(1).values
        reached = (BINS[index[0, :, :, 0]] - far.clamp(-120, 120)).norm(dim=-1).amax(0)
        assert (reached <= nearest + 15).all()


class TestBinCrossEntropy:
    def test_equals_a_plain_computation(self) -> None:
        rng = np.random.default_rng(1)
        scores, ab = rng.normal(size=(2, 261, 3, 4)), some_colours(3, 4).double().numpy()
        bins = {(int(a), int(b)): i for i, (a, b) in enumerate(ab_bins())}
        total = 0.0
        for n, y, x in np.ndindex(2, 3, 4):
            likely = scores[n, :, y, x] - np.log(np.exp(scores[n, :, y, x]).sum())
            (a, b) = ab[n, :, y, x]
            low_a, low_b = int(np.floor(a / 10)) * 10, int(np.floor(b / 10)) * 10
            for corner_a in (low_a, low_a + 10):
                for corner_b in (low_b, low_b + 10):
                    share = (1 - abs(a - corner_a) / 10) * (1 - abs(b - corner_b) / 10)
                    total -= share * likely[bins[corner_a, corner_b]] / (2 * 3 * 4)
        loss = bin_cross_entropy(torch.from_numpy(scores).float(), torch.from_numpy(ab).float())
        assert float(loss) == pytest.approx(total, rel=1e-5)

    def test_is_least_for_the_soft_bins_themselves(self) -> None:
        ab = some_colours()
        index, weight = soft_bins(ab)
        right = torch.full((2, 261, 6, 5), 1e-9).scatter_add(1, index, weight).log()
        entropy = -(weight * weight.clamp(min=1e-9).log()).sum(1).mean()
        assert float(bin_cross_entropy(right, ab)) == pytest.approx(float(entropy), abs=1e-4)
        assert bin_cross_entropy(right * 0.5, ab) > bin_cross_entropy(right, ab)
        torch.testing.assert_close(expected_ab(right), ab, atol=1e-2, rtol=0)


class TestHints:
    def test_mask_and_true_colour_where_it_is_set(self, recipe: Make) -> None:
        ab = some_colours(8, 12, count=64)
        hints = simulate_hints(ab, recipe(hints=1.0), torch.Generator().manual_seed(0))
        mask = hints[:, 2:]
        assert hints.shape == (64, 3, 8, 12)
        assert set(mask.unique().tolist()) == {0.0, 1.0}
        assert torch.equal(hints[:, :2], ab * mask)
        shown = mask.sum((1, 2, 3))
        assert (shown >= 1).all()
        assert shown.unique().numel() > 10

    def test_share_of_the_pictures(self, recipe: Make) -> None:
        ab = some_colours(4, 4, count=400)
        rng = torch.Generator().manual_seed(0)
        assert simulate_hints(ab, recipe(hints=0.0), rng).abs().sum() == 0
        given = simulate_hints(ab, recipe(hints=0.5), rng)[:, 2].amax((1, 2))
        assert float(given.mean()) == pytest.approx(0.5, abs=0.08)

    def test_the_border_is_shown_less_often_than_the_middle(self, recipe: Make) -> None:
        hints = simulate_hints(some_colours(24, 24, count=400), recipe(hints=1.0), torch.Generator().manual_seed(0))
        for rows in (hints[:, 2].mean((0, 2)), hints[:, 2].mean((0, 1))):
            for outwards in (rows, rows.flip(0)):
                assert 0 < outwards[0] < outwards[1] < outwards[12]

    def test_same_generator_same_hints(self, recipe: Make) -> None:
        ab = some_colours(8, 8, count=8)
        torch.manual_seed(1)
        once = simulate_hints(ab, recipe(hints=1.0), torch.Generator().manual_seed(5))
        torch.manual_seed(2)
        assert torch.equal(once, simulate_hints(ab, recipe(hints=1.0), torch.Generator().manual_seed(5)))


class TestHistogram:
    def test_sums_to_one_and_keeps_the_mean_colour(self, recipe: Make) -> None:
        ab = some_colours(8, 12, count=3)
        histogram = simulate_histogram(ab, recipe(histogram=1.0), torch.Generator().manual_seed(0))
        assert histogram.shape == (3, 262)
        torch.testing.assert_close(histogram[:, :261].sum(1), torch.ones(3))
        assert (histogram[:, 261] == 1).all()
        torch.testing.assert_close(histogram[:, :261] @ BINS, ab.mean((2, 3)), atol=1e-2, rtol=0)

    def test_is_all_zero_where_it_is_not_given(self, recipe: Make) -> None:
        ab = some_colours(2, 2, count=400)
        histogram = simulate_histogram(ab, recipe(histogram=0.25), torch.Generator().manual_seed(0))
        given = histogram[:, 261] == 1
        assert float(given.float().mean()) == pytest.approx(0.25, abs=0.07)
        assert histogram[~given].abs().sum() == 0

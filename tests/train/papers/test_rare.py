from __future__ import annotations

import numpy as np
import pytest
import torch

from photochrom.color import rgb_to_lab
from photochrom.errors import DataError
from photochrom.train.papers.rare import ab_histograms, rare_color_loss, rare_color_weights


def test_histograms_are_those_of_numpy(photographs: list[np.ndarray]) -> None:
    shares = ab_histograms(photographs)
    lab = np.concatenate([rgb_to_lab(p / 255).reshape(-1, 3) for p in photographs])
    for channel, found in enumerate(shares, 1):
        expected, _ = np.histogram(lab[:, channel], bins=64, range=(-128, 128))
        np.testing.assert_allclose(found.numpy(), expected / len(lab), atol=1e-9)


def test_weights_are_as_printed(photographs: list[np.ndarray]) -> None:
    a, b = (share.numpy() for share in ab_histograms(photographs))
    expected = np.multiply.outer(1 / np.sqrt(a + 0.0000001), 1 / np.sqrt(b + 0.0000001))
    weights = rare_color_weights(torch.from_numpy(a), torch.from_numpy(b)).numpy()
    np.testing.assert_allclose(weights, expected / expected.sum(), rtol=1e-4)
    assert weights.sum() == pytest.approx(1, abs=1e-4)


def test_unit_mean_keeps_the_ratios(photographs: list[np.ndarray]) -> None:
    a, b = ab_histograms(photographs)
    printed, scaled = rare_color_weights(a, b), rare_color_weights(a, b, unit_mean=True)
    torch.testing.assert_close(scaled / scaled.max(), printed / printed.max())
    assert float((scaled * torch.outer(a, b)).sum()) == pytest.approx(1, abs=1e-4)


def test_loss_blends_plain_and_weighted_error_by_the_true_colour() -> None:
    weights = torch.ones(64, 64)
    weights[32, 32] = 3.0  # a* and b* from 0 to 4
    truth = torch.tensor([[2.0, 2.0], [50.0, 2.0]]).reshape(2, 2, 1, 1)
    found = truth + torch.tensor([[12.8, 0.0], [0.0, 12.8]]).reshape(2, 2, 1, 1)
    squared = 0.1**2
    plain, weighted = squared * 2 / 4, squared * (3 + 1) / 4
    assert float(rare_color_loss(found, truth, weights)) == pytest.approx(0.65 * plain + 0.35 * weighted)


def test_loss_of_an_error_in_a_rare_colour_is_greater(photographs: list[np.ndarray]) -> None:
    weights = rare_color_weights(*ab_histograms(photographs), unit_mean=True)
    common, rare = torch.zeros(1, 2, 4, 4), torch.full((1, 2, 4, 4), 60.0)
    assert rare_color_loss(rare + 10, rare, weights) > rare_color_loss(common + 10, common, weights)


def test_no_pictures_is_an_error() -> None:
    with pytest.raises(DataError, match="no pictures"):
        ab_histograms([])

"""Smoothing of the colour field: noise goes, edges of lightness stay."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from photochrom.errors import InvalidPixelsError, OptionError
from photochrom.steering.smooth import METHODS, crf, smooth, tv

pytestmark = pytest.mark.pixels

RNG = np.random.default_rng(0)
LIGHT = np.where(np.arange(64) < 32, 30.0, 70.0)[None].repeat(48, axis=0).astype(np.float32)
CLEAN = np.where(LIGHT[..., None] < 50, np.array([30.0, 20.0]), np.array([-20.0, 10.0])).astype(np.float32)
NOISY = CLEAN + RNG.normal(size=CLEAN.shape).astype(np.float32) * 3


def gradient(ab: Any) -> float:
    return float(np.abs(np.diff(ab[:, :28], axis=1)).mean() + np.abs(np.diff(ab[:, :28], axis=0)).mean())


@pytest.mark.parametrize("method", [tv, crf])
def test_noise_goes_and_the_edge_stays(method: Any) -> None:
    result = method(NOISY, LIGHT)
    assert result.shape == NOISY.shape
    assert gradient(result) < 0.6 * gradient(NOISY)
    assert np.abs(result - CLEAN).mean() < np.abs(NOISY - CLEAN).mean()
    step = (result[:, 31] - result[:, 32]).mean(axis=0)
    np.testing.assert_allclose(step, [50, 10], atol=4)


@pytest.mark.parametrize("name", sorted(METHODS))
def test_an_even_field_stays(name: str) -> None:
    even = np.full((9, 7, 2), 12.5, np.float32)
    np.testing.assert_allclose(smooth(even, np.full((9, 7), 50.0), name), even, atol=1e-3)


@pytest.mark.parametrize("name", sorted(METHODS))
@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (3, 200)], ids=str)
def test_any_size_and_the_input_is_not_changed(name: str, shape: tuple[int, int]) -> None:
    ab = RNG.normal(size=(*shape, 2)).astype(np.float32) * 20
    before = ab.copy()
    result = smooth(ab, RNG.uniform(0, 100, shape), name)
    assert np.isfinite(result).all()
    np.testing.assert_array_equal(ab, before)


def test_total_variation_keeps_the_mean_and_is_smooth_of_its_own_accord() -> None:
    result = tv(NOISY, np.full_like(LIGHT, 50.0), weight=3.0, steps=100)
    np.testing.assert_allclose(result.mean((0, 1)), NOISY.mean((0, 1)), atol=1e-3)

    def energy(u: Any) -> float:
        down, right = (np.diff(u, axis=axis, append=np.take(u, [-1], axis=axis)) for axis in (0, 1))
        total = np.sqrt((down**2 + right**2).sum(-1)).sum()
        return float(0.5 * ((u - NOISY) ** 2).sum() + 3.0 * total)

    assert energy(result) < min(energy(NOISY), energy(CLEAN))
    for _ in range(5):
        assert energy(result) < energy(result + RNG.normal(size=result.shape) * 0.3)


def test_none_changes_nothing() -> None:
    np.testing.assert_array_equal(smooth(NOISY, LIGHT, "none"), NOISY)


def test_what_is_refused() -> None:
    with pytest.raises(OptionError, match="tv"):
        smooth(NOISY, LIGHT, "median")
    for ab, light in ((NOISY, LIGHT[:3]), (NOISY[..., 0], LIGHT), (NOISY * np.nan, LIGHT)):
        with pytest.raises(InvalidPixelsError):
            smooth(ab, light, "tv")

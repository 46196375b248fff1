"""Spreading at work size, and seamless pasting."""

from __future__ import annotations

import numpy as np
import pytest

from photochrom.errors import InvalidPixelsError
from photochrom.steering import propagate

pytestmark = pytest.mark.pixels

LIGHT = np.full((64, 96), 40.0, np.float32)
LIGHT[:, 48:] = 80.0


def test_a_correction_holds_spreads_and_stops_at_an_edge() -> None:
    residual, weight = np.zeros((64, 96, 2), np.float32), np.zeros((64, 96), np.float32)
    residual[30:33, 20:23], weight[30:33, 20:23] = (20, -10), 5
    spread = propagate.correction(LIGHT, residual, weight)
    np.testing.assert_allclose(spread[31, 21], (20, -10), atol=0.5)
    assert spread[31, 35, 0] > 10
    assert np.abs(spread[:, 50:]).max() < 2


def test_two_wishes_both_hold() -> None:
    residual, weight = np.zeros((64, 96, 2), np.float32), np.zeros((64, 96), np.float32)
    residual[10, 10], residual[10, 30], weight[10, 10], weight[10, 30] = (20, 0), (-20, 0), 40, 40
    spread = propagate.correction(LIGHT, residual, weight)
    np.testing.assert_allclose(spread[10, 10], (20, 0), atol=1)
    np.testing.assert_allclose(spread[10, 30], (-20, 0), atol=1)


def test_influence_reaches_what_is_alike() -> None:
    vectors = np.zeros((8, 12, 3), np.float32)
    vectors[..., 0], vectors[:, 6:, 0], vectors[:, 6:, 1] = 1, 0, 1
    weight = np.zeros((64, 96), np.float32)
    weight[30:33, 20:23] = 5
    believed = propagate.influence(LIGHT, weight, vectors)
    assert believed[30, 10:30].min() > 0.8
    assert believed[:, 60:].max() < 0.5
    assert believed.min() >= 0
    assert believed.max() <= 1


@pytest.mark.parametrize("shape", [(64, 96), (63, 95)])
def test_poisson_hides_a_seam_where_lightness_is_even(shape: tuple[int, int]) -> None:
    light = np.full(shape, 50.0, np.float32)
    inside, outside = np.full((*shape, 2), 10.0, np.float32), np.zeros((*shape, 2), np.float32)
    mask = np.zeros(shape, bool)
    middle = shape[1] // 2
    mask[:, :middle] = True
    fused = propagate.screened_poisson(inside, outside, mask, light)
    assert np.abs(np.diff(fused[..., 0], axis=1)).max() < 6, "the step of 10 is gone"
    light[:, middle:] = 100
    kept = propagate.screened_poisson(inside, outside, mask, light)
    np.testing.assert_allclose(kept[:, :middle], 10, atol=0.5)
    np.testing.assert_allclose(kept[:, middle:], 0, atol=0.5)


def test_poisson_changes_nothing_without_a_step() -> None:
    same = np.random.default_rng(0).normal(0, 20, (32, 48, 2)).astype(np.float32)
    same[:, 20:22] = 3.0
    mask = np.zeros((32, 48), bool)
    mask[:, :21] = True
    np.testing.assert_allclose(propagate.screened_poisson(same, same, mask, LIGHT[:32, :48]), same, atol=1e-4)


def test_shapes() -> None:
    with pytest.raises(InvalidPixelsError):
        propagate.correction(LIGHT, np.zeros((4, 4, 2)), np.zeros((64, 96)))
    with pytest.raises(InvalidPixelsError):
        propagate.screened_poisson(np.zeros((4, 4, 2)), np.zeros((4, 4, 2)), np.zeros((4, 5)), np.zeros((4, 4)))

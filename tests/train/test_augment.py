from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from photochrom.color import rgb_to_lab
from photochrom.train.augment import prepare
from photochrom.train.recipe import Recipe

Make = Callable[..., Recipe]


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def crops(photographs: list[np.ndarray]) -> Tensor:
    """Six crops, (6, 3, 64, 96) uint8."""
    return torch.from_numpy(np.stack([p[:64, :96] for p in photographs]).transpose(0, 3, 1, 2).copy())


def truth(crops: Tensor) -> np.ndarray:
    return rgb_to_lab(crops.permute(0, 2, 3, 1).numpy() / 255.0)


@pytest.mark.parametrize("augment", [False, True])
def test_true_lightness_goes_in(crops: Tensor, recipe: Make, augment: bool) -> None:
    settings = recipe(film=0.0, old_print=0.0) if augment else recipe(film=1.0, old_print=1.0)
    light = prepare(crops, settings, generator(), augment=augment).lightness
    assert light.shape == (6, 1, 64, 96)
    assert light.dtype == torch.float32
    np.testing.assert_allclose(light[:, 0], truth(crops)[..., 0], atol=2e-3)


def test_target_is_the_mean_colour_of_each_cell(crops: Tensor, recipe: Make) -> None:
    ab = prepare(crops, recipe(), generator()).ab
    cells = truth(crops)[..., 1:].reshape(6, 8, 8, 12, 8, 2).mean((2, 4))
    np.testing.assert_allclose(ab.permute(0, 2, 3, 1), cells, atol=2e-3)


@pytest.mark.parametrize(
    "shares", [{"film": 1.0, "old_print": 0.0}, {"film": 0.0, "old_print": 1.0}, {"film": 1.0, "old_print": 1.0}]
)
def test_film_and_old_print_change_lightness_only(crops: Tensor, recipe: Make, shares: dict[str, float]) -> None:
    plain = prepare(crops, recipe(), generator(), augment=False)
    for seed in range(5):
        sample = prepare(crops, recipe(**shares), generator(seed))
        assert torch.equal(sample.ab, plain.ab)
        assert sample.lightness.min() >= 0
        assert sample.lightness.max() <= 100.001
        assert sample.lightness.isfinite().all()
        changed = (sample.lightness - plain.lightness).abs().amax((1, 2, 3))
        assert (changed > 0.1).all()


def test_black_white_and_full_colours_stay_in_range(recipe: Make) -> None:
    corners = torch.tensor([[r, g, b] for r in (0, 255) for g in (0, 255) for b in (0, 255)], dtype=torch.uint8)
    crops = corners[:, :, None, None].expand(-1, -1, 32, 32)
    light = prepare(crops, recipe(film=1.0, old_print=1.0), generator()).lightness
    assert light.isfinite().all()
    assert light.min() >= 0
    assert light.max() <= 100.001


def test_film_keeps_grey_pictures_and_darkens_reds_more_than_blues(recipe: Make) -> None:
    colours = torch.tensor([[128, 128, 128], [220, 40, 40], [40, 40, 220]], dtype=torch.uint8).repeat(40, 1)
    crops = colours[:, :, None, None].expand(-1, -1, 8, 8)
    light = prepare(crops, recipe(film=1.0, old_print=0.0), generator()).lightness.mean((1, 2, 3)).reshape(40, 3)
    true = truth(crops[:3])[:, 0, 0, 0]
    assert (light[:, 0] - true[0]).abs().max() < 0.01
    # most films and emulsions saw blue better than red; L* has it the other way round
    assert light[:, 1].mean() < true[1] - 3
    assert light[:, 2].mean() > true[2] + 10


def test_share_is_a_share_of_the_pictures(crops: Tensor, recipe: Make) -> None:
    many = crops[:1, :, :8, :8].expand(400, -1, -1, -1)
    plain = prepare(many, recipe(), generator(), augment=False).lightness
    some = prepare(many, recipe(film=0.25, old_print=0.0), generator()).lightness
    assert ((some - plain).abs().amax((1, 2, 3)) > 0).float().mean() == pytest.approx(0.25, abs=0.07)


def test_same_generator_same_sample(crops: Tensor, recipe: Make) -> None:
    settings = recipe(film=0.5, old_print=0.5)
    once, again, other = (prepare(crops, settings, generator(seed)).lightness for seed in (7, 7, 8))
    assert torch.equal(once, again)
    assert not torch.equal(once, other)

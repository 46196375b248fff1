from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from photochrom.errors import DataError, RecipeError
from photochrom.train.crops import Crop, CropDataset, StepSampler, centre_square, random_crop
from photochrom.train.picture_store import Entry, PictureStore, build_store
from photochrom.train.recipe import Recipe

Make = Callable[..., Recipe]


@dataclass(frozen=True)
class MadeStore:
    """Entries only: forty pictures of source "a", then ten of source "b"."""

    entries: tuple[Entry, ...] = tuple(Entry(0, 64, 64, "a" if i < 40 else "b", f"{i}.png", 20.0) for i in range(50))


def sampler(recipe: Recipe, start: int = 0) -> StepSampler:
    return StepSampler(MadeStore(), np.arange(50), recipe, start)  # type: ignore[arg-type]


@pytest.fixture
def store(folder: Path, tmp_path: Path) -> PictureStore:
    return build_store([folder], tmp_path / "store")


class TestStepSampler:
    def test_same_seed_same_orders(self, recipe: Make) -> None:
        once, again = (list(sampler(recipe(steps=40, sizes=[64, 96], seed=3))) for _ in range(2))
        other = list(sampler(recipe(steps=40, sizes=[64, 96], seed=4)))
        assert once == again
        assert once != other
        assert {crop.size for step in once for crop in step} == {64, 96}
        assert all(len(step) == 2 and len({crop.size for crop in step}) == 1 for step in once)

    @pytest.mark.parametrize("start", [1, 25, 39])
    def test_a_later_start_goes_on_exactly(self, recipe: Make, start: int) -> None:
        settings = recipe(steps=40, batch=3)
        assert list(sampler(settings, start)) == list(sampler(settings))[start:]

    def test_an_epoch_has_every_picture_once(self, recipe: Make) -> None:
        seen = [crop.index for step in sampler(recipe(steps=50)) for crop in step]
        assert sorted(seen[:50]) == sorted(seen[50:]) == list(range(50))
        assert seen[:50] != seen[50:]

    def test_source_weights_repeat_or_leave_out(self, recipe: Make) -> None:
        weighted = recipe(steps=3000, source_weights={"a": 0.5, "b": 2.0})
        seen = Counter("b" if crop.index >= 40 else "a" for step in sampler(weighted) for crop in step)
        assert seen["a"] / seen["b"] == pytest.approx(40 * 0.5 / (10 * 2.0), rel=0.1)
        without = recipe(steps=100, source_weights={"a": 0.0})
        assert {crop.index >= 40 for step in sampler(without) for crop in step} == {True}

    @pytest.mark.parametrize("start", [0, 7])
    def test_processes_share_the_pictures_of_each_step(self, recipe: Make, start: int) -> None:
        settings = recipe(steps=20, batch=6, sizes=[64, 96])
        shares = [
            list(StepSampler(MadeStore(), np.arange(50), settings, start, rank=rank, processes=3))  # type: ignore[arg-type]
            for rank in range(3)
        ]
        for whole, *parts in zip(sampler(settings, start), *shares, strict=True):
            assert [len(part) for part in parts] == [2, 2, 2]
            assert {crop for part in parts for crop in part} == set(whole)

    def test_a_batch_that_cannot_be_shared_is_an_error(self, recipe: Make) -> None:
        with pytest.raises(RecipeError, match="7 pictures cannot be shared evenly by 2"):
            StepSampler(MadeStore(), np.arange(50), recipe(batch=7), rank=0, processes=2)  # type: ignore[arg-type]

    def test_weights_that_leave_nothing_are_an_error(self, recipe: Make) -> None:
        with pytest.raises(DataError, match="source_weights"):
            sampler(recipe(source_weights={"a": 0.0, "b": 0.0}))


class TestCrops:
    def test_same_order_same_crop(self, store: PictureStore, recipe: Make) -> None:
        crops = CropDataset(store, recipe())
        pixels, seed = crops[Crop(2, 64, 77)]
        assert pixels.shape == (3, 64, 64)
        assert pixels.dtype == torch.uint8
        assert seed == 77
        assert torch.equal(pixels, crops[Crop(2, 64, 77)][0])
        assert not torch.equal(pixels, crops[Crop(2, 64, 78)][0])

    @pytest.mark.parametrize("shape", [(32, 32), (32, 2000), (2000, 33), (256, 384)])
    @pytest.mark.parametrize("settings", [{}, {"stretch": 0.0}, {"smallest_crop": 0.0}, {"smallest_crop": 1.0}])
    def test_any_shape_of_picture_gives_a_square(self, shape: tuple[int, int], settings: dict[str, Any]) -> None:
        picture = np.random.default_rng(0).integers(0, 256, (*shape, 3)).astype(np.uint8)
        for seed in range(5):
            crop = random_crop(picture, 64, Recipe(**settings), np.random.default_rng(seed))
            assert crop.shape == (64, 64, 3)
            assert crop.dtype == np.uint8

    @pytest.mark.parametrize("shape", [(40, 400), (400, 40), (60, 90), (64, 64)])
    @pytest.mark.parametrize("limit", [0.8, 1.0])
    def test_no_picture_is_stretched_beyond_the_limit(self, shape: tuple[int, int], limit: float) -> None:
        """A ramp each way tells how large a part was taken: its slope, to the side of the crop."""
        height, width = shape
        picture = np.zeros((height, width, 3), np.uint8)
        picture[..., 0] = np.linspace(0, 250, height)[:, None]
        picture[..., 1] = np.linspace(0, 250, width)
        for seed in range(40):
            crop = random_crop(picture, 64, Recipe(stretch=limit), np.random.default_rng(seed)).astype(float)
            tall = np.ptp(crop[..., 0].mean(1)) / 250 * height
            wide = np.ptp(crop[..., 1].mean(0)) / 250 * width
            assert limit * 0.9 < tall / wide < 1.1 / limit

    def test_half_of_the_crops_are_mirrored(self) -> None:
        ramp = np.repeat(np.linspace(0, 255, 64).astype(np.uint8)[None, :, None], 64, 0).repeat(3, 2)
        mirrored = 0
        for seed in range(100):
            crop = random_crop(ramp, 32, Recipe(), np.random.default_rng(seed)).astype(int)
            mirrored += crop[:, 0].mean() > crop[:, -1].mean()
        assert 30 < mirrored < 70

    def test_colours_stay_what_they_are(self) -> None:
        flat = np.full((50, 90, 3), (200, 90, 30), np.uint8)
        assert (random_crop(flat, 96, Recipe(), np.random.default_rng(0)) == flat[0, 0]).all()

    @pytest.mark.parametrize("shape", [(40, 100), (100, 41), (300, 200)])
    def test_centre_square(self, shape: tuple[int, int]) -> None:
        picture = np.zeros((*shape, 3), np.uint8)
        side = min(shape)
        y, x = (shape[0] - side) // 2, (shape[1] - side) // 2
        picture[y : y + side, x : x + side] = 255
        assert (centre_square(picture, 64) == 255).all()


def test_start_beyond_the_end_gives_nothing(recipe: Make) -> None:
    assert list(islice(sampler(recipe(steps=5), 5), 1)) == []

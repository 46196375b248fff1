"""From a picture store to batches: the split, the order, and the geometric half of the augmentation.

The order is a pure function of the recipe's seed and the step, so a run that is killed resumes with the batch that it would
have seen.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset, Sampler

from photochrom.errors import DataError, RecipeError
from photochrom.train.picture_store import PictureStore, split_share
from photochrom.train.recipe import Recipe

__all__ = ["Crop", "CropDataset", "StepSampler", "centre_square", "centre_squares", "split"]

log = logging.getLogger(__name__)


def split(store: PictureStore, recipe: Recipe) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Indices of the training pictures and of those held back; parts of one picture are never on both sides."""
    train, held = [], []
    for index, entry in enumerate(store.entries):
        share = recipe.holdout_sources.get(entry.source, recipe.holdout)
        if split_share(entry.path, recipe.frames.get(entry.source, 1)) < share:
            held.append(index)
        elif entry.chroma >= recipe.smallest_chroma and min(entry.height, entry.width) >= recipe.smallest_side:
            train.append(index)
    if not train:
        raise DataError("no picture is left for training after the split and without those that are grey or small")
    out = len(store) - len(train) - len(held)
    log.info("%d pictures to train on, %d held back, %d left out as too grey or too small", len(train), len(held), out)
    return np.array(train, np.int64), np.array(held, np.int64)


@dataclass(frozen=True)
class Crop:
    """An order to the dataset: which picture, which size, and the seed of everything random about it."""

    index: int
    size: int
    seed: int


class StepSampler(Sampler[list[Crop]]):
    """One list of crops for each step from ``start`` on; pictures are drawn without repeats within an epoch.

    A source's weight repeats its pictures (2.0: twice an epoch) or leaves a share of them out (0.5). Of several processes
    each gets its share of every step's pictures: together they are those of one process.
    """

    def __init__(
        self,
        store: PictureStore,
        indices: NDArray[np.int64],
        recipe: Recipe,
        start: int = 0,
        *,
        rank: int = 0,
        processes: int = 1,
    ) -> None:
        if recipe.batch % processes:
            raise RecipeError("batch", f"{recipe.batch} pictures cannot be shared evenly by {processes} processes")
        self.indices, self.recipe, self.start = indices, recipe, start
        self.rank, self.processes = rank, processes
        self.weights = np.array([recipe.source_weights.get(store.entries[i].source, 1.0) for i in indices])
        if not self.weights.sum() > 0:
            raise DataError("the recipe's source_weights leave no picture for training")

    def __len__(self) -> int:
        """Steps of the whole run, wherever it starts: Lightning, too, counts on from the step of the checkpoint."""
        return self.recipe.last_step

    def _epoch(self, epoch: int) -> NDArray[np.int64]:
        rng = np.random.default_rng((self.recipe.seed, 1, epoch))
        times = np.floor(self.weights + rng.random(len(self.weights))).astype(np.int64)
        return rng.permutation(np.repeat(self.indices, times))

    def __iter__(self) -> Iterator[list[Crop]]:
        recipe = self.recipe
        epoch, order, at = 0, self._epoch(0), 0
        for step in range(recipe.last_step):
            rng = np.random.default_rng((recipe.seed, 2, step))
            size = int(rng.choice(recipe.sizes))
            seeds = rng.integers(0, 2**62, recipe.batch)
            picked: list[int] = []
            while len(picked) < recipe.batch:
                if at == len(order):
                    epoch, at = epoch + 1, 0
                    order = self._epoch(epoch)
                taken = order[at : at + recipe.batch - len(picked)]
                picked.extend(taken.tolist())
                at += len(taken)
            if step >= self.start:
                crops = [Crop(i, size, int(s)) for i, s in zip(picked, seeds, strict=True)]
                yield crops[self.rank :: self.processes]


class CropDataset(Dataset[tuple[Any, ...]]):
    """Square sRGB uint8 crops (3, size, size) and their seeds, for the orders of a :class:`StepSampler`.

    With the recipe's ``zoom``: the crop, an enlarged part of it and its place (see :func:`random_pair`), and the seed.
    """

    def __init__(self, store: PictureStore, recipe: Recipe) -> None:
        self.store, self.recipe = store, recipe

    def __getitem__(self, crop: Crop) -> tuple[Any, ...]:
        rng = np.random.default_rng(crop.seed)
        picture = self.store[crop.index]
        if self.recipe.zoom:
            whole, part, place = random_pair(picture, crop.size, self.recipe, rng)
            return _planes(whole), _planes(part), torch.from_numpy(place), crop.seed
        return _planes(random_crop(picture, crop.size, self.recipe, rng)), crop.seed

    def __len__(self) -> int:
        return len(self.store)


def _planes(picture: NDArray[np.uint8]) -> Tensor:
    """(h, w, 3) -> (3, h, w)."""
    return torch.from_numpy(np.ascontiguousarray(picture.transpose(2, 0, 1)))


def random_crop(picture: NDArray[np.uint8], size: int, recipe: Recipe, rng: np.random.Generator) -> NDArray[np.uint8]:
    """A random part of ``picture``, (h, w, 3) sRGB uint8, stretched a little, mirrored half of the time, as a square."""
    return _square(_random_part(picture, recipe, rng), size)


def random_pair(
    picture: NDArray[np.uint8], size: int, recipe: Recipe, rng: np.random.Generator
) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.float32]]:
    """A random crop as :func:`random_crop` makes it, a part of it at the same ``size``, and where that part lies.

    The last is (3,): the share of the crop's side that the part takes, then x and y of its first corner as shares of the side.
    """
    whole = _random_part(picture, recipe, rng)
    share = 1 / rng.uniform(recipe.zoom[0], recipe.zoom[1])
    tall, wide = (max(1, round(side * share)) for side in whole.shape[:2])
    y, x = rng.integers(0, whole.shape[0] - tall + 1), rng.integers(0, whole.shape[1] - wide + 1)
    place = np.array([share, x / whole.shape[1], y / whole.shape[0]], np.float32)
    return _square(whole, size), _square(whole[y : y + tall, x : x + wide], size), place


def _random_part(picture: NDArray[np.uint8], recipe: Recipe, rng: np.random.Generator) -> NDArray[np.uint8]:
    """A random part of ``picture`` in its own pixels, mirrored half of the time; as a square it is stretched a little.

    Of a picture that is longer than the recipe's stretch makes good, a part is taken: nothing is squeezed further.
    """
    height, width = picture.shape[:2]
    area = height * width * rng.uniform(recipe.smallest_crop, 1.0)
    stretch = np.exp(rng.uniform(-1, 1) * np.log(recipe.stretch)) if recipe.stretch > 0 else 1.0
    side = min(np.sqrt(area), height / np.sqrt(stretch), width * np.sqrt(stretch))
    tall = min(height, max(1, round(side * np.sqrt(stretch))))
    wide = min(width, max(1, round(side / np.sqrt(stretch))))
    y, x = rng.integers(0, height - tall + 1), rng.integers(0, width - wide + 1)
    part = picture[y : y + tall, x : x + wide]
    return part[:, ::-1] if rng.random() < 0.5 else part


def _square(part: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    way = cv2.INTER_AREA if min(part.shape[:2]) > size else cv2.INTER_CUBIC
    return cv2.resize(np.ascontiguousarray(part), (size, size), interpolation=way)  # type: ignore[return-value]


def centre_square(picture: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """The centre square of ``picture``, (h, w, 3) sRGB uint8, at ``size`` pixels: validation sees no random crop."""
    side = min(picture.shape[:2])
    y, x = (picture.shape[0] - side) // 2, (picture.shape[1] - side) // 2
    return _square(picture[y : y + side, x : x + side], size)


def centre_squares(store: PictureStore, indices: NDArray[np.int64], size: int) -> Tensor:
    """The centre squares of these pictures, (N, 3, size, size) sRGB uint8."""
    squares = np.stack([centre_square(store[i], size) for i in indices])
    return torch.from_numpy(squares.transpose(0, 3, 1, 2).copy())

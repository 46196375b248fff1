"""What a kernel learns from: each picture's features and automatic colours by the finished model, computed once."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional
from torch.utils.data import Dataset

from photochrom import decode
from photochrom.color import planes_to_lab
from photochrom.errors import DataError
from photochrom.parallel import ordered
from photochrom.runtime import OnnxSession, digest_of
from photochrom.steering.distribution import expected
from photochrom.train.augment import prepare
from photochrom.train.crops import Crop, centre_square
from photochrom.train.files import replacing, writing_cache
from photochrom.train.kernel.kernel_recipe import KernelRecipe
from photochrom.train.kernel.labelled import Square, labelled_squares
from photochrom.train.object.label_maps import find_pairs
from photochrom.train.picture_store import PictureStore

__all__ = ["PARTS", "TRUTH", "Examples", "build_examples", "chosen_pictures"]

log = logging.getLogger(__name__)

#: What is kept of a picture: features, L*, the expected colours and their deviations, the automatic colours at the model's
#: cells, the true ones at cells of 4 x 4 pixels, and there the numbers of labelled objects, 0 where nothing is labelled.
PARTS = ("f8", "f16", "f32", "lightness", "expected", "automatic", "truth", "objects")
#: Pixels along a side of a cell of the true colours.
TRUTH = 4


class Examples(Dataset[tuple[Tensor, ...]]):
    """The :data:`PARTS` of a picture, float32, mirrored half of the time, and its seed, for the orders of a StepSampler.

    A ``labelled`` share of the orders gets a picture with labelled objects in place of the store's, where there are any.
    """

    def __init__(self, folder: str | Path, labelled: float = 0.0) -> None:
        folder, self.labelled = Path(folder), labelled
        try:
            about = json.loads((folder / "examples.json").read_text("utf-8"))
            self.key: str = about["key"]
            self.shapes = [tuple(shape) for shape in about["shapes"]]
            self.row = {index: row for row, index in enumerate(about["indices"])}
            rows, width = len(self.row) + about["labelled"], sum(int(np.prod(shape)) for shape in self.shapes)
            self._data = np.memmap(folder / "examples.bin", np.float16, "r").reshape(rows, width)
        except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
            raise DataError(f"not a complete cache of examples ({error}); delete the folder", folder) from error

    def __len__(self) -> int:
        return len(self.row)

    def __getitem__(self, crop: Crop) -> tuple[Tensor, ...]:
        row, mirrored, others = self.row[crop.index], crop.seed % 2 == 1, len(self._data) - len(self.row)
        rng = np.random.default_rng((crop.seed, 4))
        if others and rng.random() < self.labelled:
            row = len(self.row) + int(rng.integers(others))
        return *self._parts(row, mirrored=mirrored), torch.tensor(crop.seed)

    def parts(self, index: int) -> tuple[Tensor, ...]:
        """The parts of the store's picture ``index``."""
        return self._parts(self.row[index])

    def _parts(self, row: int, *, mirrored: bool = False) -> tuple[Tensor, ...]:
        flat = torch.from_numpy(self._data[row].astype(np.float32))
        parts = torch.split(flat, [int(np.prod(shape)) for shape in self.shapes])
        planes = (part.reshape(shape) for part, shape in zip(parts, self.shapes, strict=True))
        return tuple(plane.flip(-1) if mirrored else plane for plane in planes)


def chosen_pictures(store: PictureStore, train: NDArray[np.int64], recipe: KernelRecipe) -> NDArray[np.int64]:
    """The training pictures that are kept, drawn by the recipe's weights."""
    weights = np.array([recipe.source_weights.get(store.entries[i].source, 1.0) for i in train])
    if not weights.sum() > 0:
        raise DataError("the recipe's source_weights leave no picture for training")
    count = min(recipe.pictures, int((weights > 0).sum()))
    rng = np.random.default_rng((recipe.seed, 3))
    return np.sort(rng.choice(train, count, replace=False, p=weights / weights.sum()))


def build_examples(
    session: OnnxSession,
    store: PictureStore,
    train: NDArray[np.int64],
    held: NDArray[np.int64],
    recipe: KernelRecipe,
    folder: str | Path,
    maps: Sequence[str | Path] = (),
) -> Examples:
    """Compute the examples of these pictures, or find them in ``folder``; those held back are not augmented.

    ``maps``: folders of pictures with label maps. The key is made of the model, the pictures and the recipe's settings. Raises
    DataError, and OutputWriteError where the disk is full.
    """
    folder, indices = Path(folder), [*train.tolist(), *held.tolist()]
    pairs = find_pairs(maps) if maps else []
    key = _key(session, store, [*indices, *(path.name for pair in pairs for path in pair)], recipe)
    if (folder / "examples.json").exists():
        if (known := Examples(folder, recipe.labelled)).key == key:
            return known
        log.warning("the examples in %s are of other data, weights or settings: they are computed again", folder)
    shapes: list[tuple[int, ...]] = []

    def squares() -> Iterator[Square]:
        nothing = np.zeros((recipe.size, recipe.size), np.uint8)
        for index in indices:
            yield Square(centre_square(store[index], recipe.size), nothing)
        yield from labelled_squares(pairs, recipe)

    def pictures() -> Iterator[tuple[Tensor, Tensor, NDArray[np.uint8]]]:
        rng = torch.Generator().manual_seed(recipe.seed)
        for number, square in enumerate(squares()):
            rgb = torch.from_numpy(square.rgb).permute(2, 0, 1)[None]
            augment = not len(train) <= number < len(indices)
            yield rgb, prepare(rgb, recipe.for_store(), rng, augment=augment).lightness[0], square.objects
            if number % 1000 == 0:
                log.info("examples of %d of %d pictures", number, len(indices) + len(pairs))

    with writing_cache(folder, "examples.json", "examples.bin") as out:
        for parts in ordered(lambda example: _example(session, *example), pictures()):
            shapes = [part.shape for part in parts]
            out.write(np.concatenate([part.ravel() for part in parts]).astype(np.float16).tobytes())
    with replacing(folder / "examples.json") as part_file:
        part_file.write_text(
            json.dumps({"key": key, "shapes": shapes, "indices": indices, "labelled": len(pairs)}), "utf-8"
        )
    return Examples(folder, recipe.labelled)


def _example(session: OnnxSession, rgb: Tensor, lightness: Tensor, objects: NDArray[np.uint8]) -> list[NDArray[Any]]:
    light = lightness[0].numpy()
    _, a, b = planes_to_lab(*(rgb.float() / 255).unbind(1))
    features = session.encode(light)
    scores = session.decode(features)
    cells: Any = cv2.resize(light, scores.shape[:0:-1], interpolation=cv2.INTER_AREA)
    agreed = decode.agree(scores, cells, features.arrays[0][0])
    automatic = decode.decode_bins(agreed, session.bins, log_prior=session.log_prior, middle=session.temperature)
    return [
        *(array[0] for array in features.arrays),
        light[None],
        expected(scores),
        np.moveaxis(automatic, -1, 0),
        functional.avg_pool2d(torch.cat([a, b]), TRUTH).numpy(),
        objects[None, TRUTH // 2 :: TRUTH, TRUTH // 2 :: TRUTH],
    ]


def _key(session: OnnxSession, store: PictureStore, pictures: list[int | str], recipe: KernelRecipe) -> str:
    chosen = hashlib.sha256(json.dumps(pictures).encode()).hexdigest()
    settings = (store.digest, recipe.size, recipe.film, recipe.old_print, recipe.beside, recipe.seed)
    return " ".join([*map(str, settings), chosen, digest_of(session.paths[:2])])

"""The frozen encoder's features of every training picture, computed once and kept as float16 in one flat file.

On a plain CPU the encoder's forward pass is a good part of the cost of training the decoder (benchmarks/training.py); with
the cache it is paid once. What it costs is variety: each picture is seen as one centre square, mirrored or not.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from photochrom.errors import DataError
from photochrom.nets.lite import STRIDES, LiteEncoder
from photochrom.train.augment import prepare
from photochrom.train.crops import Crop, centre_square
from photochrom.train.files import replacing, writing_cache
from photochrom.train.picture_store import PictureStore
from photochrom.train.precision import has_bfloat16
from photochrom.train.recipe import Recipe

__all__ = ["FeatureDataset", "build_features"]

log = logging.getLogger(__name__)


class FeatureDataset(Dataset[Any]):
    """(f8, f16, f32, ab, seed) of a picture, float16, mirrored half of the time, for the orders of a StepSampler."""

    def __init__(self, folder: str | Path) -> None:
        folder = Path(folder)
        try:
            about = json.loads((folder / "features.json").read_text("utf-8"))
            self.shapes = [tuple(shape) for shape in about["shapes"]]
            self.row = {index: row for row, index in enumerate(about["indices"])}
            self.key: str = about["key"]
            width = sum(int(np.prod(shape)) for shape in self.shapes)
            # a longer file is as wrong as a shorter one, so the length is checked by the reshaping
            self._data = np.memmap(folder / "features.bin", np.float16, "r").reshape(len(self.row), width)
        except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
            raise DataError(f"not a complete feature cache ({error}); delete the folder", folder) from error
        self._folder = folder

    def __reduce__(self) -> tuple[type[FeatureDataset], tuple[Path]]:
        """To another process the cache goes as its folder's name, not as gigabytes of features."""
        return FeatureDataset, (self._folder,)

    def __len__(self) -> int:
        return len(self.row)

    def __getitem__(self, crop: Crop) -> tuple[Tensor | int, ...]:
        flat = torch.from_numpy(np.array(self._data[self.row[crop.index]]))
        parts = torch.split(flat, [int(np.prod(shape)) for shape in self.shapes])
        planes = [part.reshape(shape) for part, shape in zip(parts, self.shapes, strict=True)]
        if crop.seed % 2:
            planes = [plane.flip(-1) for plane in planes]
        return *planes[:-1], planes[-1].float(), crop.seed


def build_features(
    encoder: LiteEncoder, store: PictureStore, indices: NDArray[np.int64], recipe: Recipe, folder: str | Path
) -> FeatureDataset:
    """Encode the pictures at ``indices`` and write the cache; one that is there for the same key is used again.

    The key is made of the encoder's weights, the pictures, and those of the recipe's settings that change the features.
    Raises OutputWriteError where the disk is full.
    """
    folder = Path(folder)
    size = recipe.sizes[0]
    key = _key(encoder, store, indices, recipe)
    if (folder / "features.json").exists():
        if (known := FeatureDataset(folder)).key == key:
            return known
        log.warning("the features in %s are of other data, weights or settings: they are computed again", folder)
    cells = [size // stride for stride in STRIDES]
    shapes = [(c, side, side) for c, side in zip(encoder.channels, cells, strict=True)] + [
        (2, size // recipe.stride, size // recipe.stride)
    ]
    rng = torch.Generator().manual_seed(recipe.seed)
    encoder = encoder.eval()
    with writing_cache(folder, "features.json", "features.bin") as out:
        for start in range(0, len(indices), 64):
            crops = [centre_square(store[i], size) for i in indices[start : start + 64]]
            sample = prepare(torch.from_numpy(np.stack(crops)).permute(0, 3, 1, 2), recipe, rng)
            out.write(_encode(encoder, sample.lightness, sample.ab).tobytes())
            if start % 6400 == 0:
                log.info("features of %d of %d pictures", start, len(indices))
    about = {"key": key, "shapes": shapes, "indices": [int(i) for i in indices]}
    with replacing(folder / "features.json") as part:
        part.write_text(json.dumps(about), "utf-8")
    return FeatureDataset(folder)


def _key(encoder: LiteEncoder, store: PictureStore, indices: NDArray[np.int64], recipe: Recipe) -> str:
    digest = hashlib.sha256(indices.tobytes())
    for weight in encoder.state_dict().values():
        digest.update(weight.contiguous().numpy().tobytes())
    settings = (store.digest, recipe.encoder, recipe.sizes[0], recipe.film, recipe.old_print, recipe.seed)
    shape = (recipe.stride, recipe.lightness_prior)
    return " ".join([*map(str, settings + shape), digest.hexdigest()])


def _encode(encoder: LiteEncoder, light: Tensor, ab: Tensor) -> NDArray[np.float16]:
    with torch.no_grad(), torch.autocast(light.device.type, torch.bfloat16, enabled=has_bfloat16()):
        features: Iterable[Tensor] = encoder(light.contiguous(memory_format=torch.channels_last))
    planes = [*features, ab]
    return torch.cat([plane.half().flatten(1) for plane in planes], dim=1).numpy()

"""Pictures for the papers' systems: centre squares, and the three augmentations that the papers name."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from photochrom.color import planes_to_lab
from photochrom.train.crops import Crop, centre_square
from photochrom.train.papers.paper_recipe import PaperRecipe
from photochrom.train.picture_store import PictureStore

__all__ = ["PaperCrops", "lab_of", "profile_of"]


class PaperCrops(Dataset[tuple[Tensor, int]]):
    """Square sRGB uint8 pictures (3, size, size) and their colour profiles, for the orders of a ``StepSampler``.

    centres: of the profiles (see :func:`profile_of`); None: all pictures are of profile 0.
    """

    def __init__(self, store: PictureStore, recipe: PaperRecipe, centres: NDArray[np.float32] | None = None) -> None:
        self.store, self.recipe, self.centres = store, recipe, centres

    def __getitem__(self, crop: Crop) -> tuple[Tensor, int]:
        recipe, rng = self.recipe, np.random.default_rng(crop.seed)
        picture = self.store[crop.index]
        if recipe.zoom:
            picture = zoomed(picture, float(rng.uniform(1 - recipe.zoom, 1 + recipe.zoom)), rng)
        square = centre_square(picture, crop.size)
        if recipe.flip and rng.random() < 0.5:
            square = square[:, ::-1]
        if recipe.brightness:
            factor = rng.uniform(1 - recipe.brightness, 1 + recipe.brightness)
            square = np.rint(np.clip(square * factor, 0, 255)).astype(np.uint8)
        label = 0 if self.centres is None else profile_of(self.store[crop.index], self.centres)
        return torch.from_numpy(np.ascontiguousarray(square.transpose(2, 0, 1))), label

    def __len__(self) -> int:
        return len(self.store)


def profile_of(picture: NDArray[np.uint8], centres: NDArray[np.float32]) -> int:
    """The colour profile of a picture (h, w, 3) uint8: the nearest of the ``centres`` (k, 82) to its dominant colours."""
    from photochrom.train.papers.profiles import dominant_colors, profile_vector

    vector = profile_vector(dominant_colors(picture))
    return int(((centres - vector) ** 2).sum(axis=1).argmin())


def zoomed(picture: NDArray[np.uint8], share: float, rng: np.random.Generator) -> NDArray[np.uint8]:
    """A square that covers ``share`` of the short side, somewhere (zoom in), or more than all of it (zoom out).

    Outside the picture (h, w, 3) its edge is repeated, as Keras' ImageDataGenerator does.
    """
    height, width = picture.shape[:2]
    side = max(8, round(share * min(height, width)))
    if share > 1:
        rows, columns = (max(0, side - length) for length in (height, width))
        picture = np.asarray(
            cv2.copyMakeBorder(
                np.ascontiguousarray(picture),
                rows // 2,
                rows - rows // 2,
                columns // 2,
                columns - columns // 2,
                cv2.BORDER_REPLICATE,
            ),
            np.uint8,
        )
        height, width = picture.shape[:2]
    y, x = rng.integers(0, height - side + 1), rng.integers(0, width - side + 1)
    return picture[y : y + side, x : x + side]


def lab_of(rgb: Tensor) -> tuple[Tensor, Tensor]:
    """Lightness (N, 1, H, W) in [0, 100] and ab (N, 2, H, W) of sRGB uint8 (N, 3, H, W); both float32."""
    light, a, b = planes_to_lab(*(rgb.float() / 255).unbind(1))
    return light.unsqueeze(1).contiguous(), torch.stack([a, b], 1)

"""Squares of pictures with label maps, some of them of two pictures side by side, whose objects are told apart by number."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from photochrom.errors import DataError
from photochrom.train.kernel.kernel_recipe import KernelRecipe
from photochrom.train.object.label_maps import WHOLE, read_labels

__all__ = ["Square", "labelled_squares"]

#: Added to the labels of the picture at the right: the same kind of thing over there is another object.
_RIGHT = 100


class Square(NamedTuple):
    """sRGB (size, size, 3), uint8, and the number of the object at each pixel, (size, size), 0 where nothing is labelled."""

    rgb: NDArray[np.uint8]
    objects: NDArray[np.uint8]


def labelled_squares(pairs: Sequence[tuple[Path, Path]], recipe: KernelRecipe) -> Iterator[Square]:
    """A square for each pair of a picture and its label map: the picture alone, or beside the next one.

    Beside means that the one at the left has half of the square and the other one the rest, in ``recipe.beside`` of the squares:
    the other person's coat is another coat. A person whose parts are not labelled is no object, since its parts have
    different colours. Raises DataError for a picture or a map that cannot be read, or where their shapes differ.
    """
    rng = np.random.default_rng((recipe.seed, 5))
    for number, pair in enumerate(pairs):
        if rng.random() < recipe.beside:
            half = recipe.size // 2
            left = _square(pair, (half, recipe.size))
            right = _square(pairs[(number + 1) % len(pairs)], (recipe.size - half, recipe.size))
            others = np.where(right.objects > 0, right.objects + _RIGHT, 0).astype(np.uint8)
            yield Square(np.hstack([left.rgb, right.rgb]), np.hstack([left.objects, others]))
        else:
            yield _square(pair, (recipe.size, recipe.size))


def _square(pair: tuple[Path, Path], size: tuple[int, int]) -> Square:
    """The middle of a picture and of its label map, at ``size``: width and height in pixels."""
    image: Any = cv2.imread(str(pair[0]), cv2.IMREAD_COLOR_RGB)
    if image is None:
        raise DataError("cannot be read as a picture", pair[0])
    labels = read_labels(pair[1])
    if labels.shape != image.shape[:2]:
        raise DataError(f"has the shape {labels.shape}, its picture {image.shape[:2]}", pair[1])
    height, width = labels.shape
    scale = min(width / size[0], height / size[1])
    wide, tall = (max(1, round(side * scale)) for side in size)
    y, x = (height - tall) // 2, (width - wide) // 2
    part = slice(y, y + tall), slice(x, x + wide)
    way = cv2.INTER_AREA if scale > 1 else cv2.INTER_CUBIC
    rgb: Any = cv2.resize(np.ascontiguousarray(image[part]), size, interpolation=way)
    objects: Any = cv2.resize(np.ascontiguousarray(labels[part]), size, interpolation=cv2.INTER_NEAREST)
    return Square(rgb, np.where(objects < min(WHOLE, _RIGHT), objects, 0).astype(np.uint8))

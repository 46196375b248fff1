"""What an object head learns from: the encoder's features and the objects of each picture, computed once."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import cv2
import numpy as np

from photochrom.color import lightness
from photochrom.errors import CheckpointError, DataError
from photochrom.resize import resized
from photochrom.runtime import OnnxSession, digest_of, open_model
from photochrom.steering.prompts import CELL
from photochrom.train.files import replacing, writing_cache
from photochrom.train.object.label_maps import find_pairs, numbered_objects, read_labels

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Example: TypeAlias = tuple[list[NDArray[np.float32]], NDArray[np.float32], NDArray[np.uint8]]

__all__ = ["ObjectExamples", "build_object_examples", "check_encoder", "encoder_sample"]

log = logging.getLogger(__name__)

#: Pictures are seen in one of these shapes, in short sides: their middle, as much of it as fits.
SHAPES = ((1.0, 1.0), (1.5, 1.0), (1.0, 1.5))
#: Encoders are the same whose samples differ by less than this share of the greatest value.
SAME = 0.02


class ObjectExamples:
    """Features, L* and objects of pictures, in groups of one shape: ``groups[shape]`` are the numbers of its pictures."""

    def __init__(self, folder: str | Path) -> None:
        folder = Path(folder)
        try:
            about = json.loads((folder / "examples.json").read_text("utf-8"))
            self.key: str = about["key"]
            self.names: list[str] = about["names"]
            self._places = about["places"]
            self._data = np.memmap(folder / "examples.bin", np.uint8, "r")
            self.groups: dict[tuple[int, int], list[int]] = {}
            for number, (_, height, width, _) in enumerate(self._places):
                self.groups.setdefault((height, width), []).append(number)
        except (OSError, ValueError, LookupError, TypeError) as error:
            raise DataError(f"not a complete cache of examples ({error}); delete the folder", folder) from error

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, number: int) -> Example:
        """Features (C, h, w) at strides 8, 16, 32, L* (H, W), and the objects (H / CELL, W / CELL) of a picture."""
        start, height, width, channels = self._places[number]
        features = []
        for stride, count in zip((8, 16, 32), channels, strict=True):
            shape = count, height // stride, width // stride
            size = 2 * int(np.prod(shape))
            features.append(self._data[start : start + size].view(np.float16).reshape(shape).astype(np.float32))
            start += size
        light = self._data[start : start + height * width].reshape(height, width) * np.float32(100 / 255)
        start += height * width
        cells = height // CELL, width // CELL
        return features, light, np.array(self._data[start : start + cells[0] * cells[1]]).reshape(cells)


def build_object_examples(
    session: OnnxSession, folders: Sequence[str | Path], size: int, folder: str | Path
) -> ObjectExamples:
    """Compute the examples of the pictures in these folders, or find them in ``folder``. ``size``: short side in pixels.

    Raises DataError, ImageError, OutputWriteError.
    """
    folder, pairs = Path(folder), find_pairs(folders)
    names = hashlib.sha256("\n".join(f"{p.name} {p.stat().st_size}" for pair in pairs for p in pair).encode())
    key = f"{size} {names.hexdigest()} {digest_of(session.paths[:1])}"
    if (folder / "examples.json").exists():
        if (known := ObjectExamples(folder)).key == key:
            return known
        log.warning("the examples in %s are of other data or weights: they are computed again", folder)
    places: list[Any] = []
    start = 0
    with writing_cache(folder, "examples.json", "examples.bin") as out:
        for number, (picture, labels) in enumerate(pairs):
            features, light, objects = _example(session, picture, labels, size)
            parts = [array.astype(np.float16).tobytes() for array in features]
            parts += [np.rint(light * 2.55).astype(np.uint8).tobytes(), objects.tobytes()]
            places.append([start, *light.shape, [array.shape[0] for array in features]])
            start += out.write(b"".join(parts))
            if number % 100 == 0:
                log.info("examples of %d of %d pictures", number, len(pairs))
    with replacing(folder / "examples.json") as part:
        part.write_text(json.dumps({"key": key, "names": [p.stem for p, _ in pairs], "places": places}), "utf-8")
    return ObjectExamples(folder)


def _example(session: OnnxSession, picture: Path, labels: Path, size: int) -> Example:
    rgb: Any = cv2.imread(str(picture), cv2.IMREAD_COLOR)
    if rgb is None:
        raise DataError("cannot be read as a picture", picture)
    light, numbers = lightness(np.ascontiguousarray(rgb[..., ::-1])), read_labels(labels)
    if numbers.shape != light.shape:
        raise DataError(f"is {numbers.shape[::-1]} pixels and its picture {light.shape[::-1]}", labels)
    height, width = light.shape
    rows, columns = min(SHAPES, key=lambda shape: abs(np.log(shape[0] / shape[1] * width / height)))
    scale = min(height / rows, width / columns)
    down, across = round(rows * scale), round(columns * scale)
    top, left = (height - down) // 2, (width - across) // 2
    window = np.s_[top : top + down, left : left + across]
    shape = round(rows * size), round(columns * size)
    seen = resized(light[window], shape, cv2.INTER_CUBIC).clip(0, 100)
    cells = shape[1] // CELL, shape[0] // CELL
    few: Any = cv2.resize(numbers[window], cells, interpolation=cv2.INTER_NEAREST_EXACT)
    features = [array[0] for array in session.encode(seen).arrays]
    return features, seen, numbered_objects(few)


def encoder_sample(session: OnnxSession) -> list[float]:
    """What an encoder makes of a pattern that is always the same: the means of its features at stride 16.

    The same encoder in another file, or after a harmless rounding of its weights, gives nearly the same.
    """
    rows, columns = np.mgrid[:64, :96].astype(np.float32)
    light = 50 + 25 * np.sin(rows / 5) + 25 * np.sin(columns * rows / 300)
    return [float(f"{value:.4g}") for value in session.encode(light.astype(np.float32)).arrays[1][0].mean((1, 2))]


def check_encoder(path: Path, sample: list[float]) -> None:
    """Raise CheckpointError unless the encoder at ``path`` gives this :func:`encoder_sample`, but for rounding."""
    if not path.is_file():
        raise CheckpointError("the encoder that the head is for must lie here", path)
    mine, theirs = np.array(encoder_sample(open_model(path, threads=1))), np.array(sample)
    if mine.shape != theirs.shape or np.abs(mine - theirs).max() > SAME * np.abs(theirs).max():
        raise CheckpointError("is not the encoder that the head was trained for", path)

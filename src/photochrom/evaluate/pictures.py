"""Truth pictures to measure on, from Parquet shards and folders, cut by a named protocol."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from photochrom.errors import DataError, ImageError, MissingExtraError, OptionError
from photochrom.images import open_image

__all__ = ["PROTOCOLS", "TruthPicture", "TruthSet", "centre_square", "open_truth"]

#: Side of the centre square in pixels, or None: the picture as it is. 64 is for fitting the baselines' tables.
PROTOCOLS: dict[str, int | None] = {"centre-256": 256, "centre-64": 64, "native": None}

_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff"})


@dataclass(frozen=True)
class TruthPicture:
    """One picture: its path within its set, where it is from, and its sRGB pixels, uint8 (h, w, 3)."""

    name: str
    source: str
    rgb: NDArray[np.uint8]


@dataclass(frozen=True)
class _Encoded:
    name: str
    source: str
    data: bytes | Path


class TruthSet(Sequence[TruthPicture]):
    """Pictures that are decoded when they are asked for: ``truth[i]``. What a shard holds is kept in memory encoded."""

    def __init__(self, rows: Sequence[_Encoded], protocol: str) -> None:
        self._rows, self.protocol = rows, protocol

    @property
    def names(self) -> tuple[str, ...]:
        """Every picture's path within its set; nothing is decoded."""
        return tuple(row.name for row in self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return TruthSet(self._rows[index], self.protocol)
        row = self._rows[index]
        try:
            rgb = _decode(row.data)
        except ImageError as error:
            raise DataError(f"the picture {row.name} cannot be read: {error}") from error
        side = PROTOCOLS[self.protocol]
        return TruthPicture(row.name, row.source, rgb if side is None else centre_square(rgb, side))


def centre_square(rgb: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """The largest centred square, resized to ``side`` x ``side``: uint8 (h, w, 3) -> uint8 (side, side, 3).

    Averaged over areas when it gets smaller, bicubic when it gets larger.
    """
    height, width = rgb.shape[:2]
    short = min(height, width)
    top, left = (height - short) // 2, (width - short) // 2
    square = rgb[top : top + short, left : left + short]
    if short == side:
        return square
    method = cv2.INTER_AREA if short > side else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(square, (side, side), interpolation=method), np.uint8)


def open_truth(paths: Sequence[str | Path], protocol: str = "centre-256", limit: int | None = None) -> TruthSet:
    """The pictures of Parquet shards, of folders (with their subfolders, by name) and of single files, in this order.

    Args:
        paths: shards in the Hugging Face image convention (column ``image`` = struct(bytes, path), column ``source``),
            folders of pictures or shards, or picture files.
        protocol: a key of :data:`PROTOCOLS`.
        limit: take so many pictures, evenly spread over the whole, because shards are often sorted by class.

    Raises:
        DataError: an absent path, a file that is no such shard, or no picture at all. A picture that cannot be decoded
            raises when it is asked for.
        OptionError: an unknown protocol, or a limit below 1.
        MissingExtraError: there is a shard, and pyarrow is not installed.
    """
    if protocol not in PROTOCOLS:
        raise OptionError("protocol", protocol, f"one of {', '.join(PROTOCOLS)}")
    if limit is not None and limit < 1:
        raise OptionError("limit", limit, "1 or more")
    files = [(file, _source(root, file), name) for root in map(Path, paths) for file, name in _files(root)]
    sizes = [_rows(file) if file.suffix == ".parquet" else 1 for file, _, _ in files]
    total = sum(sizes)
    if not total:
        raise DataError(f"no pictures and no Parquet shards in {', '.join(map(str, paths)) or 'an empty list'}")
    count = total if limit is None else min(limit, total)
    wanted = np.arange(count) * total // count
    rows: list[_Encoded] = []
    start = 0
    for (file, source, name), size in zip(files, sizes, strict=True):
        inside = wanted[(wanted >= start) & (wanted < start + size)] - start
        start += size
        if file.suffix != ".parquet":
            rows += [_Encoded(name, source, file)] * len(inside)
        elif len(inside):
            rows += _shard(file, inside)
    return TruthSet(rows, protocol)


def _files(root: Path) -> Iterator[tuple[Path, str]]:
    """Shards and pictures at ``root`` with their names within it, sorted."""
    if not root.exists():
        raise DataError("there is no such file or folder", root)
    if not root.is_dir():
        yield root, root.name
        return
    for file in sorted(root.rglob("*")):
        if file.suffix.lower() in _SUFFIXES or file.suffix == ".parquet":
            yield file, file.relative_to(root).as_posix()


def _source(root: Path, file: Path) -> str:
    return root.name if root.is_dir() else file.parent.name


def _parquet() -> Any:
    try:
        import pyarrow.parquet
    except ImportError as error:
        raise MissingExtraError("train", "reading Parquet shards") from error
    return pyarrow.parquet


def _rows(shard: Path) -> int:
    parquet = _parquet()
    try:
        with parquet.ParquetFile(shard) as file:
            return int(file.metadata.num_rows)
    except (OSError, ValueError) as error:  # pyarrow's errors derive from these
        raise DataError(f"not a Parquet shard ({error})", shard) from error


def _shard(shard: Path, wanted: NDArray[Any]) -> Iterator[_Encoded]:
    """The wanted rows (ascending) of a shard, a batch at a time."""
    start = 0
    try:
        with _parquet().ParquetFile(shard) as file:
            for batch in file.iter_batches(256, columns=["image", "source"]):
                inside = wanted[(wanted >= start) & (wanted < start + len(batch))] - start
                start += len(batch)
                for row in batch.take(inside).to_pylist():
                    yield _Encoded(row["image"]["path"], row["source"], row["image"]["bytes"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"not a Parquet shard of pictures ({error})", shard) from error


def _decode(data: bytes | Path) -> NDArray[np.uint8]:
    """Upright sRGB pixels, uint8 (h, w, 3), of an encoded picture: profile applied, opacity left out, rounded."""
    strips = open_image(data).strips()
    pixels = np.concatenate([strip for _, strip in strips])
    if pixels.dtype == np.uint16:
        pixels = np.round(pixels / 257).astype(np.uint8)
    return np.repeat(pixels[..., None], 3, axis=2) if pixels.ndim == 2 else pixels

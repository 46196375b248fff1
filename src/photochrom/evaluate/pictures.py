"""Truth pictures to measure on, from Parquet shards, folders and lists, cut by a named protocol."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from photochrom.errors import DataError, ImageError, OptionError
from photochrom.evaluate.protocols import Protocol, find_protocol
from photochrom.evaluate.shards import Row, Spool, shard_rows
from photochrom.images import open_image

__all__ = ["SUFFIXES", "TruthPicture", "TruthSet", "decode", "open_truth", "picture_key"]

#: Endings of the files of a folder that are taken for pictures.
SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff"})


@dataclass(frozen=True)
class TruthPicture:
    """One picture: its path within its set, where it is from, and its sRGB pixels, uint8 (h, w, 3)."""

    name: str
    source: str
    rgb: NDArray[np.uint8]


class TruthSet(Sequence[TruthPicture]):
    """Pictures that are read on demand: ``truth[i]``. Only their names and places are kept in memory."""

    def __init__(self, rows: Sequence[Row], protocol: Protocol, spool: Spool) -> None:
        self.rows, self.protocol, self._spool = rows, protocol, spool

    @property
    def names(self) -> tuple[str, ...]:
        """Every picture's path within its set; nothing is read."""
        return tuple(row.name for row in self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return TruthSet(self.rows[index], self.protocol, self._spool)
        row = self.rows[index]
        return TruthPicture(row.name, row.source, self.protocol.cut(decode(row)))


def decode(row: Row) -> NDArray[np.uint8]:
    """Upright sRGB pixels, uint8 (h, w, 3), of a picture: profile applied, opacity left out, rounded. Raises DataError."""
    try:
        pixels = np.concatenate([strip for _, strip in open_image(row.read()).strips()])
    except ImageError as error:
        raise DataError(f"the picture {row.name} cannot be read: {error}") from error
    if pixels.dtype == np.uint16:
        pixels = np.round(pixels / 257).astype(np.uint8)
    return np.repeat(pixels[..., None], 3, axis=2) if pixels.ndim == 2 else pixels


def picture_key(name: str) -> str:
    """What pictures of one photograph share: the path within their set, without the ending.

    A second crop of a picture keeps its mark.

    >>> picture_key("dogs/1.jpeg"), picture_key("dogs/1.jpeg#upper")
    ('dogs/1', 'dogs/1#upper')
    """
    path = Path(name)
    _, hash_, crop = path.suffix.partition("#")
    return path.with_suffix("").as_posix() + hash_ + crop


def open_truth(paths: Sequence[str | Path], protocol: str = "centre-256", limit: int | None = None) -> TruthSet:
    """The pictures of Parquet shards, folders (with their subfolders, by name), lists and single files, in this order.

    Args:
        paths: shards in the Hugging Face image convention (column ``image`` = struct(bytes, path), perhaps ``source``),
            folders of pictures or shards, text files (.txt) with a path in every line, from the text file's own folder (what
            stands behind it, such as a class, is left out), or picture files.
        protocol: a key of :data:`photochrom.evaluate.protocols.PROTOCOLS`.
        limit: take so many pictures, evenly spread over the whole, because shards are often sorted by class.

    Raises:
        DataError: an absent path, a file that is no such shard, or no picture at all. A picture that cannot be read
            raises when it is read.
        OptionError: an unknown protocol, or a limit below 1.
        MissingExtraError: there is a shard, and pyarrow is not installed.
    """
    rule = find_protocol(protocol)
    if limit is not None and limit < 1:
        raise OptionError("limit", limit, "1 or more")
    rows = [row for path in paths for row in _rows(Path(path))]
    if not rows:
        raise DataError(f"no pictures and no Parquet shards in {', '.join(map(str, paths)) or 'an empty list'}")
    if rule.first is not None:
        rows = sorted(rows, key=lambda row: row.name)[: rule.first]
    count = len(rows) if limit is None else min(limit, len(rows))
    chosen = [rows[i] for i in np.arange(count) * len(rows) // count]
    spool = Spool()
    return TruthSet(spool.with_pictures(chosen), rule, spool)


def _rows(root: Path) -> list[Row]:
    """Shards and pictures at ``root`` with their names within it, sorted."""
    if not root.exists():
        raise DataError("there is no such file or folder", root)
    if root.is_dir():
        found = [(file, file.relative_to(root).as_posix()) for file in sorted(root.rglob("*"))]
        files = [(file, name) for file, name in found if file.suffix.lower() in SUFFIXES or file.suffix == ".parquet"]
        source = root.name
    elif root.suffix.lower() == ".txt":
        files, source = _listed(root), root.stem
    else:
        files, source = [(root, root.name)], root.parent.name
    rows: list[Row] = []
    for file, name in files:
        rows += shard_rows(file) if file.suffix == ".parquet" else [Row(name, source, file)]
    return rows


def _listed(file: Path) -> list[tuple[Path, str]]:
    """The paths in a text file and how they are written there."""
    try:
        lines = [line.strip() for line in file.read_text(encoding="utf-8").splitlines()]
    except (OSError, ValueError) as error:
        raise DataError(f"not a list of pictures in UTF-8 ({error})", file) from error
    found = []
    for line in filter(None, lines):
        words = line.rsplit(maxsplit=1)
        # "picture.jpg 65": Caffe's lists name the class behind the path
        path = words[0] if len(words) == 2 and words[1].isdigit() and not (file.parent / line).exists() else line
        found.append((file.parent / path, Path(path).name if Path(path).is_absolute() else Path(path).as_posix()))
    return found

"""Where a picture lies: a file, or a row of a Parquet shard, whose pictures go to a temporary file one batch at a time."""

from __future__ import annotations

import tempfile
import weakref
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from photochrom.errors import DataError, MissingExtraError

__all__ = ["Row", "Span", "Spool", "shard_rows"]

#: Rows of a shard that are held at a time.
_BATCH = 16


class Span(NamedTuple):
    """A stretch of a file, in bytes."""

    file: Path
    start: int
    length: int


class _ShardRow(NamedTuple):
    """A row of a shard, not yet read."""

    shard: Path
    number: int


@dataclass(frozen=True)
class Row:
    """One picture, not yet read: its path within its set, its source, where its bytes are, and the number of its class.

    imagenet: number of its ImageNet class, 0 to 999, where the shard has a column of that name; else None.
    """

    name: str
    source: str
    place: Path | Span | _ShardRow
    imagenet: int | None = None

    def read(self) -> bytes | Path:
        """What :func:`photochrom.images.open_image` takes."""
        if isinstance(self.place, Path):
            return self.place
        if isinstance(self.place, _ShardRow):
            raise RuntimeError("its bytes were not spooled")
        with self.place.file.open("rb") as file:
            file.seek(self.place.start)
            return file.read(self.place.length)


class Spool:
    """A temporary file for the pictures of shards: any of them can be read again at once, and none is held in memory.

    A Parquet file can only be read from the start of one of its groups of rows, which may hold all of its pictures.
    The file goes when the spool does.
    """

    def __init__(self) -> None:
        self._file: Path | None = None

    def with_pictures(self, rows: Sequence[Row]) -> list[Row]:
        """The rows, the bytes of those in shards written to the spool. Raises DataError, MissingExtraError."""
        wanted: dict[Path, dict[int, list[int]]] = {}
        for index, row in enumerate(rows):
            if isinstance(row.place, _ShardRow):
                wanted.setdefault(row.place.shard, {}).setdefault(row.place.number, []).append(index)
        ready = list(rows)
        if not wanted:
            return ready
        with tempfile.NamedTemporaryFile(prefix="photochrom-", suffix=".spool", delete=False) as out:
            self._file = Path(out.name)
            weakref.finalize(self, self._file.unlink, missing_ok=True)
            start = 0
            for shard, places in wanted.items():
                for number, data in _bytes(shard, places):
                    out.write(data)
                    for index in places[number]:
                        ready[index] = replace(rows[index], place=Span(self._file, start, len(data)))
                    start += len(data)
        return ready


def _parquet() -> Any:
    try:
        import pyarrow.parquet
    except ImportError as error:
        raise MissingExtraError("eval", "reading Parquet shards") from error
    return pyarrow.parquet


def _batches(shard: Path, columns: list[str], size: int) -> Iterator[Any]:
    try:
        # read ahead by little, or all the pictures of a group of rows would be held
        with _parquet().ParquetFile(shard, buffer_size=1 << 20, pre_buffer=False) as file:
            known = [name for name in columns if name.partition(".")[0] in file.schema_arrow.names]
            if "image" not in {name.partition(".")[0] for name in known}:
                raise DataError("not a Parquet shard of pictures (it has no column 'image')", shard)
            yield from file.iter_batches(size, columns=known)
    except (OSError, ValueError, KeyError, TypeError) as error:  # pyarrow's errors derive from these
        raise DataError(f"not a Parquet shard of pictures ({error})", shard) from error


def shard_rows(shard: Path) -> list[Row]:
    """The rows of a shard, without their pictures. Raises DataError, MissingExtraError.

    A picture without a path is named by its number.
    """
    rows: list[Row] = []
    for batch in _batches(shard, ["image.path", "source", "imagenet"], 4096):
        for row in batch.to_pylist():
            name = row["image"]["path"] or f"{len(rows):06d}"
            rows.append(
                Row(name, row.get("source") or shard.stem, _ShardRow(shard, len(rows)), _imagenet(row.get("imagenet")))
            )
    return rows


def _imagenet(value: object) -> int | None:
    """What a column of that name holds, if it is the number of a class."""
    return value if isinstance(value, int) and 0 <= value < 1000 else None


def _bytes(shard: Path, wanted: dict[int, list[int]]) -> Iterator[tuple[int, bytes]]:
    """Number and encoded picture of the wanted rows."""
    start = 0
    for batch in _batches(shard, ["image.bytes"], _BATCH):
        numbers = [number for number in range(start, start + len(batch)) if number in wanted]
        if numbers:
            column = batch.column("image").field("bytes")
            for number in numbers:
                yield number, column[number - start].as_py() or b""
        start += len(batch)

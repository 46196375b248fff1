"""Encoded training pictures from wherever they lie: folders, Parquet shards and WebDataset tars, here or behind a URL.

A URL is what fsspec knows: ``s3://bucket/shards``, ``https://...``. Shards and tars are streamed: of one that lies elsewhere no
more is here at a time than is being read.
"""

from __future__ import annotations

import logging
import posixpath
import tarfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem

from photochrom.errors import DataError

__all__ = ["Encoded", "Input", "in_order", "list_inputs", "read_pictures"]

log = logging.getLogger(__name__)

#: Names of picture files end in one of these, those of tars in one of the others.
PICTURES = (".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")
TARS = (".tar", ".tar.gz", ".tgz")
#: Pictures in folders that are read at the same time: a store of objects answers each of them slowly, and all at once.
READERS = 8

T = TypeVar("T")
R = TypeVar("R")


class Input(NamedTuple):
    """A file: its file system and name there, its name below what the user gave, its bytes, and the source of its pictures."""

    system: Any
    name: str
    below: str
    size: int | None
    source: str

    @property
    def where(self) -> str:
        """What to call it in a message: its path, or its URL."""
        return self.name if isinstance(self.system, LocalFileSystem) else str(self.system.unstrip_protocol(self.name))


class Encoded(NamedTuple):
    """One picture as it was found; ``data`` is empty where there is none, or where it may not be read.

    ``kind`` is its class in its source, ``imagenet`` the index (0 to 999) of its ImageNet class, where a shard gives them.
    """

    source: str
    path: str
    data: bytes
    kind: str | None = None
    imagenet: int | None = None


def list_inputs(places: Iterable[str | Path]) -> list[Input]:
    """The shards, tars and pictures at ``places``: files, folders with all below them, and fsspec URLs of either.

    Other files in a folder are passed over, and counted in the log. Raises DataError for a place that is not there, cannot be
    reached or holds nothing of use.
    """
    return [found for place in places for found in _list(place)]


def _list(place: str | Path) -> list[Input]:
    with _reading("cannot be reached", place):
        system, root = _system(place)
        if system.isfile(root):
            source = _stem(root) if _is_tar(root) else posixpath.basename(posixpath.dirname(root))
            return [Input(system, root, posixpath.basename(root), system.info(root)["size"], source)]
        if not system.isdir(root):
            raise DataError("no such file or folder", place)
        below = {posixpath.relpath(name, root): info for name, info in system.find(root, detail=True).items()}
    wanted = [name for name in below if name.lower().endswith((*PICTURES, *TARS, ".parquet"))]
    if not wanted:
        raise DataError("no pictures, no Parquet shards and no tars in this folder", place)
    if others := sorted(below.keys() - wanted):
        log.warning("%s: passed over %d of its files, such as %s", place, len(others), others[0])
    source = posixpath.basename(root.rstrip("/"))
    return [
        Input(system, below[name]["name"], name, below[name]["size"], _stem(name) if _is_tar(name) else source)
        for name in sorted(wanted, key=lambda name: name.split("/"))
    ]


def _system(place: str | Path) -> tuple[Any, str]:
    """The file system of a place and the place's name in it; what is no URL is a path here, whatever else is in it."""
    if "://" in str(place):
        system, root = url_to_fs(str(place))
        return system, root
    return LocalFileSystem(), Path(place).resolve().as_posix()


def read_pictures(inputs: Sequence[Input]) -> Iterator[Encoded]:
    """Every picture in these files, in their order; those in folders are read a few at a time, ahead of their use.

    Shards follow the Hugging Face image convention: column ``image`` = struct(bytes, path), column ``source``; columns ``class``
    and ``imagenet`` are read where they are. Tars follow that of WebDataset: ``key.jpg`` is a picture; what lies beside it
    (``key.json``, ``key.cls``, ``key.txt``) is not used. Several pictures of one key are parts of one source picture:
    ``key.left.jpg`` gets the path ``key#left.jpg``.
    Raises DataError for a shard or a tar that is damaged or something else.
    """
    with ThreadPoolExecutor(READERS) as pool:
        lone: list[Input] = []
        for file in inputs:
            if file.name.lower().endswith(PICTURES):
                lone.append(file)
                continue
            yield from in_order(pool, _read_picture, lone)
            lone = []
            yield from (_read_tar if _is_tar(file.name) else _read_shard)(file)
        yield from in_order(pool, _read_picture, lone)


def in_order(pool: Executor, function: Callable[[T], R], items: Iterable[T], ahead: int = 256) -> Iterator[R]:
    """``map(function, items)`` in the pool, at most ``ahead`` items before the one that is read."""
    waiting: list[Any] = []
    for item in items:
        waiting.append(pool.submit(function, item))
        if len(waiting) >= ahead:
            yield waiting.pop(0).result()
    for job in waiting:
        yield job.result()


def _read_picture(file: Input) -> Encoded:
    data = b""
    try:
        with _reading("cannot be read", file.where):
            data = file.system.cat_file(file.name)
    except DataError as error:
        if not isinstance(error.__cause__, PermissionError | FileNotFoundError):
            raise  # a disk or a network that fails is not the picture's fault
        log.warning("%s", error)
    return Encoded(file.source, file.below, data)


def _read_shard(file: Input) -> Iterator[Encoded]:
    import pyarrow.parquet as pq

    number = 0
    with _reading("not a whole Parquet shard of pictures", file.where), file.system.open(file.name) as raw:
        shard = pq.ParquetFile(raw)
        columns = ["image", "source", *({"class", "imagenet"} & set(shard.schema_arrow.names))]
        for batch in shard.iter_batches(64, columns=columns):
            for row in batch.to_pylist():
                image = row["image"] or {"path": None, "bytes": None}
                path = image["path"] or f"{posixpath.basename(file.name)}:{number}"
                source, data = row["source"] or _stem(file.name), image["bytes"] or b""
                yield Encoded(source, path, data, row.get("class"), row.get("imagenet"))
                number += 1


def _read_tar(file: Input) -> Iterator[Encoded]:
    with (
        _reading("not a whole tar of pictures", file.where),
        file.system.open(file.name) as raw,
        tarfile.open(fileobj=raw, mode="r|*") as tar,
    ):
        for member in tar:
            folder, name = posixpath.split(member.name)
            key, _, kind = name.partition(".")
            content = tar.extractfile(member) if f".{kind.lower()}".endswith(PICTURES) else None
            if content is not None:
                path = posixpath.join(folder, f"{key}#{kind}" if "." in kind else name)
                yield Encoded(file.source, path.removeprefix("./"), content.read())
        # For tarfile a damaged header in the middle is the end, and so is the end of the file; two empty blocks should be.
        end = tar.fileobj.read(512)
        if len(end) < 512 or any(end):
            raise DataError("not a whole tar of pictures (no end, or a damaged header)", file.where)


def _is_tar(name: str) -> bool:
    return name.lower().endswith(TARS)


def _stem(name: str) -> str:
    return (
        posixpath.basename(name).partition(".")[0] if _is_tar(name) else posixpath.splitext(posixpath.basename(name))[0]
    )


@contextmanager
def _reading(what: str, place: str | Path) -> Iterator[None]:
    """What drivers of file systems, Arrow and tarfile raise has no common base: here it becomes a DataError."""
    try:
        yield
    except DataError:
        raise
    except Exception as error:
        raise DataError(f"{what} ({(str(error).splitlines() or [type(error).__name__])[0]})", place) from error

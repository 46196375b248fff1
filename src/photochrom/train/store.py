"""Training pictures, decoded once into one flat file of uint8 pixels, so that an epoch is not spent on decoding.

A store is a folder of two files: ``pixels.bin`` (every picture's sRGB rows, one after the other) and ``index.json`` (one row
a picture, and the digest of the list). It is memory-mapped: many processes share it, and the system keeps it in memory.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from photochrom.color import rgb_to_lab
from photochrom.errors import DataError
from photochrom.train.files import replacing, writing_cache

__all__ = ["Entry", "PictureStore", "build_store", "open_store", "read_pictures", "split_share"]

log = logging.getLogger(__name__)

#: Longest short side that is kept, in pixels: more would not be used, and would not fit into memory.
LARGEST_SIDE = 256
#: Smallest usable short side, in pixels.
SMALLEST_SIDE = 32
#: Names of picture files in folders end in one of these.
SUFFIXES = (".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")


@dataclass(frozen=True)
class Entry:
    """One picture: where its pixels start, its shape, where it came from, and its mean chroma (ab units)."""

    offset: int
    height: int
    width: int
    source: str
    path: str
    chroma: float


class PictureStore:
    """Read access to a store made by :func:`build_store`; ``store[i]`` is an sRGB uint8 array (h, w, 3)."""

    def __init__(self, folder: str | Path) -> None:
        folder = Path(folder)
        try:
            table = json.loads((folder / "index.json").read_text())
            self.entries = [Entry(*row) for row in table["entries"]]
            self.digest: str = table["digest"]
            #: Digest of the files that the store was made from, by name and size; None in stores that do not say.
            self.inputs: str | None = table.get("inputs")
            self._pixels = np.memmap(folder / "pixels.bin", np.uint8, "r")
            last = self.entries[-1]
            complete = self._pixels.size == last.offset + last.height * last.width * 3
        except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
            raise DataError(f"not a picture store ({error}); delete the folder and build it again", folder) from error
        if not complete:
            raise DataError("the picture store is incomplete; delete the folder and build it again", folder)
        self._folder = folder

    def __reduce__(self) -> tuple[type[PictureStore], tuple[Path]]:
        """To another process the store goes as its folder's name, not as gigabytes of pixels."""
        return PictureStore, (self._folder,)

    def __len__(self) -> int:
        return len(self.entries)

    def __getitem__(self, index: int) -> NDArray[np.uint8]:
        entry = self.entries[index]
        size = entry.height * entry.width * 3
        return self._pixels[entry.offset : entry.offset + size].reshape(entry.height, entry.width, 3)


def split_share(path: str) -> float:
    """A number in [0, 1) that depends on the source picture only, not on the crop (what follows ``#`` in ``path``).

    A picture is held back from training where its number is below the recipe's share.
    """
    digest = hashlib.sha256(path.split("#")[0].encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def open_store(data: Iterable[str | Path], folder: str | Path) -> PictureStore:
    """The store at ``folder``, made from ``data`` where there is none; ``data`` may itself be the folder of one store.

    Raises DataError for data that cannot be used, and where the store at ``folder`` was made from other files.
    """
    folder, paths = Path(folder), [Path(path) for path in data]
    if len(paths) == 1 and (paths[0] / "index.json").exists():
        return PictureStore(paths[0])
    if not (folder / "index.json").exists():
        return build_store(paths, folder)
    store = PictureStore(folder)
    if paths and store.inputs not in (None, _inputs(paths)):
        raise DataError("holds other pictures than those given; choose another cache, or delete this one", folder)
    return store


def _files(path: Path) -> list[Path]:
    """The shard ``path``, or the pictures and shards in the folder ``path``."""
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise DataError("no such file or folder", path)
    found = sorted(p for p in path.rglob("*") if p.suffix.lower() in {*SUFFIXES, ".parquet"} and p.is_file())
    if not found:
        raise DataError("no pictures and no Parquet shards in this folder", path)
    return found


def _inputs(paths: Iterable[Path]) -> str:
    rows = [
        (file.relative_to(path.parent if path.is_file() else path).as_posix(), file.stat().st_size)
        for path in paths
        for file in _files(path)
    ]
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()


def read_pictures(paths: Iterable[str | Path]) -> Iterator[tuple[str, str, bytes]]:
    """(source, path, encoded bytes) of every picture in Parquet shards and folders of picture files.

    Shards follow the Hugging Face image convention: column ``image`` = struct(bytes, path), column ``source``. A picture
    that is absent or may not be read has no bytes. Raises DataError for what is absent, empty or not such a shard.
    """
    for path in map(Path, paths):
        for file in _files(path):
            if path.is_dir() and file.suffix.lower() in SUFFIXES:
                yield path.resolve().name, file.relative_to(path).as_posix(), _bytes(file)
            else:
                yield from _read_shard(file)


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        log.warning("%s: %s", file, error.strerror)
        return b""


def _read_shard(path: Path) -> Iterator[tuple[str, str, bytes]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        number = 0
        for batch in pq.ParquetFile(path).iter_batches(64, columns=["image", "source"]):
            for row in batch.to_pylist():
                image = row["image"] or {"path": None, "bytes": None}
                yield row["source"] or path.stem, image["path"] or f"{path.name}:{number}", image["bytes"] or b""
                number += 1
    except (OSError, pa.ArrowException, KeyError, TypeError) as error:
        raise DataError(f"not a Parquet shard of pictures ({error})", path) from error


def _decode(item: tuple[str, str, bytes]) -> tuple[str, str, NDArray[np.uint8] | None, float]:
    source, path, data = item
    try:
        raw = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:  # no bytes at all, or more pixels than OpenCV wants to read
        raw = None
    if raw is None or min(raw.shape[:2]) < SMALLEST_SIDE:
        return source, path, None, 0.0
    picture = cv2.cvtColor(raw, cv2.COLOR_BGR2RGB)
    scale = LARGEST_SIDE / min(picture.shape[:2])
    if scale < 1:
        picture = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    small = cv2.resize(picture, (32, 32), interpolation=cv2.INTER_AREA)
    ab = rgb_to_lab(small / 255.0)[..., 1:]
    return source, path, picture.astype(np.uint8), float(np.hypot(ab[..., 0], ab[..., 1]).mean())


def build_store(paths: Iterable[str | Path], folder: str | Path) -> PictureStore:
    """Decode every picture into a store at ``folder``; broken or tiny pictures are left out and logged.

    Raises DataError when nothing is left, OutputWriteError where the disk is full. The index is written last: a store
    without one is not complete.
    """
    folder, data = Path(folder), [Path(path) for path in paths]
    if not data:
        raise DataError("no training data given: name Parquet shards or folders of pictures")
    inputs = _inputs(data)
    entries: list[Entry] = []
    offset = left_out = 0
    with writing_cache(folder, "index.json", "pixels.bin") as out, ThreadPoolExecutor(2) as pool:
        for source, path, picture, chroma in _in_order(pool, read_pictures(data)):
            if picture is None:
                left_out += 1
                log.warning("left out (broken, or shorter than %d pixels): %s %s", SMALLEST_SIDE, source, path)
                continue
            out.write(picture.tobytes())
            entries.append(Entry(offset, picture.shape[0], picture.shape[1], source, path, round(chroma, 2)))
            offset += picture.size
    if not entries:
        raise DataError(f"no usable picture ({left_out} broken or too small)", folder)
    rows = [list(asdict(entry).values()) for entry in entries]
    digest = hashlib.sha256(json.dumps(rows).encode()).hexdigest()
    with replacing(folder / "index.json") as part:
        part.write_text(json.dumps({"digest": digest, "inputs": inputs, "entries": rows}))
    return PictureStore(folder)


def _in_order(pool: ThreadPoolExecutor, items: Iterator[Any]) -> Iterator[Any]:
    """``map(_decode, items)`` on the pool's threads, a few hundred ahead at the most."""
    waiting: list[Any] = []
    for item in items:
        waiting.append(pool.submit(_decode, item))
        if len(waiting) >= 256:
            yield waiting.pop(0).result()
    for job in waiting:
        yield job.result()

"""Training pictures in one flat file: checked once, at the size that training wants, and quick to get at.

A store is a folder of two files: ``pixels.bin`` (one picture after the other) and ``index.json`` (one row a picture, and the
digest of the list). It is memory-mapped: many processes share it, and the system keeps it in memory. A picture is there as its
sRGB rows, so that an epoch is not spent on decoding, or, in an encoded store, as a JPEG or WebP file: about an eighth of the
size for one to two milliseconds a picture. An encoded store is for sets that would not fit into memory otherwise.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple, dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from photochrom.color import rgb_to_lab
from photochrom.errors import DataError
from photochrom.train.files import replacing, writing_cache
from photochrom.train.inputs import Encoded, Input, in_order, list_inputs, read_pictures
from photochrom.train.plain import decode_plain, ends, plain_size

__all__ = ["Entry", "PictureStore", "build_store", "encode_jpeg", "open_store", "split_share"]

log = logging.getLogger(__name__)

#: Longest short side that is kept, in pixels, unless another is requested: a decoded store would not fit into memory.
LARGEST_SIDE = 256
#: Quality of the JPEGs in an encoded store, of pictures that are made smaller for it.
QUALITY = 95
#: Smallest usable short side, in pixels.
SMALLEST_SIDE = 32


@dataclass(frozen=True)
class Entry:
    """One picture: where it starts, its shape, where it came from, and its mean chroma (ab units).

    ``length``: bytes of the encoded picture; 0 where it is there as pixels. ``kind``: its class in its source, or "";
    ``imagenet``: the index of its ImageNet class, or -1.
    """

    offset: int
    height: int
    width: int
    source: str
    path: str
    chroma: float
    length: int = 0
    kind: str = ""
    imagenet: int = -1

    @property
    def end(self) -> int:
        """Where it ends."""
        return self.offset + (self.length or self.height * self.width * 3)


class PictureStore:
    """Read access to a store made by :func:`build_store`; ``store[i]`` is an sRGB uint8 array (h, w, 3)."""

    def __init__(self, folder: str | Path) -> None:
        folder = Path(folder)
        try:
            table = json.loads((folder / "index.json").read_text("utf-8"))
            self.entries = [Entry(*row) for row in table["entries"]]
            self.digest: str = table["digest"]
            #: Digest of the files that the store was made from, by name and size; None in stores that do not say.
            self.inputs: str | None = table.get("inputs")
            self._pixels = np.memmap(folder / "pixels.bin", np.uint8, "r")
            complete = self._pixels.size == self.entries[-1].end
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
        data = self._pixels[entry.offset : entry.end]
        if not entry.length:
            return data.reshape(entry.height, entry.width, 3)
        return cv2.cvtColor(cv2.imdecode(data, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)  # type: ignore[return-value, arg-type]


def split_share(path: str, frames: int = 1) -> float:
    """A number in [0, 1) that depends on the source picture only, not on the crop or frame (what follows ``#`` in ``path``).

    A picture is held back from training where its number is below the recipe's share. ``frames``: so many consecutive
    numbers in the names of files (the last number of a name) share one, for sources that are frames of a film.
    """
    name = path.split("#")[0]
    if frames > 1:
        name = re.sub(r"(\d+)(?=\D*$)", lambda number: str(int(number[0]) // frames), name)
    digest = hashlib.sha256(name.encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def open_store(
    data: Iterable[str | Path], folder: str | Path, remedy: str = "choose another cache, or delete this one"
) -> PictureStore:
    """The store at ``folder``, made from ``data`` where there is none; ``data`` may itself be the folder of one store.

    Raises DataError for data that cannot be used, and, with the ``remedy``, where the store at ``folder`` was made from other
    files.
    """
    folder, places = Path(folder), list(data)
    if len(places) == 1 and (Path(places[0]) / "index.json").exists():
        return PictureStore(places[0])
    if not (folder / "index.json").exists():
        return build_store(places, folder)
    store = PictureStore(folder)
    if places and store.inputs not in (None, _digest(list_inputs(places))):
        raise DataError(f"holds other pictures than those given; {remedy}", folder)
    return store


def _digest(inputs: Iterable[Input]) -> str:
    return hashlib.sha256(json.dumps([(file.below, file.size) for file in inputs]).encode()).hexdigest()


class _Decoded(NamedTuple):
    """What goes into a store of one picture, its shape and mean chroma; or why nothing does."""

    item: Encoded
    data: bytes
    shape: tuple[int, int]
    chroma: float
    reason: str | None = None


def _decode(item: Encoded, largest: int, encoded: bool) -> _Decoded:
    size = plain_size(item.data) if encoded else None
    if size and SMALLEST_SIDE <= min(size) <= largest:  # goes in as it is: a small copy is enough to look at
        small = decode_plain(item.data, size, min(SMALLEST_SIDE, *size))
        if small is not None:
            return _Decoded(item, item.data, size[::-1], _chroma(small))
    try:
        raw = cv2.imdecode(np.frombuffer(item.data, np.uint8), cv2.IMREAD_COLOR) if ends(item.data) else None
    except cv2.error:  # no bytes at all, or more pixels than OpenCV wants to read
        raw = None
    if raw is None:
        return _Decoded(item, b"", (0, 0), 0.0, "broken")
    if min(raw.shape[:2]) < SMALLEST_SIDE:
        return _Decoded(item, b"", (0, 0), 0.0, f"smaller than {SMALLEST_SIDE} pixels")
    scale = largest / min(raw.shape[:2])
    if scale < 1:
        raw = cv2.resize(raw, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    rgb = cv2.cvtColor(raw, cv2.COLOR_BGR2RGB)
    data = encode_jpeg(raw) if encoded else rgb.tobytes()
    return _Decoded(item, data, (rgb.shape[0], rgb.shape[1]), _chroma(rgb))


def _chroma(rgb: NDArray[np.uint8] | cv2.typing.MatLike) -> float:
    """Mean chroma (ab units) of a picture, measured on a copy of 32 x 32."""
    small = cv2.resize(rgb, (32, 32), interpolation=cv2.INTER_AREA)
    ab = rgb_to_lab(small / 255.0)[..., 1:]
    return float(np.hypot(ab[..., 0], ab[..., 1]).mean())


def encode_jpeg(bgr: cv2.typing.MatLike, quality: int = QUALITY) -> bytes:
    """A picture (h, w, 3), blue first, as OpenCV has it, as a JPEG with colour at every pixel."""
    sampling = (cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444)
    return cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality, *sampling])[1].tobytes()


def build_store(
    places: Iterable[str | Path], folder: str | Path, *, largest_side: int = LARGEST_SIDE, encoded: bool = False
) -> PictureStore:
    """Decode every picture (found by :func:`~photochrom.train.inputs.list_inputs`) into a store at ``folder``.

    Short sides above ``largest_side`` pixels are made so long. ``encoded``: the store keeps pictures as files in JPEG or WebP,
    those that need not be made smaller as they are, byte by byte.
    Broken and tiny pictures are left out: each is named in the log and, with the reason, under ``left_out`` in the index.
    Raises DataError when nothing is left, OutputWriteError where the disk is full. The index is written last: a store
    without one is not complete.
    """
    folder, given = Path(folder), list(places)
    if not given:
        raise DataError("no training data given: name Parquet shards, tars or folders of pictures")
    inputs = list_inputs(given)
    entries: list[Entry] = []
    left_out: list[tuple[str, str, str]] = []
    offset = 0
    with writing_cache(folder, "index.json", "pixels.bin") as out, ThreadPoolExecutor(2) as pool:
        decode = partial(_decode, largest=largest_side, encoded=encoded)
        for item, data, shape, chroma, reason in in_order(pool, decode, read_pictures(inputs)):
            if reason:
                left_out.append((item.source, item.path, reason))
                log.warning("left out (%s): %s %s", reason, item.source, item.path)
                continue
            out.write(data)
            length = len(data) if encoded else 0
            kind, number = item.kind or "", -1 if item.imagenet is None else item.imagenet
            entries.append(Entry(offset, *shape, item.source, item.path, round(chroma, 2), length, kind, number))
            offset = entries[-1].end
    why = ", ".join(f"{count} {reason}" for reason, count in Counter(reason for *_, reason in left_out).items())
    if not entries:
        raise DataError(f"no usable picture ({why or 'none at all'})", given[0])
    if left_out:
        log.warning("%d pictures were left out of %d (%s)", len(left_out), len(left_out) + len(entries), why)
    rows = [list(astuple(entry)) for entry in entries]
    digest = hashlib.sha256(json.dumps(rows).encode()).hexdigest()
    index = {"digest": digest, "inputs": _digest(inputs), "left_out": left_out, "entries": rows}
    with replacing(folder / "index.json") as part:
        part.write_text(json.dumps(index), "utf-8")
    return PictureStore(folder)

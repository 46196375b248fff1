"""Looks at every picture of a source once, and keeps the findings in a file, so that a killed run can resume."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from photochrom.train.files import make_folder, replacing
from photochrom.train.inputs import in_order
from photochrom.train.shards.blobs import Blob, list_blobs, read_blobs
from photochrom.train.shards.look import Look, look
from photochrom.train.shards.table import Source

__all__ = ["EXCLUDED", "MEASURE", "Survey", "load_columns", "look_columns", "save_columns", "survey_source"]

log = logging.getLogger(__name__)

#: Why a picture is left out that a list names.
EXCLUDED = "excluded by list"
#: Counts up when pictures are measured differently: surveys of another number are made again.
MEASURE = 2


@dataclass(frozen=True)
class Survey:
    """What was seen of the pictures of one source: row ``i`` of every array is about ``blobs[i]``."""

    source: Source
    place: Path
    blobs: list[Blob]
    #: Why a picture is not fit for training, by itself; "" where it is.
    reasons: list[str]
    #: Width and height (n, 2), int32, upright and without padding.
    sizes: NDArray[np.int32]
    #: Fingerprints of the whole and of the centre square (n, 2), uint64, and the pictures at 8 x 8 (n, 192), uint8.
    prints: NDArray[np.uint64]
    tiny: NDArray[np.uint8]

    @cached_property
    def short(self) -> NDArray[np.int32]:
        """Short sides (n,) in pixels."""
        short: NDArray[np.int32] = self.sizes.min(axis=1)
        return short


def survey_source(source: Source, place: Path, folder: Path, excluded: set[str], *, threads: int = 2) -> Survey:
    """Look at every picture of a source, or read what an earlier run has seen in ``folder``.

    Raises DataError for a source that cannot be used, OutputWriteError where the disk is full.
    """
    blobs = list_blobs(source, place)
    cache, key = folder / f"{source.name}.npz", _key(source, blobs)
    columns = load_columns(cache, key)
    if columns is None:
        log.info("%s: looking at %d pictures", source.name, len(blobs))
        columns = look_columns(_look_at(source, place, blobs, threads))
        save_columns(cache, key, columns)
    sizes, reasons = columns["sizes"], columns["reasons"].tolist()
    for index, blob in enumerate(blobs):
        if "*" in excluded or blob.path in excluded:
            reasons[index] = EXCLUDED
        elif not reasons[index] and sizes[index].min() < source.smallest:
            reasons[index] = "size"
    return Survey(source, place, blobs, reasons, sizes, columns["prints"], columns["tiny"])


def _key(source: Source, blobs: list[Blob]) -> str:
    """What the survey depends on."""
    about = [MEASURE, source.place, source.commit, list(source.treat), blobs]
    return hashlib.sha256(json.dumps(about).encode("utf-8", "surrogateescape")).hexdigest()


def load_columns(path: Path, key: str) -> dict[str, NDArray[Any]] | None:
    """What :func:`save_columns` has kept under the same key; None where there is nothing, or something else."""
    try:
        with np.load(path) as file:
            columns = {name: file[name] for name in file.files}
    except (OSError, ValueError, LookupError, EOFError):
        return None
    return columns if str(columns.get("key")) == key else None


def save_columns(path: Path, key: str, columns: dict[str, NDArray[Any]]) -> None:
    """Keep columns for a later run. Raises OutputWriteError."""
    make_folder(path.parent)
    with replacing(path) as part, part.open("wb") as out:
        np.savez_compressed(out, **{"key": np.array(key), **columns})  # type: ignore[arg-type]


def _look_at(source: Source, place: Path, blobs: list[Blob], threads: int) -> Iterator[Look | str]:
    def see(found: tuple[Blob, bytes | None]) -> Look | str:
        return "missing" if found[1] is None else look(found[1], source.treat)

    with ThreadPoolExecutor(threads) as pool:
        yield from in_order(pool, see, read_blobs(source, place, blobs), ahead=64)


def look_columns(looks: Iterator[Look | str]) -> dict[str, NDArray[Any]]:
    """Looks, or why there is none, as arrays: reasons (n,), sizes (n, 2), prints (n, 2), tiny (n, 192)."""
    reasons, sizes, prints, tiny = [], [], [], []
    for seen in looks:
        if isinstance(seen, str):
            reasons.append(seen)
            sizes.append((0, 0))
            prints.append((0, 0))
            tiny.append(bytes(192))
        else:
            reasons.append(seen.reason or "")
            sizes.append((seen.width, seen.height))
            prints.append((seen.whole, seen.centre))
            tiny.append(seen.tiny)
    return {
        "reasons": np.array(reasons, str),
        "sizes": np.array(sizes, np.int32).reshape(-1, 2),
        "prints": np.array(prints, np.uint64).reshape(-1, 2),
        "tiny": np.frombuffer(b"".join(tiny), np.uint8).reshape(-1, 192),
    }

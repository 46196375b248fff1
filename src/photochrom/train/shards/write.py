"""Shards: the chosen pictures of a source as Parquet, at the size that the table asks for.

A JPEG that is small enough already, upright and in sRGB keeps its bytes; all others become JPEGs of quality 92 without chroma
subsampling. A shard is written whole or not at all; one that is there and was made from the same pictures is kept.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyvips

from photochrom.train.files import make_folder, replacing
from photochrom.train.inputs import Encoded, in_order
from photochrom.train.picture_store import encode_jpeg
from photochrom.train.plain import plain_size
from photochrom.train.shards.blobs import Blob, read_blobs
from photochrom.train.shards.look import thumbnail
from photochrom.train.shards.survey import Survey
from photochrom.train.shards.table import Source

__all__ = ["ROWS", "copy_shard", "shard_names", "write_shards"]

#: Pictures in a shard, at most.
ROWS = 4000
#: Quality of JPEGs that are encoded here.
QUALITY = 92
#: A JPEG keeps its bytes where its short side is at most so much larger than asked for.
SLACK = 1.1
#: Counts up when shards are written differently.
FORM = 1


def prepared(source: Source, data: bytes) -> bytes | None:
    """The bytes of one picture for a shard; None for one that breaks only when all of it is read."""
    try:
        if not source.treat and _fine(data, source.side):
            return data
        return encode_jpeg(thumbnail(data, source.side, source.treat)[..., ::-1], QUALITY)
    except (pyvips.Error, ValueError):
        return None


def _fine(data: bytes, side: int) -> bool:
    """True where the picture can go into a shard as it is."""
    size = plain_size(data)
    return size is not None and min(size) <= SLACK * side and len(data) <= 3 * size[0] * size[1]


def shard_names(survey: Survey, chosen: list[int], out: Path) -> list[tuple[Path, list[int]]]:
    """The shards of a source, and which of its blobs are in each; a test's pictures lie in a folder of their own."""
    source = survey.source
    folder = out / "train" if source.role == "train" else out / "held-out" / source.role
    starts = range(0, len(chosen), ROWS)
    return [(folder / f"{source.name}-{n:03}.parquet", chosen[at : at + ROWS]) for n, at in enumerate(starts)]


def write_shards(
    survey: Survey, chosen: list[int], out: Path, labels: dict[tuple[str, str], int], *, threads: int = 2
) -> list[Path]:
    """Write the shards of one source below ``out`` and return their paths.

    Columns: ``image`` = struct(bytes, path), ``source``, ``class`` (the group of the rule, or null), ``imagenet`` (index of the
    ImageNet class where ``labels`` has (source, class), else null), ``use`` and ``terms``.
    Raises OutputWriteError where the file system refuses; shards that were there are then as they were.
    """
    made = []
    for path, indices in shard_names(survey, chosen, out):
        blobs = [survey.blobs[index] for index in indices]
        source = survey.source
        key = _key(source, blobs, labels)
        if _key_of(path) != key:
            make_folder(path.parent)
            rows = (_row(source, blob, data, labels) for blob, data in _encoded(survey, blobs, threads) if data)
            _write(path, rows, key)
        made.append(path)
    return made


def _encoded(survey: Survey, blobs: list[Blob], threads: int) -> Iterator[tuple[Blob, bytes | None]]:
    def prepare(found: tuple[Blob, bytes | None]) -> tuple[Blob, bytes | None]:
        return found[0], None if found[1] is None else prepared(survey.source, found[1])

    with ThreadPoolExecutor(threads) as pool:
        yield from in_order(pool, prepare, read_blobs(survey.source, survey.place, blobs), ahead=64)


def _class(source: Source, path: str) -> str | None:
    found = source.rule.search(path)
    return found["class"] if found and "class" in source.rule.groupindex else None


def _row(source: Source, blob: Blob, data: bytes, labels: dict[tuple[str, str], int]) -> dict[str, Any]:
    kind = _class(source, blob.path)
    return {
        "image": {"bytes": data, "path": blob.path.encode("utf-8", "replace").decode()},
        "source": source.name,
        "class": kind,
        "imagenet": labels.get((source.name, kind)) if kind else None,
        "use": source.use,
        "terms": source.terms,
    }


def copy_shard(path: Path, rows: Iterable[Encoded], key: str) -> None:
    """Write ``rows``, pictures of an older shard that stay, to ``path``, unless it was made by the same ``key`` already."""
    if _key_of(path) == key:
        return
    make_folder(path.parent)
    pictures = (
        {
            "image": {"bytes": row.data, "path": row.path},
            "source": row.source,
            "class": row.kind,
            "imagenet": row.imagenet,
        }
        for row in rows
    )
    _write(path, pictures, key)


def _write(path: Path, rows: Iterable[dict[str, Any]], key: str) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema(
        {
            "image": pa.struct({"bytes": pa.binary(), "path": pa.string()}),
            "source": pa.string(),
            "class": pa.string(),
            "imagenet": pa.int32(),
            "use": pa.string(),
            "terms": pa.string(),
        },
        {"photochrom.key": key},
    )
    with replacing(path) as part, pq.ParquetWriter(part, schema, compression="none") as out:
        some: list[dict[str, Any]] = []
        for row in rows:
            some.append(row)
            if len(some) == 200:
                out.write_table(pa.Table.from_pylist(some, schema))
                some = []
        out.write_table(pa.Table.from_pylist(some, schema))


def _key(source: Source, blobs: list[Blob], labels: dict[tuple[str, str], int]) -> str:
    numbers = sorted((kind, number) for (name, kind), number in labels.items() if name == source.name)
    about = [
        FORM,
        source.name,
        source.side,
        source.treat,
        source.rule.pattern,
        source.use,
        source.terms,
        blobs,
        numbers,
    ]
    return hashlib.sha256(json.dumps(about).encode("utf-8", "surrogateescape")).hexdigest()


def _key_of(path: Path) -> str | None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        about = pq.read_schema(path).metadata or {}
    except (OSError, pa.ArrowException):
        return None
    key: bytes | None = about.get(b"photochrom.key")
    return key.decode() if key else None

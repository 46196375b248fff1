"""Lists of pictures: a text file with one on each line, or CSV or Parquet with options of single pictures in columns."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from photochrom.archive.options import PLAIN, canonical
from photochrom.archive.stores import below, is_remote, join
from photochrom.batch.kinds import SCRATCH, result_name, written_name
from photochrom.errors import BatchError, MissingExtraError
from photochrom.images import OUTPUT_SUFFIXES

__all__ = ["SUFFIXES", "entries"]

SUFFIXES = (".txt", ".lst", ".csv", ".tsv", ".parquet")
#: The column that holds the picture is the first of these that there is; the output's name stands in OUTPUT, if anywhere.
PICTURE = ("source", "path", "file", "filename", "uri", "url")
OUTPUT = "output"
_ROWS = 1000
_WRITTEN = tuple(OUTPUT_SUFFIXES)

#: Origin, path, name of the output, size, options.
Listed = tuple[str, str, str, None, str | None]


def entries(path: str) -> Iterator[Listed]:
    """The pictures of a list, in its order, read as they are needed.

    Paths that are not absolute are taken from the list's own folder. Columns named as options of
    :data:`photochrom.archive.options.PLAIN` count for their picture; other columns are left alone.
    Raises BatchError, OptionError.
    """
    folder = os.path.normpath(Path(path).absolute().parent)
    try:
        rows = _parquet(path) if path.lower().endswith(".parquet") else _text(path)
        for number, row in enumerate(rows, 1):
            yield _entry(row, folder, f"{path}, row {number}")
    except OSError as error:
        raise BatchError(f"the list cannot be read ({error.strerror or error})", path) from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise BatchError(f"is no list in UTF-8 ({error}); save it as UTF-8, plain text or CSV", path) from error


def _text(path: str) -> Iterator[Mapping[str, Any]]:
    with Path(path).open(newline="", encoding="utf-8-sig") as file:
        if path.lower().endswith((".txt", ".lst")):
            for line in file:
                if line.strip():
                    yield {"source": line.strip()}
            return
        first = file.readline()
        file.seek(0)
        reader = csv.DictReader(file, delimiter=_delimiter(path, first))
        _check(path, list(reader.fieldnames or ()))
        yield from ({key.strip().lower(): value for key, value in row.items() if key is not None} for row in reader)


def _delimiter(path: str, header: str) -> str:
    """What stands between columns: spreadsheets write semicolons where the comma is in numbers."""
    if path.lower().endswith(".tsv"):
        return "\t"
    return ";" if ";" in header and "," not in header else ","


def _parquet(path: str) -> Iterator[Mapping[str, Any]]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise MissingExtraError("batch", "a Parquet list") from error
    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            _check(path, file.schema_arrow.names)
            for batch in file.iter_batches(_ROWS):
                yield from ({key.lower(): value for key, value in row.items()} for row in batch.to_pylist())
    except pyarrow.ArrowException as error:
        raise BatchError(f"is no Parquet file ({error})", path) from error


def _check(path: str, columns: list[str]) -> None:
    if not {name.strip().lower() for name in columns} & set(PICTURE):
        raise BatchError(
            f"has no column with the pictures: one of {', '.join(PICTURE)} is expected, and it has "
            f"{', '.join(columns) or 'none'}",
            path,
        )


def _entry(row: Mapping[str, Any], folder: str, where: str) -> Listed:
    source = next((str(row[name]).strip() for name in PICTURE if row.get(name)), "")
    if not source:
        raise BatchError(f"{where}: names no picture")
    given = str(row[OUTPUT]).strip() if row.get(OUTPUT) else None
    own = {name: row[name] for name in PLAIN if row.get(name) not in (None, "")}
    reference = own.get("reference")
    if reference and not is_remote(reference):
        own["reference"] = reference if Path(reference).is_absolute() else join(folder) + reference
    options = canonical(own, where) if own else None
    name = None if given is None else _ended(given, where)
    if is_remote(source):
        named = name or _safe(written_name(source.partition("://")[2].partition("?")[0]), where)
        return "", source, named, None, options
    source = source.partition("://")[2] or source
    whole = Path(os.path.normpath(Path(folder) / source))
    if whole.is_relative_to(folder):
        path = whole.relative_to(folder).as_posix()
        return join(folder), path, name or _safe(result_name(path, whole), where), None, options
    return (
        "",
        str(whole),
        name or _safe(result_name(whole.relative_to(whole.anchor).as_posix(), whole), where),
        None,
        options,
    )


def _safe(name: str, where: str) -> str:
    """A name below the destination. Raises BatchError for one that leads out of it."""
    safe = below(name)
    if safe is None:
        raise BatchError(f"{where}: the output's name {name!r} leads out of the destination")
    if safe.lower().startswith(f"{SCRATCH}/"):
        raise BatchError(
            f"{where}: the output's name {name!r} is in the folder of unfinished outputs; give another one"
        )
    return safe


def _ended(name: str, where: str) -> str:
    """A name that was given for an output. Raises BatchError for one whose ending is none that is written."""
    if not name.lower().endswith(_WRITTEN):
        known = " ".join(sorted(OUTPUT_SUFFIXES))
        raise BatchError(f"{where}: the output's name {name!r} has no ending that is written; choose one of {known}")
    return _safe(name, where)

"""Writing what a run leaves behind: whole or not at all, and a full disk is a named error."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from photochrom.errors import OutputWriteError

__all__ = ["append_line", "make_folder", "replacing", "writing_cache"]


def make_folder(path: Path) -> None:
    """Make a folder, with those above it. Raises OutputWriteError."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputWriteError(f"cannot be made ({error.strerror or error})", path) from error


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """A temporary path beside ``path`` to write to; it takes the place of ``path`` only when the block ends without an error.

    Raises OutputWriteError where the file system refuses (disk full, read-only folder); ``path`` is then as it was.
    """
    path = Path(path)
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        yield part
        with part.open("rb+") as written:
            os.fsync(written.fileno())  # a rename that outlives the data it names would lose both files in a power cut
        part.replace(path)
    except OSError as error:
        raise OutputWriteError(f"cannot be written ({error.strerror or error})", path) from error
    finally:
        part.unlink(missing_ok=True)


def append_line(path: Path, line: dict[str, Any]) -> None:
    """Add a line of JSON to a log. Raises OutputWriteError."""
    try:
        with path.open("a", encoding="utf-8") as out:
            out.write(json.dumps(line) + "\n")
    except OSError as error:
        raise OutputWriteError(f"cannot be written ({error.strerror or error})", path) from error


@contextmanager
def writing_cache(folder: Path, index: str, data: str) -> Iterator[IO[bytes]]:
    """``folder/data``, open for writing. ``folder/index``, which marks the data as complete, is removed first.

    Raises OutputWriteError where the file system refuses.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / index).unlink(missing_ok=True)
        with (folder / data).open("wb") as out:
            yield out
    except OSError as error:
        raise OutputWriteError(f"cannot be written ({error.strerror or error})", folder / data) from error

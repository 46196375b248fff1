"""What C libraries write to standard error, such as libjpeg's warnings: caught, to be given with the file's name."""

from __future__ import annotations

import gc
import io
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO

__all__ = ["Overheard", "overhearing"]

_GLIB = re.compile(
    r"^\(\S+:\d+\): (?:GLib-GObject|GLib|VIPS)-(?:WARNING|CRITICAL|INFO|Message) \*\*: (?:[\d:.]+: )?", re.MULTILINE
)
_EMPTY = re.compile(r"read gave \d+ warnings")  # libvips counts the warnings of libjpeg
_MOST = 20  # lines of one file


class Overheard:
    """Lines that were written to descriptor 2."""

    def __init__(self, file: BinaryIO | None) -> None:
        self._file = file

    def take(self) -> tuple[str, ...]:
        """The lines since the last call, each once, in their order; an empty tuple where nothing can be caught."""
        if self._file is None:
            return ()
        # Descriptor 2 shares the place in the file at which this object reads: it is put back to the end, which is 0.
        self._file.seek(0)
        text = _GLIB.sub("", self._file.read().decode(errors="replace"))
        self._file.seek(0)
        self._file.truncate()
        lines = dict.fromkeys(line.strip() for line in text.splitlines() if line.strip() and not _EMPTY.match(line))
        return tuple(lines)[:_MOST]


@contextmanager
def overhearing(wanted: bool = True) -> Iterator[Overheard]:
    """Catch what is written to descriptor 2, if ``wanted``; ``sys.stderr`` goes on to where it went before."""
    if not wanted:
        yield Overheard(None)
        return
    usual = sys.stderr
    try:
        usual.flush()
        kept = os.dup(2)
        file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115
    except (OSError, ValueError, AttributeError):  # no standard error at all, or no room for a temporary file
        yield Overheard(None)
        return
    own = None
    try:
        with suppress(OSError, ValueError, AttributeError):
            if usual.fileno() == 2:
                raw = os.fdopen(os.dup(kept), "wb", buffering=0)
                own = io.TextIOWrapper(raw, usual.encoding, usual.errors, line_buffering=True, write_through=True)
        if own is not None:
            sys.stderr = own
        os.dup2(file.fileno(), 2)
        yield Overheard(file)
    finally:
        gc.collect()  # libvips warns again when it releases a picture, and errors hold some
        os.dup2(kept, 2)
        os.close(kept)
        if own is not None:
            sys.stderr = usual
            with suppress(OSError):
                own.close()
        file.close()

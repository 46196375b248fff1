"""Lines to standard output and standard error that may be full or closed: no traceback, and exit codes by convention."""

from __future__ import annotations

import errno
import os
import sys
from contextlib import suppress
from typing import Any, TextIO

__all__ = ["CLOSED_PIPE", "flush_output", "no_gaps", "output", "say", "say_json", "stream_failed"]

#: 128 + 13: what a shell reports of a process that SIGPIPE has ended.
CLOSED_PIPE = 141


def no_gaps() -> None:
    """Give those of descriptors 0 to 2 that the caller had closed to the null device: else the next files get these numbers."""
    with suppress(OSError):
        while (number := os.open(os.devnull, os.O_RDWR)) <= 2:  # open gives the least free number
            pass
        os.close(number)


def output() -> TextIO:
    """Standard output. Raises OSError where the caller had closed it."""
    if sys.stdout is None:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
    return sys.stdout


def say(line: str) -> None:
    """One line on standard error; nothing where that cannot be written to."""
    with suppress(OSError, ValueError, AttributeError):
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()


def say_json(value: dict[str, Any]) -> None:
    """One JSON line on standard output, at once. Raises SystemExit where nobody can read it: there the run ends."""
    import json

    try:
        stream = output()
        stream.write(json.dumps(value) + "\n")
        stream.flush()
    except OSError as error:
        raise SystemExit(stream_failed(error)) from None


def flush_output() -> int:
    """Write out what Python still holds for standard output; the exit code that follows: 0 where all is written."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError as error:
        return stream_failed(error)
    except ValueError:  # closed
        return 0
    return 0


def stream_failed(error: OSError) -> int:
    """The exit code for a standard output that cannot be written; prints the reason, unless its reader has just gone."""
    _discard(sys.stdout)
    if isinstance(error, BrokenPipeError):
        return CLOSED_PIPE
    say(f"photochrom: standard output cannot be written: {error.strerror}")
    return 1


def _discard(stream: TextIO) -> None:
    """What is still held for the stream goes nowhere, so that Python does not fail on it once more at its end."""
    with suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)

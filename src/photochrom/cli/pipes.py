"""``-``: a picture from standard input, and one to standard output."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from photochrom.batch.kinds import FORMATS, ending
from photochrom.cli.streams import output, stream_failed
from photochrom.errors import ImageNotFoundError, OptionError, OutputWriteError

__all__ = ["DASH", "Piped", "piped"]

DASH = Path("-")
_SHOWN = {True: "standard input", False: "standard output"}


@dataclass(frozen=True)
class Piped:
    """The paths to work with in place of ``-``: temporary files. ``names`` is what to call them."""

    paths: tuple[Path, ...]
    out: Path | None
    names: dict[str, str]
    to_output: bool = False

    def shown(self, text: str) -> str:
        """The text with standard input and output under their names."""
        for path, name in self.names.items():
            text = text.replace(path, name)
        return text

    def deliver(self) -> None:
        """Copy the result to standard output, if it is wanted there. Raises SystemExit where that cannot be written."""
        if not self.to_output or self.out is None:
            return
        try:
            with self.out.open("rb") as file:
                shutil.copyfileobj(file, output().buffer, 1 << 20)
            output().buffer.flush()
        except OSError as error:
            raise SystemExit(stream_failed(error)) from None


@contextmanager
def piped(paths: Sequence[Path], out: Path | None, *, format: str | None, as_json: bool) -> Iterator[Piped]:
    """Put temporary files in the place of ``-``; they are deleted at the end.

    ``-`` without ``out`` goes to standard output. Raises OptionError for a wrong combination, ImageNotFoundError.
    """
    reads = DASH in paths
    writes = out == DASH or (reads and out is None)
    if not reads and not writes:
        yield Piped(tuple(paths), out, {})
        return
    if len(paths) > 1:
        raise OptionError("-", "one of several", "one picture by itself, where - is standard input or output")
    if writes and as_json:
        raise OptionError("--json", "given", "-o FILE: with -o - the picture itself goes to standard output")
    if writes and sys.stdout is not None and sys.stdout.isatty():
        raise OptionError("-o", "-", "a pipe or a file: a picture cannot be shown on a terminal")
    if writes and not reads and paths[0].is_dir():
        raise OptionError("-o", "-", "one picture, not a folder")
    try:
        folder = Path(tempfile.mkdtemp(prefix="photochrom-"))
    except OSError as error:
        raise OutputWriteError(f"no temporary folder ({error.strerror})", tempfile.gettempdir()) from error
    try:
        source = _spooled(folder / "input") if reads else paths[0]
        names = {str(source): _SHOWN[True]} if reads else {}
        if writes:
            suffix = ending(source, format)
            if suffix.lower() not in FORMATS.values() and (reads or not suffix):
                suffix = FORMATS["png"]  # of a source that cannot be read; opening it names the reason
            out = folder / f"output{suffix}"
            names[str(out)] = _SHOWN[False]
        yield Piped((source,), out, names, writes)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _spooled(path: Path) -> Path:
    """Standard input as a file, since readers of pictures jump about in it."""
    if sys.stdin is None:
        raise ImageNotFoundError("cannot be read: it is closed", _SHOWN[True])
    try:
        with path.open("xb") as file:
            shutil.copyfileobj(sys.stdin.buffer, file, 1 << 20)
    except (OSError, AttributeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ImageNotFoundError(f"cannot be read: {reason}", _SHOWN[True]) from error
    return path

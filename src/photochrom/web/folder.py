"""The private folder of a server: only its user can read it, and none is left behind."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from photochrom.errors import OptionError
from photochrom.portable import process_runs

__all__ = ["folder_while_serving", "private_folder"]

_PREFIX, _OWNER = "photochrom-serve-", "owner"


def private_folder(parent: Path | None = None) -> Path:
    """A new folder, in ``parent`` or where temporary files go; the caller deletes it at the end.

    Folders that servers of this machine left behind when they were killed are deleted now. Raises OptionError.
    """
    try:
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
        (folder / _OWNER).write_text(f"{socket.gethostname()} {os.getpid()}", "utf-8")
    except OSError as error:
        raise OptionError("--folder", str(parent), f"a folder that can be written to ({error.strerror})") from error
    for other in folder.parent.glob(f"{_PREFIX}*"):
        if _abandoned(other):
            shutil.rmtree(other, ignore_errors=True)
    return folder


@contextmanager
def folder_while_serving(parent: Path | None = None) -> Iterator[Path]:
    """A :func:`private_folder` for uploads, deleted when the server ends, however it ends. Raises OptionError."""
    folder = private_folder(parent)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _abandoned(folder: Path) -> bool:
    """Whether the process that made a folder, on this machine, is gone."""
    with suppress(OSError, ValueError):
        host, process = (folder / _OWNER).read_text("utf-8").split()
        if host == socket.gethostname():
            return not process_runs(int(process))
    return False

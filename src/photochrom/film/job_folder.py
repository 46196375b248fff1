"""The folder of a film's work belongs to one process at a time."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from photochrom.errors import JobBusyError, OutputWriteError
from photochrom.portable import lock

__all__ = ["LOCK", "at_work", "clear"]

#: The file that is locked. It stays when a process is killed; its lock does not.
LOCK = "lock"


@contextmanager
def at_work(folder: Path) -> Iterator[None]:
    """Make the folder, if it is not there, and keep every other process out of it meanwhile.

    The system drops the lock with the process, however that ends. When all else in the folder has gone (:func:`clear`), it
    goes, too. Raises JobBusyError, OutputWriteError.
    """
    file = _entered(folder)
    try:
        yield
    finally:
        empty = folder.exists() and all(path.name == LOCK for path in folder.iterdir())
        # Where an open file can be removed, it goes while it is locked: whoever has it open already finds that it is gone.
        removed = empty and _removed(folder / LOCK)
        file.close()
        if empty:
            removed = removed or _removed(folder / LOCK)
            with suppress(OSError):  # another process has come in
                folder.rmdir()


def clear(folder: Path) -> None:
    """Delete what lies in a folder, its lock excepted; what cannot be deleted stays."""
    for path in folder.iterdir():
        if path.name == LOCK:
            continue
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            _removed(path)


def _entered(folder: Path) -> IO[bytes]:
    for left in reversed(range(100)):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            file = (folder / LOCK).open("ab")
        except OSError as error:
            if isinstance(error, FileNotFoundError) and left:  # whoever was at work has just removed the folder
                continue
            raise OutputWriteError(f"cannot be made ({error.strerror})", folder) from error
        if not lock(file):
            file.close()
            raise JobBusyError("is in use: another process colours this film just now; let it finish", folder)
        with suppress(OSError):  # removed since it was opened, with all that the other process had done
            if os.path.samestat(os.fstat(file.fileno()), (folder / LOCK).stat()):
                return file
        file.close()
    raise OutputWriteError("is made and removed by others all the time", folder)


def _removed(path: Path) -> bool:
    try:
        path.unlink()
    except OSError:
        return False
    return True

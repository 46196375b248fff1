"""Temporary files beside the outputs: one name for each, locked while it is written, deleted once its writer is gone.

A writer holds a lock (``flock``) on its temporary file until the file has its final name. The system drops the lock when the
process ends, however it ends. So a temporary file that nobody has locked was left by a run that was killed. The folder for the
pages of a document has such a name and such a lock, too.
"""

from __future__ import annotations

import os
import re
import secrets
import socket
import stat
import time
import zlib
from contextlib import suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows, where a file that is open cannot be deleted anyway
    fcntl = None  # type: ignore[assignment]

__all__ = [
    "PAGE",
    "abandon_parts",
    "clear_parts",
    "close_part",
    "file_name",
    "is_part",
    "open_part",
    "open_part_folder",
]

#: Name of the only file, besides temporary ones, that a temporary folder holds. Nothing else in it is ever deleted.
PAGE = "page.tif"

#: Bytes that a file name holds on the usual file systems.
_LONGEST_NAME = 255
#: Seconds after which another machine's unlocked file counts as left behind; locks may not reach over a network.
_FOREIGN = 3600.0
_PART = re.compile(r"\..*\.photochrom-([0-9a-f]{8})-[0-9a-f]{8}\.part", re.DOTALL)

#: The temporary files of this process; each is here before it exists.
_ours: set[Path] = set()


def file_name(stem: str, tail: str) -> str:
    """``stem + tail``, the stem cut where the name would be longer than file systems allow (255 bytes)."""
    return _cut(stem, _LONGEST_NAME - len(os.fsencode(tail))) + tail


def is_part(name: str) -> bool:
    """Whether a file or folder of this name is one of :func:`open_part` or :func:`open_part_folder`."""
    return _PART.fullmatch(name) is not None


def open_part(path: Path) -> tuple[int, Path]:
    """Create a locked temporary file beside ``path``: its descriptor, for reading and writing, and its path. Raises OSError."""
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    while True:
        part = _new_name(path)
        try:
            descriptor = os.open(part, flags, 0o666)
        except OSError:
            _ours.discard(part)
            raise
        if not _lock(descriptor, wait=True) or os.fstat(descriptor).st_nlink:
            return descriptor, part
        close_part(descriptor, part)  # another run has cleared it away between the two calls


def open_part_folder(path: Path) -> tuple[int, Path]:
    """Create a locked temporary folder beside ``path``: its descriptor (-1 on Windows) and its path. Raises OSError.

    It is for one file called ``PAGE``, and for what :func:`open_part` makes beside that.
    """
    while True:
        part = _new_name(path)
        try:
            part.mkdir()
            if fcntl is None:
                return -1, part
            descriptor = os.open(part, os.O_RDONLY)
        except FileNotFoundError:
            _ours.discard(part)
            if not path.parent.is_dir():
                raise
            continue  # cleared away by another run
        except OSError:
            _ours.discard(part)
            raise
        if not _lock(descriptor, wait=True) or part.is_dir():
            return descriptor, part
        close_part(descriptor, part)


def close_part(descriptor: int, part: Path) -> None:
    """Close (unless ``descriptor`` is negative) and delete a temporary file or folder.

    Never raises for a file system that refuses.
    """
    if descriptor >= 0:
        os.close(descriptor)
    with suppress(OSError):  # the folder may have vanished, or become read-only
        _delete(part)
    _ours.discard(part)


def abandon_parts() -> None:
    """Delete what this process has begun to write: where an interrupt may have come between any two steps."""
    for part in list(_ours):
        close_part(-1, part)


def clear_parts(folder: Path) -> int:
    """Delete the temporary files and folders in ``folder`` that killed runs have left; returns how many. Never raises."""
    count = 0
    with suppress(OSError):
        for path in folder.iterdir():
            found = _PART.fullmatch(path.name) if path.name[:1] == "." else None
            if found is not None and _clear(path, found[1]):
                count += 1
    return count


def _clear(part: Path, host: str) -> bool:
    with suppress(OSError):
        folder = stat.S_ISDIR(part.lstat().st_mode)
        if folder and fcntl is None:
            if time.time() - _last_change(part) < _FOREIGN:
                return False
            _delete(part)
            return True
        mode = os.O_RDONLY if folder else os.O_RDWR
        descriptor = os.open(part, mode | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
        try:
            foreign = host != _host()
            if foreign and time.time() - _last_change(part) < _FOREIGN:
                return False
            if fcntl is not None:
                if not _lock(descriptor, wait=False):
                    return False  # somebody writes it, or this file system has no locks
                _delete(part)
                return True
        finally:
            os.close(descriptor)
        _delete(part)
        return True
    return False


def _delete(part: Path) -> None:
    """Delete a temporary file, or a temporary folder unless it holds what is not ours. Raises OSError."""
    if not part.is_dir() or part.is_symlink():
        part.unlink(missing_ok=True)
        return
    for path in part.iterdir():
        if path.name == PAGE or is_part(path.name):
            path.unlink(missing_ok=True)
    part.rmdir()


def _last_change(part: Path) -> float:
    """When a temporary file, or anything in a temporary folder, was written last: seconds since 1970."""
    inside = part.iterdir() if part.is_dir() else ()
    return max(float(path.lstat().st_mtime) for path in (part, *inside))


def _lock(descriptor: int, *, wait: bool) -> bool:
    """Whether the file is now locked by this process."""
    if fcntl is None:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:
        return False
    return True


def _new_name(path: Path) -> Path:
    """A name beside ``path`` that nobody has, noted as ours before it exists."""
    mark = f".photochrom-{_host()}-{secrets.token_hex(4)}.part"
    part = path.with_name(f".{_cut(path.name, 100)}{mark}")
    _ours.add(part)
    return part


def _host() -> str:
    return f"{zlib.crc32(socket.gethostname().encode()):08x}"


def _cut(name: str, room: int) -> str:
    """The name's first ``room`` bytes, whole characters only."""
    raw = os.fsencode(name)
    return name if len(raw) <= room else raw[: max(0, room)].decode(errors="ignore")

"""Temporary files beside the outputs: one name for each, locked while it is written, deleted once its writer is gone.

A writer holds a lock (``flock``) on its temporary file until the file has its final name. The system drops the lock when the
process ends, however it ends. So a temporary file that nobody has locked was left by a run that was killed.
"""

from __future__ import annotations

import os
import re
import secrets
import socket
import time
import zlib
from contextlib import suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows, where a file that is open cannot be deleted anyway
    fcntl = None  # type: ignore[assignment]

__all__ = ["abandon_parts", "clear_parts", "close_part", "file_name", "is_part", "open_part"]

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
    """Whether a file of this name is one of :func:`open_part`."""
    return _PART.fullmatch(name) is not None


def open_part(path: Path) -> tuple[int, Path]:
    """Create a locked temporary file beside ``path``: its descriptor, for reading and writing, and its path. Raises OSError."""
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    while True:
        mark = f".photochrom-{_host()}-{secrets.token_hex(4)}.part"
        part = path.with_name(f".{_cut(path.name, 100)}{mark}")
        _ours.add(part)
        try:
            descriptor = os.open(part, flags, 0o666)
        except OSError:
            _ours.discard(part)
            raise
        if not _lock(descriptor, wait=True) or os.fstat(descriptor).st_nlink:
            return descriptor, part
        close_part(descriptor, part)  # another run has cleared it away between the two calls


def close_part(descriptor: int, part: Path) -> None:
    """Close (unless ``descriptor`` is negative) and delete a temporary file. Never raises for a file system that refuses."""
    if descriptor >= 0:
        os.close(descriptor)
    with suppress(OSError):  # the folder may have vanished, or become read-only
        part.unlink(missing_ok=True)
    _ours.discard(part)


def abandon_parts() -> None:
    """Delete what this process has begun to write: where an interrupt may have come between any two steps."""
    for part in list(_ours):
        close_part(-1, part)


def clear_parts(folder: Path) -> int:
    """Delete the temporary files in ``folder`` that killed runs have left; returns how many. Never raises."""
    count = 0
    with suppress(OSError):
        for path in folder.iterdir():
            found = _PART.fullmatch(path.name) if path.name[:1] == "." else None
            if found is not None and _clear(path, found[1]):
                count += 1
    return count


def _clear(part: Path, host: str) -> bool:
    with suppress(OSError):
        descriptor = os.open(part, os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
        try:
            foreign = host != _host()
            if foreign and time.time() - os.fstat(descriptor).st_mtime < _FOREIGN:
                return False
            if fcntl is not None:
                if not _lock(descriptor, wait=False):
                    return False  # somebody writes it, or this file system has no locks
                part.unlink()
                return True
        finally:
            os.close(descriptor)
        part.unlink()
        return True
    return False


def _lock(descriptor: int, *, wait: bool) -> bool:
    """Whether the file is now locked by this process."""
    if fcntl is None:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:
        return False
    return True


def _host() -> str:
    return f"{zlib.crc32(socket.gethostname().encode()):08x}"


def _cut(name: str, room: int) -> str:
    """The name's first ``room`` bytes, whole characters only."""
    raw = os.fsencode(name)
    return name if len(raw) <= room else raw[: max(0, room)].decode(errors="ignore")

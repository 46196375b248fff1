"""What Linux, macOS and Windows do differently, so that no other module has to ask which one it runs on."""

from __future__ import annotations

import errno
import importlib
import os
import sys
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from socket import socket

__all__ = ["be_patient", "data_folder", "keep_address", "lock", "process_runs", "put_in_place", "write_any_text"]

_SYNCHRONIZE, _ACCESS_DENIED, _WAIT_TIMEOUT = 0x00100000, 5, 0x102  # of the Windows API


def process_runs(number: int, system: str = os.name, kernel: Any = None) -> bool:
    """Whether a process of this machine runs; one of another user does, too.

    ``system`` is "nt" for Windows, where asking as on POSIX would end the process; ``kernel`` is its kernel32.dll, None for
    the real one.
    """
    if system != "nt":
        try:
            os.kill(number, 0)  # asks, and ends nothing
        except ProcessLookupError:
            return False
        except PermissionError:
            return True
        return True
    if kernel is None:
        import ctypes

        kernel = ctypes.windll.kernel32  # type: ignore[attr-defined,unused-ignore]
    handle = kernel.OpenProcess(_SYNCHRONIZE, False, number)
    if not handle:
        return bool(kernel.GetLastError() == _ACCESS_DENIED)
    try:
        return bool(kernel.WaitForSingleObject(handle, 0) == _WAIT_TIMEOUT)
    finally:
        kernel.CloseHandle(handle)


def keep_address(listener: socket, system: str = os.name) -> None:
    """Let a server that starts anew have its address back at once, and nobody else take it while the server runs.

    On Windows SO_REUSEADDR would let any program share the address; there a closed address is free at once anyway.
    """
    import socket

    if system != "nt":
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    elif (exclusive := getattr(socket, "SO_EXCLUSIVEADDRUSE", None)) is not None:
        listener.setsockopt(socket.SOL_SOCKET, exclusive, 1)


def write_any_text(stream: TextIO) -> None:
    """Write what the stream's encoding lacks, as the arrows of a table in Windows' cp1252, as an escape, not as an error."""
    encoding = (getattr(stream, "encoding", None) or "utf-8").lower().replace("_", "-")
    if encoding not in ("utf-8", "utf8") and hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="backslashreplace")


def lock(file: IO[Any]) -> bool:
    """Lock an open file for this process alone, until it is closed or the process ends, however it does. False: it is locked.

    Where the file system knows no locks, every file counts as free: no work can be done there otherwise.
    """
    try:
        import fcntl
    except ImportError:
        return _lock_on_windows(file)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in (errno.EWOULDBLOCK, errno.EACCES)
    return True


def _lock_on_windows(file: IO[Any]) -> bool:
    msvcrt: Any = importlib.import_module("msvcrt")
    try:
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    except OSError:
        return False
    return True


def put_in_place(part: Path, path: Path, system: str = os.name) -> None:
    """Rename a file over another one, if there is one. Raises OSError.

    Windows refuses that while anybody has the other one open, as a server that reads it just now: it is tried for a second.
    """
    for left in reversed(range(20 if system == "nt" else 1)):
        try:
            part.replace(path)
        except PermissionError:  # noqa: PERF203  # of a second
            if not left:
                raise
            time.sleep(0.05)
        else:
            return


def be_patient() -> None:
    """Let other processes go first, where the system knows such a thing."""
    nice = getattr(os, "nice", None)
    if nice is not None:
        nice(10)


def data_folder(system: str = sys.platform) -> Path:
    """Where programs keep what belongs to the user and is no document: ``photochrom`` in the system's place for it."""
    home = Path.home()
    if system == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local") / "photochrom"
    if system == "darwin":
        return home / "Library" / "Application Support" / "photochrom"
    return Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share") / "photochrom"

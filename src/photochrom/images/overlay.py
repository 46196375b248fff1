"""A TIFF file with another first directory, without a copy: what is written to it is kept apart."""

from __future__ import annotations

import io
import os
import threading
from typing import Any, BinaryIO

import pyvips

__all__ = ["Overlay", "source_of"]

_HEAD = 16
#: Bytes that there are not, between the file and what is added to it: who reads across the file's end must find an end.
_GAP = 16


class Overlay(io.RawIOBase):
    """A file for reading, whose header (16 bytes) can be changed and that can be added to; neither reaches the file.

    What is added stands apart from the file. A read that begins in the file ends where that does.
    """

    def __init__(self, file: BinaryIO) -> None:
        """``file`` is closed here; what is needed of it stays open as long as this lives."""
        super().__init__()
        self._head = bytearray(file.read(_HEAD))
        #: Bytes of the file itself.
        self.size = file.seek(0, io.SEEK_END)
        self._added = self.size + _GAP
        self._tail = bytearray()
        self._at = 0
        self._lock = threading.Lock()
        self._data: bytes | None = None
        if isinstance(file, io.BytesIO):
            self._data = file.getvalue()
        else:
            self._descriptor = os.dup(file.fileno())  # no file object: libvips' callbacks make circles, and those warn
        file.close()

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def writable(self) -> bool:
        """At both ends."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place."""
        self._at = max(0, offset + (0, self._at, self._added + len(self._tail))[whence])
        return self._at

    def tell(self) -> int:
        """The place."""
        return self._at

    def read(self, count: int = -1) -> bytes:
        """Up to ``count`` bytes, fewer only at an end."""
        end = self._added + len(self._tail) if self._at >= self._added else self.size
        stop = end if count < 0 else min(end, self._at + count)
        parts = []
        if self._at < min(stop, len(self._head)):
            parts.append(bytes(self._head[self._at : stop]))
            self._at += len(parts[-1])
        if self._at < min(stop, self.size):
            parts.append(self._stored(self._at, min(stop, self.size)))
            self._at += len(parts[-1])
        if self._added <= self._at < stop:
            parts.append(bytes(self._tail[self._at - self._added : stop - self._added]))
            self._at = stop
        return b"".join(parts)

    def _stored(self, first: int, last: int) -> bytes:
        if self._data is not None:
            return self._data[first:last]
        with self._lock:
            os.lseek(self._descriptor, first, os.SEEK_SET)
            return os.read(self._descriptor, last - first)

    def write(self, data: Any) -> int:
        """Change the header, or append at the end."""
        if self._at < len(self._head):
            self._head[self._at : self._at + len(data)] = data
        elif self._at == self._added + len(self._tail):
            self._tail += data
        else:
            raise OSError("only the header and the end can be written")
        self._at += len(data)
        return len(data)

    def close(self) -> None:
        """Close the file, too."""
        if not self.closed and self._data is None:
            os.close(self._descriptor)
        super().close()


def source_of(file: io.RawIOBase) -> pyvips.SourceCustom:
    """The file for libvips, which must live as long as its images; it keeps the file alive."""
    source = pyvips.SourceCustom()
    source.on_read(lambda count: file.read(count) or b"")
    source.on_seek(file.seek)
    return source

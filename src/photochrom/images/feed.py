"""Strips, as they are painted, served to libvips as a picture file.

libvips' wheels read no raw stream. An uncompressed TIFF comes close: its header is made here, and its pixels are the
strips themselves, so that nothing is copied but into libvips' own buffers.
"""

from __future__ import annotations

import struct
import threading
from typing import Any

import numpy as np
import pyvips

from photochrom.images.convert import Pixels

__all__ = ["Feed"]

_STRIP_BYTES = 1 << 18


class Feed:
    """The strips as a file for libvips: a little-endian BigTIFF, whose pixels are handed over as they come."""

    def __init__(self, width: int, height: int, dtype: np.dtype[Any]) -> None:
        self._dtype = dtype.newbyteorder("<")
        self._change = threading.Condition()
        self._waiting: memoryview | None = None
        self._closed = False
        self._header = _tiff_header(width, height, dtype.itemsize)
        self._size = len(self._header) + width * height * 3 * dtype.itemsize
        self._next = len(self._header)  # where the rest of the strip in hand belongs
        self._rest = memoryview(b"")
        self._at = 0
        # libvips does not keep this object alive: it lives as long as the feed, which outlives the encoder.
        self.source = pyvips.SourceCustom()
        self.source.on_read(self._read)
        self.source.on_seek(self._seek)

    def put(self, strip: Pixels) -> None:
        """Hand over one strip; waits until the encoder has room, or has given up."""
        plain: Any = np.ascontiguousarray(strip, self._dtype).reshape(-1).view(np.uint8)
        if plain.size:
            with self._change:
                self._change.wait_for(lambda: self._waiting is None or self._closed)
                self._waiting = memoryview(plain)
                self._change.notify_all()

    def close(self) -> None:
        """End the strips: called by the painter when it fails, and by the encoder when it is done or gives up."""
        with self._change:
            self._closed = True
            self._change.notify_all()

    def _take(self) -> memoryview:
        with self._change:
            self._change.wait_for(lambda: self._waiting is not None or self._closed)
            strip, self._waiting = self._waiting, None
            self._change.notify_all()
        return memoryview(b"") if strip is None else strip

    def _read(self, count: int) -> bytes | memoryview:
        if self._at < len(self._header):
            found: bytes | memoryview = self._header[self._at : self._at + count]
        elif self._at != self._next or self._at >= self._size:
            return b""  # the end, or a jump, which a loader that reads in sequence does not make
        else:
            if not self._rest:
                self._rest = self._take()
            found, self._rest = self._rest[:count], self._rest[count:]
            self._next += len(found)
        self._at += len(found)
        return found

    def _seek(self, offset: int, whence: int) -> int:
        self._at = offset + (0, self._at, self._size)[whence]
        return self._at


def _tiff_header(width: int, height: int, depth: int) -> bytes:
    """Everything of an uncompressed RGB BigTIFF before its pixels; ``depth`` in bytes per number."""
    line = width * 3 * depth
    rows = min(height, max(1, _STRIP_BYTES // line))
    counts = [min(rows, height - y) * line for y in range(0, height, rows)]
    n = len(counts)
    arrays = 16 + 8 + 9 * 20 + 8
    pixels = arrays + 16 * n
    first = [pixels + i * rows * line for i in range(n)]
    short, long, long8 = 3, 4, 16
    bits = struct.pack("<4H", *(3 * [8 * depth]), 0)
    entries = [
        (256, long, 1, struct.pack("<Q", width)),
        (257, long, 1, struct.pack("<Q", height)),
        (258, short, 3, bits),
        (259, short, 1, struct.pack("<Q", 1)),
        (262, short, 1, struct.pack("<Q", 2)),
        (273, long8, n, struct.pack("<Q", arrays if n > 1 else first[0])),
        (277, short, 1, struct.pack("<Q", 3)),
        (278, long, 1, struct.pack("<Q", rows)),
        (279, long8, n, struct.pack("<Q", arrays + 8 * n if n > 1 else counts[0])),
    ]
    directory = b"".join(struct.pack("<HHQ", *entry[:3]) + entry[3] for entry in entries)
    head = b"II+\0" + struct.pack("<HHQQ", 8, 0, 16, len(entries)) + directory + bytes(8)
    return head + struct.pack(f"<{n}Q", *first) + struct.pack(f"<{n}Q", *counts)

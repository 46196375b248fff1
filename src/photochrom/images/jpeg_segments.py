"""The segments of a JPEG file before its pixels, and whether all of them are there. Source: ITU-T T.81."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np

__all__ = ["end_is_missing", "every_coefficient", "jpeg_quality", "segments", "uncommon_frame", "unpadded"]

# The luminance table of ITU-T T.81, annex K.1, in zigzag order; encoders scale it by their quality number.
# fmt: off
_ANNEX_K = np.array([
    16, 11, 12, 14, 12, 10, 16, 14, 13, 14, 18, 17, 16, 19, 24, 40,
    26, 24, 22, 22, 24, 49, 35, 37, 29, 40, 58, 51, 61, 60, 57, 51,
    56, 55, 64, 72, 92, 78, 64, 68, 87, 69, 55, 56, 80, 109, 81, 87,
    95, 98, 103, 104, 103, 62, 77, 113, 121, 112, 100, 120, 92, 101, 103, 99,
])
# fmt: on
_SOS, _EOI, _DQT = 0xDA, 0xD9, 0xDB
_JPEG_LS = 0xF7
_FRAMES = {0xC0, 0xC1, 0xC2, 0xC3, 0xC9, 0xCA, 0xCB}
_PROGRESSIVE = {0xC2, 0xCA}
#: A marker among entropy-coded data: not a stuffed zero, not a restart.
_MARKER = re.compile(rb"\xff+[^\x00\xd0-\xd7\xff]")


def segments(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Marker and body of each segment before the first scan; ends where the structure does."""
    file.seek(2)
    while len(head := file.read(2)) == 2 and head[0] == 0xFF:
        while head[1] == 0xFF:  # fill bytes
            head = head[1:] + file.read(1)
            if len(head) < 2:
                return
        size = int.from_bytes(file.read(2), "big") - 2
        if head[1] == _SOS or size < 0:
            return
        yield head[1], file.read(size)


def uncommon_frame(file: BinaryIO) -> str | None:
    """What a file is, in words, whose pixels are coded as no JPEG's that is read; None for all others."""
    for marker, body in segments(file):
        if marker == _JPEG_LS:
            return "a JPEG-LS picture"
        if marker in _FRAMES:
            return f"a JPEG of {body[0]}-bit numbers" if body and body[0] != 8 else None
    return None


def _scans(data: Any) -> Iterator[tuple[int, bytes]]:
    """Marker and body of all frame headers, scan headers and the end, across scans; ``data`` is bytes or a mapped file."""
    at = 2
    while at + 4 <= len(data):
        if data[at] != 0xFF:
            found = _MARKER.search(data, at)
            if found is None:
                return
            at = found.end() - 2
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        if marker == _EOI:
            yield marker, b""
            return
        size = int.from_bytes(data[at + 2 : at + 4], "big")
        if marker in _FRAMES or marker == _SOS:
            yield marker, bytes(data[at + 4 : at + 2 + size])
        at += 2 + size
        if marker == _SOS:
            found = _MARKER.search(data, at)
            if found is None:
                return
            at = found.end() - 2
    if bytes(data[at : at + 2]) == b"\xff\xd9":
        yield _EOI, b""


def end_is_missing(data: Any) -> bool:
    """Whether a JPEG file (bytes, or mapped into memory) has scans and no end marker behind them."""
    if data[-2:] == b"\xff\xd9":
        return False
    markers = {marker for marker, _ in _scans(data)}
    return _SOS in markers and _EOI not in markers


def unpadded(data: bytes) -> bytes:
    """A JPEG without end, and without what a failed copy put there: noughts, or the first half of a marker."""
    rest = data.rstrip(b"\0\xff")
    # Entropy-coded data may end with a stuffed nought behind 255.
    return data[: len(rest) + 2] if data[len(rest) : len(rest) + 2] == b"\xff\0" else rest


def every_coefficient(data: bytes) -> bool:
    """Whether the scans, as far as they are there, hold all coefficients of all components at full precision."""
    components: set[int] = set()
    progressive = False
    done: dict[int, set[int]] = {}
    for marker, body in _scans(data):
        if marker in _FRAMES:
            if len(body) < 6 + 3 * body[5]:
                return False
            progressive = marker in _PROGRESSIVE
            components = {body[6 + 3 * i] for i in range(body[5])}
        elif marker == _SOS:
            count = body[0] if body else 0
            if len(body) < 4 + 2 * count:
                return False
            first, last, precision = body[1 + 2 * count : 4 + 2 * count]
            whole = not progressive or precision & 15 == 0
            span = set(range(first, last + 1)) if progressive else set(range(64))
            for i in range(count):
                done.setdefault(body[1 + 2 * i], set()).update(span if whole else ())
    return bool(components) and all(len(done.get(component, ())) == 64 for component in components)


def jpeg_quality(file: BinaryIO) -> int | None:
    """Estimate the quality number, 1..100, with which a JPEG was written; None if its tables are not found.

    It is the number whose scaled table of ITU-T T.81 annex K.1, in the manner of the Independent JPEG Group, comes
    nearest to the file's luminance table.
    """
    for marker, body in segments(file):
        if marker == _DQT and len(body) >= 65 and body[0] in (0x00, 0x10):
            wide = body[0] == 0x10 and len(body) >= 129
            table = np.frombuffer(body[1:129] if wide else body[1:65], ">u2" if wide else "u1").astype(np.int64)
            quality = np.arange(1, 101)
            scale = np.where(quality < 50, 5000 // quality, 200 - 2 * quality)
            tables = np.clip((_ANNEX_K * scale[:, None] + 50) // 100, 1, 255 if not wide else 32767)
            distance = np.abs(tables - table).sum(axis=1)
            return int(quality[::-1][np.argmin(distance[::-1])])  # of equals the higher one
    return None

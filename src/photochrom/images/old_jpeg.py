"""JPEG as TIFF 6.0 had it at first (compression 6): a JPEG stream, or its tables and its scans apart, made into streams.

Source: TIFF 6.0, section 22.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Sequence
from typing import BinaryIO

import pyvips

from photochrom.images.tiff_pages import Page

__all__ = ["old_jpeg"]

_FRAME, _TABLES = {1: 0xC0, 14: 0xC3}, (519, 520, 521)  # by tag 512: baseline, lossless; quantization, DC, AC
_SOI, _EOI = b"\xff\xd8", b"\xff\xd9"


def old_jpeg(file: BinaryIO, page: Page, access: str) -> pyvips.Image:
    """The pixels of a page; file: the whole TIFF. Raises pyvips.Error for what holds no stream, and no tables, either."""
    end = file.seek(0, io.SEEK_END)

    def part(at: int, size: int) -> bytes:
        file.seek(min(at, end))
        return file.read(min(size, end))

    places = page.numbers(273)
    sizes = page.numbers(279)
    at, size = page.number(513), page.number(514)
    if at or part(places[0] if places else end, 2) == _SOI:
        data = part(at or places[0], size or end)
        if at and places and min(places) >= at + len(data):  # the tables and the frame; the scans stand elsewhere
            data = data.removesuffix(_EOI) + b"".join(map(part, places, sizes))
        if not data.startswith(_SOI):
            raise pyvips.Error("no JPEG stream", "no JPEG stream")
        return _decoded(data, access)
    tables = [page.numbers(tag) for tag in _TABLES]
    frame = _FRAME.get(page.number(512, 1))
    if page.planar or page.tiled or frame is None or not all(tables) or not places or len(sizes) < len(places):
        raise pyvips.Error("no JPEG stream", "a kind of old-style JPEG that is not supported")
    rows = min(page.number(278, page.height) or page.height, page.height)
    strips = [
        _decoded(_head(part, page, tables, frame, min(rows, page.height - y)) + part(places[i], sizes[i]), access)
        for i, y in enumerate(range(0, page.height, rows))
    ]
    return (
        strips[0] if len(strips) == 1 else pyvips.Image.arrayjoin(strips, across=1).crop(0, 0, page.width, page.height)
    )


def _decoded(data: bytes, access: str) -> pyvips.Image:
    if _EOI not in data[-16:]:
        data += _EOI
    return pyvips.Image.jpegload_buffer(data, access=access, fail_on="error")


def _head(part: object, page: Page, tables: Sequence[Sequence[int]], frame: int, rows: int) -> bytes:
    """What stands before the entropy-coded data of a strip."""
    read = part
    assert callable(read)
    out = _SOI
    for number, at in enumerate(dict.fromkeys(tables[0])):
        out += _segment(0xDB, bytes([number]) + read(at, 64))
    for kind, places in enumerate(tables[1:]):
        for number, at in enumerate(dict.fromkeys(places)):
            counts = read(at, 16)
            out += _segment(0xC4, bytes([kind << 4 | number]) + counts + read(at + 16, sum(counts)))
    names = b"RGB" if page.photometric == 2 else b"\1\2\3\4"  # by which decoders know what the components are
    across, down = (page.numbers(530) or (2, 2))[:2] if page.photometric == 6 else (1, 1)
    numbers = [[list(dict.fromkeys(places)).index(at) for at in places] for places in tables]
    components, scan = b"", b""
    for i in range(page.samples):
        quantized, dc, ac = (of[min(i, len(of) - 1)] for of in numbers)
        factors = across << 4 | down if i == 0 else 0x11
        components += bytes([names[i % 4], factors, quantized])
        scan += bytes([names[i % 4], dc << 4 | ac])
    count = bytes([page.samples])
    out += _segment(frame, struct.pack(">BHH", page.bits, rows, page.width) + count + components)
    if page.number(515):
        out += _segment(0xDD, struct.pack(">H", page.number(515)))
    return out + _segment(0xDA, count + scan + (bytes([page.number(517), 0, 0]) if frame == 0xC3 else b"\0\x3f\0"))


def _segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body

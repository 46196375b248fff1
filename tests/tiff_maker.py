"""TIFF files to the byte, for what no library would write."""

import struct
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

BYTE, ASCII, SHORT, LONG, RATIONAL, UNDEFINED = 1, 2, 3, 4, 5, 7
Entry = tuple[int, int, list[int] | bytes]  # tag, type, values, or their bytes


def packed(values: NDArray[Any], bits: int) -> bytes:
    """Rows of whole numbers as rows of bits, the most significant one first; each row begins with a byte."""
    flat = np.asarray(values, np.uint32).reshape(len(values), -1)
    single = (flat[..., None] >> np.arange(bits - 1, -1, -1)) & 1
    return np.packbits(single.astype(np.uint8).reshape(len(flat), -1), axis=1).tobytes()


def tiff(
    path: Path,
    data: bytes,
    size: tuple[int, int],
    *,
    samples: int = 1,
    bits: int = 8,
    photometric: int = 1,
    compression: int = 1,
    extra: tuple[Entry, ...] = (),
    without: tuple[int, ...] = (),
    order: str = "<",
    ordered: bool = True,
) -> Path:
    """Write a file of one strip, ``data``; ``extra`` entries come besides, or in the place of, those it needs."""
    usual: list[Entry] = [
        (256, LONG, [size[0]]),
        (257, LONG, [size[1]]),
        (258, SHORT, [bits] * samples),
        (259, SHORT, [compression]),
        (262, SHORT, [photometric]),
        (273, LONG, [8]),
        (277, SHORT, [samples]),
        (278, LONG, [size[1]]),
        (279, LONG, [len(data)]),
    ]
    given = {entry[0] for entry in extra}
    entries = [*(entry for entry in usual if entry[0] not in given and entry[0] not in without), *extra]
    if ordered:
        entries.sort(key=lambda entry: entry[0])
    data += b"\0" * (len(data) % 2)
    at = 8 + len(data)
    directory, tail = struct.pack(order + "H", len(entries)), b""
    for tag, kind, values in entries:
        form = {BYTE: "B", SHORT: "H", LONG: "I", RATIONAL: "I"}.get(kind, "B")
        body = values if isinstance(values, bytes) else struct.pack(f"{order}{len(values)}{form}", *values)
        count = len(values) // (2 if kind == RATIONAL else 1)
        field = body.ljust(4, b"\0")
        if len(body) > 4:
            field = struct.pack(order + "I", at + 2 + 12 * len(entries) + 4 + len(tail))
            tail += body + b"\0" * (len(body) % 2)
        directory += struct.pack(order + "HHI", tag, kind, count) + field
    head = {"<": b"II*\0", ">": b"MM\0*"}[order] + struct.pack(order + "I", at)
    path.write_bytes(head + data + directory + bytes(4) + tail)
    return path

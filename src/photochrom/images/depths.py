"""Numbers of uncommon depth: rows of bits become rows of 8 or 16-bit numbers."""

from __future__ import annotations

import tempfile
from typing import Any

import numpy as np
import pyvips
from numpy.typing import NDArray

from photochrom.images.convert import rows

__all__ = ["room", "unpack"]

_HELD = 64_000_000
_ROWS = 64


def room(shape: tuple[int, ...], dtype: Any) -> NDArray[Any]:
    """An array to be filled: in memory, or, of more than 64 MB, on the disk, where it vanishes with the array."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    if size <= _HELD:
        return np.empty(shape, dtype)
    with tempfile.TemporaryFile() as file:
        return np.memmap(file, dtype, "w+", shape=shape)


def unpack(
    packed: pyvips.Image, width: int, samples: int, bits: int, *, little: bool, floats: bool = False
) -> pyvips.Image:
    """The picture whose rows are packed, most significant bit first, in the rows of ``packed`` (one band, uchar).

    ``samples`` numbers of ``bits`` (1 to 32) for each of ``width`` pixels. The result is uchar up to 8 bits, else ushort; the
    largest number becomes the largest of that type, others are rounded. Whole bytes stand in the file's order: ``little``.
    ``floats``: of 64 bits, which become 32.
    """
    dtype: Any = np.float32 if floats else np.uint8 if bits <= 8 else np.uint16
    out = room((packed.height, width, samples), dtype)
    for y, strip in rows(packed, _ROWS):
        if floats:
            wide = strip[:, : width * samples * 8].copy().view("<f8" if little else ">f8")
            out[y : y + len(strip)] = wide.reshape(len(strip), width, samples)
            continue
        values = _values(strip, width * samples, bits, little)
        scale = np.iinfo(dtype).max / ((1 << bits) - 1)
        out[y : y + len(strip)] = np.rint(values * scale).astype(dtype).reshape(len(strip), width, samples)
    kind = {np.uint8: "uchar", np.uint16: "ushort", np.float32: "float"}[dtype]
    return pyvips.Image.new_from_memory(out, width, packed.height, samples, kind).copy(interpretation="multiband")


def _values(strip: NDArray[np.uint8], count: int, bits: int, little: bool) -> NDArray[np.float64]:
    """The numbers of each row: (h, bytes) -> (h, count)."""
    if bits % 8 == 0:
        single = strip[:, : count * bits // 8].reshape(len(strip), count, bits // 8).astype(np.float64)
        powers = 256.0 ** np.arange(bits // 8)
        return single @ (powers if little else powers[::-1])
    if bits == 12 and count % 2 == 0:
        first, second, third = (strip[:, i : count * 3 // 2 : 3].astype(np.uint16) for i in range(3))
        values = np.empty((len(strip), count), np.float64)
        values[:, 0::2], values[:, 1::2] = first << 4 | second >> 4, (second & 15) << 8 | third
        return values
    each = np.unpackbits(strip, axis=1, count=count * bits).reshape(len(strip), count, bits)
    total: NDArray[np.float64] = each.astype(np.float32) @ (2.0 ** np.arange(bits - 1, -1, -1))
    return total

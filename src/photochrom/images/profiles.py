"""Colour profiles for files that state their colours without one."""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray

__all__ = ["gamma_profile"]

#: Chromaticities of sRGB (BT.709): white, red, green, blue.
SRGB = (0.3127, 0.329, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06)
#: (a * x + b) ** g from d on, below that c * x: g, a, b, c, d (IEC 61966-2-1).
_SRGB_CURVE = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
_D50 = np.array([0.9642, 1.0, 0.8249])
_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])


def gamma_profile(exponent: float | None, chromaticities: tuple[float, ...]) -> bytes | None:
    """An ICC profile (ICC.1:2010, version 4) of a power curve and primaries; None for impossible ones.

    exponent: linear light is the number in [0, 1] to this power; None: the curve of sRGB. chromaticities: x and y of white,
    red, green and blue. White is adapted to D50 by the Bradford transform.
    """
    colors = _colorants(chromaticities)
    if colors is None:
        return None
    terms = _SRGB_CURVE if exponent is None else (exponent,)
    curve = b"para" + bytes(4) + struct.pack(">HH", 3 if exponent is None else 0, 0)
    curve += b"".join(struct.pack(">i", round(term * 65536)) for term in terms)
    tags: list[tuple[bytes, bytes]] = [
        (b"desc", _text("stated colours")),
        (b"cprt", _text("none")),
        (b"wtpt", _xyz(_D50)),
    ]
    for i, name in enumerate((b"r", b"g", b"b")):
        tags += [(name + b"XYZ", _xyz(colors[:, i])), (name + b"TRC", curve)]
    offset = 128 + 4 + 12 * len(tags)
    table, body = struct.pack(">I", len(tags)), b""
    for name, data in tags:
        table += name + struct.pack(">II", offset + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    head = struct.pack(">I4sI4s4s4s", offset + len(body), b"none", 0x04300000, b"mntr", b"RGB ", b"XYZ ")
    head += bytes(12) + b"acsp" + bytes(28) + struct.pack(">3i", *(round(value * 65536) for value in _D50))
    return head.ljust(128, b"\0") + table + body


def _colorants(chromaticities: tuple[float, ...]) -> NDArray[np.float64] | None:
    """XYZ of red, green and blue as columns, under D50."""
    xy = np.array(chromaticities, np.float64).reshape(4, 2)
    if (xy <= 0).any() or (xy.sum(axis=1) > 1.0001).any():
        return None
    xyz = np.stack([xy[:, 0] / xy[:, 1], np.ones(4), (1 - xy.sum(axis=1)) / xy[:, 1]])
    white, primaries = xyz[:, 0], xyz[:, 1:]
    try:
        primaries = primaries * np.linalg.solve(primaries, white)
    except np.linalg.LinAlgError:
        return None
    cone = (_BRADFORD @ _D50) / (_BRADFORD @ white)
    adapted: NDArray[np.float64] = np.linalg.inv(_BRADFORD) @ np.diag(cone) @ _BRADFORD @ primaries
    return adapted if np.isfinite(adapted).all() and np.abs(adapted).max() < 8 else None


def _xyz(values: NDArray[np.float64]) -> bytes:
    return b"XYZ " + bytes(4) + struct.pack(">3i", *(round(float(value) * 65536) for value in values))


def _text(text: str) -> bytes:
    body = text.encode("utf-16-be")
    return b"mluc" + bytes(4) + struct.pack(">II2s2sII", 1, 12, b"en", b"US", len(body), 28) + body

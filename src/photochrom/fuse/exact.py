"""Painting 16-bit pixels by the colour formulas, without a table of colours."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from photochrom.color import XYZ_TO_RGB, lab_to_rgb, lightness, limit_chroma, linear_to_srgb

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from photochrom.fuse.rows import Rows

__all__ = ["ExactPainter"]

_DELTA = np.float32(6 / 29)
_MATRIX = XYZ_TO_RGB.astype(np.float32)
#: A colour this close to grey is left alone where it leaves sRGB: clipping it changes nothing that can be seen.
_GREY = 1.0


class ExactPainter:
    """Paints 16-bit rows, at most ``height`` at a time, in buffers of its own: one per thread."""

    #: Pixels to paint in one call: few enough for the caches, enough to make the overhead of the calls small.
    PIXELS = 49152

    def __init__(self, height: int, w: int, together: int = 1) -> None:
        """``together`` is always 1, for the interface shared with TablePainter: no rows share their planes."""
        self._at = np.empty((height, 6, w), np.float32)
        self._planes = np.empty((3, height, w), np.float32)

    def paint(self, rows: Rows, start: int, pixels: NDArray[np.uint16], painted: NDArray[np.uint16]) -> None:
        """Colour ``pixels``, (n, w) or (n, w, 3), into ``painted`` (n, w, 3); they are the rows of ``rows`` from ``start`` on."""
        n = len(pixels)
        at = self._at[:n]
        rows.enlarge(start, start + n, at)
        steer, a, b = self._planes[:, :n]
        light = lightness(pixels)
        np.clip(light, at[:, 4], at[:, 5], out=steer)
        for colour, slope, offset in ((a, at[:, 0], at[:, 2]), (b, at[:, 1], at[:, 3])):
            np.multiply(slope, steer, out=colour)
            colour += offset
        where = _encode(light, a, b, painted)
        where = where[(np.abs(a.flat[where]) > _GREY) | (np.abs(b.flat[where]) > _GREY)]
        if len(where):
            colours = np.stack([plane.flat[where] for plane in (light, a, b)], axis=-1)
            painted.reshape(-1, 3)[where] = np.rint(lab_to_rgb(limit_chroma(colours)).clip(0, 1) * 65535)


def _encode(
    light: NDArray[np.float32], a: NDArray[np.float32], b: NDArray[np.float32], painted: NDArray[np.uint16]
) -> NDArray[np.intp]:
    """Write the 16-bit sRGB of L*, a* and b*, each (n, w), into ``painted``; return the flat indices of colours outside sRGB."""
    fy = (light + np.float32(16)) / np.float32(116)
    f = np.stack([fy + a * np.float32(1 / 500), fy, fy - b * np.float32(1 / 200)])
    xyz = np.where(f > _DELTA, f * f * f, (f - np.float32(4 / 29)) * (3 * _DELTA**2))
    luminance = xyz[1]
    dx, dz = xyz[0] - luminance, xyz[2] - luminance
    # As in color.planes_to_rgb, so that grey stays grey.
    linear = np.stack([luminance + wx * dx + wz * dz for wx, _, wz in _MATRIX])
    # What lies outside by less is lost in rounding, for the transfer curve is steepest at black.
    tolerance = np.float32(0.4 / (12.92 * 65535))
    where = np.flatnonzero((linear.min(axis=0) < -tolerance) | (linear.max(axis=0) > 1 + tolerance))
    table = _encoding_table()
    index = (np.sqrt(linear.clip(0, 1)) * np.float32(len(table) - 1) + np.float32(0.5)).astype(np.int32)
    painted[...] = np.moveaxis(np.take(table, index), 0, -1)
    return where


@cache
def _encoding_table() -> NDArray[np.uint16]:
    """16-bit sRGB codes over the square root of linear light, in which equal steps are nearly equal steps of the code."""
    table: NDArray[Any] = np.rint(linear_to_srgb(np.linspace(0.0, 1.0, 1 << 18) ** 2) * 65535)
    return table.astype(np.uint16)

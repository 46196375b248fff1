"""Painting 8-bit pixels by a table: one picture holds every colour that each grey level can take, and painting looks it up.

For each of the 256 grey levels the table has a tile: the sRGB colours of that lightness over a grid of a* (across) and b*
(down), with chroma already limited to sRGB. The tiles are stacked vertically. One call of OpenCV interpolates between the
grid points.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from photochrom.color import (
    RGB_TO_XYZ,
    chroma_limit,
    lightness_table,
    linear_table,
    linear_to_srgb,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from photochrom.fuse.rows import Rows

__all__ = ["TablePainter", "colour_table", "rows_together", "table_planes"]

#: Between grid points, in units of a* and b*.
STEP = 5
#: The grid goes from -REACH to REACH; no colour of sRGB has an a* or b* outside.
REACH = 110
#: Grid points along a side of a tile.
SIDE = 2 * REACH // STEP + 1
_HUES = 180
_TOGETHER = 4  # at the most
_LUMINANCES, _LIGHTS = 1 << 13, 1 << 13
#: cv2.remap counts columns in 16 bits, and refuses 32,767 of them.
_REMAP_COLUMNS = 1 << 14


@cache
def colour_table() -> NDArray[np.uint8]:
    """sRGB of every grey level and every ab grid point; shape (256 * SIDE, SIDE, 4) uint8, read-only: blue, green, red, 255.

    Row ``level * SIDE + (b + REACH) / STEP``, column ``(a + REACH) / STEP``. OpenCV interpolates four bytes twice as fast as
    three, and its encoders take them in this order.
    """
    light = lightness_table(8)
    axis = np.arange(-REACH, REACH + 1, STEP, dtype=np.float32)
    b, a = np.meshgrid(axis, axis, indexing="ij")
    # The bisection is done at every level for hues all around, and interpolated between them.
    far = np.float32(2 * REACH)
    hues = np.linspace(-np.pi, np.pi, _HUES + 1, dtype=np.float32)
    fy = np.repeat((light + np.float32(16)) / np.float32(116), len(hues))
    dx, dz = np.tile(far / 500 * np.cos(hues), 256), np.tile(far / 200 * np.sin(hues), 256)
    most = far * chroma_limit(fy, dx, dz).reshape(256, len(hues))
    hue = (np.arctan2(b, a).reshape(1, -1) / np.float32(2 * np.pi) + np.float32(0.5)) * np.float32(_HUES)
    level = np.arange(256, dtype=np.float32)[:, None]
    limit: Any = cv2.remap(most, np.repeat(hue, 256, axis=0), np.repeat(level, hue.size, axis=1), cv2.INTER_LINEAR)
    share = np.minimum(1, limit.reshape(256, SIDE, SIDE) / np.maximum(np.hypot(a, b), np.float32(1e-3)))
    lab = np.empty((256, SIDE, SIDE, 3), np.float32)
    lab[..., 0] = light[:, None, None]
    lab[..., 1], lab[..., 2] = a * share, b * share
    rgb = cv2.cvtColor(lab.reshape(-1, SIDE, 3), cv2.COLOR_Lab2RGB)  # exact to 3e-4 of the range
    table: Any = cv2.cvtColor(cv2.convertScaleAbs(rgb, alpha=255), cv2.COLOR_RGB2BGRA)
    table.setflags(write=False)
    return np.asarray(table, np.uint8)


def rows_together(field_rows: int, full_height: int) -> int:
    """How many rows of the picture share one row of the enlarged planes, which are at least three times as fine as the field."""
    return min(max(full_height // (3 * field_rows), 1), _TOGETHER)


def table_planes(planes: NDArray[np.float32]) -> NDArray[np.float32]:
    """A field's planes (h, 6, w) for painting by the table: their a* in columns of it, their b* in rows of a pixel's own tile.

    Colour is steered by the grey level in place of L*, which saves looking L* up: within the bounds of a work pixel, L* is
    approximated as linear in the level (over a range of 40 units of L* the error is below one).
    """
    low, high = (planes[:, plane] for plane in (4, 5))
    first, last = (_level_of(light) for light in (low, high))
    rise = (high - low) / np.maximum(last - first, np.float32(1e-3))
    scaled = np.empty_like(planes)
    for plane in (0, 1):
        slope = planes[:, plane] / np.float32(STEP)
        scaled[:, plane] = slope * rise
        scaled[:, plane + 2] = (planes[:, plane + 2] + np.float32(REACH)) / np.float32(STEP) + slope * (
            low - rise * first
        )
    scaled[:, 4], scaled[:, 5] = first, last
    return scaled


class TablePainter:
    """Paints 8-bit rows, at most ``height`` at a time, in buffers of its own: one per thread.

    ``together`` rows, counted from the picture's first, share one row of the field's planes: where the field is much
    smaller than the picture, enlarging it for every row would cost more than all the rest.

    The rows of every buffer are not contiguous, so that OpenCV processes each by itself: no pixel's result depends on
    how many rows are painted together.
    """

    #: Pixels to paint in one call: few enough for the caches, enough to outlast the handing over of the interpreter lock.
    PIXELS = 1 << 18

    def __init__(self, height: int, w: int, together: int) -> None:
        groups = -(-height // together) + 1  # the first group and the last may be incomplete
        self._at = np.empty((groups, 6, w), np.float32)
        #: Grey level, the level that steers the colour, and its place in the table: column and row.
        self._buffers = np.zeros((4, groups * together, w + 1), np.float32)[..., :-1]
        self._packed = np.empty((height, w, 4), np.uint8)
        self._together = together

    def paint(self, rows: Rows, start: int, pixels: NDArray[np.uint8], painted: NDArray[np.uint8]) -> None:
        """Colour ``pixels`` (n, w) or (n, w, 3) into ``painted``: (n, w, 3) RGB, or (n, w, 4) in the table's order.

        ``rows`` are made of :func:`table_planes`; ``start`` counts the picture's rows from where the first of them begins.
        """
        n, together = len(pixels), self._together
        first, skip = divmod(start, together)
        groups = -(-(skip + n) // together)
        at = self._at[:groups]
        packed = painted if painted.shape[2] == 4 else self._packed[:n]
        rows.enlarge(first, first + groups, at)
        level, _, x, y = self._buffers[:, skip : skip + n]
        if pixels.ndim == 2:
            np.copyto(level, pixels)
        else:
            _measure(pixels, level)
        # Few large calls: threads lose more to the interpreter lock than the arithmetic takes.
        grouped = self._buffers[:, : groups * together].reshape(4, groups, together, -1)
        steer, places = grouped[1], grouped[2:]
        np.maximum(grouped[0], at[:, None, 4], out=steer)
        np.minimum(steer, at[:, None, 5], out=steer)
        np.multiply(steer, np.moveaxis(at[:, None, :2], 2, 0), out=places)
        np.add(places, np.moveaxis(at[:, None, 2:4], 2, 0), out=places)
        # Beyond the grid's end colours are those at its end: down a tile by clipping, across by the border.
        cv2.threshold(y, 0, 0, cv2.THRESH_TOZERO, dst=y)
        cv2.threshold(y, SIDE - 1, 0, cv2.THRESH_TRUNC, dst=y)
        if pixels.ndim == 2:
            cv2.scaleAdd(level, SIDE, y, dst=y)
            _look_up(x, y, packed)
        else:
            below = np.minimum(np.floor(level), np.float32(254))
            cv2.scaleAdd(below, SIDE, y, dst=y)
            lower, upper = np.empty_like(packed), np.empty_like(packed)
            _look_up(x, y, lower)
            np.add(y, np.float32(SIDE), out=y)
            _look_up(x, y, upper)
            share = level - below
            cv2.blendLinear(lower, upper, 1 - share, share, dst=packed)
        if packed is not painted:
            cv2.cvtColor(packed, cv2.COLOR_BGRA2RGB, dst=painted)


def _look_up(x: NDArray[np.float32], y: NDArray[np.float32], packed: NDArray[np.uint8]) -> None:
    _remap(colour_table(), x, y, packed)


def _remap(table: NDArray[Any], x: NDArray[np.float32], y: NDArray[np.float32], out: NDArray[Any]) -> None:
    """``table`` at the places (x, y), each (n, w), into ``out`` (n, w) or (n, w, 4); interpolated, and clamped at its edges."""
    for first in range(0, x.shape[1], _REMAP_COLUMNS):
        part = np.s_[:, first : first + _REMAP_COLUMNS]
        cv2.remap(table, x[part], y[part], cv2.INTER_LINEAR, dst=out[part], borderMode=cv2.BORDER_REPLICATE)


def _measure(pixels: NDArray[np.uint8], level: NDArray[np.float32]) -> None:
    """Write the fractional grey level with the same L* as the RGB pixels (n, w, 3) into ``level``."""
    linear = cv2.LUT(pixels, linear_table(8))
    luminance: Any = cv2.sqrt(cv2.transform(linear, RGB_TO_XYZ[1:2]))
    luminance *= np.float32(_LUMINANCES - 1)
    zeros = np.zeros_like(luminance)
    _remap(_by_root_of_luminance(), luminance, zeros, level)
    # A grey pixel is to be painted as in a picture of one band, to the last bit.
    red, green, blue = cv2.split(pixels)
    grey = cv2.bitwise_and(cv2.compare(red, green, cv2.CMP_EQ), cv2.compare(red, blue, cv2.CMP_EQ))
    cv2.copyTo(red.astype(np.float32), grey, level)


def _level_of(light: NDArray[np.float32]) -> NDArray[np.float32]:
    """The fractional grey level of L*, in a fifth of the time of NumPy's interpolation."""
    nearest = np.rint(light * np.float32(_LIGHTS / 100)).clip(0, _LIGHTS).astype(np.intp)
    return np.asarray(_by_lightness()[nearest])


@cache
def _by_lightness() -> NDArray[np.float32]:
    """Grey levels of 8 bits at equal steps of L*, (n + 1,) float32."""
    light = np.linspace(0, 100, _LIGHTS + 1)
    return np.interp(light, lightness_table(8), np.arange(256)).astype(np.float32)


@cache
def _by_root_of_luminance() -> NDArray[np.float32]:
    """Grey levels of 8 bits at equal steps of the square root of luminance; (1, n) float32."""
    levels: NDArray[np.float32] = (255 * linear_to_srgb(np.linspace(0.0, 1.0, _LUMINANCES)[None] ** 2)).astype(
        np.float32
    )
    return levels

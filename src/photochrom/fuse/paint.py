"""From a colour field to the pixels of a strip: slope and offset are enlarged, never ab (He and Sun 2015, eq. 8).

The full-resolution L* is clipped to the range that the fit has seen before it steers colour: grain and lines finer than a work
pixel cannot be given a colour that is not there. What leaves sRGB gives up chroma, never lightness or hue.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from photochrom.color import (
    XYZ_TO_RGB,
    check_pixels,
    lab_to_rgb,
    lightness,
    lightness_table,
    limit_chroma,
    linear_to_srgb,
)
from photochrom.errors import OptionError
from photochrom.fuse.field import ColorField
from photochrom.fuse.layers import Dots

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from photochrom.fuse.layers import Layer

__all__ = ["ab_strip", "paint_strip"]

_TILE_PIXELS = 49152  # few enough for the caches, enough that the calls themselves cost little
#: What one thread takes at a time: smaller shares lose more to the interpreter lock than a second thread gains.
_CHUNK_PIXELS = 1 << 20
_MAX_THREADS = 8
_DELTA = np.float32(6 / 29)
_MATRIX = XYZ_TO_RGB.astype(np.float32)
#: A colour this close to grey is left alone where it leaves sRGB: clipping it changes nothing that can be seen.
_GREY = 1.0


def ab_strip(
    field: ColorField, light: NDArray[np.float32], y0: int, full_height: int, layers: Sequence[Layer] = ()
) -> NDArray[np.float32]:
    """The field's colour for rows from ``y0`` on of a picture ``full_height`` high: L* (h, w) -> ab (h, w, 2) float32.

    Before the gamut limit; for colour files and measurements. :func:`paint_strip` is the fast way to pixels.
    """
    rows = _Rows(field.planes, y0, full_height, *light.shape)
    at = np.empty((light.shape[0], 6, light.shape[1]), np.float32)
    rows.enlarge(0, light.shape[0], at)
    steer = np.clip(light, at[:, 4], at[:, 5])
    a, b = at[:, 0] * steer + at[:, 2], at[:, 1] * steer + at[:, 3]
    _lay_over(layers, a, b, light, y0, full_height)
    return np.stack([a, b], axis=-1)


def _lay_over(
    layers: Sequence[Layer], a: NDArray[Any], b: NDArray[Any], light: NDArray[Any], y: int, full_height: int
) -> None:
    """Change the colours a* and b* (n, w) of the rows from ``y`` on, in place; ``light`` (n, w) is their L*."""
    n = len(a)
    for layer in layers:
        if isinstance(layer, Dots):
            first, last = np.searchsorted(layer.y, (y, y + n))
            at = layer.y[first:last] - y, layer.x[first:last]
            a[at], b[at] = layer.ab[first:last].T
            continue
        start, stop = max(layer.top, y), min(layer.top + layer.alpha.shape[0], y + n)
        if start >= stop:
            continue
        rows, columns = slice(start - y, stop - y), slice(layer.left, layer.left + layer.alpha.shape[1])
        alpha = layer.alpha[start - layer.top : stop - layer.top] * np.float32(1 / 255)
        color: Any = layer.color
        if isinstance(color, ColorField):
            color = np.moveaxis(ab_strip(color, light[rows], start, full_height)[:, columns], -1, 0)
        for plane, value in zip((a, b), color, strict=True):
            plane[rows, columns] += alpha * (value - plane[rows, columns])


def paint_strip(
    field: ColorField,
    pixels: NDArray[Any],
    y0: int,
    full_height: int,
    *,
    layers: Sequence[Layer] = (),
    threads: int | None = None,
) -> NDArray[Any]:
    """Colour rows of a photograph: sRGB-encoded (h, w) or (h, w, 3) uint8 or uint16 -> sRGB (h, w, 3) of the same dtype.

    The rows stand at ``y0`` in a picture ``full_height`` high and as wide as the strip. Their lightness is kept, their
    colour comes from the field and the layers over it, results are rounded. ``threads``: default one per processor, 8 at most;
    each takes a few MB whatever the size. Raises InvalidPixelsError for another dtype or shape, OptionError for rows or
    threads out of range.
    """
    check_pixels(pixels)
    h, w = pixels.shape[:2]
    if not 0 <= y0 <= full_height - h:
        raise OptionError("y0", y0, f"0 to {full_height - h} for {h} rows of {full_height}")
    threads = min(os.cpu_count() or 1, _MAX_THREADS) if threads is None else threads
    if threads < 1:
        raise OptionError("threads", threads, "at least 1")
    painted = np.empty((h, w, 3), pixels.dtype)
    if not painted.size:
        return painted
    planes = field.planes
    tile = max(1, _TILE_PIXELS // w)
    starts = range(0, h, max(tile, _CHUNK_PIXELS // w))
    threads = min(threads, len(starts))

    def work(share: int) -> None:
        painter = _Painter(min(tile, h), w, pixels.dtype.itemsize)
        for start in starts[share::threads]:
            stop = min(start + starts.step, h)
            rows = _Rows(planes, y0 + start, full_height, stop - start, w)
            painter.paint(rows, pixels[start:stop], painted[start:stop], layers)

    if threads == 1:
        work(0)
    else:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(work, range(threads)))
    return painted


class _Rows:
    """Bilinear enlargement of (rows, planes, columns) to the rows of one strip, aligned by pixel centres."""

    def __init__(self, planes: NDArray[np.float32], y0: int, full_height: int, h: int, w: int) -> None:
        count, channels, columns = planes.shape
        self.y0, self.full_height = y0, full_height
        centre = np.clip((np.arange(y0, y0 + h) + 0.5) * (count / full_height) - 0.5, 0, count - 1)
        first = np.floor(centre).astype(np.intp)
        base = int(first[0])
        needed = planes[base : int(first[-1]) + 2]
        flat: Any = cv2.resize(needed.reshape(-1, columns), (w, len(needed) * channels))
        wide: NDArray[np.float32] = flat.reshape(len(needed), channels, w)
        self._source, self._weight = first - base, (centre - first).astype(np.float32)
        self._wide = wide
        # The last row of all has no next one: its weight is 0, and its step too.
        self._step = np.diff(wide, axis=0, append=wide[-1:])

    def enlarge(self, start: int, stop: int, out: NDArray[np.float32]) -> None:
        """Write rows start to stop of the strip into ``out`` (stop - start, planes, w)."""
        source = self._source[start:stop]
        edges = [0, *(np.flatnonzero(np.diff(source)) + 1).tolist(), stop - start]
        for begin, end in itertools.pairwise(edges):  # rows between the same two rows of the field
            weight = self._weight[start + begin : start + end, None, None]
            np.multiply(self._step[source[begin]], weight, out=out[begin:end])
            out[begin:end] += self._wide[source[begin]]


class _Painter:
    """Paints rows tile by tile in its own buffers: one per thread."""

    def __init__(self, height: int, w: int, itemsize: int) -> None:
        self._height, self._wide = height, itemsize == 2
        self._at = np.empty((height, 6, w), np.float32)
        # Buffers are kept: fresh ones would be new pages each time, for which threads wait on one another.
        self._light, self._inside = np.empty((height, w), np.float32), np.empty((height, w), np.uint8)
        self._planes = np.empty((3, height, w), np.float32)
        self._lab, self._rgb = (np.empty((height, w, 3), np.float32) for _ in range(2))

    def paint(self, rows: _Rows, pixels: NDArray[Any], painted: NDArray[Any], layers: Sequence[Layer]) -> None:
        """Colour ``pixels`` (n, w) or (n, w, 3), the rows that ``rows`` was made for, into ``painted`` (n, w, 3)."""
        outside = []
        for start in range(0, len(pixels), self._height):
            part = pixels[start : start + self._height]
            lab = self._steer(rows, start, part, layers)
            todo = painted[start : start + len(part)]
            where = _encode_wide(lab, todo) if self._wide else self._encode(lab, todo)
            if len(where):
                colours = lab.reshape(-1, 3)[where]
                coloured = (np.abs(colours[:, 1]) > _GREY) | (np.abs(colours[:, 2]) > _GREY)
                outside.append((start * pixels.shape[1] + where[coloured], colours[coloured]))
        # The few colours outside sRGB are mended together, for the bisection is many small steps.
        if outside:
            places, colours = (np.concatenate(parts) for parts in zip(*outside, strict=True))
            limited = lab_to_rgb(limit_chroma(colours)).clip(0, 1) * np.iinfo(painted.dtype).max
            painted.reshape(-1, 3)[places] = np.rint(limited)

    def _steer(self, rows: _Rows, start: int, pixels: NDArray[Any], layers: Sequence[Layer]) -> NDArray[np.float32]:
        """L*a*b* (n, w, 3) of the coloured pixels, in a buffer of this painter."""
        n = len(pixels)
        at = self._at[:n]
        rows.enlarge(start, start + n, at)
        steer, a, b = self._planes[:, :n]
        light = self._light[:n]
        if pixels.dtype == np.uint8 and pixels.ndim == 2:  # OpenCV looks 8-bit tables up twice as fast as NumPy
            cv2.LUT(pixels, lightness_table(8), dst=light)
        else:
            light = lightness(pixels)
        np.clip(light, at[:, 4], at[:, 5], out=steer)
        for colour, slope, offset in ((a, at[:, 0], at[:, 2]), (b, at[:, 1], at[:, 3])):
            np.multiply(slope, steer, out=colour)
            colour += offset
        _lay_over(layers, a, b, light, rows.y0 + start, rows.full_height)
        lab = self._lab[:n]
        cv2.merge([light, a, b], dst=lab)
        return lab

    def _encode(self, lab: NDArray[np.float32], painted: NDArray[np.uint8]) -> NDArray[np.intp]:
        """8-bit sRGB of L*a*b* into ``painted``, by OpenCV (exact to 3e-4 of the range); returns where it was clipped."""
        rgb = self._rgb[: len(lab)]
        cv2.cvtColor(lab, cv2.COLOR_Lab2RGB, dst=rgb)
        cv2.convertScaleAbs(rgb, dst=painted, alpha=255)
        inside = self._inside[: len(lab)]
        cv2.inRange(rgb, (1e-6,) * 3, (1 - 1e-6,) * 3, dst=inside)
        if cv2.countNonZero(inside) == inside.size:
            return np.empty(0, np.intp)
        return np.flatnonzero(inside == 0)


def _encode_wide(lab: NDArray[np.float32], painted: NDArray[np.uint16]) -> NDArray[np.intp]:
    """16-bit sRGB of L*a*b* into ``painted``, by our own formulas; returns where it leaves the range."""
    light, a, b = (np.ascontiguousarray(lab[..., i]) for i in range(3))
    fy = (light + np.float32(16)) / np.float32(116)
    f = np.stack([fy + a * np.float32(1 / 500), fy, fy - b * np.float32(1 / 200)])
    xyz = np.where(f > _DELTA, f * f * f, (f - np.float32(4 / 29)) * (3 * _DELTA**2))
    linear = np.tensordot(_MATRIX, xyz, axes=1)
    # What lies outside by less is lost in rounding, for the transfer curve is steepest at black.
    tolerance = np.float32(0.4 / (12.92 * 65535))
    where = np.flatnonzero((linear.min(axis=0) < -tolerance) | (linear.max(axis=0) > 1 + tolerance))
    table = _encoding_table()
    index = (np.sqrt(linear.clip(0, 1)) * np.float32(len(table) - 1) + np.float32(0.5)).astype(np.int32)
    painted[...] = np.moveaxis(np.take(table, index), 0, -1)
    return where


@cache
def _encoding_table() -> NDArray[np.uint16]:
    """sRGB-encoded integers by the square root of linear light, where equal steps are nearly equal steps of the code."""
    table: NDArray[np.uint16] = np.rint(linear_to_srgb(np.linspace(0.0, 1.0, 1 << 18) ** 2) * 65535).astype(np.uint16)
    return table

"""From a small colour field to a full-size colour photograph that keeps its own lightness.

Three steps, each of which looks only at the photograph's L*:

1. :func:`sharpen` brings the network's coarse cells to work size. A network tells the mean colour of a cell and smears it
   over its neighbours; edges are put back by adding slope * (L* - blurred L*), where the slope is the local regression of
   the cells' ab on their L* and L* is blurred as the network blurs (He, Sun, Tang 2013, eq. 5, fitted at the resolution
   the colours are known at, as in He and Sun 2015).
2. :func:`fit` fits ab = slope * L* + offset around every work pixel (the same equation), passing through its own colour.
3. :func:`paint_strip` enlarges slope and offset, never ab (He and Sun 2015, eq. 8), to the rows of one strip, and applies
   them to the full-resolution L*, which is first clipped to the range that the fit has seen: grain and lines finer than
   a work pixel cannot be given a colour that is not there. What leaves sRGB gives up chroma.

Memory does not grow with the picture's area, and a strip is the same to the last bit however the picture is cut.
"""

from __future__ import annotations

import itertools
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from photochrom.color import XYZ_TO_RGB, chroma_limit, lightness, lightness_table, linear_to_srgb
from photochrom.errors import InvalidPixelsError, OptionError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["ColorField", "ab_strip", "fit", "paint_strip", "sharpen"]

#: How far the network smears colour beyond the cell it belongs to: sigma of a Gaussian, in cells.
NETWORK_BLUR = 0.6

# Added to the variance of L* in a window, as in the guided filter: edges weaker than its root do not steer colour.
_CELL_EPS = 16.0
_PIXEL_EPS = 4.0

_TILE_PIXELS = 24576  # one tile's buffers stay in a 1-2 MB second-level cache
_CHUNK_TILES = 12  # what one thread takes at a time; rows of the field are enlarged, and gamut is limited, once in it
_MAX_THREADS = 8
_DELTA = np.float32(6 / 29)
_MATRIX = XYZ_TO_RGB.astype(np.float32)


@dataclass(frozen=True)
class ColorField:
    """Colour as a function of place and lightness: ab = slope * clip(L*, low, high) + offset, at work size.

    slope and offset: (h, w, 2) float32, in ab per unit of L* and in ab; low and high: (h, w) float32, in L*.
    """

    slope: NDArray[np.float32]
    offset: NDArray[np.float32]
    low: NDArray[np.float32]
    high: NDArray[np.float32]

    @cached_property
    def planes(self) -> NDArray[np.float32]:
        """The field in CIE's units, (h, 6, w): fx - fy = p0 * t + p2 and fy - fz = p1 * t + p3, t = clip(fy, p4, p5)."""
        slope, offset = self.slope, self.offset
        a, b = np.float32(1 / 500), np.float32(1 / 200)
        scale, shift = np.float32(116), np.float32(16)  # L* = 116 fy - 16
        planes = (
            *(slope[..., 0] * (scale * a), slope[..., 1] * (scale * b)),
            *((offset[..., 0] - shift * slope[..., 0]) * a, (offset[..., 1] - shift * slope[..., 1]) * b),
            *((self.low + shift) / scale, (self.high + shift) / scale),
        )
        return np.stack(planes, axis=1)


def sharpen(
    ab: NDArray[Any],
    lightness: NDArray[Any],
    *,
    confidence: NDArray[Any] | None = None,
    blur: float = NETWORK_BLUR,
) -> NDArray[np.float32]:
    """Bring the network's cells (gh, gw, 2) ab to the size of ``lightness`` (h, w) L*, edges where L* has them.

    Returns ab (h, w, 2) float32. Both arrays cover the same part of the photograph. ``confidence`` (gh, gw) in [0, 1]:
    a cell less sure than its neighbours takes the colour that they tell for its lightness. ``blur`` is how far the network
    smears colour, in cells (0: cells are exact means). Colours stay within the range of the cells around.
    Raises InvalidPixelsError for other shapes or non-finite values.
    """
    cells, light = _checked(ab, "ab", 3), _checked(lightness, "lightness", 2)
    h, w = light.shape
    gh, gw = cells.shape[:2]
    cell_light = _resize(light, gw, gh, cv2.INTER_AREA)
    if blur > 0:
        smeared: Any = cv2.GaussianBlur(cell_light, (0, 0), blur, borderType=cv2.BORDER_REPLICATE)
        cell_light = np.asarray(smeared, np.float32)
    trust = None if confidence is None else np.maximum(_checked(confidence, "confidence", 2), np.float32(1e-3))
    if trust is not None and trust.shape != (gh, gw):
        raise InvalidPixelsError(f"confidence has shape {trust.shape}, expected that of the cells, {(gh, gw)}")
    slope, told = _regress(cell_light, cells, 1, _CELL_EPS, trust)
    if trust is not None:
        share = np.minimum(trust / _mean(trust, 1), 1)[..., None]
        cells = share * cells + (1 - share) * told
    low, high = (_resize(extreme(cells, 2), w, h) for extreme in (_local_min, _local_max))
    detail = light - _resize(cell_light, w, h, cv2.INTER_CUBIC)
    sharp = _resize(cells, w, h, cv2.INTER_CUBIC) + _resize(slope, w, h) * detail[..., None]
    return np.clip(sharp, low, high)


def fit(ab: NDArray[Any], lightness: NDArray[Any], *, radius: int = 1, eps: float = _PIXEL_EPS) -> ColorField:
    """Fit colour against lightness around every work pixel: ab (h, w, 2) and L* (h, w) of one size -> ColorField.

    ``radius`` is that of the windows, in work pixels; ``eps`` is added to the variance of L* in them: where L* varies by
    less than sqrt(eps), colour does not follow it. Within the L* range of its window, no pixel's function leaves the ab
    range of that window. Raises InvalidPixelsError for other shapes or non-finite values.
    """
    colour, light = _checked(ab, "ab", 3), _checked(lightness, "lightness", 2)
    if colour.shape[:2] != light.shape:
        raise InvalidPixelsError(
            f"ab is {colour.shape[:2]} and lightness {light.shape}; sharpen() brings cells to size"
        )
    slope, _ = _regress(light, colour, radius, eps)
    low, high = _local_min(light, radius), _local_max(light, radius)
    above, below = (high - light)[..., None] + np.float32(1e-3), (light - low)[..., None] + np.float32(1e-3)
    more, less = _local_max(colour, radius) - colour, colour - _local_min(colour, radius)
    slope = np.clip(slope, -np.minimum(less / above, more / below), np.minimum(more / above, less / below))
    return ColorField(slope, colour - slope * light[..., None], low, high)


def ab_strip(field: ColorField, light: NDArray[np.float32], y0: int, full_height: int) -> NDArray[np.float32]:
    """The field's colour for rows from ``y0`` on of a picture ``full_height`` high: L* (h, w) -> ab (h, w, 2) float32.

    Before the gamut limit; for colour files and measurements. :func:`paint_strip` is the fast way to pixels.
    """
    rows = _Rows(field.planes, y0, full_height, *light.shape)
    at = np.empty((light.shape[0], 6, light.shape[1]), np.float32)
    rows.enlarge(0, light.shape[0], at)
    steer = np.clip((light + np.float32(16)) / np.float32(116), at[:, 4], at[:, 5])
    a, b = (at[:, i] * steer + at[:, i + 2] for i in (0, 1))
    return np.stack([a * np.float32(500), b * np.float32(200)], axis=-1)


def paint_strip(
    field: ColorField, pixels: NDArray[Any], y0: int, full_height: int, *, threads: int | None = None
) -> NDArray[Any]:
    """Colour rows of a photograph: sRGB-encoded (h, w) or (h, w, 3) uint8 or uint16 -> sRGB (h, w, 3) of the same dtype.

    The rows stand at ``y0`` in a picture ``full_height`` high and as wide as the strip. Their lightness is kept, their
    colour comes from the field, results are rounded. ``threads``: default one per processor, 8 at most; each takes a few
    MB whatever the size. Raises InvalidPixelsError for another dtype or shape, OptionError for rows or threads
    out of range.
    """
    if pixels.dtype not in (np.uint8, np.uint16) or not (
        pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[2] == 3)
    ):
        raise InvalidPixelsError(
            f"pixels are {pixels.dtype} of shape {pixels.shape}, expected uint8 or uint16 of shape (h, w) or (h, w, 3)"
        )
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
    starts = range(0, h, tile * _CHUNK_TILES)
    threads = min(threads, len(starts))

    def work(share: int) -> None:
        painter = _Painter(min(tile, h), w, pixels.dtype.itemsize)
        for start in starts[share::threads]:
            stop = min(start + starts.step, h)
            rows = _Rows(planes, y0 + start, full_height, stop - start, w)
            painter.paint(rows, pixels[start:stop], painted[start:stop])

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
        centre = np.clip((np.arange(y0, y0 + h) + 0.5) * (count / full_height) - 0.5, 0, count - 1)
        first = np.floor(centre).astype(np.intp)
        base = int(first[0])
        needed = planes[base : int(first[-1]) + 2]
        wide = _resize(needed.reshape(-1, columns), w, len(needed) * channels).reshape(len(needed), channels, w)
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
        self._height, self._bits = height, 8 * itemsize
        self._table = _encoding_table(itemsize)
        # In linear light; what lies outside by less is lost in rounding, for the transfer curve is steepest at black.
        self._tolerance = np.float32(0.4 / (12.92 * (2**self._bits - 1)))
        self._at = np.empty((height, 6, w), np.float32)
        self._f, self._rgb, self._spare = (np.empty(3 * height * w, np.float32) for _ in range(3))
        self._index = np.empty(3 * height * w, np.uint16 if len(self._table) <= 1 << 16 else np.int32)
        self._code = np.empty(3 * height * w, self._table.dtype)

    def paint(self, rows: _Rows, pixels: NDArray[Any], painted: NDArray[Any]) -> None:
        """Colour ``pixels`` (n, w) or (n, w, 3), the rows that ``rows`` was made for, into ``painted`` (n, w, 3)."""
        w, outside = pixels.shape[1], []
        for start in range(0, len(pixels), self._height):
            stop = min(start + self._height, len(pixels))
            used, shape = 3 * (stop - start) * w, (3, stop - start, w)
            f, rgb, spare = (buffer[:used].reshape(shape) for buffer in (self._f, self._rgb, self._spare))
            index, code = (buffer[:used].reshape(shape) for buffer in (self._index, self._code))
            self._steer(rows, start, pixels[start:stop], f, spare[0])
            _linear_rgb(f, rgb, spare)
            flat = rgb.reshape(3, -1)
            low, high = flat.min(axis=0) < -self._tolerance, flat.max(axis=0) > 1 + self._tolerance
            where = np.flatnonzero(low | high)
            outside.append((start * w + where, f.reshape(3, -1)[:, where]))
            self._encode(rgb, index, code)
            cv2.merge(list(code), dst=painted[start:stop])
        # The few colours outside sRGB are mended together, for the bisection is many small steps.
        where = np.concatenate([places for places, _ in outside])
        if len(where):
            rgb = _limited(np.concatenate([colours for _, colours in outside], axis=1))
            code = np.empty(rgb.shape, self._table.dtype)
            self._encode(rgb, np.empty(rgb.shape, self._index.dtype), code)
            painted.reshape(-1, 3)[where] = code.T

    def _steer(
        self, rows: _Rows, start: int, pixels: NDArray[Any], f: NDArray[np.float32], spare: NDArray[np.float32]
    ) -> None:
        """CIE's fx, fy, fz (3, n, w) of the coloured pixels."""
        at = self._at[: len(pixels)]
        rows.enlarge(start, start + len(pixels), at)
        fx, fy, fz = f
        if pixels.ndim == 2:
            np.take(_fy_table(self._bits), pixels, out=fy, mode="clip")  # "clip" writes to `out` without a detour
        else:
            np.add(lightness(pixels), np.float32(16), out=fy)
            fy /= np.float32(116)
        light = np.clip(fy, at[:, 4], at[:, 5], out=spare)
        np.multiply(at[:, 0], light, out=fx)
        fx += at[:, 2]
        fx += fy
        np.multiply(at[:, 1], light, out=fz)
        fz += at[:, 3]
        np.subtract(fy, fz, out=fz)

    def _encode(self, rgb: NDArray[np.float32], index: NDArray[Any], code: NDArray[Any]) -> None:
        """sRGB-encode linear RGB, rounded, into ``code``; ``rgb`` is used up."""
        np.clip(rgb, np.float32(0), np.float32(1), out=rgb)
        np.sqrt(rgb, out=rgb)
        rgb *= np.float32(len(self._table) - 1)
        rgb += np.float32(0.5)
        np.copyto(index, rgb, casting="unsafe")
        np.take(self._table, index, out=code, mode="clip")


def _linear_rgb(f: NDArray[np.float32], rgb: NDArray[np.float32], xyz: NDArray[np.float32]) -> None:
    """Linear RGB of CIE's fx, fy, fz, all (3, ...); ``f`` is kept, ``xyz`` is a spare buffer."""
    np.multiply(f, f, out=xyz)
    xyz *= f
    if f.min() <= _DELTA:
        np.copyto(xyz, (f - np.float32(4 / 29)) * (3 * _DELTA**2), where=f <= _DELTA)
    for channel, (wx, wy, wz) in zip(rgb, _MATRIX, strict=True):
        np.multiply(xyz[0], wx, out=channel)
        channel += xyz[1] * wy
        channel += xyz[2] * wz


def _limited(f: NDArray[np.float32]) -> NDArray[np.float32]:
    """Linear RGB (3, n) of fx, fy, fz (3, n), with as much of their chroma as sRGB holds."""
    fx, fy, fz = f
    dx, dz = fx - fy, fy - fz
    kept = chroma_limit(fy, dx, dz)
    rgb = np.empty_like(f)
    _linear_rgb(np.stack([fy + kept * dx, fy, fy - kept * dz]), rgb, np.empty_like(f))
    return rgb


@cache
def _fy_table(bit_depth: int) -> NDArray[np.float32]:
    table: NDArray[np.float32] = (lightness_table(bit_depth) + np.float32(16)) / np.float32(116)
    return table


@cache
def _encoding_table(itemsize: int) -> NDArray[Any]:
    """sRGB-encoded integers by the square root of linear light, where equal steps are nearly equal steps of the code."""
    size, dtype, top = (1 << 16, np.uint8, 255) if itemsize == 1 else (1 << 18, np.uint16, 65535)
    table: NDArray[Any] = np.rint(linear_to_srgb(np.linspace(0.0, 1.0, size) ** 2) * top).astype(dtype)
    return table


def _regress(
    light: NDArray[np.float32],
    ab: NDArray[np.float32],
    radius: int,
    eps: float,
    weight: NDArray[np.float32] | None = None,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Slope (h, w, 2) of the local regression of ab on L*, and ab as it tells it.

    The guided filter's slope, cov / (var + eps), times the share of the ab variance that L* explains: a slope that
    only noise suggests vanishes.
    """
    share = np.ones((1, 1), np.float32) if weight is None else weight
    norm = np.float32(1) if weight is None else 1 / _mean(share, radius)

    def mean(values: NDArray[np.float32]) -> NDArray[np.float32]:
        return _mean(values * share if values.ndim == 2 else values * share[..., None], radius) * (
            norm if values.ndim == 2 or weight is None else norm[..., None]
        )

    mean_light, mean_ab = mean(light), mean(ab)
    variance = np.maximum(mean(light * light) - mean_light**2, 0)
    covariance = mean(light[..., None] * ab) - mean_light[..., None] * mean_ab
    variance_ab = np.maximum(mean(ab * ab) - mean_ab**2, 0).sum(axis=-1)
    explained = (covariance**2).sum(axis=-1) / ((variance + np.float32(1e-3)) * (variance_ab + np.float32(1e-3)))
    slope = covariance * (np.minimum(explained, 1) / (variance + np.float32(eps)))[..., None]
    return slope, mean_ab + slope * (light - mean_light)[..., None]


# OpenCV's own types say no more than "some array"; these wrappers say which, for (h, w) and (h, w, 2).


def _mean(values: NDArray[np.float32], radius: int) -> NDArray[np.float32]:
    mean: Any = cv2.blur(values, (2 * radius + 1,) * 2, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(mean, np.float32)


def _local_min(values: NDArray[np.float32], radius: int) -> NDArray[np.float32]:
    least: Any = cv2.erode(values, np.ones((2 * radius + 1,) * 2, np.uint8))
    return np.asarray(least, np.float32)


def _local_max(values: NDArray[np.float32], radius: int) -> NDArray[np.float32]:
    most: Any = cv2.dilate(values, np.ones((2 * radius + 1,) * 2, np.uint8))
    return np.asarray(most, np.float32)


def _resize(values: NDArray[np.float32], w: int, h: int, method: int = cv2.INTER_LINEAR) -> NDArray[np.float32]:
    resized: Any = cv2.resize(values, (w, h), interpolation=method)
    return np.asarray(resized, np.float32)


def _checked(values: NDArray[Any], name: str, ndim: int) -> NDArray[np.float32]:
    checked = np.ascontiguousarray(values, np.float32)
    if checked.ndim != ndim or not checked.size or (ndim == 3 and checked.shape[2] != 2):
        raise InvalidPixelsError(f"{name} has shape {checked.shape}, expected {'(h, w, 2)' if ndim == 3 else '(h, w)'}")
    if not np.isfinite(checked).all():
        raise InvalidPixelsError(f"{name} holds NaN or infinity")
    return checked

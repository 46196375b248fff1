"""From a colour field to the pixels of a strip: slope and offset are enlarged, never ab (He and Sun 2015, eq. 8).

Before it steers colour, the full-resolution L* is clipped to the range that the fit was made from, so that grain and lines finer
than a work pixel get no colours of their own. Colours outside sRGB lose chroma, never lightness or hue.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from photochrom.color import check_pixels, lab_to_rgb, lightness, limit_chroma
from photochrom.errors import OptionError
from photochrom.fuse.exact import ExactPainter
from photochrom.fuse.field import ColorField
from photochrom.fuse.layers import Dots
from photochrom.fuse.rows import Rows
from photochrom.fuse.table import TablePainter, rows_together, table_planes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from photochrom.fuse.layers import Layer

__all__ = ["ab_strip", "paint_strip"]

#: A thread keeps its painter: fresh buffers would be new pages each time, for which threads wait on one another.
_kept = threading.local()


def ab_strip(
    field: ColorField,
    light: NDArray[np.float32],
    y0: int,
    full_height: int,
    layers: Sequence[Layer] = (),
    *,
    x0: int = 0,
    full_width: int | None = None,
) -> NDArray[np.float32]:
    """The field's colour for rows from ``y0`` on of a picture ``full_height`` high: L* (h, w) -> ab (h, w, 2) float32.

    Before the gamut limit; for colour files and measurements. :func:`paint_strip` is the fast way to pixels.
    """
    rows = Rows(field.planes, y0, full_height, *light.shape, x0=x0, full_width=full_width)
    at = np.empty((light.shape[0], 6, light.shape[1]), np.float32)
    rows.enlarge(0, light.shape[0], at)
    steer = np.clip(light, at[:, 4], at[:, 5])
    a, b = at[:, 0] * steer + at[:, 2], at[:, 1] * steer + at[:, 3]
    _lay_over(layers, a, b, light, (y0, x0), (full_height, full_width or light.shape[1]))
    return np.stack([a, b], axis=-1)


def _lay_over(
    layers: Sequence[Layer],
    a: NDArray[Any],
    b: NDArray[Any],
    light: NDArray[Any],
    first: tuple[int, int],
    full: tuple[int, int],
) -> None:
    """Apply the layers to a* and b* (n, w) in place, whose first pixel is ``first`` (y, x); ``light`` (n, w) is L*."""
    for layer in layers:
        if isinstance(layer, Dots):
            at, ab = layer.within(*first, *a.shape)
            a[at], b[at] = ab.T
            continue
        window = layer.within(*first, *a.shape)
        if window is None:
            continue
        (rows, columns), covers = window
        alpha = covers * np.float32(1 / 255)
        color: Any = layer.color
        if isinstance(color, ColorField):
            y, x = first[0] + rows.start, first[1] + columns.start
            color = np.moveaxis(ab_strip(color, light[rows, columns], y, full[0], x0=x, full_width=full[1]), -1, 0)
        for plane, value in zip((a, b), color, strict=True):
            plane[rows, columns] += alpha * (value - plane[rows, columns])


def paint_strip(
    field: ColorField,
    pixels: NDArray[Any],
    y0: int,
    full_height: int,
    *,
    layers: Sequence[Layer] = (),
    x0: int = 0,
    full_width: int | None = None,
    packed: bool = False,
) -> NDArray[Any]:
    """Colour rows of a photograph: sRGB-encoded (h, w) or (h, w, 3) uint8 or uint16 -> sRGB (h, w, 3) of the same dtype.

    The strip begins at row ``y0`` of a picture ``full_height`` high and as wide as the strip, or at column ``x0`` of one
    ``full_width`` wide. Their lightness is kept, their colour comes from the field and the layers over it, results are rounded.
    packed: 8 bits come as (h, w, 4): blue, green, red and 255, which is how they are painted and what JPEG is encoded from.
    Raises InvalidPixelsError for another dtype or shape, OptionError for rows or columns out of range.
    """
    check_pixels(pixels)
    h, w = pixels.shape[:2]
    if not 0 <= y0 <= full_height - h:
        raise OptionError("y0", y0, f"0 to {full_height - h} for {h} rows of {full_height}")
    full_width = full_width or w
    if not 0 <= x0 <= full_width - w:
        raise OptionError("x0", x0, f"0 to {full_width - w} for {w} columns of {full_width}")
    deep = pixels.dtype == np.uint16
    painted = np.empty((h, w, 4 if packed and not deep else 3), pixels.dtype)
    if not painted.size:
        return painted
    kind = ExactPainter if deep else TablePainter
    unit = None if deep else table_planes
    together = 1 if deep else rows_together(len(field.low), full_height)
    first, skip = divmod(y0, together)
    count = -(-(skip + h) // together)
    rows = Rows(field.planes, first, full_height / together, count, w, unit, x0=x0, full_width=full_width)
    tile = max(1, kind.PIXELS // w // together) * together
    painter = _painter(kind, tile, w, together)
    for y in range(0, h, tile):
        painter.paint(rows, skip + y, pixels[y : y + tile], painted[y : y + tile])
    if layers:
        _paint_layers(field, pixels, (y0, x0), (full_height, full_width), layers, painted)
    return painted


def _paint_layers(
    field: ColorField,
    pixels: NDArray[Any],
    first: tuple[int, int],
    full: tuple[int, int],
    layers: Sequence[Layer],
    painted: NDArray[Any],
) -> None:
    """Paint the pixels under a layer again by the exact formulas, so that the layer's colour is met to the last bit."""
    touched = _touched(layers, first, *pixels.shape[:2])
    if not touched.any():
        return
    light = lightness(pixels)
    ab = ab_strip(field, light, first[0], full[0], layers, x0=first[1], full_width=full[1])
    lab = np.column_stack([light[touched], ab[touched]])
    limited = lab_to_rgb(limit_chroma(lab)).clip(0, 1) * np.iinfo(painted.dtype).max
    colours = np.rint(limited).astype(painted.dtype)
    if painted.shape[2] == 4:
        painted[touched, :3] = colours[:, ::-1]
    else:
        painted[touched] = colours


def _touched(layers: Sequence[Layer], first: tuple[int, int], h: int, w: int) -> NDArray[np.bool_]:
    """Mask (h, w) of the pixels under a layer; the first pixel is ``first`` (y, x) of the picture."""
    touched = np.zeros((h, w), np.bool_)
    for layer in layers:
        if isinstance(layer, Dots):
            touched[layer.within(*first, h, w)[0]] = True
        elif (window := layer.within(*first, h, w)) is not None:
            touched[window[0]] |= window[1] > 0
    return touched


def _painter(
    kind: type[ExactPainter | TablePainter], height: int, w: int, together: int
) -> ExactPainter | TablePainter:
    kept = getattr(_kept, "painter", None)
    if kept is None or _kept.key != (kind, height, w, together):
        kept = _kept.painter = kind(height, w, together)
        _kept.key = kind, height, w, together
    return kept

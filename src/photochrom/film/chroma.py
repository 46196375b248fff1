"""From ab to the two chroma planes of a film, by tables: luma is never computed, only read.

A film's black-and-white pixel is R' = G' = B' = Y'. Its coloured pixel keeps Y', the weighted sum of R', G' and B', to the bit;
Cb and Cr are those of the colour that has the wanted a* and b* and just this Y'. L* of that colour differs from the grey's by
little (non-constant luminance); a table holds it for every level of Y' over a grid of a* and b*.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from photochrom.color import XYZ_TO_RGB, lightness_from_luminance, linear_to_srgb, srgb_to_linear
from photochrom.film.layout import MATRICES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from photochrom.film.layout import Layout

__all__ = ["REACH", "SIDE", "STEP", "chroma_levels", "chroma_planes", "chroma_table", "level_lightness", "luma_levels"]

#: Between grid points, in a* and b*; the grid goes from -REACH to REACH and has SIDE points.
STEP, REACH = 5, 110
SIDE = 2 * REACH // STEP + 1
LEVELS = 256
#: Levels at which the table is solved; those between are interpolated.
_SOLVED = 64
_ROUNDS = 6
#: Linear BT.709 RGB to linear BT.2020 RGB (ITU-R BT.2087-0).
_TO_2020 = np.array([[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]], np.float32)
_BT2020_PRIMARIES = 9


@lru_cache(maxsize=4)
def chroma_table(matrix: str, wide: bool = False) -> NDArray[np.float32]:
    """Cb and Cr in [-0.5, 0.5] of every luma level and ab grid point; (256 * SIDE, SIDE, 2) float32, read-only.

    Row ``level * SIDE + (b + REACH) / STEP``, column ``(a + REACH) / STEP``. matrix: a name in MATRICES; wide: the primaries
    are those of BT.2020. Where a colour leaves the RGB cube, chroma is given up; luma and the direction of (Cb, Cr) are kept.
    """
    _, red, blue = MATRICES[matrix]
    weights = np.array([red, 1 - red - blue, blue], np.float32)
    luma = np.linspace(0, 1, _SOLVED, dtype=np.float32)[:, None, None]
    axis = np.arange(-REACH, REACH + 1, STEP, dtype=np.float32)
    b, a = np.meshgrid(axis, axis, indexing="ij")
    light = np.broadcast_to(lightness_from_luminance(srgb_to_linear(luma)), (_SOLVED, SIDE, SIDE)).astype(np.float32)
    rgb = _encoded(light, a, b, wide)
    for _ in range(_ROUNDS):
        # The L* at which the colour's own luma is the film's: Newton, by the slope that a grey has.
        lacks = luma - np.tensordot(rgb, weights, axes=([0], [0])).reshape(light.shape)
        light = np.clip(light + 100 * lacks, 0, 100)
        rgb = _encoded(light, a, b, wide)
    own = np.tensordot(weights, rgb, axes=1)
    offsets = rgb - own  # of each of R', G', B' from the colour's luma
    with np.errstate(divide="ignore", invalid="ignore"):
        room = np.where(offsets > 0, (1 - luma) / offsets, np.where(offsets < 0, luma / -offsets, np.inf))
    share = np.minimum(1, np.nan_to_num(room, nan=0, posinf=1).min(axis=0))
    cb, cr = offsets[2] * share / (2 * (1 - blue)), offsets[0] * share / (2 * (1 - red))
    solved = np.stack([cb, cr], axis=-1).reshape(_SOLVED, -1)
    solved[:, (SIDE * SIDE // 2) * 2 : (SIDE * SIDE // 2) * 2 + 2] = 0  # grey is grey, to the bit
    at = np.linspace(0, _SOLVED - 1, LEVELS, dtype=np.float32)  # ends on ends, not centres on centres
    below = np.minimum(at.astype(int), _SOLVED - 2)
    table = solved[below] + (at - below)[:, None] * (solved[below + 1] - solved[below])
    table = np.ascontiguousarray(table.reshape(LEVELS * SIDE, SIDE, 2), np.float32)
    table.setflags(write=False)
    return np.asarray(table)


def _encoded(light: NDArray[Any], a: NDArray[Any], b: NDArray[Any], wide: bool) -> NDArray[np.float32]:
    """R', G', B' (3, ...) of L*, a*, b*; unclipped."""
    delta = np.float32(6 / 29)
    fy = (light + 16) / 116
    f = np.stack(np.broadcast_arrays(fy + a / 500, fy, fy - b / 200)).astype(np.float32)
    xyz = np.where(f > delta, f**3, 3 * delta**2 * (f - np.float32(4 / 29)))
    linear = np.tensordot(XYZ_TO_RGB.astype(np.float32), xyz, axes=1)
    if wide:
        linear = np.tensordot(_TO_2020, linear, axes=1)
    return np.asarray(linear_to_srgb(linear), np.float32)


@lru_cache(maxsize=8)
def level_lightness() -> NDArray[np.float32]:
    """L* in [0, 100] of the 256 luma levels, (256,) float32: those of grey pixels under the sRGB curve."""
    return np.asarray(lightness_from_luminance(srgb_to_linear(np.linspace(0, 1, LEVELS))), np.float32)


def luma_levels(luma: NDArray[Any], layout: Layout) -> NDArray[np.uint8]:
    """Luma codes (h, w) as levels 0 to 255 from black to white, uint8; codes beyond black or white are clipped."""
    black, span = layout.luma_scale
    if luma.dtype == np.uint8:
        if black == 0:
            return np.asarray(luma)
        table = np.rint((np.arange(256) - black) * (255 / span)).clip(0, 255).astype(np.uint8)
        return np.asarray(cv2.LUT(np.ascontiguousarray(luma), table))
    scaled: Any = cv2.convertScaleAbs(np.maximum(luma, np.uint16(black)), alpha=255 / span, beta=-black * 255 / span)
    return np.asarray(scaled)


def chroma_levels(luma: NDArray[Any], layout: Layout) -> NDArray[np.uint8]:
    """The mean luma level at each chroma sample: codes (h, w) -> levels (ch, cw) uint8.

    Chroma samples lie at the left of their pixels and between the rows, as MPEG-2, H.264 and H.265 have it by default.
    """
    width, height = layout.chroma_size
    levels = luma_levels(luma, layout)
    right, below = (width << layout.across) - levels.shape[1], (height << layout.down) - levels.shape[0]
    if right or below:
        levels = np.asarray(cv2.copyMakeBorder(levels, 0, below, 0, right, cv2.BORDER_REPLICATE))
    if layout.down:
        levels = np.asarray(cv2.resize(levels, (levels.shape[1], height), interpolation=cv2.INTER_AREA))
    filtered: Any = levels
    if layout.across == 1:
        kernel = np.array([[0.25, 0.5, 0.25]], np.float32)
        filtered = cv2.filter2D(levels, -1, kernel, borderType=cv2.BORDER_REPLICATE)[:, ::2]
    elif layout.across:
        filtered = cv2.resize(levels, (width, height), interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(filtered)


def chroma_planes(
    levels: NDArray[np.uint8], a: NDArray[np.float32], b: NDArray[np.float32], layout: Layout
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Codes of Cb and Cr, (h, w) of the layout's dtype: luma levels (h, w), a* and b* (h, w) float32, changed in place."""
    wide = layout.matrix == "bt2020nc" and layout.primaries == _BT2020_PRIMARIES
    for plane in (a, b):
        plane += np.float32(REACH)
        plane *= np.float32(1 / STEP)
    cv2.threshold(b, 0, 0, cv2.THRESH_TOZERO, dst=b)
    cv2.threshold(b, SIDE - 1, 0, cv2.THRESH_TRUNC, dst=b)
    cv2.scaleAdd(levels.astype(np.float32), SIDE, b, dst=b)
    found: Any = cv2.remap(chroma_table(layout.matrix, wide), a, b, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    middle, span = layout.chroma_scale
    limits = (0, (1 << layout.bits) - 1) if layout.range == 2 else (middle / 8, middle * 15 / 8)
    codes = found * np.float32(span)
    codes += np.float32(middle)
    np.rint(codes, out=codes)
    np.clip(codes, *limits, out=codes)
    cb, cr = cv2.split(codes)
    return np.asarray(cb).astype(layout.dtype), np.asarray(cr).astype(layout.dtype)

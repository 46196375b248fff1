"""Colours from the numbers that a TIFF has for them: L*a*b*, YCbCr whose every pixel has its own chroma, and LogL.

Sources: TIFF 6.0, sections 21 and 23; TIFF technical note 4 (ICC L*a*b*); LogL by G. W. Larson 1998 (LogLuv encoding).
"""

from __future__ import annotations

import struct

import numpy as np
import pyvips

from photochrom.images.tiff_pages import CIE_LAB, Page

__all__ = ["from_lab", "from_log_l", "from_ycbcr"]


def from_lab(image: pyvips.Image, page: Page) -> pyvips.Image:
    """L*a*b* of the page's first numbers (L* alone is grey); with a declared opacity, 16-bit sRGB and that."""
    deep = page.bits == 16
    half, full = (32768, 65536) if deep else (128, 256)
    step = 256 if deep else 1
    planes = image.bandsplit()
    if page.photometric == CIE_LAB:
        ab = [(plane >= half).ifthenelse(plane - full, plane) / step for plane in planes[1:3]]
        light = planes[0] * (100 / 65535 if deep else 100 / 255)
    else:
        ab = [(plane - half) / step for plane in planes[1:3]]
        light = planes[0] * (100 / 65280 if deep else 100 / 255)
    if page.colors < 3:
        ab = [0, 0]
    lab = light.bandjoin(ab).cast("float").copy(interpretation="lab")
    if page.alpha is None:
        return lab
    opacity = (planes[page.alpha] * (1 if deep else 257)).cast("ushort")
    return lab.colourspace("rgb16").bandjoin(opacity).copy(interpretation="rgb16")


def from_ycbcr(image: pyvips.Image, page: Page) -> pyvips.Image:
    """RGB (and opacity) of 8 or 16-bit Y, Cb and Cr, by the page's coefficients and its reference black and white."""
    top = (1 << page.bits) - 1
    red, green, blue = _fractions(page, 529) or (0.299, 0.587, 0.114)
    middle = (top + 1) // 2
    black_white = _fractions(page, 532) or (0, top, middle, top, middle, top)
    planes = image.bandsplit()
    y, cb, cr = (
        (plane - black) * (most / ((white - black) or 1.0))
        for plane, black, white, most in zip(
            planes[:3], black_white[::2], black_white[1::2], (top, top - middle, top - middle), strict=True
        )
    )
    r, b = y + cr * (2 - 2 * red), y + cb * (2 - 2 * blue)
    g = (y - b * blue - r * red) * (1 / (green or 1.0))
    rgb = (r.bandjoin([g, b]) + 0.5).cast("ushort" if page.bits == 16 else "uchar")  # the cast clips
    rgb = rgb.bandjoin(planes[3:]) if len(planes) > 3 else rgb
    return rgb.copy(interpretation="rgb16" if page.bits == 16 else "srgb")


def from_log_l(image: pyvips.Image) -> pyvips.Image:
    """16-bit grey with the sRGB curve of LogL numbers, whose luminance is 2 ** ((n + 0.5) / 256 - 64); 1 is white."""
    number = np.arange(65536)
    luminance = np.exp2(((number & 0x7FFF) + 0.5) / 256 - 64)
    luminance[(number == 0) | (number >= 0x8000)] = 0  # black, and less than that
    light = np.minimum(luminance, 1).astype(np.float32)[None, :, None].repeat(3, axis=2)
    curve = pyvips.Image.new_from_array(light, interpretation="scrgb").colourspace("rgb16").numpy()[..., 0]
    bits = image.cast("int") & 0xFFFF
    return (
        bits.cast("ushort")
        .maplut(pyvips.Image.new_from_array(np.ascontiguousarray(curve)))
        .copy(interpretation="grey16")
    )


def _fractions(page: Page, tag: int) -> tuple[float, ...]:
    """Values of a tag of fractions or whole numbers; none where the count is not that of the three colours."""
    kind, count, raw = page.entries.get(tag, (0, 0, b""))
    if kind == 5:
        words = struct.unpack(f"<{2 * count}I", raw[: 8 * count])
        found = tuple(above / below if below else 0.0 for above, below in zip(words[::2], words[1::2], strict=True))
    else:
        found = tuple(map(float, page.numbers(tag)))
    return found if len(found) == {529: 3, 532: 6}[tag] else ()

"""Colour for one frame: luma is copied, the two chroma planes are made at their own resolution."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from photochrom import fuse
from photochrom.film.chroma import chroma_levels, chroma_planes, level_lightness, luma_levels
from photochrom.film.layout import LIMITED, MATRICES, plane_of
from photochrom.film.source import av_module

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from photochrom.film.layout import Layout
    from photochrom.film.source import Frame

__all__ = ["convert_luma", "paint_frame", "work_lightness"]

#: Chroma rows that are made at a time: what they need stays in a processor's cache, and memory stays small.
_STRIP = 64


def work_lightness(frame: Frame, layout: Layout, size: tuple[int, int]) -> NDArray[np.float32]:
    """L* (h, w) float32 of a frame at work size (width, height): averaged codes, looked up as grey."""
    smaller = size[0] <= layout.width and size[1] <= layout.height
    codes = cv2.resize(frame.luma, size, interpolation=cv2.INTER_AREA if smaller else cv2.INTER_CUBIC)
    black, span = layout.luma_scale
    level = (np.asarray(codes, np.float32) - np.float32(black)) * np.float32(255 / span)
    found: Any = cv2.remap(level_lightness()[None], np.clip(level, 0, 255), np.zeros_like(level), cv2.INTER_LINEAR)
    return np.asarray(found, np.float32)


def paint_frame(frame: Frame, field: fuse.ColorField | None, layout: Layout, made: Layout) -> Any:
    """The coloured frame (av.VideoFrame): luma as it came, chroma by the field; ``None`` keeps the film's own colours.

    layout: of the source; made: of the result, which may have other depth and chroma planes. An interlaced frame with chroma
    rows of its own for each field gets them field by field.
    """
    # All that is read of the frame is read before it is written into: its planes may be others then.
    if field is None:
        held = _holder(frame, layout, made)
        _keep_chroma(frame, held, layout, made)
    elif frame.interlaced and made.down:
        fields = [_chroma(frame.luma[parity::2], field, layout, made) for parity in (0, 1)]
        held = _holder(frame, layout, made)
        for parity, pair in enumerate(fields):
            for index, plane in enumerate(pair, 1):
                target = plane_of(held, index)[parity::2]
                target[...] = plane[: target.shape[0]]
    else:
        pair = _chroma(frame.luma, field, layout, made)
        held = _holder(frame, layout, made)
        for index, plane in enumerate(pair, 1):
            plane_of(held, index)[...] = plane
    held.pts, held.time_base = frame.pts, held.time_base
    held.pict_type = 0  # the encoder chooses
    held.color_range, held.colorspace = made.range, MATRICES[made.matrix][0]
    held.color_primaries, held.color_trc = made.primaries, made.transfer
    return held


def _chroma(
    luma: NDArray[Any], field: fuse.ColorField, layout: Layout, made: Layout
) -> tuple[NDArray[Any], NDArray[Any]]:
    from dataclasses import replace

    rows = replace(made, height=luma.shape[0])
    source = replace(rows, bits=layout.bits, range=layout.range)
    levels = chroma_levels(luma, source)
    height = levels.shape[0]
    planes = np.empty(levels.shape, made.dtype), np.empty(levels.shape, made.dtype)
    for y in range(0, height, _STRIP):
        strip = levels[y : y + _STRIP]
        ab = fuse.ab_strip(field, np.take(level_lightness(), strip), y, height)
        a, b = (np.ascontiguousarray(ab[..., channel]) for channel in (0, 1))
        for plane, codes in zip(planes, chroma_planes(strip, a, b, rows), strict=True):
            plane[y : y + _STRIP] = codes
    return planes


def _holder(frame: Frame, layout: Layout, made: Layout) -> Any:
    """A frame to write into that has the luma already; the decoded one where it can hold the result."""
    if frame.planes and layout.pix_fmt == made.pix_fmt and frame.held.format.name == made.pix_fmt:
        frame.held.make_writable()
        return frame.held
    av = av_module()
    held = av.VideoFrame(made.width, made.height, made.pix_fmt)
    plane_of(held, 0)[...] = convert_luma(frame.luma, layout, made)
    held.time_base = frame.held.time_base
    return held


def convert_luma(luma: NDArray[Any], layout: Layout, made: Layout) -> NDArray[Any]:
    """Luma codes at another depth: exact where that is deeper (and can be undone), rounded where it is not."""
    if layout.bits == made.bits:
        return luma
    scale = (
        2.0 ** (made.bits - layout.bits)
        if layout.range == LIMITED
        else ((1 << made.bits) - 1) / ((1 << layout.bits) - 1)
    )
    codes = np.rint(luma * np.float64(scale)).clip(0, (1 << made.bits) - 1)
    return np.asarray(codes.astype(made.dtype))


def _keep_chroma(frame: Frame, held: Any, layout: Layout, made: Layout) -> None:
    """The film's own colours, brought to the result's depth and planes where those differ."""
    given = frame.chroma()
    middle, span = made.chroma_scale
    for index in (1, 2):
        target = plane_of(held, index)
        if given is None:
            target[...] = int(middle)
        elif held is not frame.held:
            width, height = made.chroma_size
            own, own_span = layout.chroma_scale
            plane = np.asarray(given[index - 1], np.float32)
            plane = np.asarray(cv2.resize(plane, (width, height), interpolation=cv2.INTER_LINEAR))
            codes = np.rint((plane - own) * (span / own_span) + middle)
            target[...] = codes.clip(0, (1 << made.bits) - 1).astype(made.dtype)


def is_colored(frame: Frame, layout: Layout) -> bool:
    """Whether a frame has colours of its own: not grey, and not one tint over all.

    Chroma that follows luma, as that of a toned film does, is taken off before what is left is measured.
    """
    given = frame.chroma()
    if given is None:
        return False
    _, span = layout.chroma_scale
    size = (64, 48)
    light = (
        cv2.resize(luma_levels(frame.luma, layout), size, interpolation=cv2.INTER_AREA).astype(np.float32).ravel() / 255
    )
    left = 0.0
    for plane in given:
        small = cv2.resize(plane, size, interpolation=cv2.INTER_AREA).astype(np.float32).ravel() / np.float32(span)
        powers = np.stack([np.ones_like(light), light, light * light], axis=1)
        left += float(np.square(small - powers @ np.linalg.lstsq(powers, small, rcond=1e-5)[0]).mean())
    return bool(left**0.5 > _COLORED)


#: Root mean square of Cb and Cr, as shares of their span, beyond what a tint explains.
_COLORED = 0.012

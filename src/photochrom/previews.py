"""Previews: small or cropped copies of a painted photograph, as fast as a page needs them after every click.

A preview is 8 bits deep. The whole picture is painted on a small copy; a window of it on its own pixels, or on fewer where it is
larger than requested. Colour field and layers are the same as for the full picture, and at full size so are the pixels.
"""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import cv2
import numpy as np

from photochrom import fuse
from photochrom.color import lab_to_rgb, lightness
from photochrom.errors import OptionError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from photochrom.analysis import Analysis
    from photochrom.colorized import Colorized

    Pixels = NDArray[np.uint8]

__all__ = ["Previews", "Window"]

#: Copies kept: the whole picture at a size or two, and the window that is looked at.
_KEPT = 4


class Window(NamedTuple):
    """A part of the picture: its first pixel and its size, in pixels of the upright input picture."""

    x: int
    y: int
    width: int
    height: int


class Previews:
    """Previews of one opened photograph.

    folder: where the pixels of a picture too large for the memory are kept, as ``preview.raw``; None: they are decoded again for
    each new window.
    """

    def __init__(self, opened: Analysis, folder: Path | None = None) -> None:
        self.opened = opened
        self._file = None if folder is None else folder / "preview.raw"
        self._copies: OrderedDict[tuple[Window, tuple[int, int]], Pixels] = OrderedDict()
        self._lock = threading.Lock()

    def paint(self, result: Colorized, size: int, window: Window | None = None) -> Pixels:
        """The painted picture, or a window of it, (h, w, 3) uint8 sRGB, its longer side at most ``size`` pixels.

        ``result`` is one of the photograph's own. Raises OptionError for a window that is not inside the picture.
        """
        window, small, whole, at = self._fit(size, window)
        across, down = whole[0] / self.opened.size[0], whole[1] / self.opened.size[1]
        layers = result.layers
        if whole != self.opened.size:
            layers = tuple(layer.scaled(across, down, whole) for layer in layers)
        pixels = self._copy(window, small)
        painted: Pixels = fuse.paint_strip(
            result.color, pixels, at[1], whole[1], layers=layers, x0=at[0], full_width=whole[0]
        )
        return painted

    def grey(self, size: int, window: Window | None = None) -> Pixels:
        """The photograph as it is used, without colour: (h, w) uint8, sRGB-encoded. Raises as :meth:`paint` does."""
        window, small, _, _ = self._fit(size, window)
        pixels = self._copy(window, small)
        return pixels if pixels.ndim == 2 else _grey(pixels)

    def scan(self, size: int, window: Window | None = None) -> Pixels:
        """The photograph as its file shows it: (h, w) or (h, w, 3) uint8 sRGB, a tint included. Raises as :meth:`paint` does."""
        window, small, _, _ = self._fit(size, window)
        return self._copy(window, small)

    def confidence(self, result: Colorized, size: int) -> Pixels:
        """How sure the model is: (h, w) uint8, black unsure, white sure."""
        _, small, _, _ = self._fit(size, None)
        large: Any = cv2.resize(result.confidence, small, interpolation=cv2.INTER_LINEAR)
        return np.asarray(np.rint(large.clip(0, 1) * 255), np.uint8)

    @property
    def nbytes(self) -> int:
        """Bytes of the copies that are kept."""
        return sum(copy.nbytes for copy in list(self._copies.values()))

    def _fit(
        self, size: int, window: Window | None
    ) -> tuple[Window, tuple[int, int], tuple[int, int], tuple[int, int]]:
        """The window, its (width, height) in the preview, those of the whole picture at that scale, and its place in it."""
        if size < 1:
            raise OptionError("size", size, "1 pixel or more")
        width, height = self.opened.size
        window = window or Window(0, 0, width, height)
        inside = window.width > 0 and window.height > 0 and window.x >= 0 and window.y >= 0
        if not inside or window.x + window.width > width or window.y + window.height > height:
            raise OptionError("view", str(tuple(window)), f"x, y, width, height inside {width} x {height} pixels")
        scale = min(1.0, size / max(window.width, window.height))
        small = max(1, round(window.width * scale)), max(1, round(window.height * scale))
        whole = max(small[0], round(width * scale)), max(small[1], round(height * scale))
        at = min(round(window.x * scale), whole[0] - small[0]), min(round(window.y * scale), whole[1] - small[1])
        return window, small, whole, at

    def _copy(self, window: Window, small: tuple[int, int]) -> Pixels:
        """The photograph's own pixels in the window, (h, w) or (h, w, 3) uint8, averaged to the size (width, height)."""
        key = window, small
        with self._lock:
            kept = self._copies.get(key)
            if kept is not None:
                self._copies.move_to_end(key)
                return kept
        width, height = self.opened.size
        if (window.width, window.height) == (width, height) and small != (width, height):
            copy = self._whole(small)
        else:
            copy = _eight_bit(self._pixels(window))
            if copy.shape[1::-1] != small:
                copy = np.asarray(cv2.resize(copy, small, interpolation=cv2.INTER_AREA), np.uint8)
        copy = np.ascontiguousarray(copy)
        with self._lock:
            self._copies[key] = copy
            while len(self._copies) > _KEPT:
                self._copies.popitem(last=False)
        return copy

    def _whole(self, small: tuple[int, int]) -> Pixels:
        # No smaller than wanted; most often of just that size.
        copy = self.opened.source.work_copy(max(1, math.ceil(min(small))))
        pixels = np.rint(copy * 255).astype(np.uint8)
        if pixels.shape[1::-1] != small:
            pixels = np.asarray(cv2.resize(pixels, small, interpolation=cv2.INTER_AREA), np.uint8)
        return pixels[..., 0] if (pixels[..., :1] == pixels).all() else pixels

    def _pixels(self, window: Window) -> NDArray[Any]:
        """The window at full resolution."""
        x, y, width, height = window
        pixels = self.opened.source.pixels()
        if pixels is None:
            pixels = self._kept_on_disk() if self._file is not None else None
        if pixels is not None:
            return pixels[y : y + height, x : x + width]
        found = []
        for top, strip in self.opened.source.strips():
            first, last = max(y - top, 0), min(y + height - top, len(strip))
            if first < last:
                found.append(np.array(strip[first:last, x : x + width]))
            if top + len(strip) >= y + height:
                break
        return np.concatenate(found)

    def _kept_on_disk(self) -> NDArray[Any]:
        """All pixels as grey of 8 bits, in a file that the system pages in as it is looked at."""
        width, height = self.opened.size
        assert self._file is not None
        with self._lock:
            if not self._file.exists():
                part = self._file.with_suffix(".part")
                with part.open("wb") as file:
                    for _, strip in self.opened.source.strips(256):
                        grey = _eight_bit(strip)
                        file.write(np.ascontiguousarray(grey if grey.ndim == 2 else _grey(grey)).data)
                part.replace(self._file)
        return np.memmap(self._file, np.uint8, "r", shape=(height, width))


def _eight_bit(pixels: NDArray[Any]) -> Pixels:
    return pixels if pixels.dtype == np.uint8 else np.asarray(np.rint(pixels / np.float32(257)), np.uint8)


def _grey(pixels: Pixels) -> Pixels:
    """(h, w, 3) sRGB -> (h, w) of the same L*."""
    light = lightness(pixels)
    zero = np.zeros_like(light)
    rgb = lab_to_rgb(np.stack([light, zero, zero], axis=-1))[..., 1]
    return np.asarray(np.rint(rgb.clip(0, 1) * 255), np.uint8)

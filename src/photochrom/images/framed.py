"""A part of a picture, turned: quarter turns and crops to the pixel, anything else by one bicubic resampling of its numbers."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyvips
from numpy.typing import NDArray

from photochrom.images import convert
from photochrom.images.container import decoding
from photochrom.images.convert import Pixels
from photochrom.images.forked import libvips_is_used
from photochrom.images.read import SourceImage

__all__ = ["framed", "warped"]

Matrix = NDArray[np.float64]
Size = tuple[int, int]
#: Quarter turns, clockwise, by the first column of their matrix.
_QUARTERS = {(1, 0): "d0", (0, 1): "d90", (-1, 0): "d180", (0, -1): "d270"}


def framed(source: SourceImage, matrix: Matrix, size: Size) -> SourceImage:
    """The picture of ``size`` (width, height) that ``matrix`` (2, 3) makes of a source.

    matrix: from the centres of the source's pixels (x, y, 1) to those of the result. What lies beyond the source is white, and
    transparent where the picture has an alpha channel. The mark, metadata and depth are those of the source.
    """
    return _Framed(source, matrix, size)


def warped(plane: NDArray[Any], matrix: Matrix, size: Size, *, nearest: bool = False) -> NDArray[Any]:
    """An array (h, w) or (h, w, n) as :func:`framed` does it; 0 beyond. nearest: no value that was not there before."""
    libvips_is_used()
    given = pyvips.Image.new_from_array(np.ascontiguousarray(plane))
    made = convert.to_array(_warp(given, matrix, size, 0, "nearest" if nearest else "bilinear"))
    return made if made.ndim == plane.ndim else made[..., None]


class _Framed(SourceImage):
    def __init__(self, source: SourceImage, matrix: Matrix, size: Size) -> None:
        self._source, self._matrix, self._size, negative = source, matrix, size, source.negative
        self._black = negative == "yes"
        swapped = abs(matrix[0, 0]) < abs(matrix[0, 1])
        dpi = source.info.dpi[::-1] if source.info.dpi and swapped else source.info.dpi
        info = dataclasses.replace(source.info, width=size[0], height=size[1], dpi=dpi)
        stored = source._stored_pixels()
        held = None
        if stored is not None:
            light = convert.to_array(self._moved(pyvips.Image.new_from_array(stored), self._paper(stored.dtype)))
            alpha = None if source._held is None else source._held[1]
            clear = None if alpha is None else convert.to_array(self._moved(pyvips.Image.new_from_array(alpha), 0))
            held = light, clear
        super().__init__(info, source._file, source._black_white, held)
        self.negative = negative

    def _moved(self, image: pyvips.Image, beyond: float) -> pyvips.Image:
        return _warp(image, self._matrix, self._size, beyond, "bicubic")

    def _upright(self) -> pyvips.Image:
        """The file's own picture, in its own colours, upright, for reading in any order."""
        if self._source._turned is None:
            device = self._source._device("random")
            self._source._turned = convert.turn(device, self._source.info.orientation)
        return self._source._turned

    def _color(self) -> pyvips.Image:
        color = convert.to_srgb(convert.split(self._upright())[0])
        return self._moved(color, self._paper(convert.NUMPY[color.format]))

    def _paper(self, kind: Any) -> int:
        """White; the number that becomes white where the picture is a negative."""
        return 0 if self._black else int(np.iinfo(kind).max)

    def strips(self, rows: int = 128) -> Iterator[tuple[int, Pixels]]:
        if self._held is not None:
            yield from super().strips(rows)
            return
        libvips_is_used()
        with decoding(self.info.path):
            for y, strip in convert.rows(self._color(), rows):
                yield y, self._positive(strip)

    def alpha(self) -> pyvips.Image | None:
        if self._held is not None or not self.info.has_alpha:
            return super().alpha()
        with decoding(self.info.path):
            alpha = convert.split(self._upright())[1]
            return None if alpha is None else self._moved(alpha, 0)

    def _shrunk_stream(self, size: Size, scale: float) -> NDArray[Any]:
        with decoding(self.info.path):
            return convert.shrink((strip for _, strip in convert.rows(self._color(), 64)), size)


def _warp(image: pyvips.Image, matrix: Matrix, size: Size, beyond: float, how: str) -> pyvips.Image:
    width, height = size
    angle = _QUARTERS.get((round(matrix[0, 0]), round(matrix[1, 0])))
    left, top = _corner(matrix, image) if angle else (0.0, 0.0)
    exact = angle and np.array_equal(matrix[:, :2], np.round(matrix[:, :2])) and left % 1 == 0 and top % 1 == 0
    if exact:
        turned = image.rot(angle)
        x, y = int(left), int(top)
        if min(x, y) >= 0 and x + width <= turned.width and y + height <= turned.height:
            return turned.crop(x, y, width, height)
    (a, b, dx), (c, d, dy) = matrix.tolist()
    half = -0.5 if how == "nearest" else 0.0  # libvips takes the pixel to the left of a place for the nearest
    return image.affine(
        [a, b, c, d],
        idx=half,
        idy=half,
        odx=dx,
        ody=dy,
        oarea=[0, 0, width, height],
        interpolate=pyvips.Interpolate.new(how),
        background=[beyond] * image.bands,
        extend="copy",
    ).copy(interpretation=image.interpretation)


def _corner(matrix: Matrix, image: pyvips.Image) -> tuple[float, float]:
    """Where the result begins on the sheet of a picture that was turned by quarters."""
    last = np.array([image.width - 1, image.height - 1])
    corners = np.array([[0, 0], last]) @ np.round(matrix[:, :2]).T
    x, y = corners.min(axis=0) + matrix[:, 2]
    return -float(x), -float(y)

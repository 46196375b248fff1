"""How a film's pixels are laid out: planes, subsampling, depth, range and matrix."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from photochrom.errors import OptionError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["FULL", "LIMITED", "MATRICES", "Layout", "layout_of", "plane_of"]

#: FFmpeg's numbers of the colour ranges (AVColorRange).
LIMITED, FULL = 1, 2
#: FFmpeg's numbers of matrices (AVColorSpace) by our names; the luma weights of red and blue (ITU-R BT.601-7, 709-6, 2020-2).
MATRICES: dict[str, tuple[int, float, float]] = {
    "bt709": (1, 0.2126, 0.0722),
    "fcc": (4, 0.30, 0.11),
    "bt601": (5, 0.299, 0.114),
    "smpte170m": (6, 0.299, 0.114),
    "smpte240m": (7, 0.212, 0.087),
    "bt2020nc": (9, 0.2627, 0.0593),
}
_OF_NUMBER = {number: name for name, (number, _, _) in MATRICES.items()}
_SUBSAMPLED = {(0, 0): "444", (1, 0): "422", (1, 1): "420", (2, 0): "411", (0, 1): "440", (2, 2): "410"}
#: From so many rows on a film without a tag is taken for BT.709, as players do.
_HD_ROWS = 720


@dataclass(frozen=True)
class Layout:
    """One plane of luma and two of chroma.

    width, height: in pixels. bits: 8 to 16, of each sample. across, down: how many times, as powers of two, the chroma planes
    are narrower and lower. range: LIMITED or FULL. matrix: a name in MATRICES. primaries, transfer: FFmpeg's numbers, carried.
    assumed: which of range and matrix the film does not state.
    """

    width: int
    height: int
    bits: int
    across: int
    down: int
    range: int
    matrix: str
    primaries: int = 2
    transfer: int = 2
    assumed: tuple[str, ...] = ()

    @property
    def pix_fmt(self) -> str:
        """FFmpeg's name of the pixel format."""
        return f"yuv{_SUBSAMPLED[self.across, self.down]}p" + ("" if self.bits == 8 else f"{self.bits}le")

    @property
    def chroma_size(self) -> tuple[int, int]:
        """Width and height of the chroma planes; odd sizes are rounded up."""
        return -(-self.width >> self.across), -(-self.height >> self.down)

    @property
    def luma_scale(self) -> tuple[float, float]:
        """Code of black, and codes from black to white."""
        step = 1 << (self.bits - 8)
        return (0.0, (1 << self.bits) - 1.0) if self.range == FULL else (16.0 * step, 219.0 * step)

    @property
    def chroma_scale(self) -> tuple[float, float]:
        """Code of no colour, and codes for Cb or Cr from -0.5 to 0.5."""
        step = 1 << (self.bits - 8)
        return (128.0 * step, (1 << self.bits) - 1.0 if self.range == FULL else 224.0 * step)

    @property
    def dtype(self) -> Any:
        """Of a sample."""
        return np.uint8 if self.bits == 8 else np.uint16

    def with_format(self, pix_fmt: str) -> Layout:
        """The same pictures in another pixel format. Raises OptionError for one that is not planar YCbCr of 8 to 12 bits."""
        for (across, down), name in _SUBSAMPLED.items():
            for bits in (8, 10, 12):
                if pix_fmt == f"yuv{name}p" + ("" if bits == 8 else f"{bits}le"):
                    return replace(self, bits=bits, across=across, down=down)
        raise OptionError("--pix-fmt", pix_fmt, "planar YCbCr, as yuv420p, yuv422p10le or yuv444p12le")


def layout_of(frame: Any) -> tuple[Layout, Literal["planes", "grey", "other"]]:
    """The layout of a decoded frame (av.VideoFrame), and how it lies there.

    "planes": as in the layout. "grey": luma alone; the layout is 4:2:0. "other" must first be converted to the layout:
    packed or semi-planar YCbCr, RGB (4:4:4 of full range, by the matrix of its size), transparency (left out).
    """
    name, kind = frame.format.name, frame.format
    bits = max(component.bits for component in kind.components)
    rgb = kind.is_rgb or kind.has_palette or name.startswith(("gbr", "pal"))
    grey = name.startswith("gray")
    luma_only = grey or name.startswith("mono")
    across, down = (1, 1) if luma_only else (0, 0)
    if not rgb and not luma_only:
        chroma_width, chroma_height = kind.chroma_width(frame.width), kind.chroma_height(frame.height)
        across, down = _halvings(frame.width, chroma_width), _halvings(frame.height, chroma_height)
        if frame.width < 4 or frame.height < 4:  # too small for a decision; made for a larger one of the same format
            across = _halvings(64, kind.chroma_width(64))
            down = _halvings(64, kind.chroma_height(64))
    assumed: tuple[str, ...] = ()
    span = int(frame.color_range)
    if rgb or name.startswith("yuvj"):
        span = FULL
    elif span not in (LIMITED, FULL):
        span = FULL if luma_only else LIMITED
        assumed += ("range",)
    matrix = _OF_NUMBER.get(int(frame.colorspace))
    if matrix is None:
        matrix = "bt709" if frame.height >= _HD_ROWS else "smpte170m"
        if not rgb:
            assumed += ("matrix",)
    depth = next((known for known in (8, 10, 12) if bits <= known), 16)  # 16 stands for more, too, and for floats
    layout = Layout(
        frame.width,
        frame.height,
        depth if depth <= 12 else 12,
        across,
        down,
        span,
        matrix,
        int(frame.color_primaries),
        int(frame.color_trc),
        assumed,
    )
    if grey and depth == bits and depth <= 12:
        return layout, "grey"
    plain = name.replace("yuvj", "yuv") == layout.pix_fmt
    return layout, "planes" if plain else "other"


def _halvings(whole: int, part: int) -> int:
    """How many times ``whole`` was halved, rounded up, to give ``part``."""
    count = 0
    while whole > part and count < 2:
        whole, count = -(-whole // 2), count + 1
    return count


def plane_of(frame: Any, index: int) -> NDArray[Any]:
    """The samples of a frame's plane, (h, w) uint8 or uint16: a view of the frame's own memory."""
    plane = frame.planes[index]
    deep = max(component.bits for component in frame.format.components) > 8
    samples = np.frombuffer(plane, np.uint16 if deep else np.uint8)
    rows = samples.reshape(-1, plane.line_size // samples.itemsize)
    return rows[: plane.height, : plane.width]

"""The size of a picture by its header, for formats whose decoders begin with the pixels: JPEG 2000, JPEG XL and HEIC.

The size is read where the decoder itself takes it from: the codestream, not what a container repeats of it. Sources: ISO/IEC
15444-1 (SIZ marker segment, boxes of JP2), ISO/IEC 18181-1 (SizeHeader, ImageMetadata) and 18181-2 (boxes of JPEG XL).
"""

from __future__ import annotations

import io
from collections.abc import Callable
from importlib.util import find_spec
from typing import BinaryIO, NamedTuple

import pyvips

__all__ = ["JpegXL", "jpeg2000_bits", "jpeg_xl_header", "pixels_by_header"]

_SIZ = b"\xff\x4f\xff\x51"  # start of codestream, then SIZ, which has to be first
_JXL = b"\xff\x0a"
_JXL_RATIOS = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))
_JXL_BITS = (9, 13, 18, 30)


def pixels_by_header(kind: str, opener: Callable[[], BinaryIO], source: Callable[[], pyvips.Source]) -> int | None:
    """Width times height of a picture of the format ``kind`` ("jp2", "jxl", "heic"); None where it is not in the header.

    opener: opens the file for reading. source: the same for libvips. Nothing is decoded. Raises what opener raises.
    """
    with opener() as file:
        if kind == "jp2":
            return _jpeg2000(file)
        if kind == "jxl":
            header = jpeg_xl_header(file)
            return None if header is None else header.pixels
        return _heic(file, source)


def jpeg2000_bits(file: BinaryIO) -> int | None:
    """Bits of a number of a JPEG 2000 picture, open for reading; None where they differ between channels, or have a sign."""
    head = _codestream(file, _SIZ, (b"jp2c",), 42 + 3 * 8)
    if head is None or head[:4] != _SIZ or len(head) < 43:
        return None
    count = min(int.from_bytes(head[40:42], "big"), 8)
    each = set(head[42 : 42 + 3 * count : 3])
    return each.pop() + 1 if len(each) == 1 and max(each, default=128) < 38 else None


def _jpeg2000(file: BinaryIO) -> int | None:
    head = _codestream(file, _SIZ, (b"jp2c",), 24)
    if head is None or head[:4] != _SIZ or len(head) < 24:
        return None
    right, bottom, left, top = (int.from_bytes(head[at : at + 4], "big") for at in (8, 12, 16, 20))
    return max(0, right - left) * max(0, bottom - top)


class _Fields:
    """Numbers of so many bits, from the least significant one on; noughts follow the end."""

    def __init__(self, data: bytes) -> None:
        self._left = int.from_bytes(data, "little")

    def number(self, count: int) -> int:
        value = self._left & ((1 << count) - 1)
        self._left >>= count
        return value

    def choice(self, *choices: tuple[int, int]) -> int:
        """A number of one of four forms: the least one, and how many bits are added to it."""
        least, count = choices[self.number(2)]
        return least + self.number(count)

    def size(self) -> int:
        """Width times height."""
        eighths = self.number(1)

        def side() -> int:
            return 8 * (1 + self.number(5)) if eighths else 1 + self.number(_JXL_BITS[self.number(2)])

        height = side()
        ratio = self.number(3)
        width = side() if ratio == 0 else height * _JXL_RATIOS[ratio - 1][0] // _JXL_RATIOS[ratio - 1][1]
        return width * height

    def skip_preview(self) -> None:
        eighths = self.number(1)
        forms = ((16, 0), (32, 0), (1, 5), (33, 9)) if eighths else ((1, 6), (65, 8), (321, 10), (1345, 12))
        self.choice(*forms)
        if self.number(3) == 0:
            self.choice(*forms)

    def skip_animation(self) -> None:
        self.choice((100, 0), (1000, 0), (1, 10), (1, 30))
        self.choice((1, 0), (1001, 0), (1, 8), (1, 10))
        self.choice((0, 0), (0, 3), (0, 16), (0, 32))
        self.number(1)


class JpegXL(NamedTuple):
    """Width times height, the bits of its whole numbers (None: floats), and whether there is more than one frame."""

    pixels: int
    bits: int | None = 8
    animated: bool = False


def jpeg_xl_header(file: BinaryIO) -> JpegXL | None:
    """The header of a JPEG XL picture, open for reading; None where there is none."""
    head = _codestream(file, _JXL, (b"jxlc", b"jxlp"), 64)
    if head is None or head[:2] != _JXL or len(head) < 12:
        return None
    fields = _Fields(head[2:])
    pixels, animated = fields.size(), 0
    if fields.number(1):  # all else is as usual
        return JpegXL(pixels)
    if fields.number(1):
        fields.number(3)  # orientation
        if fields.number(1):
            fields.size()
        if fields.number(1):
            fields.skip_preview()
        animated = fields.number(1)
        if animated:
            fields.skip_animation()
    bits = None if fields.number(1) else fields.choice((8, 0), (10, 0), (12, 0), (1, 6))
    return JpegXL(pixels, bits, bool(animated))


def _codestream(file: BinaryIO, start: bytes, names: tuple[bytes, ...], count: int) -> bytes | None:
    """The first ``count`` bytes of the codestream: the file's, or those of the first box of one of these names."""
    head = file.read(count)
    if head.startswith(start):
        return head
    end = file.seek(0, io.SEEK_END)
    file.seek(0)
    while len(box := file.read(8)) == 8:
        size, used = int.from_bytes(box[:4], "big"), 8
        if size == 1:
            size, used = int.from_bytes(file.read(8), "big"), 16
        if box[4:] in names:
            return file.read(4 + count)[4:] if box[4:] == b"jxlp" else file.read(count)
        if size < used or file.tell() + size - used > end:  # it ends the file (0), or is damaged
            return None
        file.seek(size - used, io.SEEK_CUR)
    return None


def _heic(file: BinaryIO, source: Callable[[], pyvips.Source]) -> int | None:
    try:
        image = pyvips.Image.heifload_source(source(), access="sequential")
    except (pyvips.Error, AttributeError):
        pass
    else:
        return int(image.width * image.height)
    if find_spec("pillow_heif") is None:
        return None
    import pillow_heif

    try:
        width, height = pillow_heif.open_heif(file.read()).size  # decoded when its pixels are read
    except Exception:
        return None  # the decoder names what is wrong
    return int(width) * int(height)

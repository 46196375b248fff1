"""Read a picture into sRGB: its description first, then a work-size copy, and strips from top to bottom.

Pictures up to :data:`IN_MEMORY` bytes are decoded once; larger ones are decoded again for each pass, as a stream. The work-size
copy of a JPEG is always a pass of its own, since libjpeg shrinks as it decodes; all its pixels are decoded meanwhile.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
import pyvips
from numpy.typing import NDArray

from photochrom.errors import ImageError, ImageTooLargeError, InvalidPixelsError
from photochrom.images import convert
from photochrom.images.ahead import Ahead
from photochrom.images.borders import Frame, find_frame
from photochrom.images.captions import Captions
from photochrom.images.container import PictureFile, decoding, frames, stated_orientation
from photochrom.images.convert import Pixels
from photochrom.images.forked import libvips_is_used
from photochrom.images.inputs import AnyInput, plain_input
from photochrom.images.metadata import Tags
from photochrom.images.ranges import ValueRange, to_integers, value_range

__all__ = ["IN_MEMORY", "MAX_PIXELS", "AnyImage", "ImageInfo", "SourceImage", "open_image"]

#: Decoded pictures up to this many bytes are kept in memory.
IN_MEMORY = 64_000_000
#: More pixels than this are refused unless the caller allows them.
MAX_PIXELS = 500_000_000


@dataclass(frozen=True)
class ImageInfo:
    """What is known of a picture before it is coloured.

    ``width`` and ``height`` are those of the upright picture; ``orientation`` is the EXIF orientation of the stored one.
    ``bit_depth`` is 8 or 16 and ``bands`` 1 (grey) or 3, both as :meth:`SourceImage.strips` gives them. ``format`` is that of
    :class:`~photochrom.images.container.PictureFile`, or ``"array"``. ``notices`` are sentences for the user.
    ``dpi`` (across, down) is None where the file has none. ``jpeg_quality`` is an estimate, 1..100; ``compression``
    and ``tile`` (width, height) are a TIFF's, ``lossless`` is a WebP's.
    """

    path: Path | None
    width: int
    height: int
    bit_depth: int
    bands: int
    has_alpha: bool
    format: str
    pages: int = 1
    orientation: int = 1
    notices: tuple[str, ...] = ()
    dpi: tuple[float, float] | None = None
    jpeg_quality: int | None = None
    compression: str | None = None
    tile: tuple[int, int] | None = None
    lossless: bool = False

    @property
    def pixels(self) -> int:
        """Width times height."""
        return self.width * self.height


class SourceImage:
    """An opened picture; made by :func:`open_image`."""

    def __init__(
        self,
        info: ImageInfo,
        file: PictureFile | None = None,
        black_white: ValueRange | None = None,
        held: tuple[Pixels, Pixels | None] | None = None,
        *,
        ahead: bool = False,
    ) -> None:
        self.info = info
        self._file = file
        self._black_white = black_white
        self._held = held
        #: Whether the picture is a negative; :meth:`examine` obeys.
        self.negative: Literal["auto", "yes", "no"] = "auto"
        self._inverted = False
        #: The mount that :meth:`examine` found.
        self.frame: Frame | None = None
        #: Whether there is more than black and white, as :meth:`examine` found.
        self.has_greys = True
        #: Notices of :meth:`examine`.
        self.findings: tuple[str, ...] = ()
        self._turned: pyvips.Image | None = None
        self._black_and_white = False
        self._ahead = self._decode_ahead(file) if ahead and file is not None else None

    def work_copy(self, short_side: int) -> NDArray[np.float32]:
        """A small copy: shape (h, w, 3), float32, sRGB in [0, 1], averaged over areas, never enlarged.

        Args:
            short_side: wanted length of the shorter side in pixels; each side keeps at least one pixel.

        Raises:
            TruncatedImageError: the file breaks off before the picture does.
        """
        libvips_is_used()
        width, height = self.info.width, self.info.height
        scale = min(1.0, max(1, short_side) / min(width, height))
        size = max(1, round(width * scale)), max(1, round(height * scale))
        small = self._positive(
            convert.shrink([self._held[0]], size) if self._held else self._shrunk_stream(size, scale)
        )
        scaled = small.astype(np.float32) / np.float32(np.iinfo(small.dtype).max)
        return np.repeat(scaled[..., None], 3, axis=2) if scaled.ndim == 2 else scaled

    def examine(self, copy: NDArray[np.float32]) -> NDArray[np.float32]:
        """Look at a work copy for what changes how the picture is to be treated: sets ``frame`` and ``findings``.

        A negative is inverted: all that is read afterwards is the positive. Returns the copy, inverted likewise.
        """
        found: list[str] = []
        if self._inverted:
            copy = 1 - copy
        self._inverted = self.negative == "yes"
        if self._inverted:
            copy = 1 - copy
            found.append("the negative was inverted")
        self.frame = find_frame(copy)
        if self.frame is not None:
            found.append("a mount or border was found; it keeps the colour of paper")
        self.has_greys = not self._bilevel()
        if not self.has_greys:
            found.append("only black and white, without greys: nothing between them takes colour, so it stays as it is")
        self.findings = tuple(found)
        return copy

    def _bilevel(self) -> bool:
        """Whether all pixels are nearly black or white; of a large JPEG, which was not yet seen whole, it is not known."""
        return self._black_and_white if self._held is None else convert.is_bilevel(self._held[0])

    def _watched(self, strips: Iterable[NDArray[Any]]) -> Iterator[NDArray[Any]]:
        """The same strips of the whole picture, looked at for greys as they pass."""
        greys, few = convert.Greys(), True
        for strip in strips:
            few = few and greys.see(strip)
            yield strip
        self._black_and_white = few and greys.black_and_white

    def strips(self, rows: int = 128) -> Iterator[tuple[int, Pixels]]:
        """The picture from top to bottom: ``(y0, strip)``, the strip of shape (h, w) or (h, w, 3), sRGB-encoded.

        Strips are uint8 or uint16, by ``info.bit_depth``; h is ``rows``, less in the last one.

        Raises:
            TruncatedImageError: the file breaks off before the picture does; the strips above were given already.
        """
        libvips_is_used()
        pixels = self.pixels()
        if pixels is not None:
            for y in range(0, self.info.height, rows):
                yield y, pixels[y : y + rows]
            return
        with decoding(self.info.path):
            for y, strip in convert.rows(convert.to_srgb(convert.split(self._upright())[0]), rows):
                yield y, self._positive(strip)

    def alpha(self) -> pyvips.Image | None:
        """Opacity as a one-band libvips image, upright, as deep as the picture, to be read once from the top."""
        if not self.info.has_alpha:
            return None
        if self._held is not None:
            return pyvips.Image.new_from_array(self._held[1])
        with decoding(self.info.path):
            return convert.split(self._upright())[1]

    @property
    def pixels_of_all_pages(self) -> int:
        """Of all full pages of the file together."""
        tiff = None if self._file is None else self._file.tiff
        return self.info.pixels if tiff is None else tiff.pixels_of_all_pages

    def tags(self) -> Tags:
        """EXIF of the file; empty where there is none."""
        if self._file is None:
            return Tags()
        with decoding(self.info.path):
            return self._file.tags()

    def xmp(self) -> bytes | None:
        """The XMP packet of the file, as it stands there."""
        if self._file is None:
            return None
        with decoding(self.info.path):
            return self._file.xmp()

    def captions(self) -> Captions:
        """Captions in older forms; empty where there are none."""
        return Captions() if self._file is None else self._file.captions()

    def _device(self, access: str = "sequential", shrink: int = 1) -> pyvips.Image:
        """The picture as it is stored: its own colours, not yet turned."""
        if self._file is None:
            raise RuntimeError("an array is always held in memory")
        return to_integers(self._file.load(access, shrink), self._black_white)

    def _upright(self) -> pyvips.Image:
        orientation = self.info.orientation
        if orientation <= 2:
            return convert.turn(self._device(), orientation)
        if self._turned is None:  # this needs all rows at once; libvips unpacks a large file to a temporary one
            self._turned = convert.turn(self._device("random"), orientation)
        return self._turned

    def _decode(self) -> tuple[Pixels, Pixels | None]:
        """All of the picture and its opacity, upright; (h, w) where red, green and blue are equal."""
        with decoding(self.info.path):
            stored = self._device()
            if self.info.has_alpha or self.info.orientation > 2:
                stored = stored.copy_memory()  # it is read twice, or not from the top
            colour, alpha = convert.split(convert.turn(stored, self.info.orientation))
            pixels = convert.to_array(convert.to_srgb(colour))
            opacity = None if alpha is None else convert.to_array(alpha)
        if pixels.ndim == 3 and convert.is_grey(pixels):
            pixels = np.ascontiguousarray(pixels[..., 0])
        return pixels, opacity

    def _decode_ahead(self, file: PictureFile) -> Ahead:
        device = self._device()
        plain = device.interpretation in ("b-w", "srgb") and convert.to_srgb(device) is device
        size = device.width, device.height
        return Ahead(file, size, lambda: self._decode()[0], plain=plain, bands=device.bands)

    def pixels(self) -> Pixels | None:
        """All pixels, upright, (h, w) or (h, w, 3), of a picture that is held in memory; None for a larger one."""
        pixels = self._stored_pixels()
        return None if pixels is None else self._positive(pixels)

    def _positive(self, pixels: NDArray[Any]) -> NDArray[Any]:
        return np.iinfo(pixels.dtype).max - pixels if self._inverted else pixels

    def _stored_pixels(self) -> Pixels | None:
        if self._ahead is None:
            return self._held and self._held[0]
        luma = self._ahead.luma()
        if luma is None:
            return self._ahead.whole()
        if self.info.orientation == 1:
            return luma
        return convert.to_array(convert.turn(pyvips.Image.new_from_array(luma), self.info.orientation))

    def _shrunk_stream(self, size: tuple[int, int], scale: float) -> NDArray[Any]:
        """A small copy of a picture that is not held: shrunk as it is stored, and only then turned and converted."""
        stored = size[::-1] if self.info.orientation >= 5 else size
        # A JPEG can be decoded at 1/2, 1/4 or 1/8, where something is left to average; at 1/8 its numbers are true means.
        spare = {8: 0.75, 4: 0.5, 2: 0.5} if self.info.format == "jpeg" else {}
        factor = next((factor for factor, most in spare.items() if scale * factor <= most), 1)
        with decoding(self.info.path):
            reduced = None if self._ahead is None else self._ahead.reduced(factor)
            if reduced is not None:
                small = convert.shrink(self._watched([reduced]) if factor == 1 else [reduced], stored)
                return convert.to_array(convert.turn(pyvips.Image.new_from_array(small), self.info.orientation))
            device = convert.split(self._device(shrink=factor))[0]
            strips: Iterator[NDArray[Any]] = (strip for _, strip in convert.rows(device, 64))
            if factor == 1 and device.interpretation in convert.LIGHT_LIKE:
                strips = self._watched(strips)
            small = convert.shrink(strips, stored)
            return convert.to_array(convert.to_srgb(convert.turn(convert.like(device, small), self.info.orientation)))


#: Whatever is taken for a picture.
AnyImage: TypeAlias = AnyInput | SourceImage


def open_image(
    source: AnyImage,
    *,
    max_pixels: int = MAX_PIXELS,
    page: int | None = None,
    negative: Literal["auto", "yes", "no"] = "auto",
) -> SourceImage:
    """Open a picture.

    Args:
        source: path of a JPEG, PNG, WebP, TIFF, GIF, AVIF, HEIC, JPEG 2000 or JPEG XL file (see docs/formats.md); the bytes of
            one; a binary file that is open for reading; a PIL image; or an array of shape (h, w) or (h, w, n) with n = 1
            grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha, sRGB-encoded, uint8, uint16, or float in [0, 1]. An array is
            copied; floats become uint16. An opened picture is returned as it is.
        max_pixels: a larger picture is refused by its header, before anything is decoded.
        page: of a TIFF, its number among the full pages, from 1; None: the largest, of equal ones the first.
        negative: "yes": it is one, and is inverted; "auto": it is none, but a notice says so if it looks like one.

    Raises:
        ImageNotFoundError: there is no such file, or it may not be read.
        UnsupportedImageError: a folder, not a picture, or of a kind that is not read.
        TruncatedImageError: the file is empty or breaks off. In a picture too large to be held in memory, a break
            behind the header shows only when its pixels are read.
        ImageTooLargeError: more than ``max_pixels``.
        InvalidPixelsError: NaN or infinity among the pixels, or an array of another shape, type or range.
        OptionError: there is no such page.
        ImageError: anything else that is no picture.
    """
    libvips_is_used()
    if isinstance(source, SourceImage):
        return source
    given = plain_input(source)
    opened = _open_array(given, max_pixels) if isinstance(given, np.ndarray) else _open_file(given, max_pixels, page)
    opened.negative = negative
    return opened


def _open_file(given: Path | bytes, max_pixels: int, page: int | None) -> SourceImage:
    file = PictureFile(given, page)
    stated = file.stated_pixels()
    if stated is not None and stated > max_pixels:
        raise ImageTooLargeError(stated, max_pixels, file.path)
    with decoding(file.path):
        image = file.load()
        if image.width * image.height > max_pixels:
            raise ImageTooLargeError(image.width * image.height, max_pixels, file.path)
        try:
            black_white = value_range(image)
            if black_white is not None and file.tiff is not None and file.tiff.white_is_zero:
                black_white = black_white.inverted()
            info = _describe(file, to_integers(image, black_white), black_white)
        except ImageError as error:
            raise type(error)(str(error), file.path) from None
        bands = 4 if image.interpretation == "cmyk" else info.bands
    if info.pixels * (bands + info.has_alpha) * info.bit_depth // 8 > IN_MEMORY:
        return SourceImage(info, file, black_white)
    if info.format == "jpeg":
        return SourceImage(info, file, black_white, ahead=True)
    held = SourceImage(info, file, black_white)._decode()
    return SourceImage(dataclasses.replace(info, bands=1 if held[0].ndim == 2 else 3), file, black_white, held)


def _describe(file: PictureFile, image: pyvips.Image, black_white: ValueRange | None) -> ImageInfo:
    orientation = stated_orientation(file, image)
    pages = file.tiff.pages if file.tiff is not None else frames(image)
    colour, alpha = convert.split(image)
    notices = (
        *file.notices,
        *(file.tiff.notices if file.tiff is not None else ()),
        f"the file has {pages} pages or frames; only the first is used" if pages > 1 and file.tiff is None else None,
        black_white and black_white.notice,
        convert.profile_notice(colour),
    )
    turned = orientation >= 5
    dpi = _dpi(file, image)
    return ImageInfo(
        path=file.path,
        width=image.height if turned else image.width,
        height=image.width if turned else image.height,
        bit_depth=8 if image.format == "uchar" else 16,
        bands=1 if colour.bands == 1 else 3,
        has_alpha=alpha is not None,
        format=file.format,
        pages=pages,
        orientation=orientation,
        notices=tuple(notice for notice in notices if notice),
        dpi=dpi[::-1] if dpi and turned else dpi,
        **file.packing(),
    )


def _dpi(file: PictureFile, image: pyvips.Image) -> tuple[float, float] | None:
    """Resolution as the file is stored; libvips assumes one pixel per millimetre where the file has none."""
    if (image.xres, image.yres) != (1.0, 1.0) and min(image.xres, image.yres) > 0:
        return image.xres * 25.4, image.yres * 25.4
    return file.tags().resolution()


def _open_array(array: NDArray[Any], max_pixels: int) -> SourceImage:
    got = f"got shape {array.shape}, type {array.dtype}"
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (1, 2, 3, 4)) or array.size == 0:
        raise InvalidPixelsError(f"{got}; expected (h, w) or (h, w, n) with n = 1, 2, 3 or 4")
    height, width = array.shape[:2]
    if height * width > max_pixels:
        raise ImageTooLargeError(height * width, max_pixels)
    if np.issubdtype(array.dtype, np.floating):
        if not np.isfinite(array).all():
            raise InvalidPixelsError("there are NaN or infinite values among the pixels; replace them by numbers")
        if array.min() < 0 or array.max() > 1:
            raise InvalidPixelsError(f"floats from {array.min():g} to {array.max():g}; expected 0 to 1")
        array = (array.astype(np.float64) * 65535).round().astype(np.uint16)
    elif array.dtype not in (np.uint8, np.uint16):
        raise InvalidPixelsError(f"{got}; expected uint8, uint16 or float")
    deep = array.reshape(height, width, -1)
    colours = 1 if deep.shape[2] < 3 else 3
    pixels = np.array(deep[..., 0] if colours == 1 else deep[..., :3], order="C")
    alpha = np.array(deep[..., colours], order="C") if deep.shape[2] > colours else None
    if colours == 3 and convert.is_grey(pixels):
        pixels = np.ascontiguousarray(pixels[..., 0])
    bands, depth = 1 if pixels.ndim == 2 else 3, pixels.dtype.itemsize * 8
    info = ImageInfo(None, width, height, depth, bands, alpha is not None, "array")
    return SourceImage(info, held=(pixels, alpha))

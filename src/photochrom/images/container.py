"""The file around a picture: which kind it is, the one loader that reads it, and how its pixels were packed."""

from __future__ import annotations

import io
import logging
import mmap
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO, cast

import pyvips
from numpy.typing import NDArray

from photochrom.errors import ImageNotFoundError, TruncatedImageError, UnsupportedImageError
from photochrom.images import convert, decoders
from photochrom.images.boxes import Packets, read_boxes
from photochrom.images.captions import TIFF_IPTC, Captions, from_gif, from_iptc, from_jpeg
from photochrom.images.jpeg_segments import end_is_missing, every_coefficient, jpeg_quality, uncommon_frame, unpadded
from photochrom.images.kinds import foreign, has_loader, sniff
from photochrom.images.metadata import Tags, read_tags, xmp_orientation
from photochrom.images.png_chunks import PngFacts, read_png
from photochrom.images.sizes import jpeg2000_bits, jpeg_xl_header, pixels_by_header
from photochrom.images.tiff_load import TiffReader

__all__ = ["PictureFile", "decoding", "frames", "stated_orientation"]

_UNSURE = ("unsupported", "not supported", "not configured", "not implemented", "out of range", "unknown compression")
_COMPRESSIONS = {1: "none", 5: "lzw", 8: "deflate", 32946: "deflate"}
_HEAD = 256
#: Formats whose decoders may begin with the pixels.
_DECODED_AT_ONCE = ("heic", "jp2", "jxl")
_XMP, _PHOTOSHOP = 700, 34377
_PACKETS = ("exif-data", "xmp-data")

# libvips keeps recent results; a picture is read once, so they would only hold memory.
pyvips.cache_set_max(0)
# libvips logs from threads of its own, where pyvips makes a record in Python. A garbage collection that this sets off may release
# pictures in a thread in which they must not be, and the process aborts. What is logged stands in the errors, too.
logging.getLogger("pyvips").disabled = True


@contextmanager
def decoding(path: Path | None) -> Iterator[None]:
    """Turn libvips' complaints into the errors of the tree."""
    try:
        yield
    except pyvips.Error as error:
        detail = " ".join(line.strip() for line in error.detail.splitlines() if line.strip())
        if any(word in detail.lower().replace("unsupported marker", "") for word in _UNSURE):
            raise UnsupportedImageError(f"a variant that is not read: {detail}", path) from error
        why = f" ({detail})" if detail else ""
        raise TruncatedImageError(f"the file ends, or is damaged, before the picture is complete{why}", path) from error


class PictureFile:
    """The bytes of a picture: a path, or bytes in memory.

    ``format`` is ``"jpeg"``, ``"png"``, ``"webp"``, ``"tiff"``, ``"gif"``, ``"avif"``, ``"heic"``, ``"jp2"`` or ``"jxl"``, by the
    first bytes, never by the name. ``notices``: sentences for the user about the file. page: of a TIFF, see
    :class:`~photochrom.images.tiff_load.TiffReader`.

    Raises:
        ImageNotFoundError: it is absent or may not be read.
        UnsupportedImageError: a folder, a device, a pipe, or not one of these formats; the message names it.
        TruncatedImageError: the file is empty, or a TIFF without a whole page.
        OptionError: there is no such page.
    """

    format: str

    def __init__(self, source: Path | bytes, page: int | None = None) -> None:
        self.path = source if isinstance(source, Path) else None
        self._data: bytes | None = source if isinstance(source, bytes) else None
        self.notices: tuple[str, ...] = ()
        with self.open() as file:
            head = file.read(_HEAD)
        if not head:
            raise TruncatedImageError("the file is empty", self.path)
        kind = sniff(head)
        if kind is None:
            raise UnsupportedImageError(foreign(head), self.path)
        self.format = kind
        self.tiff = TiffReader(self.open, self.path, page) if kind == "tiff" else None
        if kind == "jpeg":
            with self.open() as file:
                uncommon = uncommon_frame(file)
            if uncommon is not None:
                raise UnsupportedImageError(f"{uncommon}, which is not read", self.path)
            self._complete_jpeg()

    def open(self) -> BinaryIO:
        """The file, opened for reading."""
        if self._data is not None:
            return io.BytesIO(self._data)
        path = cast("Path", self.path)
        try:
            mode = path.stat().st_mode  # asked first, because opening a pipe would wait for its other end
            if not stat.S_ISREG(mode):
                kind = "a folder" if stat.S_ISDIR(mode) else "not a regular file"
                raise UnsupportedImageError(f"this is {kind}, expected a picture file", path)
            return cast("BinaryIO", path.open("rb"))
        except FileNotFoundError:
            raise ImageNotFoundError("there is no such file", path) from None
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise ImageNotFoundError(f"cannot be read: {reason}", path) from error

    def stated_pixels(self) -> int | None:
        """Width times height by the header, before anything is decoded; None where :meth:`load` gives it at no cost."""
        if self.tiff is not None:
            return self.tiff.page.width * self.tiff.page.height
        return pixels_by_header(self.format, self.open, self._source) if self.format in _DECODED_AT_ONCE else None

    def load(self, access: str = "sequential", shrink: int = 1) -> pyvips.Image:
        """Open with the loader of this format and no other; mostly only the header is decoded yet."""
        if self.tiff is not None:
            return self.tiff.load(access)
        if self._array is not None:
            image = pyvips.Image.new_from_array(self._array)
            image = image.copy(interpretation={1: "b-w", 2: "b-w"}.get(image.bands, "srgb"))
            if self._bits is not None:
                image = convert.full_range(image, self._bits)
            if self._beside.profile is not None:
                image = image.copy()
                image.set_type(pyvips.GValue.blob_type, convert.PROFILE, self._beside.profile)
            if self._beside.frames > 1:
                image = image.copy()
                image.set_type(pyvips.GValue.gint_type, "n-pages", self._beside.frames)
            return image
        loader = {"avif": "heif", "heic": "heif", "jp2": "jp2k"}.get(self.format, self.format)
        options: dict[str, Any] = {"access": access, "fail_on": "error"}
        if shrink > 1:
            options["shrink"] = shrink
        image = getattr(pyvips.Image, f"{loader}load_source")(self._source(), **options)
        if self._bits is not None:
            image = convert.full_range(image, self._bits)
        if self._png.exponent is not None:
            image = convert.decode_power(image, self._png.exponent)
        if self._png.profile is not None:
            image = image.copy()
            image.set_type(pyvips.GValue.blob_type, "icc-profile-data", self._png.profile)
        return image

    def _source(self) -> pyvips.Source:
        if self._data is not None:
            return pyvips.Source.new_from_memory(self._data)
        with self.open() as file:
            return pyvips.Source.new_from_descriptor(file.fileno())

    @cached_property
    def _array(self) -> NDArray[Any] | None:
        """The pixels (h, w, n), of formats that the installed libvips does not read."""
        if self.format == "heic":
            try:
                pyvips.Image.heifload_source(self._source(), access="sequential").copy_memory()
            except (pyvips.Error, AttributeError):
                return decoders.heic(self.open, self.path)
        if self.format == "jp2" and not has_loader("jp2k"):
            if self._bits is not None and not 8 <= self._bits <= 16:
                raise UnsupportedImageError(
                    f"a JPEG 2000 picture of {self._bits}-bit numbers, which is not read", self.path
                )
            return decoders.jpeg2000(self.open, self.path)
        if self.format == "jxl" and not has_loader("jxl"):
            return decoders.jpeg_xl(self.open, self.path)
        return None

    @cached_property
    def _bits(self) -> int | None:
        """Bits of a number, where a decoder leaves them as they are: of JPEG 2000, and of JPEG XL by imagecodecs."""
        if self.format == "jxl" and not has_loader("jxl"):
            with self.open() as file:
                header = jpeg_xl_header(file)
            if header is not None and header.animated:
                self.notices += ("the file is an animation; only its first frame is used",)
            return None if header is None else header.bits
        if self.format != "jp2":
            return None
        with self.open() as file:
            return jpeg2000_bits(file)

    @cached_property
    def _beside(self) -> Packets:
        """What stands beside the pixels, where libvips does not decode them."""
        if self.format in ("jp2", "jxl"):
            with self.open() as file:
                found = read_boxes(file)
            self.notices += found.notices
            return found
        if self.format != "heic" or self._array is None:
            return Packets()
        try:  # libvips does read what is around pixels that it has no decoder for
            image = pyvips.Image.heifload_source(self._source(), access="sequential")
        except (pyvips.Error, AttributeError):
            return Packets()
        fields = {name: bytes(image.get(name)) for name in (*_PACKETS, convert.PROFILE) if name in image.get_fields()}
        return Packets(
            fields.get("exif-data"), fields.get("xmp-data"), None, fields.get(convert.PROFILE), frames(image)
        )

    def _complete_jpeg(self) -> None:
        """Put the end marker of a JPEG where it is missing and all rows are there."""
        with self.open() as file:
            if self._data is not None:
                missing = end_is_missing(self._data)
            else:
                with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
                    missing = end_is_missing(mapped)
            if not missing:
                return
            data = unpadded(file.read())
        if not every_coefficient(data):
            return  # the loader refuses it
        # The decoder makes up what is missing, without a word if it is the end: then what is put there shows in the pixels.
        try:
            first, second = (
                pyvips.Image.jpegload_buffer(data + end, access="sequential", fail_on="error")
                for end in (b"\xff\xd9", bytes(range(80, 120)) * 4 + b"\xff\xd9")
            )
            if (first != second).max() > 0:
                return
        except pyvips.Error:
            return
        self._data = data + b"\xff\xd9"
        self.notices += ("the file's end marker is missing, but all its rows are there",)

    @cached_property
    def _png(self) -> PngFacts:
        if self.format != "png":
            return PngFacts()
        with self.open() as file:
            facts = read_png(file)
        self.notices += facts.notices
        return facts

    def tags(self) -> Tags:
        """EXIF, or the tags of a TIFF page and, where it has none of its own, of the first one; empty where there is none."""
        if self.tiff is not None:
            with self.open() as file:
                tags = read_tags(file, self.tiff.page.offset)
                first = read_tags(file)
            if self.tiff.page.offset != self.tiff.first.offset:
                tags = Tags({**first.main, **tags.main}, tags.exif or first.exif, tags.gps or first.gps, tags.layout)
            return tags
        packet = self._png.exif or self._beside.exif or self._field("exif-data")
        return read_tags(io.BytesIO(packet.removeprefix(b"Exif\0\0"))) if packet else Tags()

    def xmp(self) -> bytes | None:
        """The XMP packet, as it stands in the file."""
        if self.tiff is not None:
            return self.tiff.blob(_XMP)
        return self._png.xmp or self._beside.xmp or self._field("xmp-data")

    def captions(self) -> Captions:
        """Captions that are neither EXIF nor XMP."""
        if self.tiff is not None:
            return Captions(from_iptc(self.tiff.blob(TIFF_IPTC) or b"") or from_iptc(self.tiff.blob(_PHOTOSHOP) or b""))
        if self.format == "jpeg":
            with self.open() as file:
                return from_jpeg(file)
        if self.format == "gif":
            with self.open() as file:
                return from_gif(file)
        return Captions(iptc=from_iptc(self._png.iptc or self._beside.iptc or b""), texts=self._png.texts)

    def _field(self, name: str) -> bytes | None:
        if self.format in _DECODED_AT_ONCE and self._array is not None:
            return None
        image = self.load()
        return bytes(image.get(name)) if name in image.get_fields() else None

    def packing(self) -> dict[str, Any]:
        """How the pixels were packed, as fields of ``ImageInfo``."""
        if self.format == "jpeg":
            with self.open() as file:
                return {"jpeg_quality": jpeg_quality(file)}
        if self.format == "webp":
            with self.open() as file:
                return {"lossless": _webp_is_lossless(file)}
        if self.tiff is not None:
            page = self.tiff.page
            tile = (page.number(322), page.number(323)) if page.number(322) and page.number(323) else None
            return {"compression": _COMPRESSIONS.get(page.compression), "tile": tile}
        return {}


def _webp_is_lossless(file: BinaryIO) -> bool:
    """Whether the first picture in a WebP file is coded without loss; the walk is over RIFF chunks."""
    file.seek(12)
    while len(head := file.read(8)) == 8 and head[:4] not in (b"VP8 ", b"VP8L"):
        size = int.from_bytes(head[4:], "little")
        # an animation's frame begins with 16 bytes of its own, and then holds chunks
        file.seek(16 if head[:4] == b"ANMF" else size + size % 2, io.SEEK_CUR)
    return head[:4] == b"VP8L"


def frames(image: pyvips.Image) -> int:
    """How many pages or frames there are."""
    return int(image.get("n-pages")) if "n-pages" in image.get_fields() else 1


def stated_orientation(file: PictureFile, image: pyvips.Image) -> int:
    """That of the file, 1..8: EXIF's where it has one, else XMP's. Pictures in HEIF and JPEG XL come upright."""
    if file.format in ("avif", "heic", "jxl"):
        return 1
    if file.tiff is not None:
        found = file.tiff.page.number(0x112)
    else:
        found = image.get("orientation") if "orientation" in image.get_fields() else 0
        if found in (0, 1):  # libvips returns 1 where there is none, and does not look into every place
            found = file.tags().number(0x112) or 0
    return found if found in range(1, 9) else xmp_orientation(file.xmp()) or 1

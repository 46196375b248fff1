"""The file around a picture: which kind it is, the one loader that reads it, and how its pixels were packed."""

from __future__ import annotations

import io
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
import pyvips

from photochrom.errors import ImageNotFoundError, TruncatedImageError, UnsupportedImageError
from photochrom.images.metadata import Tags, read_tags

__all__ = ["PictureFile", "decoding", "jpeg_quality"]

_UNSURE = ("unsupported", "not supported", "not configured", "not implemented", "out of range", "unknown compression")
_COMPRESSIONS = {1: "none", 5: "lzw", 8: "deflate", 32946: "deflate"}

# libvips keeps recent results; a picture is read once, so they would only hold memory.
pyvips.cache_set_max(0)

# The luminance table of ITU-T T.81, annex K.1, in zigzag order; encoders scale it by their quality number.
# fmt: off
_ANNEX_K = np.array([
    16, 11, 12, 14, 12, 10, 16, 14, 13, 14, 18, 17, 16, 19, 24, 40,
    26, 24, 22, 22, 24, 49, 35, 37, 29, 40, 58, 51, 61, 60, 57, 51,
    56, 55, 64, 72, 92, 78, 64, 68, 87, 69, 55, 56, 80, 109, 81, 87,
    95, 98, 103, 104, 103, 62, 77, 113, 121, 112, 100, 120, 92, 101, 103, 99,
])
# fmt: on


def _sniff(head: bytes) -> str | None:
    """Kind of a picture file by its first bytes; None if it is none that is read."""
    if head.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "webp"
    if head[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return "tiff"
    return "gif" if head[:6] in (b"GIF87a", b"GIF89a") else None


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

    ``format`` is ``"jpeg"``, ``"png"``, ``"webp"``, ``"tiff"`` or ``"gif"``, by the first bytes, never by the name.

    Raises:
        ImageNotFoundError: it is absent or may not be read.
        UnsupportedImageError: a folder, a device, a pipe, or not one of these formats.
        TruncatedImageError: the file is empty.
    """

    format: str

    def __init__(self, source: Path | bytes) -> None:
        self.path = source if isinstance(source, Path) else None
        self._data = source if isinstance(source, bytes) else b""
        with self.open() as file:
            self.head = file.read(32)
        if not self.head:
            raise TruncatedImageError("the file is empty", self.path)
        kind = _sniff(self.head)
        if kind is None:
            raise UnsupportedImageError("not a JPEG, PNG, WebP, TIFF or GIF picture", self.path)
        self.format = kind

    def open(self) -> BinaryIO:
        """The file, opened for reading."""
        if self.path is None:
            return io.BytesIO(self._data)
        try:
            mode = self.path.stat().st_mode  # asked first, because opening a pipe would wait for its other end
            if not stat.S_ISREG(mode):
                kind = "a folder" if stat.S_ISDIR(mode) else "not a regular file"
                raise UnsupportedImageError(f"this is {kind}, expected a picture file", self.path)
            return cast("BinaryIO", self.path.open("rb"))
        except FileNotFoundError:
            raise ImageNotFoundError("there is no such file", self.path) from None
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise ImageNotFoundError(f"cannot be read: {reason}", self.path) from error

    def load(self, access: str = "sequential", shrink: int = 1) -> pyvips.Image:
        """Open with the loader of this format and no other; only the header is decoded yet."""
        if self.path is None:
            source = pyvips.Source.new_from_memory(self._data)
        else:
            with self.open() as file:
                source = pyvips.Source.new_from_descriptor(file.fileno())
        # The TIFF loader passes over broken tiles unless it fails on warnings; unknown tags are not among these.
        options: dict[str, Any] = {"access": access, "fail_on": "warning" if self.format == "tiff" else "error"}
        if shrink > 1:
            options["shrink"] = shrink
        return getattr(pyvips.Image, f"{self.format}load_source")(source, **options)

    def tiff_tags(self) -> Tags:
        """Tags of a TIFF file."""
        with self.open() as file:
            return read_tags(file)

    def packing(self) -> dict[str, Any]:
        """How the pixels were packed, as fields of ``ImageInfo``."""
        if self.format == "jpeg":
            with self.open() as file:
                return {"jpeg_quality": jpeg_quality(file)}
        if self.format == "webp":
            with self.open() as file:
                return {"lossless": _webp_is_lossless(file)}
        if self.format == "tiff":
            tags = self.tiff_tags()
            width, height = tags.number(322), tags.number(323)
            tile = (width, height) if width and height else None
            return {"compression": _COMPRESSIONS.get(tags.number(259) or 1), "tile": tile}
        return {}


def _webp_is_lossless(file: BinaryIO) -> bool:
    """Whether the first picture in a WebP file is coded without loss; the walk is over RIFF chunks."""
    file.seek(12)
    while len(head := file.read(8)) == 8 and head[:4] not in (b"VP8 ", b"VP8L"):
        size = int.from_bytes(head[4:], "little")
        # an animation's frame begins with 16 bytes of its own, and then holds chunks
        file.seek(16 if head[:4] == b"ANMF" else size + size % 2, io.SEEK_CUR)
    return head[:4] == b"VP8L"


def jpeg_quality(file: BinaryIO) -> int | None:
    """Estimate the quality number, 1..100, with which a JPEG was written; None if its tables are not found.

    It is the number whose scaled table of ITU-T T.81 annex K.1, in the manner of the Independent JPEG Group, comes
    nearest to the file's luminance table.
    """
    file.seek(2)
    while len(head := file.read(4)) == 4 and head[0] == 0xFF:
        size = int.from_bytes(head[2:], "big") - 2
        if head[1] == 0xDA or size < 0:
            break
        body = file.read(size)
        if head[1] == 0xDB and len(body) >= 65 and body[0] in (0x00, 0x10):
            wide = body[0] == 0x10 and len(body) >= 129
            table = np.frombuffer(body[1:129] if wide else body[1:65], ">u2" if wide else "u1").astype(np.int64)
            quality = np.arange(1, 101)
            scale = np.where(quality < 50, 5000 // quality, 200 - 2 * quality)
            tables = np.clip((_ANNEX_K * scale[:, None] + 50) // 100, 1, 255 if not wide else 32767)
            distance = np.abs(tables - table).sum(axis=1)
            return int(quality[::-1][np.argmin(distance[::-1])])  # of equals the higher one
    return None

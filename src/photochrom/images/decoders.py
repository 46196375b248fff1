"""Decoders besides libvips: OpenCV for JPEG 2000, and what the extras [scans] and [heic] install.

All decode at once, into memory.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from photochrom.errors import ImageTooLargeError, TruncatedImageError, UnsupportedImageError
from photochrom.images.tiff_pages import COMPRESSIONS, Page

__all__ = ["heic", "jpeg2000", "jpeg_xl", "tiff_page"]

_SHOWN = (0, 1, 2, 3, 5, 6)  # photometric interpretations that are not left to guessing


def tiff_page(opener: Callable[[], BinaryIO], page: Page, path: Path | None) -> NDArray[Any]:
    """The pixels of a page, (h, w, n): by tifffile and imagecodecs.

    Raises UnsupportedImageError where they are not installed or do not know it, either, TruncatedImageError where they fail.
    """
    if find_spec("tifffile") is None or find_spec("imagecodecs") is None:
        raise UnsupportedImageError(
            f"{page.name}, which libvips does not read; pip install 'photochrom[scans]' adds decoders", path
        )
    if page.photometric not in _SHOWN or page.sample_format not in (1, 2, 3) or page.compression not in COMPRESSIONS:
        raise UnsupportedImageError(f"{page.name}, which is not read", path)
    import tifffile

    with opener() as file:
        try:
            with tifffile.TiffFile(file) as tiff:
                found = _by_offset(tiff, page)
                array = found.asrgb() if page.photometric == 3 else found.asarray()
                planar = int(found.planarconfig) == 2 and array.ndim == 3
        except (NotImplementedError, KeyError) as error:
            raise UnsupportedImageError(f"{page.name}, which is not read ({error})", path) from error
        except MemoryError:
            raise ImageTooLargeError(page.width * page.height, page.width * page.height, path) from None
        except Exception as error:
            raise TruncatedImageError(f"{page.name}, which could not be decoded ({error})", path) from error
    if planar:
        array = np.moveaxis(array, 0, -1)
    if array.dtype == np.float16:
        array = array.astype(np.float32)
    if page.photometric == 0 and array.dtype.kind == "u":
        array = ((1 << page.bits) - 1) - array
    if page.bits < 16 and page.bits != 8 and array.dtype.kind == "u":
        top = np.iinfo(array.dtype).max
        array = np.rint(array * (top / ((1 << page.bits) - 1))).astype(array.dtype)
    if array.dtype.kind in "ui" and array.dtype.itemsize == 8:
        array = _halved(array)
    return np.ascontiguousarray(array.reshape(page.height, page.width, -1))


def _halved(array: NDArray[Any]) -> NDArray[Any]:
    """Integers of 64 bits as such of 32: the upper half, or the lower where that holds them all."""
    half: Any = np.uint32 if array.dtype.kind == "u" else np.int32
    held = np.iinfo(half).min <= array.min() and array.max() <= np.iinfo(half).max
    return (array if held else array >> 32).astype(half)


def heic(opener: Callable[[], BinaryIO], path: Path | None) -> NDArray[Any]:
    """An upright HEIC picture, (h, w, 3 or 4) uint8 or uint16: by pillow-heif, where it is installed (the extra [heic])."""
    if find_spec("pillow_heif") is None:
        raise UnsupportedImageError(
            "a HEIC picture, which the installed libvips does not decode; pip install 'photochrom[heic]'", path
        )
    import pillow_heif

    with opener() as file:
        try:
            picture = pillow_heif.open_heif(file.read(), convert_hdr_to_8bit=False)
            return np.array(picture)
        except Exception as error:
            raise TruncatedImageError(f"a HEIC picture that could not be decoded ({error})", path) from error


def jpeg2000(opener: Callable[[], BinaryIO], path: Path | None) -> NDArray[Any]:
    """A JPEG 2000 picture, (h, w, n): by OpenCV, or, where that does not know the kind, by imagecodecs if it is installed."""
    with opener() as file:
        data = file.read()
    found = _by_opencv(data)
    if found is not None or find_spec("imagecodecs") is None:
        return _whole(found, "JPEG 2000", path)
    import imagecodecs

    try:
        return np.asarray(imagecodecs.jpeg2k_decode(data))
    except Exception:
        return _whole(None, "JPEG 2000", path)


def _by_opencv(data: bytes) -> NDArray[Any] | None:
    import cv2

    usual = cv2.utils.logging.getLogLevel()
    cv2.utils.logging.setLogLevel(
        cv2.utils.logging.LOG_LEVEL_SILENT
    )  # it writes to standard error what is no news here
    try:
        found: Any = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:
        return None
    finally:
        cv2.utils.logging.setLogLevel(usual)
    if found is not None and found.ndim == 3 and found.shape[2] >= 3:
        found = cv2.cvtColor(found, cv2.COLOR_BGR2RGB if found.shape[2] == 3 else cv2.COLOR_BGRA2RGBA)
    return found  # type: ignore[no-any-return]


def _whole(found: NDArray[Any] | None, name: str, path: Path | None) -> NDArray[Any]:
    if found is None:
        raise TruncatedImageError(f"a {name} picture that is damaged, or of a kind that is not read", path)
    return found


def jpeg_xl(opener: Callable[[], BinaryIO], path: Path | None) -> NDArray[Any]:
    """A JPEG XL picture, (h, w, n), or its first frame: by imagecodecs, where it is installed (the extra [scans])."""
    if find_spec("imagecodecs") is None:
        raise UnsupportedImageError(
            "a JPEG XL picture, which the installed libvips does not read; pip install 'photochrom[scans]'", path
        )
    import imagecodecs

    with opener() as file:
        try:
            found = np.asarray(imagecodecs.jpegxl_decode(file.read(), index=0))
        except Exception as error:
            raise TruncatedImageError(f"a JPEG XL picture that could not be decoded ({error})", path) from error
    return found.astype(np.float32) if found.dtype == np.float16 else found


def _by_offset(tiff: Any, page: Page) -> Any:
    """The page of that place, in the chain or beside it."""
    for found in tiff.pages:
        if found.offset == page.offset:
            return found
        for below in found.pages or ():
            if below.offset == page.offset:
                return below
    raise KeyError("no such page")

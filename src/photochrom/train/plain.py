"""The short way for plain JPEG and WebP files: what is in their headers, and decoding at a half, a quarter or an eighth."""

from __future__ import annotations

from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["decode_plain", "ends", "plain_size"]

_REDUCED = {
    1: cv2.IMREAD_COLOR,
    2: cv2.IMREAD_REDUCED_COLOR_2,
    4: cv2.IMREAD_REDUCED_COLOR_4,
    8: cv2.IMREAD_REDUCED_COLOR_8,
}


def ends(data: bytes) -> bool:
    """False for a JPEG that breaks off: some readers fill the rest with grey, and grey would be learnt."""
    return not data.startswith(b"\xff\xd8") or data.rfind(b"\xff\xd9") > data.rfind(b"\xff\xda")


def plain_size(data: bytes) -> tuple[int, int] | None:
    """Width and height of a whole, upright JPEG in three colours without a colour profile, or of a WebP of the simple kind.

    None for anything else: what needs more care.
    """
    if data.startswith(b"RIFF") and data[8:16] == b"WEBPVP8 " and len(data) >= int.from_bytes(data[4:8], "little") + 8:
        width, height = (int.from_bytes(data[k : k + 2], "little") & 0x3FFF for k in (26, 28))
        return (width, height) if width and height else None
    if not data.startswith(b"\xff\xd8") or not ends(data):
        return None
    at = 2
    while at + 9 < len(data) and data[at] == 0xFF:
        mark, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        if mark == 0xFF:  # a byte of filling
            at += 1
            continue
        if mark == 0xE1 and data.startswith(b"Exif", at + 4) and not _upright(data[at + 10 : at + 2 + length]):
            return None
        if mark == 0xE2 and data.startswith(b"ICC_PROFILE", at + 4):
            return None
        if mark == 0xEE and data.startswith(b"Adobe", at + 4) and data[at + 15 : at + 16] == b"\0":
            return None  # RGB without a transform, or CMYK
        if 0xC0 <= mark <= 0xCF and mark not in (0xC4, 0xC8, 0xCC):
            height, width = (int.from_bytes(data[at + k : at + k + 2], "big") for k in (5, 7))
            return (width, height) if data[at + 9] == 3 and width and height else None
        at += 2 + length
    return None


def _upright(exif: bytes) -> bool:
    """False where the first directory of this TIFF structure has an orientation (tag 0x112) other than 1."""
    order: Literal["big", "little"] = "big" if exif.startswith(b"MM") else "little"
    at = int.from_bytes(exif[4:8], order)
    for entry in range(int.from_bytes(exif[at : at + 2], order)):
        tag = exif[at + 2 + 12 * entry : at + 14 + 12 * entry]
        if int.from_bytes(tag[:2], order) == 0x112:
            return int.from_bytes(tag[8:10], order) in (0, 1)
    return True


def decode_plain(data: bytes, size: tuple[int, int], side: int) -> NDArray[np.uint8] | None:
    """The picture (h, w, 3), sRGB, with a short side of ``side`` or its own; ``size`` comes from :func:`plain_size`.

    None where OpenCV cannot read it.
    """
    factor = max((f for f in _REDUCED if f * side <= min(size)), default=1)
    try:
        bgr = cv2.imdecode(np.frombuffer(data, np.uint8), _REDUCED[factor])
    except cv2.error:
        return None
    if bgr is None:
        return None
    scale = side / min(bgr.shape[:2])
    if scale < 1:
        bgr = cv2.resize(bgr, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)  # type: ignore[return-value]

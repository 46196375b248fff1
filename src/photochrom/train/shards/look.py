"""One picture, looked at: its size, whether it is fit for training, and its fingerprints.

Everything is measured on a copy of about :data:`LOOK_SIDE` pixels, upright and in sRGB.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import pyvips
from numpy.typing import NDArray

from photochrom.color import rgb_to_lab
from photochrom.train.plain import decode_plain, ends, plain_size

__all__ = ["LOOK_SIDE", "Look", "fingerprint", "look", "thumbnail", "upright_size"]

#: Short side of the copy that is looked at; half of the usual 224 and more, so that JPEGs are decoded at half size.
LOOK_SIDE = 112
#: Longer pictures (long side over short side) are banners, strips and panoramas.
LONGEST = 2.6
#: Mean chroma (ab units) below which a picture is grey.
GREY = 4.0
#: A print has one tone: colours lie along one line through grey, no wider than this (ab units, 1st to 99th
#: percentile); half of it where the tone is cold.
TONED = 5.0
#: Share of the frame within a few levels of its own colour from which a background is flat, and of near-white in it.
FLAT, WHITE = 0.85, 0.6
#: Share of pixels that equal both neighbours from which a picture is drawn, rendered or written.
DRAWN = 0.6


@dataclass(frozen=True)
class Look:
    """What is known of a picture without keeping it."""

    #: Upright size in pixels.
    width: int
    height: int
    #: Mean chroma (ab units).
    chroma: float
    #: 63 bits that near-copies share (:func:`fingerprint`), of the whole and of its centre square.
    whole: int
    centre: int
    #: The picture at 8 x 8, sRGB, 192 bytes.
    tiny: bytes
    #: Why it is not fit for training; None where it is.
    reason: str | None = None


def look(data: bytes, treat: tuple[str, ...] = ()) -> Look | str:
    """What there is to know of an encoded picture, or why it cannot be read."""
    if not ends(data):
        return "damaged"
    try:
        width, height = plain_size(data) or upright_size(data)
        if min(width, height) < 16 or width * height > 300e6:
            return "size"
        if "unpad" in treat:  # only the pixels show how large the rest is
            whole = thumbnail(data, max(width, height), treat)
            height, width = whole.shape[:2]
            scale = min(1.0, LOOK_SIDE / min(width, height))
            rgb: NDArray[np.uint8] = cv2.resize(whole, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)  # type: ignore[assignment]
        else:
            rgb = thumbnail(data, LOOK_SIDE, treat)
    except (pyvips.Error, ValueError):
        return "damaged"
    tiny = cv2.resize(rgb, (8, 8), interpolation=cv2.INTER_AREA)
    side = min(rgb.shape[:2])
    y, x = (rgb.shape[0] - side) // 2, (rgb.shape[1] - side) // 2
    ab = rgb_to_lab(cv2.resize(rgb, (48, 48), interpolation=cv2.INTER_AREA) / 255.0)[..., 1:].reshape(-1, 2)
    chroma = float(np.hypot(ab[:, 0], ab[:, 1]).mean())
    return Look(
        width=width,
        height=height,
        chroma=round(chroma, 2),
        whole=fingerprint(rgb),
        centre=fingerprint(rgb[y : y + side, x : x + side]),
        tiny=tiny.tobytes(),
        reason=_reason(rgb, ab, chroma, treat),
    )


def thumbnail(data: bytes, side: int, treat: tuple[str, ...] = ()) -> NDArray[np.uint8]:
    """The picture (h, w, 3), upright sRGB uint8, with a short side of ``side`` at most, treated as its source asks.

    Raises pyvips.Error for what cannot be read, ValueError for what has no colours (a palette of two, one band).
    """
    whole = "unpad" in treat
    size = plain_size(data)
    rgb = decode_plain(data, size, max(size) if whole else side) if size else None
    if rgb is None:
        width, height = upright_size(data)
        rgb = _by_vips(data, width, height, 1.0 if whole else min(1.0, side / min(width, height)))
    if whole:
        rgb = _unpad(rgb, side)
    return np.ascontiguousarray(rgb[..., ::-1]) if "swap" in treat else rgb


def upright_size(data: bytes) -> tuple[int, int]:
    """Width and height of an encoded picture in pixels, as it is shown. Raises pyvips.Error."""
    picture = pyvips.Image.new_from_buffer(data, "", access="sequential")
    turned = picture.get_typeof("orientation") and picture.get("orientation") >= 5
    return (picture.height, picture.width) if turned else (picture.width, picture.height)


def _by_vips(data: bytes, width: int, height: int, scale: float) -> NDArray[np.uint8]:
    small = pyvips.Image.thumbnail_buffer(
        data,
        max(1, round(width * scale)),
        height=max(1, round(height * scale)),
        size="force",
        output_profile="srgb",
        fail_on="error",
    )
    if small.hasalpha():
        small = small.flatten(background=255)
    if small.interpretation not in ("srgb", "rgb") or small.bands < 3:
        small = small.colourspace("srgb")
    rgb: NDArray[np.uint8] = small[0:3].cast("uchar").numpy()
    return rgb


def _unpad(rgb: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Without the uniform bands at the borders, then made smaller."""
    plain = rgb.astype(np.int16)
    rows = np.flatnonzero(np.ptp(plain, axis=1).max(axis=1) > 24)
    columns = np.flatnonzero(np.ptp(plain, axis=0).max(axis=1) > 24)
    if len(rows) and len(columns):
        # Two pixels more go: at the band's edge JPEG mixes both.
        rgb = rgb[rows[0] + 2 * (rows[0] > 0) : rows[-1] + 1 - 2 * (rows[-1] < len(rgb) - 1)]
        last = rgb.shape[1] - 1
        rgb = rgb[:, columns[0] + 2 * (columns[0] > 0) : columns[-1] + 1 - 2 * (columns[-1] < last)]
    scale = side / min(rgb.shape[:2]) if rgb.size else 1.0
    if scale < 1:
        rgb = cv2.resize(rgb, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)  # type: ignore[assignment]
    return np.ascontiguousarray(rgb)


def fingerprint(rgb: NDArray[np.uint8]) -> int:
    """63 bits of a picture (h, w, 3) that survive scaling, squashing and compression.

    The signs, about their median, of the 8 x 8 lowest frequencies of its grey (a "pHash"), without the mean's.
    """
    grey = cv2.resize(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), (32, 32), interpolation=cv2.INTER_AREA)
    low = cv2.dct(grey.astype(np.float32))[:8, :8].ravel()[1:]
    bits = np.packbits(np.concatenate([[False], low > np.median(low)]))
    return int.from_bytes(bits.tobytes(), "big")


def _reason(rgb: NDArray[np.uint8], ab: NDArray[np.floating], chroma: float, treat: tuple[str, ...]) -> str | None:
    if max(rgb.shape[:2]) > LONGEST * min(rgb.shape[:2]):
        return "aspect"
    if chroma < GREY:
        return "grey"
    if _toned(ab):
        return "sepia"
    if "flat" not in treat:
        frame = np.concatenate([rgb[:4].reshape(-1, 3), rgb[-4:].reshape(-1, 3), rgb[:, :4].reshape(-1, 3),
                                rgb[:, -4:].reshape(-1, 3)]).astype(np.int16)  # fmt: skip
        if (frame.min(axis=1) > 240).mean() > WHITE:
            return "white background"
        if (np.abs(frame - np.median(frame, axis=0)).max(axis=1) <= 4).mean() > FLAT:
            return "flat background"
    packed = cv2.cvtColor(rgb, cv2.COLOR_RGB2RGBA).view(np.uint32)[..., 0]
    still = (packed[1:, 1:] == packed[:-1, 1:]) & (packed[1:, 1:] == packed[1:, :-1])
    return "drawn" if still.mean() > DRAWN else None


def _toned(ab: NDArray[np.floating]) -> bool:
    """True where colours lie along one line through grey, as in a print that was toned.

    Sky, snow and water do so too, but along a line towards blue; and there is mostly something else in the picture.
    """
    mean = ab.mean(axis=0)
    length = float(np.hypot(*mean))
    if length < 1:
        return False
    across = ab @ np.array([-mean[1], mean[0]]) / length
    warm = mean[1] > 0
    return bool(np.subtract(*np.percentile(across, [99, 1])) < (TONED if warm else TONED / 2))

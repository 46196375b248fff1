"""How a truth picture is cut and resized before anything is measured: by name, so that figures can be compared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from photochrom.errors import OptionError

__all__ = ["PROTOCOLS", "Protocol", "centre_square", "find_protocol", "stretched"]

Rgb = NDArray[np.uint8]


def _resized(rgb: Rgb, width: int, height: int) -> Rgb:
    """Averaged over areas where the picture gets smaller along both sides, bicubic otherwise."""
    smaller = width <= rgb.shape[1] and height <= rgb.shape[0]
    return np.asarray(cv2.resize(rgb, (width, height), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_CUBIC))


def centre_square(rgb: Rgb, side: int) -> Rgb:
    """The largest centred square, resized to ``side`` x ``side``: uint8 (h, w, 3) -> uint8 (side, side, 3).

    Averaged over areas when it gets smaller, bicubic when it gets larger.
    """
    height, width = rgb.shape[:2]
    short = min(height, width)
    top, left = (height - short) // 2, (width - short) // 2
    square = rgb[top : top + short, left : left + short]
    return square if short == side else _resized(square, side, side)


def stretched(rgb: Rgb, side: int) -> Rgb:
    """The whole picture, resized to ``side`` x ``side`` whatever its shape: uint8 (h, w, 3) -> uint8 (side, side, 3).

    Averaged over areas when both sides get smaller, bicubic otherwise.
    """
    return rgb if rgb.shape[:2] == (side, side) else _resized(rgb, side, side)


@dataclass(frozen=True)
class Protocol:
    """A named rule. ``first``: of the pictures sorted by name, only so many. ``side``: None leaves the size as it is."""

    name: str
    rule: str
    side: int | None
    resize: Callable[[Rgb, int], Rgb] = centre_square
    first: int | None = None

    def cut(self, rgb: Rgb) -> Rgb:
        """What is measured of a picture: uint8 (h, w, 3) -> uint8 (side, side, 3), or the picture itself."""
        return rgb if self.side is None else self.resize(rgb, self.side)


_CENTRE = "the largest centred square, resized to 256 x 256"
_WHOLE = "the whole picture, stretched to 256 x 256 whatever its shape"
_ALL = (
    Protocol("centre-256", f"{_CENTRE}; all pictures", 256),
    Protocol(
        "ctest10k", f"{_WHOLE}; all pictures: give Larsson's list of 10,000 of ImageNet's validation", 256, stretched
    ),
    Protocol(
        "val5k", f"{_CENTRE}; the first 5,000 pictures by name: give ImageNet's validation folder", 256, first=5000
    ),
    Protocol("coco", f"{_WHOLE}; all pictures: give the folder val2017 of COCO (5,000)", 256, stretched),
    Protocol("native", "pictures as they are; all pictures", None),
    Protocol("centre-64", "the largest centred square, resized to 64 x 64: for fitting mean colours", 64),
)
PROTOCOLS: dict[str, Protocol] = {protocol.name: protocol for protocol in _ALL}


def find_protocol(name: str) -> Protocol:
    """The protocol of that name. Raises OptionError, which lists the names there are."""
    if name not in PROTOCOLS:
        raise OptionError("protocol", name, f"one of {', '.join(PROTOCOLS)}")
    return PROTOCOLS[name]

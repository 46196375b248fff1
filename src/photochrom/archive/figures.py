"""Figures of a result that the report sorts by, and the perceptual hash that recognises two scans of one photograph."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["figures", "perceptual_hash"]

#: Side of the small copy whose low frequencies make the hash, and how many of them along each side.
_SIDE, _LOW = 32, 8
#: Figures are taken of a copy that is so many times smaller.
_FINE = 4


def figures(ab: NDArray[np.float32], lightness: NDArray[np.float32]) -> dict[str, float]:
    """How colourful a result is, and how much of it has the colour of skin.

    Args:
        ab: shape (h, w, 2), float32, a* and b* of the result, at the same size.
        lightness: shape (h, w), float32, L* in [0, 100].

    Returns:
        ``chroma``: mean chroma in ab units; ``strongest``: its 99th percentile; ``skin``: share of the picture,
        0 to 1, by the rule of :func:`photochrom.evaluate.skin.is_skin`.
    """
    from photochrom.evaluate.skin import is_skin

    size = [max(1, side // _FINE) for side in lightness.shape[::-1]]
    light, small = (cv2.resize(plane, size, interpolation=cv2.INTER_AREA) for plane in (lightness, ab))
    chroma = np.hypot(small[..., 0], small[..., 1])
    skin = is_skin(np.dstack([light, small]))
    shares: dict[str, Any] = {"chroma": chroma.mean(), "strongest": np.percentile(chroma, 99), "skin": skin.mean()}
    return {name: round(float(value), 4) for name, value in shares.items()}


def perceptual_hash(lightness: NDArray[np.float32]) -> int:
    """64 bits, of which scans of one photograph share all but a few: L* float32 (h, w) -> -2^63 to 2^63 - 1.

    The signs of the 8 x 8 lowest frequencies (discrete cosine transform of a 32 x 32 copy) against their median; the constant
    is left out of the median. The scheme is commonly called pHash.
    """
    small = cv2.resize(lightness, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    low = cv2.dct(small.astype(np.float32))[:_LOW, :_LOW].ravel()
    bits = np.packbits(low > np.median(low[1:]))
    return int(bits.view(">i8")[0])

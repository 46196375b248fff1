"""Which numbers mean black and white in a picture of floats, or of signed or wide integers, and the picture in 8 or 16 bits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyvips

from photochrom.errors import InvalidPixelsError, UnsupportedImageError
from photochrom.images.convert import LAB_LIKE, NUMPY, PROFILE, rows, split

__all__ = ["ValueRange", "to_integers", "value_range"]

#: Whole ranges that writers use: of fractions, of 8, 12 and 16 bits, of signed 16 bits, and of 32 bits.
_SCALES = {
    "float": (1.0, 255.0, 65535.0),
    "char": (127.0,),
    "short": (255.0, 4095.0, 32767.0),
    "int": (255.0, 4095.0, 32767.0, 65535.0, 2147483647.0),
    "uint": (255.0, 4095.0, 65535.0, 4294967295.0),
}
_SCALES["double"] = _SCALES["float"]
#: So many of a thousand floats may lie above the white of a scale, as sharpening leaves them; they become white.
_ABOVE = 10
_SLACK = 0.02
#: A picture whose lightest number is less than this part of a scale's white is not on that scale.
_DARKEST = 16


@dataclass(frozen=True)
class ValueRange:
    """``black`` and ``white``, in the file's numbers; ``notice``: a sentence for the user where they are a guess."""

    black: float
    white: float
    notice: str | None = None

    def inverted(self) -> ValueRange:
        """The same where 0 is white."""
        return ValueRange(self.white, self.black, self.notice and f"{self.notice}; white is 0 in this file")


def value_range(image: pyvips.Image) -> ValueRange | None:
    """The numbers that mean black and white; None for 8 and 16 bits without sign. Reads the whole picture.

    Sure are: floats within 0..1, integers of which some need more than half of their type's range, and numbers that reach the
    white of a usual scale exactly. All else is a guess, which a notice states. It is the least of the usual scales (``_SCALES``)
    that holds all numbers (of floats all but one in a hundred, and those only above: they become white) and is not far too long
    for them. Where there are negative numbers, or no scale holds them, they are stretched from the least to the greatest.

    Raises:
        InvalidPixelsError: NaN or infinity among the values.
        UnsupportedImageError: complex numbers.
    """
    if image.format in ("uchar", "ushort") or image.interpretation in LAB_LIKE:
        return None
    if image.format not in NUMPY:
        raise UnsupportedImageError(f"pixels of type {image.format}, expected integers or floats")
    scales = _SCALES[image.format]
    floats = image.format in ("float", "double")
    low, high, count = np.inf, -np.inf, 0
    above = np.zeros(len(scales), np.int64)
    for _, strip in rows(split(image)[0], 256):
        if floats and not np.isfinite(strip).all():
            raise InvalidPixelsError("there are NaN or infinite values among the pixels; replace them by numbers")
        low, high, count = min(low, float(strip.min())), max(high, float(strip.max())), count + strip.size
        above += [int((strip > scale).sum()) if high > scale else 0 for scale in scales]
    seen = f"its numbers go from {low:g} to {high:g}"
    for scale, outside in zip(scales, above.tolist(), strict=True):
        slack = _SLACK * scale if floats else 0.0
        if low < -slack or outside * 1000 > count * _ABOVE * floats or (scale > scales[0] and high * _DARKEST < scale):
            continue
        sure = high == scale or (scale == 1.0 if floats else scale == scales[-1] and high > scale / 2)
        if sure and low >= 0 and not outside:
            return ValueRange(0.0, scale)
        clipped = ", what is outside was clipped" if low < 0 or outside else ""
        return ValueRange(0.0, scale, f"{seen}; 0 was taken for black and {scale:g} for white{clipped}")
    return ValueRange(low, max(high, low + 1e-12), f"{seen}, and were stretched from black to white")


def to_integers(image: pyvips.Image, black_white: ValueRange | None) -> pyvips.Image:
    """The image as 8 or 16-bit numbers with a plain interpretation, its alpha and profile kept."""
    if black_white is not None:
        black, white = black_white.black, black_white.white
        factor = 65535 / (white - black)
        fields = image.get(PROFILE) if PROFILE in image.get_fields() else None
        # The cast truncates, hence the half; what is outside is clipped.
        image = image.linear(factor, 0.5 - black * factor).cast("ushort").copy()
        if fields is not None:
            image.set_type(pyvips.GValue.blob_type, PROFILE, fields)
    if image.interpretation in ("cmyk", *LAB_LIKE):
        return image
    deep = image.format == "ushort"
    if image.bands < 3:
        return image.copy(interpretation="grey16" if deep else "b-w")
    return image.copy(interpretation="rgb16" if deep else "srgb")

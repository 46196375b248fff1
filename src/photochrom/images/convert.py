"""From a file's own pixels to sRGB: profiles, CMYK, Lab, floats, orientation, shrinking. libvips in, arrays out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
import pyvips
from numpy.typing import NDArray

from photochrom.errors import UnsupportedImageError

__all__ = [
    "LAB_LIKE",
    "LIGHT_LIKE",
    "NUMPY",
    "PROFILE",
    "Greys",
    "Pixels",
    "full_range",
    "is_bilevel",
    "is_grey",
    "like",
    "profile_notice",
    "rows",
    "shrink",
    "split",
    "to_array",
    "to_srgb",
    "turn",
]

Pixels: TypeAlias = "NDArray[np.uint8] | NDArray[np.uint16]"

NUMPY = {
    **{"uchar": np.uint8, "ushort": np.uint16, "uint": np.uint32, "char": np.int8, "short": np.int16},
    **{"int": np.int32, "float": np.float32, "double": np.float64},
}
#: The field in which libvips keeps a colour profile.
PROFILE = "icc-profile-data"
_SPACES = {1: b"GRAY", 3: b"RGB ", 4: b"CMYK"}
LIGHT_LIKE = ("b-w", "srgb", "grey16", "rgb16")
LAB_LIKE = ("lab", "labs", "labq", "lch", "xyz", "yxy", "oklab", "oklch")
#: So near (of 255) to black or white a pixel is no grey to speak of; so many of all pixels may be grey, and so many must be
#: black, and white, in a picture "without greys".
_NEARLY, _FEW_GREYS, _BOTH = 12, 0.02, 0.002
_INTENT: dict[str, Any] = {"intent": "relative", "black_point_compensation": True}
#: A profile that moves no probe colour by more than this (of 65535) is sRGB in all but name, and is passed over.
_SRGB_TOLERANCE = 160


def rows(image: pyvips.Image, count: int) -> Iterator[tuple[int, NDArray[Any]]]:
    """Strips of ``count`` rows, top to bottom: (y0, array of shape (h, w) or (h, w, n) in the image's own type)."""
    region = pyvips.Region.new(image)
    shape = (image.width,) if image.bands == 1 else (image.width, image.bands)
    for y in range(0, image.height, count):
        fetched = region.fetch(0, y, image.width, min(count, image.height - y))
        yield y, np.frombuffer(fetched, NUMPY[image.format]).reshape(-1, *shape)


def to_array(image: pyvips.Image) -> NDArray[Any]:
    """All pixels: shape (h, w) or (h, w, n)."""
    shape = (image.height, image.width) if image.bands == 1 else (image.height, image.width, image.bands)
    return np.frombuffer(image.write_to_memory(), NUMPY[image.format]).reshape(shape)


def split(image: pyvips.Image) -> tuple[pyvips.Image, pyvips.Image | None]:
    """Colour and alpha. Of further channels, which no loader leaves in, none counts as alpha."""
    colours = 4 if image.interpretation == "cmyk" else 1 if image.bands < 3 else 3
    if image.bands < colours:
        raise UnsupportedImageError(f"CMYK with {image.bands} channels")
    if image.bands == colours:
        return image, None
    colour = image.extract_band(0, n=colours).copy(interpretation=image.interpretation)
    return colour, image[colours] if image.bands == colours + 1 else None


def decode_power(image: pyvips.Image, exponent: float) -> pyvips.Image:
    """sRGB numbers of a picture, 8 or 16 bit, whose linear light is its numbers in [0, 1] to a power; opacity as it is."""
    top = 65535 if image.format == "ushort" else 255
    light = (np.linspace(0.0, 1.0, top + 1) ** exponent).astype(np.float32)
    linear = pyvips.Image.new_from_array(np.repeat(light[None, :, None], 3, axis=2), interpretation="scrgb")
    encoded = linear.colourspace("rgb16").numpy()[..., 0]
    curve = encoded if top == 65535 else np.rint(encoded / 257).astype(np.uint8)
    colors = 1 if image.bands < 3 else 3
    changed = image.extract_band(0, n=colors).maplut(pyvips.Image.new_from_array(np.ascontiguousarray(curve)))
    if image.bands > colors:
        changed = changed.bandjoin(image.extract_band(colors, n=image.bands - colors))
    return changed.copy(interpretation=image.interpretation)


def full_range(image: pyvips.Image, bits: int) -> pyvips.Image:
    """Numbers of so many bits, in uchar or ushort, as numbers of 8 or 16 bits: the largest becomes the largest."""
    top = {"uchar": 255, "ushort": 65535}.get(image.format, 0)
    if (1 << bits) - 1 >= top:
        return image
    return (image * (top / ((1 << bits) - 1)) + 0.5).cast(image.format).copy(interpretation=image.interpretation)


def turn(image: pyvips.Image, orientation: int) -> pyvips.Image:
    """Apply an EXIF orientation, 1..8."""
    if orientation in (5, 6):
        image = image.rot90()
    elif orientation in (7, 8):
        image = image.rot270()
    elif orientation == 3:
        image = image.rot180()
    elif orientation == 4:
        image = image.flipver()
    return image.fliphor() if orientation in (2, 5, 7) else image


def shrink(strips: Iterable[NDArray[Any]], size: tuple[int, int]) -> NDArray[Any]:
    """Average over areas to ``size`` (width, height): each strip across, then all of them down; type kept."""
    import cv2

    def resize(part: NDArray[Any], width: int, height: int) -> NDArray[Any]:
        if part.shape[:2] == (height, width):
            return part
        return cv2.resize(part, (width, height), interpolation=cv2.INTER_AREA)

    across = np.concatenate([resize(strip, size[0], len(strip)) for strip in strips])
    return np.ascontiguousarray(resize(across, *size))


def is_grey(pixels: Pixels) -> bool:
    """True if red, green and blue are equal everywhere; (h, w, 3)."""
    return all(
        np.array_equal(part[..., 0], part[..., channel]) for part in (pixels[::37], pixels) for channel in (1, 2)
    )


class Greys:
    """How many pixels of a picture, seen part by part, are neither nearly black nor nearly white."""

    def __init__(self) -> None:
        self._dark = self._light = self._count = 0

    def see(self, part: NDArray[Any]) -> bool:
        """Count the pixels of a part, (h, w) or (h, w, 3), uint8 or uint16; whether those seen so far have next to no greys."""
        top = np.iinfo(part.dtype).max
        near = top * _NEARLY // 255
        least, most = (part.min(axis=2), part.max(axis=2)) if part.ndim == 3 else (part, part)
        light, dark = least >= top - near, most <= near
        self._light += int(np.count_nonzero(light))
        self._dark += int(np.count_nonzero(dark))
        self._count += light.size
        return self._count - self._light - self._dark <= _FEW_GREYS * self._count

    @property
    def black_and_white(self) -> bool:
        """Whether what was seen is black and white, both of them, with at most such a trace of grey as JPEG leaves."""
        greys = self._count - self._light - self._dark
        return greys <= _FEW_GREYS * self._count and min(self._light, self._dark) > _BOTH * self._count


def is_bilevel(pixels: Pixels) -> bool:
    """Whether a picture, (h, w) or (h, w, 3), is black and white, with at most a trace of grey; see :class:`Greys`."""
    found = Greys()
    if not found.see(pixels[::37]):  # most pictures show it here
        return False
    found = Greys()
    found.see(pixels)
    return found.black_and_white


def like(device: pyvips.Image, pixels: NDArray[Any]) -> pyvips.Image:
    """An image of these pixels with the interpretation and the profile of another one."""
    image = pyvips.Image.new_from_array(np.ascontiguousarray(pixels)).copy(interpretation=device.interpretation)
    if PROFILE in device.get_fields():
        image.set_type(pyvips.GValue.blob_type, PROFILE, device.get(PROFILE))
    return image


def _profile(image: pyvips.Image) -> bytes | None:
    return bytes(image.get(PROFILE)) if PROFILE in image.get_fields() else None


@lru_cache(maxsize=8)
def _effect(profile: bytes, bands: int) -> str:
    """What a profile does: ``"broken"``, ``"none"`` (it is sRGB, or as good as) or ``"colour"``; tried on probe colours."""
    if len(profile) < 132 or profile[36:40] != b"acsp" or profile[16:20] != _SPACES.get(bands):
        return "broken"
    steps = np.linspace(0, 65535, 256 if bands == 1 else 6).round().astype(np.uint16)
    probe = np.stack(np.meshgrid(*[steps] * bands, indexing="ij"), axis=-1).reshape(1, -1, bands)
    image = pyvips.Image.new_from_array(np.ascontiguousarray(probe))
    image = image.copy(interpretation={1: "grey16", 3: "rgb16", 4: "cmyk"}[bands])
    image.set_type(pyvips.GValue.blob_type, PROFILE, profile)
    try:
        moved = to_array(image.icc_transform("srgb", embedded=True, depth=16, **_INTENT))
    except pyvips.Error:
        return "broken"
    if bands == 4:
        return "colour"
    return "colour" if np.abs(moved.astype(np.int64) - probe).max() > _SRGB_TOLERANCE else "none"


def profile_notice(colour: pyvips.Image) -> str | None:
    """A sentence for the user if the picture's profile cannot be used."""
    profile = _profile(colour)
    if profile is None or colour.interpretation in LAB_LIKE or _effect(profile, colour.bands) != "broken":
        return None
    instead = "common printing inks" if colour.interpretation == "cmyk" else "sRGB"
    return f"its colour profile is damaged or of another kind of picture; {instead} was assumed"


def to_srgb(colour: pyvips.Image) -> pyvips.Image:
    """sRGB (or grey with the sRGB curve) of colour channels, 8 or 16 bit, one or three bands."""
    depth = 16 if colour.format == "ushort" else 8
    if colour.interpretation in LAB_LIKE:
        return colour.colourspace("rgb16")
    profile = _profile(colour)
    effect = "none" if profile is None else _effect(profile, colour.bands)
    if colour.interpretation == "cmyk":
        source = {"embedded": True} if effect == "colour" else {"input_profile": "cmyk"}
        return colour.icc_transform("srgb", depth=depth, **source, **_INTENT)
    if effect != "colour":
        return colour
    converted = colour.icc_transform("srgb", embedded=True, depth=depth, **_INTENT)
    if colour.bands == 3:
        return converted
    return converted[1].copy(interpretation="grey16" if depth == 16 else "b-w")

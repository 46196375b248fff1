"""Names of colours, offline: CSS and xkcd names to sRGB, and sRGB to the nearest name."""

from __future__ import annotations

import difflib
import re
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np

from photochrom.color import rgb_to_lab
from photochrom.errors import UnknownColorError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["nearest", "parse", "to_hex"]

_HEX = re.compile(r"#(?:[0-9a-f]{3}|[0-9a-f]{6})", re.IGNORECASE)


def parse(text: str) -> NDArray[np.float32]:
    """A colour as people write it -> sRGB (3,) float32 in [0, 1].

    ``#rgb``, ``#rrggbb``, or a CSS or xkcd name; letters alone count in a name: ``Olive Green`` is ``olivegreen``, and gray is
    grey. Raises UnknownColorError, which lists names that are spelt alike.
    """
    written = text.strip()
    if _HEX.fullmatch(written):
        digits = written[1:] if len(written) == 7 else "".join(2 * digit for digit in written[1:])
        return _rgb(digits)
    names, colours = _table()
    keys = [_key(name) for name in names]
    key = _key(written)
    if key not in keys:
        alike = difflib.get_close_matches(key, keys, n=3, cutoff=0.6)
        raise UnknownColorError(text, tuple(names[keys.index(match)] for match in alike))
    return np.array(colours[keys.index(key)])


def nearest(rgb: NDArray[Any]) -> str:
    """The name of the named colour that is nearest in L*a*b* (CIE 1976 difference): sRGB (3,) float in [0, 1] -> name."""
    names, colours = _table()
    difference = rgb_to_lab(colours) - rgb_to_lab(np.reshape(rgb, (1, 3)))
    return names[int((difference**2).sum(axis=-1).argmin())]


def to_hex(rgb: NDArray[Any]) -> str:
    """``#rrggbb`` of sRGB (3,) float; rounded, and clipped to [0, 1]."""
    return "#" + "".join(f"{value:02x}" for value in np.rint(np.clip(rgb, 0, 1) * 255).astype(int))


def _key(name: str) -> str:
    return re.sub("[^a-z]", "", name.lower()).replace("gray", "grey")


@cache
def _table() -> tuple[tuple[str, ...], NDArray[np.float32]]:
    """All names, and their colours (n, 3) float32 sRGB in [0, 1]."""
    text = files("photochrom").joinpath("data/color_names.txt").read_text("utf-8")
    lines = [line.split(" ", 1) for line in text.splitlines() if re.match("#[0-9a-f]{6} ", line)]
    return tuple(name for _, name in lines), np.stack([_rgb(digits[1:]) for digits, _ in lines])


def _rgb(digits: str) -> NDArray[np.float32]:
    """``7a8450`` -> sRGB (3,) float32."""
    rgb: NDArray[np.float32] = np.array(list(bytes.fromhex(digits)), np.float32) / np.float32(255)
    return rgb

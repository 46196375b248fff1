"""Names of colours, offline: what people call things and colours to sRGB, and sRGB to the nearest name.

Where several lists have a name, what people mean by it wins: first the things of old photographs (skin, hair, cloth), then the
xkcd survey, in which people named colours, then CSS, whose "brown" is a red and whose "green" is dark.
"""

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

__all__ = ["in_other_light", "key", "nearest", "parse", "to_hex"]

#: Names of the survey that say nothing of a hue: understood, but not given.
_NO_HUE = frozenset(("bland", "dark"))
_HEX = re.compile(r"#(?:[0-9a-f]{3}|[0-9a-f]{6})", re.IGNORECASE)


def parse(text: str) -> NDArray[np.float32]:
    """A colour as people write it -> sRGB (3,) float32 in [0, 1].

    ``#rgb``, ``#rrggbb``, or a name; letters and digits alone count in it: ``Olive Green`` is ``olivegreen``, and gray is grey.
    Raises UnknownColorError, which lists names that are spelt alike.
    """
    written = text.strip()
    if _HEX.fullmatch(written):
        digits = written[1:] if len(written) == 7 else "".join(2 * digit for digit in written[1:])
        return _rgb(digits)
    known = _known()
    wanted = key(written)
    if wanted not in known:
        alike = difflib.get_close_matches(wanted, known, n=3, cutoff=0.6)
        raise UnknownColorError(text, tuple(known[match][0] for match in alike))
    return np.array(known[wanted][1])


def in_other_light(text: str) -> NDArray[np.float32]:
    """What else people call by a name, where its own colour as it is in that light has another name: sRGB (n, 3) in [0, 1].

    No rows for ``#rrggbb``, and for names that hold in every light.
    """
    return _in_other_light().get(key(text), np.empty((0, 3), np.float32))


def nearest(rgb: NDArray[Any]) -> str:
    """What people call a colour: sRGB (3,) float in [0, 1] -> name.

    The name of the xkcd survey, not a thing's, that is nearest in L*a*b* (CIE 1976 difference).
    """
    names, colours = _table("color_names")
    difference = (rgb_to_lab(colours) - rgb_to_lab(np.reshape(rgb, (1, 3)))) ** 2
    hue = np.array([name not in _NO_HUE for name in names])
    return names[int(np.where(hue, difference.sum(axis=-1), np.inf).argmin())]


def to_hex(rgb: NDArray[Any]) -> str:
    """``#rrggbb`` of sRGB (3,) float; rounded, and clipped to [0, 1]."""
    return "#" + "".join(f"{value:02x}" for value in np.rint(np.clip(rgb, 0, 1) * 255).astype(int))


def key(name: str) -> str:
    """What counts in a name: its letters and digits, in lower case, and one spelling of grey."""
    return re.sub("[^a-z0-9]", "", name.lower()).replace("gray", "grey")


@cache
def _known() -> dict[str, tuple[str, NDArray[np.float32]]]:
    """Name and colour by :func:`key`."""
    found: dict[str, tuple[str, NDArray[np.float32]]] = {}
    for file in ("thing_names", "color_names", "css_names"):
        for name, colour in zip(*_table(file), strict=True):
            found.setdefault(key(name), (name, colour))
    return found


@cache
def _in_other_light() -> dict[str, NDArray[np.float32]]:
    """Colours (n, 3) by :func:`key`."""
    found: dict[str, list[NDArray[np.float32]]] = {}
    for name, colour in zip(*_table("names_in_other_light"), strict=True):
        found.setdefault(key(name), []).append(colour)
    return {name: np.stack(colours) for name, colours in found.items()}


@cache
def _table(file: str) -> tuple[tuple[str, ...], NDArray[np.float32]]:
    """The names of a file, and their colours (n, 3) float32 sRGB in [0, 1]."""
    text = files("photochrom").joinpath(f"data/{file}.txt").read_text("utf-8")
    lines = [line.split(" ", 1) for line in text.splitlines() if re.match("#[0-9a-f]{6} ", line)]
    return tuple(name for _, name in lines), np.stack([_rgb(digits[1:]) for digits, _ in lines])


def _rgb(digits: str) -> NDArray[np.float32]:
    """``7a8450`` -> sRGB (3,) float32."""
    rgb: NDArray[np.float32] = np.array(list(bytes.fromhex(digits)), np.float32) / np.float32(255)
    return rgb

"""Palettes: the global look of a picture, as shares of the ab bins, overall and by lightness.

A palette comes from a colour picture, from a list of colours, or from a name of :data:`NAMED`. How it steers is in
:mod:`photochrom.steering.palette`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from photochrom import color_names
from photochrom.color import BIN_SIZE, ab_bins, limit_chroma, rgb_to_lab
from photochrom.edits.palettes import NAMED
from photochrom.edits.places import Plane
from photochrom.errors import GreyReferenceError, InvalidPixelsError, OptionError, UnknownColorError

Float: TypeAlias = NDArray[np.float32]

__all__ = [
    "BANDS",
    "NAMED",
    "Histogram",
    "Palette",
    "ab_histogram",
    "membership",
    "palette_of_colours",
    "palette_of_picture",
    "parse_palette",
    "shared_out",
]

#: L* of the bands; a pixel between two belongs to both, by its nearness.
BANDS = (15.0, 40.0, 65.0, 90.0)
#: A listed colour stands for its tints too: shares of its chroma, and how often each occurs.
_TINTS, _TINT_SHARES = (0.3, 0.6, 0.85, 1.1), (0.2, 0.3, 0.3, 0.2)
#: Every picture has greyish parts: their share beside the listed colours.
_GREY_SHARE = 0.2
#: A listed colour occurs at other lightness too, less and less (sigma in L*), but never below the floor.
_LIGHT_REACH, _LIGHT_FLOOR = 22.0, 0.08


@dataclass(frozen=True, eq=False)
class Palette:
    """Shares of the ab bins: overall, ``histogram`` (261,), and in each band of lightness, ``bands`` (4, 261); each sums to 1."""

    name: str
    histogram: Float
    bands: Float


@dataclass(frozen=True, eq=False)
class Histogram(Plane):
    """Shares of the ab bins, (261,), that a model is given as they are. Raises OptionError for other arrays."""

    shares: NDArray[Any]

    def __post_init__(self) -> None:
        shares = np.array(self.shares, np.float32)
        if shares.shape != (len(ab_bins()),) or not (shares >= 0).all() or abs(float(shares.sum()) - 1) > 0.01:
            raise OptionError("histogram", f"array of shape {shares.shape}", f"{len(ab_bins())} shares that sum to 1")
        shares.setflags(write=False)
        object.__setattr__(self, "shares", shares)

    @property
    def _values(self) -> NDArray[Any]:
        return self.shares


def ab_histogram(ab: NDArray[Any], weight: NDArray[Any] | None = None) -> Float:
    """Shares of the ab bins among colours (..., 2), weighted by ``weight`` (...) -> (261,) float32 that sums to 1.

    A colour is shared linearly among the bins around it, as in training, so the mean is kept. Raises InvalidPixelsError for
    NaN or no colour at all.
    """
    colours = np.asarray(ab, np.float32).reshape(-1, 2)
    shares = np.ones(len(colours), np.float32) if weight is None else np.asarray(weight, np.float32).ravel()
    if not len(colours) or len(shares) != len(colours) or not np.isfinite(colours).all() or not shares.sum() > 0:
        raise InvalidPixelsError(
            f"{len(colours)} colours with {len(shares)} weights; expected finite ones, some above 0"
        )
    total = np.zeros(len(ab_bins()), np.float32)
    for start in range(0, len(colours), 4096):
        total += shares[start : start + 4096] @ shared_out(colours[start : start + 4096])
    return np.asarray(total / total.sum(), np.float32)


def shared_out(ab: NDArray[Any]) -> Float:
    """Each colour (n, 2), ab, shared linearly among the ab bins around it: (n, 261) float32, every row sums to 1."""
    away = np.abs(np.asarray(ab, np.float32)[:, None] - ab_bins()) / BIN_SIZE
    near = np.maximum(1 - away, 0).prod(axis=-1) + np.float32(1e-6)
    return np.asarray(near / near.sum(axis=1, keepdims=True), np.float32)


def palette_of_picture(ab: NDArray[Any], lightness: NDArray[Any], name: str = "picture") -> Palette:
    """The palette of a colour picture's cells: ab (h, w, 2) and L* (h, w). Raises GreyReferenceError for a grey one."""
    chroma = float(np.percentile(np.hypot(ab[..., 0], ab[..., 1]), 99))
    if chroma < 4.0:
        raise GreyReferenceError(chroma)
    overall = ab_histogram(ab)
    # A band that hardly occurs in the picture looks like the whole of it.
    everywhere = 0.02 * overall * ab[..., 0].size
    given = np.concatenate([np.reshape(ab, (-1, 2)), ab_bins()])
    members = (np.append(member, everywhere) for member in membership(lightness))
    return Palette(name, overall, np.stack([ab_histogram(given, member) for member in members]))


def palette_of_colours(rgb: NDArray[Any], shares: NDArray[Any] | None = None, name: str = "colours") -> Palette:
    """The palette of listed colours, sRGB (k, 3) float in [0, 1], with these ``shares`` (k,) (None: equal ones).

    Their tints and some grey come with them; in each band of lightness those of similar lightness are more frequent.
    Raises OptionError for no colours, or shares that are not above 0.
    """
    lab = rgb_to_lab(np.reshape(rgb, (-1, 3)))
    often = np.ones(len(lab)) if shares is None else np.asarray(shares, np.float64)
    if not len(lab) or often.shape != (len(lab),) or not (often > 0).all():
        raise OptionError("palette", f"{len(lab)} colours with {often.shape} shares", "a share above 0 for each colour")
    tints = np.concatenate([share * lab[:, 1:] for share in _TINTS] + [np.zeros((1, 2), np.float32)])

    def mixed(weight: NDArray[Any]) -> NDArray[Any]:
        each = weight * (1 - _GREY_SHARE) / weight.sum()
        return np.append([share * each for share in _TINT_SHARES], _GREY_SHARE)

    alike = [np.exp(-0.5 * ((lab[:, 0] - light) / _LIGHT_REACH) ** 2) + _LIGHT_FLOOR for light in BANDS]
    bands = [ab_histogram(_inside(tints, light), mixed(often * near)) for light, near in zip(BANDS, alike, strict=True)]
    return Palette(name, ab_histogram(tints, mixed(often)), np.stack(bands))


@lru_cache(maxsize=64)
def parse_palette(text: str) -> Palette:
    """``warm`` (a name of :data:`NAMED`) or ``#c1,#c2,...`` (colours, by name too). Raises OptionError, UnknownColorError."""
    name = text.strip().lower()
    if name in NAMED:
        colours, shares = zip(*NAMED[name], strict=True)
        return palette_of_colours(np.stack([color_names.parse(colour) for colour in colours]), np.array(shares), name)
    parts = [part for part in text.split(",") if part.strip()]
    try:
        colours = tuple(color_names.parse(part) for part in parts)
    except UnknownColorError as error:
        if len(parts) > 1:
            raise
        raise OptionError("palette", text, f"a picture, colours such as #a33,#fc9, or {', '.join(NAMED)}") from error
    if not colours:
        raise OptionError("palette", text, f"a picture, colours such as #a33,#fc9, or {', '.join(NAMED)}")
    return palette_of_colours(np.stack(colours), name=text.strip())


def membership(lightness: NDArray[Any]) -> list[Float]:
    """How much each pixel belongs to each band: linear between the bands' L*, summing to 1."""
    light = np.asarray(lightness, np.float32)
    rows = np.eye(len(BANDS))
    return [np.interp(light, BANDS, row).astype(np.float32) for row in rows]


def _inside(ab: NDArray[Any], light: float) -> Float:
    """Colours (n, 2) with as much chroma as sRGB allows at L*."""
    return limit_chroma(np.concatenate([np.full((len(ab), 1), light), ab], axis=1))[:, 1:]

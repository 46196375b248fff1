"""Recognise old scans: a sepia, blue or faded print is not a colour photograph, whatever its pixels say."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyvips
from numpy.typing import NDArray

__all__ = ["Tint", "classify_tint", "to_lab"]

#: Below this chroma (of the 95th percentile of pixels) a picture is grey.
GREY_CHROMA = 2.5
#: A pixel is off the tint when its ab is this far from what its lightness predicts; along the tint's own hue this
#: share of the tint's chroma is forgiven besides, because a print does not yellow evenly.
OFF_TINT = 5.0
UNEVEN = 0.2
#: More than this share of pixels off the tint makes a colour photograph; stamps, ink and stains stay below it.
COLOUR_SHARE = 0.06
#: At most this share of pixels off the tint is none of a colour photograph's parts.
_LITTLE = 0.015
#: Widths of the strip in which a colour chart is looked for, and places where two prints may meet, as parts of a side.
_STRIPS = (0.08, 0.16, 0.25)
_CUTS = (0.35, 0.42, 0.46, 0.5, 0.54, 0.58, 0.65)
#: A colour chart has chroma over this in so many of so many parts of the circle of hues, each in this share of its pixels.
_STRONG, _MOST_HUES, _HUES, _PATCH = 25.0, 5, 8, 0.03
#: Two prints of different tints are, taken for one, this far off.
_BOTH = 0.2
_LEVELS = 24
#: So many pixels decide on a part's tint.
_ENOUGH = 2048


@dataclass(frozen=True)
class Tint:
    """What a scan's colours show.

    ``kind``: ``"grey"`` (no colour), ``"sepia"`` (yellow to brown), ``"blue"``, ``"faded"`` (one cast of another hue, as of a
    print gone pink or green), ``"mixed"`` (two prints of different tints) or ``"colour"``. ``mean_ab``: mean a* and b*.
    ``one_hue``: share of the squared chroma, 0..1, that lies along one hue direction. ``off_tint``: share of pixels, 0..1, whose
    colour does not follow from their lightness.
    """

    kind: str
    mean_ab: tuple[float, float]
    one_hue: float
    off_tint: float

    @property
    def already_colour(self) -> bool:
        """True for a genuine colour photograph, which is then recoloured from its lightness alone."""
        return self.kind == "colour"


def classify_tint(work_rgb: NDArray[np.float32]) -> Tint:
    """Tell a tinted black-and-white picture from a colour photograph.

    A toned or faded print has one colour for each lightness: its ab values lie on a curve over L*. The curve is found as
    running medians, so that borders, stamps and ink marks do not bend it. In a colour photograph many pixels are far
    from any such curve.

    Args:
        work_rgb: shape (h, w, 3), float32, sRGB in [0, 1]; a work-size copy.
    """
    if np.array_equal(work_rgb[..., 0], work_rgb[..., 1]) and np.array_equal(work_rgb[..., 0], work_rgb[..., 2]):
        return Tint("grey", (0.0, 0.0), 1.0, 0.0)
    lab = to_lab(work_rgb)
    whole = _tint_of(lab)
    step = max(1, math.isqrt(lab.shape[0] * lab.shape[1] // _ENOUGH))
    lab = lab[::step, ::step]
    if whole.already_colour:
        return _without_chart(lab) or (_of_two_prints(lab) if whole.off_tint > _BOTH else None) or whole
    return whole


def _tint_of(lab: NDArray[np.float64]) -> Tint:
    """Of a part of a picture that is taken for one print; (h, w, 3), L*a*b*."""
    flat = lab.reshape(-1, 3)
    lightness, ab = flat[:, 0], flat[:, 1:]
    chroma = np.hypot(ab[:, 0], ab[:, 1])
    mean_a, mean_b = (float(value) for value in ab.mean(axis=0))
    energy = np.linalg.eigvalsh(ab.T @ ab / len(ab))
    one_hue = float(energy[1] / energy.sum()) if energy.sum() > 1e-6 else 1.0
    curve = _curve_over_lightness(lightness, ab)
    off_tint = float((_distance(ab, curve) > OFF_TINT).mean())
    if off_tint > COLOUR_SHARE:
        kind = "colour"
    elif np.percentile(chroma, 95) < GREY_CHROMA:
        kind = "grey"
    else:
        kind = _hue_kind(math.degrees(math.atan2(mean_b, mean_a)) % 360)
    return Tint(kind, (mean_a, mean_b), one_hue, off_tint)


def _without_chart(lab: NDArray[np.float64]) -> Tint | None:
    """The tint of the picture beside a colour chart or a stamp, where all colour lies in a strip along one edge; else None."""
    flat = lab.reshape(-1, 3)
    distance = _distance(flat[:, 1:], _curve_over_lightness(flat[:, 0], flat[:, 1:])).reshape(lab.shape[:2])
    for turned in range(4):
        rows, off = np.rot90(lab, turned), np.rot90(distance, turned) > OFF_TINT
        for share in _STRIPS:
            first = round(share * len(rows))
            # A large chart bends the curve of the whole: then its own colours have to show that it is one.
            if off[first:].mean() > COLOUR_SHARE and not _of_many_hues(rows[:first]):
                continue
            rest = _tint_of(rows[first:])
            if rest.off_tint <= _LITTLE:
                return None if _rest_is_plain(rest) else rest
    return None


def _of_many_hues(lab: NDArray[np.float64]) -> bool:
    """Whether strong colours of most hues stand beside each other, as on a chart."""
    a, b = lab[..., 1].ravel(), lab[..., 2].ravel()
    strong = np.hypot(a, b) > _STRONG
    sectors = np.floor(np.arctan2(b, a)[strong] * (_HUES / (2 * math.pi))).astype(np.intp) % _HUES
    return int((np.bincount(sectors, minlength=_HUES) > _PATCH * a.size).sum()) >= _MOST_HUES


def _of_two_prints(lab: NDArray[np.float64]) -> Tint | None:
    """The tint of two prints side by side or one above the other, each with a cast of its own; else None."""
    for turned in (lab, np.swapaxes(lab, 0, 1)):
        for share in _CUTS:
            at = round(share * len(turned))
            first, second = _tint_of(turned[:at]), _tint_of(turned[at:])
            if max(first.off_tint, second.off_tint) <= _LITTLE and first.kind != second.kind:
                mean_a, mean_b = (float(value) for value in lab.reshape(-1, 3)[:, 1:].mean(axis=0))
                off_tint = share * first.off_tint + (1 - share) * second.off_tint
                return Tint("mixed", (mean_a, mean_b), min(first.one_hue, second.one_hue), off_tint)
    return None


def _rest_is_plain(rest: Tint) -> bool:
    """A grey rest may be no more than a plain background of a motif in colour."""
    return rest.kind == "grey"


def _distance(ab: NDArray[np.float64], curve: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distance in ab from the tint's curve, with the forgiveness for uneven strength."""
    strength = np.linalg.norm(curve, axis=1)
    hue = curve / np.maximum(strength, 1e-6)[:, None]
    stray = ab - curve
    along = np.abs((stray * hue).sum(axis=1))
    across = stray[:, 1] * hue[:, 0] - stray[:, 0] * hue[:, 1]
    distance: NDArray[np.float64] = np.hypot(across, np.maximum(along - UNEVEN * strength, 0))
    return np.where(strength < 1e-6, np.linalg.norm(stray, axis=1), distance)


def _hue_kind(hue: float) -> str:
    if 30 <= hue < 125:
        return "sepia"
    return "blue" if 190 <= hue < 315 else "faded"


def to_lab(rgb: NDArray[np.float32]) -> NDArray[np.float64]:
    """CIE L*a*b* by libvips; shape (h, w, 3), sRGB in [0, 1] -> (h, w, 3)."""
    deep = np.ascontiguousarray((np.clip(rgb, 0, 1) * 65535 + 0.5).astype(np.uint16))
    image = pyvips.Image.new_from_array(deep, interpretation="rgb16").colourspace("lab")
    lab: NDArray[Any] = image.numpy()
    return lab.astype(np.float64)


def _curve_over_lightness(lightness: NDArray[np.float64], ab: NDArray[np.float64]) -> NDArray[np.float64]:
    """The tint's colour at each pixel's lightness: medians of ab at levels of equal count, joined by straight lines."""
    order = np.argsort(lightness, kind="stable")
    groups = np.array_split(order, min(_LEVELS, len(order)))
    at = np.array([np.median(lightness[group]) for group in groups])
    medians = np.array([np.median(ab[group], axis=0) for group in groups])
    return np.stack([np.interp(lightness, at, medians[:, channel]) for channel in (0, 1)], axis=1)

"""Which pixels of a true picture have the colour of skin, and of which tone."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["TONES", "is_skin", "tones", "typology_angle"]

#: Hue angle of skin, in degrees from +a* towards +b*, its greatest chroma, and the lightness it can have.
HUE, CHROMA, LIGHT = (20.0, 92.0), 45.0, (12.0, 96.0)
#: The least chroma of skin at these lightnesses: near black and near white there is little room for chroma.
LEAST_CHROMA = ((12.0, 2.5), (30.0, 8.0), (88.0, 8.0), (96.0, 4.0))
#: Bounds of the individual typology angle in degrees. The names are of Del Bino and Bernerd's classes, two by two:
#: very light and light, intermediate and tan, brown and dark.
TONES: dict[str, tuple[float, float]] = {"light": (41, 180), "medium": (10, 41), "dark": (-180, 10)}
#: A tone with a smaller share of the picture is not measured.
SKIN_SHARE = 0.01


def is_skin(lab: NDArray[Any]) -> NDArray[np.bool_]:
    """Pixels of the colour of skin: L*a*b* float (h, w, 3) -> (h, w). The true picture's, never a result's.

    Hue angle 20 to 92 degrees, L* 12 to 96, chroma at most 45 and at least 8 (less near black and white:
    :data:`LEAST_CHROMA`), in areas of 3 x 3 pixels or more. All ten shades of the Monk Skin Tone Scale (Google, 2022) lie
    inside. Colour alone cannot distinguish skin from wood, sand or straw: such pixels are measured too.
    """
    light, a, b = np.moveaxis(np.asarray(lab), -1, 0)
    chroma, hue = np.sqrt(a * a + b * b), np.degrees(np.arctan2(b, a))
    skin = (light >= LIGHT[0]) & (light <= LIGHT[1]) & (hue >= HUE[0]) & (hue <= HUE[1]) & (chroma <= CHROMA)
    skin &= chroma >= np.interp(light, *np.transpose(LEAST_CHROMA))
    return np.asarray(cv2.morphologyEx(skin.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)) > 0)


def typology_angle(lab: NDArray[Any]) -> NDArray[np.float64]:
    """Individual typology angle, in degrees: L*a*b* (..., 3) -> (...); large for light skin.

    atan2(L* - 50, b*). Source: Chardon, Cretois, Hourseau 1991; classes as in Del Bino and Bernerd 2013. In a photograph it
    follows the light as well: the shadow on a light face counts as dark.

    >>> typology_angle(np.array([[70.0, 10.0, 20.0], [30.0, 10.0, 20.0]])).round().tolist()
    [45.0, -45.0]
    """
    lab = np.asarray(lab, np.float64)
    return np.asarray(np.degrees(np.arctan2(lab[..., 0] - 50, lab[..., 2])))


def tones(lab: NDArray[Any]) -> dict[str, NDArray[np.bool_]]:
    """The skin of each tone that 1 % of a true picture or more has: L*a*b* float (h, w, 3) -> masks (h, w) by tone."""
    at = np.flatnonzero(is_skin(lab))
    angle = typology_angle(np.take(lab.reshape(-1, 3), at, axis=0))
    found = {}
    for name, (low, high) in TONES.items():
        mask = np.zeros(lab.shape[:2], bool)
        mask.flat[at[(angle > low) & (angle <= high)]] = True
        if mask.mean() >= SKIN_SHARE:
            found[name] = mask
    return found

"""The warmth dial: all of the model's colours a little towards the yellow of lamps, or towards the blue of shade."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from photochrom.edits.dials import DIALS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Float: TypeAlias = NDArray[np.float32]

__all__ = ["warmed"]

#: What is added to (a*, b*) of a middle grey at a warmth of 1: about along the colours of daylight.
WARMEST = (5.0, 18.0)


def warmed(ab: NDArray[Any], lightness: NDArray[Any], warmth: float) -> Float:
    """Shift colours ab (h, w, 2) at L* (h, w): -1 is the coolest, 0 changes nothing, 1 the warmest -> ab (h, w, 2) float32.

    The shift is weighted by 1 - (2 L* / 100 - 1)^4: nearly whole at middle tones, nothing at black and white, which stay neutral.
    Raises OptionError outside [-1, 1].
    """
    DIALS["warmth"].checked("warmth", warmth)
    colours = np.asarray(ab, np.float32)
    if warmth == 0:
        return colours
    weight = 1 - (np.asarray(lightness, np.float32) / 50 - 1) ** 4
    shift = np.float32(warmth) * np.array(WARMEST, np.float32)
    return np.asarray(colours + weight[..., None] * shift, np.float32)

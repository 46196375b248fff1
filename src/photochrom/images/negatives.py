"""Tell a negative (a glass plate, a strip of film) from a positive."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["looks_negative"]


def looks_negative(rgb: NDArray[np.float32]) -> bool:
    """Whether a picture (h, w, 3), float32 sRGB in [0, 1], is a negative."""
    return False

"""What a page shows of one picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Shown"]


@dataclass(frozen=True)
class Shown:
    """A picture as every method colours it: sRGB uint8 (h, w, 3), all of one size.

    ``confidence``: of models only, float32 in [0, 1], (h', w'), a value for every cell that the network predicts.
    """

    truth: NDArray[np.uint8]
    grey: NDArray[np.uint8]
    results: dict[str, NDArray[np.uint8]]
    confidence: dict[str, NDArray[np.float32]]

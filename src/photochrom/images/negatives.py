"""Tell a negative (a glass plate, a strip of film) from a positive, by its looks.

Small patches are compared with 64 typical ones, and with the same inverted (Coates and Ng 2012); what is more like the one
than the other, how light it is and where it stands, and how skew the picture's tones and details are, makes features that
change their sign when the picture is inverted. A perceptron of 32 cells weighs them. It was fitted to 9,000 photographs and
their negatives (docs/models/negatives.md), and is right about 84 of 100 pictures, so it only speaks where it is sure.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from photochrom.weights import WeightsFile, locate

__all__ = ["WEIGHTS", "negative_score", "statistics_say_negative"]

#: The fitted numbers, beside this file.
WEIGHTS = WeightsFile(
    "negatives.safetensors", "420f59529c4eaeedb35e4977f82476e5fefd87648c0abe10367d0e27993c9c24", 72864
)
#: The score from which on a picture is called a negative: 2 of 100 positives have it, and half of the negatives.
SURE = 4.2
_SIZES, _PATCH, _STEP = (64, 32), 6, 2
_TONES = (0.005, 0.02, 0.05, 0.1, 0.25, 0.4, 0.5, 0.6, 0.75, 0.9, 0.95, 0.98, 0.995)
_DETAILS = (0.002, 0.01, 0.03, 0.1, 0.25)
_LEVELS = (20, 200, 1000, 2048, 3095, 3895, 4075)  # of the 4096 numbers of the larger size, by rank

Float = NDArray[np.float64]


def statistics_say_negative(rgb: NDArray[np.float32]) -> bool:
    """Whether a picture (h, w, 3), float32 sRGB in [0, 1], a work-size copy, looks like a negative.

    Raises WeightsNotFoundError, WeightsDigestError, as :func:`negative_score` does.
    """
    import cv2

    if min(rgb.shape[:2]) < _SIZES[0]:
        return False
    small: Any = cv2.resize(rgb, (_SIZES[0], _SIZES[0]), interpolation=cv2.INTER_AREA)
    grey = 255 * (small @ np.array([0.299, 0.587, 0.114], np.float32))
    if grey.std() < 8:
        return False
    return negative_score(grey) > SURE


def negative_score(grey: NDArray[np.float32]) -> float:
    """How much more a picture (64, 64) in 0..255 looks like a negative than like a positive; inverted, the sign is the other."""
    model = _weights()
    scaled = _features(grey) / model["scale"]
    cells = [np.maximum(sign * scaled @ model["hidden"] + model["bias"], 0) @ model["out"] for sign in (-1, 1)]
    return float(cells[0] - cells[1])


@cache
def _weights() -> dict[str, Float]:
    from safetensors.numpy import load_file

    return {name: array.astype(np.float64) for name, array in load_file(locate(WEIGHTS, Path(__file__).parent)).items()}


def _features(grey: NDArray[np.float32]) -> Float:
    """(n,), for a picture (64, 64) in 0..255; those of the inverted picture are the same with the other sign."""
    import cv2

    found: list[Float] = []
    for size in _SIZES:
        plane = grey if size == _SIZES[0] else np.asarray(cv2.resize(grey, (size, size), interpolation=cv2.INTER_AREA))
        even = (plane - plane.mean()) / (plane.std() + 4)
        words = _words(even)
        n, quarter = len(words), len(words) // 4
        parts = (words[: n // 2], words[n // 2 :], words[quarter : n - quarter, quarter : n - quarter])
        found += [part.mean(axis=(0, 1)) for part in parts]
        found.append(_skew(even, _TONES))
        for radius in (1, 2, 4):
            detail = even - cv2.GaussianBlur(even, (0, 0), radius)
            tones = _DETAILS + tuple(1 - share for share in reversed(_DETAILS))
            found.append(_skew(detail / (detail.std() + 1e-3), tones)[: len(_DETAILS)])
    levels = (np.sort(grey.ravel())[list(_LEVELS)] - 127.5) / 64
    found += [levels + levels[::-1], np.array([(grey.mean() - 127.5) / 64])]
    return np.concatenate(found)


def _words(plane: NDArray[Any]) -> Float:
    """For each patch how much more it is like each typical patch than like its inverse, and its lightness; (n, n, k)."""
    model = _weights()
    patches = np.lib.stride_tricks.sliding_window_view(plane, (_PATCH, _PATCH))[::_STEP, ::_STEP]
    n = len(patches)
    flat = patches.reshape(-1, _PATCH * _PATCH).astype(np.float64)
    mean, spread = flat.mean(axis=1, keepdims=True), np.sqrt(flat.var(axis=1, keepdims=True) + 0.01)
    white = (flat - mean) / spread @ model["whitening"]
    centres = model["centres"]
    like, length = white @ centres.T, (white**2).sum(axis=1, keepdims=True) + (centres**2).sum(axis=1)

    def near(sign: float) -> Float:
        distance = np.sqrt(np.maximum(length - 2 * sign * like, 0))
        return np.asarray(np.maximum(distance.mean(axis=1, keepdims=True) - distance, 0))

    more = near(1) - near(-1)
    return np.concatenate([more, more * np.abs(mean), mean, mean * spread, mean * np.abs(mean)], axis=1).reshape(
        n, n, -1
    )


def _skew(plane: NDArray[Any], shares: tuple[float, ...]) -> Float:
    """Of each share from below, its value added to that of the same share from above: nought for symmetric tones."""
    tones = np.sort(plane.ravel())[np.rint(np.array(shares) * (plane.size - 1)).astype(np.intp)]
    return np.asarray(tones + tones[::-1], np.float64)

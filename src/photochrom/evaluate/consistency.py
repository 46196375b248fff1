"""The two published measures of how steady a film's colours are: CDC and warp error. Neither needs a truth's colours.

Sources: Liu et al. 2021 (arXiv 2110.04562) and Yang et al. 2024 (ColorMNet), "colour distribution consistency"; Lai et al. 2018
("Learning blind video temporal consistency"), eq. 8, with the occlusions of Ruder, Dosovitskiy and Brox 2016.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from photochrom.errors import InvalidPixelsError

__all__ = [
    "CDC_STEPS",
    "cdc",
    "channel_histograms",
    "dense_flow",
    "js_divergence",
    "visible",
    "warp_error",
    "warp_error_pair",
]

CDC_STEPS = (1, 2, 4)
# Occlusions of Ruder et al. 2016: eq. 5 (there and back again) and eq. 6 (edges of motion).
_RETURN, _SLACK = 0.01, 0.5
_EDGE, _EDGE_SLACK = 0.01, 0.002


def channel_histograms(frame: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Shares of the 256 values in each channel: sRGB uint8 (h, w, 3) -> (3, 256), rows that sum to 1."""
    return np.stack([np.bincount(frame[..., band].ravel(), minlength=256) for band in range(3)]) / frame[..., 0].size


def js_divergence(one: NDArray[Any], other: NDArray[Any]) -> NDArray[np.float64]:
    """Jensen-Shannon divergence, natural logarithm, of distributions (..., n) -> (...), from 0 (equal) to log 2.

    >>> js_divergence(np.array([1.0, 0.0]), np.array([0.0, 1.0])).round(4).item()
    0.6931
    """
    middle = (one + other) / 2

    def towards(values: NDArray[Any]) -> NDArray[Any]:
        ratio = np.divide(values, middle, out=np.ones_like(values), where=values > 0)
        return np.asarray((values * np.log(ratio)).sum(axis=-1))

    return np.asarray((towards(one) + towards(other)) / 2)


def cdc(frames: Iterable[NDArray[np.uint8]], steps: Sequence[int] = CDC_STEPS) -> float:
    """Colour distribution consistency of a clip of sRGB uint8 (h, w, 3) frames, from 0; lower is steadier. NaN for one frame.

    For each step t, the mean over all pairs of frames t apart and over R, G and B of the Jensen-Shannon divergence of their
    256-bin histograms; then the mean over the steps, 1, 2 and 4. Papers print it times 1000. Motion and light of the film itself
    count, too: compare methods on one clip. Steps that the clip is too short for are left out.

    >>> black, white = np.zeros((2, 2, 3), np.uint8), np.full((2, 2, 3), 255, np.uint8)
    >>> round(cdc([black, white, black]), 4)  # log 2 one apart, 0 two apart
    0.3466
    """
    kept: deque[NDArray[np.float64]] = deque(maxlen=max(steps))
    found: dict[int, list[float]] = {step: [] for step in steps}
    for frame in frames:
        now = channel_histograms(frame)
        for step in steps:
            if len(kept) >= step:
                found[step].append(float(js_divergence(kept[-step], now).mean()))
        kept.append(now)
    means = [float(np.mean(values)) for values in found.values() if values]
    return float(np.mean(means)) if means else float("nan")


def dense_flow(before: NDArray[np.uint8], now: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Optical flow from now to before, and from before to now: (h, w, 2) each, x and y, of frames sRGB uint8 (h, w, 3).

    By dense inverse search (DIS, medium), where Lai et al. have FlowNet 2: figures of other papers are not to be compared with.
    Raises InvalidPixelsError for frames of less than 16 pixels a side or of different sizes.
    """
    if before.shape != now.shape or min(now.shape[:2]) < 16:
        raise InvalidPixelsError(
            f"frames of {before.shape} and {now.shape}; expected two equal ones, 16 or more a side"
        )
    first, second = (cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in (before, now))
    search: Any = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    return search.calc(second, first, None), search.calc(first, second, None)


def visible(back: NDArray[np.float32], forth: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Pixels of the present frame that are seen in the frame before, too: flows (h, w, 2) there and back -> (h, w).

    Not those whose way there and back does not end where it began, |w + v|^2 > 0.01 (|w|^2 + |v|^2) + 0.5, nor edges of motion,
    |grad u|^2 + |grad v|^2 > 0.01 |w|^2 + 0.002, nor those that come from outside.
    """
    height, width = back.shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float32)
    at = np.stack([x, y], axis=-1) + back
    home = np.asarray(cv2.remap(forth, at[..., 0], at[..., 1], cv2.INTER_LINEAR))
    length = (back**2).sum(axis=-1)
    hidden = ((back + home) ** 2).sum(axis=-1) > _RETURN * (length + (home**2).sum(axis=-1)) + _SLACK
    slopes = [np.gradient(back[..., channel]) for channel in (0, 1)]
    edge = sum(part**2 for pair in slopes for part in pair) > _EDGE * length + _EDGE_SLACK
    inside = (at[..., 0] >= 0) & (at[..., 0] <= width - 1) & (at[..., 1] >= 0) & (at[..., 1] <= height - 1)
    return np.asarray(inside & ~hidden & ~edge)


def warp_error_pair(
    before: NDArray[np.uint8], now: NDArray[np.uint8], back: NDArray[np.float32], seen: NDArray[np.bool_]
) -> float:
    """Warp error of two frames: sum over the pixels ``seen`` of |now - w(before)|^2, by their number; RGB in [0, 1].

    back: flow from now to before (h, w, 2). From 0; lower is steadier. NaN where nothing is seen in both.

    >>> still, grey = np.zeros((4, 4, 2), np.float32), np.zeros((4, 4, 3), np.uint8)
    >>> round(warp_error_pair(grey, grey + np.uint8(51), still, np.ones((4, 4), bool)), 4)  # 3 channels, a fifth each
    0.12
    """
    if not seen.any():
        return float("nan")
    height, width = now.shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float32)
    brought = cv2.remap(before.astype(np.float32), x + back[..., 0], y + back[..., 1], cv2.INTER_LINEAR)
    squared = (((now - np.asarray(brought)) / 255.0) ** 2).sum(axis=-1)
    return float(squared[seen].mean())


def warp_error(frames: Iterable[NDArray[np.uint8]], guide: Iterable[NDArray[np.uint8]] | None = None) -> float:
    """Mean :func:`warp_error_pair` of neighbouring frames of a clip. guide: the clip whose motion it is (None: the same)."""
    errors: list[float] = []
    kept: tuple[NDArray[np.uint8], NDArray[np.uint8]] | None = None
    pairs = ((frame, frame) for frame in frames) if guide is None else zip(frames, guide, strict=True)
    for frame, moving in pairs:
        if kept is not None:
            back, forth = dense_flow(kept[1], moving)
            errors.append(warp_error_pair(kept[0], frame, back, visible(back, forth)))
        kept = frame, moving
    return float(np.nanmean(errors)) if errors and not np.isnan(errors).all() else float("nan")

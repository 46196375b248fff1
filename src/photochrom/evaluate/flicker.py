"""Temporal flicker of recoloured clips: colour that changes from frame to frame while the thing does not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from photochrom.color import rgb_to_lab
from photochrom.errors import DataError, InvalidPixelsError

__all__ = ["Motion", "flicker", "flicker_pair", "motion"]

#: There and back again by optical flow, a pixel must come home within so many pixels, or it is hidden in one of the frames.
RETURN_LIMIT = 1.0
#: And its L* must be the same within so much, or the flow is wrong.
LIGHT_LIMIT = 6.0


@dataclass(frozen=True)
class Motion:
    """Where each pixel of a frame was in the frame before: ``x`` and ``y`` (h, w) float32, and whether that is ``known``."""

    x: NDArray[np.float32]
    y: NDArray[np.float32]
    known: NDArray[np.bool_]

    def bring(self, before: NDArray[Any]) -> NDArray[np.float32]:
        """The frame before, (h, w) or (h, w, n), moved to where its things are now; bilinear."""
        return np.asarray(cv2.remap(np.asarray(before, np.float32), self.x, self.y, cv2.INTER_LINEAR), np.float32)


def motion(light_before: NDArray[Any], light_now: NDArray[Any]) -> Motion:
    """Motion between two frames, from their L* (h, w) in [0, 100].

    Dense inverse search (DIS; Kroeger, Timofte, Dai, Van Gool 2016), medium preset, from now to before and back. ``known``
    are the pixels that lie inside the frame before, return within 1 pixel and keep their L* within 6.

    Frames of less than 16 pixels a side raise InvalidPixelsError: the search needs 8 x 8 patches at two scales.
    """
    if light_before.shape != light_now.shape or light_now.ndim != 2 or min(light_now.shape) < 16:
        raise InvalidPixelsError(
            f"frames of {light_before.shape} and {light_now.shape}; expected two equal shapes (h, w), 16 or more a side"
        )
    before, now = (np.clip(np.round(light * 2.55), 0, 255).astype(np.uint8) for light in (light_before, light_now))
    search: Any = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    back, forth = search.calc(now, before, None), search.calc(before, now, None)
    height, width = now.shape
    y, x = np.mgrid[:height, :width].astype(np.float32)
    there = Motion(x + back[..., 0], y + back[..., 1], np.ones(now.shape, np.bool_))
    home = np.hypot(*np.moveaxis(back + there.bring(forth), -1, 0))
    inside = (there.x >= 0) & (there.x <= width - 1) & (there.y >= 0) & (there.y <= height - 1)
    same = np.abs(there.bring(light_before) - light_now) <= LIGHT_LIMIT
    return Motion(there.x, there.y, inside & (home <= RETURN_LIMIT) & same)


def flicker_pair(
    moved: Motion,
    truth: tuple[NDArray[Any], NDArray[Any]],
    result: tuple[NDArray[Any], NDArray[Any]],
) -> float:
    """Flicker between two frames, in ab units, from 0; lower is better. NaN where no pixel's motion is known.

    mean(max(0, |r_now - w(r_before)| - |t_now - w(t_before)|)) over the pixels whose motion is known: r and t are the ab
    fields float (h, w, 2) of result and truth, (before, now); w brings the frame before to now, || is the length of ab. What
    the truth changes by itself (light, shadow, noise) is allowed to the result. An exact copy and a grey result: 0.

    The idea of a warped difference is that of Lai et al. 2018 ("Learning blind video temporal consistency"); the truth's
    share is taken off here, because there is a truth.

    >>> still = np.zeros((16, 16, 2), np.float32)
    >>> moved = Motion(*np.meshgrid(np.arange(16, dtype=np.float32), np.arange(16, dtype=np.float32)), np.ones((16, 16), bool))
    >>> flicker_pair(moved, (still, still), (still, still + 3.0)).__round__(2)  # 3 in a* and in b*
    4.24
    """
    if not moved.known.any():
        return float("nan")
    change = [np.hypot(*np.moveaxis(now - moved.bring(before), -1, 0)) for before, now in (truth, result)]
    return float(np.maximum(change[1] - change[0], 0)[moved.known].mean())


def flicker(truth: Iterable[NDArray[np.uint8]], result: Iterable[NDArray[np.uint8]]) -> Iterator[float]:
    """:func:`flicker_pair` of all neighbouring frames of a clip: sRGB uint8 (h, w, 3) in order; two frames are kept.

    The motion is that of the truth's L*. Raises DataError for clips of different lengths, InvalidPixelsError for frames of
    different sizes.
    """
    before: tuple[NDArray[np.float32], NDArray[np.float32]] | None = None
    for number, (true_frame, frame) in enumerate(zip_longest(truth, result)):
        if true_frame is None or frame is None:
            which = "truth" if true_frame is None else "result"
            raise DataError(f"the {which} ends after {number} frames and the other goes on; give clips of one length")
        if true_frame.shape != frame.shape:
            raise InvalidPixelsError(
                f"frame {number}: truth {true_frame.shape}, result {frame.shape}; expected one size"
            )
        now = rgb_to_lab(true_frame / 255.0), rgb_to_lab(frame / 255.0)
        if before is not None:
            moved = motion(before[0][..., 0], now[0][..., 0])
            yield flicker_pair(moved, (before[0][..., 1:], now[0][..., 1:]), (before[1][..., 1:], now[1][..., 1:]))
        before = now

"""Where a hint's place is in other frames of its shot: followed by points, checked by its look, found again when hidden."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Place", "follow"]

#: Points are followed within this many pixels of the place, this far apart; its look is a square of twice that and one.
_REACH, _STEP = 10, 4
#: Points must come home within so many pixels.
_RETURN = 1.0
#: Correlation with the first look below which a place is lost, and that at which it is found again.
_LOST, _FOUND = 0.45, 0.72
_FEWEST = 6
_NONE: Any = None  # OpenCV's types want an array


class Place(NamedTuple):
    """x, y in pixels of a frame, and how sure that is, 0 (lost) to 1."""

    x: float
    y: float
    confidence: float


def follow(frames: Sequence[NDArray[np.uint8]], start: int, x: float, y: float) -> list[Place]:
    """The place (x, y) of frame ``start`` in all frames (h, w) uint8, forwards and backwards from there."""
    forwards = _one_way(frames[start:], x, y)
    backwards = _one_way(frames[start::-1], x, y)
    return [*reversed(backwards[1:]), *forwards]


def _one_way(frames: Sequence[NDArray[np.uint8]], x: float, y: float) -> list[Place]:
    look = _look(frames[0], np.array([[1, 0, x], [0, 1, y]], np.float64))
    pose = np.array([[1, 0, x], [0, 1, y]], np.float64)  # of the look in the present frame
    places = [Place(x, y, 1.0)]
    known = True
    for before, now in itertools.pairwise(frames):
        if known:
            step = _step(before, now, pose)
            if step is not None:
                pose = _after(step, pose)
            likeness = _correlation(look, _look(now, pose)) if step is not None and _inside(pose, now) else 0.0
            known = likeness >= _LOST
        if not known:
            found = _search(look, now, pose)
            if found is not None:
                pose, likeness = found
                known = True
            else:
                likeness = 0.0
        places.append(Place(float(pose[0, 2]), float(pose[1, 2]), float(likeness if known else 0.0)))
    return places


def _step(before: NDArray[np.uint8], now: NDArray[np.uint8], pose: NDArray[Any]) -> NDArray[Any] | None:
    """How the surroundings of the place move: a similarity (2, 3), or None where they cannot be followed."""
    offsets = np.arange(-_REACH, _REACH + 1, _STEP, dtype=np.float64)
    grid = np.stack([*np.meshgrid(offsets, offsets), np.ones((len(offsets),) * 2)], axis=-1).reshape(-1, 3)
    points = (grid @ pose.T).astype(np.float32)[:, None]
    window: dict[str, Any] = {"winSize": (15, 15), "maxLevel": 3}
    there, ok, _ = cv2.calcOpticalFlowPyrLK(before, now, points, _NONE, **window)
    home, back, _ = cv2.calcOpticalFlowPyrLK(now, before, there, _NONE, **window)
    good = (ok.ravel() == 1) & (back.ravel() == 1) & (np.abs(home - points).max(axis=(1, 2)) < _RETURN)
    if good.sum() < _FEWEST:
        return None
    similar, inside = cv2.estimateAffinePartial2D(points[good], there[good], ransacReprojThreshold=1.5)
    if similar is None or inside.sum() < _FEWEST:
        return None
    scale = float(np.hypot(similar[0, 0], similar[1, 0]))
    return np.asarray(similar) if 0.8 < scale < 1.25 else None


def _after(step: NDArray[Any], pose: NDArray[Any]) -> NDArray[Any]:
    return np.asarray(np.vstack([step, [0, 0, 1]])[:2] @ np.vstack([pose, [0, 0, 1]]))


def _look(frame: NDArray[np.uint8], pose: NDArray[Any]) -> NDArray[np.float32]:
    side = 2 * _REACH + 1
    towards = pose.copy()
    towards[:, 2] -= pose[:, :2] @ np.array([_REACH, _REACH])
    seen = cv2.warpAffine(
        frame, towards, (side, side), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(cv2.GaussianBlur(seen, (0, 0), 0.8), np.float32)


def _correlation(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    first, second = one - one.mean(), other - other.mean()
    # Plain surfaces have no look; half a grey level of noise is not to decide.
    return float(((first * second).mean() + 4) / (np.sqrt((first**2).mean() * (second**2).mean()) + 4))


def _inside(pose: NDArray[Any], frame: NDArray[np.uint8]) -> bool:
    return bool(0 <= pose[0, 2] < frame.shape[1] and 0 <= pose[1, 2] < frame.shape[0])


def _search(
    look: NDArray[np.float32], frame: NDArray[np.uint8], pose: NDArray[Any]
) -> tuple[NDArray[Any], float] | None:
    """The place in a frame that looks like it, as it was last turned and sized; None where none or several do."""
    side = 2 * _REACH + 1
    turned = pose.copy()
    turned[:, 2] = _REACH - turned[:, :2] @ np.array([_REACH, _REACH])
    seen = cv2.warpAffine(look, turned, (side, side), borderMode=cv2.BORDER_REPLICATE).astype(np.uint8)
    if float(seen.std()) < 6 or min(frame.shape) <= side:
        return None
    alike: Any = cv2.matchTemplate(frame, seen, cv2.TM_CCOEFF_NORMED)
    _, best, _, (x, y) = cv2.minMaxLoc(alike)
    if best < _FOUND:
        return None
    others = alike.copy()
    cv2.circle(others, (x, y), _REACH, -1.0, -1)
    if float(others.max()) > best - 0.08:
        return None
    found = pose.copy()
    found[:, 2] = x + _REACH, y + _REACH
    return found, float(best)

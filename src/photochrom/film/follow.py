"""Where a hint's place is in other frames of its shot: followed by points, checked by its look, found again when hidden."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Grey = NDArray[np.uint8]
    Pose = NDArray[np.float64]  # (2, 3): from a place's first surroundings to those in another frame

__all__ = ["Place", "follow"]

#: Points are followed within this many pixels of the place, this far apart; its look is a square of twice that and one.
_REACH, _STEP = 10, 4
#: Points must come home within so many pixels.
_RETURN = 1.0
#: Correlation with the first look below which the place is lost, and that at which it is found again anywhere.
_LOST, _FOUND = 0.45, 0.72
_FEWEST = 6
#: Standard deviation of grey levels from which on surroundings have a look.
_LOOK = 6.0
_NONE: Any = None  # OpenCV's types want an array


class Place(NamedTuple):
    """x, y in pixels of a frame, and how sure that is, 0 (lost) to 1."""

    x: float
    y: float
    confidence: float


def follow(frames: Sequence[Grey], start: int, place: tuple[float, float]) -> list[Place]:
    """A place (x, y) in frame ``start`` -> where it is in each of all frames (h, w) uint8, forwards and backwards from there."""
    forwards, backwards = _one_way(frames[start:], place), _one_way(frames[start::-1], place)
    return [*reversed(backwards[1:]), *forwards]


class _Followed:
    """One place on its way through frames."""

    def __init__(self, frame: Grey, x: float, y: float) -> None:
        self.pose: Pose = np.array([[1, 0, x], [0, 1, y]], np.float64)
        self.likeness, self.known = 1.0, True
        self.look = _look(frame, self.pose)

    @property
    def place(self) -> Place:
        return Place(float(self.pose[0, 2]), float(self.pose[1, 2]), self.likeness if self.known else 0.0)

    def points(self) -> NDArray[np.float32]:
        return np.asarray(_GRID @ self.pose.T, np.float32)

    def be(self, frame: Grey, pose: Pose | None) -> None:
        """Take a pose if what is there looks like it, else be lost."""
        self.likeness = _correlation(self.look, _look(frame, pose)) if pose is not None and _inside(pose, frame) else 0
        self.known = self.likeness >= _LOST
        if self.known:
            assert pose is not None
            self.pose = pose

    def search(self, frame: Grey) -> None:
        """Find the place in a frame that looks like it, as it was last turned and sized, unless there is none, or several."""
        side = 2 * _REACH + 1
        turned = self.pose.copy()
        turned[:, 2] = _REACH - turned[:, :2] @ np.array([_REACH, _REACH])
        seen = cv2.warpAffine(self.look, turned, (side, side), borderMode=cv2.BORDER_REPLICATE).astype(np.uint8)
        if float(seen.std()) < _LOOK or min(frame.shape) <= side:
            return
        alike: Any = cv2.matchTemplate(frame, seen, cv2.TM_CCOEFF_NORMED)
        _, best, _, (x, y) = cv2.minMaxLoc(alike)
        if best < _FOUND:
            return
        cv2.circle(alike, (x, y), _REACH, -1.0, -1)
        if float(alike.max()) > best - 0.08:
            return
        self.pose = self.pose.copy()
        self.pose[:, 2] = x + _REACH, y + _REACH
        self.likeness, self.known = float(best), True


_OFFSETS = np.arange(-_REACH, _REACH + 1, _STEP, dtype=np.float64)
_GRID = np.stack([*np.meshgrid(_OFFSETS, _OFFSETS), np.ones((len(_OFFSETS),) * 2)], axis=-1).reshape(-1, 3)


def _one_way(frames: Sequence[Grey], place: tuple[float, float]) -> list[Place]:
    one = _Followed(frames[0], *place)
    places = [one.place]
    for before, now in pairwise(frames):
        if one.known:
            step = _step(before, now, one.points())
            one.be(now, None if step is None else _after(step, one.pose))
        if not one.known:
            one.search(now)
        places.append(one.place)
    return places


def _step(before: Grey, now: Grey, points: NDArray[np.float32]) -> Pose | None:
    """How the surroundings of a place, points (n, 2), move: a similarity, or None where they cannot be followed."""
    window: dict[str, Any] = {"winSize": (15, 15), "maxLevel": 3}
    there, ok, _ = cv2.calcOpticalFlowPyrLK(before, now, points, _NONE, **window)
    home, back, _ = cv2.calcOpticalFlowPyrLK(now, before, there, _NONE, **window)
    good = (ok.ravel() == 1) & (back.ravel() == 1) & (np.abs(home - points).max(axis=1) < _RETURN)
    if good.sum() < _FEWEST:
        return None
    similar, inside = cv2.estimateAffinePartial2D(points[good], there[good], ransacReprojThreshold=1.5)
    if similar is None or inside.sum() < _FEWEST:
        return None
    scale = float(np.hypot(similar[0, 0], similar[1, 0]))
    return np.asarray(similar) if 0.8 < scale < 1.25 else None


def _after(step: Pose, pose: Pose) -> Pose:
    return np.asarray(np.vstack([step, [0, 0, 1]])[:2] @ np.vstack([pose, [0, 0, 1]]))


def _look(frame: Grey, pose: Pose) -> NDArray[np.float32]:
    side = 2 * _REACH + 1
    towards = pose.copy()
    towards[:, 2] -= pose[:, :2] @ np.array([_REACH, _REACH])
    seen = cv2.warpAffine(
        frame, towards, (side, side), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(cv2.GaussianBlur(seen, (0, 0), 0.8), np.float32)


def _correlation(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    first, second = one - one.mean(), other - other.mean()
    own, others = float((first**2).mean()), float((second**2).mean())
    # Plain surfaces have no look; half a grey level of noise is not to decide. But what has a look is not a plain surface.
    return float(((first * second).mean() + 4) / (np.sqrt(own * max(others, own / 16)) + 4))


def _inside(pose: Pose, frame: Grey) -> bool:
    return bool(0 <= pose[0, 2] < frame.shape[1] and 0 <= pose[1, 2] < frame.shape[0])

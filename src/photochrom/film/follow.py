"""Where a hint's places are in other frames of its shot: followed by points, checked by their looks, found again when hidden.

A hint has one place. An area has anchors, too: other places of the same thing. Where one of them is known, the others are
looked for where it says that they must be, so that a thing is known as soon as any part of it is seen.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Grey = NDArray[np.uint8]
    Pose = NDArray[np.float64]  # (2, 3): from a place's first surroundings to those in another frame

__all__ = ["Place", "follow", "spread"]

#: Points are followed within this many pixels of the place, this far apart; its look is a square of twice that and one.
_REACH, _STEP = 10, 4
#: Points must come home within so many pixels.
_RETURN = 1.0
#: Correlation with the first look below which the place is lost, and that at which it is found again anywhere; of anchors.
_LOST, _FOUND = (0.45, 0.6), (0.72, 0.85)
#: Followed back to where it came out, a place is one only while it is as like as this: half hidden, it would drift.
_CERTAIN = 0.85
_FEWEST = 6
#: An anchor that is so many pixels from where the place says that it must be is none.
_STRANGE = 8.0
#: Standard deviation of grey levels from which on surroundings have a look; anchors: how many, and how far apart, in pixels.
_LOOK = 6.0
_ANCHORS, _APART = 14, 12.0
_NONE: Any = None  # OpenCV's types want an array


class Place(NamedTuple):
    """x, y in pixels of a frame, and how sure that is, 0 (lost) to 1."""

    x: float
    y: float
    confidence: float


def follow(frames: Sequence[Grey], start: int, places: Sequence[tuple[float, float]]) -> list[list[Place]]:
    """Places (x, y) of one thing in frame ``start`` -> for each of all frames (h, w) uint8 where they are.

    They are followed forwards and backwards from there. What moves otherwise than the first of them is of another thing,
    and lost from the beginning.
    """
    forwards, others = _one_way(frames[start:], places)
    backwards, more = _one_way(frames[start::-1], places)
    strangers = others | more
    return [
        [place._replace(confidence=0.0) if index in strangers else place for index, place in enumerate(row)]
        for row in (*reversed(backwards[1:]), *forwards)
    ]


def spread(thing: NDArray[np.bool_], frame: Grey, x: float, y: float) -> list[tuple[float, float]]:
    """Anchors: places inside of ``thing`` (h, w), which holds (x, y), around that place, nearest first, that can be followed."""
    count, parts = cv2.connectedComponents(thing.astype(np.uint8), connectivity=4)
    part = parts[round(y), round(x)]
    if count < 2 or not part:
        return []
    # Of a pixel outside the frame nothing is known, but the thing does not end there.
    inside: Any = cv2.distanceTransform(np.pad(parts == part, 1, mode="edge").astype(np.uint8), cv2.DIST_L2, 3)
    codes = frame.astype(np.float32)
    mean, square = (cv2.blur(plane, (2 * _REACH + 1,) * 2) for plane in (codes, codes * codes))
    usable = square - mean * mean > _LOOK**2
    usable[:_REACH], usable[-_REACH:], usable[:, :_REACH], usable[:, -_REACH:] = False, False, False, False
    deep = inside[1:-1, 1:-1] * usable
    # What is not of the thing moves otherwise; only of a thin one it is seen, too.
    rows, columns = np.nonzero(deep > min(_REACH, float(deep.max()) / 2))
    nearest = np.argsort(np.hypot(columns - x, rows - y), kind="stable")
    found: list[tuple[float, float]] = []
    free = np.hypot(columns - x, rows - y) >= _APART
    for at in nearest:
        if free[at] and len(found) < _ANCHORS:
            found.append((float(columns[at]), float(rows[at])))
            free &= np.hypot(columns - columns[at], rows - rows[at]) >= _APART
    return found


class _State(NamedTuple):
    """Of a place in a frame: its pose, and how much what is there looks like it."""

    pose: Pose
    likeness: float
    known: bool

    @property
    def place(self) -> Place:
        return Place(float(self.pose[0, 2]), float(self.pose[1, 2]), self.likeness if self.known else 0.0)


class _Followed:
    """One place on its way through frames."""

    def __init__(self, frame: Grey, x: float, y: float, anchor: bool) -> None:
        self.least, self.again = _LOST[anchor], _FOUND[anchor]
        self.first: Pose = np.array([[1, 0, x], [0, 1, y]], np.float64)
        self.pose, self.likeness, self.known = self.first, 1.0, True
        self.look = _look(frame, self.pose)

    @property
    def state(self) -> _State:
        return _State(self.pose, self.likeness, self.known)

    @state.setter
    def state(self, state: _State) -> None:
        self.pose, self.likeness, self.known = state

    @property
    def sure(self) -> bool:
        """Whether other places may go by it."""
        return self.known and self.likeness >= _LOST[1]

    def astray(self, other: _Followed) -> float:
        """Pixels between where it is and where it must be if it has moved as the other one has."""
        return float(np.hypot(*(self.pose - self.like(other))[:, 2]))

    def points(self) -> NDArray[np.float32]:
        return np.asarray(_GRID @ self.pose.T, np.float32)

    def be(self, frame: Grey, pose: Pose | None) -> None:
        """Take a pose if what is there looks like it, else be lost."""
        self.likeness = _correlation(self.look, _look(frame, pose)) if pose is not None and _inside(pose, frame) else 0
        self.known = self.likeness >= self.least
        if self.known:
            assert pose is not None
            self.pose = pose

    def search(self, frame: Grey) -> bool:
        """Find the place in a frame that looks like it, as it was last turned and sized, unless there is none, or several."""
        side = 2 * _REACH + 1
        turned = self.pose.copy()
        turned[:, 2] = _REACH - turned[:, :2] @ np.array([_REACH, _REACH])
        seen = cv2.warpAffine(self.look, turned, (side, side), borderMode=cv2.BORDER_REPLICATE).astype(np.uint8)
        if float(seen.std()) < _LOOK or min(frame.shape) <= side:
            return False
        alike: Any = cv2.matchTemplate(frame, seen, cv2.TM_CCOEFF_NORMED)
        _, best, _, (x, y) = cv2.minMaxLoc(alike)
        if best < self.again:
            return False
        cv2.circle(alike, (x, y), _REACH, -1.0, -1)
        if float(alike.max()) > best - 0.08:
            return False
        self.pose = self.pose.copy()
        self.pose[:, 2] = x + _REACH, y + _REACH
        self.likeness, self.known = float(best), True
        return True

    def away(self, other: _Followed) -> float:
        """Distance to another place in the first frame."""
        return float(np.hypot(*(self.first - other.first)[:, 2]))

    def like(self, other: _Followed) -> Pose:
        """Where this place must be if it has moved as the other one has."""
        return _after(_after(other.pose, _inverse(other.first)), self.first)


_OFFSETS = np.arange(-_REACH, _REACH + 1, _STEP, dtype=np.float64)
_GRID = np.stack([*np.meshgrid(_OFFSETS, _OFFSETS), np.ones((len(_OFFSETS),) * 2)], axis=-1).reshape(-1, 3)


def _one_way(frames: Sequence[Grey], places: Sequence[tuple[float, float]]) -> tuple[list[list[Place]], set[int]]:
    """Where the places are in each frame, and which of them are of another thing."""
    all_places = [_Followed(frames[0], *place, index > 0) for index, place in enumerate(places)]
    states = [[one.state for one in all_places]]
    first, strangers = all_places[0], set()
    for index, (before, now) in enumerate(itertools.pairwise(frames)):
        known = [one for one in all_places if one.known]
        if known:
            for one, step in zip(known, _steps(before, now, [one.points() for one in known]), strict=True):
                one.be(now, None if step is None else _after(step, one.pose))
        _find([one for number, one in enumerate(all_places) if number not in strangers], now, index)
        for number, one in enumerate(all_places):
            if number not in strangers and one.sure and first.sure and one.astray(first) > _STRANGE:
                strangers.add(number)
                one.known = False
        states.append([one.state for one in all_places])
    _look_back(frames, all_places, states, strangers)
    return [[state.place for state in row] for row in states], strangers


def _look_back(
    frames: Sequence[Grey], places: list[_Followed], states: list[list[_State]], strangers: set[int]
) -> None:
    """Follow places that were found again back to where they came out: a place is found late, when all of it is seen."""
    for index in range(len(frames) - 2, 0, -1):
        later, now = states[index + 1], states[index]
        out = [number for number, state in enumerate(later) if state.known and not now[number].known]
        if not out:
            continue
        for one, state in zip(places, later, strict=True):
            one.state = state
        moved = _steps(frames[index + 1], frames[index], [places[number].points() for number in out])
        steps = dict(zip(out, moved, strict=True))
        for number, one in enumerate(places):
            step = steps.get(number)
            if number in steps:
                one.be(frames[index], None if step is None else _after(step, one.pose))
            else:
                one.state = now[number]
        _guide([one for number, one in enumerate(places) if number not in strangers], frames[index])
        for number, one in enumerate(places):
            one.known = one.known and (now[number].known or one.likeness >= _CERTAIN)
        states[index] = [one.state for one in places]


def _guide(places: list[_Followed], now: Grey) -> None:
    """Look for the places that are lost where the others say."""
    guides = [one for one in places if one.sure]
    for one in places:
        if guides and not one.known:
            one.be(now, one.like(min(guides, key=one.away)))


def _find(places: list[_Followed], now: Grey, turn: int) -> None:
    """Look for the places that are lost: where the others say; else everywhere, for some of the anchors at each turn."""
    _guide(places, now)
    known = [one for one in places if one.known]
    if len(known) >= min(2, len(places)):
        return
    # One alone may be wrong: it does not end the search.
    for number, one in enumerate(places):
        if not one.known and (not number or (number + turn) % 3 == 0) and one.search(now):
            for other in known:
                other.known = other.likeness > one.likeness
            return


def _steps(before: Grey, now: Grey, groups: list[NDArray[np.float32]]) -> list[Pose | None]:
    """How the surroundings of each place, groups of points (n, 2), move: similarities, or None where they cannot be followed."""
    points = np.concatenate(groups)[:, None]
    window: dict[str, Any] = {"winSize": (15, 15), "maxLevel": 3}
    there, ok, _ = cv2.calcOpticalFlowPyrLK(before, now, points, _NONE, **window)
    home, back, _ = cv2.calcOpticalFlowPyrLK(now, before, there, _NONE, **window)
    good = (ok.ravel() == 1) & (back.ravel() == 1) & (np.abs(home - points).max(axis=(1, 2)) < _RETURN)
    ends = np.cumsum([len(group) for group in groups])
    return [
        _similar(points[end - len(group) : end][use], there[end - len(group) : end][use])
        for group, end in zip(groups, ends, strict=True)
        for use in [good[end - len(group) : end]]
    ]


def _similar(points: NDArray[np.float32], there: NDArray[np.float32]) -> Pose | None:
    if len(points) < _FEWEST:
        return None
    similar, inside = cv2.estimateAffinePartial2D(points, there, ransacReprojThreshold=1.5)
    if similar is None or inside.sum() < _FEWEST:
        return None
    scale = float(np.hypot(similar[0, 0], similar[1, 0]))
    return np.asarray(similar) if 0.8 < scale < 1.25 else None


def _after(step: Pose, pose: Pose) -> Pose:
    return np.asarray(np.vstack([step, [0, 0, 1]])[:2] @ np.vstack([pose, [0, 0, 1]]))


def _inverse(pose: Pose) -> Pose:
    return np.asarray(cv2.invertAffineTransform(pose))


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

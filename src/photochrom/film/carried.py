"""The thing that a hint or an area is about, carried through a shot along the optical flow: what bends is followed, too."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import cv2
import numpy as np

from photochrom.film.motion import grid, moved, two_way
from photochrom.film.sight import closed, in_sight
from photochrom.film.votes import shift
from photochrom.parallel import ordered

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from photochrom.film.motion import Flow

    Grey = NDArray[np.uint8]
    Float = NDArray[np.float32]
    Pose = NDArray[np.float64]  # (2, 3)

__all__ = ["Masks", "carry"]

#: Codes of an evened frame for a step of L*, about; the flow is believed from this trust on.
_CODES, _BELIEVED = 2.5, 0.2
#: By this share what a thing looks like is what it looks like now.
_NEWER = np.float32(0.1)
#: So many points of a thing tell how most of it moves; the rest may be so many pixels elsewhere, or so many sides of its size.
_POINTS, _BENT, _BENDS = 100, 4.0, 0.3
#: A thing that was lost is looked for in one of so many frames, and is found where this share of it is in sight.
_EVERY, _MUCH = 6, 0.3
#: A thing bends little where this share of its points moves as most do; all of it is what was carried, if it holds so much of it.
_STIFF, _SAME = 0.45, 0.8
_STILL = np.eye(2, 3)


class Masks:
    """Masks (h, w) of one thing in the frames of a shot, a bit for each pixel; nothing where it is not known."""

    def __init__(self, shape: tuple[int, int]) -> None:
        self._shape = shape
        self._packed: dict[int, NDArray[np.uint8]] = {}
        #: How it had moved by then, (2, 3): turned and sized, about.
        self.poses: dict[int, Pose] = {}

    def __setitem__(self, index: int, mask: NDArray[np.bool_]) -> None:
        self._packed[index] = np.packbits(mask)

    def __contains__(self, index: int) -> bool:
        return index in self._packed

    def __iter__(self) -> Iterator[int]:
        return iter(sorted(self._packed))

    def __getitem__(self, index: int) -> NDArray[np.bool_]:
        if index not in self._packed:
            return np.zeros(self._shape, bool)
        bits = np.unpackbits(self._packed[index], count=self._shape[0] * self._shape[1])
        return bits.reshape(self._shape).astype(bool)


def carry(frames: Sequence[Grey], first: int, things: Sequence[tuple[int, NDArray[np.bool_]]]) -> list[Masks]:
    """Things, each with the number of its frame and its mask (h, w) there -> their masks in all frames.

    frames: (h, w) uint8, evened; the first is of number ``first``. A part that is hidden, that the flow loses, or that moves
    otherwise than most of its thing is lost. Where all is lost, the thing is looked for, and carried on from where most of it is
    in sight again.
    """
    made = [Masks(mask.shape) for _, mask in things]
    firsts = [_First(mask, _light(frames[start - first])) for start, mask in things]
    starts = [_Start(start, mask, _STILL) for start, mask in things]
    _carry(frames, first, list(zip(made, firsts, starts, strict=True)))
    for one, thing in zip(made, firsts, strict=True):
        vain: set[int] = set()
        while (again := _again(frames, first, thing, one, vain)) is not None:
            _carry(frames, first, [(one, thing, again)])
    return made


class _First(NamedTuple):
    """A thing in its own frame: the mask (h, w) and L* (h, w)."""

    mask: NDArray[np.bool_]
    light: Float

    def there(self, pose: Pose, light: Float) -> NDArray[np.bool_]:
        """What is in sight of all of it, moved as it is, in a frame of L* ``light``."""
        return in_sight(_warped(self.mask, pose), _warped(self.light, pose), light)


class _Start(NamedTuple):
    """Where a thing is carried from: the frame's number, the mask (h, w) there, and how it has moved until then."""

    number: int
    mask: NDArray[np.bool_]
    pose: Pose


def _carry(frames: Sequence[Grey], first: int, things: Sequence[tuple[Masks, _First, _Start]]) -> None:
    """Carry things to all frames up to those where they are lost, or known already."""
    if not things:
        return
    numbers = [start.number - first for *_, start in things]
    for order in (range(min(numbers), len(frames)), range(max(numbers), -1, -1)):
        alive: dict[int, _Thing] = {}
        waiting = len(things)
        for index, flow in _flows(frames, order):
            light = _light(frames[index])
            for number, (made, thing, start) in enumerate(things):
                if first + index == start.number:
                    alive[number] = _Thing(thing, start, light)
                    made[start.number], made.poses[start.number] = start.mask, start.pose
                    waiting -= 1
                elif number in alive and flow is not None:
                    one = alive[number]
                    if first + index in made or not one.step(flow, light):
                        del alive[number]
                    else:
                        made[first + index], made.poses[first + index] = one.all_of_it(light), one.pose
            if not waiting and not alive:
                break


def _again(frames: Sequence[Grey], first: int, thing: _First, made: Masks, vain: set[int]) -> _Start | None:
    """Of the frames in which a thing is not known, that which shows most of it, if any shows much. vain: frames looked at."""
    middle, known = _middle(thing.mask), np.array(list(made))
    best, most = None, _MUCH * thing.mask.sum()
    for index in range(_EVERY // 2, len(frames), _EVERY):
        if first + index in made or first + index in vain:
            continue
        light = _light(frames[index])
        # As it was turned and sized when it was seen last, or next.
        pose = made.poses[int(known[np.abs(known - first - index).argmin()])].copy()
        pose[:, 2] = middle - pose[:, :2] @ middle
        moved = shift(_warped(thing.mask, pose), _warped(thing.light, pose), light)
        if moved is None:
            vain.add(first + index)
            continue
        pose[:, 2] += moved
        seen = thing.there(pose, light)
        if seen.sum() >= most:
            best, most = _Start(first + index, seen, pose), seen.sum()
    return best


def _light(frame: Grey) -> Float:
    return frame.astype(np.float32) / _CODES


def _warped(plane: NDArray[Any], pose: Pose) -> NDArray[Any]:
    """A plane (h, w), moved; a mask remains one."""
    border = cv2.BORDER_CONSTANT if plane.dtype == bool else cv2.BORDER_REPLICATE
    made: Any = cv2.warpAffine(plane.astype(np.float32), pose, plane.shape[::-1], borderMode=border)
    return np.asarray(made > 0.5 if plane.dtype == bool else made)


def _middle(mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    rows, columns = np.nonzero(mask)
    return np.array([columns.mean(), rows.mean()]) if len(rows) else np.zeros(2)


class _Thing:
    """A thing on its way: its ``mask`` (h, w), its ``pose``, and for each pixel where it was at first and what it looked like."""

    def __init__(self, first: _First, start: _Start, light: Float) -> None:
        self.mask, self.pose, self._look = start.mask, start.pose, light
        self._first, self._stiff = first, True
        back = cv2.invertAffineTransform(start.pose)
        self._from: Float = np.asarray(cv2.transform(grid(*start.mask.shape), back), np.float32)

    def step(self, flow: Flow, light: Float) -> bool:
        """Go on to the next frame, of L* ``light``. False where it is lost."""
        brought = moved(np.dstack([self.mask.astype(np.float32), self._look, self._from]), flow.at)
        there = brought[..., 0] > 0.5
        look, self._from = brought[..., 1], np.ascontiguousarray(brought[..., 2:])
        if there.any():
            believed = in_sight(there, look, light) & closed(there & (flow.trust >= _BELIEVED))
            there = believed & self._together(believed)
        self.mask = there
        self._look = np.asarray(look + _NEWER * (light - look), np.float32)  # what turns in the light looks another way
        return bool(there.any())

    def all_of_it(self, light: Float) -> NDArray[np.bool_]:
        """The mask, and what the flow has lost of it at its edges, if it does not bend."""
        if not self._stiff:
            return self.mask
        seen = self._first.there(self.pose, light)
        return self.mask | seen if (self.mask & seen).sum() >= _SAME * self.mask.sum() else self.mask

    def _together(self, mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Where the thing has moved as most of it has, but for its bending."""
        rows, columns = np.nonzero(mask)
        if len(rows) < _POINTS:
            return np.zeros_like(mask)
        some = np.linspace(0, len(rows) - 1, min(_POINTS, len(rows))).astype(int)
        now = np.column_stack([columns, rows])[some].astype(np.float32)
        before = self._from[rows[some], columns[some]]
        most, inside = cv2.estimateAffinePartial2D(before, now, ransacReprojThreshold=_BENT)
        self._stiff = most is not None and float(inside.mean()) >= _STIFF
        if most is None:
            return mask
        if len(rows) >= _MUCH * self._first.mask.sum():
            self.pose = most
        else:  # a strip does not tell how all of it is turned
            self.pose = np.column_stack([self.pose[:, :2], np.median(now - before @ self.pose[:, :2].T, axis=0)])
        apart = np.abs(cv2.transform(self._from, most) - grid(*mask.shape)).max(axis=2)
        return np.asarray(apart <= max(_BENT, _BENDS * len(rows) ** 0.5))


def _flows(frames: Sequence[Grey], numbers: Sequence[int]) -> Iterator[tuple[int, Flow | None]]:
    """Each frame's number, in this order, and the flow from it to the one before in that order."""

    def flow(pair: tuple[int, int]) -> tuple[int, Flow]:
        before, now = (frames[index] for index in pair)
        back, _ = two_way((before.astype(np.float32) / _CODES, before), (now.astype(np.float32) / _CODES, now))
        return pair[1], back

    yield numbers[0], None
    yield from ordered(flow, pairwise(numbers))

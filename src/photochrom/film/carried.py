"""The thing that a hint or an area is about, carried through a shot along the optical flow: what bends is followed, too."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import cv2
import numpy as np

from photochrom.film.motion import grid, moved, two_way
from photochrom.film.sight import closed, in_sight
from photochrom.parallel import ordered

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from photochrom.film.motion import Flow

    Grey = NDArray[np.uint8]
    Float = NDArray[np.float32]

__all__ = ["Masks", "carry"]

#: Codes of an evened frame for a step of L*, about; the flow is believed from this trust on.
_CODES, _BELIEVED = 2.5, 0.2
#: By this share what a thing looks like is what it looks like now.
_NEWER = np.float32(0.1)
#: So many points of a thing tell how most of it moves; the rest may be so many pixels elsewhere, or so many sides of its size.
_POINTS, _BENT, _BENDS = 100, 4.0, 0.3


class Masks:
    """Masks (h, w) of one thing in the frames of a shot, a bit for each pixel."""

    def __init__(self, shape: tuple[int, int]) -> None:
        self._shape = shape
        self._packed: dict[int, NDArray[np.uint8]] = {}

    def __setitem__(self, index: int, mask: NDArray[np.bool_]) -> None:
        self._packed[index] = np.packbits(mask)

    def __getitem__(self, index: int) -> NDArray[np.bool_]:
        if index not in self._packed:
            return np.zeros(self._shape, bool)
        bits = np.unpackbits(self._packed[index], count=self._shape[0] * self._shape[1])
        return bits.reshape(self._shape).astype(bool)


def carry(frames: Sequence[Grey], first: int, things: Sequence[tuple[int, NDArray[np.bool_]]]) -> list[Masks]:
    """Things, each with the number of its frame and its mask (h, w) there -> their masks in all frames.

    frames: (h, w) uint8, evened; the first is of number ``first``. A part that is hidden, that the flow loses, or that moves
    otherwise than most of its thing is not found again.
    """
    made = [Masks(mask.shape) for _, mask in things]
    if not things:
        return made
    starts = [start - first for start, _ in things]
    for order in (range(min(starts), len(frames)), range(max(starts), -1, -1)):
        alive: dict[int, _Thing] = {}
        for index, flow in _flows(frames, order):
            light = frames[index].astype(np.float32) / _CODES
            for number, (start, mask) in enumerate(things):
                if first + index == start:
                    alive[number] = _Thing(mask, light)
                    made[number][start] = mask
                elif number in alive and flow is not None:
                    made[number][first + index] = alive[number].step(flow, light)
                    if not alive[number].mask.any():
                        del alive[number]
    return made


class _Thing:
    """A thing on its way: its ``mask`` (h, w), and for each pixel of that where it was at first and what it has looked like."""

    def __init__(self, mask: NDArray[np.bool_], light: Float) -> None:
        self.mask, self._look = mask, light
        self._from = grid(*mask.shape)

    def step(self, flow: Flow, light: Float) -> NDArray[np.bool_]:
        """The mask one frame on, of L* ``light``."""
        brought = moved(np.dstack([self.mask.astype(np.float32), self._look, self._from]), flow.at)
        there = brought[..., 0] > 0.5
        look, self._from = brought[..., 1], np.ascontiguousarray(brought[..., 2:])
        if there.any():
            # A frame that is evened is as light as all others.
            believed = in_sight(there, look, light, 0.0) & closed(there & (flow.trust >= _BELIEVED))
            there = believed & self._together(believed)
        self.mask = there
        self._look = np.asarray(look + _NEWER * (light - look), np.float32)  # what turns in the light looks another way
        return there

    def _together(self, mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Where the thing has moved as most of it has, but for its bending."""
        rows, columns = np.nonzero(mask)
        if len(rows) < _POINTS:
            return np.zeros_like(mask)
        some = np.linspace(0, len(rows) - 1, min(_POINTS, len(rows))).astype(int)
        now = np.column_stack([columns, rows])[some].astype(np.float32)
        most, _ = cv2.estimateAffinePartial2D(self._from[rows[some], columns[some]], now, ransacReprojThreshold=_BENT)
        if most is None:
            return mask
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

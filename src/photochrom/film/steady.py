"""Colour that stays with what it belongs to: key frames are asked, the frames between take their colours along the flow.

Each key frame's colours are the mean of the colours of the key frames before, carried here, and of the model's colours now, by
weight; the weight carried falls where the flow is not to be believed. A frame between two keys mixes both keys' colours, by its
distance to them and by how far each can be followed. All of this is at work size. The colour field is fitted against lightness
from which the grain is taken, by a mean along the flow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from photochrom import fuse
from photochrom.film.coloring import Answer
from photochrom.film.motion import Flow, evened, grid, moved, still, two_way
from photochrom.parallel import ordered
from photochrom.steering import propagate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Float = NDArray[np.float32]

__all__ = ["EVERY", "Colored", "State", "steady"]

#: Frames between key frames, at most; and the fewest, where much comes into view.
EVERY, _FEWEST = 12, 4
#: A key frame comes early where so much of the picture cannot be followed to the last.
_LOST = 0.35
#: The most that the colours of earlier key frames count: about five key frames.
_MOST = 5.0
#: How far (lambda of the smoother) and with which share of its weight colour is lent to what could not be followed.
_BELONGS, _LENT = 30.0, np.float32(0.5)
#: Weight of what cannot be followed, so that there is a colour everywhere; and share of the carried lightness in the mean.
_FLOOR, _DENOISE = np.float32(0.02), np.float32(0.65)
#: A mean of colours is made more vivid by this factor at the most.
_VIVID = np.float32(1.6)
#: Variance of L* in a window below which colour does not follow lightness, without grain; as :func:`photochrom.fuse.fit` has it.
_EPS = 4.0


@dataclass
class State:
    """What goes from one part of a shot to the next: the last key frame's ab (h, w, 2), weight and L*, all at work size."""

    ab: Float
    weight: Float
    light: Float
    smooth: Float

    def arrays(self) -> dict[str, Float]:
        """For a file."""
        return {"ab": self.ab, "weight": self.weight, "light": self.light, "smooth": self.smooth}


@dataclass
class Colored:
    """A frame (whatever was given) and its ab (h, w, 2) at work size; ``sure`` (h, w): how far its colours are followed.

    light: its L* (h, w); smooth: the same without grain.
    """

    item: Any
    ab: Float = field(repr=False)
    smooth: Float = field(repr=False)
    light: Float = field(repr=False)
    sure: Float = field(repr=False)

    @cached_property
    def color(self) -> fuse.ColorField:
        """The colour field at work size. It is fitted when it is asked for first: best by the thread that paints the frame."""
        return fuse.fit(self.ab, self.smooth, eps=_EPS + 3 * _grain(self.light - self.smooth) ** 2)


@dataclass
class _Seen:
    """A frame and its motion: flow from it to the frame before, and from there to it; None where there is no frame before."""

    item: Any
    index: int
    light: Float
    back: Flow | None
    forth: Flow | None


@dataclass
class _Held:
    """A frame between two keys: its L*, the same without grain, where it lies in the key before, and flow to it from the next."""

    item: Any
    index: int
    light: Float
    smooth: Float
    there: Float  # (h, w, 3): x and y in the key before, and trust
    forth: Flow | None = None  # from the frame before to this one


def steady(
    frames: Iterable[tuple[int, Any, Float]],
    ask: Callable[[int, Float], Answer],
    *,
    last: int,
    state: State | None = None,
    flashes: frozenset[int] = frozenset(),
    wanted: frozenset[int] = frozenset(),
    every: int = EVERY,
    threads: int | None = None,
) -> Iterator[Colored | State]:
    """Colour fields for the frames of one part of a shot; the last value is the :class:`State` for the next part.

    frames: (index, anything, L* (h, w) at work size) in order. ask(index, L*): the model's answer for a key frame. last: index of
    the part's last frame. state: of the part before, in the same shot. wanted: frames that must be key frames.
    threads: for the optical flow, as for :func:`photochrom.parallel.ordered`; a few frames are taken ahead for it.
    """
    key: _Key | None = None
    window: list[_Held] = []
    before: _Held | None = None
    for seen in ordered(_with_motion, _pairs(frames, state, flashes), threads):
        index, light = seen.index, seen.light
        if key is None and state is None:
            answer = ask(index, light)
            key = _Key(index, answer.ab, answer.weight)
            before = _Held(seen.item, index, light, light, _start(light))
            yield Colored(seen.item, key.ab, before.smooth, light, key.weight)
            continue
        if key is None:
            assert state is not None
            key = _Key(index - 1, state.ab, state.weight)
            before = _Held(None, index - 1, state.light, state.smooth, _start(state.light))
        assert before is not None
        now = _followed(before, seen, index in flashes)
        window.append(now)
        before = now
        span = index - key.index
        lost = 1 - float(now.there[..., 2].mean())
        due = span >= every or index == last or index in wanted or (span >= _FEWEST and lost > _LOST)
        if due and (index not in flashes or index == last):
            new = _joined(key, now, ask(index, light))
            yield from _between(key, new, window)
            key, window = new, []
            before = _Held(None, index, now.light, now.smooth, _start(light))
    if window and key is not None:  # the film is shorter than announced
        new = _joined(key, window[-1], ask(window[-1].index, window[-1].light))
        yield from _between(key, new, window)
        key, before = new, window[-1]
    if key is not None and before is not None:
        yield State(key.ab, key.weight, before.light, before.smooth)


@dataclass
class _Pair:
    """A frame to find the motion of, and L* of the one before with the same evened; hidden: a flash lies between."""

    item: Any
    index: int
    now: tuple[Float, NDArray[np.uint8]]
    before: tuple[Float, NDArray[np.uint8]] | None
    hidden: bool


def _pairs(frames: Iterable[tuple[int, Any, Float]], state: State | None, flashes: frozenset[int]) -> Iterator[_Pair]:
    before = None if state is None else (state.light, evened(state.light))
    for index, item, light in frames:
        now = light, evened(light)
        yield _Pair(item, index, now, before, index in flashes or index - 1 in flashes)
        before = now


def _with_motion(pair: _Pair) -> _Seen:
    """What a flash shows is taken to be where it was."""
    light = pair.now[0]
    back = forth = None
    if pair.hidden:
        back = forth = still(light, np.float32(0.9))
    elif pair.before is not None:
        back, forth = two_way(pair.before, pair.now)
    return _Seen(pair.item, pair.index, light, back, forth)


@dataclass
class _Key:
    index: int
    ab: Float
    weight: Float


def _start(light: Float) -> Float:
    return np.dstack([grid(*light.shape), np.ones(light.shape, np.float32)])


def _followed(before: _Held, seen: _Seen, flash: bool) -> _Held:
    """A frame, followed to the key before by way of the frame before."""
    light, back = seen.light, seen.back
    assert back is not None
    brought = moved(np.dstack([before.there, before.smooth]), back.at)
    there = np.ascontiguousarray(brought[..., :3])
    there[..., 2] *= back.trust
    share = _DENOISE * back.trust
    carried = brought[..., 3]
    smooth = light if flash else light + share * np.clip(carried + (light.mean() - carried.mean()) - light, -6, 6)
    return _Held(seen.item, seen.index, light, smooth, there, seen.forth)


def _joined(key: _Key, now: _Held, answer: Answer) -> _Key:
    """A key frame's colours: those carried from the key before, and the model's, by weight."""
    carried = moved(np.dstack([key.ab, key.weight]), np.ascontiguousarray(now.there[..., :2]))
    old = carried[..., 2] * now.there[..., 2]
    # What came into view, or was lost on the way, takes after what it belongs to by the edges of lightness.
    near = propagate.smoother(now.smooth, _BELONGS)(np.dstack([carried[..., :2] * old[..., None], old]))
    known = np.maximum(near[..., 2], 1e-3)
    lent = np.maximum(_LENT * known - old, 0)
    ab = carried[..., :2] + (lent / (lent + old + 1e-6))[..., None] * (
        near[..., :2] / known[..., None] - carried[..., :2]
    )
    old = old + lent
    total = old + answer.weight
    share = (answer.weight / total)[..., None]
    ab = mixed(ab, answer.ab, share)
    # Colours from hints count for more than that, and go on doing so.
    return _Key(now.index, ab, np.minimum(total, np.maximum(_MOST, np.maximum(old, answer.weight))))


def mixed(one: Float, other: Float, share: Float) -> Float:
    """Colours (h, w, 2) between two, ``share`` (h, w, 1) of the way, as vivid as both are on average.

    The mean of two hues is duller than either; over many key frames, that would make a film grey.
    """
    ab = one + share * (other - one)
    vivid = [
        cv2.magnitude(*(np.ascontiguousarray(each[..., channel]) for channel in (0, 1))) for each in (one, other, ab)
    ]
    wanted = np.sqrt((1 - share[..., 0]) * np.square(vivid[0]) + share[..., 0] * np.square(vivid[1]))
    gain = np.clip(wanted / np.maximum(vivid[2], np.float32(1)), 1, _VIVID)
    return np.asarray(ab * gain[..., None], np.float32)


def _between(key: _Key, new: _Key, window: list[_Held]) -> Iterator[Colored]:
    """The frames from after one key to the next."""
    ahead: list[Float] = []  # where each frame lies in the new key, and trust
    there = _start(new.ab[..., 0])
    for held in reversed(window):
        ahead.append(there)
        if held.forth is not None and held is not window[0]:
            there = moved(there, held.forth.at)
            there[..., 2] *= held.forth.trust
    for held, onward in zip(window, reversed(ahead), strict=True):
        if held.index == new.index:
            yield Colored(held.item, new.ab, held.smooth, held.light, new.weight)
            continue
        share = np.float32((held.index - key.index) / (new.index - key.index))
        old = moved(key.ab, np.ascontiguousarray(held.there[..., :2]))
        coming = moved(new.ab, np.ascontiguousarray(onward[..., :2]))
        by_old = (held.there[..., 2] + _FLOOR) * (1 - share)
        by_new = (onward[..., 2] + _FLOOR) * share
        part = (by_new / (by_old + by_new))[..., None]
        yield Colored(held.item, old + part * (coming - old), held.smooth, held.light, by_old + by_new)


def _grain(noise: Float) -> float:
    """Standard deviation of what the mean along the flow took away, robustly."""
    return min(float(cv2.norm(noise[::4, ::4], cv2.NORM_L1)) / max(noise[::4, ::4].size, 1) * 1.25, 6.0)

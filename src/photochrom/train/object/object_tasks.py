"""Simulated users: which object is wanted, the first click or box, and each next click, in the largest error so far."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import cv2
import numpy as np

from photochrom.steering.prompts import Box, prompt_planes
from photochrom.train.object.label_maps import IGNORED, WHOLE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Bool: TypeAlias = NDArray[np.bool_]
    Float: TypeAlias = NDArray[np.float32]

__all__ = ["SMALLEST", "Prompt", "Task", "corrected", "draw_task", "first_prompt", "innermost", "objects_in"]

#: An object has so many cells at least.
SMALLEST = 20
#: Share of prompts that are boxes; sides move by these shares of the box: sigma, and outward on the average.
_BOXES, _SIGMA, _OUTWARD = 0.4, 0.05, 0.03
#: Share of clicks that lie anywhere in the object rather than well inside; radius of a click, in cells.
_ANYWHERE, _RADIUS = 0.4, 1.0
#: Share of corrections that forget what was clicked before: a mask that was kept has no history.
_FORGET = 0.3


class Task(NamedTuple):
    """The cells (h, w) of an object, and those for which this is known."""

    target: Bool
    known: Bool


class Prompt(NamedTuple):
    """What a user has marked so far: cells (h, w) that are added and erased, and a box."""

    add: Bool
    erase: Bool
    box: Box | None

    def planes(self, mask: Float | None = None) -> Float:
        """See :func:`photochrom.steering.prompts.prompt_planes`."""
        return prompt_planes(self.add, self.erase, self.box, mask)


def objects_in(objects: NDArray[np.uint8]) -> NDArray[np.int64]:
    """The numbers of the objects of a picture that are large enough to be wanted."""
    counts = np.bincount(objects.ravel(), minlength=256)
    counts[[0, IGNORED]] = 0
    return np.flatnonzero(counts >= SMALLEST)


def draw_task(objects: NDArray[np.uint8], rng: np.random.Generator) -> tuple[Task, Prompt] | None:
    """An object of a picture and the first prompt for it; None where there is none.

    A click on a thing whose parts are not told apart may mean any part: it only teaches that the rest is outside.
    """
    numbers = objects_in(objects)
    if not len(numbers):
        return None
    number = int(rng.choice(numbers))
    target, known = objects == number, objects != IGNORED
    boxed = bool(rng.random() < (0.8 if number == WHOLE else _BOXES))
    prompt = first_prompt(target, rng, boxed=boxed)
    if number == WHOLE and not boxed:
        return Task(np.zeros_like(target), known & ~target), prompt
    return Task(target, known), prompt


def first_prompt(target: Bool, rng: np.random.Generator, *, boxed: bool) -> Prompt:
    """A box around the target, drawn by hand, or a click in it."""
    nothing = np.zeros_like(target)
    if boxed:
        return Prompt(nothing, nothing, _box(target, rng))
    if rng.random() < _ANYWHERE:
        place = rng.choice(np.argwhere(target))
    else:
        inside: Any = cv2.distanceTransform(np.pad(target, 1).astype(np.uint8), cv2.DIST_L2, 3)[1:-1, 1:-1]
        place = rng.choice(np.argwhere(inside >= rng.uniform(0.5, 1.0) * inside.max()))
    return Prompt(_dab(place, target.shape), nothing, None)


def corrected(task: Task, prompt: Prompt, found: Bool, rng: np.random.Generator) -> Prompt:
    """The prompt with one more click: in the largest part that ``found`` (h, w) has wrong, well inside."""
    wrong = (found != task.target) & task.known
    if not wrong.any():
        return prompt
    y, x = innermost(wrong)
    dab = _dab((y, x), wrong.shape)
    if rng.random() < _FORGET:
        prompt = Prompt(np.zeros_like(wrong), np.zeros_like(wrong), None)
    if task.target[y, x]:
        return prompt._replace(add=prompt.add | dab)
    return prompt._replace(erase=prompt.erase | dab)


def innermost(mask: Bool) -> tuple[int, int]:
    """The cell (y, x) of a mask (h, w) that is farthest from its border; the picture's border is one."""
    inside: Any = cv2.distanceTransform(np.pad(mask, 1).astype(np.uint8), cv2.DIST_L2, 3)[1:-1, 1:-1]
    y, x = np.unravel_index(int(inside.argmax()), mask.shape)
    return int(y), int(x)


def _box(target: Bool, rng: np.random.Generator) -> Box:
    spans = []
    for axis in (0, 1):
        used = np.flatnonzero(target.any(axis=axis))
        low, high, count = int(used[0]), int(used[-1]) + 1, target.shape[1 - axis]
        out = rng.normal(_OUTWARD, _SIGMA, 2).clip(-0.1, 0.25) * (high - low)
        spans.append((max(low - out[0], 0) / count, min(high + out[1], count) / count))
    (x0, x1), (y0, y1) = spans
    return x0, y0, x1, y1


def _dab(place: Any, shape: tuple[int, ...]) -> Bool:
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    return np.asarray((rows - place[0]) ** 2 + (columns - place[1]) ** 2 <= _RADIUS**2)

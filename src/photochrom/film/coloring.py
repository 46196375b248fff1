"""What films ask of the model: all that this package needs of the colorizer stands here.

A key frame is opened like a photograph, at work size. Its cells take after like cells in other key frames of the shot (what
belongs together is decided by the encoder's vectors and by lightness), so that the shot is decided as one thing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from photochrom import decode, fuse
from photochrom.colorizer import Colorizer
from photochrom.edits.edits import Edits
from photochrom.edits.places import Spot
from photochrom.parallel import product
from photochrom.resize import resized
from photochrom.steering.hinted import clicked_object
from photochrom.steering.kinds import kinds_of
from photochrom.steering.prompts import CELL
from photochrom.steering.reference import vectors_of
from photochrom.views import LONGEST

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from photochrom.colorized import Colorized
    from photochrom.colorizer import Opened
    from photochrom.edits.hints import Hint, Step
    from photochrom.film.layout import Layout

    Float = NDArray[np.float32]

__all__ = ["Answer", "Coloring", "Look"]

#: Cells are one thing as far as exp(-|u - v|^2 / _UNLIKE) of their vectors and likewise of their L*.
_UNLIKE, _LIGHT = 0.35, 12.0
#: At most so many cells of other key frames are asked, and the share of their answer at the most.
_ASKED, _MOST = 500, 0.8
#: What key frames agree on is made more vivid by this factor at the most.
_VIVID = 1.8
#: How much a hint's colours count against those of the model, and the change (in ab) from which on a hint has reached a place.
_HINTED, _REACHED = 12.0, 2.0
#: A hint that changes its place by more than this, in ab, is about one thing, which covers at most this share of the frame.
_SURPRISING, _WHOLE = 15.0, 0.6
#: The thing is what changes by this share of the change at the hint's place.
_THING = 0.8
#: What the object head sees there as an object, by more than this share, belongs to it, if they have so much in common.
_SEEN, _SAME = 0.5, 0.7


@dataclass(frozen=True)
class Look:
    """A key frame that the encoder has seen: ``opened``; of its cells (gh, gw) ab (gh, gw, 2), how sure the model is, and L*."""

    opened: Opened
    ab: Float
    sure: Float
    light: Float

    @property
    def vectors(self) -> Float:
        """(n, C): |u - v|^2 from 0 (alike) to about 4."""
        vectors = self.opened.once(vectors_of)
        return vectors.reshape(-1, vectors.shape[-1])


@dataclass(frozen=True)
class Answer:
    """Colours of a key frame at work size: ab (h, w, 2), and how much they count (h, w): about 0.2 to 1.2, more where hinted."""

    ab: Float
    weight: Float


class Coloring:
    """A model that is ready, and what the user wants of it everywhere: dials and palette, without hints."""

    def __init__(self, model: str | None, edits: Edits, *, quality: str = "normal", threads: int | None = None) -> None:
        self.colorizer = Colorizer(model, quality="best" if quality == "best" else "normal", threads=threads)
        self.edits = edits
        # Key frames are decoded together with this vividness; a palette and all other dials need the steps of a photograph.
        plain = edits == Edits(vividness=edits.vividness)
        self._decoded = plain and self.colorizer.session.output == "ab-bins"

    @property
    def name(self) -> str:
        """The model's."""
        return self.colorizer.session.name

    def work_size(self, layout: Layout, aspect: float, turned: bool) -> tuple[int, int]:
        """Width and height at which frames are looked at, as they lie in the film; aspect: of a pixel; turned: by 90 degrees."""
        width, height = layout.width * aspect, float(layout.height)
        short, cell = self.colorizer.work_size, self.colorizer.session.stride
        scale = min(short / min(width, height), LONGEST * short / max(width, height))
        return tuple(max(1, round(side * scale / cell)) * cell for side in (width, height))  # type: ignore[return-value]

    def look(self, light: Float) -> Look:
        """Open a key frame: L* (h, w) of work size, upright."""
        opened = self.colorizer.open(_grey(light))
        session = self.colorizer.session
        stride, (height, width) = session.stride, opened.work_lightness.shape
        grid = -(-height // stride), -(-width // stride)
        cells = resized(opened.work_lightness, grid)
        if not self._decoded:
            return Look(opened, np.zeros((*grid, 2), np.float32), np.zeros(grid, np.float32), cells)
        scores = session.decode(opened.features)
        vividness = self.edits.vividness
        ab = decode.decode_bins(opened.agreed(scores), session.bins, vividness, session.log_prior, session.temperature)
        return Look(opened, ab, decode.confidence(scores), cells)

    def answer(
        self, look: Look, others: Sequence[Look] = (), hints: Sequence[Step] = (), references: Sequence[Step] = ()
    ) -> Answer:
        """Colours of a key frame that agree with other key frames of its shot, and obey hints at work-size pixels.

        references: hints of :meth:`refer`, which count no more than the model does where colours are carried to.
        """
        light = look.opened.work_lightness
        if self._decoded:
            cells = as_vivid(agreed(look, others), look.ab) if others else look.ab
            automatic = Answer(fuse.sharpen(cells, light), resized(look.sure, light.shape) + np.float32(0.2))
        else:
            plain = look.opened.paint(self.edits)
            automatic = Answer(_ab(plain, light), resized(plain.confidence, light.shape) + np.float32(0.2))
        if not hints and not references:
            return automatic
        painted = [look.opened.paint(self.edits, hints=given) for given in ((), references, (*hints, *references))]
        bare, referred, after = (_ab(one, light) for one in painted)
        change = after - referred
        reached = np.minimum(np.hypot(change[..., 0], change[..., 1]) / np.float32(_REACHED), 1)
        # Where a hint has reached, the photograph's answer holds; elsewhere what the shot has agreed on, with the change.
        ab = after + (1 - reached[..., None]) * (automatic.ab - bare)
        return Answer(ab, automatic.weight * (1 + reached * np.float32(_HINTED)))

    def reached(self, look: Look, hint: Hint) -> NDArray[np.bool_] | None:
        """The thing that a hint of a surprising colour recolours, (h, w); None where it only sets the tone, or that of all."""
        light = look.opened.work_lightness
        before, after = (_ab(look.opened.paint(self.edits, hints=given), light) for given in ((), (hint,)))
        change = np.hypot(*np.moveaxis(after - before, -1, 0))
        assert isinstance(hint.place, Spot)
        x, y = round(hint.place.x), round(hint.place.y)
        there = float(change[y, x])
        if there < _SURPRISING:
            return None
        thing = _part(change > _THING * there, x, y)
        if look.opened.once(kinds_of) is None:  # where people are seen, the hint has asked the head already
            share = clicked_object(look.opened, frozenset({(y // CELL, x // CELL)}))
            seen = None if share is None else _part(resized(share, light.shape) > _SEEN, x, y)
            if seen is not None and (thing & seen).sum() >= _SAME * min(thing.sum(), seen.sum()):
                thing |= seen
        return np.asarray(thing) if thing.mean() <= _WHOLE else None

    def refer(self, look: Look, picture: NDArray[np.uint8]) -> Step:
        """A hint that gives a key frame the colours of a colour picture (h, w, 3) sRGB."""
        return look.opened.refer(picture)


def agreed(look: Look, others: Sequence[Look]) -> Float:
    """Colours (gh, gw, 2) of a key frame's cells, mixed with those of like cells in others of its shot.

    Colours are mixed, not scores: a mean of scores is nearer to all colours at once, and so duller than any.
    """
    vectors = np.concatenate([one.vectors for one in others])
    light = np.concatenate([one.light.ravel() for one in others])
    ab = np.concatenate([one.ab.reshape(-1, 2) for one in others])
    if len(light) > _ASKED:
        chosen = np.linspace(0, len(light) - 1, _ASKED).astype(int)
        vectors, light, ab = vectors[chosen], light[chosen], ab[chosen]
    own = look.vectors
    squared = (own**2).sum(1)[:, None] + (vectors**2).sum(1) - 2 * product(own, np.ascontiguousarray(vectors.T))
    unlike = (look.light.ravel()[:, None] - light) * np.float32(0.5**0.5 / _LIGHT)
    weights: Any = cv2.exp(
        np.maximum(squared, 0) * np.float32(-1 / _UNLIKE) - unlike**2
    )  # in a quarter of NumPy's time
    weight = np.asarray(weights, np.float32)
    total = weight.sum(axis=1, keepdims=True)
    mean = product(weight, ab) / (total + np.float32(1e-6))
    share = np.float32(_MOST) * total / (total + 3)
    return np.asarray(look.ab + (share * (mean - look.ab.reshape(-1, 2))).reshape(look.ab.shape), np.float32)


def as_vivid(cells: Float, own: Float) -> Float:
    """Cells (gh, gw, 2) that many key frames agreed on, as far apart in colour as the key frame's own are, around their mean."""
    mean = cells.mean(axis=(0, 1))
    spread, wanted = (float(np.square(ab - ab.mean(axis=(0, 1))).mean()) ** 0.5 for ab in (cells, own))
    return np.asarray(mean + (cells - mean) * np.float32(np.clip(wanted / max(spread, 1.0), 1, _VIVID)), np.float32)


def _part(mask: NDArray[np.bool_], x: int, y: int) -> NDArray[np.bool_]:
    """What of a mask (h, w) hangs together around the pixel (x, y); nothing where that is not in it."""
    _, parts = cv2.connectedComponents(mask.astype(np.uint8), connectivity=4)
    return np.asarray((parts == parts[y, x]) & mask)


def _grey(light: Float) -> NDArray[np.uint16]:
    """sRGB-encoded grey of 16 bits of L* (h, w)."""
    from photochrom.film.chroma import level_lightness

    codes: NDArray[Any] = np.interp(light, level_lightness(), np.arange(256) * (65535 / 255))
    return np.asarray(np.rint(codes), np.uint16)


def _ab(painted: Colorized, light: Float) -> Float:
    """Colours (h, w, 2) of a painted key frame, with what holds to the pixel."""
    return fuse.ab_strip(painted.color, light, 0, light.shape[0], painted.layers)

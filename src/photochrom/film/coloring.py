"""What films ask of the model: all that this package needs of the colorizer stands here.

A key frame is opened like a photograph, at work size. Its scores are mixed with those of like cells in other key frames of the
shot (what belongs together is decided by the encoder's vectors and by lightness), so that the shot is decided as one thing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from photochrom import decode, fuse
from photochrom.colorizer import Colorizer
from photochrom.edits.edits import Edits
from photochrom.parallel import product
from photochrom.steering.reference import vectors_of
from photochrom.views import LONGEST

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from photochrom.colorized import Colorized
    from photochrom.colorizer import Opened
    from photochrom.edits.hints import Step
    from photochrom.film.layout import Layout

    Float = NDArray[np.float32]

__all__ = ["Answer", "Coloring", "Look"]

#: Cells are one thing as far as exp(-|u - v|^2 / _UNLIKE) of their vectors and likewise of their L*.
_UNLIKE, _LIGHT = 0.35, 12.0
#: At most so many cells of other key frames are asked, and the share of their answer at the most.
_ASKED, _MOST = 1500, 0.8
#: What key frames agree on is made more vivid by this factor at the most.
_VIVID = 1.8
#: How much a hint's colours count against those of the model, and the change (in ab) from which on a hint has reached a place.
_HINTED, _REACHED = 12.0, 2.0


@dataclass(frozen=True)
class Look:
    """A key frame that the encoder has seen: ``opened``, and the model's scores (Q, gh, gw), or None for a model of plain ab."""

    opened: Opened
    scores: Float | None
    cells: Float

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
        self._decoded = edits == Edits(vividness=edits.vividness)

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
        cells: Any = cv2.resize(opened.work_lightness, self._grid(opened), interpolation=cv2.INTER_AREA)
        if self.colorizer.session.output != "ab-bins":
            return Look(opened, None, cells)
        return Look(opened, self.colorizer.session.decode(opened.features), cells)

    def answer(
        self, look: Look, others: Sequence[Look] = (), hints: Sequence[Step] = (), references: Sequence[Step] = ()
    ) -> Answer:
        """Colours of a key frame that agree with other key frames of its shot, and obey hints at work-size pixels.

        references: hints of :meth:`refer`, which count no more than the model does where colours are carried to.
        """
        light = look.opened.work_lightness
        if look.scores is None or not self._decoded:
            plain = look.opened.paint(self.edits)
            ab = _ab(plain, light)
            automatic = Answer(ab, _enlarged(plain.confidence, light) + np.float32(0.2))
        else:
            cells, own = (self._cells(scores, look) for scores in (agreed(look, others), look.scores))
            cells = as_vivid(cells, own, others)
            sure = decode.confidence(look.scores)
            automatic = Answer(fuse.sharpen(cells, light), _enlarged(sure, light) + np.float32(0.2))
        if not hints and not references:
            return automatic
        painted = [look.opened.paint(self.edits, hints=given) for given in ((), references, (*hints, *references))]
        bare, referred, after = (_ab(one, light) for one in painted)
        change = after - referred
        reached = np.minimum(np.hypot(change[..., 0], change[..., 1]) / np.float32(_REACHED), 1)
        return Answer(automatic.ab + (after - bare), automatic.weight * (1 + reached * np.float32(_HINTED)))

    def _cells(self, scores: Float, look: Look) -> Float:
        """ab (gh, gw, 2) of a key frame's cells."""
        session = self.colorizer.session
        agreeing = look.opened.agreed(scores)
        return decode.decode_bins(agreeing, session.bins, self.edits.vividness, session.log_prior, session.temperature)

    def refer(self, look: Look, picture: NDArray[np.uint8]) -> Step:
        """A hint that gives a key frame the colours of a colour picture (h, w, 3) sRGB."""
        return look.opened.refer(picture)

    @staticmethod
    def _grid(opened: Opened) -> tuple[int, int]:
        stride = opened.session.stride
        height, width = opened.work_lightness.shape
        return -(-width // stride), -(-height // stride)


def agreed(look: Look, others: Sequence[Look]) -> Float:
    """Scores (Q, gh, gw) of a key frame, mixed with those of like cells in others of its shot."""
    assert look.scores is not None
    scored = [
        (one.vectors, one.cells.ravel(), one.scores.reshape(len(one.scores), -1))
        for one in others
        if one.scores is not None
    ]
    if not scored:
        return look.scores
    vectors, light, scores = (np.concatenate([row[i] for row in scored], axis=1 if i == 2 else 0) for i in range(3))
    if len(light) > _ASKED:
        chosen = np.linspace(0, len(light) - 1, _ASKED).astype(int)
        vectors, light, scores = vectors[chosen], light[chosen], scores[:, chosen]
    own = look.vectors
    squared = (own**2).sum(1)[:, None] + (vectors**2).sum(1) - 2 * product(own, np.ascontiguousarray(vectors.T))
    unlike = (look.cells.ravel()[:, None] - light) / np.float32(_LIGHT)
    weight = np.exp(-np.maximum(squared, 0) / np.float32(_UNLIKE) - np.float32(0.5) * unlike**2)
    total = weight.sum(axis=1)
    mean = product(np.ascontiguousarray(scores), np.ascontiguousarray((weight / (total[:, None] + 1e-6)).T))
    share = np.float32(_MOST) * total / (total + 3)
    mixed = look.scores.reshape(mean.shape) * (1 - share) + mean * share
    return np.asarray(mixed.reshape(look.scores.shape), np.float32)


def as_vivid(cells: Float, own: Float, others: Sequence[Look]) -> Float:
    """Cells (gh, gw, 2) that many key frames agreed on, as vivid on average as the key frame's own are.

    Where key frames disagree, the mean of their scores is duller than any of them.
    """
    if not others:
        return cells
    mean, wanted = (float(np.square(ab).mean()) ** 0.5 for ab in (cells, own))
    return np.asarray(cells * np.float32(np.clip(wanted / max(mean, 1.0), 1, _VIVID)))


def _grey(light: Float) -> NDArray[np.uint16]:
    """sRGB-encoded grey of 16 bits of L* (h, w)."""
    from photochrom.film.chroma import level_lightness

    codes: NDArray[Any] = np.interp(light, level_lightness(), np.arange(256) * (65535 / 255))
    return np.asarray(np.rint(codes), np.uint16)


def _ab(painted: Colorized, light: Float) -> Float:
    """Colours (h, w, 2) of a painted key frame, with what holds to the pixel."""
    return fuse.ab_strip(painted.color, light, 0, light.shape[0], painted.layers)


def _enlarged(values: NDArray[Any], light: Float) -> Float:
    return np.asarray(cv2.resize(values, light.shape[::-1], interpolation=cv2.INTER_LINEAR), np.float32)

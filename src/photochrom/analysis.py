"""One analysed photograph: the picture, its features, and whatever is computed from them once."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from photochrom import decode
from photochrom.images import SourceImage, Tint
from photochrom.resize import resized
from photochrom.session import Features, Session

__all__ = ["Analysis", "Cells"]

T = TypeVar("T")
K = TypeVar("K", bound=Hashable)
Float = NDArray[np.float32]


class Cells(NamedTuple):
    """The model's prediction in its cells.

    ab: (gh, gw, 2). expected: the mean over its distribution, (gh, gw, 2), regardless of the vividness. confidence:
    (gh, gw), in [0, 1].
    """

    ab: Float
    expected: Float
    confidence: Float


@dataclass(frozen=True, eq=False)
class Analysis:
    """A photograph that the encoder has seen.

    ``work_lightness`` is what it saw: (h, w) float32, L* in [0, 100], in whole cells of the model. ``details``: what it saw
    when it looked closer, see :mod:`photochrom.views`.
    """

    session: Session
    source: SourceImage
    tint: Tint
    work_lightness: Float
    features: Features = field(repr=False)
    details: Features | None = field(repr=False)
    _kept: dict[Any, Any] = field(default_factory=dict, init=False, repr=False)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the upright photograph, in pixels."""
        return self.source.info.width, self.source.info.height

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of the model's cells, one for every ``session.stride`` work pixels."""
        rows, columns = (side // self.session.stride for side in self.work_lightness.shape)
        return rows, columns

    @property
    def notices(self) -> tuple[str, ...]:
        """Sentences for the user about this photograph."""
        notices = self.source.info.notices + self.source.findings
        if self.tint.already_colour:
            notices += ("already a colour photograph: its colours were replaced, only its lightness was used",)
        return notices

    def decode(self, hints: Float | None, histogram: NDArray[Any] | None, vividness: float) -> Cells:
        """The model's prediction for the photograph.

        hints: (3, gh, gw), for a model that takes them: a*, b* and a mask (see Session); None: none. histogram: (261,), shares of
        the ab bins. vividness: 0 to 1. Raises OptionError, InvalidModelError.
        """
        session = self.session
        out = session.decode(self.features, hints, histogram)
        if session.output == "ab-bins":
            scores = self.agreed(out, self.features)
            expected = decode.annealed_mean(scores, session.bins, 1.0)
            return Cells(self._colors(scores, vividness), expected, decode.confidence(out))
        ab = self._colors(out, vividness)
        return Cells(ab, ab, np.ones(ab.shape[:2], np.float32))

    def decode_details(self, histogram: NDArray[Any] | None, vividness: float) -> Float | None:
        """Automatic colours (fh, fw, 2) in the smaller cells in which the details were seen; None: they were not.

        histogram and vividness: as for :meth:`decode`.
        """
        if self.details is None:
            return None
        ab = self._colors(self.session.decode(self.details, None, histogram), vividness)
        if self.session.output != "ab-bins":
            return ab
        # There are so many of these cells that their colours agree and not their scores: a tenth of the time.
        return np.moveaxis(self.agreed(np.moveaxis(ab, -1, 0), self.details), 0, -1)

    def agreed(self, scores: Float, features: Features | None = None) -> Float:
        """Scores or colours of cells, (n, h, w), on which like cells agree. features: theirs; by default the whole view's."""
        _, h, w = scores.shape
        known = (features or self.features).arrays[0][0, :, :h, :w] if self.session.hints else None
        return decode.agree(scores, resized(self.work_lightness, (h, w)), known)

    def _colors(self, scores: Float, vividness: float) -> Float:
        session = self.session
        if session.output == "ab":
            return decode.decode_ab(scores, vividness)
        return decode.decode_bins(scores, session.bins, vividness, session.log_prior, session.temperature)

    def once(self, make: Callable[[Analysis], T]) -> T:
        """``make(self)``, computed at the first call and kept."""
        if make not in self._kept:
            self._kept[make] = make(self)
        value: T = self._kept[make]
        return value

    def reuse(self, name: str, keys: Iterable[K], make: Callable[[K], T]) -> dict[K, T]:
        """``{key: make(key)}``, with the last call's values of this ``name`` where keys are the same; older ones are dropped."""
        last: dict[K, T] = self._kept.get(name, {})
        made = {key: last[key] if key in last else make(key) for key in keys}
        self._kept[name] = made  # a new one each time, so that several threads may paint
        return made

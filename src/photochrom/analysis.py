"""One analysed photograph: the picture, what the encoder saw of it, and what was computed from that once."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from photochrom import decode
from photochrom.color import lightness
from photochrom.images import SourceImage, Tint, classify_tint, network_view
from photochrom.resize import resized
from photochrom.session import Features, Session

__all__ = ["Analysis", "Cells", "analyse", "copy_lightness", "frozen"]

T = TypeVar("T")
K = TypeVar("K", bound=Hashable)
Float = NDArray[np.float32]

#: A panorama is seen at this many times its work size along its longer side, at the most.
LONGEST = 4


class Cells(NamedTuple):
    """What the model makes of its cells.

    ab: (gh, gw, 2). expected: the mean of all colours that it thinks likely, (gh, gw, 2), whatever the vividness. confidence:
    (gh, gw), in [0, 1].
    """

    ab: Float
    expected: Float
    confidence: Float


@dataclass(frozen=True, eq=False)
class Analysis:
    """A photograph that the encoder has seen.

    ``work_lightness`` is what it saw: (h, w) float32, L* in [0, 100], in whole cells of the model.
    """

    session: Session
    source: SourceImage
    tint: Tint
    work_lightness: Float
    features: Features = field(repr=False)
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
        """What the model makes of the photograph.

        hints: (3, gh, gw), for a model that takes them: a*, b* and a mask (see Session); None: none. histogram: (261,), shares of
        the ab bins. vividness: 0 to 1. Raises OptionError, InvalidModelError.
        """
        session = self.session
        out = session.decode(self.features, hints, histogram)
        if session.output == "ab-bins":
            scores = decode.agree(out, resized(self.work_lightness, out.shape[1:]))
            ab = decode.decode_bins(scores, session.bins, vividness, session.log_prior, session.temperature)
            expected = decode.annealed_mean(scores, session.bins, 1.0)
            return Cells(ab, expected, decode.confidence(out))
        ab = decode.decode_ab(out, vividness)
        return Cells(ab, ab, np.ones(ab.shape[:2], np.float32))

    def once(self, make: Callable[[Analysis], T]) -> T:
        """``make(self)``, computed at the first call and kept."""
        if make not in self._kept:
            self._kept[make] = make(self)
        value: T = self._kept[make]
        return value

    def reuse(self, name: str, keys: Iterable[K], make: Callable[[K], T]) -> dict[K, T]:
        """``{key: make(key)}``; what the last call of this ``name`` made is taken from there, and older things are forgotten."""
        last: dict[K, T] = self._kept.get(name, {})
        made = {key: last[key] if key in last else make(key) for key in keys}
        self._kept[name] = made  # a new one each time, so that several threads may paint
        return made


def analyse(session: Session, source: SourceImage, work_size: int) -> tuple[Tint, Float, Features]:
    """What an :class:`Analysis` holds of a picture: its tint, its L* at ``work_size``, and the features. Raises ImageError."""
    height, width = source.info.height, source.info.width
    scale = min(work_size / min(height, width), LONGEST * work_size / max(height, width))
    # Whole cells, so that the network's grid covers exactly the photograph.
    cell = session.stride
    work_width, work_height = (max(1, round(side * scale / cell)) * cell for side in (width, height))
    copy = source.examine(source.work_copy(min(work_width, work_height)))
    if source.frame is not None and source.frame.zoom > 1:
        scale *= source.frame.zoom  # the photograph inside its mount is looked at as large as without
        work_width, work_height = (max(1, round(side * scale / cell)) * cell for side in (width, height))
        copy = source.work_copy(min(work_width, work_height))
    # Networks know things by their size: a small picture is enlarged.
    seen = frozen(resized(copy_lightness(copy), (work_height, work_width), cv2.INTER_CUBIC).clip(0, 100))
    return classify_tint(copy[::2, ::2]), seen, session.encode(network_view(source.frame, seen))


def copy_lightness(copy: NDArray[np.float32]) -> Float:
    """L* (h, w) of a work copy (h, w, 3), sRGB in [0, 1], by way of 16 bits."""
    return lightness((np.clip(copy, 0, 1) * 65535 + 0.5).astype(np.uint16))


def frozen(array: NDArray[Any]) -> NDArray[Any]:
    """The same array, read-only."""
    array.setflags(write=False)
    return array

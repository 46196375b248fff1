"""Several views of one photograph, one answer: the slow setting, for the best colours.

The network looks at the photograph and at its mirror image, at several sizes; the views' log-probabilities are averaged, so that
what only one view believes counts little.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from photochrom.errors import OptionError
from photochrom.resize import resized
from photochrom.session import Features, KernelCells, Session

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["EnsembleFeatures", "EnsembleSession"]

#: Sizes of the views, relative to the work size. `photochrom evaluate --method photochrom:quality=best` measures them.
SCALES = (0.75, 1.0, 1.25)


@dataclass(frozen=True)
class EnsembleFeatures(Features):
    """The features of every view: (features, mirrored?) each. ``arrays`` are those of the photograph as it is."""

    views: tuple[tuple[Features, bool], ...] = ()


class EnsembleSession:
    """A :class:`~photochrom.runtime.Session` that asks another one about several views of the photograph.

    scales: sizes of the views relative to the photograph at work size; each is shown as it is and mirrored. 1 must be among
    them. Raises OptionError for others.
    """

    def __init__(self, session: Session, scales: tuple[float, ...] = SCALES) -> None:
        if 1.0 not in scales or not all(0.1 <= scale <= 10 for scale in scales):
            raise OptionError("scales", scales, "numbers from 0.1 to 10, and 1 among them")
        self._session, self._scales = session, scales

    @property
    def session(self) -> Session:
        """The session that sees each view."""
        return self._session

    @property
    def name(self) -> str:
        """See :class:`~photochrom.runtime.Session`."""
        return self._session.name

    @property
    def output(self) -> Literal["ab-bins", "ab"]:
        """See :class:`~photochrom.runtime.Session`."""
        return self._session.output

    @property
    def stride(self) -> int:
        """See :class:`~photochrom.runtime.Session`."""
        return self._session.stride

    @property
    def work_size(self) -> int:
        """See :class:`~photochrom.runtime.Session`."""
        return self._session.work_size

    @property
    def hints(self) -> bool:
        """See :class:`~photochrom.runtime.Session`."""
        return self._session.hints

    @property
    def log_prior(self) -> NDArray[np.float32] | None:
        """See :class:`~photochrom.runtime.Session`."""
        return self._session.log_prior

    @property
    def bins(self) -> NDArray[np.float32]:
        """See :class:`~photochrom.runtime.Session`."""
        return self._session.bins

    @property
    def temperature(self) -> float | None:
        """See :class:`~photochrom.runtime.Session`."""
        return self._session.temperature

    @property
    def details(self) -> bool:
        """See :class:`~photochrom.runtime.Session`."""
        return self._session.details

    def encode(self, lightness: NDArray[np.float32], overview: Features | None = None) -> Features:
        """See :class:`~photochrom.runtime.Session`. A view of details is one view: its overview is seen in several."""
        if overview is not None:
            return self._session.encode(lightness, overview)
        height, width = lightness.shape
        views = []
        for scale in self._scales:
            size = [max(1, round(side * scale / self.stride)) * self.stride for side in (width, height)]
            seen = lightness if scale == 1 else resized(lightness, (size[1], size[0])).clip(0, 100)
            views += [(self._session.encode(np.ascontiguousarray(seen[:, ::way])), way < 0) for way in (1, -1)]
        plain = views[2 * self._scales.index(1.0)][0]
        return EnsembleFeatures(plain.arrays, height, width, views=tuple(views))

    def decode(
        self, features: Features, hints: NDArray[Any] | None = None, histogram: NDArray[Any] | None = None
    ) -> NDArray[np.float32]:
        """See :class:`~photochrom.runtime.Session`: normalised log-probabilities, or the mean ab."""
        if features.overview is not None:
            return self._session.decode(features, hints, histogram)
        if not isinstance(features, EnsembleFeatures):
            raise OptionError("features", type(features).__name__, "what encode() of this session returned")
        h, w = (-(-side // self.stride) for side in (features.height, features.width))
        answers = []
        for view, mirrored in features.views:
            grid = [-(-side // self.stride) for side in (view.height, view.width)]
            given = None if hints is None else _resized_hints(np.asarray(hints, np.float32), grid[1], grid[0])
            way = -1 if mirrored else 1
            out = self._session.decode(view, None if given is None else given[..., ::way], histogram)[..., ::way]
            if self.output == "ab-bins":
                out = out - _log_sum(out)
            answers.append(np.stack([resized(np.ascontiguousarray(plane), (h, w)) for plane in out]))
        mean: NDArray[np.float32] = np.mean(answers, axis=0)
        return mean

    def kernel(
        self, features: Features, lightness: NDArray[np.float32], expected: NDArray[np.float32]
    ) -> KernelCells | None:
        """See :class:`~photochrom.runtime.Session`: of the photograph as it is."""
        return self._session.kernel(features, lightness, expected)

    def object_mask(
        self, features: Features, lightness: NDArray[np.float32], prompt: NDArray[np.float32]
    ) -> NDArray[np.float32] | None:
        """See :class:`~photochrom.runtime.Session`: of the photograph as it is."""
        return self._session.object_mask(features, lightness, prompt)


def _log_sum(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """log(sum(exp(scores))) over the first axis."""
    greatest = scores.max(axis=0)
    total: NDArray[np.float32] = greatest + np.log(np.exp(scores - greatest).sum(axis=0))
    return total


def _resized_hints(hints: NDArray[np.float32], width: int, height: int) -> NDArray[np.float32]:
    """Hints (3, h, w) on another grid: the mean colour of the hinted cells, and how much of a cell is hinted."""
    if hints.shape[1:] == (height, width) or hints.ndim != 3:  # a wrong shape is the session's to refuse
        return hints
    mask = resized(hints[2], (height, width))
    ab = [resized(plane * hints[2], (height, width)) / np.maximum(mask, 1e-6) for plane in hints[:2]]
    return np.stack([*ab, mask.clip(0, 1)])

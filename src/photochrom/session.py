"""What the other modules know of a model: a session that encodes a photograph once and decodes on every change.

:class:`photochrom.runtime.OnnxSession` is one, :class:`photochrom.ensemble.EnsembleSession` is made of another one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Float: TypeAlias = NDArray[np.float32]
    Array: TypeAlias = NDArray[Any]

__all__ = ["Features", "KernelCells", "Session"]


@dataclass(frozen=True)
class KernelCells:
    """What a model's kernels know of a picture's 8 x 8 cells, for each of two processes.

    embedding: (2, h, w, kernels, dims) float32. scale: (2, h, w, kernels), logarithm of each kernel's deviation in ab. noise:
    (2, h, w), logarithm of the deviation of a hint's colour there, in ab. rulers: (2, 2, kernels), the factors of places, in
    short sides, and of L* / 100. surprise: up to so many standard deviations of the automatic colours a hint is no surprise.
    deviation: (h, w), these standard deviations.
    """

    embedding: Float
    scale: Float
    noise: Float
    rulers: Float
    surprise: float
    deviation: Float


@dataclass(frozen=True)
class Features:
    """What the encoder made of one picture: arrays (1, C, h, w) float32, and the size before padding, in pixels.

    overview: of a view that shows details, the features of the whole photograph that the decoder takes beside its own.
    """

    arrays: tuple[Float, ...]
    height: int
    width: int
    overview: tuple[Float, ...] | None = None


class Session(Protocol):
    """A model that is ready to run: encode once, decode on every change."""

    @property
    def name(self) -> str:
        """Name of the model, for people and for the mark in the result's metadata."""

    @property
    def output(self) -> Literal["ab-bins", "ab"]:
        """What :meth:`decode` returns."""

    @property
    def stride(self) -> int:
        """Pixels along a side of one cell of what :meth:`decode` returns."""

    @property
    def work_size(self) -> int:
        """The short side, in pixels, at which the model colours best."""

    @property
    def hints(self) -> bool:
        """Whether hints and a histogram are obeyed."""

    @property
    def log_prior(self) -> Float | None:
        """Natural logarithm of each ab bin's share in the training pictures, (Q,), where the model has it."""

    @property
    def bins(self) -> Float:
        """Centres of the Q ab bins that the scores are about, (Q, 2)."""

    @property
    def temperature(self) -> float | None:
        """Temperature of the annealed mean at the middle of the vividness dial, where the model has its own."""

    @property
    def details(self) -> bool:
        """Whether the model looks at a photograph twice: at the whole, and closer, at its details."""

    def encode(self, lightness: Float, overview: Features | None = None) -> Features:
        """Lightness (H, W), L* in [0, 100], any size from 1x1 -> features.

        overview: for a model that looks at details, the features of the same photograph at a smaller size. Raises OptionError
        where the model takes none.
        """

    def decode(self, features: Features, hints: Array | None = None, histogram: Array | None = None) -> Float:
        """Scores over the ab bins (Q, h, w), or ab (2, h, w): h = ceil(H / stride), w likewise.

        hints: (3, h, w), a* and b* where the mask, the third channel, in [0, 1], is above 0. histogram: (261,), shares of the
        ab bins, summing to 1. Raises OptionError for others, InvalidModelError where the model fails.
        """

    def kernel(self, features: Features, lightness: Float, expected: Float) -> KernelCells | None:
        """Which places belong together, for the spreading of hints; None for a model without a kernel.

        lightness: (H, W) as it was encoded. expected: (4, h, w), mean and standard deviation of a* and b* in each cell of the
        automatic colours. Raises InvalidModelError where the kernel fails or belongs to another model.
        """

    def object_mask(self, features: Features, lightness: Float, prompt: Float) -> Float | None:
        """Logits (h, w) of the object that a prompt asks for, above 0 inside; None for a model without an object head.

        lightness: (H, W) as it was encoded. prompt: (7, h, w), H a multiple of h, see :mod:`photochrom.steering.prompts`.
        Raises InvalidModelError where the head fails or belongs to another encoder.
        """

"""Skin and hair as kinds of their own: what a small network reads in an encoder's features of each cell.

Cloth lies beside skin, and is often as light and as smooth. An encoder that knows ImageNet's things tells them apart: a network
with one hidden layer on its features, fitted on label maps (benchmarks/skin_fit.py), finds skin and hair. It belongs to the same
encoder as the reading of negatives (:mod:`photochrom.negatives`); of other models nothing is known.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

from photochrom.analysis import Analysis
from photochrom.ensemble import EnsembleSession
from photochrom.negatives import fits
from photochrom.negatives import reading as of_negatives
from photochrom.resize import enlarged
from photochrom.steering.process import KINDS, sampled
from photochrom.weights import WeightsFile, locate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Float: TypeAlias = NDArray[np.float32]

__all__ = ["WEIGHTS", "KindsReading", "alike", "kinds_of", "read_kinds"]

#: The reading, inside the package.
WEIGHTS = WeightsFile(
    "encoder.skin.safetensors", "946740ed7eadb8a2bec45ab77e62cb732c7add66471acfb5c2a82e74862e36c9", 53824
)

#: There are people where so many cells are skin, and so many hair, by a share above this.
_LEAST, _CLEAR = (4, 2), 0.7
#: Or where so many of the details' cells are skin: people in hats and shawls show no hair.
_SKIN_ALONE = 40


class KindsReading(NamedTuple):
    """A network with one hidden layer.

    hidden: (m, n), of the n features of a cell at all strides, and hidden_bias: (m,), before a ReLU; weights: (4, m), of nothing,
    skin, hair and anything else, and bias: (4,).
    """

    hidden: Float
    hidden_bias: Float
    weights: Float
    bias: Float


def kinds_of(photo: Analysis) -> Float | None:
    """The shares of each cell that are skin and hair, (h, w, 2) in [0, 1]; None where there are no people.

    Cells are those of the photograph's details where the model has looked at them, else those of the whole: a face in a group is
    as small as one cell of the whole. Also None where the encoder is not known. What looks like skin alone may be sand or a
    wall: people have skin and hair, or much skin. Raises WeightsNotFoundError, WeightsDigestError.
    """
    session = photo.session.session if isinstance(photo.session, EnsembleSession) else photo.session
    if not fits(session, of_negatives()):
        return None
    h, w = photo.grid
    shares = read_kinds(photo.features.arrays, reading())[:h, :w, 1:3]
    people, details = _people(shares), photo.details
    if details is not None:
        h, w = details.height // photo.session.stride, details.width // photo.session.stride
        shares = read_kinds(details.arrays, reading())[:h, :w, 1:3]
        people = people or _people(shares) or bool(np.count_nonzero(shares[..., 0] > _CLEAR) >= _SKIN_ALONE)
    return np.ascontiguousarray(shares) if people else None


def _people(shares: Float) -> bool:
    """Whether enough cells are skin and enough are hair: shares (h, w, 2)."""
    return bool((np.count_nonzero(shares > _CLEAR, axis=(0, 1)) >= _LEAST).all())


def read_kinds(features: Sequence[Float], kinds: KindsReading) -> Float:
    """Features (1, C, h, w) at strides of 8, 16 and 32 -> probabilities (h, w, 4) of each cell of the finest."""
    shape = features[0].shape[2:]
    parts = np.split(kinds.hidden, np.cumsum([grid.shape[1] for grid in features])[:-1], axis=1)
    hidden = np.zeros((len(kinds.hidden), *shape), np.float32) + kinds.hidden_bias[:, None, None]
    for grid, weights in zip(features, parts, strict=True):
        there = np.tensordot(weights, grid[0], 1).astype(np.float32)
        scale = there.shape[1] / shape[0], there.shape[2] / shape[1]
        hidden += enlarged(there, scale, (shape[0], shape[1]))
    scores = np.tensordot(kinds.weights, hidden.clip(0), 1) + kinds.bias[:, None, None]
    odds = np.exp(scores - scores.max(axis=0))
    return np.asarray(np.moveaxis(odds / odds.sum(axis=0), 0, -1), np.float32)


def alike(kinds: Float, places: Float) -> Float:
    """How far cells show the same kind of thing as some place: kinds (h, w, n), places (m, 2) in [0, 1] -> (h, w) in [0, 1].

    By the rule by which kinds part hints, see :data:`photochrom.steering.process.KINDS`.
    """
    there = sampled(kinds, places)
    apart = ((kinds[..., None, :] - there) ** 2).sum(axis=-1).min(axis=-1)
    return np.asarray(np.exp(-(KINDS**2) / 2 * apart), np.float32)


@cache
def reading() -> KindsReading:
    """The packaged reading. Raises WeightsNotFoundError, WeightsDigestError."""
    from safetensors.numpy import load_file

    arrays = load_file(locate(WEIGHTS))
    return KindsReading(**{name: arrays[name].astype(np.float32) for name in KindsReading._fields})

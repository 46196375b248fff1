"""From a network's output to ab colour: annealed mean, the vividness dial, confidence.

Sources: Zhang, Isola, Efros 2016, eq. 5 (annealed mean); Menon et al. 2021 (post-hoc logit adjustment); Dammertz et al. 2010
(edge-avoiding a-trous filter).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import cv2
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from photochrom.edits.dials import DIALS, Dials
from photochrom.errors import InvalidModelError, OptionError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["DEFAULT_VIVIDNESS", "Setting", "agree", "annealed_mean", "confidence", "decode_ab", "decode_bins", "dial"]

#: The middle of the dial, which is its default.
DEFAULT_VIVIDNESS = Dials.vividness

# What the dial means at 0, at 0.5 and at 1; in between, temperature and gains go geometrically, the weight linearly. Chosen by
# `benchmarks/decoding.py`: a mean over more of the distribution, made more colourful, has fewer blotches than its modes.
_DIAL = (0.0, 0.5, 1.0)
_TEMPERATURES = (0.8, 0.5, 0.4)
_PRIOR_WEIGHTS = (0.0, 0.08, 0.35)
_GAINS = (1.0, 1.2, 1.4)
_PLAIN_GAINS = (0.8, 1.0, 1.25)


class Setting(NamedTuple):
    """What a vividness means: temperature, weight of the prior correction, and gain of chroma, of ab bins and of plain ab."""

    temperature: float
    prior_weight: float
    gain: float
    plain_gain: float


def dial(vividness: float) -> Setting:
    """What a vividness in [0, 1] means.

    0 is safe, near to the mean of all likely colours; 0.5 the default; 1 nearer to the likeliest colour, rare ones favoured, and
    more colourful. Raises OptionError outside [0, 1].
    """
    DIALS["vividness"].checked("vividness", vividness)

    def between(values: tuple[float, ...]) -> float:
        return float(np.exp(np.interp(vividness, _DIAL, np.log(values))))

    weight = float(np.interp(vividness, _DIAL, _PRIOR_WEIGHTS))
    return Setting(between(_TEMPERATURES), weight, between(_GAINS), between(_PLAIN_GAINS))


def annealed_mean(logits: NDArray[Any], bins: NDArray[Any], temperature: float) -> NDArray[np.float32]:
    """Mean colour of softmax(logits / T): (Q, h, w) float and bins (Q, 2) in ab -> ab (h, w, 2) float32.

    T = 1 is the plain mean and T -> 0 the most likely bin (Zhang 2016, eq. 5: raising a softmax to the power 1 / T and
    normalising it again). Raises OptionError unless 0 < T <= 1, InvalidModelError for wrong shapes or non-finite logits.
    """
    if not 0.0 < temperature <= 1.0:
        raise OptionError("temperature", temperature, "a number in (0, 1]")
    if np.ndim(logits) != 3 or np.shape(bins) != (len(logits), 2):
        raise InvalidModelError(
            f"logits of shape {np.shape(logits)} and bins of shape {np.shape(bins)}; expected (Q, h, w) and (Q, 2)"
        )
    weights, total = _exponentials(logits, 1.0 / temperature)
    # Not by the matrix library: for so small a product its threads would stay busy with waiting long after it.
    mean: NDArray[np.float32] = np.einsum("cq,qn->cn", np.ascontiguousarray(np.transpose(bins), np.float32), weights)
    mean /= total
    return np.ascontiguousarray(mean.T).reshape(*np.shape(logits)[1:], 2)


def confidence(logits: NDArray[Any]) -> NDArray[np.float32]:
    """1 - H / log Q of softmax(logits), H its entropy: (Q, h, w) float -> (h, w) float32 in [0, 1]; 1 = one bin only.

    Raises InvalidModelError for non-finite logits.
    """
    if np.ndim(logits) != 3 or len(logits) < 2:
        raise InvalidModelError(f"logits of shape {np.shape(logits)}; expected (Q, h, w) with Q of at least 2")
    # H = log(sum e^z) - sum(z e^z) / sum(e^z), with z shifted so that its largest value is 0.
    shifted = _shifted(logits)
    weights: Any = cv2.exp(shifted)  # in a quarter of NumPy's time
    total = weights.sum(axis=0)
    weights *= shifted
    entropy = np.log(total) - weights.sum(axis=0) / total
    certain: NDArray[np.float32] = np.clip(1 - entropy / np.float32(np.log(len(logits))), 0, 1)
    return certain.reshape(np.shape(logits)[1:])


# The neighbours that a cell agrees with, in four passes: those so many cells away, nearer ones more (sigma in these steps), and
# those of similar lightness (sigma in L*) and similar features (sigma in standard deviations of the picture's).
_STEPS, _NEAR, _ALIKE, _LIKE = (1, 2, 4, 8), 1.0, 8.0, 0.8


def agree(logits: NDArray[Any], lightness: NDArray[Any], features: NDArray[Any] | None = None) -> NDArray[np.float32]:
    """Let cells that look alike agree with their neighbours: (Q, h, w) scores and their cells' L* (h, w) -> (Q, h, w) float32.

    Colours (2, h, w) may stand in the place of scores. features: what the encoder knows of each cell, (C, h, w), if it is known.
    A joint bilateral mean of the scores in passes of growing reach (the edge-avoiding a-trous filter of Dammertz et al. 2010,
    section 2). Without it a lone unsure cell in an even wall may choose another colour than the cells around it, which shows as a
    blotch. Raises InvalidModelError for other shapes or non-finite scores.
    """
    if np.ndim(logits) != 3 or np.shape(lightness) != np.shape(logits)[1:]:
        raise InvalidModelError(f"scores of shape {np.shape(logits)} for cells of shape {np.shape(lightness)}")
    if features is not None and (np.ndim(features) != 3 or np.shape(features)[1:] != np.shape(lightness)):
        raise InvalidModelError(f"features of shape {np.shape(features)} for cells of shape {np.shape(lightness)}")
    _require_finite(logits)
    guide = np.asarray(lightness, np.float32)[None] / np.float32(_ALIKE)
    if features is not None:
        deviation = np.maximum(features.std(axis=(1, 2), keepdims=True), np.float32(1e-3))
        guide = np.concatenate([guide, features / (deviation * np.float32(_LIKE * len(features) ** 0.5))])
    # With the bins last, the sum of the neighbours stays in the nearest cache until it is done.
    scores = np.ascontiguousarray(np.moveaxis(np.asarray(logits, np.float32), 0, -1))
    for step in _STEPS:
        weights = _likeness(guide, step)
        scores = np.einsum("yxij,yxqij->yxq", weights, _neighbours(scores, step))
    return np.ascontiguousarray(np.moveaxis(scores, -1, 0))


def _neighbours(cells: NDArray[np.float32], step: int) -> NDArray[np.float32]:
    """The 3 x 3 cells around each that lie ``step`` apart, the border repeated: (h, w, n) -> a view (h, w, n, 3, 3)."""
    padded = np.pad(cells, ((step, step), (step, step), (0, 0)), "edge")
    around = sliding_window_view(padded, (2 * step + 1, 2 * step + 1), axis=(0, 1))
    return around[..., ::step, ::step]


def _likeness(guide: NDArray[np.float32], step: int) -> NDArray[np.float32]:
    """How much each of the 3 x 3 cells counts, (h, w, 3, 3), summing to 1: guide (n, h, w), in deviations."""
    cells = np.ascontiguousarray(np.moveaxis(guide, 0, -1))
    unlike = _neighbours(cells, step) - cells[..., None, None]
    far = np.array([1, 0, 1], np.float32) / np.float32(_NEAR**2)
    weights = np.exp(np.float32(-0.5) * (np.einsum("yxcij,yxcij->yxij", unlike, unlike) + far[:, None] + far))
    weights /= weights.sum(axis=(2, 3), keepdims=True)
    return np.asarray(weights, np.float32)


def decode_bins(
    logits: NDArray[Any],
    bins: NDArray[Any],
    vividness: float = DEFAULT_VIVIDNESS,
    log_prior: NDArray[Any] | None = None,
    middle: float | None = None,
) -> NDArray[np.float32]:
    """Colour of ab-bin logits at one setting of the dial: (Q, h, w) float -> ab (h, w, 2) float32.

    ``log_prior`` (Q,) is the logarithm of how frequent each bin was in training. Where the dial asks for vivid colours, a
    share tau of it is subtracted from the logits, which equals training with classes reweighted by prior**-tau (Menon 2021).
    ``middle`` is the temperature at the middle of the dial for a model that has its own; the ends keep their ratios to it.
    Raises OptionError and InvalidModelError as :func:`annealed_mean` does, and for a prior of another length or not finite.
    """
    temperature, tau, gain, _ = dial(vividness)
    if middle is not None:
        temperature = min(1.0, temperature * middle / dial(DEFAULT_VIVIDNESS).temperature)
    if log_prior is not None:
        prior = np.asarray(log_prior, np.float32)
        if prior.shape != (len(bins),) or not np.isfinite(prior).all():
            raise InvalidModelError(f"log prior of shape {prior.shape}; expected {len(bins)} finite numbers")
        if tau > 0.0:
            logits = np.asarray(logits, np.float32) - np.float32(tau) * prior[:, None, None]
    ab = annealed_mean(logits, bins, temperature)
    ab *= np.float32(gain)
    return ab


def decode_ab(ab: NDArray[Any], vividness: float = DEFAULT_VIVIDNESS) -> NDArray[np.float32]:
    """Colour of a network that predicts ab itself: (2, h, w) float -> (h, w, 2) float32, chroma scaled mildly by the dial.

    Raises InvalidModelError for another shape or non-finite values, OptionError for a vividness outside [0, 1].
    """
    if np.ndim(ab) != 3 or len(ab) != 2:
        raise InvalidModelError(f"the network's ab has shape {np.shape(ab)}; expected (2, h, w)")
    _require_finite(ab)
    gain = np.float32(dial(vividness).plain_gain)
    scaled: NDArray[np.float32] = np.moveaxis(np.asarray(ab, np.float32), 0, -1) * gain
    return np.ascontiguousarray(scaled)


def _exponentials(logits: NDArray[Any], scale: float) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """exp(scale * (logits - max)) as (Q, h * w), and its sums over Q."""
    shifted = _shifted(logits)
    shifted *= np.float32(scale)
    cv2.exp(shifted, dst=shifted)
    return shifted, shifted.sum(axis=0)


def _shifted(logits: NDArray[Any]) -> NDArray[np.float32]:
    """The logits as (Q, h * w), moved so that the largest of each place is 0."""
    _require_finite(logits)
    flat = np.asarray(logits, np.float32).reshape(len(logits), -1)
    moved: NDArray[np.float32] = flat - flat.max(axis=0)
    return moved


def _require_finite(values: NDArray[Any]) -> None:
    # One sum instead of a whole array of booleans: a NaN or an infinity among float32 values always shows in it.
    with np.errstate(invalid="ignore"):
        total = np.sum(values, dtype=np.float64)
    if not np.isfinite(total):
        raise InvalidModelError(
            "the network's output holds NaN or infinity; check the weights file and the input range"
        )

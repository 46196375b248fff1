"""Semantic transfer: a reference picture's colours for the cells of a photograph that show the same things.

The encoder was pretrained on ImageNet and sees lightness only, so its features tell a face from a wall in the photograph as
well as in the reference. Each cell of the photograph takes the colours of the reference cells most similar to it, weighted by how
reliable the match is: where nothing matches, the weight is 0 and the model's own colours stay.

Adapted from He et al. 2018 ("Deep exemplar-based colorization": match by deep features of lightness, then let a network decide
what to believe); here the weight comes from the precision-weighted mean of two estimates, which needs no network.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import cv2
import numpy as np

from photochrom.analysis import Analysis
from photochrom.color import rgb_to_lab
from photochrom.edits.dials import DEFAULT_TRUST, TRUST
from photochrom.errors import GreyReferenceError, InvalidPixelsError, OptionError
from photochrom.views import frozen

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Float: TypeAlias = NDArray[np.float32]
    Mask: TypeAlias = NDArray[np.bool_]

__all__ = [
    "Reference",
    "Seen",
    "Transfer",
    "cell_colours",
    "described",
    "look",
    "look_at",
    "make_reference",
    "transfer",
    "vectors_of",
]

#: The best matches whose colours are averaged, and the temperature of their softmax, in squared descriptor distance.
BEST, TEMPERATURE = 12, 0.15
#: Weight of lightness beside the features, whose squared distances reach from 0 to 4: 20 L* weigh as much as 1.
_LIGHT_SCALE, _SPREAD_SCALE = 20.0, 10.0
# The squared error of a transferred colour, in ab^2: log grows with the cell's distance d to its best match and with the median
# of d over the picture. Fitted on pairs of crops, and on unrelated pairs, of held-back training pictures.
_LOG_ERROR, _FAR, _ALL_FAR, _USUAL = 5.0, 2.2, 6.5, 1.2
#: What the dial of trust does to the error: from exp(_TRUST / 2) at 0 to its inverse at 1.
_TRUST = 10.0
#: The log error is capped here: the weight is 0 by then, and exp() still fits a float32.
_HOPELESS = 80.0
#: Added to the model's own variance, in ab^2: even a sure model errs by this much.
_LEAST_VARIANCE = 10.0
#: The variance assumed for a model that has none, in ab^2: the median of the default model.
_UNKNOWN_VARIANCE = 150.0
#: A reference whose most colourful percent has less chroma than this is grey.
GREY_CHROMA = 4.0
#: Neighbouring cells that agree: width of the window, sigma in L*, sigma in cells.
_AGREE = 5, 8.0, 1.2
#: The decoder gets as hints only colours of more weight than this.
SURE = 0.8
#: Cells of the photograph that are compared at a time: memory stays small for any number of references.
_ROWS = 512


@dataclass(frozen=True)
class Seen:
    """What the encoder saw of a picture, cell by cell: features at strides 8, 16, 32, each (n, C), and lightness (n, 2).

    ``shape``: rows and columns of cells, n in all. Lightness is the mean and the spread of L* in the cell, scaled.
    """

    shape: tuple[int, int]
    features: tuple[Float, ...]
    light: Float


@dataclass(frozen=True)
class Reference:
    """A colour picture to take colours from: what the encoder saw of it, and ab (n, 2). ``mask`` (n,): cells that may give."""

    seen: Seen
    ab: Float
    mask: Mask


@dataclass(frozen=True)
class Transfer:
    """Colours for the cells of a photograph: ab (h, w, 2), and their weight (h, w) in [0, 1].

    ``distance`` (h, w): squared distance of each cell to its best match, 0 (the same) to about 4.

    Apply the weights by mixing (:meth:`mixed_with`), never as a decoder's mask: the decoder was trained on true hints, and a mask
    of 0.1 steers it almost as much as a mask of 1 (an unrelated reference then costs 5.7 dB instead of 0.2). Reliable colours
    may be given to it as hints first (:meth:`sure_hints`): it then spreads them to cells that matched nothing.
    """

    ab: Float
    weight: Float
    distance: Float

    def sure_hints(self) -> Float:
        """Hints for the decoder, (3, h, w): a* and b* of the cells with more weight than :data:`SURE`, and their mask, 0 or 1."""
        sure = (self.weight > SURE)[..., None]
        return np.moveaxis(np.concatenate([self.ab * sure, sure], axis=-1), -1, 0).astype(np.float32)

    def mixed_with(self, ab: NDArray[Any]) -> Float:
        """The model's own ab (h, w, 2) of the cells, and the reference's by its weight."""
        own = np.asarray(ab, np.float32)
        return own + self.weight[..., None] * (self.ab - own)


def look(features: Sequence[NDArray[Any]], lightness: NDArray[Any], *, stride: int = 8) -> Seen:
    """Describe the cells of a picture.

    features: the encoder's, finest first, each (1, C, h', w') float, coarser ones covering the same (padded) area. lightness:
    (H, W) L* as the encoder saw it. One cell for every ``stride`` pixels. Raises InvalidPixelsError for other shapes.
    """
    light = np.asarray(lightness, np.float32)
    if light.ndim != 2 or not features or any(np.ndim(level) != 4 or len(level) != 1 for level in features):
        raise InvalidPixelsError(
            f"lightness of shape {light.shape} with features of shapes {[np.shape(level) for level in features]}; "
            "expected (H, W) and (1, C, h, w) for each stride"
        )
    h, w = (-(-side // stride) for side in light.shape)
    fine = np.shape(features[0])[2:]
    if fine[0] < h or fine[1] < w:
        raise InvalidPixelsError(f"features of {fine} cells do not cover {(h, w)} cells of {stride} pixels")
    levels = [_enlarged(np.asarray(level[0], np.float32), fine)[:h, :w].reshape(h * w, -1) for level in features]
    below, right = h * stride - light.shape[0], w * stride - light.shape[1]
    blocks = np.pad(light, ((0, below), (0, right)), "edge").reshape(h, stride, w, stride)
    statistics = blocks.mean((1, 3)) / _LIGHT_SCALE, blocks.std((1, 3)) / _SPREAD_SCALE
    return Seen((h, w), tuple(levels), np.stack(statistics, axis=-1).reshape(h * w, 2))


def cell_colours(rgb: NDArray[Any], shape: tuple[int, int]) -> Float:
    """Mean ab of the cells of a picture: sRGB (H, W, 3) float in [0, 1] -> (h, w, 2) float32, ``shape`` = (h, w)."""
    ab = rgb_to_lab(rgb)[..., 1:]
    return np.asarray(cv2.resize(ab, shape[::-1], interpolation=cv2.INTER_AREA), np.float32)


def make_reference(seen: Seen, ab: NDArray[Any], mask: NDArray[Any] | None = None) -> Reference:
    """A reference of its cells' ab (h, w, 2). ``mask`` (h, w): only cells where it is true give colours (None: all).

    Raises InvalidPixelsError for other shapes, NaN or an empty mask, GreyReferenceError where there is no colour to take.
    """
    colours = np.asarray(ab, np.float32)
    if colours.shape != (*seen.shape, 2) or not np.isfinite(colours).all():
        raise InvalidPixelsError(f"ab has shape {colours.shape}, expected finite numbers of shape {(*seen.shape, 2)}")
    allowed = _mask(mask, seen.shape)
    flat = colours.reshape(-1, 2)
    chroma = float(np.percentile(np.hypot(*flat[allowed].T), 99))
    if chroma < GREY_CHROMA:
        raise GreyReferenceError(chroma)
    return Reference(seen, flat, allowed)


def transfer(
    target: Seen,
    references: Sequence[Reference],
    *,
    mask: NDArray[Any] | None = None,
    variance: NDArray[Any] | None = None,
    trust: float = DEFAULT_TRUST,
    least: float = 0.0,
) -> Transfer:
    """Colours for the cells of ``target`` from the most alike cells of all references together.

    mask: (h, w), only cells where it is true get a weight (None: all). variance: (h, w), the model's own variance of ab in each
    cell, in ab^2: a confident model is corrected less. trust: 0.5 uses the errors measured on pairs of pictures, many of them
    unrelated; values nearer 1 suit a reference that is known to fit. least: the weight in [0, 1] that even a poor match gets
    inside the mask; 1 where the user wants this region to look like the reference.
    Raises InvalidPixelsError for other shapes, OptionError for trust or least outside [0, 1].
    """
    if not references:
        raise InvalidPixelsError("no reference was given")
    TRUST.checked("trust", trust)
    if not 0.0 <= least <= 1.0:
        raise OptionError("least", least, "a number from 0 to 1")
    chosen = np.flatnonzero(_mask(mask, target.shape))
    own = np.full(target.shape, _UNKNOWN_VARIANCE) if variance is None else np.asarray(variance, np.float32)
    if own.shape != target.shape:
        raise InvalidPixelsError(f"variance has shape {own.shape}, expected {target.shape}")
    wanted, offered = _descriptors(target, references)
    colours = np.concatenate([reference.ab[reference.mask] for reference in references])
    ab = np.zeros((wanted.shape[0], 2), np.float32)
    distance = np.full(len(wanted), 4.0, np.float32)
    for start in range(0, len(chosen), _ROWS):
        rows = chosen[start : start + _ROWS]
        ab[rows], distance[rows] = _matched(wanted[rows], offered, colours)
    all_far = np.median(distance[chosen])
    log_error = _LOG_ERROR + _FAR * (distance - _USUAL) + _ALL_FAR * (all_far - _USUAL) + _TRUST * (0.5 - trust)
    error = np.exp(np.minimum(log_error, _HOPELESS))
    # Two estimates of one colour: the mean with the least error weighs each by the other's variance.
    spread = own.ravel() + _LEAST_VARIANCE
    weight = np.zeros(len(wanted), np.float32)
    weight[chosen] = (spread / (spread + error))[chosen]
    h, w = target.shape
    ab, weight = _agreed(ab.reshape(h, w, 2), weight.reshape(h, w), target.light[:, 0].reshape(h, w) * _LIGHT_SCALE)
    inside = np.zeros(h * w, bool)
    inside[chosen] = True
    weight = np.where(inside.reshape(h, w), np.maximum(weight, np.float32(least)), 0).astype(np.float32)
    return Transfer(ab, weight, distance.reshape(h, w))


def _agreed(ab: Float, weight: Float, lightness: Float) -> tuple[Float, Float]:
    """Let neighbouring cells of similar lightness agree, by their weights: a lone cell that matched elsewhere makes no blotch."""
    share = weight + np.float32(1e-6)
    planes = np.concatenate([ab * share[..., None], share[..., None]], axis=-1)
    mean: Any = cv2.ximgproc.jointBilateralFilter(np.ascontiguousarray(lightness), planes, *_AGREE)
    # What is added above and the filter's rounding can bring a full weight to 1.000001.
    return np.asarray(mean[..., :2] / mean[..., 2:], np.float32), np.minimum(mean[..., 2], np.float32(1))


def _matched(wanted: Float, offered: Float, colours: Float) -> tuple[Float, Float]:
    """Softmax-weighted mean colour of the best matches, and the squared distance to the very best."""
    squared = (wanted**2).sum(1)[:, None] + (offered**2).sum(1) - 2 * wanted @ offered.T
    count = min(BEST, len(offered))
    best = np.argpartition(squared, count - 1, axis=1)[:, :count]
    near = np.maximum(np.take_along_axis(squared, best, 1), 0)
    least = near.min(axis=1, keepdims=True)
    share = np.exp((least - near) / np.float32(TEMPERATURE))
    share /= share.sum(axis=1, keepdims=True)
    return (share[..., None] * colours[best]).sum(axis=1), least[:, 0]


def _descriptors(target: Seen, references: Sequence[Reference]) -> tuple[Float, Float]:
    """One vector a cell, for the target and for the cells that give colours, see :func:`described`."""
    own, *others = described([target, *(reference.seen for reference in references)])
    return own, np.concatenate([cells[reference.mask] for cells, reference in zip(others, references, strict=True)])


def described(pictures: Sequence[Seen], *, coarse: bool = False) -> list[Float]:
    """One vector for each cell of each picture: (n, C), |u - v|^2 from 0 (the same) to about 4 and more where light differs.

    Channels are standardised over all pictures together, so that none drowns the others, and each level's vectors have length
    1: distances are 2 - 2 cos. Lightness is appended. coarse: without the finest level, which knows textures more than things.
    """
    parts: list[list[Float]] = [[] for _ in pictures]
    count = len(pictures[0].features)
    first = 1 if coarse and count > 1 else 0
    levels = count - first
    for level in range(first, count):
        every = np.concatenate([picture.features[level] for picture in pictures])
        deviation = every.std(axis=0)
        scale = deviation + 0.1 * deviation.mean() + np.float32(1e-6)
        centre = every.mean(axis=0)
        for part, picture in zip(parts, pictures, strict=True):
            vectors = (picture.features[level] - centre) / scale
            length = np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), np.float32(1e-6))
            part.append(vectors / (length * np.float32(np.sqrt(levels))))
    return [np.concatenate([*part, picture.light], 1) for part, picture in zip(parts, pictures, strict=True)]


def _enlarged(level: Float, shape: tuple[int, ...]) -> Float:
    """(C, h, w) -> (*shape, C), linearly; as two matrix products, since OpenCV resizes few channels at a time."""
    rows, columns = (_interpolation(old, new) for old, new in zip(level.shape[1:], shape, strict=True))
    return np.ascontiguousarray(np.moveaxis(rows @ level @ columns.T, 0, -1))


def _interpolation(old: int, new: int) -> Float:
    """(new, old): the weights of linear interpolation from ``old`` to ``new`` cells."""
    weights: Any = cv2.resize(np.eye(old, dtype=np.float32), (old, new), interpolation=cv2.INTER_LINEAR)
    return np.asarray(weights, np.float32)


def _mask(mask: NDArray[Any] | None, shape: tuple[int, int]) -> Mask:
    if mask is None:
        return np.ones(shape[0] * shape[1], bool)
    if np.shape(mask) != shape:
        raise InvalidPixelsError(f"the mask has {np.shape(mask)} cells, the picture {shape}")
    chosen = np.asarray(mask, bool).ravel()
    if not chosen.any():
        raise InvalidPixelsError("the mask is empty: no cell may give or take colours")
    return chosen


def look_at(photo: Analysis) -> Seen:
    """Describe the cells of a photograph that the encoder has seen."""
    return look(photo.features.arrays, photo.work_lightness, stride=photo.session.stride)


def vectors_of(photo: Analysis) -> Float:
    """One vector for every cell of one photograph, by its features alone: (gh, gw, C), |u - v|^2 from 0 (alike) to about 4."""
    seen = photo.once(look_at)
    everything = Reference(seen, np.zeros((len(seen.light), 2), np.float32), np.ones(len(seen.light), bool))
    return frozen(_descriptors(seen, [everything])[0][:, :-2].reshape(*seen.shape, -1))

"""Faults that people see at once and that means over pixels hide: bleeding, lost edges, blotches, a cast on skin.

Pictures are L*a*b* float (h, w, 3), D65, in natural units; the truth comes first, the result second. Every measure is 0 for
an exact copy, and lower is better. Where edges, regions and skin are is read off the **truth**, so that all results are
measured at the same pixels. NaN: the truth has no such place; leave the picture out of the mean and count it. Widths are in
pixels and meant for about 256 a side: compare only figures of pictures of one size.

The definitions are ours; the docstrings give the reasons. ``tests/evaluate/test_artefacts.py`` checks that they grow with
their own fault, and react less to any other fault of the same mean ab error.

All raise InvalidPixelsError for other shapes, NaN or infinity.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import cv2  # noqa: F401  # for the examples
import numpy as np
from numpy.typing import NDArray

from photochrom.errors import OptionError
from photochrom.evaluate.places import TruthPlaces, length
from photochrom.evaluate.skin import TONES

__all__ = ["ARTEFACTS", "Artefact", "TruthPlaces", "bleed", "blotches", "lost_edges", "skin_cast"]

#: A result with less colour change than this share of the truth's is measured as if it had so much.
LEAST_CHANGE = 0.1

#: A true picture: L*a*b* float (h, w, 3), or what was worked out of it once for many results.
Truth = NDArray[Any] | TruthPlaces


def _paired(truth: Truth, result: NDArray[Any]) -> TruthPlaces:
    return (truth if isinstance(truth, TruthPlaces) else TruthPlaces(truth)).paired(result)


def bleed(truth_lab: Truth, result_lab: NDArray[Any]) -> float:
    """Bleeding: colour that changes beside the edges of things and not on them, in percent, 0 to 100; lower is better.

    Near the truth's colour borders (gradient of ab at sigma 8 px of 0.5 or more per pixel) take the result's slope of ab at
    sigma 1 px along the truth's wider one: how much it changes colour there, and in the border's sense. The share of this
    change that falls where L* is flat (gradient below 1.5 per pixel), less the truth's own share, not below 0. Colour that
    is blurred, or that overruns a border, changes where the light does not; a share does not depend on vividness, and
    changes of colour in any other sense cancel out. Grey: 0, since it has no colour to spill; see :func:`lost_edges`.

    >>> lab = np.full((32, 64, 3), 30.0); lab[:, 32:] = 70.0  # two halves, of other lightness and colour
    >>> soft = lab.copy(); soft[..., 1:] = cv2.GaussianBlur(lab[..., 1:], (0, 0), 6)
    >>> bleed(lab, lab), round(bleed(lab, soft)), bleed(lab, lab * [1, 0, 0])
    (0.0, 68, 0.0)
    """
    truth = _paired(truth_lab, result_lab)
    if truth.true_change is None:
        return float("nan")
    (true_change, true_beside), (change, beside) = truth.true_change, truth.change_along(truth.slopes_of(result_lab))
    total = max(true_change, 1e-6)
    share = beside / max(change, LEAST_CHANGE * total)
    return float(100 * np.clip(share - true_beside / total, 0, 1))


def lost_edges(truth_lab: Truth, result_lab: NDArray[Any]) -> float:
    """Edges of light and colour across which the result's colour does not change, in percent, 0 to 100; lower is better.

    Over the pixels where the truth has an edge of L* (gradient at sigma 1 px of 4 or more per pixel) and of ab (3 or more):
    100 (1 - sum min(g_result, g_truth) / sum g_truth), g the gradient of ab. The reverse of :func:`bleed`; which colours meet
    does not matter, only that they differ enough. Grey: 100. Half the chroma: 50.

    >>> lab = np.full((32, 64, 3), 30.0); lab[:, 32:] = 70.0
    >>> lost_edges(lab, lab), round(lost_edges(lab, lab * [1, 0.5, 0.5])), lost_edges(lab, lab * [1, 0, 0])
    (0.0, 50, 100.0)
    """
    truth = _paired(truth_lab, result_lab)
    at, wanted = truth.edges
    if not len(at):
        return float("nan")
    kept = np.minimum(np.take(length(truth.slopes_of(result_lab)), at), wanted)
    return float(100 * (1 - kept.sum() / wanted.sum()))


def blotches(truth_lab: Truth, result_lab: NDArray[Any]) -> float:
    """Slow changes of colour inside what is even in truth, in ab units, from 0; lower is better.

    Regions: connected pixels where the truth, smoothed with sigma 4 px, has gradients below 0.5 (ab) and 0.8 (L*) per
    pixel, of 0.5 % of the picture or more. In each, ab is smoothed (sigma 4 px, the region's pixels only, so no neighbour's
    colour enters), and the result's a* and b* are regressed on the truth's two and a constant: sqrt(mean of the squared
    length of what is left), over all regions together. The regression takes out another colour of the whole region, and
    another vividness: those are errors, but no blotches. Smoothing takes out grain. Grey: 0.

    >>> flat = np.full((64, 64, 3), 20.0); spotty = flat.copy()
    >>> spotty[:, 32:, 1] += 10  # two halves that differ by 10 in a*: 5 from their mean, and smoothing rounds the step
    >>> round(blotches(flat, spotty), 1), round(blotches(flat, flat * [1, 0.5, 0.5]), 6)
    (4.6, 0.0)
    """
    truth = _paired(truth_lab, result_lab)
    if not truth.regions:
        return float("nan")
    total = 0.0
    for region in truth.regions:
        low = region.low(truth.planes_of(result_lab))
        # Not by the matrix library, whose threads wait long and busily after so small a product.
        fitted = np.einsum("ij,jn->in", np.einsum("in,jn->ij", low, region.basis), region.basis)
        total += float(((low - fitted) ** 2).sum())
    return float(np.sqrt(total / sum(len(region.weight) for region in truth.regions)))


def skin_cast(truth_lab: Truth, result_lab: NDArray[Any], tone: str | None = None) -> float:
    """How far skin is off in colour, in ab units, from 0; lower is better.

    For each tone that 1 % of the picture or more has (:func:`photochrom.evaluate.skin.tones` of the truth): the length of
    the mean ab error over its pixels, sqrt(mean(da)^2 + mean(db)^2). Their mean: each tone that is there weighs the same,
    so few dark faces among many light ones count as much. ``tone``, a key of TONES, measures one alone. A mean keeps
    the sign, which makes it a cast; what cancels out is for :func:`blotches`. Grey: the chroma of the mean skin colour,
    mostly 10 to 25. NaN without skin (of this tone). Raises OptionError for an unknown tone.

    >>> skin = np.tile(np.float64([70, 12, 16]), (8, 8, 1))
    >>> skin_cast(skin, skin + [0, 3, -4]), skin_cast(skin, skin * [1, 0, 0])
    (5.0, 20.0)
    """
    if tone is not None and tone not in TONES:
        raise OptionError("tone", tone, f"one of {', '.join(TONES)}, or None")
    casts = _paired(truth_lab, result_lab).casts_of(result_lab)
    lengths = [cast for name, cast in casts.items() if tone in (None, name)]
    return float(np.mean(lengths)) if lengths else float("nan")


@dataclass(frozen=True)
class Artefact:
    """A row of the list of measures: ``measure(truth, result)`` takes L*a*b* (or TruthPlaces) and L*a*b*; lower is better."""

    key: str
    title: str
    unit: str
    decimals: int
    what: str
    measure: Callable[[Truth, NDArray[Any]], float]


_CAST = "Mean ab error over skin, each tone that a picture has weighing the same."
#: Every measure of this kind, in the order of tables.
ARTEFACTS: tuple[Artefact, ...] = (
    Artefact("bleed", "Bleed", "%", 1, "Share of colour change beside edges of lightness, beyond the truth's.", bleed),
    Artefact(
        "lost_edges",
        "Lost edges",
        "%",
        1,
        "Colour change missing on the truth's edges of light and colour.",
        lost_edges,
    ),
    Artefact("blotches", "Blotches", "ab", 2, "Slow colour variation in regions that are even in truth.", blotches),
    Artefact("skin_cast", "Skin cast", "ab", 2, _CAST, skin_cast),
    *(
        Artefact(
            f"skin_cast_{tone}",
            f"Skin cast, {tone}",
            "ab",
            2,
            f"The same, {tone} skin only.",
            partial(skin_cast, tone=tone),
        )
        for tone in TONES
    ),
)

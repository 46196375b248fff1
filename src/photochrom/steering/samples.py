"""Alternatives: a few distinct, plausible colourings of one photograph, each the same wherever things belong together.

Colours sampled cell by cell make confetti. Here a few anchors are chosen, cells that stand for large uncertain parts; at each,
one of the distinct likely colours is drawn and told to the model as a hint, and the model says again what all other cells are
(so the next anchor is drawn given the ones before: ancestral sampling). Of many such draws the most different ones that the
model finds likely enough are kept.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from photochrom.edits.palette import ab_histogram
from photochrom.errors import OptionError
from photochrom.steering.distribution import modes, moments, shares
from photochrom.steering.places import as_hints, uncertain_places

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Float: TypeAlias = NDArray[np.float32]
    #: Hints (3, h, w) -> scores (261, h, w).
    Decode: TypeAlias = Callable[[Float], Float]

__all__ = ["LEAST_DIFFERENCE", "LEAST_LIKELIHOOD", "Alternative", "alternatives"]

#: Two alternatives differ by at least this much, in ab units: the mean distance over the picture.
LEAST_DIFFERENCE = 4.0
#: An alternative is at least this likely to the model before any hint: log-likelihood a cell, in nats, against the automatic one.
LEAST_LIKELIHOOD = -0.8
#: Anchors of an alternative, and distinct colours at each.
_ANCHORS, _COLOURS = 4, 4
#: Rounds of two draws for each alternative that is wanted, at the most.
_ROUNDS = 4
#: Draws favour rarer colours by this power of their shares: else nearly all draws are the automatic picture.
_FLATTEN = 0.4
#: Colours are compared as they would be painted: at the default annealed-mean temperature.
_TEMPERATURE = 0.45


@dataclass(frozen=True, eq=False)
class Alternative:
    """One colouring: colours ``ab`` (k, 2) at ``places`` [(row, column)] of cells, k of them, and what the model makes of it.

    ``scores``: (261, h, w), after these hints. ``log_likelihood``: nats a cell against the automatic picture (0).
    """

    places: tuple[tuple[int, int], ...]
    ab: Float
    scores: Float = field(repr=False)
    log_likelihood: float


def alternatives(
    scores: NDArray[Any], lightness: NDArray[Any], decode: Decode, count: int, *, seed: int = 0
) -> list[Alternative]:
    """Up to ``count`` colourings, the automatic one first, then the most different ones that are likely enough.

    scores: (261, h, w) without hints. lightness: (h, w) L* of the cells. decode: hints (3, h, w) -> scores. The same seed gives
    the same alternatives. There are fewer where the model is sure of everything. Raises OptionError for a count below 1.
    """
    if count < 1:
        raise OptionError("samples", count, "1 or more")
    rng = np.random.default_rng(seed)
    automatic = np.asarray(scores, np.float32)
    before = shares(automatic)
    first = Alternative((), np.zeros((0, 2), np.float32), automatic, 0.0), _painted(automatic)
    usual = _log_likelihood(before, first[1])
    pool: list[tuple[Alternative, Float]] = []
    kept = [first[0]]
    for _ in range(_ROUNDS):
        if len(kept) == count:
            break
        for places, ab, after in (_draw(automatic, lightness, decode, rng) for _ in range(2 * (count - 1))):
            painted = _painted(after)
            likelihood = _log_likelihood(before, painted) - usual
            if likelihood >= LEAST_LIKELIHOOD:
                pool.append((Alternative(places, ab, after, likelihood), painted))
        kept = _most_different([first, *pool], count)
    return kept


def _most_different(pool: list[tuple[Alternative, Float]], count: int) -> list[Alternative]:
    """The first, then always the one that is farthest from the nearest of those taken: greedy farthest points."""
    taken = [0]
    away = np.array([_difference(painted, pool[0][1]) for _, painted in pool])
    while len(taken) < count and away.max() >= LEAST_DIFFERENCE:
        taken.append(int(away.argmax()))
        away = np.minimum(away, [_difference(painted, pool[taken[-1]][1]) for _, painted in pool])
    return [pool[index][0] for index in taken]


def _draw(
    scores: Float, lightness: NDArray[Any], decode: Decode, rng: np.random.Generator
) -> tuple[tuple[tuple[int, int], ...], Float, Float]:
    """One draw: anchors, their colours, and the scores with them."""
    places: list[tuple[int, int]] = []
    drawn: list[Any] = []
    for _ in range(_ANCHORS):
        share = shares(scores)
        _, variance = moments(share)
        # A few good places to choose from, so that draws differ in where they begin too.
        open_places = [place for place in uncertain_places(share, lightness, variance, 3) if place not in places]
        if not open_places:
            break
        row, column = open_places[int(rng.integers(len(open_places)))]
        ab, size = modes(share[:, row, column], _COLOURS)
        odds = size**_FLATTEN
        drawn.append(ab[int(rng.choice(len(ab), p=odds / odds.sum()))])
        places.append((row, column))
        scores = decode(as_hints(places, drawn, (scores.shape[1], scores.shape[2])))
    return tuple(places), np.reshape(np.array(drawn, np.float32), (-1, 2)), scores


def _painted(scores: Float) -> Float:
    return moments(shares(scores, _TEMPERATURE))[0]


def _difference(one: Float, other: Float) -> float:
    return float(np.hypot(*np.moveaxis(one - other, -1, 0)).mean())


def _log_likelihood(share: Float, ab: Float) -> float:
    """Mean over the cells of log p(colour), p the share of the bins around it: (261, h, w) and ab (h, w, 2)."""
    flat, colours = share.reshape(len(share), -1), ab.reshape(-1, 2)
    near = np.stack([ab_histogram(colour) for colour in colours], axis=1)
    return float(np.log((flat * near).sum(axis=0) + 1e-4).mean())

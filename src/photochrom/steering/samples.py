"""Alternatives: a few distinct, plausible colourings of one photograph, each the same wherever things belong together.

Colours sampled cell by cell make confetti. Here a few anchors are chosen, cells that stand for large uncertain parts; at each,
one of the distinct likely colours is drawn and given to the model as a hint, and the model predicts all other cells anew (so each
anchor is drawn given those before it: ancestral sampling). Of many such draws those are kept that differ most and that the model
still finds likely.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from photochrom.decode import DEFAULT_VIVIDNESS, dial
from photochrom.edits.palette import shared_out
from photochrom.errors import OptionError
from photochrom.steering.distribution import modes, moments, shares
from photochrom.steering.places import as_hints, uncertain_places

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Float: TypeAlias = NDArray[np.float32]
    #: Hints (3, h, w) -> scores (261, h, w).
    Decode: TypeAlias = Callable[[Float], Float]

__all__ = ["LEAST_DIFFERENCE", "LEAST_LIKELIHOOD", "Alternative", "alternatives"]

#: Two alternatives differ by at least this much, in ab units: the mean distance over the part of the picture, as large as this
#: share of it, where they differ most. Another colour of a coat makes another picture, though the rest is the same.
LEAST_DIFFERENCE, PART = 6.0, 0.25
#: An alternative is at least this likely to the model before any hint: log-likelihood a cell, in nats, against the automatic one.
LEAST_LIKELIHOOD = -0.8
#: Anchors of an alternative, and distinct colours at each.
_ANCHORS, _COLOURS = 4, 4
#: Draws for each alternative that is wanted, at the most.
_DRAWS = 6
#: Predictions of the model for each of them, at the most: where it is sure, further draws find hardly more, and people wait.
_PREDICTIONS = 9
#: Draws favour rarer colours by this power of their shares: else nearly all draws are the automatic picture.
_FLATTEN = 0.4
#: Colours are compared as they would be painted: at the default annealed-mean temperature.
_TEMPERATURE = dial(DEFAULT_VIVIDNESS).temperature


@dataclass(frozen=True, eq=False)
class Alternative:
    """One colouring: colours ``ab`` (k, 2) at ``places`` [(row, column)] of k cells, and the model's prediction with them.

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
    asked = _Asked(lightness, decode)
    for drawn in range(1, _DRAWS * (count - 1) + 1):
        places, ab, after = _draw(automatic, asked, rng)
        painted = _painted(after)
        likelihood = _log_likelihood(before, painted) - usual
        if likelihood >= LEAST_LIKELIHOOD:
            pool.append((Alternative(places, ab, after, likelihood), painted))
        # Stop as soon as there are enough: more draws would only make them slightly more different.
        enough = asked.predictions >= _PREDICTIONS * (count - 1)
        if drawn >= count - 1 or enough:
            kept = _most_different([first, *pool], count)
            if len(kept) == count or enough:
                break
    return kept


class _Asked:
    """Caches the model's predictions and the candidate places: many draws share their first anchors."""

    def __init__(self, lightness: NDArray[Any], decode: Decode) -> None:
        self._lightness, self._decode = lightness, decode
        self._scores: dict[Any, Float] = {}
        self._places: dict[Any, list[tuple[int, int]]] = {}

    @property
    def predictions(self) -> int:
        """How often the model was asked."""
        return len(self._scores)

    def scores(self, places: list[tuple[int, int]], ab: list[Any], shape: tuple[int, int]) -> Float:
        """Scores (261, h, w) with colours at places."""
        key = tuple(places), np.array(ab, np.float32).tobytes()
        if key not in self._scores:
            self._scores[key] = self._decode(as_hints(places, ab, shape))
        return self._scores[key]

    def places(self, scores: Float) -> list[tuple[int, int]]:
        """A few good places to choose from, so that draws also differ in where they begin."""
        # All scores are kept in _scores, except for the automatic ones, which are there throughout: an id is one array's.
        if id(scores) not in self._places:
            share = shares(scores)
            self._places[id(scores)] = uncertain_places(share, self._lightness, moments(share)[1], 3)
        return self._places[id(scores)]


def _most_different(pool: list[tuple[Alternative, Float]], count: int) -> list[Alternative]:
    """The first, then always the one that is farthest from the nearest of those taken: greedy farthest points."""
    taken = [0]
    away = np.array([_difference(painted, pool[0][1]) for _, painted in pool])
    while len(taken) < count and away.max() >= LEAST_DIFFERENCE:
        taken.append(int(away.argmax()))
        away = np.minimum(away, [_difference(painted, pool[taken[-1]][1]) for _, painted in pool])
    return [pool[index][0] for index in taken]


def _draw(scores: Float, asked: _Asked, rng: np.random.Generator) -> tuple[tuple[tuple[int, int], ...], Float, Float]:
    """One draw: anchors, their colours, and the scores with them."""
    places: list[tuple[int, int]] = []
    drawn: list[Any] = []
    for _ in range(_ANCHORS):
        open_places = [place for place in asked.places(scores) if place not in places]
        if not open_places:
            break
        row, column = open_places[int(rng.integers(len(open_places)))]
        ab, size = modes(shares(scores[:, row, column]), _COLOURS)
        odds = size**_FLATTEN
        drawn.append(ab[int(rng.choice(len(ab), p=odds / odds.sum()))])
        places.append((row, column))
        scores = asked.scores(places, drawn, (scores.shape[1], scores.shape[2]))
    return tuple(places), np.reshape(np.array(drawn, np.float32), (-1, 2)), scores


def _painted(scores: Float) -> Float:
    return moments(shares(scores, _TEMPERATURE))[0]


def _difference(one: Float, other: Float) -> float:
    away = np.sort(np.hypot(*np.moveaxis(one - other, -1, 0)), axis=None)
    return float(away[-math.ceil(PART * len(away)) :].mean())


def _log_likelihood(share: Float, ab: Float) -> float:
    """Mean over the cells of log p(colour), p the share of the bins around it: (261, h, w) and ab (h, w, 2)."""
    flat, colours = share.reshape(len(share), -1), ab.reshape(-1, 2)
    return float(np.log((flat.T * shared_out(colours)).sum(axis=1) + 1e-4).mean())

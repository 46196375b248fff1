"""Shares and rankings with intervals that allow for participants who differ: one's votes are alike.

An interval is the wider of two: the one that takes all votes as independent, and the one that takes participants as the
units, of which the study holds a sample. In simulated studies of 4 to 100 participants the first alone covers the truth in
95 % as long as all have the same taste, and in 70 to 86 % where tastes differ; the wider one in 94.6 to 98.5 %
(``benchmarks/study_coverage.py``).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from photochrom.errors import OptionError, StudyError

__all__ = ["BradleyTerry", "bradley_terry", "design_effect", "student", "wilson"]

#: Two-sided 95 % of the normal distribution: 1.96.
Z95 = NormalDist().inv_cdf(0.975)
#: No Newton step moves a score by more than this (in logits): far from the solution the curvature is no guide.
_STEP, _STEPS, _CLOSE = 1.0, 200, 1e-9


def student(freedom: int) -> float:
    """Two-sided 95 % of Student's t with so many degrees of freedom, 1 or more; exact for 1 and 2, else to 0.2 %.

    Source: Abramowitz and Stegun 26.7.5.

    >>> [round(student(freedom), 2) for freedom in (1, 2, 9, 1000)]
    [12.71, 4.3, 2.26, 1.96]
    """
    if freedom < 1:
        raise OptionError("freedom", freedom, "1 or more")
    if freedom < 3:
        return math.tan(0.475 * math.pi) if freedom == 1 else 0.95 / math.sqrt(2 * 0.975 * 0.025)
    z, n = Z95, freedom
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return float(z + sum(term / n**power for power, term in enumerate(terms, 1)))


def wilson(successes: float, trials: float) -> tuple[float, float]:
    """95 % score interval of a share: (low, high) in [0, 1]; (0, 1) without trials. Counts need not be whole.

    (p + z^2 / 2n +- z sqrt(p (1 - p) / n + z^2 / 4n^2)) / (1 + z^2 / n) with p = successes / n, z = 1.96. Source: Wilson
    1927. Raises OptionError unless 0 <= successes <= trials.

    >>> [round(end, 3) for end in wilson(8, 40)]
    [0.105, 0.348]
    """
    if not 0 <= successes <= trials:
        raise OptionError("successes", successes, f"0 to {trials}, the number of trials")
    if not trials:
        return 0.0, 1.0
    share, z2n = successes / trials, Z95**2 / trials
    middle = (share + z2n / 2) / (1 + z2n)
    half = Z95 * np.sqrt(share * (1 - share) / trials + z2n / (4 * trials)) / (1 + z2n)
    # rounding must not put the share itself outside at 0 and 1
    return max(0.0, float(middle - half)) if successes else 0.0, min(
        1.0, float(middle + half)
    ) if successes < trials else 1.0


def design_effect(successes: Sequence[int], trials: Sequence[int]) -> float:
    """By how much each vote counts less because participants differ: 1 or more, to divide the counts of :func:`wilson`.

    Of each participant's successes k_i in n_i trials, and p = sum k / sum n: P / (P - 1) sum (k_i - p n_i)^2 / (N p (1 - p)),
    times (t / z)^2 since P participants are few. 1 where that is less, where nobody votes twice (as on one picture), and where
    there is nothing to estimate it from.
    Source: Kish 1965; Korn and Graubard 1998 for the factor.

    >>> design_effect([10, 0] * 10, [10, 10] * 10) > 10  # everyone repeats themselves: participants count, not votes
    True
    """
    k, n = np.asarray(successes, float), np.asarray(trials, float)
    k, n = k[n > 0], n[n > 0]
    people, total = len(n), n.sum()
    if people < 2 or n.max() <= 1 or not 0 < k.sum() < total:
        return 1.0
    share = k.sum() / total
    effect = people / (people - 1) * ((k - share * n) ** 2).sum() / (total * share * (1 - share))
    return max(1.0, float(effect) * (student(people - 1) / Z95) ** 2)


@dataclass(frozen=True)
class BradleyTerry:
    """Scores in logits, of mean 0, and the half width of their 95 % intervals: (..., n) float64; higher is preferred."""

    score: NDArray[np.float64]
    half: NDArray[np.float64]

    @property
    def interval(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """95 % interval of each score: (low, high)."""
        return self.score - self.half, self.score + self.half


def bradley_terry(wins: NDArray[Any]) -> BradleyTerry:
    """Bradley-Terry scores: ``wins[..., p, i, j]`` votes of participant p for i against j -> (..., n) scores of mean 0.

    P(i beats j) = 1 / (1 + exp(s_j - s_i)); the likelihood of all votes is maximised by Newton's method. Each compared
    pair gets half a vote either way first, as Haldane and Anscombe do for log odds: the scores stay finite when one
    method wins everything, and less biased otherwise. The intervals are Wald's, the wider of two: from the Fisher
    information I, and from the sandwich I^-1 (P / (P - 1) sum u_p u_p') I^-1 of the participants' score vectors u_p with
    Student's t (the inverse is the pseudo-inverse, since only differences are known).
    Source: Bradley and Terry 1952; Hunter 2004 for when the solution exists; Liang and Zeger 1986 for the sandwich.

    Raises StudyError where methods cannot be ranked, because no chain of votes links them.

    >>> result = bradley_terry(np.array([[[0, 30], [10, 0]]]))
    >>> round(float(result.score[0] - result.score[1]), 4)  # log(30.5 / 10.5)
    1.0664
    """
    wins = np.asarray(wins, np.float64)
    count = wins.shape[-1]
    if wins.ndim < 3 or wins.shape[-2] != count or count < 2 or not np.isfinite(wins).all() or (wins < 0).any():
        raise StudyError(f"votes of shape {wins.shape}; expected (..., p, n, n) counts of n = 2 or more methods")
    each = wins + np.swapaxes(wins, -1, -2)
    won, votes = wins.sum(axis=-3), each.sum(axis=-3)
    votes[..., range(count), range(count)] = 0
    compared = votes > 0
    linked = np.linalg.matrix_power(compared + np.eye(count), count - 1) > 0
    if not linked.all():
        raise StudyError("there are not yet votes that link all methods with each other; wait for more participants")
    smoothed = np.where(compared, won + 0.5, 0.0)
    total = votes + compared
    score = np.zeros(won.shape[:-1])
    for _ in range(_STEPS):
        expected = _beats(score)
        slope = (smoothed - total * expected).sum(axis=-1)
        step = np.einsum("...ij,...j->...i", np.linalg.pinv(_information(total, expected), hermitian=True), slope)
        score = score + np.clip(step, -_STEP, _STEP)
        if np.abs(step).max() < _CLOSE:
            break
    else:  # the likelihood has one peak, so this is a fault of ours
        raise StudyError(f"the scores did not settle within {_STEPS} steps")
    score = score - score.mean(axis=-1, keepdims=True)
    covariance = np.linalg.pinv(_information(votes, _beats(score)), hermitian=True)
    half = Z95 * _deviation(covariance)
    people = wins.shape[-3]
    if people > 1:
        pull = (wins - each * _beats(score)[..., None, :, :]).sum(axis=-1)
        spread = np.einsum("...pi,...pj->...ij", pull, pull) * people / (people - 1)
        half = np.maximum(half, student(people - 1) * _deviation(covariance @ spread @ covariance))
    return BradleyTerry(score, half)


def _deviation(covariance: NDArray[Any]) -> NDArray[np.float64]:
    return np.asarray(np.sqrt(np.diagonal(covariance, axis1=-2, axis2=-1)), np.float64)


def _beats(score: NDArray[np.float64]) -> NDArray[np.float64]:
    """P(i beats j): (..., n) -> (..., n, n)."""
    return np.asarray(1 / (1 + np.exp(score[..., None, :] - score[..., :, None])))


def _information(votes: NDArray[np.float64], expected: NDArray[np.float64]) -> NDArray[np.float64]:
    """Fisher information of the scores: minus the second derivative of the log likelihood."""
    weight = votes * expected * (1 - expected)
    return np.asarray(np.eye(votes.shape[-1]) * weight.sum(axis=-1)[..., None] - weight)

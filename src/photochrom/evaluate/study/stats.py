"""Shares and rankings with their intervals. Votes count as independent of each other."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from photochrom.errors import OptionError, StudyError

__all__ = ["BradleyTerry", "bradley_terry", "wilson"]

#: Two-sided 95 % of the normal distribution: 1.96.
Z95 = NormalDist().inv_cdf(0.975)
#: No Newton step moves a score by more than this (in logits): far from the solution the curvature says little.
_STEP, _STEPS, _CLOSE = 1.0, 200, 1e-9


def wilson(successes: int, trials: int) -> tuple[float, float]:
    """95 % score interval of a share: (low, high) in [0, 1]; (0, 1) without trials.

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


@dataclass(frozen=True)
class BradleyTerry:
    """Scores in logits, of mean 0, and their covariance: (..., n) and (..., n, n), float64; higher is preferred."""

    score: NDArray[np.float64]
    covariance: NDArray[np.float64]

    @property
    def error(self) -> NDArray[np.float64]:
        """Standard error of each score."""
        return np.asarray(np.sqrt(np.diagonal(self.covariance, axis1=-2, axis2=-1)))

    @property
    def interval(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """95 % interval of each score: (low, high)."""
        return self.score - Z95 * self.error, self.score + Z95 * self.error


def bradley_terry(wins: NDArray[Any]) -> BradleyTerry:
    """Bradley-Terry scores: ``wins[..., i, j]`` votes for i against j, shape (..., n, n) -> scores of mean 0.

    P(i beats j) = 1 / (1 + exp(s_j - s_i)); the likelihood is maximised by Newton's method, and the intervals are Wald's
    from the Fisher information (the pseudo-inverse, since only differences are known). Each compared pair gets half a
    vote either way first, as Haldane and Anscombe do for log odds: the scores stay finite when one method wins
    everything, and less biased otherwise. Source: Bradley and Terry 1952; Hunter 2004 for when the solution exists.

    Raises StudyError where methods cannot be ranked, because no chain of votes links them.

    >>> result = bradley_terry(np.array([[0, 30], [10, 0]]))
    >>> round(float(result.score[0] - result.score[1]), 4)  # log(30.5 / 10.5)
    1.0664
    """
    wins = np.asarray(wins, np.float64)
    count = wins.shape[-1]
    if wins.ndim < 2 or wins.shape[-2] != count or count < 2 or not np.isfinite(wins).all() or wins.min() < 0:
        raise StudyError(f"votes of shape {wins.shape}; expected (..., n, n) counts of n = 2 or more methods")
    votes = wins + np.swapaxes(wins, -1, -2)
    votes[..., range(count), range(count)] = 0
    compared = votes > 0
    linked = np.linalg.matrix_power(compared + np.eye(count), count - 1) > 0
    if not linked.all():
        raise StudyError("there are not yet votes that link all methods with each other; wait for more participants")
    smoothed = np.where(compared, wins + 0.5, 0.0)
    total = votes + compared
    score = np.zeros(wins.shape[:-1])
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
    return BradleyTerry(
        score, np.asarray(np.linalg.pinv(_information(votes, _beats(score)), hermitian=True), np.float64)
    )


def _beats(score: NDArray[np.float64]) -> NDArray[np.float64]:
    """P(i beats j): (..., n) -> (..., n, n)."""
    return np.asarray(1 / (1 + np.exp(score[..., None, :] - score[..., :, None])))


def _information(votes: NDArray[np.float64], expected: NDArray[np.float64]) -> NDArray[np.float64]:
    """Fisher information of the scores: minus the second derivative of the log likelihood."""
    weight = votes * expected * (1 - expected)
    return np.asarray(np.eye(votes.shape[-1]) * weight.sum(axis=-1)[..., None] - weight)

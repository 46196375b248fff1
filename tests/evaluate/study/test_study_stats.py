"""Intervals and rankings: against other implementations, and on simulated voters whose skill is known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import binomtest, t
from sklearn.linear_model import LogisticRegression
from test_study_plan import study_of

from photochrom.errors import OptionError, StudyError
from photochrom.evaluate.study.plan import deal
from photochrom.evaluate.study.stats import bradley_terry, design_effect, student, wilson

SIMULATIONS = 200


@pytest.mark.parametrize(("successes", "trials"), [(0, 1), (0, 40), (1, 3), (8, 40), (20, 40), (999, 1000), (7, 7)])
def test_wilson_as_scipy_has_it(successes: int, trials: int) -> None:
    expected = binomtest(successes, trials).proportion_ci(0.95, method="wilson")
    assert wilson(successes, trials) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_wilson_without_trials_and_refusals() -> None:
    assert wilson(0, 0) == (0, 1)
    for successes, trials in ((1, 0), (-1, 3), (4, 3)):
        with pytest.raises(OptionError):
            wilson(successes, trials)


def test_wilson_covers_the_true_rate() -> None:
    rng = np.random.default_rng(1)
    covered = [
        low <= rate <= high
        for rate in (0.1, 0.3, 0.5)
        for low, high in (wilson(int(k), 150) for k in rng.binomial(150, rate, SIMULATIONS))
    ]
    assert 0.93 <= np.mean(covered) <= 0.97


def test_student_as_scipy_has_it() -> None:
    for freedom in (1, 2, 3, 4, 9, 30, 1000):
        assert student(freedom) == pytest.approx(t.ppf(0.975, freedom), rel=2e-3)
    with pytest.raises(OptionError):
        student(0)


def test_the_design_effect() -> None:
    rng = np.random.default_rng(4)
    alike = rng.binomial(20, 0.3, 500)
    assert design_effect(alike, [20] * 500) == pytest.approx(1, abs=0.2)
    # beta-binomial: 1 + (n - 1) / (a + b + 1)
    differing = rng.binomial(20, rng.beta(3, 7, 500))
    assert design_effect(differing, [20] * 500) == pytest.approx(1 + 19 / 11, rel=0.2)
    for nothing in (([], []), ([3], [5]), ([0, 0], [5, 5]), ([5, 5], [5, 5]), ([0, 2], [0, 4]), ([1, 0, 1], [1, 1, 1])):
        assert design_effect(*nothing) == 1


def together(wins: Any) -> NDArray[np.float64]:
    """All votes as one participant's."""
    return np.asarray(wins, float)[None]


def test_bradley_terry_is_the_logistic_regression_of_the_votes() -> None:
    rng = np.random.default_rng(2)
    wins = rng.integers(1, 30, (5, 5))
    np.fill_diagonal(wins, 0)
    rows, chosen, weight = [], [], []
    for i, j in zip(*np.triu_indices(5, 1), strict=True):
        rows += [np.eye(5)[i] - np.eye(5)[j]] * 2
        chosen += [1, 0]
        weight += [wins[i, j] + 0.5, wins[j, i] + 0.5]
    model = LogisticRegression(C=np.inf, fit_intercept=False, tol=1e-10, max_iter=1000)
    score = model.fit(rows, chosen, weight).coef_[0]
    np.testing.assert_allclose(bradley_terry(together(wins)).score, score - score.mean(), atol=1e-5)


def test_intervals_of_two_methods_are_those_of_the_log_odds() -> None:
    result = bradley_terry(together([[0, 60], [40, 0]]))
    # each score is half the difference, whose standard error is sqrt(1 / 60 + 1 / 40)
    assert result.half[0] == pytest.approx(1.96 / 2 * np.sqrt(1 / 60 + 1 / 40), rel=1e-3)
    low, high = result.interval
    np.testing.assert_allclose((low + high) / 2, result.score)
    assert result.score[0] > 0 > result.score[1]


def test_a_method_that_wins_everything_keeps_a_finite_score() -> None:
    everything = np.array([[0, 50, 50], [0, 0, 1], [0, 1, 0]])
    result = bradley_terry(np.stack([everything] * 10))
    assert np.isfinite(result.score).all()
    assert result.score.argmax() == 0
    assert result.score[1] == pytest.approx(result.score[2])
    assert result.half[0] > 0.3  # that all agree does not make it certain


def test_votes_that_rank_nothing_are_refused() -> None:
    apart = np.zeros((1, 4, 4))
    apart[0, 0, 1] = apart[0, 2, 3] = 5
    for wins in (np.zeros((1, 2, 2)), np.zeros((0, 3, 3)), apart):
        with pytest.raises(StudyError, match="link all methods"):
            bradley_terry(wins)
    for wins in (np.zeros((2, 2)), np.zeros((1, 1, 1)), np.zeros((1, 2, 3)), np.full((1, 2, 2), np.nan), -apart):
        with pytest.raises(StudyError, match="counts"):
            bradley_terry(wins)


TRUE = np.array([0.9, 0.3, -0.2, -1.0])


def simulate(participants: int, differ: float) -> NDArray[np.int64]:
    """Votes on the pairs that a study deals: (200, participants, n, n).

    Participants have the true scores, plus deviations of their own with this standard deviation.
    """
    rng = np.random.default_rng(3)
    study = study_of("preference", len(TRUE), 60, 36)
    index = {name: i for i, name in enumerate(study.methods)}
    dealt = [
        (number, index[trial.left], index[trial.right])
        for number in range(participants)
        for trial in deal(study, number)
        if trial.role == "test"
    ]
    who, left, right = np.array(dealt).T
    taste = TRUE + rng.normal(0, differ, (SIMULATIONS, participants, len(TRUE)))
    chose_left = rng.random((SIMULATIONS, len(dealt))) < _chance(taste[:, who, left] - taste[:, who, right])
    wins = np.zeros((SIMULATIONS, participants, len(TRUE), len(TRUE)), np.int64)
    runs = np.arange(SIMULATIONS)[:, None]
    np.add.at(wins, (runs, who, np.where(chose_left, left, right), np.where(chose_left, right, left)), 1)
    return wins


def _chance(difference: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(1 / (1 + np.exp(-difference)))


def population(differ: float) -> NDArray[np.float64]:
    """The scores that endlessly many of these participants would give."""
    deviation = np.random.default_rng(5).normal(0, differ * np.sqrt(2), 200_000)
    share = [[_chance(a - b + deviation).mean() for b in TRUE] for a in TRUE]
    return bradley_terry(together(1e6 * np.array(share) * (1 - np.eye(len(TRUE))))).score


@pytest.mark.parametrize("differ", [0.0, 0.5])
@pytest.mark.parametrize("participants", [4, 30])
def test_simulated_voters(participants: int, differ: float) -> None:
    """200 studies of voters whose taste is known: the intervals hold the truth in 95 %, and the ranking comes back."""
    true = population(differ)
    np.testing.assert_allclose(true, TRUE * (1 if not differ else true[0] / TRUE[0]), atol=0.02)
    result = bradley_terry(simulate(participants, differ))
    low, high = result.interval
    covered = ((low <= true) & (true <= high)).mean(axis=0)
    assert (covered >= 0.91).all()  # of 200 draws at 95 %, 0.904 would be three standard deviations away
    assert 0.94 <= covered.mean() <= 0.995
    right = (np.argsort(-result.score) == np.arange(4)).all(axis=1).mean()
    assert right > (0.9 if participants == 30 else 0.5)


@pytest.mark.parametrize("differ", [False, True])
def test_simulated_fooling_rates(differ: bool) -> None:
    """200 studies of 20 participants who are fooled at a mean rate of 0.3: the intervals hold it in 95 %."""
    rng = np.random.default_rng(6)
    rates = rng.beta(3, 7, (SIMULATIONS, 20)) if differ else np.full((SIMULATIONS, 20), 0.3)
    covered = []
    for fooled in rng.binomial(18, rates):
        effect = design_effect(fooled, [18] * 20)
        low, high = wilson(fooled.sum() / effect, 20 * 18 / effect)
        covered.append(low <= 0.3 <= high)
    assert 0.93 <= np.mean(covered) <= 0.99

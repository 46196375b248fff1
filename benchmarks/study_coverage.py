"""How often the intervals of ``photochrom study report`` hold the truth, on simulated voters.

Four methods of known Bradley-Terry scores, 60 pictures, 36 pairs a participant as a study deals them; participants have the
true scores plus deviations of their own. Prints the share of intervals that hold the score of the whole population, and of
studies whose ranking is right:

    python benchmarks/study_coverage.py
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from photochrom.evaluate.study.plan import Study, deal
from photochrom.evaluate.study.stats import bradley_terry

TRUE = np.array([0.9, 0.3, -0.2, -1.0])
METHODS = tuple("abcd")


def chance(difference: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-difference))


def population(differ: float) -> np.ndarray:
    """Scores from endlessly many participants."""
    deviation = np.random.default_rng(1).normal(0, differ * np.sqrt(2), 400_000)
    share = np.array([[chance(a - b + deviation).mean() for b in TRUE] for a in TRUE])
    return bradley_terry(1e6 * (share * (1 - np.eye(len(TRUE))))[None]).score


def simulate(participants: int, differ: float, runs: int, rng: np.random.Generator) -> np.ndarray:
    tests = tuple(f"picture{i}" for i in range(60))
    study = Study(Path(), "", "preference", "", "", METHODS, (), (), tests, 36, 1.0, 0, {})
    dealt = [
        (number, METHODS.index(trial.left), METHODS.index(trial.right))
        for number in range(participants)
        for trial in deal(study, number)
    ]
    who, left, right = np.array(dealt).T
    taste = TRUE + rng.normal(0, differ, (runs, participants, len(TRUE)))
    chose_left = rng.random((runs, len(dealt))) < chance(taste[:, who, left] - taste[:, who, right])
    wins = np.zeros((runs, participants, len(TRUE), len(TRUE)))
    np.add.at(
        wins,
        (np.arange(runs)[:, None], who, np.where(chose_left, left, right), np.where(chose_left, right, left)),
        1,
    )
    return wins


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=200)
    runs = parser.parse_args().runs
    print("tastes differ by  participants  votes as independent  as reported  ranking right")
    for differ in (0.0, 0.5, 1.0):
        true = population(differ)
        for participants in (4, 10, 30, 100):
            wins = simulate(participants, differ, runs, np.random.default_rng(2))
            result, pooled = bradley_terry(wins), bradley_terry(wins.sum(axis=1, keepdims=True))
            error = np.abs(result.score - true)
            right = (np.argsort(-result.score) == np.argsort(-true)).all(axis=-1).mean()
            shares = [f"{(error <= half).mean():.1%}" for half in (pooled.half, result.half)]
            print(f"{differ:>16}  {participants:>12}  {shares[0]:>20}  {shares[1]:>11}  {right:>13.1%}")


if __name__ == "__main__":
    main()

"""What a study found: who is counted and by which rule, shares with intervals, rankings, and all of it as CSV."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np

from photochrom.errors import OptionError, OutputExistsError, OutputWriteError, StudyError
from photochrom.evaluate.study.plan import Study
from photochrom.evaluate.study.stats import bradley_terry, design_effect, wilson

if TYPE_CHECKING:
    import datetime

    from photochrom.evaluate.study.votes import Vote

__all__ = ["Report", "build_report", "write_csv"]

#: A line of a table: a value under each column's name.
Row = dict[str, Any]


@dataclass(frozen=True)
class Report:
    """The tables of a report; intervals are 95 %.

    ``methods``: in a Turing test, how often each was taken for the real photograph (``share`` with its Wilson interval;
    0.5 is chance); in a preference test, how often it was preferred to the others, and its Bradley-Terry ``score`` in
    logits, best first. ``pairs`` (preference): how often ``method`` was preferred to ``other``. ``pictures``: as
    ``methods``, per picture. ``participants``: everyone, with why they are ``excluded``, if they are. ``votes``: every
    vote, of excluded participants too. ``notes``: what could not be computed.
    """

    kind: str
    title: str
    rule: str
    counted: int
    checks: Row
    notes: tuple[str, ...]
    methods: tuple[Row, ...]
    pairs: tuple[Row, ...]
    pictures: tuple[Row, ...]
    participants: tuple[Row, ...]
    votes: tuple[Row, ...]


def build_report(
    study: Study,
    participants: Sequence[tuple[str, int, datetime.date]],
    votes: Iterable[Vote],
    *,
    min_checks: float = 0.75,
    unfinished: bool = False,
) -> Report:
    """Count the votes of a study.

    Args:
        study: the study.
        participants: id, number and day of each, as :meth:`Store.participants` gives them.
        votes: theirs, in the order of the trials, as :meth:`Store.votes` gives them.
        min_checks: share of attention checks that must be right, 0..1; of those answered.
        unfinished: also count participants who have not answered every pair.

    Raises OptionError for a share outside [0, 1].
    """
    if not 0 <= min_checks <= 1:
        raise OptionError("--min-checks", min_checks, "a share from 0 to 1")
    by: dict[str, list[Vote]] = {id_: [] for id_, _, _ in participants}
    for vote in votes:
        by[vote.participant].append(vote)
    rows = tuple(_participant(study, number, day, by[id_], min_checks, unfinished) for id_, number, day in participants)
    kept = [by[id_] for (id_, _, _), row in zip(participants, rows, strict=True) if not row["excluded"]]
    tests = [vote for mine in kept for vote in mine if vote.trial.role == "test"]
    checks = [vote for mine in by.values() for vote in mine if vote.trial.role == "check"]
    methods, pairs, notes = _turing(study, tests) if study.kind == "turing" else _preference(study, tests)
    rule = f"counted is who answered {min_checks:.0%} or more of the attention checks rightly"
    return Report(
        kind=study.kind,
        title=study.title,
        rule=rule + ("" if unfinished else ", and every pair"),
        counted=len(kept),
        checks=_share((vote.participant, _right(study, vote)) for vote in checks),
        notes=notes,
        methods=methods,
        pairs=pairs,
        pictures=tuple(_per_picture(study, tests)),
        participants=rows,
        votes=tuple(_vote(study, vote) for mine in by.values() for vote in mine),
    )


def _right(study: Study, vote: Vote) -> bool:
    return vote.choice == vote.trial.answer(study.kind)


def _share(outcomes: Iterable[tuple[str, bool]]) -> Row:
    """Votes, successes and their share with its interval, of (participant, success)."""
    people: dict[str, list[bool]] = {}
    for participant, success in outcomes:
        people.setdefault(participant, []).append(success)
    successes, votes = [sum(mine) for mine in people.values()], [len(mine) for mine in people.values()]
    effect = design_effect(successes, votes)
    low, high = wilson(sum(successes) / effect, sum(votes) / effect)
    return {
        "votes": sum(votes),
        "successes": sum(successes),
        "share": sum(successes) / sum(votes) if votes else None,
        "low": low,
        "high": high,
    }


def _participant(
    study: Study, number: int, day: datetime.date, mine: Sequence[Vote], min_checks: float, unfinished: bool
) -> Row:
    """One participant's line. The id stays in the database: it is what lets its owner go on."""
    of = len(study.practice) + len(study.checks) + study.trials
    checks = [vote for vote in mine if vote.trial.role == "check"]
    right = sum(_right(study, vote) for vote in checks)
    needed = math.ceil(min_checks * len(checks) - 1e-9)
    reasons = []
    if len(mine) < of and not unfinished:
        reasons.append(f"answered {len(mine)} of {of} pairs")
    if right < needed:
        reasons.append(f"{right} of {len(checks)} attention checks right, expected {needed} or more")
    return {
        "participant": number,
        "day": day.isoformat(),
        "answered": len(mine),
        "of": of,
        "checks_right": right,
        "checks": len(checks),
        "share_left": sum(vote.choice == "left" for vote in mine) / len(mine) if mine else None,
        "median_milliseconds": median(vote.milliseconds for vote in mine) if mine else None,
        "excluded": "; ".join(reasons),
    }


def _of(study: Study, votes: Iterable[Vote], method: str, other: str = "") -> Row:
    """A method's share of successes in the votes that it took part in, against ``other`` if that is named.

    A success is to be chosen as more natural; in a Turing test not to be chosen, for then the real photograph is
    taken for the computer's.
    """
    shown = (vote for vote in votes if {method, other or method} <= {vote.trial.left, vote.trial.right})
    chosen = study.kind == "preference"
    return _share((vote.participant, (vote.trial.method(vote.choice) == method) == chosen) for vote in shown)


def _turing(study: Study, tests: Sequence[Vote]) -> tuple[tuple[Row, ...], tuple[Row, ...], tuple[str, ...]]:
    """Fooling rates: the share of pairs in which the real photograph was called the computer's."""
    rows = [{"method": method, **_of(study, tests, method)} for method in study.methods]
    return tuple(sorted(rows, key=lambda row: -(row["share"] or 0))), (), ()


def _preference(study: Study, tests: Sequence[Vote]) -> tuple[tuple[Row, ...], tuple[Row, ...], tuple[str, ...]]:
    index = {method: i for i, method in enumerate(study.methods)}
    people = {id_: i for i, id_ in enumerate(dict.fromkeys(vote.participant for vote in tests))}
    wins = np.zeros((len(people), len(index), len(index)), int)
    for vote in tests:
        other = vote.trial.right if vote.choice == "left" else vote.trial.left
        wins[people[vote.participant], index[vote.trial.method(vote.choice)], index[other]] += 1
    rows: list[Row] = [{"method": method, **_of(study, tests, method)} for method in study.methods]
    notes: tuple[str, ...] = ()
    try:
        ranking = bradley_terry(wins)
    except StudyError as error:  # a study that has just begun: the counts are reported all the same
        notes = (f"no scores: {error}",)
        for row in rows:
            row.update(score=None, score_low=None, score_high=None)
    else:
        for row, score, low, high in zip(rows, ranking.score, *ranking.interval, strict=True):
            row.update(score=float(score), score_low=float(low), score_high=float(high))
        rows.sort(key=lambda row: -row["score"])
    pairs = tuple({"method": a, "other": b, **_of(study, tests, a, b)} for a, b in study.pairs)
    return tuple(rows), pairs, notes


def _per_picture(study: Study, tests: Sequence[Vote]) -> Iterable[Row]:
    shown: dict[str, list[Vote]] = {picture: [] for picture in sorted(study.tests)}
    for vote in tests:
        shown[vote.trial.picture].append(vote)
    for picture, votes in shown.items():
        for method in study.methods:
            yield {"picture": picture, "method": method, **_of(study, votes, method)}


def _vote(study: Study, vote: Vote) -> Row:
    answer = vote.trial.answer(study.kind)
    return {
        "participant": vote.number,
        "position": vote.trial.position,
        "role": vote.trial.role,
        "picture": vote.trial.picture,
        "left": vote.trial.left,
        "right": vote.trial.right,
        "first": vote.trial.first if study.kind == "turing" else "",
        "choice": vote.choice,
        "chosen": vote.trial.method(vote.choice),
        "right_answer": "" if answer is None else vote.choice == answer,
        "milliseconds": vote.milliseconds,
    }


def write_csv(report: Report, folder: str | Path, *, force: bool = False) -> tuple[Path, ...]:
    """Write each table that has lines as ``<table>.csv``, UTF-8 with a line of names; returns the files.

    Raises OutputExistsError where one is there and ``force`` is not given, OutputWriteError where it cannot be written.
    """
    tables: Mapping[str, tuple[Row, ...]] = {
        name: getattr(report, name) for name in ("methods", "pairs", "pictures", "participants", "votes")
    }
    paths = {name: Path(folder) / f"{name}.csv" for name, rows in tables.items() if rows}
    for path in paths.values():
        if path.exists() and not force:
            raise OutputExistsError("is there already; choose another folder or --force", path)
    for name, path in paths.items():
        _write_table(path, tables[name])
    return tuple(paths.values())


def _write_table(path: Path, rows: Sequence[Row]) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    except OSError as error:
        raise OutputWriteError(f"cannot be written: {error.strerror}", path) from error

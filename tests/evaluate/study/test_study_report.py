"""Reports: the right counts, who is excluded and why, and simulated voters whose skill is known come back out."""

from __future__ import annotations

import csv
import datetime
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_study_plan import study_of

from helpers import Command, files
from photochrom.errors import OptionError
from photochrom.evaluate.study.plan import Study, Trial, deal
from photochrom.evaluate.study.report import Report, build_report
from photochrom.evaluate.study.stats import wilson
from photochrom.evaluate.study.votes import Store, Vote

DAY = datetime.date(2026, 1, 1)


def report_of(study: Study, voters: list[Any], seed: int = 0, **options: Any) -> Report:
    """The report of a study in which each voter is a function: trial, random generator -> side, or None to stop."""
    rng = np.random.default_rng(seed)
    people = [(f"id{number}", number, DAY) for number in range(len(voters))]
    votes = []
    for (id_, number, day), voter in zip(people, voters, strict=True):
        for trial in deal(study, number):
            side = voter(trial, rng)
            if side is None:
                break
            votes.append(Vote(id_, number, day, side, 900, trial))
    return build_report(study, people, votes, **options)


def fooled(rates: dict[str, float]) -> Any:
    """A voter in a Turing test whom each method fools at its rate."""

    def vote(trial: Trial, rng: np.random.Generator) -> str:
        fake = trial.answer("turing")
        real = "left" if fake == "right" else "right"
        return real if rng.random() < rates.get(trial.method(fake or "left"), 0) else str(fake)

    return vote


def tasteful(scores: dict[str, float]) -> Any:
    """A voter in a preference test, after Bradley and Terry; never wrong in an attention check."""

    def vote(trial: Trial, rng: np.random.Generator) -> str:
        sure = trial.answer("preference")
        chance = 1 / (1 + np.exp(scores.get(trial.right, 0) - scores.get(trial.left, 0)))
        return sure or ("left" if rng.random() < chance else "right")

    return vote


def always_left(_: Trial, __: np.random.Generator) -> str:
    return "left"


def leaves(voter: Any, after: int) -> Any:
    return lambda trial, rng: voter(trial, rng) if trial.position < after else None


def test_fooling_rates_come_back() -> None:
    study = study_of("turing", 3, 60, 36)
    rates = {"method0": 0.1, "method1": 0.45, "method2": 0.25}
    report = report_of(study, [fooled(rates)] * 30)
    assert [row["method"] for row in report.methods] == ["method1", "method2", "method0"]
    for row in report.methods:
        assert row["votes"] == 30 * 12
        assert row["low"] <= rates[row["method"]] <= row["high"]
        alone = wilson(row["successes"], row["votes"])  # allowing for participants who differ only widens it
        assert row["low"] <= alone[0] < alone[1] <= row["high"]
        pictures = [other for other in report.pictures if other["method"] == row["method"]]
        assert sum(other["votes"] for other in pictures) == row["votes"]
        assert sum(other["successes"] for other in pictures) == row["successes"]
        assert {other["votes"] for other in pictures} == {6}
    assert report.checks["share"] == 1
    assert report.pairs == ()


def test_preferences_come_back() -> None:
    study = study_of("preference", 3, 60, 36)
    scores = {"method0": -0.8, "method1": 0.7, "method2": 0.1}
    report = report_of(study, [tasteful(scores)] * 30)
    assert [row["method"] for row in report.methods] == ["method1", "method2", "method0"]
    for row in report.methods:
        assert row["score_low"] <= scores[row["method"]] <= row["score_high"]
    assert [(row["method"], row["other"], row["votes"]) for row in report.pairs] == [
        (*pair, 360) for pair in study.pairs
    ]
    shares = {(row["method"], row["other"]): row["share"] for row in report.pairs}
    assert shares["method0", "method1"] < 0.3 < 0.5 < shares["method1", "method2"]


def test_who_does_not_look_or_does_not_finish_is_excluded_with_the_reason() -> None:
    study = study_of("turing", 2, 40, 36)
    sharp = fooled({})
    report = report_of(study, [sharp, always_left, leaves(sharp, 20), leaves(sharp, 0), sharp])
    reasons = [row["excluded"] for row in report.participants]
    assert reasons[1] == "2 of 4 attention checks right, expected 3 or more"
    assert reasons[2:4] == ["answered 20 of 43 pairs", "answered 0 of 43 pairs"]
    assert (reasons[0], reasons[4], report.counted) == ("", "", 2)
    assert "75% or more" in report.rule
    assert "every pair" in report.rule
    assert [(row["votes"], row["successes"]) for row in report.methods] == [(36, 0), (36, 0)]
    assert report.participants[1]["share_left"] == 1
    assert len(report.votes) == 3 * 43 + 20  # everyone's are kept
    everyone = report_of(study, [sharp, always_left, leaves(sharp, 20)], min_checks=0.5, unfinished=True)
    assert everyone.counted == 3
    assert "every pair" not in everyone.rule
    assert sum(row["successes"] for row in everyone.methods) == 18
    with pytest.raises(OptionError):
        report_of(study, [], min_checks=1.5)


def test_practice_and_checks_are_not_results() -> None:
    study = study_of("preference", 2, 10, 10)
    report = report_of(study, [tasteful({"method0": 50, "method1": -50})])
    assert [(row["votes"], row["successes"]) for row in report.methods] == [(10, 10), (10, 0)]
    assert report.methods[0]["score"] > report.methods[1]["score"]


def test_a_study_without_votes() -> None:
    report = report_of(study_of("preference", 2, 10, 10), [])
    assert report.counted == 0
    assert "no scores" in report.notes[0]
    assert all(row["share"] is None and row["score"] is None for row in report.methods)


def test_the_command(photochrom: Command, preference: Study, tmp_path: Path) -> None:
    store = Store(preference)
    rng = np.random.default_rng(0)
    voter = tasteful({"vivid": 2, "dull": 0, "grey": -2})
    for who in (voter, voter, always_left):
        id_ = store.enrol()
        progress = store.progress(id_)
        assert progress is not None
        for trial in progress.trials:
            store.vote(id_, trial.position, who(trial, rng), 500)
    store.close()
    out = tmp_path / "tables"
    done = photochrom("study", "report", preference.folder, "--csv", out, "--json")
    assert (done.code, done.err) == (0, "")
    (report,) = done.lines
    assert report["counted"] == 2
    assert files(str(out)) == {f"{name}.csv" for name in ("methods", "pairs", "pictures", "participants", "votes")}
    for name in ("methods", "pairs", "pictures", "participants", "votes"):
        with (out / f"{name}.csv").open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        assert rows == [
            {key: "" if value is None else str(value) for key, value in row.items()} for row in report[name]
        ]
    assert not any(id_ in json.dumps(report) for id_, _, _ in Store(preference).participants())
    again = photochrom("study", "report", preference.folder, "--csv", out)
    assert (again.code, again.out) == (1, "")
    assert "is there already" in again.err
    text = photochrom("study", "report", preference.folder, "--csv", out, "--force").out
    for said in ("3 participants, 2 counted", "excluded: participant 2", "vivid", "grey", "95 % intervals"):
        assert said in text

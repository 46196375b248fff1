"""Who sees what: balanced within each participant and over all of them, at random otherwise."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from photochrom.errors import StudyError
from photochrom.evaluate.study.plan import RANDOM, TRUTH, Study, deal, read_study


def study_of(
    kind: str, methods: int, tests: int, trials: int, practice: int = 3, checks: int = 4, seed: int = 0
) -> Study:
    """A study without pictures."""
    names = tuple(f"method{i}" for i in range(methods))
    pictures = [tuple(f"{role}{i}" for i in range(n)) for role, n in (("p", practice), ("c", checks), ("t", tests))]
    files = {name: dict.fromkeys((TRUTH, *names), "x.png") for part in pictures for name in part}
    for name in pictures[1]:
        files[name][RANDOM] = "x.png"
    return Study(Path(), "id", kind, "t", "c", names, *pictures, trials, 1.0, seed, files)  # type: ignore[arg-type]


def spread(values: Counter[object]) -> int:
    return max(values.values()) - min(values.values())


@settings(deadline=None, max_examples=60)
@given(
    kind=st.sampled_from(["preference", "turing"]),
    methods=st.integers(2, 5),
    tests=st.integers(8, 60),
    share=st.floats(0.3, 1),
    number=st.integers(0, 500),
    seed=st.integers(0, 99),
)
def test_each_participant_is_balanced(
    kind: str, methods: int, tests: int, share: float, number: int, seed: int
) -> None:
    study = study_of(kind, methods, tests, max(1, int(tests * share)), seed=seed)
    trials = deal(study, number)
    assert trials == deal(study, number)
    assert [trial.position for trial in trials] == list(range(len(trials)))
    roles = [trial.role for trial in trials]
    assert roles[:3] == ["practice"] * 3
    assert Counter(roles) == {"practice": 3, "check": 4, "test": study.trials}
    assert len({trial.picture for trial in trials}) == len(trials)  # nobody sees a picture twice

    shown = [trial for trial in trials if trial.role == "test"]
    pairs = Counter(frozenset((trial.left, trial.right)) for trial in shown)
    assert set(pairs) <= {frozenset(pair) for pair in study.pairs}
    assert spread(Counter({frozenset(pair): pairs[frozenset(pair)] for pair in study.pairs})) <= 1
    swapped = [(trial.left, trial.right) in study.pairs for trial in shown]
    assert abs(sum(swapped) - (len(shown) - sum(swapped))) <= 1
    for pair in study.pairs:
        assert abs(sum((t.left, t.right) == pair for t in shown) - sum((t.right, t.left) == pair for t in shown)) <= 1
    first = [trial.first == "left" for trial in shown]
    assert abs(sum(first) - (len(first) - sum(first))) <= 1
    checks = [trial for trial in trials if trial.role == "check"]
    assert all(RANDOM in (trial.left, trial.right) and TRUTH in (trial.left, trial.right) for trial in checks)
    assert Counter(trial.answer(study.kind) for trial in checks) == {"left": 2, "right": 2}


@pytest.mark.parametrize(("methods", "tests", "trials"), [(2, 12, 12), (3, 12, 6), (4, 10, 5), (3, 7, 5)])
def test_over_participants_every_picture_meets_every_pair_equally_often(methods: int, tests: int, trials: int) -> None:
    study = study_of("preference", methods, tests, trials)
    cells = tests * len(study.pairs)  # so many participants walk the whole table `trials` times
    met = Counter(
        (trial.picture, frozenset((trial.left, trial.right)))
        for number in range(cells)
        for trial in deal(study, number)
        if trial.role == "test"
    )
    assert len(met) == cells
    assert set(met.values()) == {trials}


def test_orders_and_sides_differ_between_participants() -> None:
    study = study_of("turing", 2, 40, 40)
    orders = {tuple(trial.picture for trial in deal(study, number)) for number in range(20)}
    assert len(orders) == 20
    sides = Counter(trial.left == TRUTH for n in range(200) for trial in deal(study, n) if trial.picture == "t0")
    assert 60 < sides[True] < 140
    checks = Counter(trial.position for n in range(400) for trial in deal(study, n) if trial.role == "check")
    assert len(checks) == 44  # they come at any place after practice


def test_the_right_answers() -> None:
    for trial in deal(study_of("turing", 2, 10, 10), 0):
        answer = trial.answer("turing")
        assert answer is not None
        assert trial.method(answer) != TRUTH
    for trial in deal(study_of("preference", 2, 10, 10), 0):
        answer = trial.answer("preference")
        assert (answer is None) == (trial.role != "check")
        assert answer is None or trial.method(answer) == TRUTH


def test_a_study_is_read_as_it_was_written(turing: Study) -> None:
    assert read_study(turing.folder) == turing


def test_what_is_no_study_is_named(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="study create"):
        read_study(tmp_path / "absent")
    for text in ("{", "[]", '{"format": 1}', '{"format": 1, "kind": "x"}', '{"format": 7}'):
        (tmp_path / "study.json").write_text(text)
        with pytest.raises(StudyError, match=r"study\.json"):
            read_study(tmp_path)

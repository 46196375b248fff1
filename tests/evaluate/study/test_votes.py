"""The database: SQLite and PostgreSQL alike, several at once, and named errors."""

from __future__ import annotations

import datetime
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from photochrom.errors import StudyError
from photochrom.evaluate.study.plan import Study, deal
from photochrom.evaluate.study.votes import Store


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, preference: Study) -> Iterator[Store]:
    store = Store(preference, None if request.param == "sqlite" else request.getfixturevalue("postgres"))
    yield store
    store.close()


def test_votes_come_back_as_they_were_given(store: Store, preference: Study) -> None:
    first, second = store.enrol(), store.enrol()
    assert first != second
    for position, choice in enumerate(("left", "right", "right")):
        assert store.vote(second, position, choice, 100 * position)
    assert not store.vote(second, 1, "left", 5)  # answered already
    assert not store.vote(first, 99, "left", 5)  # no such trial
    dealt = deal(preference, 1)
    progress = store.progress(second)
    assert progress is not None
    assert (progress.trials, progress.answered) == (dealt, 3)
    assert store.progress("nobody") is None
    today = datetime.datetime.now(datetime.timezone.utc).date()
    known = store.participants()
    assert [row[:2] for row in known] == [(first, 0), (second, 1)]
    assert all(abs(day - today) <= datetime.timedelta(1) for _, _, day in known)
    votes = store.votes()
    assert [(v.participant, v.number, v.choice, v.milliseconds) for v in votes] == [
        (second, 1, "left", 0),
        (second, 1, "right", 100),
        (second, 1, "right", 200),
    ]
    assert [vote.trial for vote in votes] == list(dealt[:3])


def test_studies_in_one_database_do_not_meet(store: Store, preference: Study) -> None:
    mine = store.enrol()
    another = Store(replace(preference, id="another"), store._engine.url.render_as_string(hide_password=False))
    assert another.progress(mine) is None
    theirs = another.enrol()
    assert [(id_, number) for id_, number, _ in another.participants()] == [(theirs, 0)]
    assert store.progress(theirs) is None
    another.close()


def test_many_at_once_get_their_own_numbers(store: Store) -> None:
    threads = [threading.Thread(target=lambda: [store.enrol() for _ in range(4)]) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [number for _, number, _ in store.participants()][-24:] == list(range(24))


def test_databases_that_cannot_be_used(preference: Study, tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("no database" * 100)
    for url in (
        "no url",
        "nosuch://here/x",
        f"sqlite:///{tmp_path}/absent/x.db",
        f"sqlite:///{tmp_path}/text.db",
        "postgresql://me:secret@127.0.0.1:1/x",
    ):
        with pytest.raises(StudyError) as refused:
            Store(preference, url)
        assert "database" in str(refused.value)
        assert "secret" not in str(refused.value)

"""The server: what it gives away, what it refuses, and that no acknowledged vote is lost when it is killed."""

from __future__ import annotations

import json
import re
import socket
import sqlite3
import sys
import threading
from http.client import HTTPException
from pathlib import Path
from typing import Any

import pytest
from study_helpers import Visitor, serving

from helpers import Command
from photochrom.evaluate.study.create import create_study
from photochrom.evaluate.study.plan import Study
from photochrom.evaluate.study.votes import Store


def trials_of(study: Study) -> Any:
    store = Store(study)
    (id_, _, _), *_ = store.participants()
    progress = store.progress(id_)
    store.close()
    assert progress is not None
    return progress.trials


def test_one_participant_from_consent_to_the_end(turing: Study) -> None:
    with serving(turing.folder) as server:
        visitor = Visitor(server.port)
        assert visitor.ask("api/state")[1]["stage"] == "consent"
        assert visitor.ask("api/picture/0/left")[0] == 403
        assert visitor.ask("api/start", {"consent": False})[0] == 422
        assert visitor.ask("api/vote", {"position": 0, "choice": "left", "milliseconds": 1})[0] == 403
        state = visitor.start()
        assert visitor.start() == state  # agreeing twice makes no second participant
        trials = trials_of(turing)
        for trial in trials:
            assert state["position"] == trial.position
            assert state["practice"] == (trial.role == "practice")
            # only the pair in turn and the next one, and no word about what they are
            for position in (trial.position - 1, trial.position, trial.position + 1, trial.position + 2):
                status, content, headers = visitor.ask(f"api/picture/{position}/left")
                allowed = position in (trial.position, trial.position + 1) and position < len(trials)
                assert status == (200 if allowed else 404)
                if allowed:
                    assert content == turing.picture(trials[position].picture, trials[position].left).read_bytes()
                    assert headers["Cache-Control"] == "no-store"
                    assert not {"etag", "last-modified", "content-disposition"} & {name.lower() for name in headers}
            words = json.dumps(state)
            assert not any(word in words for word in ("vivid", "dull", "truth", "random", "check", trial.picture))
            assert visitor.vote(trial.position + 1)[0] == 409  # out of turn
            status, state = visitor.vote(trial.position, "right")
            assert status == 200
            assert state.get("answer") == (trial.answer("turing") if trial.role == "practice" else None)
            # sent again, as after a lost acknowledgement: the first answer stays
            assert visitor.vote(trial.position, "left") == (200, state)
        assert state["stage"] == "done"
        assert visitor.vote(len(trials))[0] == 409
    store = Store(turing)
    assert [vote.choice for vote in store.votes()] == ["right"] * len(trials)
    assert len(store.participants()) == 1
    store.close()


def test_a_strange_cookie_and_bad_answers(preference: Study) -> None:
    with serving(preference.folder) as server:
        visitor = Visitor(server.port)
        visitor.start()
        for body in (
            {"position": 0, "choice": "up", "milliseconds": 1},
            {"position": -1, "choice": "left", "milliseconds": 1},
            {"position": 0, "choice": "left", "milliseconds": -1},
            {"position": 0, "choice": "left", "milliseconds": 2**40},
            {"choice": "left"},
            [],
        ):
            assert visitor.ask("api/vote", body)[0] == 422
        for path in ("api/picture/0/top", "api/picture/x/left"):
            assert visitor.ask(path)[0] == 422
        for path in ("docs", "openapi.json", "study.json", "static/../study.py", "static/%2e%2e/%2e%2e/study.py"):
            assert visitor.ask(path)[0] == 404
        for cookie in visitor.jar:
            cookie.value = "' OR 1=1 --"
        assert visitor.ask("api/state")[1]["stage"] == "consent"
        assert visitor.vote(0)[0] == 403


def test_no_third_party_and_no_trace_of_an_address(preference: Study) -> None:
    with serving(preference.folder) as server:
        visitor = Visitor(server.port)
        state = visitor.start()
        visitor.vote(state["position"])
        _, page, headers = visitor.ask("")
        for name in ("static/study.js", "static/study.css", "static/icon.svg"):
            page += visitor.ask(name)[1]
        assert re.findall(rb"https?://(?!www\.w3\.org/2000/svg)", page) == []
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert headers["Referrer-Policy"] == "no-referrer"
        cookie = next(iter(visitor.jar))
        assert len(cookie.value or "") >= 20
        assert server.log.read_text() == ""
    with sqlite3.connect(preference.folder / "study.db") as database:
        dump = "\n".join(database.iterdump())
    database.close()
    assert "127.0.0.1" not in dump
    columns = {row[1] for table in ("participants", "votes") for row in database_columns(preference.folder, table)}
    assert columns == {"id", "study", "number", "day", "participant", "position", "choice", "milliseconds"}


def database_columns(folder: Path, table: str) -> list[Any]:
    database = sqlite3.connect(folder / "study.db")
    rows = database.execute(f"PRAGMA table_info({table})").fetchall()
    database.close()
    return rows


def test_the_server_killed_in_the_middle_loses_no_acknowledged_vote(results: Path, tmp_path: Path) -> None:
    methods = {name: results / name for name in ("vivid", "dull")}
    study = create_study(tmp_path / "study", "preference", methods, practice=0, trials=14, checks=0)
    acknowledged: list[dict[int, str]] = [{} for _ in range(4)]
    with serving(study.folder) as server:
        visitors = [Visitor(server.port) for _ in acknowledged]
        for visitor in visitors:
            visitor.start()
        enough = threading.Event()

        def take_part(visitor: Visitor, mine: dict[int, str]) -> None:
            for position in range(14):
                choice = "left" if (position * 7 + id(mine)) % 3 else "right"
                try:
                    status, _ = visitor.vote(position, choice)
                except (OSError, HTTPException):
                    return  # killed, perhaps in the middle of an answer
                if status == 200:
                    mine[position] = choice
                if position == 4:
                    enough.set()

        threads = [threading.Thread(target=take_part, args=pair) for pair in zip(visitors, acknowledged, strict=True)]
        for thread in threads:
            thread.start()
        assert enough.wait(30)
        server.kill()
        for thread in threads:
            thread.join()
        server.start()
        for visitor, mine in zip(visitors, acknowledged, strict=True):
            state = visitor.ask("api/state")[1]
            position = state.get("position", 14)
            assert len(mine) <= position <= len(mine) + 1  # at most one was kept whose acknowledgement got lost
            for later in range(position, 14):
                mine[later] = "left"
                assert visitor.vote(later)[0] == 200
    store = Store(study)
    kept: dict[int, dict[int, str]] = {}
    for vote in store.votes():
        kept.setdefault(vote.number, {})[vote.trial.position] = vote.choice
    store.close()
    for number, mine in enumerate(acknowledged):
        assert kept[number].keys() == set(range(14))
        assert all(kept[number][position] == choice for position, choice in mine.items())


def test_two_windows_of_one_participant_keep_one_answer(preference: Study) -> None:
    with serving(preference.folder) as server:
        visitor = Visitor(server.port)
        visitor.start()
        other = Visitor(server.port, visitor.jar)
        answers: list[int] = []
        threads = [
            threading.Thread(target=lambda who=who: answers.append(who.vote(0)[0])) for who in (visitor, other) * 3
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert answers == [200] * 6
        assert visitor.ask("api/state")[1]["position"] == 1


def test_an_address_that_is_taken(photochrom: Command, preference: Study) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        done = photochrom("study", "run", preference.folder, "--port", other.getsockname()[1])
    assert (done.code, done.out) == (2, "")
    assert "a free address" in done.err


def test_a_folder_without_a_study(photochrom: Command, tmp_path: Path) -> None:
    for verb in ("run", "report"):
        done = photochrom("study", verb, tmp_path)
        assert done.code == 1
        assert "no study here" in done.err


@pytest.mark.parametrize(
    ("verb", "library", "module", "extra"),
    [
        ("report", "sqlalchemy", "photochrom.evaluate.study.votes", "eval"),
        ("run", "uvicorn", "photochrom.web.study", "web"),
    ],
)
def test_a_missing_extra_is_named(
    photochrom: Command,
    preference: Study,
    monkeypatch: pytest.MonkeyPatch,
    verb: str,
    library: str,
    module: str,
    extra: str,
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    monkeypatch.delitem(sys.modules, module, raising=False)
    done = photochrom("study", verb, preference.folder)
    assert (done.code, done.out) == (2, "")
    assert f"photochrom[{extra}]" in done.err

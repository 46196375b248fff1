"""Work on films when something comes between: full disks, two requests at once, a film that is removed, another version."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from helpers import save
from photochrom.errors import JobError, OutputWriteError
from photochrom.web import films_queue, films_work, films_worker
from photochrom.web.films_folder import FilmFolder, Films
from photochrom.web.films_models import FilmEdits, JobWanted
from photochrom.web.films_queue import Queue
from photochrom.web.settings import Settings

SETTINGS = Settings(threads=1)
ABOUT = {"suffix": ".mkv", "width": 96, "height": 64, "name": "walk.mkv"}
READING: dict[str, Any] = {"first": 0, "times": [0.0], "shots": [], "damaged": [], "notices": []}


@pytest.fixture
def films(tmp_path: Path) -> Films:
    return Films(tmp_path / "films")


@pytest.fixture
def folder(films: Films) -> FilmFolder:
    """A film that has been read, as far as its folder shows."""
    made = films.new()
    made.write("shots.json", READING)
    made.write("read.json", {"frames": 1, "shots": 0})
    made.write("about.json", ABOUT)
    return made


def process(queue: Queue, folder: FilmFolder, code: str) -> films_queue._Running:
    """A process in the place of a worker."""
    command = [sys.executable, "-c", code]
    made = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    running = films_queue._Running(folder, "color", folder.wanted("color")["token"], made)
    queue._lanes["long"] = running
    return running


def test_where_not_even_the_reason_can_be_written_the_task_ends(folder: FilmFolder) -> None:
    folder.want("color")
    (folder.path / "failed-color.json" / "in the way").mkdir(parents=True)
    folder.fail("color", "OutputWriteError", "no room")
    assert folder.wanted("color") is None


def test_the_queue_outlives_what_the_system_refuses(
    films: Films, folder: FilmFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = threading.Event()
    again = threading.Event()

    def refused(*_: Any, **__: Any) -> Any:
        (again if asked.is_set() else asked).set()
        raise OSError(12, "Cannot allocate memory")

    folder.want("color")
    monkeypatch.setattr(subprocess, "Popen", refused)
    monkeypatch.setattr(films_queue, "_BLOCKED", 0.01)
    queue = Queue(films)
    queue.start()
    try:
        assert asked.wait(60)
        assert again.wait(60)
    finally:
        queue.close()


def test_what_a_removed_film_leaves_goes_with_its_worker(films: Films, folder: FilmFolder) -> None:
    queue = Queue(films)
    folder.want("color")
    running = process(queue, folder, "input()")
    films.remove(folder)
    folder.path.mkdir(exist_ok=True)
    (folder.path / "film.mkv").write_bytes(b"what the process still held")
    queue._turn(look=False)
    assert running.process.poll() is not None
    assert not folder.path.exists()


def test_a_task_that_is_wanted_otherwise_by_now_has_not_failed(
    folder: FilmFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def begun_anew(*_: Any) -> None:
        folder.want("color")
        raise OutputWriteError("cannot be written", folder.path)

    monkeypatch.setattr(films_worker, "_color", begun_anew)
    folder.want("color")
    assert films_worker._work(folder, "color") == 0
    assert folder.wanted("color") is not None
    assert folder.read("failed-color.json") is None


def test_progress_that_cannot_be_noted_is_no_fault(folder: FilmFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder.path / ".progress-color.json.part").mkdir()
    done: list[str] = []

    def work(_: FilmFolder, __: Any, tell: films_worker.Tell) -> None:
        tell({"event": "frames"})
        done.append("all")

    monkeypatch.setattr(films_worker, "_color", work)
    folder.want("color")
    assert films_worker._work(folder, "color") == 0
    assert done == ["all"]


def test_pictures_of_shots_that_failed_are_made_when_asked_again(folder: FilmFolder) -> None:
    films_work.look_again(folder, SETTINGS)
    assert folder.wanted("read") is None  # all is there
    folder.fail("read", "MemoryError", "there is not enough memory")
    films_work.look_again(folder, SETTINGS)
    assert folder.wanted("read") is not None


def test_what_another_version_began_is_begun_anew(folder: FilmFolder) -> None:
    films_work.begin(folder, JobWanted(), SETTINGS)
    parts = folder.path / "result.mkv.job"
    parts.mkdir()
    folder.fail("color", JobError.__name__, "is of another film, or of other choices")
    films_work.begin(folder, JobWanted(), SETTINGS)
    assert folder.wanted("color") is not None
    assert not parts.exists()

    parts.mkdir()
    folder.fail("color", "OutputWriteError", "no room")  # what is done is whole, and is gone on with
    films_work.begin(folder, JobWanted(), SETTINGS)
    assert parts.exists()


def test_two_windows_may_keep_edits_at_once(folder: FilmFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    from photochrom.film import steer

    usual = steer.load_steering
    first = FilmEdits.model_validate({"hints": [{"frame": 0, "x": 1, "y": 1, "color": "teal"}]})
    second = FilmEdits.model_validate({"hints": [{"frame": 0, "x": 2, "y": 1, "color": "red"}]})

    def meanwhile(path: Path) -> Any:
        monkeypatch.setattr(steer, "load_steering", usual)
        films_work.keep_edits(folder, second)
        return usual(path)

    monkeypatch.setattr(steer, "load_steering", meanwhile)
    films_work.keep_edits(folder, first)
    assert folder.edits()["hints"][0]["x"] == 1
    assert not list(folder.path.glob("*draft*"))


def test_two_references_at_once_get_two_numbers(
    folder: FilmFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from photochrom.web import engine

    usual = engine.place_reference
    uploads = [tmp_path / "a.png", tmp_path / "b.png"]
    for value, upload in enumerate(uploads):
        save(np.full((8, 8, 3), 100 * value, np.uint8), upload)

    def meanwhile(*given: Any) -> None:
        monkeypatch.setattr(engine, "place_reference", usual)
        assert films_work.take_reference(folder, "b.png", uploads[1], 5) == "r2"
        usual(*given)

    monkeypatch.setattr(engine, "place_reference", meanwhile)
    assert films_work.take_reference(folder, "a.png", uploads[0], 5) == "r1"
    for number, upload in zip(("r1", "r2"), uploads, strict=True):
        assert (folder.path / number).read_bytes() == upload.read_bytes()
    assert not list(folder.path.glob(".*.part"))

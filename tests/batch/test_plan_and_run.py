"""From what the user names to jobs: which pictures, which outputs, and which of them would do harm."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from helpers import Grey, save
from photochrom.batch import Job, Outcome, Settle, make_room, plan, run
from photochrom.errors import (
    ImageError,
    ImageNotFoundError,
    OptionError,
    OutputConflictError,
    OutputExistsError,
    OutputWriteError,
    TruncatedImageError,
    UnexpectedError,
)

pytestmark = pytest.mark.usefixtures("here")


def touch(*names: str) -> None:
    for name in names:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).touch()


def pairs(jobs: list[Job]) -> dict[str, str]:
    assert not [job.error for job in jobs if job.error]
    found = {job.source.as_posix(): job.target.as_posix() for job in jobs}
    assert len(found) == len(jobs)
    return found


def paths(*names: str) -> list[Path]:
    return [Path(name) for name in names]


def test_one_file() -> None:
    touch("old/a.b.JPG", "made/x")
    old = paths("old/a.b.JPG")
    assert pairs(plan(old, None)) == {"old/a.b.JPG": "old/a.b_color.JPG"}
    assert pairs(plan(old, Path("new.png"))) == {"old/a.b.JPG": "new.png"}
    assert pairs(plan(old, Path("made"))) == {"old/a.b.JPG": "made/a.b.JPG"}


def test_a_name_without_an_ending_gets_that_of_the_format(photo: Grey) -> None:
    save(photo, Path("a.tif"))
    Path("a.tif").rename("scan")
    assert pairs(plan(paths("scan"), Path("result"))) == {"scan": "result.tif"}
    assert pairs(plan(paths("scan"), Path("result"), format="png")) == {"scan": "result.png"}
    assert pairs(plan(paths("scan"), Path("result.webp"), format="png")) == {"scan": "result.webp"}
    touch("result.tif")
    (job,) = plan(paths("scan"), Path("result"))
    assert isinstance(job.error, OutputExistsError)


def test_several_files() -> None:
    touch("x/a.jpg", "y/b.png")
    assert pairs(plan(paths("x/a.jpg", "y/b.png"), None)) == {"x/a.jpg": "x/a_color.jpg", "y/b.png": "y/b_color.png"}
    assert pairs(plan(paths("x/a.jpg", "y/b.png"), Path("out"))) == {"x/a.jpg": "out/a.jpg", "y/b.png": "out/b.png"}


def test_a_folder_is_mirrored_and_other_files_are_passed_over() -> None:
    touch("in/b.jpg", "in/a.TIFF", "in/notes.txt", "in/deep/er/c.webp", "in/deep/d.gif", "in/folder.jpg/e.png")
    jobs = plan(paths("in"), Path("out"))
    assert pairs(jobs) == {
        "in/a.TIFF": "out/a.TIFF",
        "in/b.jpg": "out/b.jpg",
        "in/deep/d.gif": "out/deep/d.gif",
        "in/deep/er/c.webp": "out/deep/er/c.webp",
        "in/folder.jpg/e.png": "out/folder.jpg/e.png",
    }
    assert jobs == plan(paths("in"), Path("out")), "always in the same order"
    assert plan(paths("in/deep/er"), Path("out"))[0].target == Path("out/c.webp")


def test_several_folders_keep_their_names(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch("one/a.jpg", "two/a.jpg", "b.jpg")
    found = pairs(plan(paths("one", "two/", "b.jpg"), Path("out")))
    assert found == {"one/a.jpg": "out/one/a.jpg", "two/a.jpg": "out/two/a.jpg", "b.jpg": "out/b.jpg"}
    monkeypatch.chdir("one")
    assert pairs(plan(paths(".", "../two"), Path("../out")))["a.jpg"] == "../out/one/a.jpg"


def test_wrong_combinations() -> None:
    touch("in/a.jpg", "b.jpg", "file")
    with pytest.raises(OptionError, match="output folder"):
        plan(paths("in"), None)
    with pytest.raises(OptionError, match="output folder"):
        plan(paths("b.jpg", "in"), None)
    for inputs in (paths("in"), paths("b.jpg", "in/a.jpg")):
        with pytest.raises(OptionError, match="a folder"):
            plan(inputs, Path("file"))
        with pytest.raises(OptionError, match="a folder"):
            plan(inputs, Path("out"), confidence=Path("file"))


def test_an_empty_folder_has_no_jobs() -> None:
    touch("in/notes.txt")
    assert plan(paths("in"), Path("out")) == []


def test_an_output_that_exists_is_refused_unless_forced(here: Path) -> None:
    touch("a.jpg", "a_color.jpg", "b.jpg")
    first, second = plan(paths("a.jpg", "b.jpg"), None)
    assert isinstance(first.error, OutputExistsError)
    assert first.error.path == Path("a_color.jpg")
    assert second.error is None
    assert plan(paths("a.jpg", "b.jpg"), None, force=True)[0].error is None
    (here / "b_color.jpg").symlink_to("nowhere")
    assert isinstance(plan(paths("b.jpg"), None)[0].error, OutputExistsError), "a dangling link is something, too"


def test_in_place_needs_force() -> None:
    touch("in/a.jpg")
    for inputs, out in ((paths("in/a.jpg"), Path("in/a.jpg")), (paths("in"), Path("in"))):
        (job,) = plan(inputs, out)
        assert isinstance(job.error, OutputExistsError)
        (job,) = plan(inputs, out, force=True)
        assert job == Job(Path("in/a.jpg"), Path("in/a.jpg"))


def test_two_inputs_with_one_output() -> None:
    touch("x/a.jpg", "y/a.jpg", "y/b.jpg")
    Path("link").symlink_to("out")
    first, second, third = plan(paths("x/a.jpg", "y/a.jpg", "y/b.jpg"), Path("out"), force=True)
    for job in (first, second):
        assert isinstance(job.error, OutputConflictError)
        assert job.error.path == Path("out/a.jpg")
        assert job.error.inputs == (Path("x/a.jpg"), Path("y/a.jpg"))
    assert third.error is None
    assert all(isinstance(job.error, OutputConflictError) for job in plan(paths("x/a.jpg", "x/../x/a.jpg"), None))


def test_the_output_of_one_is_never_the_input_of_another() -> None:
    touch("a.jpg", "a_color.jpg", "scan/out/b.jpg")
    first, second = plan(paths("a.jpg", "a_color.jpg"), None, force=True)
    assert isinstance(first.error, OutputExistsError)
    assert "input" in str(first.error)
    assert second == Job(Path("a_color.jpg"), Path("a_color_color.jpg"))
    Path("link.jpg").symlink_to("a_color.jpg")
    assert isinstance(plan(paths("a.jpg", "link.jpg"), None, force=True)[0].error, OutputExistsError)


def test_results_of_earlier_runs_below_the_input_folder_are_left_out(here: Path) -> None:
    touch("in/a.jpg", "in/color/a.jpg", "in/sure/a.png", "in/b/c.jpg")
    expected = {"in/a.jpg": "in/color/a.jpg", "in/b/c.jpg": "in/color/b/c.jpg"}
    assert pairs(plan(paths("in"), Path("in/color"), confidence=Path("in/sure"), force=True)) == expected
    Path("elsewhere").symlink_to("in/color")
    assert set(pairs(plan(paths("in"), Path("elsewhere"), confidence=Path("in/sure"), force=True))) == set(expected)


def test_a_link_as_output_is_replaced_not_followed() -> None:
    touch("a.jpg", "b.jpg")
    Path("a_color.jpg").symlink_to("b.jpg")
    assert not [job.error for job in plan(paths("a.jpg", "b.jpg"), None, force=True) if job.error]


def test_loops_of_links_end() -> None:
    touch("in/a.jpg", "in/deep/b.jpg")
    Path("in/deep/up").symlink_to(Path("in").resolve())
    Path("in/self").symlink_to("self")
    Path("in/self.jpg").symlink_to("self.jpg")
    found = pairs(plan(paths("in"), Path("out")))
    assert set(found) == {"in/a.jpg", "in/deep/b.jpg", "in/self.jpg"}, "a named link is tried, and fails by name"


def test_an_unreadable_folder_is_a_job_with_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    touch("in/a.jpg", "in/locked/b.jpg", "in/z.jpg")
    scan = os.scandir

    def refuse(path: Any) -> Any:
        if Path(path).name == "locked":
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    jobs = plan(paths("in"), Path("out"))
    assert [job.source.as_posix() for job in jobs if job.error is None] == ["in/a.jpg", "in/z.jpg"]
    (bad,) = [job for job in jobs if job.error]
    assert isinstance(bad.error, ImageNotFoundError)
    assert bad.error.path == Path("in/locked")
    assert "Permission denied" in str(bad.error)


def test_names_that_the_system_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    (job,) = plan(paths("a" * 300 + ".jpg"), None)
    assert job.error is None, "opening it names the reason"

    def refuse(path: Path, **_: Any) -> bool:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "is_dir", refuse)
    assert plan(paths("locked/a.jpg"), None) == [Job(Path("locked/a.jpg"), Path("locked/a_color.jpg"))]


def test_confidence_maps() -> None:
    touch("in/a.jpg", "in/deep/b.tif", "made/x")
    one = paths("in/a.jpg")
    assert plan(one, None, confidence=Path("m.png"))[0].confidence == Path("m.png")
    assert plan(one, None, confidence=Path("made"))[0].confidence == Path("made/a_color.png")
    maps = [job.confidence for job in plan(paths("in"), Path("out"), confidence=Path("maps"))]
    assert maps == [Path("maps/a.png"), Path("maps/deep/b.png")]
    maps = [job.confidence for job in plan(paths("in/a.jpg", "in/deep/b.tif"), None, confidence=Path("maps"))]
    assert maps == [Path("maps/a_color.png"), Path("maps/b_color.png")]


def test_a_run_that_ended_between_a_picture_and_its_map_is_taken_up() -> None:
    touch("in/a.png", "in/b.png", "in/c.png", "out/a.png", "maps/b.png", "out/c.png", "maps/c.png")
    jobs = plan(paths("in"), Path("out"), confidence=Path("maps"), skip_existing=True)
    assert [job.skip for job in jobs] == [None, None, "exists already"]
    assert [job.error for job in jobs] == [None] * 3


def test_confidence_maps_do_no_harm() -> None:
    touch("a.png", "a.jpg", "there.png")
    with pytest.raises(OptionError, match="--confidence"):
        plan(paths("a.png"), Path("new.png"), confidence=Path("new.png"))
    (job,) = plan(paths("a.png"), None, confidence=Path("there.png"))
    assert isinstance(job.error, OutputExistsError)
    assert job.error.path == Path("there.png")
    (job,) = plan(paths("a.png"), None, confidence=Path("a.png"), force=True)
    assert isinstance(job.error, OutputExistsError), "the photograph itself is never lost to its map"
    jobs = plan(paths("a.png", "a.jpg"), None, confidence=Path("maps"))
    assert all(isinstance(job.error, OutputConflictError) for job in jobs)


def test_run_goes_on_after_errors() -> None:
    doomed = Job(Path("1"), Path("1c"), error=OutputExistsError("there", "1c"))
    jobs = [doomed, *(Job(Path(str(n)), Path(f"{n}c")) for n in range(2, 6))]
    failures = {
        "3": TruncatedImageError("broken", "3"),
        "4": OSError(5, "Input/output error"),
        "5": MemoryError(),
    }

    def work(job: Job) -> str:
        assert job is not doomed
        if job.source.name in failures:
            raise failures[job.source.name]
        return "done"

    first, second, third, fourth, fifth = run(jobs, work)
    assert first == Outcome(doomed, error=doomed.error)
    assert second == Outcome(jobs[1], "done")
    assert third.error is failures["3"]
    for outcome, reason in ((fourth, "Input/output error"), (fifth, "memory")):
        assert isinstance(outcome.error, ImageError)
        assert reason in str(outcome.error)
        assert outcome.error.path == outcome.job.source


def test_a_bug_is_named_and_the_rest_go_on() -> None:
    def work(job: Job) -> str:
        if job.source.name == "a":
            raise ZeroDivisionError("division by zero\nand more")
        return "done"

    first, second = run([Job(Path("a"), Path("ac")), Job(Path("b"), Path("bc"))], work)
    assert isinstance(first.error, UnexpectedError)
    assert isinstance(first.error.__cause__, ZeroDivisionError)
    assert str(first.error) == "a: unexpected ZeroDivisionError: division by zero; --debug shows where"
    assert second.value == "done"


def test_a_bug_in_what_is_looked_at_first_is_named_and_the_rest_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def own(path: Path) -> bool:
        if path.name == "a":
            raise ZeroDivisionError("division by zero")
        return False

    monkeypatch.setattr(sys.modules["photochrom.batch.run_jobs"], "is_own_output", own)
    jobs = [Job(Path("a"), Path("ac")), Job(Path("b"), Path("bc"))]
    first, second = run(jobs, lambda job: "done", Settle(jobs))
    assert (type(first.error), first.job) == (UnexpectedError, jobs[0])
    assert second.value == "done"


@pytest.mark.parametrize("error", [OSError(22, "Invalid argument"), ZeroDivisionError("bug")])
def test_a_file_without_a_telling_name_that_cannot_be_looked_into_is_passed_over(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def broken(path: Path) -> None:
        raise error

    touch("in/noname", "in/a.jpg")
    monkeypatch.setattr("photochrom.batch.kinds.PictureFile", broken)
    assert pairs(plan(paths("in"), Path("out"))) == {"in/a.jpg": "out/a.jpg"}


def test_make_room() -> None:
    make_room(Path("x/y/z.jpg"))
    make_room(Path("x/y/z.jpg"))
    assert Path("x/y").is_dir()
    touch("file")
    for path in (Path("file/a.jpg"), Path("file/deep/a.jpg")):
        with pytest.raises(OutputWriteError) as caught:
            make_room(path)
        assert caught.value.path == path

"""Unfinished files: cleared after a killed run, never while somebody writes them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from photochrom.images.parts import PAGE, abandon_parts, clear_parts, close_part, is_part, open_part, open_part_folder

pytestmark = pytest.mark.usefixtures("here")


def test_what_killed_runs_leave_is_cleared_and_nothing_else() -> None:
    held, part = open_part(Path("a.jpg"))
    left, stale = open_part(Path("b.jpg"))
    os.close(left)  # as the system does when a process ends
    others = [Path(".a.jpg.1234.part"), Path("film.part"), Path("b.jpg")]
    for other in others:
        other.touch()
    foreign = stale.with_name(".c.jpg.photochrom-00000000-12345678.part")
    foreign.touch()
    assert is_part(part.name)
    assert not any(is_part(other.name) for other in others)
    assert clear_parts(Path()) == 1
    assert not stale.exists()
    assert part.exists(), "it is being written"
    assert foreign.exists(), "another machine may be writing it, over a network without locks"
    old = time.time() - 7200
    os.utime(foreign, (old, old))
    assert clear_parts(Path()) == 1
    os.close(held)
    assert clear_parts(Path()) == 1
    assert all(other.exists() for other in others)
    assert clear_parts(Path("absent")) == 0


def test_the_pages_that_killed_runs_leave_are_cleared_and_nothing_else() -> None:
    held, busy = open_part_folder(Path("a.tif"))
    left, stale = open_part_folder(Path("b.tif"))
    os.close(left)  # as the system does when a process ends
    for folder in (busy, stale):
        (folder / PAGE).write_bytes(b"page")
    inner, _ = open_part(stale / PAGE)
    os.close(inner)
    foreign = stale.with_name(".c.tif.photochrom-00000000-12345678.part")
    strange = stale.with_name(stale.name.replace(".b.", ".d."))
    others = [Path(".page-12345678.part"), Path("b.tif.part")]
    for folder in (foreign, strange, *others):
        folder.mkdir()
        (folder / PAGE).touch()
    (strange / "letter.txt").touch()
    link = stale.with_name(stale.name.replace(".b.", ".e."))
    link.symlink_to("b.tif.part", target_is_directory=True)
    assert clear_parts(Path()) == 1
    assert not stale.exists()
    assert (busy / PAGE).exists(), "it is being written"
    assert (foreign / PAGE).exists(), "another machine may be writing it, over a network without locks"
    assert (strange / "letter.txt").exists(), "somebody has put something into it"
    assert all((other / PAGE).exists() for other in others)
    old = time.time() - 7200
    os.utime(foreign, (old, old))
    assert clear_parts(Path()) == 0, "a page in it is new"
    os.utime(foreign / PAGE, (old, old))
    assert clear_parts(Path()) == 1
    close_part(held, busy)
    assert not busy.exists()
    descriptor, part = open_part_folder(Path("a.tif"))
    abandon_parts()
    assert not part.exists()
    os.close(descriptor)


def cleared_before_it_is_locked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another run clears the next part between its making and its lock."""
    from photochrom.images import parts

    lock, first = parts._lock, iter([True])

    def late(descriptor: int, *, wait: bool) -> bool:
        if wait and next(first, False):
            assert clear_parts(Path()) == 1
        return lock(descriptor, wait=wait)

    monkeypatch.setattr(parts, "_lock", late)


def test_a_folder_of_pages_that_is_cleared_before_it_is_locked_is_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    cleared_before_it_is_locked(monkeypatch)
    descriptor, part = open_part_folder(Path("a.tif"))
    assert part.is_dir()
    close_part(descriptor, part)
    with pytest.raises(FileNotFoundError):
        open_part_folder(Path("absent/a.tif"))


def test_a_part_that_is_cleared_before_it_is_locked_is_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    cleared_before_it_is_locked(monkeypatch)
    descriptor, part = open_part(Path("a.jpg"))
    os.close(descriptor)
    assert part.exists()


def test_a_run_that_clears_and_one_that_writes_do_each_other_no_harm() -> None:
    """For half a second one process clears a folder again and again, in which another makes, keeps and drops its files."""
    clearing = """
from pathlib import Path
from photochrom.images.parts import clear_parts
print(flush=True)
while True:
    clear_parts(Path())
"""
    with subprocess.Popen([sys.executable, "-c", clearing], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        end = time.monotonic() + 0.5
        while time.monotonic() < end:
            descriptor, part = open_part(Path("a.jpg"))
            os.write(descriptor, b"half")
            assert os.fstat(descriptor).st_nlink == 1
            part.replace("a.jpg")
            close_part(descriptor, part)
            held, folder = open_part_folder(Path("b.tif"))
            assert folder.is_dir()
            close_part(held, folder)
        process.kill()
    assert [path.name for path in Path().iterdir()] == ["a.jpg"]


def test_what_an_interrupt_leaves_open_is_deleted() -> None:
    descriptor, part = open_part(Path("a.jpg"))
    abandon_parts()
    assert not part.exists()
    os.close(descriptor)
    abandon_parts()

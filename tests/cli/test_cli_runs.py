"""Runs over folders and pipes: taken up again, counted, ended by signals, and never a traceback."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from helpers import Command, Grey, contents, files, load, on_terminal, save
from photochrom import Colorized
from photochrom.images import is_own_output

pytestmark = pytest.mark.usefixtures("here")
COMMAND = [sys.executable, "-m", "photochrom", "colorize"]


def test_skip_existing(photochrom: Command, photo: Grey) -> None:
    for name in ("a.png", "deep/b.jpg"):
        save(photo, Path("in") / name)
    assert photochrom("colorize", "in/a.png", "-o", "out/a.png").code == 0
    before = contents("out/a.png")
    done = photochrom("colorize", "in", "-o", "out", "--skip-existing", "--json")
    assert done.code == 0
    first, second, last = done.lines
    assert first == {"input": "in/a.png", "output": "out/a.png", "skipped": "exists already"}
    assert second["output"] == "out/deep/b.jpg"
    assert last == {"done": 1, "skipped": {"exists already": 1}, "failed": 0}
    assert contents("out/a.png") == before
    assert photochrom("colorize", "in", "-o", "out", "--skip-existing").code == 0
    assert photochrom("colorize", "in", "-o", "out").code == 1


def test_skip_existing_writes_the_one_of_two_outputs_that_is_not_there(photochrom: Command, photo: Grey) -> None:
    for name in ("a", "b"):
        save(photo, Path(f"in/{name}.png"))
    command = "colorize", "in", "-o", "out", "--confidence", "maps", "--skip-existing", "--json"
    assert photochrom(*command).code == 0
    whole = contents("out/a.png", "maps/b.png")
    Path("out/a.png").unlink()
    Path("maps/b.png").unlink()
    kept = [Path(name).stat().st_mtime_ns for name in ("out/b.png", "maps/a.png")]
    done = photochrom(*command)
    assert done.lines[-1] == {"done": 2, "skipped": {}, "failed": 0}
    assert contents("out/a.png", "maps/b.png") == whole
    assert [Path(name).stat().st_mtime_ns for name in ("out/b.png", "maps/a.png")] == kept
    assert photochrom(*command).lines[-1] == {"done": 0, "skipped": {"exists already": 2}, "failed": 0}


def test_an_output_that_another_run_writes_meanwhile(
    photochrom: Command, photo: Grey, monkeypatch: pytest.MonkeyPatch
) -> None:
    strips = Colorized.strips

    def overtaken(self: Colorized, **options: Any) -> Any:
        Path("out").mkdir(exist_ok=True)
        Path("out/a.png").write_text("another's")
        return strips(self, **options)

    save(photo, Path("in/a.png"))
    monkeypatch.setattr(Colorized, "strips", overtaken)
    done = photochrom("colorize", "in", "-o", "out", "--skip-existing", "--json")
    assert done.lines[-1] == {"done": 0, "skipped": {"exists already": 1}, "failed": 0}
    assert Path("out/a.png").read_text() == "another's"
    assert files("out") == {"a.png"}


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.tif", "a.gif"])
def test_own_results_are_skipped_in_folders(photochrom: Command, photo: Grey, name: str) -> None:
    save(photo, Path("in/source.png"))
    assert photochrom("colorize", "in/source.png", "-o", f"in/{name}").code == 0
    assert is_own_output(Path("in", name))
    assert not is_own_output(Path("in/source.png"))
    assert not is_own_output(Path("absent"))
    done = photochrom("colorize", "in", "-o", "out", "--json")
    assert files("out") == {"source.png"}
    assert done.lines[-1] == {"done": 1, "skipped": {"coloured by Photochrom already": 1}, "failed": 0}
    assert f"in/{name}: coloured by Photochrom already" in done.err
    assert photochrom("colorize", "in", "-o", "again", "--again").code == 0
    assert files("again") == {"source.png", name}
    named = photochrom("colorize", f"in/{name}", "-o", "named.png")
    assert named.code == 0
    assert f"in/{name}: coloured by Photochrom already" in named.err


def test_an_unexpected_exception_stops_one_picture(
    photochrom: Command, photo: Grey, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: Colorized, **_: Any) -> Any:
        raise AssertionError("!dsize.empty()")

    save(photo, Path("in/a.png"))
    save(photo, Path("in/b.png"))
    real, first = Colorized.strips, iter([broken])
    monkeypatch.setattr(Colorized, "strips", lambda self, **some: next(first, real)(self, **some))
    done = photochrom("colorize", "in", "-o", "out", "--json")
    assert done.code == 1
    assert [line.get("error") for line in done.lines] == ["UnexpectedError", None, None]
    assert re.fullmatch(r"photochrom: in/a\.png: unexpected AssertionError: !dsize.empty\(\); --debug .*\n", done.err)
    assert files("out") == {"b.png"}
    first = iter([broken])
    shown = photochrom("colorize", "in", "-o", "out", "--debug", "--skip-existing")
    assert "Traceback" in shown.err
    assert "in broken" in shown.err


def test_standard_input_and_output(photo: Grey) -> None:
    save(photo, Path("a.png"))
    data = Path("a.png").read_bytes()
    for arguments, suffix in (
        (["-", "-o", "-"], "png"),
        (["-"], "png"),
        (["-", "-o", "-", "--format", "jpeg"], "jpg"),
        (["a.png", "-o", "-", "--format", "webp"], "webp"),
    ):
        done = subprocess.run([*COMMAND, *arguments], input=data, capture_output=True, check=False)
        assert (done.returncode, done.stderr) == (0, b"")
        Path(f"b.{suffix}").write_bytes(done.stdout)
        assert load(Path(f"b.{suffix}")).shape == (*photo.shape, 3)
    assert Path("b.jpg").read_bytes()[:3] == b"\xff\xd8\xff"
    done = subprocess.run([*COMMAND, "-", "-o", "c.png"], input=b"no picture", capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (1, b"")
    assert re.fullmatch(rb"photochrom: standard input: .*\n", done.stderr)
    assert not Path("c.png").exists()


@pytest.mark.parametrize(
    "arguments", [["-", "a.png"], ["-", "-o", "-", "--json"], ["-", "-o", "-", "--samples", "2"], ["in", "-o", "-"]]
)
def test_wrong_usage_of_pipes(photochrom: Command, photo: Grey, arguments: list[str], monkeypatch: Any) -> None:
    save(photo, Path("a.png"))
    save(photo, Path("in/a.png"))
    with Path("a.png").open() as stream:
        monkeypatch.setattr("sys.stdin", stream)
        done = photochrom("colorize", *arguments)
    assert (done.code, done.out) == (2, "")
    assert "Traceback" not in done.err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.parametrize("arguments", [["colorize", "in", "-o", "out", "--json"], ["models"], ["--help"]])
def test_standard_output_that_is_full(photo: Grey, arguments: list[str]) -> None:
    save(photo, Path("in/a.png"))
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "photochrom", *arguments],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "No space left" in done.stderr


@pytest.mark.skipif(os.name != "posix", reason="a POSIX shell")
@pytest.mark.parametrize(("closed", "end"), [(">&-", (1, 1)), ("2>&-", (0, 0)), ("<&- >&- 2>&-", (1, 0))])
def test_descriptors_that_the_caller_has_closed(photo: Grey, closed: str, end: tuple[int, int]) -> None:
    save(photo, Path("in/a.png"))
    script = f"'{sys.executable}' -m photochrom colorize in -o out --json {closed}"
    done = subprocess.run(script, shell=True, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.count("\n")) == end, done.stderr
    assert files("out") == {"a.png"}
    script = f"'{sys.executable}' -m photochrom colorize - -o b.png <&-"
    done = subprocess.run(script, shell=True, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "photochrom: standard input: cannot be read: it is closed\n")
    piped = subprocess.run([*COMMAND[:-1], "colorize", "in/a.png", "-o", "-"], capture_output=True, check=False)
    assert piped.stdout[:4] == b"\x89PNG"


def test_a_pipe_that_is_closed(photo: Grey) -> None:
    for number in range(3):
        save(photo, Path(f"in/{number}.png"))
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [*COMMAND, "in", "-o", "out", "--json"], stdout=writer, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, "")
    assert files("out") == {"0.png"}, "it ends where nobody listens"


def test_lines_of_libjpeg_are_given_with_the_name(photo: Grey) -> None:
    whole = save(photo, Path("a.jpg"), Q=90).read_bytes()
    at = whole.index(b"\xff\xda")
    Path("a.jpg").write_bytes(whole[:at] + b"junk" + whole[at:])
    done = subprocess.run([*COMMAND, "a.jpg", "--json"], capture_output=True, text=True, check=False)
    for line in done.stderr.splitlines():
        assert line.startswith("photochrom: a.jpg: ")
    (line,) = map(json.loads, done.stdout.splitlines())
    said = [*line.get("notices", []), line.get("message", "")]
    assert sum("extraneous bytes" in one for one in said) == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_signals_end_a_run_and_leave_nothing_half_written(photo: Grey, number: signal.Signals) -> None:
    save(np.tile(photo, (30, 30)), Path("in/a.png"))
    for count in range(200):
        os.link("in/a.png", f"in/{count}.png")
    command = [*COMMAND, "in", "-o", "out"]

    def as_usual() -> None:  # what runs in the background may ignore some
        for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(one, signal.SIG_DFL)

    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, preexec_fn=as_usual)
    while not files("out") and process.poll() is None:
        time.sleep(0.02)
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (128 + number, "")
    assert all(re.fullmatch(r"\w+\.png", name) for name in files("out"))


def terminal(*arguments: str) -> str:
    """What a command shows on a terminal."""
    return on_terminal([*COMMAND, *arguments])[1]


def test_what_a_terminal_shows(photo: Grey) -> None:
    for name in ("a.png", "b.png"):
        save(photo, Path("in") / name)
    Path("in/c.psd").touch()
    Path("in/notes.txt").touch()
    assert re.search(r"photochrom: wrote in/a_color.png \(96 x 64 pixels, [\d.]+ s\)\r\n$", terminal("in/a.png"))
    shown = terminal("in", "-o", "out")
    assert "photochrom: in/a_color.png: coloured by Photochrom already" in shown
    assert shown.endswith("2 coloured, 3 skipped (1 PSD, 1 coloured by Photochrom already, 1 other file), 0 failed\r\n")


def test_pictures_that_are_not_read_are_told_off_a_terminal_too(photochrom: Command, photo: Grey) -> None:
    save(photo, Path("in/a.png"))
    Path("in/c.psd").touch()
    done = photochrom("colorize", "in", "-o", "out")
    assert (done.code, done.err) == (0, "photochrom: passed over, since not read: 1 PSD\n")


def test_help(photochrom: Command) -> None:
    shown = photochrom("colorize", "-h")
    assert shown.code == 0
    assert "PATHS..." in shown.out
    assert "list[Path]" not in shown.out
    assert photochrom("-h").out == photochrom("--help").out
    for command, argument in (("colorize", "PATHS..."), ("suggest", "PATH"), ("video", "PATH...")):
        usage = photochrom(command)
        assert usage.code == 2
        assert f"Usage: photochrom {command} [OPTIONS] {argument}\n" in usage.err

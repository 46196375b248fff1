"""Faults on purpose, a small part of benchmarks/faults_*.py: mutated pictures, kills, disks that fill up, several writers."""

from __future__ import annotations

import json
import resource
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from helpers import Grey, files, save

sys.path.insert(0, str(Path(__file__).parent.parent / "benchmarks"))
import faults

pytestmark = pytest.mark.usefixtures("here")


def content(folder: str) -> dict[str, bytes]:
    return {name: Path(folder, name).read_bytes() for name in files(folder)}


def check(out: str, code: int | None, said: str) -> None:
    """Nothing half-written, no traceback, the process ended by itself."""
    assert code in (0, 1), said
    assert "Traceback" not in said
    assert faults.parts(Path()) == []
    assert all(faults.is_whole(Path(out, name)) for name in files(out))


@pytest.mark.parametrize("start", [0, 100, 200])
def test_mutated_pictures(start: int) -> None:
    """A hundred in one process, which must live, name each, and stay below a gigabyte of memory."""
    pictures = faults.seeds()
    Path("in").mkdir()
    for number in range(start, start + 100):
        name, data = faults.mutant(number, pictures)
        Path("in", name).write_bytes(data)
    script = f"""
import resource, sys
from pathlib import Path
from photochrom.cli.main import main
try:
    main(sys.argv[1:])
finally:
    # ru_maxrss may be that of the process that started this one; Linux knows this program's own peak.
    status = Path("/proc/self/status")
    own = [line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmHWM")] if status.exists() else []
    peak = int(own[0]) if own else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert peak < {1 << 20}, f"{{peak}} kilobytes"
"""
    arguments = [
        "colorize",
        *sorted(map(str, Path("in").iterdir())),
        "-o",
        "out",
        "--json",
        "--threads",
        "1",
        "--again",
    ]
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=False, timeout=500
    )
    check("out", done.returncode, done.stderr)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(lines) == 100
    for line in lines:
        assert ("error" in line) != Path(line["output"]).exists(), line
        assert line.get("error") != "UnexpectedError", line
        assert line.get("error") != "ImageError", line


def test_the_same_mutant_each_time() -> None:
    pictures = faults.seeds()
    assert faults.mutant(7, pictures) == faults.mutant(7, pictures) != faults.mutant(7 + len(pictures), pictures)


def test_kill_and_take_up_again(photo: Grey) -> None:
    faults.sample(6, Path("in"))
    assert faults.command("in", "-o", "whole").code == 0
    for moment in (1, 3):
        command = [*faults.COMMAND, "in", "-o", f"out{moment}", "--skip-existing"]
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        while process.poll() is None and len([n for n in files(f"out{moment}") if not n.endswith(".part")]) < moment:
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
        process.wait()
        before = {name: data for name, data in content(f"out{moment}").items() if not name.endswith(".part")}
        again = faults.command("in", "-o", f"out{moment}", "--skip-existing", "--json")
        check(f"out{moment}", again.code, again.err)
        assert json.loads(again.out.splitlines()[-1])["skipped"] == {"exists already": len(before)}
        assert content(f"out{moment}") == content("whole")


@pytest.mark.parametrize("room", [0, 1, 700, 4096, 10_000])
def test_a_disk_that_fills_up(photo: Grey, room: int) -> None:
    """As by a quota: the system lets no file grow beyond ``room`` bytes."""
    for name in ("a.jpg", "b.png", "c.tif", "d.webp", "e.gif"):
        save(photo, Path("in") / name)
    before = content("in")
    done = subprocess.run(
        [*faults.COMMAND, "in", "-o", "out", "--json"],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (room, room)),
        capture_output=True,
        text=True,
        check=False,
    )
    check("out", done.returncode, done.stderr)
    *lines, last = map(json.loads, done.stdout.splitlines())
    assert {line.get("error") for line in lines} <= {None, "OutputWriteError"}
    assert last["failed"] == sum("error" in line for line in lines)
    assert room > 1 or last["failed"] == 5
    assert content("in") == before


def test_two_writers_into_one_folder() -> None:
    faults.sample(6, Path("in"))

    def run(extra: str) -> faults.Ended:
        return faults.command("in", "-o", "out", "--json", extra)

    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(run, ["--skip-existing", "--skip-existing"]))
    for ended in both:  # not while one still runs, which has an unfinished file then
        check("out", ended.code, ended.err)
        assert ended.code == 0
    assert len(files("out")) == 6


@pytest.mark.parametrize("gone", ["in", "out"])
def test_folders_that_vanish(gone: str) -> None:
    faults.sample(6, Path("in"))
    command = [*faults.COMMAND, "in", "-o", "out", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        while not files("out") and process.poll() is None:
            time.sleep(0.002)
        shutil.rmtree(gone, ignore_errors=True)
        out, said = process.communicate()
    check("out", process.returncode, said)
    *lines, _ = map(json.loads, out.splitlines())
    assert {line.get("error") for line in lines} <= {None, "ImageNotFoundError", "OutputWriteError"}

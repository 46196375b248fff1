"""Work that is interrupted goes on where it was, and its result is that of an undisturbed run."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from film_helpers import make_film, planes, shots
from helpers import Command, Run, data
from photochrom import film as films
from photochrom.errors import JobBusyError, JobError, OutputExistsError, OutputWriteError
from photochrom.film import film_job, packets
from photochrom.film.job_folder import LOCK, at_work, clear


@pytest.fixture
def film(here: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return make_film(here / "in.mkv", [frame for shot in shots(14) for frame in shot])


def same(one: Path, other: Path) -> bool:
    pairs = list(zip(planes(one), planes(other), strict=True))
    return len(pairs) == 42 and all(np.array_equal(*both) for pair in pairs for both in zip(*pair, strict=True))


@pytest.mark.parametrize("codec", ["ffv1", "h264"])
def test_stopped_anywhere_the_result_is_the_same(
    here: Path, film: Path, codec: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(film_job, "PART", 8)  # so that shots have parts, too
    whole = films.open(film).save(here / "whole.mkv", codec=codec)
    for seed in range(3):
        target = here / f"stopped-{seed}.mkv"
        left, stops = random.Random(seed), 0
        while not target.exists():
            limit = left.randrange(5, 160)
            asked = 0

            def stop() -> bool:
                nonlocal asked
                asked += 1
                return asked > limit  # noqa: B023  # called within this turn

            job = films.open(film).job(target, codec=codec)
            stops += not job.run(stop=stop)
            assert stops < 60
        assert not job.folder.exists()
        assert same(whole, target)


def test_killed_at_random_moments_the_result_is_the_same(here: Path, film: Path) -> None:
    whole = films.open(film).save(here / "whole.mkv", codec="ffv1", threads=1)
    command = [
        sys.executable,
        "-m",
        "photochrom",
        "video",
        "in.mkv",
        "-o",
        "out.mkv",
        "--codec",
        "ffv1",
        "--threads",
        "1",
    ]
    after, kills = random.Random(0), 0
    begun = time.monotonic()
    subprocess.run([*command[:4], "in.mkv", "-o", "timed.mkv", *command[7:]], check=True, capture_output=True)
    usual = time.monotonic() - begun
    while not (here / "out.mkv").exists():
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            process.wait(after.uniform(0.1, 0.7) * usual if kills < 6 else 300)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            kills += 1
        process.communicate()
        assert not list(here.glob("out.mkv.job/*.packets")) or (here / "out.mkv.job" / "job.json").exists()
    assert kills
    assert same(whole, here / "out.mkv")


def test_a_journal_counts_only_what_is_whole(tmp_path: Path) -> None:
    journal = packets.Journal(tmp_path / "journal.jsonl")
    for index in range(3):
        file = packets.PacketFile(tmp_path / f"{index}.packets")
        file.write(packets.Packet(index, 1, True, b"picture"))
        journal.add(1, {f"{index}.packets": file.finish()})
    with (tmp_path / "journal.jsonl").open("ab") as torn:
        torn.write(b'{"part": 3, "fra')
    assert packets.Journal(tmp_path / "journal.jsonl").frames == 3
    assert len((tmp_path / "journal.jsonl").read_bytes().splitlines()) == 3
    (tmp_path / "1.packets").write_bytes(b"other")
    assert packets.Journal(tmp_path / "journal.jsonl").frames == 1
    with pytest.raises(JobError, match=r"damaged|cannot be read"):
        list(packets.read_packets(tmp_path / "1.packets"))


def test_other_choices_or_an_output_that_is_there_are_refused(here: Path, film: Path) -> None:
    job = films.open(film).job(here / "out.mkv")
    done: list[int] = []
    assert not job.run(lambda event: done.extend([1] * (event["event"] == "part")), stop=lambda: bool(done))
    assert job.folder.exists()
    with pytest.raises(JobError, match="other choices"):
        films.open(film).save(here / "out.mkv", films.make_choices(vividness=0.9))
    (here / "out.mkv").write_bytes(b"mine")
    with pytest.raises(OutputExistsError):
        films.open(film).save(here / "out.mkv")
    assert (here / "out.mkv").read_bytes() == b"mine"


def test_a_full_disk_is_named_and_loses_nothing(here: Path, film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, calls = packets.PacketFile.finish, []

    def full(self: packets.PacketFile) -> str:
        calls.append(self)
        if len(calls) == 2:
            self._guarded(lambda: (_ for _ in ()).throw(OSError(28, "No space left on device")))
        return real(self)

    monkeypatch.setattr(packets.PacketFile, "finish", full)
    with pytest.raises(OutputWriteError, match="No space left"):
        films.open(film).save(here / "out.mkv", codec="ffv1")
    events: list[dict[str, Any]] = []
    films.open(film).save(here / "out.mkv", codec="ffv1", progress=events.append)
    assert next(event for event in events if event["event"] == "start")["done"] == 14
    assert json.loads(json.dumps(events[-1]))["frames"] == 42


def test_a_second_process_is_refused_while_the_first_is_alive(here: Path, film: Path, photochrom: Command) -> None:
    before = films.open(film).save(here / "whole.mkv", codec="ffv1")
    refused: list[Run] = []

    def meanwhile(event: dict[str, Any]) -> None:
        if event["event"] == "part" and not refused:
            refused.append(photochrom("video", "in.mkv", "-o", "out.mkv", "--codec", "ffv1", "--json"))

    films.open(film).save(here / "out.mkv", codec="ffv1", progress=meanwhile)
    assert refused[0].code == 1
    assert [(row["event"], row["error"]) for row in refused[0].lines] == [("error", "JobBusyError")]
    assert "another process" in refused[0].err
    assert same(before, here / "out.mkv")
    assert sorted(path.name for path in here.iterdir()) == ["in.mkv", "out.mkv", "whole.mkv"]


def test_a_lock_goes_with_its_process(tmp_path: Path) -> None:
    folder = tmp_path / "film.mkv.job"
    code = "import sys; from pathlib import Path; from photochrom.film.job_folder import at_work\n"
    code += "with at_work(Path(sys.argv[1])): (Path(sys.argv[1]) / 'work').touch(); print('in', flush=True); input()"
    command = [sys.executable, "-c", code, str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"in\n"
        with pytest.raises(JobBusyError, match="in use"), at_work(folder):
            pass
        process.kill()
        process.wait()
    with at_work(folder), pytest.raises(JobBusyError), at_work(folder):
        pass
    assert (folder / "work").exists()  # what was done is kept
    with at_work(folder):
        clear(folder)
    assert not folder.exists()


def test_where_an_open_file_cannot_be_removed_the_folder_goes_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual, asked = Path.unlink, []

    def as_windows(self: Path, missing_ok: bool = False) -> None:
        asked.append(self.name)
        if len(asked) == 1:
            raise PermissionError(13, "it is open in another process")
        usual(self, missing_ok)

    monkeypatch.setattr(Path, "unlink", as_windows)
    with at_work(tmp_path / "job"):
        pass
    assert asked == [LOCK, LOCK]
    assert not (tmp_path / "job").exists()


def test_what_memory_held_before_is_in_no_film(here: Path) -> None:
    """Memory that glibc fills with other values each time makes no other film; without glibc the variable does nothing."""
    large = cv2.resize(data.coffee(), (380, 280))
    make_film(here / "pan.mkv", [large[3 * k : 3 * k + 240, 5 * k : 5 * k + 320].copy() for k in range(6)])
    found = []
    for value in ("1", "85", "170"):
        command = [sys.executable, "-m", "photochrom", "video", "pan.mkv", "-o", f"{value}.mkv", "--codec", "h264"]
        subprocess.run(command, cwd=here, env={**os.environ, "MALLOC_PERTURB_": value}, check=True)
        found.append(planes(here / f"{value}.mkv"))
    for other in found[1:]:
        assert all(
            np.array_equal(*both) for pair in zip(found[0], other, strict=True) for both in zip(*pair, strict=True)
        )

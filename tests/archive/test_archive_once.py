"""Exactly once: whatever dies, the same command brings the rest, and the bytes are those of a run that nothing disturbed."""

from __future__ import annotations

import os
import shutil
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from archive_helpers import alive, children, count, done, driver, finished_by_drivers, kill, outputs, rows, until

from photochrom.archive import stores
from photochrom.archive.execute import Request, execute
from photochrom.archive.local import LocalPool
from photochrom.archive.manifest import Manifest
from photochrom.archive.picture import Painter
from photochrom.archive.pools import DEPTH, AtHand
from photochrom.archive.states import State
from photochrom.archive.tasks import Settings, Task


def test_a_run_that_nothing_disturbs(scans: Path, expected: dict[str, bytes], tmp_path: Path) -> None:
    out = tmp_path / "out"
    originals = outputs(scans)
    code, events, _ = done(scans, "-o", out, "--workers", 2)
    assert code == 0
    assert outputs(out) == expected
    assert events[-1]["done"] == len(expected)
    assert {event["input"] for event in events if event["event"] == "picture"} == {
        str(scans / name) for name in expected
    }
    assert outputs(scans) == originals
    assert not (out / ".photochrom-batch").exists(), "nothing half-written stays"
    for row in rows(out):
        assert (row.state, row.tries, row.kills) == (State.DONE, 1, 0)
        assert row.confidence > 0
        assert row.tint == "grey"


def test_killed_drivers_lose_nothing_and_do_nothing_twice(
    scans: Path, expected: dict[str, bytes], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    for _ in range(2):
        already = count(out)
        with driver(scans, "-o", out, "--workers", 1) as process:
            workers: list[int] = []

            def at_work(workers: list[int] = workers, already: int = already, process: Any = process) -> bool:
                workers[:] = children(process.pid) or workers  # while it works: after its last picture it has none
                return count(out) > already or process.poll() is not None

            until(at_work)
            assert workers or already == len(expected)
            process.kill()
            process.wait()
            until(lambda workers=workers: not any(map(alive, workers)))  # type: ignore[misc]
    before = {row.id: row.finished for row in rows(out) if row.state == State.DONE}
    code, events, _ = done(scans, "-o", out, "--workers", 1)
    assert code == 0
    assert outputs(out) == expected
    assert len([event for event in events if event["event"] == "picture"]) == len(expected) - len(before)
    assert {row.id: row.finished for row in rows(out) if row.id in before} == before


def test_a_stopped_driver_finishes_what_is_in_work(scans: Path, expected: dict[str, bytes], tmp_path: Path) -> None:
    for attempt in range(5):
        out = tmp_path / f"out{attempt}"
        with driver(scans, "-o", out, "--workers", 1) as process:
            until(lambda out=out: count(out) >= 1)
            process.send_signal(signal.SIGTERM)
            code = process.wait(60)
        if count(out) < len(expected):  # else it was done before the signal came
            break
    assert code == 130
    found = outputs(out)
    assert 1 <= len(found) == count(out) == finished_by_drivers(out)
    assert found.items() <= expected.items()
    assert count(out, State.RUNNING) == 0


class KillingPool(LocalPool):
    """Its workers are killed as soon as they have the picture named ``killer`` in work."""

    killer = ""

    def wait(self, seconds: float) -> list[Any]:
        for worker in self._workers:
            begun = worker.hand.tasks.get(worker.begun)
            if begun is not None and begun.source.endswith(self.killer):
                kill(worker.process.pid or 0)
        return super().wait(seconds)


class OncePool(LocalPool):
    """Its worker is killed once, as soon as it has begun a picture."""

    killed = False

    def wait(self, seconds: float) -> list[Any]:
        for worker in self._workers:
            if worker.begun is not None and not OncePool.killed:
                OncePool.killed = True
                kill(worker.process.pid or 0)
        return super().wait(seconds)


def test_a_picture_that_kills_two_workers_is_set_aside(
    scans: Path, expected: dict[str, bytes], tmp_path: Path, monkeypatch: Any
) -> None:
    out, killer = tmp_path / "out", "scan-002.png"
    monkeypatch.setattr(KillingPool, "killer", killer)
    monkeypatch.setattr("photochrom.archive.local.LocalPool", KillingPool)
    events: list[dict[str, Any]] = []
    counts = execute(Request(str(out), (str(scans),), workers=1), events.append)
    assert counts == {State.DONE: len(expected) - 1, State.ASIDE: 1}
    lost = [event for event in events if event["event"] == "lost"]
    assert [(Path(event["input"]).name, event["aside"]) for event in lost] == [(killer, False), (killer, True)]
    assert "SIGKILL" in lost[0]["message"]
    row = next(row for row in rows(out) if row.name == killer)
    assert (row.kills, row.error) == (2, "WorkerLost")
    monkeypatch.undo()
    counts = execute(Request(str(out), (), workers=1, retry=True), events.append)
    assert counts == {State.DONE: len(expected)}
    assert outputs(out) == expected


def test_a_picture_that_hangs_is_given_up(scans: Path, expected: dict[str, bytes], tmp_path: Path) -> None:
    """A file that never ends to be read: a named pipe into which nobody writes."""
    os.mkfifo(tmp_path / "hangs.png")
    shutil.copy(scans / "scan-001.png", tmp_path)
    events: list[dict[str, Any]] = []
    sources = (str(tmp_path / "hangs.png"), str(tmp_path / "scan-001.png"))
    counts = execute(Request(str(tmp_path / "out"), sources, workers=1, timeout=3), events.append)
    assert counts == {State.DONE: 1, State.ASIDE: 1}
    lost = {event["input"]: event["message"] for event in events if event["event"] == "lost" and event["aside"]}
    assert lost == {str(tmp_path / "hangs.png"): "a worker was ended after 3 s over this picture"}
    assert outputs(tmp_path / "out") == {"scan-001.png": expected["scan-001.png"]}


def test_scans_whose_worker_died_are_looked_at_again(scans: Path, tmp_path: Path, monkeypatch: Any) -> None:
    """While perceptual hashes are taken, too, nothing is lost."""
    monkeypatch.setattr(OncePool, "killed", False)
    monkeypatch.setattr("photochrom.archive.local.LocalPool", OncePool)
    sources = tuple(str(scans / f"scan-00{number}.png") for number in (1, 2))
    counts = execute(Request(str(tmp_path / "out"), sources, workers=1, group=True), lambda _: None)
    assert OncePool.killed
    assert counts == {State.DONE: 2}


def test_reading_colouring_and_writing_overlap(scans: Path, tmp_path: Path, monkeypatch: Any) -> None:
    """The second is read while the first is coloured, and coloured while the first is written; one is coloured at a time."""
    read, publish = stores.read, stores.publish
    second_is_read, second_begins = threading.Event(), threading.Event()

    def reading(address: str) -> bytes:
        data = read(address)
        if address.endswith("scan-002.png"):
            second_is_read.set()
        return data

    def publishing(file: Path, address: str, **more: Any) -> bool:
        if address.endswith("scan-001.png"):
            assert second_begins.wait(60)
        return publish(file, address, **more)

    monkeypatch.setattr(stores, "read", reading)
    monkeypatch.setattr(stores, "publish", publishing)
    painter, order = Painter(Settings(scratch=str(tmp_path))), []
    tasks = [Task(n, str(scans / f"scan-00{n}.png"), str(tmp_path / f"out/scan-00{n}.png")) for n in (1, 2)]

    def first_begins() -> None:
        order.append(1)
        assert second_is_read.wait(60)

    def second() -> None:
        order.append(2)
        second_begins.set()

    with ThreadPoolExecutor(2) as threads:
        one = threads.submit(painter.do, tasks[0], first_begins)
        until(lambda: order == [1])
        other = threads.submit(painter.do, tasks[1], second)
        assert [future.result().error for future in (one, other)] == [None, None]
    assert order == [1, 2]
    assert one.result().seconds > other.result().seconds - 1, "waiting for its turn is not a picture's time"


def test_a_suspect_is_at_hand_alone() -> None:
    hand, suspect = AtHand(), Task(9, "a", "b", suspect=True)
    for number in range(DEPTH):
        assert hand.fits(Task(number, "a", "b"))
        assert hand.fits(suspect) == (number == 0)
        hand.add(Task(number, "a", "b"))
    assert not hand.fits(Task(8, "a", "b"))
    assert (hand.oldest, hand.overdue(60), hand.overdue(-1)) == (0, False, True)
    hand.remove(1)
    assert hand.oldest == 0
    alone = AtHand()
    alone.add(suspect)
    assert not alone.fits(Task(8, "a", "b"))


def test_two_drivers_share_a_manifest(scans: Path, expected: dict[str, bytes], tmp_path: Path) -> None:
    """The first one's worker is held meanwhile, so that it is at work all the time."""
    many, out = tmp_path / "many", tmp_path / "out"
    for box in ("a", "b", "c"):
        shutil.copytree(scans, many / box)
    with driver(many, "-o", out, "--workers", 1) as first:
        until(lambda: count(out) >= 1)
        held = children(first.pid)
        for pid in held:
            os.kill(pid, signal.SIGSTOP)
        code, _, err = done(many, "-o", out)
        assert (code, "another run is at work" in err, "--join" in err) == (1, True, True)
        code, events, err = done(many, "-o", out, "--workers", 1, "--join")
        assert code == 1, err  # the first one still has pictures in work
        assert [event for event in events if event["event"] == "picture"]
        for pid in held:
            os.kill(pid, signal.SIGCONT)
        assert first.wait(120) == 0
    assert outputs(out) == {f"{box}/{name}": data for box in ("a", "b", "c") for name, data in expected.items()}
    assert finished_by_drivers(out) == 3 * len(expected)
    assert all(row.tries == 1 for row in rows(out))


def test_claims_of_a_driver_that_is_silent_are_taken_over(scans: Path, tmp_path: Path, monkeypatch: Any) -> None:
    """It was only asleep: what it brings afterwards does not count, since another one has the rows."""
    manifest = Manifest(str(tmp_path / "m.db"), create=True)
    from photochrom.archive.sources import plan
    from photochrom.archive.tasks import Hello, Result, Settings

    assert [found.new for found in plan(manifest, [str(scans)], str(tmp_path / "out"))] == [12]
    work = manifest.work(Hello("here", "1", "model", "0" * 64), Settings())
    sleeper, alone = manifest.leases.join()
    assert alone
    claimed = manifest.claim(sleeper, 3, "/out/")
    assert [task.id for task in claimed] == [1, 2, 3]
    monkeypatch.setattr("photochrom.archive.leases.LEASE", -1.0)
    other, alone = manifest.leases.join()
    assert alone
    monkeypatch.undo()
    assert [task.id for task in manifest.claim(other, 3, "/out/")] == [1, 2, 3]
    good = [Result(1, "done", 0.1, {"output_sha256": "a"})]
    assert manifest.settle(sleeper, good, work) == set()
    assert manifest.settle(other, good, work) == {1}
    assert manifest.settle(other, good, work) == set(), "a result counts once"
    manifest.close()


def test_outputs_are_recognised_when_the_manifest_is_lost(
    scans: Path, expected: dict[str, bytes], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    assert done(scans, "-o", out, "--workers", 1)[0] == 0
    stamps = {path: path.stat().st_mtime_ns for path in out.rglob("*.png")}
    for path in out.glob("photochrom-batch.db*"):
        path.unlink()
    (out / "scan-001.png").write_bytes(b"something else")
    code, events, err = done(scans, "-o", out, "--workers", 1)
    assert code == 1
    assert "a file is there that this batch did not write" in err
    assert events[-1]["done"] == len(expected) - 1
    assert (out / "scan-001.png").read_bytes() == b"something else"
    del stamps[out / "scan-001.png"]
    assert {path: path.stat().st_mtime_ns for path in stamps} == stamps
    code, _, _ = done("retry", out)
    assert code == 1
    (out / "scan-001.png").unlink()
    assert done("retry", out)[0] == 0
    assert outputs(out) == expected


def test_the_first_driver_leaves_the_scratch_folder_to_the_one_that_joined(tmp_path: Path) -> None:
    from photochrom.archive.execute import _scratch

    with ExitStack() as first, ExitStack() as joined:
        folder = first.enter_context(_scratch(str(tmp_path), 1, alone=True))
        assert joined.enter_context(_scratch(str(tmp_path), 2, alone=False)) == folder
        unfinished = Path(str(folder)) / "7-half.jpg"
        unfinished.write_bytes(b"half")
        first.close()
        assert unfinished.exists()
        joined.close()
        assert not unfinished.parent.exists()

"""What a batch costs beside its pictures: for the table of docs/scale.md. What it survives: benchmarks/batch_kills.py.

    python benchmarks/batch.py plan --files 50000 --rows 10000000
    python benchmarks/batch.py status --rows 10000000
    python benchmarks/batch.py cost --pictures 160             # beside the pictures' own time, at half a megapixel
    python benchmarks/batch.py workers --pictures 160 [--ray]  # two workers against one, and against one of two threads
    python benchmarks/batch.py memory --rows 100000 --pictures 100000  # of 16 to 32 pixels
    python benchmarks/batch.py report --rows 100000
    python benchmarks/batch.py paper                          # ten million scans, from the figures measured above

Each prints one JSON line, with the load average: on a shared machine compare processor seconds, and times within one run only.
Pictures are pieces of scikit-image's photographs.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from batch_tools import COMMAND, apart, below, make_scans, make_small, peak, resident

from photochrom.archive.driver import Driver
from photochrom.archive.manifest import Manifest, Planned
from photochrom.archive.sources import WINDOW, plan
from photochrom.archive.states import State
from photochrom.archive.tasks import Hello, Result, Settings, Task


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["plan", "status", "cost", "workers", "memory", "report", "paper"])
    parser.add_argument("--files", type=int, default=50_000)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--pictures", type=int, default=60)
    parser.add_argument("--ray", action="store_true")
    parser.add_argument("--seconds", type=float, default=0.53, help="paper: of one core for a scan of 12 megapixels")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="batch-") as folder:
        found = globals()[f"measure_{arguments.what}"](Path(folder), arguments)
    print(json.dumps({"what": arguments.what, **found, "load": [round(value, 1) for value in os.getloadavg()]}))


def measure_plan(folder: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    """Real, empty files in folders of 500, then rows without files; each in a process of its own, for its memory."""
    for number in range(arguments.files):
        path = folder / f"scans/{number // 500:04}/{number:08}.jpg"
        if number % 500 == 0:
            path.parent.mkdir(parents=True)
        path.touch()
    files = apart(plan_files, folder)
    rows = apart(plan_rows, folder, arguments.rows)
    return {"files": arguments.files, **files, "rows": arguments.rows, **rows}


def plan_files(folder: Path) -> dict[str, float]:
    found = {}
    for name in ("files", "files_again"):
        manifest = Manifest(str(folder / "files.db"), create=True)
        start, used = time.perf_counter(), time.process_time()
        for _ in plan(manifest, [str(folder / "scans")], str(folder / "out")):
            pass
        found[f"{name}_s"] = round(time.perf_counter() - start, 2)
        found[f"{name}_cpu_s"] = round(time.process_time() - used, 2)
        manifest.close()
    return found | {"files_mb": peak()}


def plan_rows(folder: Path, rows: int) -> dict[str, float]:
    manifest = Manifest(str(folder / "rows.db"), create=True)
    start, used = time.perf_counter(), time.process_time()
    origin = manifest.origin("s3://archive/scans/")
    for first in range(0, rows, WINDOW):
        names = (f"{number // 1000:06}/scan-{number:09}.tif" for number in range(first, min(first + WINDOW, rows)))
        manifest.add([Planned(origin, name, name, 25_000_000) for name in names])
    found = {"rows_s": round(time.perf_counter() - start, 1), "rows_cpu_s": round(time.process_time() - used, 1)}
    start, used = time.perf_counter(), time.process_time()
    assert manifest.counts() == {State.WAITING: rows}
    found |= {"status_s": round(time.perf_counter() - start, 2), "status_cpu_s": round(time.process_time() - used, 2)}
    found |= {"rows_mb": peak()}
    driver, _ = manifest.leases.join()
    start = time.perf_counter()
    for _ in range(20):
        manifest.claim(driver, 16, "/out/")
    found["claim_ms"] = round((time.perf_counter() - start) * 50, 2)
    manifest.close()
    return found | {"manifest_mb": round(sum(path.stat().st_size for path in folder.glob("rows.db*")) / 1e6)}


def measure_status(folder: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    """Counting rows in three states, which SQL makes faster than planning does."""
    Manifest(str(folder / "m.db"), create=True).close()
    rows = arguments.rows
    with closing(sqlite3.connect(folder / "m.db")) as database:
        database.executescript("PRAGMA synchronous = OFF; DROP INDEX by_state; DROP INDEX one_writer")
        database.execute(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) "
            "INSERT INTO pictures (id, origin, name, state) "
            "SELECT i, 1, printf('%09d.tif', i), CASE WHEN i % 1000 = 0 THEN 3 WHEN i < ? THEN 2 ELSE 0 END FROM n",
            (rows, rows // 2),
        )
        database.execute("CREATE INDEX by_state ON pictures (state)")
        database.commit()
    manifest = Manifest(str(folder / "m.db"))
    start, used = time.perf_counter(), time.process_time()
    assert sum(manifest.counts().values()) == rows
    found = {"status_s": round(time.perf_counter() - start, 2), "status_cpu_s": round(time.process_time() - used, 2)}
    manifest.close()
    return {"rows": rows, **found}


def measure_cost(folder: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    """Processor seconds of a whole batch of one worker, against the same pictures in a plain loop.

    Both go over all pictures and over a quarter of them: the difference is what pictures cost, without any start.
    """
    scans = make_scans(folder / "scans", arguments.pictures, (600, 850))
    few = folder / "few"
    few.mkdir()
    quarter = arguments.pictures // 4
    for path in sorted(scans.iterdir())[:quarter]:
        (few / path.name).hardlink_to(path)
    plain, whole = [], []
    for name, source in (("all", scans), ("few", few)):
        with single_threaded():
            plain.append(apart(plain_loop, source, folder / f"plain-{name}")["cpu_s"])
        before = os.times()
        subprocess.run([*COMMAND, str(source), "-o", str(folder / f"out-{name}"), "--workers", "1"], check=True)
        after = os.times()
        whole.append(after.children_user + after.children_system - before.children_user - before.children_system)
    used = time.process_time()
    fake_batch(folder / "fake", 3000)
    own = (time.process_time() - used) / 3000
    picture, in_batch = ((both[0] - both[1]) / (arguments.pictures - quarter) for both in (plain, whole))
    return {
        "plain_cpu_s": [round(value, 2) for value in plain],
        "batch_cpu_s": [round(value, 2) for value in whole],
        "picture_cpu_ms": round(picture * 1000, 1),
        "in_batch_cpu_ms": round(in_batch * 1000, 1),
        "more_percent": round(100 * (in_batch / picture - 1), 1),
        "starts_cpu_s": round(whole[0] - in_batch * arguments.pictures, 2),
        "driver_cpu_ms": round(own * 1000, 2),
    }


def plain_loop(scans: Path, out: Path) -> dict[str, float]:
    """What `photochrom colorize --threads 1` does, without its start."""
    import cv2

    from photochrom import Colorizer

    cv2.setNumThreads(1)
    colorizer = Colorizer(threads=1)
    out.mkdir()
    used = time.process_time()
    for path in sorted(scans.iterdir()):
        colorizer.open(path).paint().save(out / path.name)
    return {"cpu_s": time.process_time() - used}


@contextmanager
def single_threaded() -> Iterator[None]:
    """What is started meanwhile has one thread, as workers have: libraries ask for it when they are loaded."""
    names = "VIPS_CONCURRENCY", "OMP_NUM_THREADS"
    os.environ |= dict.fromkeys(names, "1")
    try:
        yield
    finally:
        for name in names:
            del os.environ[name]


def measure_workers(folder: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    """Pictures a minute without the first eighth, while workers still start, and the last; every way twice, by turns."""
    scans = make_scans(folder / "scans", arguments.pictures, (600, 850))
    ways: dict[str, dict[str, Any]] = {
        "one": {"workers": 1},
        "two": {"workers": 2},
        "two_threads": {"workers": 1, "threads": 2},
    }
    if arguments.ray:
        import ray

        os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_AUTH_MODE": "disabled"}
        address = ray.init(num_cpus=2, include_dashboard=False, object_store_memory=100_000_000).address_info[
            "gcs_address"
        ]
        ways = {"one": {"ray": address, "workers": 1}, "two": {"ray": address, "workers": 2}}
    found: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(2):
        for name, way in ways.items():
            found[name].append(rate(folder / f"{name}-{turn}", scans, way))
    best = {name: max(values) for name, values in found.items()}
    return {"per_minute": found, "two_to_one": round(best["two"] / best["one"], 2)}


def rate(out: Path, scans: Path, way: dict[str, Any]) -> float:
    options = [part for name, value in way.items() for part in (f"--{name}", str(value))]
    with subprocess.Popen(
        [*COMMAND, str(scans), "-o", str(out), "--json", *options], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        times = [event["time"] for event in map(json.loads, process.stdout) if event["event"] == "picture"]
    part = len(times) // 8
    return round(60 * (len(times) - 2 * part - 1) / (times[-1 - part] - times[part]), 1)


def measure_memory(folder: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    """The driver over rows whose work is only pretended, and a worker over real, very small pictures."""
    found = apart(memory_of_driver, folder, arguments.rows)
    more = 200  # so that the worker is still there when the last figure is taken
    scans = make_small(folder / "scans", arguments.pictures + more)
    options = folder / "options.json"
    options.write_text('{"work_size": 32}')  # the smallest there is: what may grow is asked for, not the time
    sizes: list[tuple[int, int, int]] = []
    every = max(1, arguments.pictures // 20)
    command = [*COMMAND, str(scans), "-o", str(folder / "out"), "--workers", "1", "--json", "--options", str(options)]
    before, start = os.times(), time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        pictures = (event for event in map(json.loads, process.stdout) if event["event"] == "picture")
        for number, event in enumerate(pictures, 1):
            assert event["state"] == "done", event
            if number % every == 0 and number <= arguments.pictures:
                worker = max((resident(pid) for pid in below(process.pid)), default=0)
                sizes.append((number, resident(process.pid), worker))
                print(*sizes[-1], round(time.perf_counter() - start), file=sys.stderr, flush=True)
    after = os.times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    numbers, driver, worker_sizes = zip(*sizes, strict=True)
    return found | {
        "pictures": arguments.pictures,
        "picture_cpu_ms": round(1000 * used / (arguments.pictures + more), 1),
        "after": numbers,
        "with_real_driver_mb": driver,
        "with_real_worker_mb": worker_sizes,
    }


def memory_of_driver(folder: Path, rows: int) -> dict[str, Any]:
    sizes: list[int] = []
    start = time.perf_counter()
    fake_batch(
        folder / "fake", rows, lambda done: sizes.append(resident(os.getpid())) if done % (rows // 10) == 0 else None
    )
    seconds = time.perf_counter() - start
    return {
        "rows": rows,
        "driver_mb": sizes,
        "row_ms": round(1000 * seconds / rows, 2),
    }


class PretendPool:
    """Workers that do nothing and are always done: what is left is the driver's own cost."""

    slots = 64

    def __init__(self) -> None:
        self._tasks: list[Task] = []

    def hello(self) -> Hello:
        return Hello("here", "1", "model", "0" * 64)

    def room(self, _: Task) -> bool:
        return len(self._tasks) < self.slots

    def submit(self, task: Task) -> None:
        self._tasks.append(task)

    def wait(self, seconds: float) -> list[Any]:
        tasks, self._tasks = self._tasks, []
        values = {
            "input_sha256": "a" * 64,
            "output_sha256": "b" * 64,
            "output_size": 1,
            "tint": "grey",
            "confidence": 0.5,
        }
        return [Result(task.id, "done", 0.1, values | {"machine": "here"}) for task in tasks]

    def describe(self) -> str:
        return "nobody"

    def close(self) -> None:
        pass


def fake_batch(folder: Path, rows: int, step: Callable[[int], object] = lambda _: None) -> None:
    manifest = Manifest(str(folder / "m.db"), create=True)
    origin = manifest.origin("/archive/")
    for first in range(0, rows, WINDOW):
        names = (f"{number:09}.jpg" for number in range(first, min(first + WINDOW, rows)))
        manifest.add([Planned(origin, name, name, 1) for name in names])
    done = 0

    def tell(event: dict[str, Any]) -> None:
        nonlocal done
        if event["event"] == "picture":
            done += 1
            step(done)

    number, _ = manifest.leases.join()
    Driver(manifest, number, PretendPool(), Settings(), "/out/", tell).run()
    assert done == rows
    manifest.leases.leave(number)
    manifest.close()


def measure_report(folder: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    """A batch of pretended rows as a page, and the time until chromium shows it."""
    from playwright.sync_api import sync_playwright

    from photochrom.archive.report import write_report

    manifest = Manifest(str(folder / "m.db"), create=True)
    manifest.note("out", str(folder))
    origin = manifest.origin("/archive/")
    manifest.add([Planned(origin, f"{n:09}.jpg", f"{n:09}.jpg", 1) for n in range(arguments.rows)])
    with closing(sqlite3.connect(folder / "m.db")) as database:  # as if they had been done
        database.execute(
            "UPDATE pictures SET state = 2, confidence = id % 89 / 100.0, chroma = id % 31, strongest = id % 97, skin = 0.5, "
            "seconds = 0.3, finished = 1e9 + id"
        )
        database.commit()
    start = time.perf_counter()
    page = write_report(manifest, folder / "report.html")
    written = time.perf_counter() - start
    manifest.close()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        view = browser.new_page()
        start = time.perf_counter()
        view.goto(page.as_uri())
        view.wait_for_selector("#rows tr")
        opened = time.perf_counter() - start
        browser.close()
    size = round(page.stat().st_size / 1e6, 2)
    return {"rows": arguments.rows, "write_s": round(written, 2), "page_mb": size, "open_s": round(opened, 2)}


def measure_paper(_: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    """Ten million scans of 12 megapixels on machines of 16 cores, and the requests and commits that go with them."""
    pictures, cores = 10_000_000, 16
    found = {}
    for machines in (1, 10, 100):
        rate = machines * cores / arguments.seconds
        found[f"machines_{machines}"] = {
            "days": round(pictures / rate / 86400, 2),
            "pictures_per_s": round(rate),
            "store_requests_per_s": round(3 * rate),
            "read_mb_per_s": round(3 * rate),
        }
    return {"core_seconds_per_picture": arguments.seconds, "listing_requests": pictures // 1000, **found}


if __name__ == "__main__":
    main()

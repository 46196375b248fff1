"""What a batch survives: kill -9 at random of its drivers and workers, or of whole Ray nodes, then the same command again.

    python benchmarks/batch_kills.py --count 100
    python benchmarks/batch_kills.py --count 100 --store 0.05    # from and to S3 (moto's server), which refuses 5 %
    python benchmarks/batch_kills.py --count 20 --ray

Each death comes after a picture was finished since the last one; of two nodes one that works is killed, and replaced. A batch
that gets to its end is judged and the next one begins, until the count is reached: all results are compared, byte by byte, with
those of a run that nothing disturbed, and what was done once must never be done again. Prints one JSON line.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from batch_tools import COMMAND, below, make_scans
from flaky_store import KEYS, Flaky

from photochrom.archive.execute import MANIFEST, Request, execute

#: Retries of what two deaths have set aside, at most.
_RETRIES = 20
_QUIET: Any = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


@dataclass
class Scene:
    """A batch that can be run again and again, and what dies in it.

    more: further options. strike: kills something, given the driver's number and the dice; returns what, or None for nothing.
    results: the bytes of all results, by name. clear: makes the destination empty again.
    """

    source: str
    out: str
    manifest: Path
    more: tuple[str, ...]
    strike: Callable[[int, random.Random], str | None]
    results: Callable[[], dict[str, bytes]]
    clear: Callable[[], None]
    figures: Callable[[], dict[str, int]] = dict


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--pictures", type=int, default=200)
    way = parser.add_mutually_exclusive_group()
    way.add_argument("--ray", action="store_true")
    way.add_argument("--store", type=float, metavar="SHARE", help="of the requests that the store refuses")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # ends what was started, too
    with tempfile.TemporaryDirectory(prefix="batch-") as folder:
        found = measure(Path(folder), arguments)
    print(json.dumps({**found, "load": [round(value, 1) for value in os.getloadavg()]}))


def measure(folder: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    """Batch after batch until so many deaths were died: what they came to, together."""
    scans = make_scans(folder / "scans", arguments.pictures, (300, 420))
    execute(Request(str(folder / "peace"), (str(scans),), workers=1), lambda _: None)
    expected = {path.name: path.read_bytes() for path in (folder / "peace").glob("*.jpg")}
    begin, found, dice = time.perf_counter(), Counter[str](), random.Random(0)
    way: Callable[[Path, Path], AbstractContextManager[Scene]] = on_ray if arguments.ray else on_disk
    if arguments.store is not None:
        way = partial(in_store, arguments.store)
    with way(folder, scans) as scene:
        while deaths(found) < arguments.count:
            one_batch(scene, expected, arguments.count, found, dice)
            scene.clear()
        found.update(scene.figures())
    return {"pictures": arguments.pictures, **found, "minutes": round((time.perf_counter() - begin) / 60, 1)}


def one_batch(scene: Scene, expected: dict[str, bytes], count: int, found: Counter[str], dice: random.Random) -> None:
    """From an empty destination to its end, with deaths on the way while the count is not reached."""
    done: dict[str, float] = {}
    where = scene.out, "--manifest", str(scene.manifest)
    died = "drivers_killed"
    while died == "drivers_killed":  # the same command again
        process = subprocess.Popen([*COMMAND, scene.source, "-o", *where, *scene.more], **_QUIET)
        died = ""
        while process.poll() is None and deaths(found) < count and died != "drivers_killed":
            before = len(done)
            while len(done) <= before and process.poll() is None:  # no life is spent on starting alone
                time.sleep(0.1)
                look(scene, done, found)
            time.sleep(dice.uniform(0.0, 1.0))
            if process.poll() is None:
                died = scene.strike(process.pid, dice) or ""
                found[died or "nobody_to_kill"] += 1
                print(dict(found), flush=True)
        process.wait()
    retries = 0
    while subprocess.run([*COMMAND, "retry", *where], check=False, **_QUIET).returncode:
        retries += 1
        assert retries < _RETRIES
    look(scene, done, found)
    results = scene.results()
    found.update(
        batches=1,
        done=len(done),
        equal=sum(results.get(name) == data for name, data in expected.items()),
        foreign=len(results.keys() - expected.keys()),
        retries_of_what_was_set_aside=retries,
    )


def deaths(found: Counter[str]) -> int:
    return sum(number for name, number in found.items() if name.endswith("_killed"))


def look(scene: Scene, done: dict[str, float], found: Counter[str]) -> None:
    """Add what is finished, by name and time; what was there before must be there as it was."""
    try:
        with closing(sqlite3.connect(f"file:{scene.manifest}?mode=ro", uri=True)) as database:
            now = dict(database.execute("SELECT name, finished FROM pictures WHERE state = 2"))
    except sqlite3.OperationalError:  # there is none yet
        return
    found.update(lost=len(done.keys() - now.keys()), done_again=sum(now.get(name) != at for name, at in done.items()))
    done.update(now)


@contextmanager
def on_disk(folder: Path, scans: Path, *more: str) -> Iterator[Scene]:
    """Two workers on this computer: they or their driver are killed."""
    out = folder / "out"

    def results() -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in out.glob("*.jpg")}

    yield Scene(
        str(scans),
        str(out),
        out / MANIFEST,
        more or ("--workers", "2"),
        process_of,
        results,
        lambda: shutil.rmtree(out),
    )


def process_of(driver: int, dice: random.Random) -> str:
    """Kill a driver, or more often one of its workers."""
    workers = [pid for pid in below(driver) if "spawn_main" in line_of(pid)]
    if workers and dice.random() < 0.7:
        kill(dice.choice(workers))
        return "workers_killed"
    kill(driver)
    return "drivers_killed"


@contextmanager
def in_store(share: float, folder: Path, scans: Path) -> Iterator[Scene]:
    """The same, from and to a store that refuses a share of the requests."""
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", 0)
    server.start()
    port = server._server.server_port  # type: ignore[union-attr]  # it has started
    os.environ |= KEYS
    client = boto3.client("s3", endpoint_url=f"http://127.0.0.1:{port}")
    client.create_bucket(Bucket="archive")
    for path in scans.glob("*.jpg"):
        client.upload_file(str(path), "archive", f"scans/{path.name}")
    flaky = Flaky(port, share)
    os.environ["AWS_ENDPOINT_URL"] = flaky.url
    puts = Counter[str]()

    def keys() -> list[str]:
        pages = client.get_paginator("list_objects_v2").paginate(Bucket="archive", Prefix="out/")
        return [one["Key"] for page in pages for one in page.get("Contents", ())]

    def results() -> dict[str, bytes]:
        return {key[4:]: client.get_object(Bucket="archive", Key=key)["Body"].read() for key in keys()}

    def clear() -> None:
        for key in keys():
            client.delete_object(Bucket="archive", Key=key)
        for path in folder.glob("store.db*"):
            path.unlink()
        puts.update(put=flaky.put.total(), put_again=sum(count - 1 for count in flaky.put.values() if count))
        flaky.put.clear()

    where = "s3://archive/scans", "s3://archive/out", folder / "store.db", ("--workers", "2")
    try:
        yield Scene(
            *where, process_of, results, clear, lambda: {"requests": flaky.requests, "refused": flaky.failed, **puts}
        )
    finally:
        flaky.close()
        client.close()
        server.stop()


@contextmanager
def on_ray(folder: Path, scans: Path) -> Iterator[Scene]:
    """A cluster of two nodes beside a head without processors: a node that works is killed, and another takes its place."""
    from ray.cluster_utils import Cluster

    os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_AUTH_MODE": "disabled", "RAY_health_check_period_ms": "500"}
    cluster = Cluster()
    cluster.add_node(num_cpus=0, include_dashboard=False, object_store_memory=80_000_000)

    def add() -> Any:
        for _ in range(10):
            try:
                return cluster.add_node(num_cpus=1, object_store_memory=80_000_000)
            except Exception as error:  # noqa: PERF203  # Ray waits 30 s for it, which a crowded machine may need longer for
                print(error, file=sys.stderr)
        raise SystemExit("no further node starts")

    nodes = [add() for _ in range(2)]

    def strike(_: int, dice: random.Random) -> str | None:
        dice.shuffle(nodes)
        for node in nodes:
            raylet = node.all_processes["raylet"][0].process.pid
            processes = [raylet, *below(raylet)]
            if any("ray::RemotePainter" in line_of(pid) for pid in processes):
                for pid in processes:
                    kill(pid)
                nodes.remove(node)
                nodes.append(add())
                return "nodes_killed"
        return None

    try:
        with on_disk(folder, scans, "--ray", cluster.address) as scene:
            scene.strike = strike
            yield scene
    finally:
        cluster.shutdown()


def line_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except OSError:
        return ""


def kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


if __name__ == "__main__":
    main()

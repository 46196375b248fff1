"""What a batch survives: kill -9 at random of its drivers and workers, or of whole Ray nodes, then the same command again.

    python benchmarks/batch_kills.py --count 100 --pictures 150
    python benchmarks/batch_kills.py --count 20 --pictures 150 --ray

At the end all results are compared, byte by byte, with those of a run that nothing disturbed. Prints one JSON line.
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
import tempfile
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from batch import COMMAND, below, make_scans
from photochrom.archive.execute import Request, execute
from photochrom.archive.manifest import Manifest
from photochrom.archive.states import State


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--pictures", type=int, default=150)
    parser.add_argument("--ray", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="batch-") as folder:
        found = measure(Path(folder), arguments)
    print(json.dumps({**found, "load": [round(value, 1) for value in os.getloadavg()]}))


def measure(folder: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    """Kill at random until the count is reached, starting the same command again; then compare with a run in peace.

    Without --ray drivers and workers are killed, one or the other; with it whole nodes, which are replaced.
    """
    pictures = arguments.pictures
    scans = make_scans(folder / "scans", pictures, (300, 420))
    execute(Request(str(folder / "peace"), (str(scans),), workers=1), lambda _: None)
    out, dice = folder / "out", random.Random(0)
    command = [*COMMAND, str(scans), "-o", str(out)]
    begin = time.perf_counter()
    kills = (
        kill_nodes(command, arguments.count, dice)
        if arguments.ray
        else kill_processes(command, out, arguments.count, dice)
    )
    retried = 0
    while subprocess.run([*COMMAND, "retry", str(out)], check=False, stdout=subprocess.DEVNULL).returncode:
        retried += 1
    manifest = Manifest(str(out / "photochrom-batch.db"))
    rows = list(manifest.rows())
    finished = sum(driver.pictures for driver in manifest.leases.all())
    manifest.close()
    same = [(out / row.name).read_bytes() == (folder / "peace" / row.name).read_bytes() for row in rows]
    return {
        "pictures": pictures,
        **kills,
        "minutes": round((time.perf_counter() - begin) / 60, 1),
        "done": sum(row.state == State.DONE for row in rows),
        "equal": sum(same),
        "more_than_one_try": sum(row.tries > 1 for row in rows),
        "committed_by_drivers_that_lived": finished,
        "retries_of_what_was_set_aside": retried,
    }


def kill_processes(command: list[str], out: Path, count: int, dice: random.Random) -> dict[str, int]:
    found = {"drivers_killed": 0, "workers_killed": 0}
    while sum(found.values()) < count:
        process = subprocess.Popen([*command, "--workers", "2"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while process.poll() is None and sum(found.values()) < count:
            before = done(out)
            while done(out) <= before and process.poll() is None:  # no life is spent on starting alone
                time.sleep(0.1)
            time.sleep(dice.uniform(0.0, 1.0))
            workers = [pid for pid in below(process.pid) if "spawn_main" in line_of(pid)]
            if workers and dice.random() < 0.7:
                kill(dice.choice(workers))
                found["workers_killed"] += 1
            else:
                kill(process.pid)
                found["drivers_killed"] += 1
                break
        process.wait()
        if (
            process.returncode == 0
        ):  # all was done before enough were killed: from the start, but for the manifest's truth
            shutil.rmtree(out)
    return found


def kill_nodes(command: list[str], count: int, dice: random.Random) -> dict[str, int]:
    from ray.cluster_utils import Cluster

    os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_AUTH_MODE": "disabled", "RAY_health_check_period_ms": "500"}
    cluster = Cluster()
    cluster.add_node(num_cpus=0, include_dashboard=False, object_store_memory=80_000_000)
    nodes = [cluster.add_node(num_cpus=1, object_store_memory=80_000_000) for _ in range(2)]
    killed = runs = 0
    process = None
    while killed < count:
        if process is None or process.poll() is not None:
            process, runs = subprocess.Popen([*command, "--ray", cluster.address], stdout=subprocess.DEVNULL), runs + 1
        time.sleep(dice.uniform(4.0, 10.0))
        victim = nodes.pop(dice.randrange(len(nodes)))
        raylet = victim.all_processes["raylet"][0].process.pid
        for pid in [raylet, *below(raylet)]:
            kill(pid)
        killed += 1
        nodes.append(cluster.add_node(num_cpus=1, object_store_memory=80_000_000))
    code = process.wait() if process is not None else 0
    cluster.shutdown()
    return {"nodes_killed": killed, "runs": runs, "last_exit_code": code}


def done(out: Path) -> int:
    """How many pictures are finished; asked of the file itself, so that starting Python does not take the time of many."""
    try:
        with closing(sqlite3.connect(f"file:{out}/photochrom-batch.db?mode=ro", uri=True)) as database:
            return int(database.execute("SELECT count(*) FROM pictures WHERE state = 2").fetchone()[0])
    except sqlite3.OperationalError:
        return 0


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

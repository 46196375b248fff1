"""Mutated pictures through the whole command: no crash, no hang, no half-written output, memory bounded.

python benchmarks/faults_mutated.py --count 10000 --jobs 2

Pictures are made from fixed seeds: the same number gives the same bytes. They are coloured in batches, each by a process of its
own; in it, the peak memory is reset before each picture (Linux: /proc/self/clear_refs) and looked at after it. A batch whose
process ends before its last picture is a crash. It hangs when it says nothing while it uses 20 seconds of processor time, or for
120 seconds in which this program ran, whatever it uses (a lock that nobody frees uses nothing). 20 seconds on the clock alone
would count the wait for a processor on a busy machine; they are counted apart, as slow. The rest goes on without that picture.
--first goes on where an earlier run ended.
"""

from __future__ import annotations

import argparse
import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from faults import is_whole, mutant, parts, seeds, table

#: Seconds without a word: of the processor, and while this program ran.
HANG, STILL = 20.0, 120.0
#: Runs the command in a process that reports, after each picture, the peak memory since the one before.
WATCHED = """
import faulthandler, os, sys
faulthandler.enable(os.fdopen(os.dup(2), "w"))  # descriptor 2 itself is overheard by the command
from pathlib import Path
from photochrom.cli import report
from photochrom.cli.main import main

def peak():
    lines = Path("/proc/self/status").read_text().splitlines()
    value = next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1024
    Path("/proc/self/clear_refs").write_text("5")
    return value

say = report.say_json
report.say_json = lambda value: say({**value, "memory": peak()})
main(sys.argv[1:])
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--batch", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=float("inf"), help="Start no further batch after so long.")
    parser.add_argument("--keep", type=Path, help="Folder for the pictures that crash, hang or take too much memory.")
    options = parser.parse_args()
    pictures, begin = seeds(), time.perf_counter()
    total: Counter[str] = Counter()
    most: dict[str, float] = {"memory": 0.0, "seconds": 0.0, "processor": 0.0}
    batches = range(options.first, options.first + options.count, options.batch)

    def one(start: int) -> None:
        if time.perf_counter() - begin > options.seconds:
            return
        numbers = range(start, min(start + options.batch, options.first + options.count))
        batch([mutant(number, pictures) for number in numbers], total, most, options.keep)
        print(f"{sum(total[kind] for kind in ('coloured', 'refused by name'))} done", file=sys.stderr, flush=True)

    with ThreadPoolExecutor(options.jobs) as pool:
        list(pool.map(one, batches))
    errors = {f"  {kind[7:]}": count for kind, count in sorted(total.items()) if kind.startswith("error: ")}
    names = (
        "pictures",
        "coloured",
        "refused by name",
        "skipped",
        "crashes",
        "hangs over 20 s",
        "slow (over 20 s on the clock)",
        "half-written",
        "over 1 GB",
        "unexpected",
    )
    print(table({**{name: total[name] for name in names}, **errors}), end="")
    peaks = {
        "peak memory, MB": round(most["memory"] / 1e6),
        "longest, seconds of the processor": round(most["processor"], 2),
        "longest, seconds on the clock": round(most["seconds"], 2),
    }
    print(table(peaks), end="")


def batch(made: list[tuple[str, bytes]], total: Counter[str], most: dict[str, float], keep: Path | None) -> None:
    """Colour some pictures; those that end the process or hang are taken out, and the rest is gone on with."""
    with tempfile.TemporaryDirectory() as place:
        folder, out = Path(place) / "in", Path(place) / "out"
        folder.mkdir()
        for name, data in made:
            (folder / name).write_bytes(data)
        waiting = sorted(name for name, _ in made)
        total["pictures"] += len(waiting)

        def fault(kind: str, name: str) -> None:
            total[kind] += 1
            print(f"{kind}: {name}", file=sys.stderr, flush=True)
            if keep is not None:
                keep.mkdir(parents=True, exist_ok=True)
                shutil.copy(folder / name, keep)

        while waiting:
            arguments = [*(folder / name for name in waiting), "-o", out, "--json", "--again", "--threads", "1"]
            ended = "crashes"
            last = time.perf_counter()
            for line in lines([sys.executable, "-c", WATCHED, "colorize", *map(str, arguments)]):
                if line is None:
                    ended = "hangs over 20 s"
                    break
                name = Path(line["input"]).name
                waiting.remove(name)
                most["processor"] = max(most["processor"], line["used"])
                if time.perf_counter() - last > HANG and len(waiting) < len(made) - 1:  # not the start of the program
                    total["slow (over 20 s on the clock)"] += 1
                    print(f"slow: {name}, {line['used']:.1f} s of the processor", file=sys.stderr, flush=True)
                most["memory"] = max(most["memory"], line["memory"])
                most["seconds"] = max(most["seconds"], time.perf_counter() - last)
                last = time.perf_counter()
                if line["memory"] > 1e9:
                    fault("over 1 GB", name)
                if "error" in line:
                    total["refused by name"] += 1
                    total[f"error: {line['error']}"] += 1
                    if line["error"] == "UnexpectedError" or "gave up" in line["message"]:
                        print(line["message"], file=sys.stderr)
                        fault("unexpected", name)
                elif "skipped" in line:
                    total["skipped"] += 1
                else:
                    total["coloured"] += 1
                    if not is_whole(Path(line["output"])):
                        fault("half-written", name)
            if waiting:
                fault(ended, waiting.pop(0))
        total["half-written"] += len(parts(Path(place)))


def lines(command: list[str]) -> Iterator[dict[str, Any] | None]:
    """The JSON lines of a process, with the processor seconds since the one before; None, and its end, if it hangs."""
    found: queue.Queue[str | None] = queue.Queue()
    with (
        tempfile.TemporaryFile() as said,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=said, text=True, start_new_session=True) as process,
    ):
        assert process.stdout is not None
        stream = process.stdout

        def read() -> None:
            for line in stream:
                found.put(line)
            found.put(None)

        threading.Thread(target=read, daemon=True).start()
        before, still = 0.0, 0
        while True:
            try:
                line = found.get(timeout=1.0)
            except queue.Empty:
                still += 1  # by counts, not by the clock: both processes may have been stopped meanwhile
                if processor(process.pid) - before > HANG or still > STILL:
                    os.killpg(process.pid, signal.SIGKILL)
                    yield None
                    return
                continue
            if line is None:
                if process.wait() not in (0, 1):
                    said.seek(0)
                    print(
                        f"exit code {process.returncode}: {said.read()[-4000:].decode(errors='replace')}",
                        file=sys.stderr,
                    )
                return
            used, still = processor(process.pid), 0
            yield {**json.loads(line), "used": max(0.0, used - before)}
            before = max(before, used)


def processor(leader: int) -> float:
    """The seconds of the processor that a process and all others of its session have used so far (Linux)."""
    ticks = 0
    for place in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = place.read_text().rpartition(")")[2].split()
        except OSError:  # it has just ended
            continue
        if int(fields[3]) == leader:  # its session
            ticks += sum(map(int, fields[11:15]))  # user and system, its own and its children's
    return ticks / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()

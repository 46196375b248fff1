"""Mutated pictures through the whole command: no crash, no hang, no half-written output, memory bounded.

python benchmarks/faults_mutated.py --count 10000 --jobs 2

Pictures are made from fixed seeds: the same number gives the same bytes. They are coloured in batches, each by a process of its
own; in it, the peak memory is reset before each picture (Linux: /proc/self/clear_refs) and looked at after it. A batch whose
process ends before its last picture is a crash, one that says nothing for 20 seconds a hang; the rest goes on without that
picture. --first goes on where an earlier run ended.
"""

from __future__ import annotations

import argparse
import json
import queue
import shutil
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

HANG = 20.0
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
    most: dict[str, float] = {"memory": 0.0, "seconds": 0.0}
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
        "half-written",
        "over 1 GB",
        "unexpected",
    )
    print(table({**{name: total[name] for name in names}, **errors}), end="")
    print(
        table({"peak memory, MB": round(most["memory"] / 1e6), "longest, seconds": round(most["seconds"], 2)}), end=""
    )


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
    """The JSON lines of a process as they come; None, and its end, where there is none for too long."""
    found: queue.Queue[str | None] = queue.Queue()
    with (
        tempfile.TemporaryFile() as said,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=said, text=True) as process,
    ):
        assert process.stdout is not None
        stream = process.stdout

        def read() -> None:
            for line in stream:
                found.put(line)
            found.put(None)

        threading.Thread(target=read, daemon=True).start()
        patience = 120.0  # for the start
        while True:
            try:
                line = found.get(timeout=patience)
            except queue.Empty:
                process.kill()
                yield None
                return
            if line is None:
                if process.wait() not in (0, 1):
                    said.seek(0)
                    print(
                        f"exit code {process.returncode}: {said.read()[-4000:].decode(errors='replace')}",
                        file=sys.stderr,
                    )
                return
            yield json.loads(line)
            patience = HANG


if __name__ == "__main__":
    main()

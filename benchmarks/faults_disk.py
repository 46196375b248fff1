"""Disks that are full, read-only or vanish, files that change while they are read, and several runs into one folder.

python benchmarks/faults_disk.py full --count 50      small tmpfs (needs root), of 50 random sizes
python benchmarks/faults_disk.py read-only            a tmpfs that is mounted read-only (needs root), and one remounted in a run
python benchmarks/faults_disk.py vanishing            the output folder, or the input folder, is deleted in the middle of a run
python benchmarks/faults_disk.py changing             inputs are cut, rewritten and replaced while they are read
python benchmarks/faults_disk.py writers --count 50   two runs into the same folder at once, 50 times: 100 writers

Each counts what must not be: processes that crash, tracebacks, outputs that do not decode, unfinished files, lost inputs.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from faults import Ended, command, is_whole, parts, sample, table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["full", "read-only", "vanishing", "changing", "writers"])
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=float("inf"), help="Start no further round after so long.")
    options = parser.parse_args()
    work = {"full": full, "read-only": read_only, "vanishing": vanishing, "changing": changing, "writers": writers}
    total, begin, dice = Counter[str](), time.perf_counter(), random.Random(options.seed)
    for name in (
        "rounds",
        "crashes",
        "tracebacks",
        "torn outputs",
        ".part files left",
        "inputs changed",
        "unnamed errors",
    ):
        total[name] = 0
    for _ in range(options.count):
        if time.perf_counter() - begin > options.seconds:
            break
        total["rounds"] += 1
        with tempfile.TemporaryDirectory() as place:
            work[options.what](Path(place), dice, total)
    print(table(dict(total)), end="")


def judge(ended: Ended, out: Path | None, total: Counter[str]) -> None:
    """Count what must not be, and what became of the pictures; ``out`` is looked into, if nobody writes there any more."""
    total["crashes"] += ended.code not in (0, 1)
    total["tracebacks"] += "Traceback" in ended.err
    if ended.code not in (0, 1) or "Traceback" in ended.err:
        print(ended.code, ended.err[-2000:], file=sys.stderr)
    for line in map(json.loads, ended.out.splitlines()):
        if "error" in line:
            total[f"  {line['error']}"] += 1
            if line["error"] == "UnexpectedError" or "gave up" in line["message"]:
                total["unnamed errors"] += 1
                print(line["message"], file=sys.stderr)
        elif "input" in line and "skipped" not in line:
            total["  coloured"] += 1
    if out is not None and out.exists():
        total[".part files left"] += len(parts(out))
        total["torn outputs"] += sum(
            not is_whole(path) for path in out.rglob("*.???") if not path.name.endswith(".part")
        )


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@contextmanager
def mounted(place: Path, size: int, *options: str) -> Iterator[Path]:
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", ",".join([f"size={size}", *options]), "none", str(place)], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def full(place: Path, dice: random.Random, total: Counter[str]) -> None:
    sample(6, place / "in", side=dice.choice((96, 256)))
    before = contents(place / "in")
    with mounted(place / "small", dice.randrange(4096, 700_000)) as small:
        (small / "out").mkdir()
        (small / "out/000.jpg").write_bytes(b"precious")
        force = dice.random() < 0.5
        ended = command(place / "in", "-o", small / "out", "--json", *(["--force"] if force else []))
        precious = (small / "out/000.jpg").read_bytes()
        if precious == b"precious":
            (small / "out/000.jpg").unlink()
        elif not force:
            total["inputs changed"] += 1
        judge(ended, small / "out", total)
    total["inputs changed"] += contents(place / "in") != before


def read_only(place: Path, dice: random.Random, total: Counter[str]) -> None:
    sample(6, place / "in")
    before = contents(place / "in")
    with mounted(place / "disk", 50_000_000) as disk:
        (disk / "out").mkdir()

        def close() -> None:
            subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=False, stderr=subprocess.DEVNULL)

        if dice.random() < 0.5:
            close()
            ended = command(place / "in", "-o", disk / "out", "--json")
        else:
            ended = during(lambda: command(place / "in", "-o", disk / "out", "--json"), disk / "out", dice, close)
        subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=False)
        command(place / "in", "-o", disk / "out", "--skip-existing")  # what could not be deleted is deleted now
        judge(ended, disk / "out", total)
    total["inputs changed"] += contents(place / "in") != before


def vanishing(place: Path, dice: random.Random, total: Counter[str]) -> None:
    sample(9, place / "in")
    before = contents(place / "in")
    gone = dice.choice(("out", "in"))

    def vanish() -> None:
        shutil.rmtree(place / gone, ignore_errors=True)

    judge(
        during(lambda: command(place / "in", "-o", place / "out", "--json"), place / "out", dice, vanish),
        place / "out",
        total,
    )
    if gone == "out":
        total["inputs changed"] += contents(place / "in") != before


def changing(place: Path, dice: random.Random, total: Counter[str]) -> None:
    sample(9, place / "in", side=384)
    kept = contents(place / "in")
    subprocess.run([sys.executable, "-c", WEBP, str(place / "in")], check=True)

    def change() -> None:
        for _ in range(60):
            path = dice.choice(sorted((place / "in").iterdir()))
            data = kept.get(path.name) or path.read_bytes()
            how = dice.choice(("cut", "rewrite", "replace", "grow"))
            if how == "cut":
                path.write_bytes(data[: dice.randrange(len(data) + 1)])
            elif how == "rewrite":
                path.write_bytes(data)
            elif how == "grow":
                path.write_bytes(data + bytes(1000))
            else:
                other = path.with_suffix(".new")
                other.write_bytes(data)
                other.replace(path)
            time.sleep(dice.random() * 0.02)

    judge(
        during(lambda: command(place / "in", "-o", place / "out", "--json"), place / "out", dice, change),
        place / "out",
        total,
    )


WEBP = """
import sys, pathlib, pyvips
for path in sorted(pathlib.Path(sys.argv[1]).iterdir())[:4]:
    pyvips.Image.new_from_file(str(path)).write_to_file(str(path.with_suffix(".webp")), lossless=True)
"""


def during(run: Callable[[], Ended], out: Path, dice: random.Random, act: Callable[[], None]) -> Ended:
    """``act`` at a random moment after the first output folder is there."""
    ended: list[Ended] = []
    thread = threading.Thread(target=lambda: ended.append(run()))
    thread.start()
    while thread.is_alive() and not (out.exists() and any(out.iterdir())):
        time.sleep(0.005)
    time.sleep(dice.random() * 0.4)
    act()
    thread.join()
    return ended[0]


def writers(place: Path, dice: random.Random, total: Counter[str]) -> None:
    sample(9, place / "in")
    before = contents(place / "in")
    extra = dice.choice(([], ["--skip-existing"], ["--force"]))
    with ThreadPoolExecutor(2) as pool:
        runs = [pool.submit(command, place / "in", "-o", place / "out", "--json", *extra) for _ in range(2)]
        both = [one.result() for one in runs]  # looked at while one still runs, its unfinished file would count as left
    for number, ended in enumerate(both):
        judge(ended, place / "out" if number else None, total)
    total["pictures missing"] += 9 - len(list((place / "out").iterdir()))
    total["inputs changed"] += contents(place / "in") != before


if __name__ == "__main__":
    main()

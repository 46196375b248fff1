"""Time and memory of `photochrom evaluate`, by the number of pictures: parts of photographs, 256 px, one method.

python benchmarks/evaluate.py --pictures 250 1000 --jobs 2
"""

from __future__ import annotations

import argparse
import contextlib
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import psutil
import skimage.data

SIDE = 256


def make(folder: Path, count: int) -> None:
    """So many crops of skimage's colour photographs, each at another place and turned or not."""
    folder.mkdir()
    data: Any = skimage.data
    photographs = [data.astronaut(), data.coffee(), data.chelsea(), data.rocket()]
    rng = np.random.default_rng(0)
    for number in range(count):
        rgb = photographs[number % len(photographs)]
        y, x = (int(rng.integers(0, side - SIDE + 1)) for side in rgb.shape[:2])
        crop = rgb[y : y + SIDE, x : x + SIDE, ::-1][:, :: 1 if rng.random() < 0.5 else -1]
        cv2.imwrite(str(folder / f"{number:05d}.jpg"), crop)


def measure(folder: Path, out: Path, jobs: int, options: list[str]) -> tuple[float, float, float]:
    """Wall and CPU seconds of the command, and the peak memory of all its processes together in MiB."""
    command = [sys.executable, "-m", "photochrom", "evaluate", str(folder), "-o", str(out), "-j", str(jobs), *options]
    start, peak, spent = time.monotonic(), 0, 0.0
    run = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    root = psutil.Process(run.pid)
    while run.poll() is None:
        memory, cpu = 0, 0.0
        for process in [root, *_children(root)]:
            with contextlib.suppress(psutil.Error):  # it has just ended
                memory += process.memory_info().rss
                cpu += sum(process.cpu_times()[:2])
        peak, spent = max(peak, memory), max(spent, cpu)
        time.sleep(0.5)
    if run.returncode:
        raise SystemExit(f"the command left with {run.returncode}")
    return time.monotonic() - start, spent, peak / 2**20


def _children(root: psutil.Process) -> list[psutil.Process]:
    try:
        return root.children(recursive=True)
    except psutil.Error:
        return []


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, nargs="+", default=[250, 1000])
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument(
        "options", nargs="*", default=["--method", "photochrom"], help="after --: options of the command"
    )
    arguments = parser.parse_args()
    for count in arguments.pictures:
        with tempfile.TemporaryDirectory() as folder:
            make(Path(folder) / "truth", count)
            wall, cpu, memory = measure(Path(folder) / "truth", Path(folder) / "out", arguments.jobs, arguments.options)
            print(
                f"{count} pictures, {arguments.jobs} jobs: {wall:.0f} s, {cpu:.0f} s of CPU, {memory:.0f} MiB",
                flush=True,
            )


if __name__ == "__main__":
    main()

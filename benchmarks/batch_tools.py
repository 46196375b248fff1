"""What the benchmarks of batches share: scans to color, and what processes use."""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

COMMAND = [sys.executable, "-m", "photochrom", "batch"]


def apart(work: Callable[..., dict[str, Any]], *arguments: Any) -> dict[str, Any]:
    """A function's result, from a process of its own."""
    import multiprocessing

    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(work, arguments)


def peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def resident(pid: int) -> int:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except OSError:
        return 0
    return pages * resource.getpagesize() // 1_000_000


def make_scans(folder: Path, count: int, size: tuple[int, int]) -> Path:
    import pyvips
    import skimage.data

    folder.mkdir(parents=True)
    sheets = [
        np.kron(sheet, np.ones((2, 2), np.uint8)) for sheet in (skimage.data.camera(), skimage.data.astronaut()[..., 1])
    ]
    rng = np.random.default_rng(0)
    for number in range(count):
        sheet = sheets[number % 2]
        y, x = (rng.integers(0, whole - part) for whole, part in zip(sheet.shape, size, strict=True))
        piece = np.ascontiguousarray(sheet[y : y + size[0], x : x + size[1]])
        pyvips.Image.new_from_array(piece).write_to_file(str(folder / f"{number:06}.jpg"), Q=92)
    return folder


def make_small(folder: Path, count: int) -> Path:
    """Pieces of 16 to 32 pixels, in three formats and in folders of 1000: no two in a row have the same size."""
    import pyvips
    import skimage.data

    sheet = skimage.data.camera()
    rng = np.random.default_rng(0)
    for number in range(count):
        path = folder / f"{number // 1000:03}/{number:06}.{('jpg', 'png', 'tif')[number % 3]}"
        path.parent.mkdir(parents=True, exist_ok=True)
        height, width = rng.integers(16, 33, 2)
        y, x = rng.integers(0, 480, 2)
        piece = np.ascontiguousarray(sheet[y : y + height, x : x + width])
        pyvips.Image.new_from_array(piece).write_to_file(str(path))
    return folder


def below(pid: int) -> list[int]:
    listed = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False
    ).stdout
    direct = [int(number) for number in listed.split()]
    return direct + [one for child in direct for one in below(child)]

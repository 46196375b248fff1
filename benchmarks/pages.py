"""Peak memory of ``photochrom colorize --pages all`` by the number of pages of a TIFF: it must not grow.

python benchmarks/pages.py 4 16 64

Every page is a photograph of 1000 x 700 pixels, 8-bit grey. The whole command is a process of its own.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import skimage.data
import tifffile

WIDTH, HEIGHT = 1000, 700


def long_tiff(path: Path, pages: int) -> None:
    data: Any = skimage.data
    grey = np.tile(data.camera(), (2, 2))[:HEIGHT, :WIDTH]
    with tifffile.TiffWriter(path) as file:
        for number in range(pages):
            file.write(np.roll(grey, 17 * number, axis=1))


def peak(source: Path, target: Path) -> float:
    """Megabytes that the command held at the most."""
    arguments = ["photochrom", "colorize", str(source), "-o", str(target), "--pages", "all", "--threads", "1"]
    process = os.posix_spawn(sys.executable, [sys.executable, "-m", *arguments], os.environ)
    _, status, usage = os.wait4(process, 0)
    if status:
        raise SystemExit(f"the command failed with {status}")
    return usage.ru_maxrss * 1024 / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pages", type=int, nargs="+")
    with tempfile.TemporaryDirectory() as folder:
        for pages in parser.parse_args().pages:
            source, target = Path(folder, f"{pages}.tif"), Path(folder, f"{pages}-color.tif")
            long_tiff(source, pages)
            memory = peak(source, target)
            with tifffile.TiffFile(target) as written:
                found = len(written.pages)
            print(f"{found} pages: {memory:.0f} MB", flush=True)


if __name__ == "__main__":
    main()

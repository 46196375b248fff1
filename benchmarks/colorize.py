"""Speed and memory of the main path, as ratios in one run.

python benchmarks/colorize.py network      encoder and decoder at 256x256
python benchmarks/colorize.py photo        a 12-megapixel JPEG against libvips decoding and encoding it untouched
python benchmarks/colorize.py tiff         peak memory for a 108-megapixel 16-bit TIFF
python benchmarks/colorize.py light        how well the photograph's own lightness is kept, 8 and 16 bit, vivid
python benchmarks/colorize.py start        `photochrom --help`, and importing photochrom
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pyvips
from numpy.typing import NDArray


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["network", "photo", "tiff", "light", "start"])
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--threads", type=int)
    options = parser.parse_args()
    {"network": network, "photo": photo, "tiff": tiff, "light": light, "start": start}[options.what](options)


def seconds(work: Callable[[], object], repeats: int) -> list[float]:
    """Times of ``repeats`` calls after one that is not counted."""
    work()
    found = []
    for _ in range(repeats):
        begin = time.perf_counter()
        work()
        found.append(time.perf_counter() - begin)
    return found


def show(name: str, times: list[float]) -> None:
    print(f"{name:34} median {statistics.median(times) * 1e3:8.1f} ms   min {min(times) * 1e3:8.1f} ms")


def network(options: argparse.Namespace) -> None:
    from photochrom.runtime import open_model

    session = open_model(threads=options.threads)
    light = np.random.default_rng(0).uniform(0, 100, (256, 256)).astype(np.float32)
    features = session.encode(light)
    show("encoder, 256x256", seconds(lambda: session.encode(light), options.repeats * 4))
    show("decoder, 256x256", seconds(lambda: session.decode(features), options.repeats * 4))
    show("both", seconds(lambda: session.decode(session.encode(light)), options.repeats * 4))


def scan(width: int, height: int, depth: int = 8) -> NDArray[np.uint8]:
    """A photograph as a scanner gives it: detail at every scale, and grain; (height, width, 3)."""
    from skimage import data

    base = cv2.resize(
        cv2.cvtColor(data.astronaut(), cv2.COLOR_RGB2GRAY), (width, height), interpolation=cv2.INTER_CUBIC
    )
    grain = np.random.default_rng(0).normal(0, 3, (height // 2, width // 2)).astype(np.float32)
    grey = base + cv2.resize(grain, (width, height))
    return np.repeat(np.clip(np.round(grey), 0, 255).astype(np.uint8)[..., None], 3, axis=2)


def photo(options: argparse.Namespace) -> None:
    import photochrom

    colorizer = photochrom.Colorizer(threads=options.threads)
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.jpg"
        for name, pixels in (("RGB scan", scan(4000, 3000)), ("grey", scan(4000, 3000)[..., 0])):
            source = Path(folder) / "scan.jpg"
            pyvips.Image.new_from_array(pixels).jpegsave(str(source), Q=90)

            def untouched(source: Path = source) -> None:
                pyvips.Image.new_from_file(str(source), access="sequential").jpegsave(str(out), Q=90)

            def coloured(source: Path = source) -> None:
                colorizer.open(source).paint().save(out, force=True)

            base, ours = [], []
            for _ in range(options.repeats):
                base += seconds(untouched, 1)
                ours += seconds(coloured, 1)
            show(f"12 megapixels, {name}: libvips", base)
            show(f"12 megapixels, {name}: photochrom", ours)
            ratios = [b / a for a, b in zip(base, ours, strict=True)]
            print(f"{'':34} ratio median {statistics.median(ratios):.2f}, min {min(ratios):.2f}")


def tiff(options: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as folder:
        source, out = Path(folder) / "scan.tif", Path(folder) / "out.tif"
        made = pyvips.Image.new_from_array(scan(1200, 900)).cast("ushort") * 257
        made.cast("ushort").copy(interpretation="rgb16").resize(10).tiffsave(
            str(source), compression="none", bigtiff=True
        )
        begin = time.perf_counter()
        subprocess.run([sys.executable, "-m", "photochrom", "colorize", str(source), "-o", str(out)], check=True)
        took = time.perf_counter() - begin
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        picture = pyvips.Image.new_from_file(str(out))
        print(
            f"{picture.width} x {picture.height}, {picture.format}: peak memory {peak:.0f} MiB, {took:.1f} s, whole process"
        )


def light(options: argparse.Namespace) -> None:
    import photochrom
    from photochrom.color import lightness, rgb_to_lab

    colorizer = photochrom.Colorizer(threads=options.threads)
    small = scan(2000, 1500)[..., 0]
    for pixels in (small, small.astype(np.uint16) * 257):
        result = colorizer.open(pixels).paint(vividness=1.0).rgb
        error = np.abs(rgb_to_lab(result / np.iinfo(pixels.dtype).max)[..., 0] - lightness(pixels))
        mean, worst = error.mean(), np.percentile(error, 99)
        print(
            f"{pixels.dtype}: |L* out - L* in| mean {mean:.4f}, 99th percentile {worst:.4f}, largest {error.max():.4f}"
        )


def start(options: argparse.Namespace) -> None:
    command = [sys.executable, "-m", "photochrom", "--help"]
    show(
        "photochrom --help",
        seconds(lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL), options.repeats),
    )
    bare = [sys.executable, "-c", "pass"]
    show("python -c pass", seconds(lambda: subprocess.run(bare, check=True), options.repeats))
    imported = [sys.executable, "-c", "import photochrom"]
    show("import photochrom", seconds(lambda: subprocess.run(imported, check=True), options.repeats))


if __name__ == "__main__":
    os.environ.setdefault("PYTHONWARNINGS", "ignore")
    main()

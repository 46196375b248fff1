"""What more training brings: the validation of the shipped model's runs against the pictures that they saw.

    python benchmarks/learning_curve.py --plot docs/models/learning-curve.svg

Reads the logs in docs/models. All runs were validated on held-back pictures of one split: PSNR gain over the grey picture in dB
(mean colours, not fused), the same with ten true cells given, and cross-entropy. The slope is that of a straight line through
the gain against the logarithm of the samples, for each doubling, from the third validation of the joint run on.
"""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from rich.console import Console
from rich.table import Table

LOGS = Path(__file__).parents[1] / "docs/models"
#: Pictures in a step of each of these runs.
BATCH = 32


class Point(NamedTuple):
    """One validation: samples seen by then in all runs, gain in dB, that with ten hints, cross-entropy."""

    run: str
    samples: int
    gain: float
    hinted: float
    loss: float


def points() -> list[Point]:
    """All validations, in their order; a run starts with the weights of the one before."""
    found: list[Point] = []
    before = 0
    for run in ("frozen", "joint", "further"):
        lines: list[dict[str, Any]] = [
            json.loads(line) for line in (LOGS / f"photochrom-{run}.jsonl").read_text().splitlines()
        ]
        part, offset, step = None, 0, 0
        for line in lines:
            if line.get("part") != part:  # of several short runs, each counts from 0
                part, offset, step = line.get("part"), offset + step, 0
            step = line["step"]
            seen = before + (offset + step) * BATCH
            found.append(Point(run, seen, line["val_gain"], line["val_hinted_gain"], line["val_loss"]))
        before = found[-1].samples
    return found


def slope(curve: list[Point], column: str, first: int) -> float:
    """By how much the column rises for each doubling of the samples, from so many samples on."""
    late = [point for point in curve if point.samples >= first]
    doublings = [math.log2(point.samples) for point in late]
    return float(np.polyfit(doublings, [getattr(point, column) for point in late], 1)[0])


def plot(curve: list[Point], path: Path) -> None:
    import matplotlib as mpl

    mpl.use("agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(6.5, 4), layout="constrained")
    for run in dict.fromkeys(point.run for point in curve):
        mine = [point for point in curve if point.run == run]
        samples = [point.samples / 1000 for point in mine]
        (line,) = axes.plot(samples, [point.gain for point in mine], marker="o", label=f"{run}, automatic")
        hinted = [point.hinted for point in mine]
        axes.plot(samples, hinted, marker="s", linestyle="--", color=line.get_color(), label=f"{run}, ten hints")
    axes.set(xlabel="samples seen, thousands", ylabel="PSNR over grey, dB, held-back pictures", xscale="log")
    ticks = [10, 25, 50, 100, 200, 300]
    axes.set_xticks(ticks, [str(tick) for tick in ticks], minor=False)
    axes.minorticks_off()
    axes.legend()
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plot", type=Path, help="write the curve to this .svg or .png (needs matplotlib)")
    options = parser.parse_args()
    curve = points()
    table = Table("run", "samples", "PSNR gain dB", "with ten hints", "cross-entropy")
    for point in curve:
        table.add_row(
            point.run, f"{point.samples:,}", f"{point.gain:+.2f}", f"{point.hinted:+.2f}", f"{point.loss:.3f}"
        )
    Console().print(table)
    half = next(point.samples for point in curve if point.run == "joint") + 2000 * BATCH  # its third validation
    last = curve[-1].samples
    for column, name in (("gain", "automatic"), ("hinted", "with ten hints"), ("loss", "cross-entropy")):
        print(f"{name}: {slope(curve, column, half):+.3f} for each doubling from {half:,} to {last:,} samples")
    if options.plot:
        plot(curve, options.plot)


if __name__ == "__main__":
    main()

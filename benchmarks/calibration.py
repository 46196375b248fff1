"""Is the predicted chroma the true one? A reliability diagram, and what pictures of little colour pay.

    python benchmarks/calibration.py --data people.parquet places.parquet --plot calibration.svg

Every cell of the network's grid is sorted by its predicted chroma. Where a calibrated mean (T = 1) has chroma C, the true
colour's component along the predicted hue is C too, on average: the curve lies on the diagonal. Below it, the network is too
sure. The vivid settings sharpen on purpose.
"""

from __future__ import annotations

import argparse
import itertools
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from rich.table import Table

from photochrom.color import ab_bins, rgb_to_lab
from photochrom.decode import agree, annealed_mean, decode_bins
from photochrom.evaluate.pictures import TruthSet, open_truth
from photochrom.runtime import Session, open_model

EDGES = (0, 3, 6, 10, 15, 20, 30, 45, 120)
#: Bins with fewer cells say nothing.
FEWEST = 100


def cells(session: Session, truth: TruthSet, vividness: list[float]) -> dict[str, NDArray[np.float32]]:
    """ab of every cell of every picture, (cells, 2), predicted in each way and true; and the picture's number."""
    found: dict[str, list[NDArray[Any]]] = {}
    for index in track(range(len(truth)), "measuring", console=Console(stderr=True), transient=True):
        lab = rgb_to_lab(truth[index].rgb.astype(np.float32) / 255).astype(np.float32)
        light = np.ascontiguousarray(lab[..., 0])
        features = session.encode(light)
        scores = session.decode(features)
        grid = scores.shape[:0:-1]
        scores = agree(scores, cv2.resize(light, grid, interpolation=cv2.INTER_AREA), features.arrays[0][0])
        made = {"true": cv2.resize(np.ascontiguousarray(lab[..., 1:]), grid, interpolation=cv2.INTER_AREA)}
        made["mean (T = 1)"] = annealed_mean(scores, ab_bins(), 1.0)
        for value in vividness:
            made[f"vividness {value:g}"] = decode_bins(scores, ab_bins(), value, session.log_prior)
        made["picture"] = np.full_like(made["true"], index)
        for name, ab in made.items():
            found.setdefault(name, []).append(ab.reshape(-1, 2))
    return {name: np.concatenate(parts) for name, parts in found.items()}


def reliability(predicted: NDArray[np.float32], true: NDArray[np.float32]) -> NDArray[np.float64]:
    """Rows of (share of cells, mean predicted chroma, mean true component along the predicted hue, mean true chroma)."""
    chroma = np.hypot(*predicted.T)
    along = (predicted * true).sum(1) / np.maximum(chroma, 1e-6)
    rows = []
    for low, high in itertools.pairwise(EDGES):
        inside = (chroma >= low) & (chroma < high)
        if inside.sum() >= FEWEST:
            means = (chroma[inside].mean(), along[inside].mean(), np.hypot(*true[inside].T).mean())
            rows.append((inside.mean(), *means))
    return np.array(rows).reshape(-1, 4)


def by_true_chroma(
    predicted: NDArray[np.float32], true: NDArray[np.float32], picture: NDArray[np.float32]
) -> list[str]:
    """Mean predicted chroma of the pictures that truly have little, some and much."""
    numbers = picture[:, 0].astype(int)
    count = np.bincount(numbers)
    have, said = (np.bincount(numbers, np.hypot(*ab.T)) / count for ab in (true, predicted))
    parts = []
    for low, high in ((0, 6), (6, 12), (12, 200)):
        inside = (have >= low) & (have < high)
        parts.append(
            f"{said[inside].mean():.1f} for {have[inside].mean():.1f} ({inside.sum()})" if inside.any() else "-"
        )
    return parts


def plot(curves: dict[str, NDArray[np.float64]], path: Path) -> None:
    import matplotlib as mpl

    mpl.use("agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(5.5, 5), layout="constrained")
    axes.plot([0, 60], [0, 60], color="0.6", linestyle="--", label="calibrated")
    for name, rows in curves.items():
        axes.plot(rows[:, 1], rows[:, 2], marker="o", label=name)
    axes.set(xlabel="predicted chroma", ylabel="true colour along the predicted hue", xlim=(0, 60), ylim=(0, 60))
    axes.legend()
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", nargs="+", required=True)
    parser.add_argument("--model", default="photochrom")
    parser.add_argument("--vividness", nargs="+", type=float, default=[0.5])
    parser.add_argument("--limit", type=int, help="pictures of each set")
    parser.add_argument("--plot", type=Path, help="write the curves of T = 1 to this .svg or .png (needs matplotlib)")
    options = parser.parse_args()
    session, curves = open_model(options.model), {}
    for path in options.data:
        found = cells(session, open_truth([path], "centre-256", options.limit), options.vividness)
        true, picture = found.pop("true"), found.pop("picture")
        table = Table(
            title=f"{Path(path).name}: true along the predicted hue, by predicted chroma", title_justify="left"
        )
        table.add_column("decoded by")
        for low, high in itertools.pairwise(EDGES):
            table.add_column(f"{low}-{high}", justify="right")
        table.add_column("chroma of pictures with < 6, 6-12, > 12: said for true (pictures)")
        for name, predicted in found.items():
            rows = reliability(predicted, true)
            at = {np.searchsorted(EDGES, row[1], "right"): f"{row[1]:.1f} → {row[2]:.1f}" for row in rows}
            row = [at.get(i, "") for i in range(1, len(EDGES))]
            table.add_row(name, *row, "; ".join(by_true_chroma(predicted, true, picture)))
            if name.startswith("mean"):
                curves[Path(path).stem] = rows
        Console(width=180).print(table)
    if options.plot:
        plot(curves, options.plot)


if __name__ == "__main__":
    main()

"""How good are the colours? Every model setting beside grey, mean ab, mean ab given L, and random colours.

    python benchmarks/quality.py --data cid22-256.parquet --train people.parquet places.parquet --model photochrom

A model sees the truth's L* as a grey uint8 picture; its finished picture (the main path: fused, in gamut, 8 bits) is
measured against the truth. The metrics are described in photochrom/evaluate/metrics.py.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from rich.table import Table

from photochrom.color import lightness
from photochrom.errors import PhotochromError
from photochrom.evaluate import baselines
from photochrom.evaluate.metrics import Scores
from photochrom.evaluate.pictures import PROTOCOLS, TruthSet, open_truth

# (figure, heading, decimals)
COLUMNS = (
    ("psnr", "PSNR dB ↑", 2),
    ("auc", "AuC raw % ↑", 2),
    ("auc_rebalanced", "AuC rebal. % ↑", 2),
    ("ciede2000", "CIEDE2000 ↓", 2),
    ("colourfulness", "colourfulness", 1),
)
ERR = Console(stderr=True)


def model_results(
    colorizer: Any, grey: NDArray[np.uint8], vividness: list[float | None]
) -> Iterator[tuple[str, NDArray[np.uint8]]]:
    """The model's pictures of one grey picture, one for each vividness: the only place that calls the main path."""
    session = colorizer.open(grey)
    for value in vividness:
        result = session.paint() if value is None else session.paint(vividness=value)
        yield ("" if value is None else f" v={value:g}"), result.rgb


def make_colorizers(
    models: list[str], work_sizes: list[int | None], qualities: list[str] | None = None
) -> dict[str, Any]:
    if not models:
        return {}
    from photochrom import Colorizer

    return {
        Path(model).name
        + ("" if size is None else f" @{size}")
        + ("" if quality == "normal" else f" {quality}"): Colorizer(model=model, work_size=size, quality=quality)
        for model in models
        for size in work_sizes
        for quality in qualities or ["normal"]
    }


def measure(
    truth: TruthSet, fitted: baselines.Baselines | None, colorizers: dict[str, Any], vividness: list[float | None]
) -> dict[str, dict[str, float]]:
    """The means of every method over one set: {method: {metric: value}}."""
    scores: dict[str, Scores] = {}
    lender = baselines.donors(len(truth)) if len(truth) > 1 else None
    for index in track(range(len(truth)), "measuring", console=ERR, transient=True, disable=not ERR.is_terminal):
        rgb = truth[index].rgb
        light = lightness(rgb)
        fields = {"grey": baselines.grey_ab(light)}
        if fitted:
            fields["mean ab"] = fitted.mean_ab(light)
            fields["mean ab given L"] = fitted.mean_ab_given_lightness(light)
        if lender is not None:
            fields["random"] = baselines.random_ab(light, truth[int(lender[index])].rgb)
        results = {name: baselines.colour(light, ab) for name, ab in fields.items()}
        for label, colorizer in colorizers.items():
            for suffix, picture in model_results(colorizer, results["grey"][..., 0].copy(), vividness):
                results[label + suffix] = picture
        for name, result in results.items():
            scores.setdefault(name, Scores()).update(rgb, result)
    return {name: score.compute() for name, score in scores.items()}


def render(title: str, report: dict[str, dict[str, float]]) -> Table:
    """One row a method; in brackets the difference to grey."""
    grey = report["grey"]
    table = Table(title=f"{title} ({grey['pictures']:.0f} pictures)", title_justify="left")
    table.add_column("method")
    for _, heading, _ in COLUMNS:
        table.add_column(heading, justify="right")
    for name, figures in report.items():
        cells = [f"{figures[key]:.{places}f}" for key, _, places in COLUMNS]
        if name != "grey":
            gains = [f" ({figures[key] - grey[key]:+.{places}f})" for key, _, places in COLUMNS[:-1]]
            cells = [cell + gain for cell, gain in zip(cells, [*gains, ""], strict=True)]
        table.add_row(name, *cells)
    table.add_section()
    table.add_row("truth", *[""] * (len(COLUMNS) - 1), f"{grey['colourfulness_truth']:.1f}")
    return table


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--data", nargs="+", type=Path, required=True, help="truth: shards or folders, one table each")
    parser.add_argument("--train", nargs="+", type=Path, default=[], help="shards for the mean-colour baselines")
    parser.add_argument("--train-limit", type=int, default=2000, help="pictures taken from them, evenly (default 2000)")
    parser.add_argument("--model", nargs="+", default=[], metavar="NAME|file.onnx")
    parser.add_argument("--vividness", nargs="+", type=float, default=[None], metavar="V", help="default: the model's")
    parser.add_argument("--work-size", nargs="+", type=int, default=[None], metavar="N", help="default: the model's")
    parser.add_argument("--quality", nargs="+", choices=["normal", "best"], default=["normal"])
    parser.add_argument("--protocol", choices=sorted(PROTOCOLS), default="centre-256")
    parser.add_argument("--limit", type=int, help="pictures of each set, evenly spread")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write all figures to this file")
    return parser.parse_args()


def main() -> int:
    arguments = parse()
    console = Console(width=None if sys.stdout.isatty() else 140)
    try:
        fitted = None
        if arguments.train:
            training = open_truth(arguments.train, "centre-64", arguments.train_limit)
            fitted = baselines.fit_baselines(picture.rgb for picture in training)
        else:
            console.print("no --train: the baselines 'mean ab' and 'mean ab given L' are left out")
        colorizers = make_colorizers(arguments.model, arguments.work_size, arguments.quality)
        reports = {}
        for path in arguments.data:
            truth = open_truth([path], arguments.protocol, arguments.limit)
            reports[path.name] = measure(truth, fitted, colorizers, arguments.vividness)
            console.print(render(f"{path.name}, {arguments.protocol}", reports[path.name]))
    except PhotochromError as error:
        ERR.print(f"error: {error}", style="red", highlight=False, soft_wrap=True)
        return 1
    if arguments.json:
        about = {
            "command": ["python", *sys.argv],
            "protocol": arguments.protocol,
            "training_pictures": fitted.pictures if fitted else 0,
            "python": platform.python_version(),
            "numpy": np.__version__,
        }
        arguments.json.write_text(json.dumps({"about": about, "sets": reports}, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

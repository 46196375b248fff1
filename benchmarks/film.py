"""What do old films and damaged prints cost a model? The same pictures, greyed and damaged in every way that training knows.

    python benchmarks/film.py --data cid22-256.parquet --model photochrom [--strength 0.7] [--limit 60] [--sheet sheet.png]

Every row changes the input only. Its ab is put on the truth's own L*, so that what is measured is the colour, not how unlike
the grey is; the first row, L*, is what `photochrom evaluate` measures. The films have the weights of
photochrom/train/augment.py without their random part, the damages of photochrom/train/damage.py one strength each.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from rich.table import Table
from torch import Tensor

from photochrom import Colorizer
from photochrom.color import lightness, rgb_to_lab
from photochrom.errors import PhotochromError
from photochrom.evaluate.baselines import colour, grey_ab
from photochrom.evaluate.figures import METRICS
from photochrom.evaluate.pictures import TruthSet, open_truth
from photochrom.evaluate.protocols import PROTOCOLS
from photochrom.evaluate.scores import Scores
from photochrom.train.augment import FILMS, film_lightness, luma_lightness
from photochrom.train.damage import DAMAGES

COLUMNS = [
    (figure.key, f"{figure.title} {figure.unit}".strip(), figure.decimals)
    for key in ("psnr", "auc", "auc_rebalanced", "ciede2000", "colourfulness")
    for figure in METRICS
    if figure.key == key
]
ERR = Console(stderr=True)
SHEET_PICTURES = 4
Picture = NDArray[np.uint8]


def true_lightness(srgb: Tensor) -> Tensor:
    return torch.from_numpy(lightness((srgb[0] * 255).round().byte().permute(1, 2, 0).numpy()))[None]


def damaged(name: str, strength: float, srgb: Tensor) -> Tensor:
    """L* of the picture with one damage, its sides cut to multiples of 8 and filled up again."""
    light = true_lightness(srgb)
    height, width = (side // 8 * 8 for side in light.shape[1:])
    rng = torch.Generator().manual_seed(int(srgb.sum() * 1000) % 2**31)  # another scratch on every picture
    hurt = light.clone()
    old = DAMAGES[name][0](light[:, :height, :width] / 100, torch.full((1, 1, 1), strength), rng)
    hurt[:, :height, :width] = old.clamp(0, 1) * 100
    return hurt


def ways(strength: float) -> dict[str, Callable[[Tensor], Tensor]]:
    """Each turns sRGB (1, 3, h, w) in [0, 1] into the L* (1, h, w) that the model sees."""
    films = {
        f"film: {name}": partial(film_lightness, weights=torch.tensor([weights])) for name, weights in FILMS.items()
    }
    hurts = {f"print: {name} {strength:g}": partial(damaged, name, strength) for name in DAMAGES}
    return {"L*": true_lightness, "Rec. 601 luma": luma_lightness, **films, **hurts}


def see(rgb: Picture, way: Callable[[Tensor], Tensor], colorizer: Colorizer) -> tuple[Picture, Picture]:
    """What the model sees, and its colours on the true lightness; both sRGB uint8 (h, w, 3)."""
    srgb = torch.from_numpy(rgb.transpose(2, 0, 1).copy()).float()[None] / 255
    seen = way(srgb)[0].numpy().clip(0, 100)
    grey = colour(seen, grey_ab(seen))
    result = colorizer.open(grey[..., 0].copy()).paint().rgb
    return grey, colour(lightness(rgb), rgb_to_lab(result / 255)[..., 1:])


def measure(
    truth: TruthSet, colorizer: Colorizer, strength: float
) -> tuple[dict[str, dict[str, float]], list[list[Picture]]]:
    """The means of every way, and the rows of a contact sheet: of each picture what is seen, then what comes of it."""
    scores: dict[str, Scores] = {"grey picture": Scores()}
    rows: list[list[Picture]] = []
    shown = np.linspace(0, len(truth) - 1, SHEET_PICTURES).astype(int).tolist()
    for index in track(range(len(truth)), "measuring", console=ERR, transient=True, disable=not ERR.is_terminal):
        rgb = truth[index].rgb
        light = lightness(rgb)
        scores["grey picture"].update(rgb, colour(light, grey_ab(light)))
        pairs = {name: see(rgb, way, colorizer) for name, way in ways(strength).items()}
        for name, (_, result) in pairs.items():
            scores.setdefault(name, Scores()).update(rgb, result)
        if index in shown:
            rows += [[rgb, *(pair[which] for pair in pairs.values())] for which in (0, 1)]
    return {name: score.compute() for name, score in scores.items()}, rows


def render(title: str, report: dict[str, dict[str, float]]) -> Table:
    """One row a way of greying; in brackets the difference to the grey picture, and at the end to the L* input."""
    grey, plain = report["grey picture"], report["L*"]
    table = Table(title=f"{title} ({grey['pictures']:.0f} pictures)", title_justify="left")
    table.add_column("input")
    for _, heading, _ in COLUMNS:
        table.add_column(heading, justify="right")
    table.add_column("PSNR lost, dB", justify="right")
    for name, figures in report.items():
        cells = [f"{figures[key]:.{places}f}" for key, _, places in COLUMNS]
        if name != "grey picture":
            gains = [f" ({figures[key] - grey[key]:+.{places}f})" for key, _, places in COLUMNS[:-1]]
            cells = [cell + gain for cell, gain in zip(cells, [*gains, ""], strict=True)]
            cells.append(f"{plain['psnr'] - figures['psnr']:.2f}")
        table.add_row(name, *cells)
    return table


def write_sheet(rows: list[list[Picture]], path: Path) -> None:
    """Columns: truth, then every input in the table's order; below each input its colours."""
    side = 160
    small = [[cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA) for picture in row] for row in rows]
    cv2.imwrite(str(path), np.vstack([np.hstack(row) for row in small])[..., ::-1])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", nargs="+", type=Path, required=True, help="truth: shards or folders, one table each")
    parser.add_argument("--model", default="photochrom", metavar="NAME|file.onnx")
    parser.add_argument("--strength", type=float, default=0.7, help="of every damage, 0 to 1 (default 0.7)")
    parser.add_argument("--protocol", choices=sorted(PROTOCOLS), default="centre-256")
    parser.add_argument("--limit", type=int, help="pictures of each set, evenly spread")
    parser.add_argument("--sheet", type=Path, metavar="OUT.png", help="write a contact sheet of the last set")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write all figures to this file")
    options = parser.parse_args()
    console = Console(width=None if sys.stdout.isatty() else 150)
    reports = {}
    try:
        colorizer = Colorizer(model=options.model)
        for path in options.data:
            truth = open_truth([path], options.protocol, options.limit)
            reports[path.name], rows = measure(truth, colorizer, options.strength)
            console.print(render(f"{Path(options.model).name}, {path.name}, {options.protocol}", reports[path.name]))
    except PhotochromError as error:
        ERR.print(f"error: {error}", style="red", highlight=False, soft_wrap=True)
        return 1
    if options.sheet:
        write_sheet(rows, options.sheet)
    if options.json:
        options.json.write_text(json.dumps({"command": ["python", *sys.argv], "sets": reports}, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

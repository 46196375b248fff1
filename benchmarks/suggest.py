"""Suggested clicks against random clicks: the true colour is revealed at k places.

    python benchmarks/suggest.py --data cid22-256.parquet --limit 100

Mean PSNR (dB) of the finished picture against the truth. A click is a hint (photochrom.Hint) with the mean true ab of 7 x 7
pixels at 256 x 256. "list": the first k of one list of suggestions. "asked": after each answer the next one is asked for.
"random": uniformly over the picture; "centre": Gaussian around the centre (Zhang et al. 2017); both the mean of several draws.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from photochrom import Colorizer
from photochrom.color import lightness, rgb_to_lab
from photochrom.colorizer import Opened
from photochrom.edits.hints import Hint, Hints
from photochrom.evaluate.baselines import colour, grey_ab
from photochrom.evaluate.metrics import psnr
from photochrom.evaluate.pictures import open_truth

Rgb = NDArray[np.uint8]


class Clicks:
    """True colours at chosen places of one opened picture."""

    def __init__(self, opened: Opened, truth: Rgb) -> None:
        self.opened, self.truth = opened, truth
        self.ab = rgb_to_lab(truth / 255.0)[..., 1:]
        self.height, self.width = truth.shape[:2]

    def hints(self, places: list[tuple[float, float]]) -> Hints:
        """Patches of 7 x 7 pixels around (y, x), in shares of the sides."""
        hints = []
        for y, x in places:
            row, column = int(y * self.height), int(x * self.width)
            patch = self.ab[max(row - 3, 0) : row + 4, max(column - 3, 0) : column + 4].reshape(-1, 2).mean(axis=0)
            hints.append(Hint.at(column, row, patch.tolist()))
        return Hints(hints)

    def psnr(self, places: list[tuple[float, float]]) -> float:
        return psnr(self.truth, self.opened.paint(hints=self.hints(places)).rgb)

    def ask(self, count: int, known: list[tuple[float, float]]) -> list[tuple[float, float]]:
        found = self.opened.suggest(count, hints=self.hints(known))
        return [((click.y + 0.5) / self.height, (click.x + 0.5) / self.width) for click in found]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, nargs="+", required=True)
    parser.add_argument("--limit", type=int)
    parser.add_argument("--clicks", type=int, nargs="+", default=[1, 3, 5])
    parser.add_argument("--draws", type=int, default=3)
    parser.add_argument("--model")
    parser.add_argument("--threads", type=int)
    options = parser.parse_args()
    colorizer, rng = Colorizer(options.model, threads=options.threads), np.random.default_rng(0)
    for data in options.data:
        rows: list[list[list[float]]] = []
        for picture in open_truth([data], "centre-256", options.limit):
            light = lightness(picture.rgb)
            grey = np.ascontiguousarray(colour(light, grey_ab(light))[..., 0])
            clicks = Clicks(colorizer.open(grey), picture.rgb)
            most = max(options.clicks)
            listed, asked = clicks.ask(most, []), []
            for _ in range(most):
                asked += clicks.ask(1, asked)
            uniform = [[(float(y), float(x)) for y, x in rng.random((most, 2))] for _ in range(options.draws)]
            normal = rng.normal(0.5, 0.25, (options.draws, most, 2)).clip(0, 0.999).tolist()
            row = [[clicks.psnr([])] * 4]
            for k in options.clicks:
                random, centre = (np.mean([clicks.psnr(draw[:k]) for draw in draws]) for draws in (uniform, normal))
                row.append([clicks.psnr(listed[:k]), clicks.psnr(asked[:k]), float(random), float(centre)])
            rows.append(row)
        table = np.array(rows)
        print(f"{data.name}: {len(table)} pictures, automatic {table[:, 0, 0].mean():.2f} dB")
        for number, k in enumerate(options.clicks, 1):
            gains = table[:, number] - table[:, 0]
            names = ("list", "asked", "random", "centre")
            line = "  ".join(f"{name} {gain:+.2f}" for name, gain in zip(names, gains.mean(axis=0), strict=True))
            wins = (gains[:, 0] > gains[:, 2]).mean()
            print(f"  {k} clicks  {line}   list above random on {wins:.0%} of the pictures")


if __name__ == "__main__":
    main()

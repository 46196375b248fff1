"""Does smoothing the colour field at work size help? Total variation and a dense CRF beside none.

    python benchmarks/smooth.py --data cid22-256.parquet

The field is smoothed after it has been brought to work size (fuse.sharpen) and before it is fitted against lightness. "bleed" is
the mean ab distance to the truth within 3 pixels of the true colour edges (a step of more than 15 ab between neighbours), "flat"
the mean gradient of ab away from them (more than 6 pixels; in ab a pixel), where the truth's is printed beside.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from photochrom import Colorizer, fuse
from photochrom.color import lightness, rgb_to_lab
from photochrom.colorizer import Opened
from photochrom.evaluate.baselines import colour, grey_ab
from photochrom.evaluate.pictures import open_truth
from photochrom.evaluate.scores import Scores
from photochrom.steering.smooth import METHODS

Rgb = NDArray[np.uint8]


def painted(opened: Opened, ab: NDArray[np.float32]) -> Rgb:
    """The finished picture of a field at work size, for a grey picture of 8 bits."""
    field = fuse.fit(ab, opened.work_lightness)
    height = opened.source.info.height
    strips = [fuse.paint_strip(field, pixels, y, height) for y, pixels in opened.source.strips(256)]
    return np.concatenate(strips)


def steps(ab: NDArray[np.float32]) -> NDArray[np.float32]:
    """The larger of the ab distances to the pixel below and to the right."""
    down, right = (np.diff(ab, axis=axis, append=np.take(ab, [-1], axis=axis)) for axis in (0, 1))
    return np.maximum(np.linalg.norm(down, axis=-1), np.linalg.norm(right, axis=-1))


def near(mask: NDArray[np.bool_], pixels: int) -> NDArray[np.bool_]:
    return cv2.dilate(mask.astype(np.uint8), np.ones((2 * pixels + 1,) * 2, np.uint8)) > 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--limit", type=int)
    parser.add_argument("--threads", type=int)
    options = parser.parse_args()
    colorizer = Colorizer(threads=options.threads)
    methods: dict[str, Callable[..., Any]] = dict(METHODS)
    scores = {name: Scores() for name in methods}
    figures: dict[str, list[list[float]]] = {name: [] for name in methods}
    spent = dict.fromkeys(methods, 0.0)
    for picture in open_truth([options.data], "centre-256", options.limit):
        light = lightness(picture.rgb)
        opened = colorizer.open(np.ascontiguousarray(colour(light, grey_ab(light))[..., 0]))
        cells = opened.paint().model_ab
        truth = rgb_to_lab(picture.rgb / 255.0)[..., 1:]
        edges = steps(truth) > 15
        edge, flat = near(edges, 3), ~near(edges, 6)
        sharp = fuse.sharpen(cells, opened.work_lightness)
        for name, method in methods.items():
            start = time.process_time()
            field = method(sharp, opened.work_lightness)
            spent[name] += time.process_time() - start
            result = painted(opened, field)
            scores[name].update(picture.rgb, result)
            ab = rgb_to_lab(result / 255.0)[..., 1:]
            distance = np.linalg.norm(ab - truth, axis=-1)
            row = [distance[edge].mean() if edge.any() else np.nan]
            row += [values[flat].mean() if flat.any() else np.nan for values in (steps(ab), steps(truth))]
            figures[name].append(row)
    for name in methods:
        total, (bleed, grain, true_grain) = scores[name].compute(), np.nanmean(figures[name], axis=0)
        print(
            f"{name:5s} PSNR {total['psnr']:.3f} dB  AuC {total['auc']:.3f}  rebalanced {total['auc_rebalanced']:.3f}  "
            f"CIEDE2000 {total['ciede2000']:.3f}  colourfulness {total['colourfulness']:.2f}  bleed {bleed:.2f}  "
            f"flat {grain:.3f} (truth {true_grain:.3f})  {1000 * spent[name] / total['pictures']:.0f} ms of one core"
        )


if __name__ == "__main__":
    main()

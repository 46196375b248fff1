"""Are the alternatives distinct, plausible and consistent?

    python benchmarks/samples.py --data cid22-256.parquet --limit 60

"found": how many alternatives beside the automatic one; "apart": mean ab distance of two; "likelihood": nats a cell against the
automatic picture, before any hint; "best": PSNR (dB) of the one nearest to the truth against the automatic one; "worst" likewise;
"rough": mean gradient of ab at the cells of an alternative as a share of the truth's. "cell by cell" samples every cell alone
from the same scores, as a baseline.
"""

from __future__ import annotations

import argparse
import itertools
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from photochrom import Colorizer, decode, fuse
from photochrom.color import ab_bins, lightness
from photochrom.colorizer import Opened
from photochrom.evaluate.baselines import colour, grey_ab
from photochrom.evaluate.metrics import psnr
from photochrom.evaluate.pictures import open_truth
from photochrom.steering.distribution import shares
from photochrom.steering.reference import cell_colours
from photochrom.steering.samples import alternatives

Rgb = NDArray[np.uint8]


def painted(opened: Opened, ab: NDArray[np.float32]) -> Rgb:
    light, height = opened.work_lightness, opened.source.info.height
    field = fuse.fit(fuse.sharpen(ab, light), light)
    return np.concatenate([fuse.paint_strip(field, pixels, y, height) for y, pixels in opened.source.strips(256)])


def rough(ab: NDArray[np.float32]) -> float:
    return float(np.abs(np.diff(ab, axis=0)).mean() + np.abs(np.diff(ab, axis=1)).mean())


def apart(pictures: list[NDArray[np.float32]]) -> float:
    pairs = itertools.combinations(pictures, 2)
    return float(np.mean([np.linalg.norm(one - other, axis=-1).mean() for one, other in pairs]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--limit", type=int)
    parser.add_argument("--count", type=int, default=4)
    parser.add_argument("--threads", type=int)
    options = parser.parse_args()
    colorizer, rng = Colorizer(threads=options.threads), np.random.default_rng(0)
    session = colorizer.session
    rows: dict[str, list[list[float]]] = {"anchors": [], "cell by cell": []}
    spent = 0.0
    for picture in open_truth([options.data], "centre-256", options.limit):
        light = lightness(picture.rgb)
        opened = colorizer.open(np.ascontiguousarray(colour(light, grey_ab(light))[..., 0]))
        scores = session.decode(opened.features)
        cells = cv2.resize(opened.work_lightness, scores.shape[:0:-1], interpolation=cv2.INTER_AREA)

        def told(hints: Any, opened: Opened = opened) -> Any:
            return session.decode(opened.features, hints)

        def decoded(given: Any, opened: Opened = opened) -> NDArray[np.float32]:
            return decode.decode_bins(opened.agreed(given), ab_bins(), log_prior=session.log_prior)

        start = time.process_time()
        found = alternatives(scores, cells, told, options.count)
        spent += time.process_time() - start
        truth = cell_colours(picture.rgb / 255.0, cells.shape)
        flat = shares(scores).reshape(len(scores), -1).cumsum(axis=0)
        drawn = [
            ab_bins()[(flat < rng.random(flat.shape[1])).sum(axis=0).clip(0, 260)].reshape(*cells.shape, 2)
            for _ in range(options.count - 1)
        ]
        kinds = {"anchors": [decoded(one.scores) for one in found], "cell by cell": [decoded(scores), *drawn]}
        likelihood = [one.log_likelihood for one in found[1:]]
        for name, fields in kinds.items():
            if len(fields) < 2:
                continue
            automatic, *others = [psnr(picture.rgb, painted(opened, ab)) for ab in fields]
            steadiness = float(np.mean([rough(ab) for ab in fields[1:]])) / max(rough(truth), 1e-6)
            usual = float(np.mean(likelihood)) if name == "anchors" else np.nan
            gains = [other - automatic for other in others]
            rows[name].append([len(others), apart(fields), usual, max(0.0, *gains), min(gains), steadiness])
    for name, figures in rows.items():
        number, far, usual, best, worst, steadiness = np.mean(figures, axis=0)
        print(
            f"{name:12s} {len(figures)} pictures  found {number:.1f}  apart {far:.1f}  likelihood {usual:.2f}  "
            f"best {best:+.2f} dB  worst {worst:+.2f} dB  rough {steadiness:.2f}"
        )
    print(f"{1000 * spent / len(rows['cell by cell']):.0f} ms of one core for the alternatives of a picture")


if __name__ == "__main__":
    main()

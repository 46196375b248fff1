"""Does a palette do what it says? The truth's own palette, and another picture's, by histogram, transport, and both.

    python benchmarks/palettes.py --data cid22-256.parquet --limit 60

"own": the palette of the true colours: PSNR (dB) must rise. "other": the palette of another picture of the set: "reached" is
how much of the way the shares of the ab bins went from the automatic picture's to the palette's (1 - distance after / distance
before; the distance is the mean over 16 directions of the earth mover's distance of the projected colours, in ab units).
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from photochrom import Colorizer, decode, fuse
from photochrom.color import ab_bins, lightness
from photochrom.colorizer import Opened
from photochrom.edits.palette import Palette, ab_histogram, palette_of_picture
from photochrom.evaluate.baselines import colour, grey_ab
from photochrom.evaluate.metrics import psnr
from photochrom.evaluate.pictures import open_truth
from photochrom.steering.distribution import shares
from photochrom.steering.palette import AFTER_HISTOGRAM, blended, transport
from photochrom.steering.reference import cell_colours

Rgb = NDArray[np.uint8]


def painted(opened: Opened, ab: NDArray[np.float32]) -> Rgb:
    light, height = opened.work_lightness, opened.source.info.height
    field = fuse.fit(fuse.sharpen(ab, light), light)
    return np.concatenate([fuse.paint_strip(field, pixels, y, height) for y, pixels in opened.source.strips(256)])


def earth_mover(one: NDArray[Any], other: NDArray[Any]) -> float:
    """Sliced 1-Wasserstein distance of two histograms (261,)."""
    total = 0.0
    for angle in np.arange(16) * np.pi / 16:
        place = ab_bins() @ np.array([np.cos(angle), np.sin(angle)])
        order = place.argsort()
        gap = np.diff(place[order])
        total += float((np.abs(np.cumsum((one - other)[order]))[:-1] * gap).sum()) / 16
    return total


class Look:
    """One opened grey picture and its automatic colours, at its cells."""

    def __init__(self, colorizer: Colorizer, rgb: Rgb) -> None:
        self.truth, light = rgb, lightness(rgb)
        self.opened = colorizer.open(np.ascontiguousarray(colour(light, grey_ab(light))[..., 0]))
        self.session = colorizer.session
        scores = self.session.decode(self.opened.features)
        self.shape = (scores.shape[1], scores.shape[2])
        self.light = cv2.resize(self.opened.work_lightness, self.shape[::-1], interpolation=cv2.INTER_AREA)
        self.own = shares(scores).mean(axis=(1, 2))
        self.ab = self.decoded(scores)
        self.palette = palette_of_picture(cell_colours(rgb / 255.0, self.shape), self.light)

    def decoded(self, scores: Any) -> NDArray[np.float32]:
        return decode.decode_bins(self.opened.agreed(scores), ab_bins(), log_prior=self.session.log_prior)

    def looks(self, palette: Palette, strength: float) -> dict[str, NDArray[np.float32]]:
        told = self.decoded(self.session.decode(self.opened.features, None, blended(palette, self.own, strength)))
        return {
            "histogram": told,
            "transport": transport(self.ab, self.light, palette, strength),
            "both": transport(told, self.light, palette, AFTER_HISTOGRAM * strength),
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--limit", type=int)
    parser.add_argument("--strength", type=float, nargs="+", default=[0.5, 1.0])
    parser.add_argument("--threads", type=int)
    options = parser.parse_args()
    colorizer = Colorizer(threads=options.threads)
    truth = open_truth([options.data], "centre-256", options.limit)
    colourful = [picture.rgb for picture in truth if np.ptp(picture.rgb, axis=-1).mean() > 20]
    looks = [Look(colorizer, rgb) for rgb in colourful]
    base = np.array([psnr(look.truth, painted(look.opened, look.ab)) for look in looks])
    print(f"{options.data.name}: {len(looks)} pictures, automatic {base.mean():.2f} dB")
    for strength in options.strength:
        rows: dict[str, list[tuple[float, float]]] = {}
        for index, look in enumerate(looks):
            other = looks[(index + 1) % len(looks)].palette
            before = earth_mover(ab_histogram(look.ab), other.histogram)
            away = look.looks(other, strength)
            for name, ab in look.looks(look.palette, strength).items():
                after = earth_mover(ab_histogram(away[name]), other.histogram)
                rows.setdefault(name, []).append(
                    (psnr(look.truth, painted(look.opened, ab)) - base[index], 1 - after / before)
                )
        for name, figures in rows.items():
            gain, reached = np.mean(figures, axis=0)
            print(
                f"  strength {strength:g}  {name:9s}  own palette {gain:+.2f} dB  other palette reached {reached:.0%}"
            )


if __name__ == "__main__":
    main()

"""How much does a reference picture help? Another crop of the same picture, an unrelated picture, and the frame before.

    python benchmarks/references.py --people people-192.parquet --video cockatoo.mp4

Every figure is the mean PSNR (dB) of the finished picture (the main path: fused, in gamut, 8 bits) against the truth, beside
automatic colouring of the same grey picture. Crops of one picture (h, w), none of them seen in training:

- overlapping: photograph = the upper left 70 % x 70 %; reference = the lower right 70 % x 70 %, mirrored.
- halves: photograph = the left half, reference = the right half (they share no pixel).
- body and face: photograph = the whole picture, reference = its upper centre (half the width, 55 % of the height), mirrored.
- unrelated: photograph = the upper left crop, reference = the lower right crop of the picture a third of the set further on.

Video: a frame is coloured with the true frame a second before as its reference.

"paint" is what a user gets: opened.paint(hints=[opened.refer(reference)]). "blend" and "both" are the steps of
photochrom.steering.reference alone: mixed by weight, and told to the decoder before.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
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
from photochrom.steering.distribution import moments, shares
from photochrom.steering.reference import Reference, Transfer, cell_colours, look, make_reference, transfer

Rgb = NDArray[np.uint8]
COMBINATIONS = ("paint", "blend", "both")


def grey(rgb: Rgb) -> Rgb:
    """The truth's L* as a grey picture."""
    light = lightness(rgb)
    return np.ascontiguousarray(colour(light, grey_ab(light))[..., 0])


def reference_of(colorizer: Colorizer, rgb: Rgb) -> Reference:
    seen = look_at(colorizer.open(grey(rgb)))
    return make_reference(seen, cell_colours(rgb / 255.0, seen.shape))


def look_at(opened: Opened) -> Any:
    return look(opened.features.arrays, opened.work_lightness, stride=opened.colorizer.session.stride)


def found(opened: Opened, references: list[Reference]) -> Transfer:
    _, variance = moments(shares(opened.colorizer.session.decode(opened.features)))
    return transfer(look_at(opened), references, variance=variance)


def painted(opened: Opened, given: Transfer, combination: str) -> Rgb:
    """The picture with the transferred colours.

    blend: mixed with the automatic ones by weight. both: what is believed most is told to the decoder as hints, and then the
    colours are mixed with what it says.
    """
    session, light = opened.colorizer.session, opened.work_lightness
    scores = session.decode(opened.features, None if combination == "blend" else given.sure_hints())
    ab = decode.decode_bins(opened.agreed(scores), ab_bins(), log_prior=session.log_prior)
    field = fuse.fit(fuse.sharpen(given.mixed_with(ab), light), light)
    height = opened.source.info.height
    return np.concatenate([fuse.paint_strip(field, pixels, y, height) for y, pixels in opened.source.strips(256)])


def tasks(pictures: list[Rgb]) -> Iterator[tuple[str, Rgb, Rgb]]:
    """(name, photograph, reference) in colour."""

    def crop(rgb: Rgb, top: float, left: float, bottom: float, right: float) -> Rgb:
        h, w = rgb.shape[:2]
        return np.ascontiguousarray(rgb[int(top * h) : int(bottom * h), int(left * w) : int(right * w)])

    for index, rgb in enumerate(pictures):
        first, second = crop(rgb, 0, 0, 0.7, 0.7), crop(rgb, 0.3, 0.3, 1, 1)[:, ::-1].copy()
        other = pictures[(index + len(pictures) // 3) % len(pictures)]
        yield "overlapping", first, second
        yield "halves", crop(rgb, 0, 0, 1, 0.5), crop(rgb, 0, 0.5, 1, 1)
        yield "body and face", rgb, crop(rgb, 0, 0.25, 0.55, 0.75)[:, ::-1].copy()
        yield "unrelated", first, crop(other, 0.3, 0.3, 1, 1)[:, ::-1].copy()


def frames(video: Path, seconds: float, every: float) -> Iterator[tuple[str, Rgb, Rgb]]:
    reader = cv2.VideoCapture(str(video))
    rate, kept = reader.get(cv2.CAP_PROP_FPS), []
    while True:
        more, frame = reader.read()
        if not more:
            break
        kept.append(frame)
    step = round(seconds * rate)
    for at in range(0, len(kept) - step, max(1, round(every * rate))):
        before, after = (cv2.cvtColor(kept[i], cv2.COLOR_BGR2RGB).astype(np.uint8) for i in (at, at + step))
        yield video.name, after, before


def measure(colorizer: Colorizer, work: Iterator[tuple[str, Rgb, Rgb]]) -> dict[str, Any]:
    rows: dict[str, dict[str, list[float]]] = {}
    for name, photograph, reference in work:
        opened = colorizer.open(grey(photograph))
        given = found(opened, [reference_of(colorizer, reference)])
        row = rows.setdefault(name, {})
        row.setdefault("automatic", []).append(psnr(photograph, opened.paint().rgb))
        row.setdefault("weight", []).append(float(given.weight.mean()))
        for combination in COMBINATIONS[1:]:
            row.setdefault(combination, []).append(psnr(photograph, painted(opened, given, combination)))
        row.setdefault("paint", []).append(psnr(photograph, opened.paint(hints=[opened.refer(reference)]).rgb))
        if sys.stderr.isatty():
            print(f"\r{name} {len(row['weight'])}   ", end="", file=sys.stderr)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=Path, help="shard or folder of colour pictures")
    parser.add_argument("--limit", type=int, help="so many pictures, evenly spread")
    parser.add_argument("--video", type=Path, nargs="*", default=[])
    parser.add_argument("--seconds", type=float, default=1.0, help="between the frame and its reference")
    parser.add_argument("--every", type=float, default=1.0, help="seconds from one measured frame to the next")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    colorizer, rows = Colorizer(threads=options.threads), {}
    if options.people:
        pictures = [picture.rgb for picture in open_truth([options.people], "native", options.limit)]
        rows |= measure(
            colorizer, tasks([p for p in pictures if min(p.shape[:2]) >= 64 and np.ptp(p, axis=-1).mean() > 8])
        )
    for video in options.video:
        rows |= measure(colorizer, frames(video, options.seconds, options.every))
    for name, row in rows.items():
        auto = np.array(row["automatic"])
        line = f"{name:15s} {len(auto):4d}  automatic {auto.mean():6.2f}  mean weight {np.mean(row['weight']):.2f}"
        for combination in COMBINATIONS:
            gain = np.array(row[combination]) - auto
            line += f"  {combination} {auto.mean() + gain.mean():6.2f} ({gain.mean():+.2f}, worst {gain.min():+.2f})"
        print(line)
    if options.json:
        options.json.write_text(json.dumps(rows))


if __name__ == "__main__":
    main()

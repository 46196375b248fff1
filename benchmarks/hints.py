"""What hints are worth: PSNR against their number, and regions that are given their true mean colour.

    python benchmarks/hints.py --data cid22-256.parquet --limit 24 --levin 12
    python benchmarks/hints.py --regions shared/data/regions

Hints by the protocol of Zhang et al. 2017 (SIGGRAPH), section 4.1: patches of 7 x 7 pixels with their mean true colour, Gaussian
around the centre (sigma: a quarter of each side); larger counts hold the smaller ones. Figures are means of the PSNR (dB) of the
finished picture (the main path: fused, in gamut, 8 bits). Beside them the gains that the paper reports for its network on its own
set, and the optimisation of Levin et al. 2004 with the same patches on the same pictures: pixels like the weighted mean of
their eight neighbours, weights by lightness. It knows no colours but the hints: without any it is grey.

Regions: every clothing region of a picture of at least 200 pixels is given its true mean colour, one after the other; told are
the mean |d ab| inside to that colour as far as sRGB has it at the pixel's lightness and to the truth, and the mean change of ab
further than 3 pixels away from the region, against the automatic picture.

Clicks: the largest garment of each picture is hinted once, at the pixel furthest from its border, in purple and in green, which
nobody would expect; told is the mean change of ab on the garment, on skin and on what has no label, and how well what changed
and the garment overlap: intersection over union, where a place counts by its change's share of that at the click.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from photochrom import Colorizer
from photochrom.color import lightness, limit_chroma, rgb_to_lab
from photochrom.edits.hints import Hint, Hints
from photochrom.edits.places import Spot
from photochrom.edits.regions import read_mask
from photochrom.errors import MaskError
from photochrom.evaluate.baselines import colour, grey_ab
from photochrom.evaluate.metrics import psnr
from photochrom.evaluate.pictures import open_truth
from photochrom.images import open_image

COUNTS = (0, 1, 2, 5, 10, 20, 50, 100, 200, 500)
#: Gains over automatic that Zhang et al. 2017 report, dB, from one hint on.
PUBLISHED = (0.94, 1.77, 2.96, 3.99, 4.91, 5.99, 6.70, 7.27, 7.71)
PATCH = 7

Float = NDArray[np.float32]


def grey(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The truth's L* as a grey picture."""
    light = lightness(rgb)
    return np.ascontiguousarray(colour(light, grey_ab(light))[..., 0])


def patches(rgb: NDArray[np.uint8], count: int, rng: np.random.Generator) -> tuple[NDArray[Any], Float]:
    """Centres (n, 2), y and x, of patches that lie inside, and their mean true ab (n, 2)."""
    sides, reach = np.array(rgb.shape[:2]), PATCH // 2
    centres = np.rint(rng.normal(sides / 2, sides / 4, (count, 2))).clip(reach, sides - 1 - reach).astype(int)
    means: Any = cv2.blur(rgb_to_lab(rgb / 255.0)[..., 1:], (PATCH, PATCH))
    return centres, means[centres[:, 0], centres[:, 1]]


def as_hints(centres: NDArray[Any], ab: Float) -> Hints:
    return Hints(Hint(value, Spot(float(x), float(y), PATCH / 2)) for (y, x), value in zip(centres, ab, strict=True))


def levin(light: Float, centres: NDArray[Any], ab: Float) -> Float:
    """Colours (h, w, 2) by Levin, Lischinski and Weiss 2004, eq. 1 and 2, L* for Y and ab for U and V."""
    from scipy import sparse
    from scipy.sparse.linalg import splu

    h, w = light.shape
    known, colours = np.zeros((h, w), bool), np.zeros((h, w, 2))
    for (y, x), value in zip(centres, ab, strict=True):
        window = np.s_[y - PATCH // 2 : y + PATCH // 2 + 1, x - PATCH // 2 : x + PATCH // 2 + 1]
        known[window], colours[window] = True, value
    if not known.any():
        return np.zeros((h, w, 2), np.float32)
    plane = light.astype(np.float64)
    variance = np.maximum(cv2.blur(plane * plane, (3, 3)) - cv2.blur(plane, (3, 3)) ** 2, 0)
    spread = 2 * np.maximum(0.6 * variance, 2.0)  # of even windows, so that noise does not part them
    index = np.arange(h * w).reshape(h, w)
    rows, columns, weights = [], [], []
    for dy, dx in ((0, 1), (1, 0), (1, 1), (1, -1)):
        one = np.s_[: h - dy, max(-dx, 0) : w - max(dx, 0)]
        two = np.s_[dy:, max(dx, 0) : w - max(-dx, 0)]
        squared = (plane[one] - plane[two]) ** 2
        for here, there in ((one, two), (two, one)):
            rows.append(index[here].ravel())
            columns.append(index[there].ravel())
            weights.append(np.exp(-squared / spread[here]).ravel())
    around = sparse.csr_matrix((np.concatenate(weights), (np.concatenate(rows), np.concatenate(columns))))
    mean = sparse.diags(1 / np.asarray(around.sum(axis=1)).ravel()) @ around
    free = sparse.diags(np.where(known.ravel(), 0.0, 1.0))
    factors = splu((sparse.identity(h * w) - free @ mean).tocsc(), permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.01)
    return factors.solve(colours.reshape(-1, 2)).reshape(h, w, 2).astype(np.float32)


def measure_hints(colorizer: Colorizer, data: Path, limit: int | None, with_levin: int, seed: int) -> dict[str, Any]:
    ours: list[list[float]] = []
    theirs: list[list[float]] = []
    seconds = []
    truth = open_truth([data], "centre-256", limit)
    for number in range(len(truth)):
        rgb = truth[number].rgb
        opened, light = colorizer.open(grey(rgb)), lightness(rgb)
        centres, ab = patches(rgb, COUNTS[-1], np.random.default_rng((seed, number)))
        row = []
        for count in COUNTS:
            hints = as_hints(centres[:count], ab[:count])
            start = time.perf_counter()
            result = opened.paint(hints=hints)
            if count == 50:
                seconds.append(time.perf_counter() - start)
            row.append(psnr(rgb, result.rgb))
        ours.append(row)
        if number * with_levin // len(truth) != (number + 1) * with_levin // len(truth):
            theirs.append(
                [psnr(rgb, colour(light, levin(light, centres[:count], ab[:count]))) for count in COUNTS] + [number]
            )
        if sys.stderr.isatty():
            print(f"\r{number + 1} of {len(truth)}   ", end="", file=sys.stderr)
    return {"ours": ours, "levin": theirs, "seconds_50_hints": float(np.median(seconds))}


def show_hints(found: dict[str, Any]) -> None:
    ours, levins = np.array(found["ours"]), np.array(found["levin"])
    print(f"{len(ours)} pictures; painting with 50 hints takes {found['seconds_50_hints'] * 1000:.0f} ms (median)")
    print("hints   ours dB   gain   published gain" + (f"   the {len(levins)}: ours   Levin" if len(levins) else ""))
    for column, count in enumerate(COUNTS):
        mean = ours[:, column].mean()
        published = f"{PUBLISHED[column - 1]:14.2f}" if column else " " * 14
        line = f"{count:5d} {mean:9.2f} {mean - ours[:, 0].mean():+6.2f} {published}"
        if len(levins):
            same = ours[levins[:, -1].astype(int), column]
            line += f" {same.mean():16.2f} {levins[:, column].mean():7.2f}"
        print(line)


def measure_regions(colorizer: Colorizer, folder: Path, limit: int | None) -> list[dict[str, Any]]:
    names = dict(line.split(" ", 1) for line in (folder / "labels.txt").read_text().splitlines() if " " in line)
    rows = []
    for path in sorted(folder.glob("*.jpg"))[:limit]:
        rgb = np.concatenate([strip for _, strip in open_image(path).strips()])
        size = rgb.shape[1], rgb.shape[0]
        truth = rgb_to_lab(rgb / 255.0)
        opened = colorizer.open(grey(rgb))
        automatic = rgb_to_lab(opened.paint().rgb / 255.0)
        for label, name in names.items():
            if label == "0":
                continue
            try:
                mask = read_mask(f"{path.with_name(path.stem + '_labels.png')}:{label}", size, opened.grow)
            except MaskError:  # the picture has no such garment
                continue
            if mask.sum() < 200:
                continue
            mean = truth[mask][:, 1:].mean(axis=0)
            result = rgb_to_lab(opened.paint(hints=[Hint.inside(mask, mean.tolist())]).rgb / 255.0)
            near: Any = cv2.dilate(mask.astype(np.uint8), np.ones((7, 7), np.uint8))
            light = truth[mask][:, :1]
            possible = limit_chroma(np.concatenate([light, np.broadcast_to(mean, (len(light), 2))], axis=1))[:, 1:]

            def off(one: NDArray[Any], other: NDArray[Any]) -> float:
                return float(np.hypot(*(one - other).T).mean())

            rows.append(
                {
                    "picture": path.stem,
                    "label": name,
                    "pixels": int(mask.sum()),
                    "told": off(result[mask][:, 1:], mean),
                    "possible": off(result[mask][:, 1:], possible),
                    "truth": off(result[mask][:, 1:], truth[mask][:, 1:]),
                    "automatic": off(automatic[mask][:, 1:], truth[mask][:, 1:]),
                    "spill": off(result[near == 0][:, 1:], automatic[near == 0][:, 1:]),
                }
            )
    return rows


#: Colours of the surprising clicks, in ab.
SURPRISES = ((45.0, -45.0), (-35.0, 30.0))
GARMENTS = ("coat", "dress", "shirt", "jacket", "blouse", "top", "skirt", "sweater", "cardigan", "suit", "blazer")


def innermost(mask: NDArray[np.bool_]) -> tuple[int, int]:
    """The place (x, y) in a mask that is farthest from its border."""
    inside: Any = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 5)
    y, x = np.unravel_index(int(inside.argmax()), inside.shape)
    return int(x), int(y)


def measure_clicks(colorizer: Colorizer, folder: Path, limit: int | None) -> list[tuple[float, ...]]:
    """Mean change of ab on the garment, on skin and on what has no label, and the overlap; a row for each click."""
    names = dict(line.split(" ", 1) for line in (folder / "labels.txt").read_text().splitlines() if " " in line)
    garments = [int(label) for label, name in names.items() if any(kind in name for kind in GARMENTS)]
    skin = next(int(label) for label, name in names.items() if name == "skin")
    rows = []
    for path in sorted(folder.glob("*.jpg"))[:limit]:
        rgb = np.concatenate([strip for _, strip in open_image(path).strips()])
        labels = cv2.imread(str(path.with_name(f"{path.stem}_labels.png")), cv2.IMREAD_UNCHANGED)
        largest = max(garments, key=lambda label: int((labels == label).sum()))
        garment = labels == largest
        if garment.sum() < 500:
            continue
        x, y = innermost(garment)
        opened = colorizer.open(grey(rgb))
        before = rgb_to_lab(opened.paint().rgb / 255.0)
        for ab in SURPRISES:
            after = rgb_to_lab(opened.paint(hints=[Hint(ab, Spot(float(x), float(y)))]).rgb / 255.0)
            change = np.hypot(*np.moveaxis((after - before)[..., 1:], -1, 0))
            share = (change / change[max(y - 2, 0) : y + 3, max(x - 2, 0) : x + 3].mean()).clip(0, 1)
            overlap = np.minimum(share, garment).sum() / np.maximum(share, garment).sum()
            rows.append(
                (*(float(change[mask].mean()) for mask in (garment, labels == skin, labels == 0)), float(overlap))
            )
    return rows


def show_regions(rows: list[dict[str, Any]]) -> None:
    print(f"{len(rows)} regions of {len({row['picture'] for row in rows})} pictures; means over the regions")
    for key, what in (
        ("told", "mean |d ab| inside, to the colour told"),
        ("possible", "the same, to what sRGB has of it at each pixel's lightness"),
        ("truth", "mean |d ab| inside, to the truth"),
        ("automatic", "the same without a hint"),
        ("spill", "mean change of ab beyond 3 px"),
    ):
        values = np.array([row[key] for row in rows])
        print(f"{what:60s} {values.mean():6.2f}   worst {values.max():6.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="shard or folder of colour pictures, for PSNR against hints")
    parser.add_argument("--limit", type=int, help="so many pictures")
    parser.add_argument(
        "--levin", type=int, default=0, help="so many of the pictures by Levin's optimisation, too (slow)"
    )
    parser.add_argument("--regions", type=Path, help="folder of NAME.jpg, NAME_labels.png and labels.txt")
    parser.add_argument("--model")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    colorizer = Colorizer(options.model, threads=options.threads)
    found: dict[str, Any] = {}
    if options.data:
        found["hints"] = measure_hints(colorizer, options.data, options.limit, options.levin, options.seed)
        show_hints(found["hints"])
    if options.regions:
        found["regions"] = measure_regions(colorizer, options.regions, options.limit)
        show_regions(found["regions"])
        found["clicks"] = measure_clicks(colorizer, options.regions, options.limit)
        means = np.nanmean(found["clicks"], axis=0)
        said = "one surprising click: change of the garment {:.1f}, of skin {:.1f}, of the rest {:.1f}; overlap {:.3f}"
        print(said.format(*means))
    if options.json:
        options.json.write_text(json.dumps(found))


if __name__ == "__main__":
    main()

"""What a temperature, a prior correction and a gain of chroma make of the model's scores: closeness, colour and blotches.

    python benchmarks/decoding.py --data HELD-OUT/things HELD-OUT/people cid22-256.parquet --limit 60 \
        --setting 0.45,0.06,1,old --setting 0.5,0.1,1.3

A setting is temperature, weight of the prior correction, gain of chroma, and how cells agree: "like" (as the product does),
"light" (by lightness alone), "old" (the 5 x 5 neighbours of like lightness, once) or "none". PSNR, AuC and CIEDE2000 are
differences to the grey picture; colour and blotches are means, colour as a share of the truth's in percent.
"""

from __future__ import annotations

import argparse
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from photochrom import fuse
from photochrom.color import ab_bins, lab_to_rgb, limit_chroma, rgb_to_lab
from photochrom.decode import agree, annealed_mean
from photochrom.evaluate import metrics
from photochrom.evaluate.artefacts import blotches
from photochrom.evaluate.pictures import open_truth
from photochrom.runtime import open_model


class Seen(NamedTuple):
    """A true picture, sRGB and L*a*b* (h, w, 3), the model's scores for it, and its cells' L* and features."""

    rgb: NDArray[np.uint8]
    lab: NDArray[np.float32]
    scores: NDArray[np.float32]
    light: NDArray[np.float32]
    features: NDArray[np.float32]


def old_agreement(scores: NDArray[np.float32], light: NDArray[np.float32]) -> NDArray[np.float32]:
    """What the product did until November 2026: a joint bilateral mean over 5 x 5 cells."""
    step = np.arange(-2, 3)
    unlike = (sliding_window_view(np.pad(light, 2, "edge"), (5, 5)) - light[..., None, None]) / 8
    weights = np.exp(-0.5 * (step[:, None] ** 2 + step**2 + unlike**2))
    weights /= weights.sum(axis=(2, 3), keepdims=True)
    around = sliding_window_view(np.pad(scores, ((0, 0), (2, 2), (2, 2)), "edge"), (5, 5), axis=(1, 2))
    return np.asarray(np.einsum("yxij,qyxij->qyx", weights, around), np.float32)


def decoded(seen: Seen, temperature: float, weight: float, gain: float, way: str, prior: Any) -> NDArray[np.float32]:
    """L*a*b* (h, w, 3) of the finished picture."""
    scores = {
        "like": lambda: agree(seen.scores, seen.light, seen.features),
        "light": lambda: agree(seen.scores, seen.light),
        "old": lambda: old_agreement(seen.scores, seen.light),
        "none": lambda: seen.scores,
    }[way]()
    if weight:
        scores = scores - np.float32(weight) * prior[:, None, None]
    ab = annealed_mean(scores, ab_bins(), temperature) * np.float32(gain)
    light = seen.lab[..., 0]
    return np.dstack([light, fuse.fit(fuse.sharpen(ab, light), light).at(light)])


def to_bytes(lab: NDArray[np.float32]) -> NDArray[np.uint8]:
    return (lab_to_rgb(limit_chroma(lab)) * 255).round().clip(0, 255).astype(np.uint8)


def measured(pictures: list[Seen], results: list[NDArray[np.float32]]) -> dict[str, float]:
    counts, rows = 0, []
    for seen, lab in zip(pictures, results, strict=True):
        rgb = to_bytes(lab)
        counts = counts + metrics.distance_counts(seen.lab[..., 1:], lab[..., 1:])
        own = metrics.colourfulness(rgb), metrics.colourfulness(seen.rgb)
        difference = float(np.mean(metrics.ciede2000(seen.lab, lab)))
        rows.append((metrics.psnr(seen.rgb, rgb), *own, blotches(seen.lab, lab), difference))
    psnr, colour, true, spots, difference = np.nanmean(rows, axis=0)
    return {
        "PSNR": psnr,
        "AuC": metrics.auc(counts),
        "rebalanced": metrics.auc_rebalanced(counts),
        "CIEDE2000": difference,
        "colour": 100 * colour / true,
        "blotches": spots,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", nargs="+", required=True)
    parser.add_argument("--model", default="photochrom")
    parser.add_argument("--limit", type=int, default=60, help="pictures of each set")
    parser.add_argument("--setting", action="append", required=True)
    given = parser.parse_args()
    session = open_model(given.model, threads=1)
    for data in given.data:
        pictures = []
        for picture in open_truth([data], limit=given.limit):
            lab = rgb_to_lab(picture.rgb.astype(np.float32) / 255).astype(np.float32)
            features = session.encode(np.ascontiguousarray(lab[..., 0]))
            scores = session.decode(features)
            light: Any = cv2.resize(lab[..., 0], scores.shape[:0:-1], interpolation=cv2.INTER_AREA)
            pictures.append(Seen(picture.rgb, lab, scores, light, features.arrays[0][0]))
        grey = measured(pictures, [seen.lab * np.float32([1, 0, 0]) for seen in pictures])
        print(f"{data}: {len(pictures)} pictures, grey {grey['PSNR']:.2f} dB")
        for setting in given.setting:
            temperature, weight, gain, *way = setting.split(",")
            settings = float(temperature), float(weight), float(gain), way[0] if way else "like"
            found = measured(pictures, [decoded(seen, *settings, session.log_prior) for seen in pictures])
            for name in ("PSNR", "AuC", "rebalanced", "CIEDE2000"):
                found[name] -= grey[name]
            print(f"  {setting:20} " + "  ".join(f"{name} {value:+.2f}" for name, value in found.items()), flush=True)


if __name__ == "__main__":
    main()

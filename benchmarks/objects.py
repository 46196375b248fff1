"""How much of an object one click takes, and what else: one surprising colour on the largest garment of a labelled picture.

    python benchmarks/objects.py shared/data/regions

Coverage: the share of the garment within 10 ab of the asked colour, as far as sRGB has it at each pixel's lightness. The others
are the mean change of ab: on skin, on hair, and in pairs of pictures side by side on the largest garment of the other picture.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from hints import GARMENTS, SURPRISES, grey, innermost
from numpy.typing import NDArray

from photochrom import Colorizer
from photochrom.color import limit_chroma, rgb_to_lab
from photochrom.edits.hints import Hint
from photochrom.edits.places import Spot
from photochrom.images import open_image

#: Within this distance in ab a pixel has the asked colour; garments of fewer pixels are left out.
NEAR, LEAST = 10, 500


class Labelled(NamedTuple):
    """sRGB (h, w, 3), its labels (h, w), and the label of its largest garment."""

    rgb: NDArray[np.uint8]
    labels: NDArray[Any]
    garment: int


def read(folder: Path, garments: list[int]) -> list[Labelled]:
    found = []
    for path in sorted(folder.glob("*.jpg")):
        rgb = np.concatenate([strip for _, strip in open_image(path).strips()])
        labels: Any = cv2.imread(str(path.with_name(f"{path.stem}_labels.png")), cv2.IMREAD_UNCHANGED)
        largest = max(garments, key=lambda label: int((labels == label).sum()))
        if (labels == largest).sum() >= LEAST:
            found.append(Labelled(rgb.astype(np.uint8), labels, largest))
    return found


def beside(left: Labelled, right: Labelled) -> tuple[NDArray[np.uint8], NDArray[Any], NDArray[np.bool_]]:
    """Both pictures as one, its labels, and where the right one's garment is."""
    height = min(len(left.rgb), len(right.rgb))

    def fitted(image: NDArray[Any], way: int) -> NDArray[Any]:
        width = round(image.shape[1] * height / len(image))
        sized: Any = cv2.resize(image, (width, height), interpolation=way)
        return np.asarray(sized)

    rgb = np.concatenate([fitted(one.rgb, cv2.INTER_AREA) for one in (left, right)], axis=1)
    first, second = (fitted(one.labels, cv2.INTER_NEAREST) for one in (left, right))
    other = np.concatenate([np.zeros(first.shape, bool), second == right.garment], axis=1)
    return rgb, np.concatenate([first, np.where(second == left.garment, 0, second)], axis=1), other


def click(
    colorizer: Colorizer, rgb: NDArray[np.uint8], garment: NDArray[np.bool_], others: list[NDArray[np.bool_]]
) -> NDArray[np.float64]:
    """Coverage of the garment, then the mean change of ab on each of the others (NaN where there is none); a row for a colour."""
    x, y = innermost(garment)
    opened = colorizer.open(grey(rgb))
    before = rgb_to_lab(opened.paint().rgb / 255.0)
    rows = []
    for ab in SURPRISES:
        after = rgb_to_lab(opened.paint(hints=[Hint(ab, Spot(float(x), float(y)))]).rgb / 255.0)
        change = np.hypot(*np.moveaxis((after - before)[..., 1:], -1, 0))
        asked = np.broadcast_to(np.array(ab, np.float32), (*garment.shape, 2))
        off = after[..., 1:] - limit_chroma(np.concatenate([before[..., :1], asked], axis=-1))[..., 1:]
        covered = (np.hypot(*np.moveaxis(off, -1, 0)) < NEAR)[garment].mean()
        rows.append([covered, *(change[mask].mean() if mask.any() else np.nan for mask in others)])
    return np.array(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("regions", type=Path)
    parser.add_argument("--model")
    given = parser.parse_args()
    lines = (given.regions / "labels.txt").read_text().splitlines()
    names = {int(label): name for label, name in (line.split(" ", 1) for line in lines if " " in line)}
    garments = [label for label, name in names.items() if any(kind in name for kind in GARMENTS)]
    skin, hair = (next(label for label, name in names.items() if name == wanted) for wanted in ("skin", "hair"))
    colorizer, pictures = Colorizer(given.model), read(given.regions, garments)
    single = [
        click(colorizer, rgb, labels == garment, [labels == skin, labels == hair]) for rgb, labels, garment in pictures
    ]
    pairs = []
    for left, right in zip(pictures, pictures[1:] + pictures[:1], strict=True):
        rgb, labels, other = beside(left, right)
        pairs.append(click(colorizer, rgb, labels == left.garment, [labels == skin, other]))
    one, two = (np.nanmean(np.concatenate(rows), axis=0) for rows in (single, pairs))
    print(f"{len(pictures)} pictures: coverage {one[0]:.3f}, skin {one[1]:.2f}, hair {one[2]:.2f}")
    print(f"{len(pairs)} pairs: coverage {two[0]:.3f}, skin {two[1]:.2f}, other garment {two[2]:.2f}")


if __name__ == "__main__":
    main()

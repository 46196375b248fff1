"""What do two models make of real old photographs? Made for one trained with film greys, and one without.

    python benchmarks/film_old.py --data FOLDER --model without.onnx with.onnx [--sheet sheet.png]

There is no truth: printed are how far the colours of the two are apart, and each one's mean chroma; the sheet is to be looked
at: grey, the first model, the second.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from photochrom import Colorizer
from photochrom.color import rgb_to_lab
from photochrom.evaluate.pictures import open_truth

HEIGHT, GAP = 230, 6


def small(colorizer: Colorizer, rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    result = colorizer.open(rgb).paint().rgb
    width = max(1, round(result.shape[1] * HEIGHT / result.shape[0]))
    return np.asarray(cv2.resize(result, (width, HEIGHT), interpolation=cv2.INTER_AREA), np.uint8)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of photographs")
    parser.add_argument("--model", nargs=2, required=True, metavar="NAME|file.onnx")
    parser.add_argument("--sheet", type=Path, metavar="OUT.png")
    options = parser.parse_args()
    models = [Colorizer(model) for model in options.model]
    rows, figures = [], []
    for picture in open_truth([options.data], "native"):
        pair = [small(model, picture.rgb) for model in models]
        first, second = (rgb_to_lab(rgb / 255.0)[..., 1:] for rgb in pair)
        apart, *chroma = (np.hypot(ab[..., 0], ab[..., 1]).mean() for ab in (second - first, first, second))
        figures.append((apart, *chroma))
        print(f"{picture.name:32} apart {apart:5.2f}   chroma {chroma[0]:5.2f} {chroma[1]:5.2f}")
        grey = np.repeat(cv2.cvtColor(pair[0], cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)
        rows.append(np.concatenate([grey, *pair], axis=1))
    print("{:32} apart {:5.2f}   chroma {:5.2f} {:5.2f}".format("mean", *np.mean(figures, axis=0)))
    if options.sheet:
        width = max(row.shape[1] for row in rows)
        padded = [np.pad(row, ((0, GAP), (0, width - row.shape[1]), (0, 0)), constant_values=255) for row in rows]
        cv2.imwrite(str(options.sheet), cv2.cvtColor(np.concatenate(padded), cv2.COLOR_RGB2BGR))


if __name__ == "__main__":
    main()

"""What hints, regions and references do: grey, automatic, and steered in four ways, in one picture.

python examples/hints.py -o docs/pictures/hints.jpg
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import skimage.data
from numpy.typing import NDArray

from photochrom import Colorizer
from photochrom.color import lightness
from photochrom.edits.hints import Hint, Hints
from photochrom.edits.places import Spot
from photochrom.evaluate.baselines import colour, grey_ab

Rgb = NDArray[np.uint8]
HEIGHT, GAP = 300, 6


def grey(rgb: Rgb) -> Rgb:
    """A grey picture of the same L*."""
    light = lightness(rgb)
    return np.ascontiguousarray(colour(light, grey_ab(light))[..., 0])


def tile(rgb: NDArray[Any], hints: Sequence[Hint] = ()) -> Rgb:
    """A picture of one height; a ring around each hinted pixel, in its colour."""
    scale = HEIGHT / rgb.shape[0]
    small = cv2.resize(rgb, (round(rgb.shape[1] * scale), HEIGHT), interpolation=cv2.INTER_AREA).astype(np.uint8)
    for hint in hints:
        if isinstance(hint.place, Spot):
            place = round(hint.place.x * scale), round(hint.place.y * scale)
            cv2.circle(small, place, 6, (0, 0, 0), 3, cv2.LINE_AA)
            cv2.circle(small, place, 6, (255, 255, 255), 1, cv2.LINE_AA)
    return np.pad(small, ((GAP, 0), (GAP, 0), (0, 0)), constant_values=255)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--out", type=Path, required=True)
    options = parser.parse_args()
    data: Any = skimage.data
    colorizer, rows = Colorizer(), []
    portrait = data.astronaut()
    opened = colorizer.open(grey(portrait))
    one = Hints([Hint.at(100, 400, "olive")])
    three = one + Hints(
        [
            Hint.at(300, 300, "olive"),
            Hint.at(340, 60, "lightblue"),
            Hint.at(235, 70, "auburn"),
            Hint.at(20, 300, "firebrick"),
        ]
    )
    box = opened.grow((20, 190, 380, 512))
    region = [Hint.inside(box, "teal")]
    other = colorizer.open(np.ascontiguousarray(portrait[:, ::-1]))
    rows += [tile(opened.paint(hints=hints).rgb, hints) for hints in ((), one, three)]
    rows.append(tile(opened.paint(hints=region).rgb))
    rows.append(tile(opened.paint(hints=[opened.refer(other)]).rgb))
    rows.insert(0, tile(np.repeat(grey(portrait)[..., None], 3, axis=2)))
    coffee = data.coffee()
    opened = colorizer.open(grey(coffee))
    cup = Hints([Hint.at(300, 40, "powderblue"), Hint.at(150, 290, "firebrick"), Hint.at(300, 150, "sienna")])
    wall = [Hint.at(60, 330, "tan")]
    second = [tile(np.repeat(grey(coffee)[..., None], 3, axis=2)), tile(opened.paint().rgb)]
    second += [tile(opened.paint(hints=hints).rgb, hints) for hints in (cup[:1], cup, cup + Hints(wall))]
    sheets = [np.hstack(rows), np.hstack(second)]
    width = max(sheet.shape[1] for sheet in sheets)
    full = np.vstack([np.pad(s, ((0, 0), (0, width - s.shape[1]), (0, 0)), constant_values=255) for s in sheets])
    cv2.imwrite(str(options.out), np.ascontiguousarray(full[..., ::-1]), [cv2.IMWRITE_JPEG_QUALITY, 90])


if __name__ == "__main__":
    main()

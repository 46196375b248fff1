"""A sheet of what steers: for each photograph its palettes, its alternatives, and the places worth a click.

python examples/steering_sheet.py photo.jpg... -o sheet.jpg
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from photochrom import Colorizer
from photochrom.edits.palettes import NAMED

Rgb = NDArray[np.uint8]


def small(rgb: NDArray[Any], height: int, label: str) -> Rgb:
    pixels = (rgb // 257).astype(np.uint8) if rgb.dtype == np.uint16 else rgb
    width = round(pixels.shape[1] * height / pixels.shape[0])
    tile = np.ascontiguousarray(cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA))
    cv2.putText(tile, label, (4, 14), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (0, 0, 0), 3, cv2.LINE_AA)
    cv2.putText(tile, label, (4, 14), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (255, 255, 255), 1, cv2.LINE_AA)
    return tile.astype(np.uint8)


def clicks(opened: Any, height: int) -> Rgb:
    """The automatic picture with numbered circles, and below each the likely colours."""
    tile = small(opened.paint().rgb, height, "suggested clicks")
    scale = height / opened.size[1]
    for number, click in enumerate(opened.suggest(4), 1):
        x, y = round(click.x * scale), round(click.y * scale)
        cv2.circle(tile, (x, y), 6, (255, 255, 255), 2, cv2.LINE_AA)
        cv2.putText(tile, str(number), (x + 8, y + 4), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (255, 255, 255), 1, cv2.LINE_AA)
        for place, likely in enumerate(click.colors):
            colour = tuple(round(255 * band) for band in likely.rgb)
            cv2.rectangle(tile, (x - 12 + 10 * place, y + 9), (x - 3 + 10 * place, y + 18), colour, -1)
    return tile


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", nargs="+", type=Path)
    parser.add_argument("-o", "--out", type=Path, default=Path("steering.jpg"))
    parser.add_argument("--palettes", nargs="*", default=sorted(NAMED), choices=sorted(NAMED))
    parser.add_argument("--height", type=int, default=160, help="of a tile")
    options = parser.parse_args()
    colorizer, rows = Colorizer(), []
    for photo in options.photos:
        opened, height = colorizer.open(photo), options.height
        tiles = [small(opened.paint().rgb, height, "automatic")]
        tiles += [small(opened.paint(palette=name).rgb, height, name) for name in options.palettes]
        found = opened.alternatives(4)[1:]
        tiles += [small(opened.paint(hints=hints).rgb, height, f"alternative {i}") for i, hints in enumerate(found, 2)]
        tiles.append(clicks(opened, height))
        rows += [np.concatenate(tiles[first : first + 6], axis=1) for first in range(0, len(tiles), 6)]
    width = max(row.shape[1] for row in rows)
    sheet = np.concatenate([np.pad(row, ((0, 4), (0, width - row.shape[1]), (0, 0))) for row in rows])
    cv2.imwrite(str(options.out), cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR))


if __name__ == "__main__":
    main()

"""A contact sheet: each row is one photograph as grey, coloured, coloured vividly, with the confidence, and the truth.

Without pictures it shows those of scikit-image and scikit-learn, which anybody may show; the sheet in the README is

    python examples/contact_sheet.py -o docs/pictures/contact.jpg
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

import photochrom
from photochrom.color import lightness

HEIGHT = 240


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", nargs="*", type=Path)
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--model", help="catalogue name or .onnx file")
    parser.add_argument("--vividness", type=float, nargs="+", default=[0.5, 0.9])
    parser.add_argument("--work-size", type=int)
    parser.add_argument("--columns", type=int, default=1, help="photographs side by side")
    parser.add_argument("--no-truth", action="store_true", help="leave out the last panel")
    options = parser.parse_args()
    colorizer = photochrom.Colorizer(options.model, work_size=options.work_size)
    pictures = [read(path) for path in options.pictures] or shareable()
    rows = []
    for picture in pictures:
        grey = to_grey(picture)
        opened = colorizer.open(grey)
        painted = [opened.paint(vividness=v) for v in options.vividness]
        sure = cv2.resize((painted[0].confidence * 255).astype(np.uint8), grey.shape[::-1])
        panels = [grey, *(result.rgb for result in painted), sure]
        if not options.no_truth:
            panels.append(picture)
        rows.append(np.concatenate([scaled(panel) for panel in panels], axis=1))
    sheet = stack(rows, options.columns)
    cv2.imwrite(str(options.out), cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 88])


def read(path: Path) -> NDArray[np.uint8]:
    raw = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if raw is None:
        raise SystemExit(f"{path}: not a picture")
    return np.asarray(cv2.cvtColor(raw, cv2.COLOR_BGR2RGB), np.uint8)


def shareable() -> list[NDArray[np.uint8]]:
    """Photographs inside scikit-image and scikit-learn."""
    from skimage import data
    from sklearn.datasets import load_sample_image

    return [
        data.astronaut(),
        load_sample_image("china.jpg"),
        load_sample_image("flower.jpg"),
        data.chelsea(),
        data.coffee(),
    ]


def to_grey(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The grey picture with the same L*."""
    from photochrom.color import planes_to_rgb

    light = lightness(rgb)
    nothing = np.zeros_like(light)
    return np.round(planes_to_rgb(light, nothing, nothing)[1].clip(0, 1) * 255).astype(np.uint8)


def scaled(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    rgb = np.repeat(picture[..., None], 3, axis=2) if picture.ndim == 2 else picture
    width = round(rgb.shape[1] * HEIGHT / rgb.shape[0])
    return np.asarray(cv2.resize(rgb, (width, HEIGHT), interpolation=cv2.INTER_AREA), np.uint8)


def stack(rows: list[NDArray[np.uint8]], columns: int) -> NDArray[np.uint8]:
    """Rows below each other, in so many columns, filled up with white."""
    per_column = -(-len(rows) // columns)
    made = []
    for start in range(0, len(rows), per_column):
        part = rows[start : start + per_column]
        width = max(row.shape[1] for row in part)
        padded = [np.pad(row, ((0, 6), (0, width - row.shape[1] + 6), (0, 0)), constant_values=255) for row in part]
        made.append(np.concatenate(padded))
    tall = max(column.shape[0] for column in made)
    return np.concatenate(
        [np.pad(c, ((0, tall - c.shape[0]), (0, 0), (0, 0)), constant_values=255) for c in made], axis=1
    )


if __name__ == "__main__":
    main()

"""What happens between the grey photograph and the coloured one: the picture in docs/how-it-works.md.

python examples/steps.py -o docs/pictures/steps.jpg
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_sample_image

import photochrom
from photochrom import fuse
from photochrom.color import lab_to_rgb, lightness, limit_chroma


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--out", type=Path, required=True)
    options = parser.parse_args()
    light = lightness(np.asarray(load_sample_image("china.jpg")))
    grey = shown(light, np.zeros((*light.shape, 2)))[..., 0]
    opened = photochrom.Colorizer().open(grey)
    result = opened.paint(vividness=0.8)
    work = opened.work_lightness
    sharp = fuse.sharpen(result.model_ab, work)
    sure = np.repeat(np.round(result.confidence * 255)[..., None], 3, axis=2)
    panels = [
        np.repeat(grey[..., None], 3, axis=2),
        sure.astype(np.uint8),
        shown(np.full(result.model_ab.shape[:2], 65.0), result.model_ab),
        shown(np.full(work.shape, 65.0), sharp),
        np.asarray(result.rgb, np.uint8),
    ]
    size = (480, round(480 * grey.shape[0] / grey.shape[1]))
    sheet = np.concatenate([cv2.resize(p, size, interpolation=cv2.INTER_NEAREST) for p in panels], axis=1)
    cv2.imwrite(str(options.out), cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR))


def shown(light: NDArray[np.floating], ab: NDArray[np.floating]) -> NDArray[np.uint8]:
    """sRGB of L* (h, w) and ab (h, w, 2), as far as sRGB goes."""
    rgb = lab_to_rgb(limit_chroma(np.dstack([light, ab]))).clip(0, 1)
    return np.round(rgb * 255).astype(np.uint8)


if __name__ == "__main__":
    main()

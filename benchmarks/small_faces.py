"""What share of the faces in group photographs get the color of skin, by the size of the face?

    pip install --no-deps facenet-pytorch                      # MTCNN (Zhang et al. 2016) with its weights, 2 MB
    python benchmarks/small_faces.py FOLDER... --model photochrom --model new.onnx --work-size 256 --sheet faces.png

The detector sees the grey picture, enlarged where it is small. A face counts as skin where at least half of the middle of its box
(an ellipse of 60 % of its sides) has skin's hue and chroma (photochrom.evaluate.skin). Sizes are sides of boxes (geometric mean)
as shares of the picture's short side. --sheet shows every face, framed in green where it has skin's color, for checking by eye.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from photochrom import Colorizer
from photochrom.color import rgb_to_lab
from photochrom.evaluate.skin import is_skin

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}
#: Bounds between small, middle and large faces, as shares of the picture's short side.
BOUNDS = (1 / 20, 1 / 10)
NAMES = ("below 1/20", "1/20 to 1/10", "above 1/10")
#: The detector sees pictures whose short side is at least this, in pixels, so that faces of 12 pixels are found.
SEEN, LARGEST = 1000, 1600
SURE = 0.97


def faces_in(path: Path, detector: Any) -> list[list[float]]:
    """Boxes x0, y0, x1, y1 in the picture's pixels."""
    grey = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if grey is None:
        return []
    scale = max(1.0, SEEN / min(grey.shape)) if min(grey.shape) < SEEN else min(1.0, LARGEST / min(grey.shape))
    large = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA)
    with torch.inference_mode():
        boxes, sure = detector.detect(np.repeat(large[..., None], 3, 2))
    if boxes is None:
        return []
    return [(np.asarray(box, float) / scale).round(1).tolist() for box, p in zip(boxes, sure, strict=True) if p >= SURE]


def has_skin(rgb: np.ndarray, box: list[float]) -> bool:
    """Whether the middle of the box has the color of skin; sRGB uint8."""
    x0, y0, x1, y1 = box
    cx, cy, rx, ry = (x0 + x1) / 2, (y0 + y1) / 2, max(1.5, (x1 - x0) * 0.3), max(1.5, (y1 - y0) * 0.3)
    mask = np.zeros(rgb.shape[:2], np.uint8)
    cv2.ellipse(mask, (round(cx), round(cy)), (round(rx), round(ry)), 0, 0, 360, 1, -1)
    margin = 4
    rows = slice(max(0, int(cy - ry) - margin), int(cy + ry) + margin)
    columns = slice(max(0, int(cx - rx) - margin), int(cx + rx) + margin)
    skin, inside = is_skin(rgb_to_lab(rgb[rows, columns] / 255.0)), mask[rows, columns] > 0
    return bool(inside.any() and skin[inside].mean() >= 0.5)


def group(box: list[float], shape: tuple[int, ...]) -> str:
    size = float(np.sqrt((box[2] - box[0]) * (box[3] - box[1]))) / min(shape[:2])
    return NAMES[int(np.searchsorted(BOUNDS, size))]


def tile(rgb: np.ndarray, box: list[float], good: bool) -> np.ndarray:
    x0, y0, x1, y1 = box
    pad = 0.35 * (x1 - x0)
    y, x = max(0, int(y0 - pad)), max(0, int(x0 - pad))
    shown = cv2.resize(rgb[y : int(y1 + pad), x : int(x1 + pad)], (72, 72), interpolation=cv2.INTER_CUBIC)
    return cv2.copyMakeBorder(shown, 2, 2, 2, 2, cv2.BORDER_CONSTANT, value=(0, 200, 0) if good else (220, 0, 0))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--model", action="append", help="may be repeated; by default the shipped one")
    parser.add_argument("--work-size", type=int, action="append")
    parser.add_argument("--vividness", type=float, default=0.5)
    parser.add_argument("--faces", type=Path, help="keep the boxes in this JSON file, or take them from it")
    parser.add_argument("--sheet", type=Path)
    options = parser.parse_args()
    paths = sorted(p for f in options.folders for p in f.rglob("*") if p.suffix.lower() in SUFFIXES)
    if options.faces and options.faces.exists():
        found = json.loads(options.faces.read_text())
    else:
        from facenet_pytorch import MTCNN

        detector = MTCNN(keep_all=True, min_face_size=14, device="cpu")
        found = {str(path): faces_in(path, detector) for path in paths}
        if options.faces:
            options.faces.write_text(json.dumps(found))
    for model in options.model or ["photochrom"]:
        for work_size in options.work_size or [None]:
            counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
            tiles = []
            colorizer = Colorizer(model, work_size=work_size)
            for path in paths:
                boxes = found.get(str(path), [])
                if not boxes:
                    continue
                grey = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
                rgb = colorizer.open(grey).paint(vividness=options.vividness).rgb
                for box in boxes:
                    good = has_skin(rgb, box)
                    count = counts[group(box, rgb.shape)]
                    count[0] += good
                    count[1] += 1
                    tiles.append(tile(rgb, box, good))
            row = {name: f"{100 * a / b:.0f} % of {b}" for name in NAMES for a, b in [counts[name]] if b}
            print(json.dumps({"model": str(model), "work_size": work_size, **row}), flush=True)
            if options.sheet and tiles:
                tiles += [np.zeros_like(tiles[0])] * (-len(tiles) % 16)
                sheet = np.concatenate([np.concatenate(tiles[i : i + 16], 1) for i in range(0, len(tiles), 16)])
                cv2.imwrite(str(options.sheet), sheet[..., ::-1])


if __name__ == "__main__":
    main()

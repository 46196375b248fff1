"""What the artefact measures say to faults of known kind and size, on photographs and on clips.

    python benchmarks/artefacts.py TRUTH [--limit 40] [--clip FILE...] [--people FOLDER]

TRUTH: a Parquet shard or a folder of colour photographs. Every fault is made from the truth, and its mean absolute ab error
is printed beside what each measure says; docs/evaluation/artefacts.md shows a run. FOLDER: photographs NNNN.jpg with label maps
NNNN_labels.png, named in labels.txt (lines "number name"), one of which is "skin".
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from photochrom.color import lab_to_rgb, rgb_to_lab
from photochrom.evaluate.artefacts import ARTEFACTS, TruthPlaces
from photochrom.evaluate.flicker import flicker
from photochrom.evaluate.pictures import open_truth
from photochrom.evaluate.skin import is_skin

#: Sigma of the noise that makes blotches, in pixels, and the long side of a clip's frames.
SPOT, SIDE, FRAMES = 12, 384, 10
Ab = np.ndarray[Any, Any]


def noise(shape: tuple[int, ...], sigma: float, seed: int = 0) -> Ab:
    field = np.random.default_rng(seed).normal(size=(*shape[:2], 2)).astype(np.float32)
    field = cv2.GaussianBlur(field, (0, 0), sigma) if sigma else field
    return field / field.std()


FAULTS: dict[str, tuple[Callable[[Ab, float], Ab], tuple[float, ...]]] = {
    "blurred by {:g} px": (lambda ab, level: cv2.GaussianBlur(ab, (0, 0), level), (1, 2, 4, 8, 16)),
    "shifted by {:g} px": (lambda ab, level: np.roll(ab, int(level), axis=1), (1, 2, 4, 8)),
    "blotches of {:g}": (lambda ab, level: ab + level * noise(ab.shape, SPOT), (2, 5, 10)),
    "grain of {:g}": (lambda ab, level: ab + level * noise(ab.shape, 0), (2, 5)),
    "cast of {:g}": (lambda ab, level: ab + level * np.float32([0.6, -0.8]), (2, 5, 10)),
    "chroma times {:g}": (lambda ab, level: ab * level, (1.5, 0.5, 0)),
}
MOVING: dict[str, Callable[[int, Ab], Ab]] = {
    "grey": lambda _, ab: 0 * ab,
    "chroma times 0.3": lambda _, ab: 0.3 * ab,
    "chroma times 1.5": lambda _, ab: 1.5 * ab,
    "cast of 8": lambda _, ab: ab + 8 * np.float32([0.6, -0.8]),
    "still blotches of 4": lambda _, ab: ab + 4 * noise(ab.shape, SPOT),
    **{
        f"flicker of {size:g}": lambda number, ab, size=size: ab + size * np.random.default_rng(number).normal(size=2)
        for size in (0.5, 1, 2, 4)
    },
    "flickering blotches of 4": lambda number, ab: ab + 4 * noise(ab.shape, SPOT, number),
}


def photographs(path: str, limit: int) -> None:
    labs = [rgb_to_lab(picture.rgb / 255.0) for picture in open_truth([path], "centre-256", limit)]
    truths = [TruthPlaces(lab) for lab in labs]
    measures = [artefact for artefact in ARTEFACTS if not artefact.key.startswith("skin_cast_")]
    print(f"\n{len(labs)} pictures of {path}\n")
    print(f"| fault | MAE ab | {' | '.join(f'{one.title}, {one.unit}' for one in measures)} |")
    print("| --- |" + " ---: |" * (len(measures) + 1))
    for name, (spoil, levels) in FAULTS.items():
        for level in levels:
            wrong = [np.concatenate([lab[..., :1], spoil(lab[..., 1:], level)], axis=-1) for lab in labs]
            error = np.mean([np.abs(result - lab)[..., 1:].mean() for result, lab in zip(wrong, labs, strict=True)])
            found = [
                np.nanmean([one.measure(truth, result) for truth, result in zip(truths, wrong, strict=True)])
                for one in measures
            ]
            print(f"| {name.format(level)} | {error:.2f} | {' | '.join(f'{value:.2f}' for value in found)} |")


def frames(path: str) -> Iterator[Ab]:
    clip: Any = cv2.VideoCapture(path)
    for _ in range(FRAMES):
        known, frame = clip.read()
        if not known:
            return
        scale = SIDE / max(frame.shape[:2])
        size = [round(side * scale) for side in frame.shape[1::-1]]
        yield np.ascontiguousarray(cv2.resize(frame, size, interpolation=cv2.INTER_AREA)[..., ::-1])


def clips(paths: list[str]) -> None:
    found: dict[str, list[float]] = {name: [] for name in MOVING}
    for path in paths:
        truth = list(frames(path))
        labs = [rgb_to_lab(frame / 255.0) for frame in truth]
        for name, change in MOVING.items():
            wrong = [
                np.round(
                    np.clip(lab_to_rgb(np.concatenate([lab[..., :1], change(number, lab[..., 1:])], -1)), 0, 1) * 255
                )
                for number, lab in enumerate(labs)
            ]
            found[name].append(float(np.nanmean(list(flicker(truth, [frame.astype(np.uint8) for frame in wrong])))))
    print(f"\nFlicker in ab units, {FRAMES} frames of {SIDE} px\n\n| fault | {' | '.join(paths)} |")
    print("| --- |" + " ---: |" * len(paths))
    for name, values in found.items():
        print(f"| {name} | {' | '.join(f'{value:.2f}' for value in values)} |")


def people(folder: Path) -> None:
    """How much of what people labelled as skin has the colour of skin, and how much of the rest."""
    names = dict(line.split()[::-1] for line in (folder / "labels.txt").read_text().splitlines())
    taken, counts = np.zeros(2), np.zeros(2)
    for file in sorted(folder.glob("*_labels.png")):
        labels: Any = cv2.imread(str(file), cv2.IMREAD_UNCHANGED)
        photograph: Any = cv2.imread(str(file).replace("_labels.png", ".jpg"))
        found = is_skin(rgb_to_lab(photograph[..., ::-1] / 255.0))
        for row, where in enumerate((labels == int(names["skin"]), labels != int(names["skin"]))):
            taken[row] += found[where].sum()
            counts[row] += where.sum()
    share = 100 * taken / counts
    print(f"\nOf the pixels labelled skin {share[0]:.0f} % have its colour, of the others {share[1]:.0f} % ({folder})")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("truth")
    parser.add_argument("--limit", type=int, default=40)
    parser.add_argument("--clip", nargs="*", default=[])
    parser.add_argument("--people", type=Path)
    given = parser.parse_args()
    photographs(given.truth, given.limit)
    if given.clip:
        clips(given.clip)
    if given.people:
        people(given.people)

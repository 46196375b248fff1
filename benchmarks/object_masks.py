"""How much of an object a box or clicks find, beside GrabCut alone, and how long it takes.

    python benchmarks/object_masks.py shared/data/regions [--model NAME.onnx] [--limit 4]
    python benchmarks/object_masks.py shared/data/regions --megapixels 12 --limit 1 --most 3

Every object of a labelled picture (what hangs together of one label, of 500 pixels or more) is asked for by its box, 5 % larger,
and by one click where it is farthest from its border; then the largest error is clicked, added or erased, twice more. Printed are
the means of intersection over union. "GrabCut alone" sees lightness only: in the box, or within 15 % of the longer side around
the clicks. Seconds are processor time and time on the clock of one request, from the mask so far to the mask that is sent, at
the pictures' size or enlarged to so many megapixels.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from hints import grey, innermost
from numpy.typing import NDArray

from photochrom import Colorizer
from photochrom.colorizer import Opened
from photochrom.edits import masks
from photochrom.edits.scribbles import Scribble
from photochrom.errors import MaskError
from photochrom.steering.grabcut import grab
from photochrom.train.object.label_maps import WHOLE, numbered_objects

#: Objects of fewer pixels are left out; boxes are so much larger; clicks.
LEAST, MARGIN, CLICKS = 500, 0.05, 3

Bool = NDArray[np.bool_]
Ask = Callable[..., Bool]


def box_of(mask: Bool) -> tuple[float, float, float, float]:
    spans = []
    for axis in (0, 1):
        used = np.flatnonzero(mask.any(axis=axis))
        low, high, length = int(used[0]), int(used[-1]) + 1, mask.shape[1 - axis]
        out = MARGIN * (high - low)
        spans.append((max(low - out, 0.0), min(high + out, float(length))))
    return spans[0][0], spans[1][0], spans[0][1], spans[1][1]


def photochrom_of(opened: Opened) -> Ask:
    def ask(box: Any = None, scribbles: Any = (), new: Any = (), mask: Bool | None = None) -> Bool:
        return opened.grow(box, scribbles=new if mask is not None else scribbles, mask=mask)

    return ask


def grabcut_of(opened: Opened) -> Ask:
    light = opened.work_lightness

    def ask(box: Any = None, scribbles: Any = (), new: Any = (), mask: Bool | None = None) -> Bool:
        small = grab(light, opened.size, box, scribbles)
        large: Any = cv2.resize(small.astype(np.uint8), opened.size, interpolation=cv2.INTER_LINEAR)
        return np.asarray(large > 0)

    return ask


def overlap(found: Bool, wanted: Bool) -> float:
    return float((found & wanted).sum() / (found | wanted).sum())


def asked(ask: Ask, wanted: Bool, seconds: list[tuple[float, float]]) -> list[float]:
    """Intersection over union with a box, and after each click; times of each are added to ``seconds``."""

    def timed(**question: Any) -> Bool:
        start = time.process_time(), time.perf_counter()
        try:
            found = ask(**question)
            masks.to_rle(found)
        except MaskError:
            found = np.zeros_like(wanted) if question.get("mask") is None else question["mask"]
        seconds.append((time.process_time() - start[0], time.perf_counter() - start[1]))
        return found

    scores = [overlap(timed(box=box_of(wanted)), wanted)]
    clicks: list[Scribble] = []
    mask: Bool | None = None
    for _ in range(CLICKS):
        wrong = wanted if mask is None else mask != wanted
        if wrong.any():
            x, y = innermost(np.pad(wrong, 1))
            click = Scribble(((x - 1.0, y - 1.0),), erase=not wanted[y - 1, x - 1])
            clicks.append(click)
            mask = timed(scribbles=clicks, new=[click], mask=mask if mask is not None and mask.any() else None)
        assert mask is not None
        scores.append(overlap(mask, wanted))
    return scores


def enlarged(rgb: NDArray[Any], labels: NDArray[Any], megapixels: float) -> tuple[NDArray[Any], NDArray[Any]]:
    scale = (megapixels * 1e6 / labels.size) ** 0.5
    size = [round(side * scale) for side in labels.shape[::-1]]
    return (
        np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_CUBIC)),
        np.asarray(cv2.resize(labels, size, interpolation=cv2.INTER_NEAREST_EXACT)),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("maps", type=Path)
    parser.add_argument("--model")
    parser.add_argument("--limit", type=int)
    parser.add_argument("--most", type=int, help="Only so many objects of each picture, the largest.")
    parser.add_argument("--megapixels", type=float)
    given = parser.parse_args()
    colorizer = Colorizer(given.model)
    scores: dict[str, list[list[float]]] = {}
    seconds: dict[str, list[tuple[float, float]]] = {}
    for path in sorted(given.maps.glob("*.jpg"))[: given.limit]:
        rgb: Any = cv2.imread(str(path))[..., ::-1]
        labels: Any = cv2.imread(str(path.with_name(f"{path.stem}_labels.png")), cv2.IMREAD_UNCHANGED)
        objects = numbered_objects(labels)
        if given.megapixels:
            rgb, objects = enlarged(rgb, objects, given.megapixels)
        _, encoded = cv2.imencode(".jpg", grey(np.ascontiguousarray(rgb)), [cv2.IMWRITE_JPEG_QUALITY, 95])
        opened = colorizer.open(encoded.tobytes())
        counts = np.bincount(objects.ravel(), minlength=256)[1:WHOLE] * labels.size / objects.size
        for number in np.argsort(-counts, kind="stable")[: given.most] + 1:
            if counts[number - 1] < LEAST:
                break
            wanted = objects == number
            for name, ask in (("photochrom", photochrom_of(opened)), ("GrabCut alone", grabcut_of(opened))):
                scores.setdefault(name, []).append(asked(ask, wanted, seconds.setdefault(name, [])))
    print(
        f"{'':>14} {'box':>6} "
        + " ".join(f"{count} click".rjust(8) for count in range(1, CLICKS + 1))
        + "   CPU s  clock s (median, worst)"
    )
    for name, rows in scores.items():
        means, times = np.mean(rows, axis=0), np.array(seconds[name])
        figures = " ".join(f"{value:8.3f}" for value in means)
        print(
            f"{name:>14} {figures}   {np.median(times[:, 0]):.2f}  {np.median(times[:, 1]):.2f} {times[:, 1].max():.2f}"
        )
    print(f"{len(rows)} objects")


if __name__ == "__main__":
    main()

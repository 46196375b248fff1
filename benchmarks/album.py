"""Does an album keep its colours? What is hinted in one picture is proposed in another that shows the same things.

    python benchmarks/album.py shared/data/regions --scenes shared/data/eval/kodak --video shared/data/video/*

- crops: a labelled picture's upper left part (75 % x 80 %), with a hint in the middle of every thing of at least 1 % of it, and
  its lower right part (80 % x 85 %), mirrored. A proposal is right where the label at its place is that of the hint.
- frames: a frame of a film, with hints on a grid of 3 x 3, and one some seconds later. A proposal is right within 10 ab of the
  hint's true colour.
- persons: another person in another street. That may show the same kinds of things (skin, hair), so here a proposal is right
  where the label is the same; on a garment it is a guess at best.
- scenes: unrelated pictures, without a thing in common that anybody meant. Every proposal is one too many.

right: share of the proposals. found: share of the hinted things that are in the other picture and were proposed rightly.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from hints import grey, innermost
from numpy.typing import NDArray

from photochrom import Colorizer
from photochrom.color import rgb_to_lab
from photochrom.colorizer import Opened
from photochrom.edits.edits import Edits
from photochrom.edits.hints import Hint
from photochrom.images import open_image

Rgb = NDArray[np.uint8]
#: A thing is at least this share of its picture. Right is a colour of a film within so much ab.
LEAST, NEAR = 0.01, 10
#: Frames of each film.
FRAMES = 4


class Seen(NamedTuple):
    """An opened grey picture and its labels (h, w), or its true ab (h, w, 2)."""

    opened: Opened
    truth: NDArray[Any]


def read(path: Path) -> Rgb:
    return np.concatenate([strip for _, strip in open_image(path).strips()]).astype(np.uint8)


def part(image: NDArray[Any], top: float, left: float, bottom: float, right: float) -> NDArray[Any]:
    h, w = image.shape[:2]
    return np.ascontiguousarray(image[int(top * h) : int(bottom * h), int(left * w) : int(right * w)])


def labelled(colorizer: Colorizer, folder: Path, limit: int | None) -> Iterator[tuple[Seen, Seen]]:
    """Of each picture the part that has hints, and the part that is asked."""
    for path in sorted(folder.glob("*.jpg"))[:limit]:
        labels: Any = cv2.imread(str(path.with_name(f"{path.stem}_labels.png")), cv2.IMREAD_UNCHANGED)
        first, second = (
            [part(one, *box) for one in (read(path), labels)] for box in ((0, 0, 0.75, 0.8), (0.2, 0.15, 1, 1))
        )
        mirrored = [np.ascontiguousarray(one[:, ::-1]) for one in second]
        given, asked = (Seen(colorizer.open(grey(rgb)), truth) for rgb, truth in (first, mirrored))
        yield given, asked


def things(labels: NDArray[Any]) -> list[int]:
    return [int(label) for label in np.unique(labels) if label and (labels == label).mean() >= LEAST]


def hinted(labels: NDArray[Any]) -> list[Hint]:
    return [Hint.at(*map(float, innermost(labels == label)), (50.0, 10.0)) for label in things(labels)]


def proposals(one: Seen, hints: Sequence[Hint], other: Opened) -> list[tuple[int, int, int]]:
    """The number of the hint, and x and y of each proposal."""
    found = other.propose([(one.opened, Edits(hints=list(hints)))])
    return [(proposal.index, round(proposal.hint.place.x), round(proposal.hint.place.y)) for proposal in found]


def frames(colorizer: Colorizer, path: Path, seconds: float, count: int) -> list[Seen]:
    reader, kept = cv2.VideoCapture(str(path)), []
    step = max(1, round(seconds * reader.get(cv2.CAP_PROP_FPS)))
    while len(kept) < count:
        more, frame = reader.read()
        if not more:
            break
        rgb = cv2.cvtColor(frame, cv2.COLOR_BGR2RGB).astype(np.uint8)
        kept.append(Seen(colorizer.open(grey(rgb)), rgb_to_lab(rgb / 255.0)[..., 1:]))
        for _ in range(step - 1):
            reader.grab()
    return kept


def of_labels(pairs: list[tuple[Seen, Seen]], away: int) -> dict[str, int]:
    """Counts for each picture's hints in the picture ``away`` further on."""
    count = {"asked": 0, "there": 0, "proposed": 0, "right": 0, "found": 0}
    for index, (one, _) in enumerate(pairs):
        other = pairs[(index + away) % len(pairs)][1]
        names, there = things(one.truth), set(things(other.truth))
        found = proposals(one, hinted(one.truth), other.opened)
        right = {names[number] for number, x, y in found if other.truth[y, x] == names[number]}
        count["asked"] += len(names)
        count["there"] += len(there & set(names))
        count["proposed"] += len(found)
        count["right"] += len(right)
        count["found"] += len(right & there)
    return count


def of_frames(seen: list[Seen]) -> dict[str, int]:
    count = {"asked": 0, "there": 0, "proposed": 0, "right": 0, "found": 0}
    for one, other in pairwise(seen):
        h, w = one.truth.shape[:2]
        places = [(int(w * x), int(h * y)) for y in (0.2, 0.5, 0.8) for x in (0.2, 0.5, 0.8)]
        found = proposals(one, [Hint.at(x, y, (50.0, 10.0)) for x, y in places], other.opened)
        right = sum(
            float(np.hypot(*(other.truth[y, x] - one.truth[places[number][::-1]]))) < NEAR for number, x, y in found
        )
        for name, value in zip(count, (len(places), len(places), len(found), right, right), strict=True):
            count[name] += value
    return count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("regions", type=Path)
    parser.add_argument("--scenes", type=Path, help="folder of unrelated pictures")
    parser.add_argument("--video", type=Path, nargs="*", default=[])
    parser.add_argument("--seconds", type=float, default=1.0, help="between two frames")
    parser.add_argument("--limit", type=int, help="so many labelled pictures")
    parser.add_argument("--model")
    parser.add_argument("--threads", type=int)
    given = parser.parse_args()
    colorizer = Colorizer(given.model, threads=given.threads)
    pairs = list(labelled(colorizer, given.regions, given.limit))
    rows = {"crops": of_labels(pairs, 0), "persons": of_labels(pairs, len(pairs) // 3)}
    for path in given.video:
        rows[f"frames of {path.name}"] = of_frames(frames(colorizer, path, given.seconds, FRAMES))
    if given.scenes:
        names = [path for path in sorted(given.scenes.iterdir()) if path.suffix in (".png", ".jpg", ".webp")]
        count = {"asked": 0, "there": 0, "proposed": 0, "right": 0, "found": 0}
        for (one, _), path in zip(pairs, names, strict=False):
            count["asked"] += len(things(one.truth))
            count["proposed"] += len(proposals(one, hinted(one.truth), colorizer.open(grey(read(path)))))
        rows["scenes"] = count
    for name, count in rows.items():
        right, found = count["right"] / max(count["proposed"], 1), count["found"] / max(count["there"], 1)
        print(
            f"{name:24s} {count['asked']:4d} hints  {count['proposed']:4d} proposals  {right:6.1%} right  {found:6.1%} found"
        )


if __name__ == "__main__":
    main()

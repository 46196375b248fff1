"""Srivastava's system: each foreground region coloured from its own reference picture, the background by the network.

Regions come from label maps, or from the object tool (:mod:`photochrom.papers.instances`). A reference's colours are matched by
what the network sees and joined by Poisson fusion (:meth:`photochrom.colorizer.Opened.refer`). The paper names neither its
pictures nor its references. Here each region has one of two:

- "the same person": the picture itself, mirrored, but of the region only the other half. The left half of a coat is coloured
  from its right half and the other way round, so no pixel is its own reference. It replaces a second photograph of the person.
- "another person": the region of the same name in the next picture that has one. It does not depend on the truth: a coat gets
  the colours of another coat. A region that no other picture has is left to the network.

With "found regions" the regions are those of the object tool and the references those of "the same person".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from photochrom.colorizer import Colorizer, Opened
from photochrom.edits.hints import Region, Step
from photochrom.edits.places import ColorMap, Mask
from photochrom.errors import DataError
from photochrom.papers.instances import instances
from photochrom.papers.measure import Rgb, grey, line_of_table_1

__all__ = ["REFERENCED", "SIDE", "TABLE_1", "WORK", "Labelled", "Line", "read_labelled", "referenced", "table_1"]

#: The file of the table in the folder of a run.
TABLE_1 = "table-1.json"
#: The file of the sample pictures with foregrounds from references.
REFERENCED = "referenced.jpg"
#: Short side of the pictures, and that at which the network sees them, so that a region has several cells; in pixels.
SIDE, WORK = 256, 256
#: Regions that cover less of the picture are left to the network.
SMALLEST = 0.005

Bool = NDArray[np.bool_]
#: A line of the table: figures by their names.
Line = dict[str, float]


@dataclass(frozen=True)
class Labelled:
    """A picture (h, w, 3) sRGB uint8 and its label map (h, w), 0 for the background."""

    rgb: Rgb
    labels: NDArray[Any]

    def regions(self) -> dict[int, Bool]:
        """Masks of the regions that are large enough, by label."""
        masks = {int(label): self.labels == label for label in np.unique(self.labels) if label}
        return {label: mask for label, mask in masks.items() if mask.mean() >= SMALLEST}


def read_labelled(folder: Path) -> list[Labelled]:
    """The pictures NAME.jpg of a folder that have a label map NAME_labels.png. Raises DataError for fewer than two."""
    found = []
    for path in sorted(folder.glob("*.jpg")):
        rgb, labels = cv2.imread(str(path)), cv2.imread(str(path.with_name(f"{path.stem}_labels.png")), -1)
        if rgb is None or labels is None or labels.shape != rgb.shape[:2]:
            continue
        scale = SIDE / min(labels.shape)
        size = round(rgb.shape[1] * scale), round(rgb.shape[0] * scale)
        small = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)[..., ::-1].copy()
        found.append(Labelled(small, cv2.resize(labels, size, interpolation=cv2.INTER_NEAREST)))
    if len(found) < 2:
        raise DataError(
            "needs two or more pictures NAME.jpg, each with a label map NAME_labels.png of its size", folder
        )
    return found


def table_1(model: Path, pictures: Sequence[Labelled]) -> dict[str, list[Line]]:
    """The lines of table 1 for the pictures, coloured by the ONNX file ``model``, one list for each way:

    "grey" (not at all), "alone" (by the network), with foregrounds from "the same person" and from "another person", and with
    "found regions".
    """
    colorizer, finder = Colorizer(model, threads=1, work_size=WORK), Colorizer(threads=1)
    others = [(picture.regions(), colorizer.open(picture.rgb)) for picture in pictures]
    lines: dict[str, list[Line]] = {}
    for number, picture in enumerate(pictures):
        following = [*others[number + 1 :], *others[:number]]
        regions = instances(finder.open(grey(picture.rgb)))
        for way, result in colourings(colorizer, picture, following, regions):
            lines.setdefault(way, []).append(line_of_table_1(picture.rgb, result))
    return lines


def referenced(model: Path, rgb: Rgb) -> Rgb:
    """A picture (h, w, 3) coloured by the ONNX file ``model`` and, in regions that are found, by its own mirror image."""
    plain = grey(rgb)
    colorizer = Colorizer(model, threads=1, work_size=WORK)
    opened, mirrored = colorizer.open(plain), colorizer.open(rgb[:, ::-1].copy())
    masks = instances(Colorizer(threads=1).open(plain)).values()
    halves = (_from_other_half(opened, mirrored, mask) for mask in masks)
    return _painted(opened, [hint for hint in halves if hint is not None])


def colourings(
    colorizer: Colorizer,
    picture: Labelled,
    others: Sequence[tuple[dict[int, Bool], Opened]],
    found: Mapping[int, Bool],
) -> Iterator[tuple[str, Rgb]]:
    """(way, picture (h, w, 3)) for the five ways of :func:`table_1`. others: regions by label, and the opened picture.

    found: the masks of "found regions".
    """
    plain = grey(picture.rgb)
    opened, mirrored = colorizer.open(plain), colorizer.open(picture.rgb[:, ::-1].copy())
    regions = picture.regions()
    halves, found_halves = (
        [_from_other_half(opened, mirrored, mask) for mask in masks.values()] for masks in (regions, found)
    )
    borrowed = []
    for label, mask in regions.items():
        other = next((one for one in others if label in one[0]), None)
        if other is not None:
            borrowed.append(opened.refer(other[1], mask=mask, picture_mask=other[0][label]))
    yield "grey", np.repeat(plain[..., None], 3, axis=2)
    yield "alone", _painted(opened, [])
    yield "the same person", _painted(opened, [hint for hint in halves if hint is not None])
    yield "another person", _painted(opened, borrowed)
    yield "found regions", _painted(opened, [hint for hint in found_halves if hint is not None])


def _painted(opened: Opened, hints: Sequence[Step]) -> Rgb:
    return np.asarray(opened.paint(hints=hints).rgb, np.uint8)


def _from_other_half(opened: Opened, mirrored: Opened, mask: Bool) -> Step | None:
    """A region whose halves, left and right of its median column, each take their colours from the other one, mirrored.

    None where a half is too narrow to hold a cell that shares no pixel with the other.
    """
    width = mask.shape[1]
    cell = opened.session.stride * width / opened.work_lightness.shape[1]
    columns, middle = np.arange(width) + 0.5, float(np.median(np.nonzero(mask)[1])) + 0.5
    # A cell on the border reaches half a cell into the other half, and one that gives colours is a cell wide.
    right, left = mask & (columns > middle + 1.5 * cell), mask & (columns < middle - 1.5 * cell)
    if not (right.any() and left.any()):
        return None
    for_left, for_right = (opened.refer(mirrored, mask=mask, picture_mask=half[:, ::-1]) for half in (right, left))
    left_ab, right_ab = np.asarray(for_left.ab), np.asarray(for_right.ab)
    cells = left_ab.shape[1]
    on_the_left = (np.arange(cells) + 0.5) * width / cells < middle
    return Region(ColorMap(np.where(on_the_left[None, :, None], left_ab, right_ab)), Mask(mask))

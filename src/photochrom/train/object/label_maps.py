"""Pictures with label maps: a folder of ``NAME.jpg`` (or .png, .webp), each beside its ``NAME_labels.png``.

A label map holds a number for each pixel: 0 is what is no object (the ground around a person), :data:`WHOLE` what belongs to an
object whose parts are not told apart (a person with all that is worn), :data:`IGNORED` what nobody has labelled, and any other
number a kind of thing or one thing. An object is what hangs together of one number, across gaps such as a strap makes.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import cv2
import numpy as np

from photochrom.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Labels: TypeAlias = NDArray[np.uint8]

__all__ = ["GAP", "IGNORED", "WHOLE", "find_pairs", "numbered_objects", "read_labels"]

WHOLE, IGNORED = 254, 255
#: Parts of one number that lie nearer than this share of the short side are one object.
GAP = 0.03
_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")


def find_pairs(folders: Sequence[str | Path]) -> list[tuple[Path, Path]]:
    """The pictures and label maps in these folders, in order of their names. Raises DataError where there is none."""
    found = []
    for folder in folders:
        for path in sorted(Path(folder).glob("*_labels.png")):
            stem = path.name.removesuffix("_labels.png")
            pictures = [path.with_name(stem + suffix) for suffix in _SUFFIXES]
            found += [(picture, path) for picture in pictures if picture.is_file()][:1]
    if not found:
        raise DataError("no NAME_labels.png beside a picture NAME.jpg", ", ".join(map(str, folders)))
    return found


def read_labels(path: Path) -> Labels:
    """A label map (H, W). Raises DataError for what is no picture of 8 bits with one band."""
    labels: Any = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if labels is None or labels.ndim != 2 or labels.dtype != np.uint8:
        raise DataError("is no label map: a PNG of 8 bits with one band", path)
    return np.asarray(labels)


def numbered_objects(labels: Labels) -> Labels:
    """A number from 1 on for each object of a label map (h, w), at most 250; 0, WHOLE and IGNORED stay."""
    reach = max(1, round(GAP * min(labels.shape)))
    objects = np.where(labels < WHOLE, 0, labels).astype(np.uint8)
    count = 0
    for label in np.unique(labels[(labels > 0) & (labels < WHOLE)]):
        inside = labels == label
        joined: Any = cv2.dilate(inside.astype(np.uint8), np.ones((reach + 1, reach + 1), np.uint8))
        parts, places = cv2.connectedComponents(joined)
        for part in range(1, min(parts, 251 - count)):
            count += 1
            objects[inside & (places == part)] = count
    return objects

"""Regions as users name them: ``mask.png=navy``, ``labels.png:17=photo.jpg``, ``coco.json=#334455``, ``10,20,200,300=red``.

Left of the last ``=`` is the place, a mask file, a label map with one of its numbers, a JSON file or a box, right of it a colour
or a picture to take the colours from.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from photochrom.edits import masks
from photochrom.edits.hints import color_of
from photochrom.errors import ImageError, MaskError, OptionError
from photochrom.images import OUTPUT_SUFFIXES, open_image

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Bool: TypeAlias = NDArray[np.bool_]
    Grow: TypeAlias = Callable[[Sequence[float]], Bool]

__all__ = ["Region", "overlaps", "parse_region", "read_mask"]

_NUMBER = r"\s*-?\d+(?:\.\d*)?\s*"
_BOX = re.compile(",".join([_NUMBER] * 4))
_LABEL = re.compile(r"(?P<path>.+):(?P<label>\d+)")


@dataclass(frozen=True)
class Region:
    """One ``PLACE=WHAT``: either ``color`` (a name, #rrggbb or lab:L,a,b) or ``picture``, the path of a reference, is given."""

    place: str
    color: str | None = None
    picture: Path | None = None


def parse_region(text: str) -> Region:
    """Read ``PLACE=COLOR`` or ``PLACE=PICTURE``. Raises OptionError, HintError, and UnknownColorError for what is neither."""
    place, equals, what = text.rpartition("=")
    if not equals or not place.strip() or not what.strip():
        raise OptionError("region", text, "PLACE=COLOR or PLACE=PICTURE, such as mask.png=navy")
    path = Path(what.strip())
    if path.suffix.lower() in OUTPUT_SUFFIXES or path.is_file():
        return Region(place.strip(), picture=path)
    color_of(what.strip())
    return Region(place.strip(), color=what.strip())


def read_mask(place: str, size: tuple[int, int], grow: Grow, named: Mapping[str, Bool] | None = None) -> Bool:
    """The mask (H, W) of a place, of the picture's ``size`` (width, height).

    place: a mask picture (non-zero is inside), ``labels.png:17``, a JSON file (COCO run lengths, or polygons in pixels, or COCO
    annotations of one picture), ``x0,y0,x1,y1``, or a key of ``named`` (segmented instances). grow: makes the mask of a box.
    Raises MaskError for a mask that is empty or of another size, ImageError for a picture that cannot be read.
    """
    if named and place in named:
        return named[place]
    if _BOX.fullmatch(place):
        return grow([float(number) for number in place.split(",")])
    label = _LABEL.fullmatch(place)
    if label and not Path(place).exists():
        mask = np.asarray(_plane(Path(label["path"])) == int(label["label"]))
        problem = f"{place}: no pixel has the label {label['label']}"
    elif Path(place).suffix.lower() == ".json":
        mask = _from_json(Path(place), size)
        problem = f"{place}: the mask is empty: it marks no pixel"
    else:
        if named is not None and not Path(place).exists():
            known = ", ".join(named) or "nothing"
            raise MaskError(f"{place}: no such file, and no such instance; segmented were {known}")
        mask = np.asarray(_plane(Path(place)) > 0)
        problem = f"{place}: the mask is empty: all its pixels are 0"
    if mask.shape != size[::-1]:
        raise MaskError(
            f"{place}: the mask is {mask.shape[1]} x {mask.shape[0]} pixels and the picture {size[0]} x {size[1]}; "
            "make the mask of the picture's size"
        )
    if not mask.any():
        raise MaskError(problem)
    return mask


def overlaps(named: Sequence[tuple[str, Bool]]) -> list[str]:
    """Sentences for the user about regions (place, mask) that cover one another: the last one holds."""
    sentences = []
    for index, (place, mask) in enumerate(named):
        for other, earlier in named[:index]:
            common = int(np.count_nonzero(mask & earlier))
            if common:
                sentences.append(
                    f"the regions {other} and {place} overlap in {common} pixels; there the last one, {place}, holds"
                )
    return sentences


def _plane(path: Path) -> NDArray[Any]:
    """The stored numbers of a mask or a label map: (H, W); of several bands the largest."""
    import pyvips

    info = open_image(path).info  # its errors name what is wrong with a file
    try:
        # The numbers themselves, without a profile: a label map is no picture.
        plane: NDArray[Any] = pyvips.Image.new_from_file(str(path)).autorot().numpy()
    except pyvips.Error as error:
        raise ImageError("cannot be read as a mask", path) from error
    if plane.ndim == 3:
        bands = plane.shape[2] - (info.has_alpha and plane.shape[2] in (2, 4))
        plane = plane[..., :bands].max(axis=2)
    return plane


def _from_json(path: Path, size: tuple[int, int]) -> Bool:
    try:
        value = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise MaskError(f"{path}: cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise MaskError(f"{path}: is not JSON ({error})") from error
    if isinstance(value, dict):
        value = value.get("annotations", value.get("segmentation", value))
    parts = value if isinstance(value, list) and value and isinstance(value[0], dict) else [value]
    mask: Bool | None = None
    for part in parts:
        shape = part.get("segmentation", part) if isinstance(part, dict) else part
        if isinstance(shape, dict):
            found = masks.from_rle(shape)
        elif isinstance(shape, list) and shape:
            found = masks.from_polygons(shape if isinstance(shape[0], list) else [shape], size)
        else:
            raise MaskError(f"{path}: holds neither COCO run lengths nor polygons")
        if mask is not None and mask.shape != found.shape:
            raise MaskError(f"{path}: holds masks of {mask.shape[::-1]} and of {found.shape[::-1]} pixels")
        mask = found if mask is None else mask | found
    assert mask is not None
    return mask

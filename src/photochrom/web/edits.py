"""The choices in a request, for one photograph, as a value: checked against the picture's size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from photochrom.edits.dials import DIALS
from photochrom.edits.edits import Edits
from photochrom.edits.geometry import GEOMETRY, Geometry
from photochrom.edits.hints import Reference
from photochrom.edits.hints_json import hints_from_json
from photochrom.edits.pictures import Picture
from photochrom.edits.sidecar import reference_from_json, steps_in_order
from photochrom.errors import EditsError, HintError, OptionError
from photochrom.web import options
from photochrom.web.problems import Problem

__all__ = ["Uploaded", "check_masks", "to_edits"]


@dataclass(frozen=True)
class Uploaded:
    """A reference picture of a session: its id, the name that the client gave it, and its sha256."""

    id: str
    name: str
    sha256: str

    @property
    def picture(self) -> Picture:
        """The picture as edits name it."""
        return Picture(self.name, self.sha256)


def to_edits(given: options.Edits, uploaded: dict[str, Uploaded], size: tuple[int, int]) -> Edits:
    """The same choices as the command line would keep; ``size`` is the picture's (width, height). Raises Problem."""
    hints = [one.model_dump(exclude_unset=True) for one in given.hints]
    references = [one.model_dump() for one in given.references]
    check_masks([(f"hints.{index}", one) for index, one in enumerate(hints)], size)
    check_masks([(f"references.{index}", one) for index, one in enumerate(references)], size)
    try:
        parsed = hints_from_json(hints)
        parsed.check(size)
    except (HintError, OptionError) as error:
        raise Problem("invalid", str(error), field="hints") from None
    try:
        steps = steps_in_order(parsed, [_reference(one, uploaded) for one in references], given.order)
    except EditsError as error:
        raise Problem("invalid", str(error), field="order") from None
    except HintError as error:
        raise Problem("invalid", str(error), field="references") from None
    palette = uploaded.get(given.palette or "")
    try:
        geometry = Geometry(**{name: getattr(given, name) for name in GEOMETRY})
        geometry.box(size)
        return Edits(
            geometry=geometry,
            hints=steps,
            palette=palette.picture if palette else given.palette,
            **{name: getattr(given, name) for name in DIALS},
        )
    except OptionError as error:
        raise Problem("invalid", str(error), field=error.option) from None


def check_masks(rows: list[tuple[str, Any]], size: tuple[int, int]) -> None:
    """Raise Problem for masks (under the key ``mask``) of another size than the picture, before any is unpacked.

    What is merely suggested may be coarser. All together may have no more than MASK_PIXELS.
    """
    total = 0
    for place, row in rows:
        mask = row.get("mask") if isinstance(row, dict) else None
        if mask is None:
            continue
        try:
            height, width = (int(side) for side in mask["size"])
        except (KeyError, TypeError, ValueError):
            raise Problem("invalid", f"{place}.mask: has no size", field=f"{place}.mask") from None
        total += height * width
        fits = (width, height) == size
        if not fits and not (row.get("spread") == "suggest" and 0 < width <= size[0] and 0 < height <= size[1]):
            raise Problem(
                "invalid",
                f"{place}.mask: it is {width} x {height} pixels and the picture {size[0]} x {size[1]}; make the mask of the "
                "picture's size",
                field=f"{place}.mask",
            )
    if total > options.MASK_PIXELS:
        raise Problem(
            "too-large",
            f"the masks have {total / 1e6:.0f} million pixels together; join those of one colour",
            field="hints",
            limit=options.MASK_PIXELS,
        )


def _reference(given: Any, uploaded: dict[str, Uploaded]) -> Reference:
    found = uploaded.get(given["id"])
    if found is None:
        raise Problem("reference-gone", f"no reference {given['id']!r}; upload it", field="references")
    return reference_from_json(given, found.picture)

"""The choices in a request, for one photograph: checked against its size, and as a sidecar has them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from photochrom.edits import Edits, ReferenceEdit, hints_from_json
from photochrom.errors import HintError, OptionError
from photochrom.web import options
from photochrom.web.problems import Problem

__all__ = ["Uploaded", "check_masks", "to_edits"]


@dataclass(frozen=True)
class Uploaded:
    """A reference picture of a session: its id, the name that the client gave it, and its sha256."""

    id: str
    name: str
    sha256: str


def to_edits(
    given: options.Edits, uploaded: dict[str, Uploaded], size: tuple[int, int], model: str, quality: Any
) -> Edits:
    """The same choices as the command line would keep; ``size`` is the picture's (width, height). Raises Problem, HintError."""
    hints = [one.model_dump(exclude_unset=True) for one in given.hints]
    references = [one.model_dump() for one in given.references]
    check_masks([(f"hints.{index}", one) for index, one in enumerate(hints)], size)
    check_masks([(f"references.{index}", one) for index, one in enumerate(references)], size)
    order = given.order
    if order is None:
        order = [*range(-1, -1 - len(references), -1), *range(len(hints))]
    elif sorted(order) != [*range(-len(references), len(hints))]:
        raise Problem(
            "invalid", "order: it must name each hint (0, 1, ...) and reference (-1, ...) once", field="order"
        )
    palette = uploaded.get(given.palette or "")
    try:
        parsed = hints_from_json(hints)
        parsed.check(size)
    except (HintError, OptionError) as error:
        raise Problem("invalid", str(error), field="hints") from None
    return Edits(
        size,
        model,
        vividness=given.vividness,
        warmth=given.warmth,
        quality=quality,
        hints=parsed,
        references=tuple(_reference(one, uploaded) for one in references),
        order=tuple(order),
        palette=palette.name if palette else given.palette,
        palette_sha256=palette.sha256 if palette else None,
        palette_strength=given.palette_strength,
        smooth=given.smooth,
    )


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


def _reference(given: Any, uploaded: dict[str, Uploaded]) -> ReferenceEdit:
    found = uploaded.get(given["id"])
    if found is None:
        raise Problem("reference-gone", f"no reference {given['id']!r}; upload it", field="references")
    return ReferenceEdit(found.name, found.sha256, given["mask"], given["trust"])

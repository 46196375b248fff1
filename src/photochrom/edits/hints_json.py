"""Hints as JSON values, the same in files, sidecars and requests."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from photochrom.edits import masks
from photochrom.edits.dials import REACH
from photochrom.edits.hints import Ab, Blend, Hint, Hints, Keep, Reference, Region, Step, color_of
from photochrom.edits.places import ColorMap, Mask, Spot
from photochrom.errors import HintError
from photochrom.materials import Material

__all__ = ["SPREADS", "color_from_json", "hints_from_json", "hints_to_json", "mask_to_json"]

#: What ``spread`` means for a hint with a mask.
SPREADS: dict[str, type[Region] | type[Blend] | type[Hint]] = {"inside": Region, "suggest": Blend, "object": Hint}
#: The ways to give a colour: a name or #rrggbb, exact ab, or a material by its L*, a*, b*; or none: the place is kept as it is.
_COLORS = {"color", "ab", "material", "keep"}
_COMMON, _SPOT, _MASK = {*_COLORS, "strength", "reach"}, {"x", "y", "radius"}, {"mask", "spread"}
#: What a place that is kept has no use for.
_OF_COLORS = {"strength", "reach", "spread"}


def hints_to_json(hints: Iterable[Step]) -> list[dict[str, Any]]:
    """Hints as JSON values. Raises HintError for what has no JSON: maps of colours, references, masks of more than two values."""
    return [_row(step) for step in hints]


def _row(step: Step) -> dict[str, Any]:
    if isinstance(step, Keep):
        return {"keep": True, **_place_row(step.place)}
    if isinstance(step, Reference) or isinstance(step.ab, ColorMap):
        raise HintError("a hint with a map of colours cannot be written as JSON; keep what it was made from")
    row: dict[str, Any] = {**_color_row(step.ab), "strength": step.strength}
    spread = next(name for name, kind in SPREADS.items() if isinstance(step, kind))
    if not isinstance(step, Hint):
        return row | _place_row(step.mask) | {"spread": spread}
    row |= {"reach": step.reach, **_place_row(step.place)}
    return row | ({"spread": spread} if isinstance(step.place, Mask) else {})


def _place_row(place: Spot | Mask) -> dict[str, Any]:
    if isinstance(place, Mask):
        return {"mask": mask_to_json(place)}
    return {"x": place.x, "y": place.y} | ({} if place.radius is None else {"radius": place.radius})


def _color_row(color: Ab | Material) -> dict[str, Any]:
    if not isinstance(color, Material):
        return {"ab": list(color)}
    return {"material": list(color.lab)} if color.name is None else {"color": color.name}


def mask_to_json(mask: Mask) -> dict[str, Any]:
    """The run lengths of a mask. Raises HintError for weights between 0 and 1."""
    if mask.weight.dtype != bool and not np.isin(mask.weight, (0, 1)).all():
        raise HintError("a mask with weights between 0 and 1 cannot be written as JSON")
    return masks.to_rle(mask.weight)


def hints_from_json(value: Any) -> Hints:
    """Hints of JSON values: ``[{"x": 120, "y": 340, "color": "olive"}, ...]``, or the same under the key ``hints``.

    A hint has a ``color`` (name or #rrggbb), a ``material`` (its L*, a*, b*), or exact ``ab``; ``x`` and ``y`` and maybe a
    ``radius``, or a ``mask`` (COCO run lengths) and maybe a ``spread``; and maybe a ``strength`` and, where it spreads over its
    object, a ``reach``. ``"keep": true`` in place of a colour keeps the place as it is. Raises HintError, UnknownColorError.
    """
    rows = value.get("hints") if isinstance(value, dict) else value
    if not isinstance(rows, list):
        raise HintError('hints must be a list, or {"hints": [...]}')
    return Hints(_step(row, number) for number, row in enumerate(rows, 1))


def _step(row: Any, number: int) -> Step:
    if not isinstance(row, dict):
        raise HintError(f"hint {number} is not an object with x, y and color")
    allowed = _COMMON | (_MASK if "mask" in row else _SPOT)
    unknown, missing = set(row) - allowed, (set() if "mask" in row else {"x", "y"}) - set(row)
    if unknown or missing or len(_COLORS & set(row)) != 1:
        one_of = "not one of color, ab, material, keep"
        what = f"unknown {sorted(unknown)}" if unknown else f"no {sorted(missing)}" if missing else one_of
        raise HintError(f"hint {number} has {what}; expected {sorted(allowed)}, of color, ab, material and keep one")
    try:
        place = _place(row)
        if "keep" in row:
            return _kept(row, place, number)
        ab, strength = color_from_json(row), float(row.get("strength", 1))
        if isinstance(place, Mask):
            return _masked(row, ab, place, strength)
        return Hint(ab, place, strength, row.get("reach", REACH.default))
    except (AttributeError, TypeError, ValueError, OverflowError) as error:
        raise HintError(f"hint {number} holds something that is no number ({error})") from error


def color_from_json(row: dict[str, Any]) -> Ab | Material:
    """The colour of a hint's row, by its ``color``, ``ab`` or ``material``. Raises UnknownColorError, KeyError, ValueError."""
    if "color" in row:
        return color_of(row["color"])
    if "ab" in row:
        return color_of([float(value) for value in row["ab"]])
    light, a, b = (float(value) for value in row["material"])
    return Material((light, a, b))


def _place(row: dict[str, Any]) -> Spot | Mask:
    if "mask" in row:
        return Mask(masks.from_rle(row["mask"]))
    radius = None if row.get("radius") is None else float(row["radius"])
    return Spot(float(row["x"]), float(row["y"]), radius)


def _kept(row: dict[str, Any], place: Spot | Mask, number: int) -> Keep:
    if row["keep"] is not True:
        raise HintError(f"hint {number}: keep is {row['keep']!r}, expected true")
    if useless := _OF_COLORS & set(row):
        raise HintError(f"hint {number} keeps its place as it is, and has {sorted(useless)}; leave that out")
    return Keep(place)


def _masked(row: dict[str, Any], ab: Ab | Material, mask: Mask, strength: float) -> Step:
    spread = row.get("spread", "inside")
    kind = SPREADS.get(spread) if isinstance(spread, str) else None
    if kind is None:
        raise HintError(f"a hint's spread is {spread!r}, expected one of {', '.join(SPREADS)}")
    if kind is Hint:
        return Hint(ab, mask, strength, row.get("reach", REACH.default))
    if "reach" in row:
        raise HintError(
            f"a hint whose spread is {spread!r} has a reach; only those that spread over an object have one"
        )
    return kind(ab, mask, strength)

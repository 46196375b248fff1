"""Hints as JSON values, the same in files, sidecars and requests."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from photochrom.edits import masks
from photochrom.edits.hints import Ab, Blend, Hint, Hints, Reference, Region, Step, color_of
from photochrom.edits.places import ColorMap, Mask, Spot
from photochrom.errors import HintError
from photochrom.materials import Material

__all__ = ["SPREADS", "color_from_json", "hints_from_json", "hints_to_json", "mask_to_json"]

#: What ``spread`` means for a hint with a mask.
SPREADS: dict[str, type[Region] | type[Blend] | type[Hint]] = {"inside": Region, "suggest": Blend, "object": Hint}
#: The ways to give a colour: a name or #rrggbb, exact ab, or a material by its L*, a*, b*.
_COLORS = {"color", "ab", "material"}
_COMMON, _SPOT, _MASK = {*_COLORS, "strength"}, {"x", "y", "radius"}, {"mask", "spread"}


def hints_to_json(hints: Iterable[Step]) -> list[dict[str, Any]]:
    """Hints as JSON values. Raises HintError for what has no JSON: maps of colours, references, masks of more than two values."""
    return [_row(step) for step in hints]


def _row(step: Step) -> dict[str, Any]:
    if isinstance(step, Reference) or isinstance(step.ab, ColorMap):
        raise HintError("a hint with a map of colours cannot be written as JSON; keep what it was made from")
    row: dict[str, Any] = {**_color_row(step.ab), "strength": step.strength}
    place = step.place if isinstance(step, Hint) else step.mask
    if isinstance(place, Spot):
        return row | {"x": place.x, "y": place.y} | ({} if place.radius is None else {"radius": place.radius})
    spread = next(name for name, kind in SPREADS.items() if isinstance(step, kind))
    return row | {"mask": mask_to_json(place), "spread": spread}


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
    ``radius``, or a ``mask`` (COCO run lengths) and maybe a ``spread``; and maybe a ``strength``. Raises HintError,
    UnknownColorError.
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
        one_of = "not one of color, ab, material"
        what = f"unknown {sorted(unknown)}" if unknown else f"no {sorted(missing)}" if missing else one_of
        raise HintError(f"hint {number} has {what}; expected {sorted(allowed)}, of color, ab and material one")
    try:
        ab = color_from_json(row)
        strength = float(row.get("strength", 1))
        if "mask" in row:
            return _masked(row.get("spread", "inside"), ab, Mask(masks.from_rle(row["mask"])), strength)
        radius = None if row.get("radius") is None else float(row["radius"])
        return Hint(ab, Spot(float(row["x"]), float(row["y"]), radius), strength)
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


def _masked(spread: Any, ab: Ab | Material, mask: Mask, strength: float) -> Step:
    kind = SPREADS.get(spread) if isinstance(spread, str) else None
    if kind is None:
        raise HintError(f"a hint's spread is {spread!r}, expected one of {', '.join(SPREADS)}")
    return kind(ab, mask, strength)

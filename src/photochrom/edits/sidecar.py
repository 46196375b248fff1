"""The sidecar of a photograph: a file that keeps every choice, and files of hints.

A sidecar, ``photo.photochrom.json``, holds the colours as numbers and the masks as run lengths, so that it needs no other file
but the pictures that it names, by path and digest. Coordinates are those of the picture's size at the time; for another size of
the same photograph they are scaled.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from photochrom.edits import masks
from photochrom.edits.dials import DEFAULT_TRUST, DIALS, SETUP, Setup
from photochrom.edits.edits import Edits
from photochrom.edits.geometry import GEOMETRY, Geometry
from photochrom.edits.hints import Hints, Reference, Step
from photochrom.edits.hints_json import hints_from_json, hints_to_json, mask_to_json
from photochrom.edits.pictures import Picture
from photochrom.edits.places import Mask, Size
from photochrom.errors import EditsError, OptionError, OutputExistsError, OutputWriteError

__all__ = [
    "Sidecar",
    "geometry_to_json",
    "load_hints",
    "load_sidecar",
    "read_json",
    "reference_from_json",
    "reference_to_json",
    "save_sidecar",
    "sidecar_from_json",
    "sidecar_text",
    "sidecar_to_json",
    "steps_in_order",
    "steps_to_json",
]

FORMAT = 1
_PALETTE = ("palette", "palette_sha256")
_KEYS = {"photochrom", "size", "hints", "references", "order", *_PALETTE, *DIALS, *GEOMETRY, *SETUP}


@dataclass(frozen=True)
class Sidecar:
    """The edits of a photograph of ``size`` (width, height), and how it was looked at."""

    size: Size
    setup: Setup
    edits: Edits = field(default_factory=Edits)

    def scaled(self, size: Size) -> Sidecar:
        """The same choices for another size of the same photograph. Raises EditsError for another shape."""
        (old_w, old_h), (new_w, new_h) = self.size, size
        # Rounding to whole pixels may change the longer side by one.
        if abs(old_w * new_h - new_w * old_h) > max(old_w, old_h, new_w, new_h):
            raise EditsError(
                f"were made for a picture of {old_w} x {old_h} pixels; this one, {new_w} x {new_h}, has another shape"
            )
        return replace(self, size=size, edits=self.edits.scaled(self.size, size))


def sidecar_to_json(kept: Sidecar) -> dict[str, Any]:
    """A sidecar as a JSON value. Raises HintError as :func:`hints_to_json` does, EditsError for a palette without a name."""
    palette = kept.edits.palette
    if palette is not None and not isinstance(palette, (str, Picture)):
        raise EditsError("a palette that is no name, list of colours or picture cannot be written as JSON")
    hints, references, order = steps_to_json(kept.edits.hints)
    named = (palette.path, palette.sha256) if isinstance(palette, Picture) else (palette, None)
    return {
        "photochrom": FORMAT,
        "size": list(kept.size),
        **{name: getattr(kept.setup, name) for name in SETUP},
        **{name: getattr(kept.edits, name) for name in DIALS},
        **dict(zip(_PALETTE, named, strict=True)),
        **geometry_to_json(kept.edits.geometry),
        "hints": hints,
        "references": [
            {"path": one.picture.path, "sha256": one.picture.sha256, **reference_to_json(one)} for one in references
        ],
        "order": order,
    }


def sidecar_from_json(value: Any, path: Path | None = None) -> Sidecar:
    """The choices in a sidecar's JSON value; ``path`` is only named in errors. Raises EditsError, HintError."""
    if not isinstance(value, dict) or value.get("photochrom") != FORMAT:
        raise EditsError(f"not a sidecar of Photochrom, or of another version than {FORMAT}", path)
    if unknown := set(value) - _KEYS:
        raise EditsError(f"holds unknown keys {sorted(unknown)}", path)
    try:
        width, height = (_typed(side, int, "size") for side in value["size"])
        setup = Setup(**{name: value[name] for name in SETUP if name in value})
        hints = steps_in_order(
            hints_from_json(value["hints"]),
            [_reference(row) for row in _typed(value["references"], list, "references")],
            _typed(value["order"], list, "order"),
        )
        dials = {name: value[name] for name in DIALS if name in value}
        geometry = Geometry(**{name: value[name] for name in GEOMETRY if name in value})
        palette = _palette(value.get("palette"), value.get("palette_sha256"))
        edits = Edits(hints=hints, palette=palette, geometry=geometry, **dials)
        geometry.box((width, height))
    except OptionError as error:
        raise EditsError(f"holds a value that cannot be used: {error}", path) from error
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise EditsError(f"is incomplete or damaged ({error})", path) from error
    if min(width, height) < 1:
        raise EditsError(f"is damaged: its picture has {width} x {height} pixels", path)
    return Sidecar((width, height), setup, edits)


def geometry_to_json(geometry: Geometry) -> dict[str, Any]:
    """The turn and the crop, as keys of a sidecar; nothing where the photograph stays as it is."""
    return {name: getattr(geometry, name) for name in GEOMETRY} if geometry else {}


def reference_to_json(one: Reference) -> dict[str, Any]:
    """Where a reference counts, and how far it is believed. Raises HintError as :func:`hints_to_json` does."""
    return {"mask": None if one.mask is None else mask_to_json(one.mask), "trust": one.trust}


def reference_from_json(row: dict[str, Any], picture: Picture) -> Reference:
    """The inverse of :func:`reference_to_json`. Raises MaskError, OptionError."""
    mask = None if row.get("mask") is None else Mask(masks.from_rle(row["mask"]))
    return Reference(picture, mask, row.get("trust", DEFAULT_TRUST))


def _reference(row: Any) -> Reference:
    if unknown := set(_typed(row, dict, "references")) - {"path", "sha256", "mask", "trust"}:
        raise ValueError(f"a reference has unknown keys {sorted(unknown)}")
    path, sha256 = (_typed(row[name], str, name) for name in ("path", "sha256"))
    return reference_from_json(row, Picture(path, sha256))


def _palette(palette: Any, sha256: Any) -> str | Picture | None:
    if palette is None:
        return None
    name: str = _typed(palette, str, "palette")
    return name if sha256 is None else Picture(name, _typed(sha256, str, "palette_sha256"))


def _typed(value: Any, kind: type[Any], name: str) -> Any:
    """The value, where it is of a type. Raises TypeError."""
    if isinstance(value, kind) and not isinstance(value, bool):
        return value
    raise TypeError(f"{name} is {value!r:.40}, expected {kind.__name__}")


def steps_to_json(steps: Iterable[Step]) -> tuple[list[dict[str, Any]], list[Reference], list[int]]:
    """The hints as JSON, the references, and how they follow one another: indices into the hints, -1 - i for reference i.

    This order is known to files and requests only. Raises HintError as :func:`hints_to_json` does.
    """
    hints: list[Step] = []
    references: list[Reference] = []
    order: list[int] = []
    for step in steps:
        if isinstance(step, Reference):
            references.append(step)
            order.append(-len(references))
        else:
            order.append(len(hints))
            hints.append(step)
    return hints_to_json(hints), references, order


def steps_in_order(hints: Hints, references: Sequence[Reference], order: Sequence[Any] | None) -> Hints:
    """All of both in an order as :func:`steps_to_json` gives it; None: references first. Raises EditsError."""
    if order is None:
        return Hints([*references, *hints])
    if not all(type(index) is int for index in order) or sorted(order) != [*range(-len(references), len(hints))]:
        raise EditsError("order: it must name each hint (0, 1, ...) and reference (-1, ...) once")
    return Hints(hints[index] if index >= 0 else references[-1 - index] for index in order)


def load_hints(path: Path) -> Hints:
    """A file of hints. Raises EditsError for a file that cannot be read, HintError for what is in it."""
    return hints_from_json(read_json(path))


def load_sidecar(path: Path) -> Sidecar:
    """Read a sidecar; the paths in it, which lead from its own folder, become whole. Raises EditsError, HintError."""
    kept, folder = sidecar_from_json(read_json(path), path), path.parent.resolve()
    return _with_pictures(kept, lambda picture: replace(picture, path=str((folder / picture.path).resolve())))


def save_sidecar(kept: Sidecar, path: Path, *, force: bool = False) -> None:
    """Write a sidecar; it names its pictures from its own folder on. Raises OutputExistsError, OutputWriteError, HintError."""
    folder = path.resolve().parent
    text = sidecar_text(_with_pictures(kept, lambda picture: replace(picture, path=_near(picture.path, folder))))
    if not force and os.path.lexists(path):
        raise OutputExistsError("exists already; overwrite it with --force", path)
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_text(text, "utf-8")
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise OutputWriteError(f"cannot be written ({error.strerror})", path) from error


def sidecar_text(kept: Sidecar) -> str:
    """A sidecar as the text of its file. Raises as :func:`sidecar_to_json` does."""
    return json.dumps(sidecar_to_json(kept), indent=1) + "\n"


def _with_pictures(kept: Sidecar, change: Callable[[Picture], Picture]) -> Sidecar:
    return replace(kept, edits=kept.edits.with_pictures(change))


def _near(path: str, folder: Path) -> str:
    try:
        return os.path.relpath(path, folder)
    except ValueError:  # on another drive
        return path


def read_json(path: Path) -> Any:
    """The value in a JSON file. Raises EditsError for a file that cannot be read, or is not JSON."""
    try:
        return json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise EditsError(f"cannot be read ({error.strerror})", path) from error
    except ValueError as error:
        raise EditsError(f"is not JSON ({error})", path) from error

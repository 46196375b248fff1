"""Hints and choices as JSON: files of hints, and the sidecar of a photograph that keeps every choice.

A sidecar, ``photo.photochrom.json``, holds the colours as numbers and the masks as run lengths, so that it needs no other file
but the references, which it names by path and digest. Coordinates are those of the picture's size at the time; for another size
of the same photograph they are scaled.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

import numpy as np

from photochrom import masks
from photochrom.errors import EditsError, HintError, OutputExistsError, OutputWriteError
from photochrom.hints import Hint, Hints, Mask, Spot, ab_of

__all__ = [
    "Edits",
    "ReferenceEdit",
    "check_digest",
    "digest",
    "edits_from_json",
    "edits_to_text",
    "hints_from_json",
    "hints_to_json",
    "load_edits",
    "load_hints",
    "save_edits",
]

FORMAT = 1
_SPOT = {"x", "y", "radius"}
_COMMON = {"color", "ab", "strength"}


@dataclass(frozen=True)
class ReferenceEdit:
    """A reference picture: its file, the file's sha256, and where it counts: ``mask`` run lengths, or None for everywhere."""

    path: str
    sha256: str
    mask: dict[str, Any] | None = None
    trust: float = 0.5


@dataclass(frozen=True)
class Edits:
    """Every choice for one photograph; ``size`` is its (width, height). ``palette`` may be a file: then with its digest.

    ``order`` tells how hints and references follow one another: indices into hints, and -1 - i for reference i.
    """

    size: tuple[int, int]
    model: str
    vividness: float = 0.5
    work_size: int | None = None
    quality: Literal["normal", "best"] = "normal"
    profile: int | None = None
    hints: Hints = field(default_factory=Hints)
    references: tuple[ReferenceEdit, ...] = ()
    order: tuple[int, ...] = ()
    palette: str | None = None
    palette_sha256: str | None = None
    palette_strength: float = 0.5
    smooth: str = "none"
    warmth: float = 0.0

    def scaled(self, size: tuple[int, int]) -> Edits:
        """The same choices for another size of the same photograph. Raises EditsError for another shape."""
        (old_w, old_h), (new_w, new_h) = self.size, size
        # Rounding to whole pixels may change the longer side by one.
        if abs(old_w * new_h - new_w * old_h) > max(old_w, old_h, new_w, new_h):
            raise EditsError(
                f"were made for a picture of {old_w} x {old_h} pixels; this one, {new_w} x {new_h}, has another shape"
            )
        references = []
        for one in self.references:
            mask = one.mask
            if mask is not None:
                place = Hints([Hint.inside(masks.from_rle(mask), (0, 0))]).scaled(self.size, size)[0].place
                assert isinstance(place, Mask)
                mask = masks.to_rle(place.weight)
            references.append(ReferenceEdit(one.path, one.sha256, mask, one.trust))
        kept = {one.name: getattr(self, one.name) for one in fields(self)}
        return Edits(
            **kept | {"size": size, "hints": self.hints.scaled(self.size, size), "references": tuple(references)}
        )


def hints_to_json(hints: Iterable[Hint]) -> list[dict[str, Any]]:
    """Hints as JSON values. Raises HintError for what has no JSON: maps of colours, and masks of more than two values."""
    rows = []
    for hint in hints:
        if not isinstance(hint.ab, tuple):
            raise HintError("a hint with a map of colours cannot be written as JSON; keep what it was made from")
        row: dict[str, Any] = {"ab": list(hint.ab), "strength": hint.strength}
        if isinstance(hint.place, Spot):
            row |= {"x": hint.place.x, "y": hint.place.y}
            if hint.place.radius is not None:
                row["radius"] = hint.place.radius
        else:
            weight = hint.place.weight
            if not np.isin(weight, (0, 1)).all():
                raise HintError("a mask with weights between 0 and 1 cannot be written as JSON")
            row |= {"mask": masks.to_rle(weight), "spread": hint.spread}
        rows.append(row)
    return rows


def hints_from_json(value: Any) -> Hints:
    """Hints of JSON values: ``[{"x": 120, "y": 340, "color": "olive"}, ...]``, or the same under the key ``hints``.

    A hint has a ``color`` (name or #rrggbb) or ``ab``; ``x`` and ``y`` and maybe a ``radius``, or a ``mask`` (COCO run lengths)
    and maybe a ``spread``; and maybe a ``strength``. Raises HintError, UnknownColorError.
    """
    rows = value.get("hints") if isinstance(value, dict) else value
    if not isinstance(rows, list):
        raise HintError('hints must be a list, or {"hints": [...]}')
    return Hints(_hint(row, number) for number, row in enumerate(rows, 1))


def _hint(row: Any, number: int) -> Hint:
    if not isinstance(row, dict):
        raise HintError(f"hint {number} is not an object with x, y and color")
    allowed = _COMMON | ({"mask", "spread"} if "mask" in row else _SPOT)
    unknown, missing = set(row) - allowed, (set() if "mask" in row else {"x", "y"}) - set(row)
    if unknown or missing or ("color" in row) == ("ab" in row):
        what = (
            f"unknown {sorted(unknown)}" if unknown else f"no {sorted(missing)}" if missing else "not one of color, ab"
        )
        raise HintError(f"hint {number} has {what}; expected {sorted(allowed)}, of color and ab one")
    try:
        ab = ab_of(row["color"] if "color" in row else [float(value) for value in row["ab"]])
        strength = float(row.get("strength", 1))
        if "mask" in row:
            return Hint(ab, Mask(masks.from_rle(row["mask"])), strength, row.get("spread", "inside"))
        radius = None if row.get("radius") is None else float(row["radius"])
        return Hint(ab, Spot(float(row["x"]), float(row["y"]), radius), strength)
    except (TypeError, ValueError) as error:
        raise HintError(f"hint {number} holds something that is no number ({error})") from error


def load_hints(path: Path) -> Hints:
    """A file of hints. Raises EditsError for a file that cannot be read, HintError for what is in it."""
    return hints_from_json(_read(path))


def edits_to_text(edits: Edits) -> str:
    """A sidecar as JSON text. Raises HintError as :func:`hints_to_json` does."""
    value = {one.name: getattr(edits, one.name) for one in fields(edits)}
    value |= {"hints": hints_to_json(edits.hints), "references": [asdict(one) for one in edits.references]}
    return json.dumps({"photochrom": FORMAT, **value}, indent=1) + "\n"


def save_edits(edits: Edits, path: Path, *, force: bool = False) -> None:
    """Write a sidecar. Raises OutputExistsError, OutputWriteError."""
    text = edits_to_text(edits)
    if not force and os.path.lexists(path):
        raise OutputExistsError("exists already; overwrite it with --force", path)
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_text(text, "utf-8")
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise OutputWriteError(f"cannot be written ({error.strerror})", path) from error


def load_edits(path: Path) -> Edits:
    """Read a sidecar. Raises EditsError, HintError."""
    return edits_from_json(_read(path), path)


def edits_from_json(value: Any, path: Path | None = None) -> Edits:
    """The choices in a sidecar's JSON value; ``path`` is only told in errors. Raises EditsError, HintError."""
    if not isinstance(value, dict) or value.get("photochrom") != FORMAT:
        raise EditsError(f"not a sidecar of Photochrom, or of another version than {FORMAT}", path)
    names = {one.name for one in fields(Edits)}
    given = {key: item for key, item in value.items() if key != "photochrom"}
    if unknown := set(given) - names:
        raise EditsError(f"holds unknown keys {sorted(unknown)}", path)
    try:
        given["hints"] = hints_from_json(given["hints"])
        given["references"] = tuple(ReferenceEdit(**one) for one in given["references"])
        given["size"] = int(given["size"][0]), int(given["size"][1])
        given["order"] = tuple(int(index) for index in given["order"])
        edits = Edits(**given)
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise EditsError(f"is incomplete or damaged ({error})", path) from error
    expected = sorted([*range(len(edits.hints)), *(-1 - i for i in range(len(edits.references)))])
    if sorted(edits.order) != expected or min(edits.size) < 1:
        raise EditsError("is damaged: its order does not name each hint and reference once", path)
    return edits


def digest(path: Path) -> str:
    """The sha256 of a file. Raises EditsError where it cannot be read."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise EditsError(f"cannot be read ({error.strerror})", path) from error


def check_digest(path: Path, expected: str) -> None:
    """Raise EditsError where a file is absent, or another one than the sidecar was made with."""
    got = digest(path)
    if got != expected:
        raise EditsError(f"is another file than the edits were made with (sha256 {got}, expected {expected})", path)


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise EditsError(f"cannot be read ({error.strerror})", path) from error
    except ValueError as error:
        raise EditsError(f"is not JSON ({error})", path) from error

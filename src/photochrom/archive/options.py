"""What a batch's options say about one picture: the only module here that knows how choices are kept and applied.

Options are JSON text: an object with some of :data:`PLAIN`, or ``{"sidecar": {...}}`` with a whole sidecar as ``photochrom
colorize --save-edits`` writes it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from photochrom.archive import stores
from photochrom.errors import EditsError, OptionError

if TYPE_CHECKING:
    from photochrom.colorizer import Opened

__all__ = ["PLAIN", "Chosen", "canonical", "load", "merged", "paint_options"]

#: The options that a picture may have of its own; columns of a list have these names.
PLAIN = ("vividness", "warmth", "palette", "palette_strength", "smooth", "hints", "reference", "trust")
#: Those of a whole run, which a sidecar and an options file may name besides.
WHOLE = ("model", "quality", "work_size")
_NUMBERS = {"vividness": (0.0, 1.0), "warmth": (-1.0, 1.0), "palette_strength": (0.0, 1.0), "trust": (0.0, 1.0)}
#: What of a sidecar belongs to the run, and not to a picture.
Chosen = tuple[str, dict[str, Any]]


def load(path: Path) -> Chosen:
    """Read a file of options: the options of each picture, and those of the run. Raises EditsError, HintError, OptionError."""
    try:
        value = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise EditsError(f"cannot be read ({error.strerror})", path) from error
    except ValueError as error:
        raise EditsError(f"is not JSON ({error})", path) from error
    if isinstance(value, dict) and "photochrom" in value:
        from photochrom.edits import edits_from_json

        edits = edits_from_json(value, path)
        whole = {name: getattr(edits, name) for name in WHOLE if getattr(edits, name, None) is not None}
        return json.dumps({"sidecar": _with_whole_paths(value, path.resolve().parent)}, sort_keys=True), whole
    if not isinstance(value, dict):
        raise EditsError('holds no options: an object such as {"vividness": 0.7} is expected, or a sidecar', path)
    whole = {name: value.pop(name) for name in WHOLE if name in value}
    return canonical(value, str(path)), whole


def canonical(values: Mapping[str, Any], where: str) -> str:
    """Options as JSON text that is the same for the same options. Raises OptionError, which names ``where``."""
    kept = {}
    for name, value in values.items():
        if name not in PLAIN:
            raise OptionError(where, name, f"one of {', '.join(PLAIN)}")
        if value is None or value == "":
            continue
        if name in _NUMBERS:
            low, high = _NUMBERS[name]
            try:
                value = float(value)
            except (TypeError, ValueError):
                raise OptionError(f"{name} in {where}", value, f"a number from {low:g} to {high:g}") from None
            if not low <= value <= high:
                raise OptionError(f"{name} in {where}", value, f"a number from {low:g} to {high:g}")
        if name == "hints" and isinstance(value, str):
            try:
                value = json.loads(value)
            except ValueError:
                raise OptionError(
                    f"hints in {where}", value, 'JSON such as [{"x": 10, "y": 20, "color": "navy"}]'
                ) from None
        kept[name] = value
    return json.dumps(kept, sort_keys=True)


def merged(common: str, own: str | None) -> str:
    """The options of a run with a picture's own put over them."""
    if own is None:
        return common
    of_picture = json.loads(own)
    if "sidecar" in of_picture:
        return own
    of_run = json.loads(common)
    if "sidecar" in of_run:
        return json.dumps({"sidecar": of_run["sidecar"], "over": of_picture}, sort_keys=True)
    return json.dumps(of_run | of_picture, sort_keys=True)


def paint_options(opened: Opened, text: str) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Arguments for ``opened.paint`` from JSON text, and sentences for the user. Raises EditsError, HintError, ImageError ..."""
    from photochrom.edits import hints_from_json
    from photochrom.hints import Hints

    value = json.loads(text)
    found: dict[str, Any] = {}
    notices: tuple[str, ...] = ()
    if "sidecar" in value:
        found, notices = _of_sidecar(opened, value["sidecar"])
        value = value.get("over", {})
    found |= {
        key: value[key] for key in ("vividness", "warmth", "palette", "palette_strength", "smooth") if key in value
    }
    hints = list(hints_from_json(value["hints"])) if "hints" in value else []
    if "reference" in value:
        hints.insert(0, opened.refer(stores.read(value["reference"]), trust=value.get("trust", 0.5)))
    if hints:
        found["hints"] = Hints(found.get("hints", ())) + Hints(hints)
    return found, notices


def _with_whole_paths(value: dict[str, Any], folder: Path) -> dict[str, Any]:
    """A sidecar's pictures are named from its own folder, which no worker knows."""
    references = [one | {"path": str(folder / one["path"])} for one in value["references"]]
    palette = {"palette": str(folder / value["palette"])} if value.get("palette_sha256") else {}
    return value | {"references": references} | palette


def _of_sidecar(opened: Opened, value: Any) -> tuple[dict[str, Any], tuple[str, ...]]:
    from photochrom.choices import make_plan, refer
    from photochrom.edits import Edits, ReferenceEdit, check_digest, edits_from_json
    from photochrom.guidance.palette import Palette
    from photochrom.hints import Hint
    from photochrom.steering import picture_palette

    edits = edits_from_json(value)
    if edits.hints or any(one.mask is not None for one in edits.references):
        edits = edits.scaled(opened.size)

    def reference(one: ReferenceEdit) -> Hint:
        check_digest(Path(one.path), one.sha256)
        return refer(opened, Path(one.path), one)

    def palette(edits: Edits) -> Palette:
        path = Path(str(edits.palette))
        check_digest(path, str(edits.palette_sha256))
        return picture_palette(opened.colorizer.open(path))

    plan = make_plan(edits, reference, palette)
    return plan.options(), plan.notices

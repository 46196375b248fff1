"""What a batch's options say about one picture: the only module here that knows how choices are kept and applied.

Options are JSON text: an object with some of :data:`PLAIN`, or ``{"sidecar": {...}}`` with a whole sidecar as ``photochrom
colorize --save-edits`` writes it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from photochrom.archive import stores
from photochrom.edits.dials import DEFAULT_TRUST, DIALS, SETUP, Number
from photochrom.edits.edits import Edits
from photochrom.edits.hints import Step
from photochrom.edits.hints_json import hints_from_json
from photochrom.edits.sidecar import load_sidecar, read_json, sidecar_from_json, sidecar_to_json
from photochrom.errors import EditsError, OptionError

if TYPE_CHECKING:
    from photochrom.colorizer import Opened

__all__ = ["PLAIN", "Chosen", "canonical", "load", "merged", "wanted"]

#: The options that a picture may have of its own; columns of a list have these names.
PLAIN = (*DIALS, "palette", "hints", "reference", "trust")
_NUMBERS = {name: dial for name, dial in DIALS.items() if isinstance(dial, Number)}
_NUMBERS["trust"] = Number(DEFAULT_TRUST, 0, 1, "how far the reference is believed")

#: The options of each picture as JSON text, and those of the whole run by the names of the set-up.
Chosen = tuple[str, dict[str, Any]]


def load(path: Path) -> Chosen:
    """Read a file of options: a sidecar, or a JSON object. Raises EditsError, HintError, OptionError."""
    value = read_json(path)
    if not isinstance(value, dict):
        raise EditsError('holds no options: an object such as {"vividness": 0.7} is expected, or a sidecar', path)
    if "photochrom" in value:
        kept = load_sidecar(path)
        whole = {name: getattr(kept.setup, name) for name in SETUP if getattr(kept.setup, name) is not None}
        return json.dumps({"sidecar": sidecar_to_json(kept)}, sort_keys=True), whole
    whole = {name: SETUP[name].checked(name, value.pop(name)) for name in SETUP if name in value}
    if isinstance(value.get("reference"), str) and not stores.is_remote(value["reference"]):
        reference = Path(path).absolute().parent / value["reference"]
        if not os.path.isfile(reference):  # noqa: PTH113  # no error where rights lack
            raise OptionError(
                f"reference in {path}", value["reference"], "a picture that is there, from the file's folder on"
            )
        value["reference"] = str(reference)
    return canonical(value, str(path)), whole


def canonical(values: Mapping[str, Any], where: str) -> str:
    """Options as JSON text that is the same for the same options. Raises OptionError, which names ``where``, HintError."""
    kept: dict[str, Any] = {}
    for name, value in values.items():
        if name not in PLAIN:
            raise OptionError(where, name, f"one of {', '.join(PLAIN)}")
        if value is None or value == "":
            continue
        if name == "hints":
            kept[name] = _hints(value, where)
        elif name in _NUMBERS:
            kept[name] = _number(name, value, where)
        else:
            kept[name] = str(value)
    Edits(**{name: value for name, value in kept.items() if name in (*DIALS, "palette")})
    return json.dumps(kept, sort_keys=True)


def merged(common: str, own: str | None) -> str:
    """The options of a run with a picture's own put over them."""
    if own is None:
        return common
    of_run, of_picture = json.loads(common), json.loads(own)
    if "sidecar" in of_run:
        return json.dumps({"sidecar": of_run["sidecar"], "over": of_picture}, sort_keys=True)
    return json.dumps(of_run | of_picture, sort_keys=True)


def wanted(opened: Opened, text: str) -> Edits:
    """What is wanted of an opened picture, by JSON text. Raises EditsError, HintError, ImageError, StoreError."""
    value = json.loads(text)
    edits = Edits()
    if "sidecar" in value:
        kept = sidecar_from_json(value["sidecar"])
        edits = kept.scaled(opened.size).edits if kept.edits.hints or kept.edits.geometry else kept.edits
        value = value.get("over", {})
    steps: list[Step] = []
    if "reference" in value:
        steps.append(opened.refer(stores.read(value["reference"]), trust=value.get("trust", DEFAULT_TRUST)))
    if "hints" in value:
        steps += hints_from_json(value["hints"])
    choices: Any = {name: value[name] for name in (*DIALS, "palette") if name in value}
    choices["hints"] = [*edits.hints, *steps]
    return edits.changed(choices)


def _number(name: str, value: Any, where: str) -> Any:
    with suppress(TypeError, ValueError):  # then the dial names what is wrong
        value = float(value)
    return _NUMBERS[name].checked(f"{name} in {where}", value)


def _hints(value: Any, where: str) -> Any:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            raise OptionError(f"hints in {where}", value, 'JSON such as [{"x": 9, "y": 20, "color": "navy"}]') from None
    hints_from_json(value)
    return value

"""What is measured: a model with its options, or a folder of results that any program made."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from photochrom.errors import DataError, OptionError
from photochrom.evaluate.pictures import SUFFIXES, picture_key

__all__ = ["BASELINES", "GREY", "TRUTH", "Folder", "Matches", "Method", "Model", "match_results", "parse_methods"]

TRUTH, GREY = "truth", "grey"
#: The baselines in the order of their rows, and what each one uses.
BASELINES = {
    GREY: "no colour: ab = 0",
    "mean ab": "the mean ab of the training pictures at every pixel",
    "mean ab given L": "the mean ab of the training pixels that are as light",
    "random colours": "the ab of another picture of the set, by the seed; ab figures are those of this ab itself (Zhang 2016)",
}

_SHOWN = 5


@dataclass(frozen=True)
class Model:
    """A catalogue name or an ONNX file, and its settings."""

    name: str
    what: str
    model: str
    vividness: float | None = None
    quality: Literal["fast", "normal", "best"] = "normal"
    work_size: int | None = None
    kind: str = field(default="model", init=False)


@dataclass(frozen=True)
class Folder:
    """A folder of results."""

    name: str
    what: str
    folder: Path
    kind: str = field(default="folder", init=False)

    def of_set(self, name: str) -> Folder:
        """The results of one truth set: in the subfolder of the set's name, where there is one, else the folder itself."""
        return replace(self, folder=self.folder / name) if (self.folder / name).is_dir() else self


Method = Model | Folder


def parse_methods(given: Iterable[str]) -> list[Method]:
    """Methods as they are written on the command line: ``[NAME=]WHAT[:OPTION=VALUE,...]``.

    WHAT is a folder of results, a catalogue name or an .onnx file. Options of a model: ``vividness`` (0 to 1), ``quality``
    (fast, normal or best), ``work-size`` (pixels). Without NAME, a folder has its own name and a model that in WHAT.
    Raises OptionError for an unknown option, a bad value, or a name that is taken, UnknownModelError.
    """
    methods: list[Method] = []
    for text in given:
        method = _parse(text)
        taken = {TRUTH, *BASELINES, *(other.name for other in methods)}
        if method.name in taken or not method.name:
            raise OptionError(
                "--method", text, f"another name than {method.name!r}, which is taken: --method NAME={text}"
            )
        methods.append(method)
    return methods


def _parse(text: str) -> Method:
    name = ""
    if not Path(text).exists() and (named := re.match(r"([^=:/\\]*)=(.*)", text)):
        name, text = named.groups()
    if Path(text).is_dir():
        return Folder(name or Path(text).resolve().name, text, Path(text))
    model, *rest = re.split(r":(?=[\w-]+=)", text, maxsplit=1)
    options: dict[str, Any] = {}
    for pair in rest[0].split(",") if rest else []:
        option, _, value = pair.partition("=")
        options[option.replace("-", "_")] = _value(option, value)
    if not model.endswith(".onnx"):
        from photochrom.catalog import find_model

        find_model(model)
    elif not any(Path(one).is_file() for one in (model, model.removesuffix("onnx") + "encoder.onnx")):
        raise OptionError("--method", text, "an .onnx file that is there")
    label = Path(model).stem if model.endswith(".onnx") else model
    return Model(name or " ".join([label, *rest]), text, model, **options)


def _value(option: str, text: str) -> Any:
    try:
        match option:
            case "vividness" if 0 <= float(text) <= 1:
                return float(text)
            case "work-size" if 32 <= int(text) <= 2048:
                return int(text)
            case "quality" if text in ("fast", "normal", "best"):
                return text
    except ValueError:
        pass
    expected = "vividness=0..1, quality=fast|normal|best or work-size=32..2048, separated by commas"
    raise OptionError("--method option", f"{option}={text}", expected)


@dataclass(frozen=True)
class Matches:
    """The file of each picture, or None where there is no single one and ``problems`` has the reason; and notes."""

    files: list[Path | None]
    problems: dict[int, tuple[str, str]]
    notes: list[str]


def match_results(method: Folder, names: Sequence[str]) -> Matches:
    """Find each picture's result: the file of the same path within the folder, whatever its ending.

    Where no path fits at all, files are found by their own name alone, wherever they lie. ``problems`` holds the rule
    ("missing" or "ambiguous") and a sentence. Raises DataError where nothing fits.
    """
    found = sorted(file for file in method.folder.rglob("*") if file.suffix.lower() in SUFFIXES)
    keys = [picture_key(file.relative_to(method.folder).as_posix()) for file in found]
    wanted = [picture_key(name) for name in names]
    if not set(keys) & set(wanted):
        keys, wanted = ([Path(key).name for key in some] for some in (keys, wanted))
    by_key: dict[str, list[Path]] = {}
    for key, file in zip(keys, found, strict=True):
        by_key.setdefault(key, []).append(file)
    if not by_key.keys() & set(wanted):
        raise DataError(
            f"none of its {len(found)} pictures has the name of a truth picture; expected files such as "
            f"{', '.join(f'{key}.png' for key in wanted[:3])}",
            method.folder,
        )
    twice = {key for key, count in Counter(wanted).items() if count > 1}
    files: list[Path | None] = []
    problems: dict[int, tuple[str, str]] = {}
    for index, key in enumerate(wanted):
        here = by_key.get(key, [])
        files.append(here[0] if len(here) == 1 and key not in twice else None)
        if not here:
            problems[index] = "missing", f"there is no {key}.* in {method.what}"
        elif key in twice:
            problems[index] = "ambiguous", f"{here[0].name} in {method.what} may belong to several truth pictures"
        elif len(here) > 1:
            problems[index] = "ambiguous", f"{len(here)} files in {method.what} fit: {', '.join(p.name for p in here)}"
    other = sorted(by_key.keys() - set(wanted))
    notes = []
    if other:
        shown = ", ".join(other[:_SHOWN]) + (", ..." if len(other) > _SHOWN else "")
        notes.append(f"{len(other)} of {len(found)} pictures in {method.what} match no truth picture: {shown}")
    return Matches(files, problems, notes)

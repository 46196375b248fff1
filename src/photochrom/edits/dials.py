"""Every number and choice that a user can set: its default, range, unit and help text, in one table.

The command line's options, the fields of the REST API, the keys of a sidecar and the keywords of
:meth:`photochrom.colorizer.Opened.paint` are made from it. A new dial is a line of :class:`Dials` (and one of
:class:`DialChoices`, for type checkers). Only the standard library is imported here, so that ``photochrom --help`` is quick.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from functools import cache
from numbers import Integral, Real
from typing import Any, TypedDict

from photochrom.errors import OptionError

__all__ = [
    "DEFAULT_TRUST",
    "DIALS",
    "REACH",
    "ROTATIONS",
    "SETUP",
    "STRAIGHTEN",
    "STRENGTH",
    "TRUST",
    "Choice",
    "DialChoices",
    "Dials",
    "Number",
    "Setup",
    "Text",
]


@dataclass(frozen=True)
class Number:
    """A number from ``low`` to ``high``; ``whole``: an integer. A default of None: the model decides."""

    default: float | None
    low: float
    high: float
    help: str
    unit: str = ""
    whole: bool = False

    def checked(self, name: str, value: Any) -> float | int | None:
        """The value as a plain number. Raises OptionError for another type, NaN or a value outside the range."""
        if value is None and self.default is None:
            return None
        kind: type[Any] = Integral if self.whole else Real  # NumPy's numbers, too
        if isinstance(value, kind) and not isinstance(value, bool) and self.low <= value <= self.high:
            return int(value) if self.whole else float(value)
        noun = "a whole number" if self.whole else "a number"
        unit = f" {self.unit}" if self.unit else ""
        raise OptionError(name, value, f"{noun} from {self.low:g} to {self.high:g}{unit} ({self.help})")


@dataclass(frozen=True)
class Choice:
    """One of several words."""

    default: str
    options: tuple[str, ...]
    help: str

    def checked(self, name: str, value: Any) -> str:
        """The value. Raises OptionError for any other word or type."""
        if isinstance(value, str) and value in self.options:
            return value
        raise OptionError(name, value, f"one of {', '.join(self.options)}")


@dataclass(frozen=True)
class Text:
    """Any text; None: the default."""

    default: str | None
    help: str

    def checked(self, name: str, value: Any) -> str | None:
        """The value. Raises OptionError for another type."""
        if value is None or isinstance(value, str):
            return value
        raise OptionError(name, value, f"text ({self.help})")


def _of(kind: Number | Choice | Text) -> Any:
    """A field of a dataclass with this default and description."""
    return field(default=kind.default, metadata={"dial": kind})


class _Checked:
    """A dataclass whose described fields are checked as it is made."""

    def __post_init__(self) -> None:
        described: Any = type(self)
        for name, kind in _table(described).items():
            object.__setattr__(self, name, kind.checked(name, getattr(self, name)))


@dataclass(frozen=True, kw_only=True)
class Dials(_Checked):
    """The dials: how the whole picture is to look. Raises OptionError for values outside their ranges."""

    vividness: float = _of(Number(0.5, 0, 1, "0 is safe, 1 is vivid"))
    warmth: float = _of(Number(0.0, -1, 1, "-1 is cool, 1 is warm"))
    palette_strength: float = _of(Number(0.5, 0, 1, "0 is no palette, 1 its whole look"))
    smooth: str = _of(Choice("none", ("none", "tv", "crf"), "smoothing of the colours"))


class DialChoices(TypedDict, total=False):
    """The dials as keywords."""

    vividness: float
    warmth: float
    palette_strength: float
    smooth: str


@dataclass(frozen=True, kw_only=True)
class Setup(_Checked):
    """How the photograph is looked at: the arguments of :class:`photochrom.colorizer.Colorizer` that a sidecar keeps."""

    model: str | None = _of(Text(None, "a name of the catalogue, see `photochrom models`, or an .onnx file"))
    work_size: int | None = _of(
        Number(None, 32, 2048, "short side at which the network sees the photograph", "pixels", whole=True)
    )
    quality: str = _of(
        Choice(
            "normal",
            ("fast", "normal", "best"),
            "fast: one look at the photograph; normal: its details, too, with a model that sees them; best: six more looks",
        )
    )
    profile: int | None = _of(Number(None, 0, 10**6, "colour profile, for a model that has several", whole=True))


@cache
def _table(kind: Any) -> dict[str, Number | Choice | Text]:
    return {one.name: one.metadata["dial"] for one in fields(kind) if "dial" in one.metadata}


#: name -> description, of each dial and of each part of the set-up.
DIALS: dict[str, Number | Choice | Text] = _table(Dials)
SETUP: dict[str, Number | Choice | Text] = _table(Setup)
#: How far a reference is believed, and how far a hint's colour is followed at its place.
DEFAULT_TRUST = 0.5
TRUST = Number(DEFAULT_TRUST, 0, 1, "how far references are believed")
STRENGTH = Number(1.0, 0, 1, "0 is no hint, 1: the colour holds")
#: How far a hint's colour goes.
REACH = Choice(
    "object",
    ("here", "object", "alike"),
    "here: only the stroke itself, to the pixel; object: the object around it; alike: everything like it, wherever it lies",
)
#: Quarter turns, and what is turned beside, both clockwise: see :class:`photochrom.edits.geometry.Geometry`.
ROTATIONS = (0, 90, 180, 270)
STRAIGHTEN = Number(0.0, -45, 45, "turned clockwise about the middle", "degrees")

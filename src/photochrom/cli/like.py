"""``--like``: photographs whose colours the others of an album are to keep."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from photochrom.edits.edits import Edits
from photochrom.edits.hints import Hint, Hints
from photochrom.edits.places import Spot
from photochrom.edits.sidecar import load_sidecar
from photochrom.errors import OptionError
from photochrom.images import INPUT_SUFFIXES

if TYPE_CHECKING:
    from photochrom.colorizer import Opened
    from photochrom.materials import Material

__all__ = ["Like", "find_like", "liked"]

SUFFIX = ".photochrom.json"


@dataclass(frozen=True)
class Like:
    """A sidecar and its photograph. It is opened when it is first needed."""

    sidecar: Path
    picture: Path
    _opened: dict[str, tuple[Opened, Edits]] = field(default_factory=dict, repr=False)

    def opened(self, by: Opened) -> tuple[Opened, Edits]:
        """The photograph, opened as ``by`` was, and its edits. Raises ImageError, EditsError."""
        if "it" not in self._opened:
            opened = by.colorizer.open(self.picture)
            self._opened["it"] = opened, load_sidecar(self.sidecar).scaled(opened.size).edits
        return self._opened["it"]

    def is_of(self, opened: Opened) -> bool:
        """Whether an opened photograph is this one."""
        path = opened.source.info.path
        return path is not None and path.resolve() == self.picture.resolve()


def find_like(sidecars: Sequence[Path], paths: Sequence[Path]) -> tuple[Like, ...]:
    """The photographs of sidecars: of the same name, among the ``paths`` that are coloured or beside the sidecar.

    Raises OptionError.
    """
    return tuple(Like(one, _picture(one, paths)) for one in sidecars)


def _picture(sidecar: Path, paths: Sequence[Path]) -> Path:
    if not sidecar.name.endswith(SUFFIX):
        raise OptionError("--like", str(sidecar), f"a sidecar, NAME{SUFFIX}")
    stem = sidecar.name.removesuffix(SUFFIX)
    for path in _near(sidecar, paths):
        if path.stem == stem and path.suffix.lower() in INPUT_SUFFIXES and path.is_file():
            return path
    raise OptionError(
        "--like",
        str(sidecar),
        f"the photograph that it belongs to, {stem}.jpg or the like, beside it or among the inputs",
    )


def _near(sidecar: Path, paths: Sequence[Path]) -> Iterator[Path]:
    # The inputs first: beside the sidecar may lie the coloured picture of the same name.
    for place in (*paths, sidecar.parent):
        yield from sorted(place.iterdir()) if place.is_dir() else (place,)


def liked(opened: Opened, edits: Edits, like: Sequence[Like]) -> tuple[Edits, tuple[str, ...]]:
    """The edits with what the others propose, and what to tell the user. Raises as :meth:`Opened.propose` does."""
    own = next((one for one in like if one.is_of(opened)), None)
    if own is not None:
        return own.opened(opened)[1], ()
    proposals = opened.propose([one.opened(opened) for one in like], edits)
    if not proposals:
        return edits, ("nothing that --like names was found in it",)
    places = ", ".join(
        f"{_name(one.hint)} at {_where(one.hint)} as in {like[one.source].picture.name}" for one in proposals
    )
    # What was asked for this photograph comes last, and holds.
    return edits.changed({"hints": Hints([*(one.hint for one in proposals), *edits.hints])}), (f"taken over: {places}",)


def _where(hint: Hint) -> str:
    return f"{hint.place.x:.0f},{hint.place.y:.0f}" if isinstance(hint.place, Spot) else "a mask"


def _name(hint: Hint) -> str:
    color = hint.ab
    if isinstance(color, tuple):
        return f"lab:{color[0]:.0f},{color[1]:.0f}"
    named: Material = color
    return named.name or named.color

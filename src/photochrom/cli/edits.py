"""What the options of a command ask for, for one opened photograph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from photochrom.cli.geometry import Turned
from photochrom.cli.like import Like, liked
from photochrom.edits.dials import DEFAULT_TRUST, DIALS, REACH, SETUP, Setup
from photochrom.edits.edits import Edits
from photochrom.edits.hints import Hint, Hints, Keep, Reference, Step
from photochrom.edits.pictures import Picture
from photochrom.edits.places import Mask
from photochrom.edits.regions import Region, overlaps, parse_region, read_mask
from photochrom.edits.sidecar import Sidecar, load_hints, load_sidecar
from photochrom.errors import OptionError
from photochrom.images import OUTPUT_SUFFIXES

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from photochrom.colorizer import Opened

__all__ = ["Wanted", "parse_hint", "parse_keep"]


@dataclass(frozen=True)
class Wanted:
    """The options that steer. ``choices``: dials that were given; ``setup``: a sidecar's where no option was given."""

    choices: dict[str, Any]
    setup: Setup
    hints: tuple[Step, ...] = ()
    regions: tuple[Region, ...] = ()
    references: tuple[Path, ...] = ()
    trust: float = DEFAULT_TRUST
    palette: str | None = None
    segment: Path | None = None
    edits: Path | None = None
    loaded: Sidecar | None = field(default=None, repr=False)
    turned: Turned = field(default_factory=lambda: Turned({}))
    like: tuple[Like, ...] = ()

    @classmethod
    def parse(
        cls,
        *,
        hint: list[str] | None = None,
        hints: Path | None = None,
        keep: list[str] | None = None,
        region: list[str] | None = None,
        reference: list[Path] | None = None,
        palette: str | None = None,
        segment: Path | None = None,
        edits: Path | None = None,
        trust: float | None = None,
        rotate: int | None = None,
        straighten: float | None = None,
        crop: str | None = None,
        like: tuple[Like, ...] = (),
        **choices: Any,
    ) -> Wanted:
        """Read and check what can be checked without a picture; None: not given. ``choices``: dials and set-up by name.

        Raises OptionError, HintError, EditsError.
        """
        clicks: list[Step] = [*map(parse_hint, hint or []), *map(parse_keep, keep or [])]
        known = load_hints(hints) if hints is not None else []
        given = {name: value for name, value in choices.items() if value is not None}
        dials = {name: value for name, value in given.items() if name in DIALS}
        Edits(**dials, palette=None if palette is None or _is_picture(palette) else palette)
        Setup(**{name: value for name, value in given.items() if name in SETUP})
        loaded = None if edits is None else load_sidecar(edits)
        setup = loaded.setup if loaded else Setup()
        return cls(
            dials,
            replace(setup, **{name: value for name, value in given.items() if name in SETUP}),
            (*known, *clicks),
            tuple(map(parse_region, region or [])),
            tuple(reference or []),
            DEFAULT_TRUST if trust is None else trust,
            palette,
            segment,
            edits,
            loaded,
            Turned.parse(rotate, straighten, crop),
            like,
        )

    @property
    def tied(self) -> str | None:
        """The first option given that belongs to one picture only."""
        given = (
            ("--keep" if all(isinstance(one, Keep) for one in self.hints) else "--hint", self.hints),
            ("--region", self.regions),
            ("--edits", self.edits),
            ("--segment", self.segment),
            ("--crop", "crop" in self.turned.given),
        )
        return next((name for name, value in given if value), None)

    def prepare(self, opened: Opened) -> tuple[Sidecar, tuple[str, ...]]:
        """Everything for one photograph, as a sidecar keeps it, and notices for the user.

        Raises HintError, MaskError, ImageError, EditsError.
        """
        kept = self.loaded.scaled(opened.size) if self.loaded else Sidecar(opened.size, self.setup)
        areas = self._areas(opened)
        steps: list[Step] = [*kept.edits.hints]
        steps += [self._reference(path) for path in self.references]
        for region, mask in areas:
            if region.picture is None:
                steps.append(Hint.inside(mask, region.color or ""))
            else:
                steps.append(self._reference(region.picture, Mask(mask)))
        steps += self.hints
        geometry, notices = self.turned.of(opened, kept.edits.geometry)
        edits = replace(kept.edits, hints=Hints(steps), geometry=geometry, **self.choices)
        if self.like:
            edits, about_album = liked(opened, edits, self.like)
            notices += about_album
        if self.palette is not None:
            edits = replace(edits, palette=Picture.of(self.palette) if _is_picture(self.palette) else self.palette)
        setup = replace(self.setup, model=self.setup.model or opened.session.name)
        overlapping = overlaps([(region.place, mask) for region, mask in areas])
        return replace(kept, setup=setup, edits=edits), (*overlapping, *notices)

    def _areas(self, opened: Opened) -> list[tuple[Region, NDArray[np.bool_]]]:
        named = self._instances(opened)
        return [(region, read_mask(region.place, opened.size, opened.grow, named)) for region in self.regions]

    def _reference(self, path: Path, mask: Mask | None = None) -> Reference:
        return Reference(Picture.of(path), mask, self.trust)

    def _instances(self, opened: Opened) -> Mapping[str, NDArray[np.bool_]] | None:
        if self.segment is None:
            return None
        from photochrom.nets.segment import instances  # needs the extra [train]

        return instances(opened.source.work_copy(800), self.segment, opened.size)


def parse_hint(text: str) -> Hint:
    """``X,Y=COLOR``, ``X,Y,RADIUS=COLOR`` or ``X,Y,RADIUS,STRENGTH=COLOR``, each with ``@REACH`` or without.

    Raises OptionError, UnknownColorError.
    """
    reaches = " or ".join(f"@{one}" for one in REACH.options)
    expected = f"X,Y=COLOR, X,Y,RADIUS=COLOR or X,Y,RADIUS,STRENGTH=COLOR, and behind it {reaches}"
    place, _, named = text.partition("=")
    color, at, reach = named.partition("@")
    try:
        x, y, *more = (float(number) for number in place.split(","))
    except ValueError as error:
        raise OptionError("--hint", text, expected) from error
    if len(more) > 2 or not color or (at and reach.strip() not in REACH.options):
        raise OptionError("--hint", text, expected)
    radius, strength = more[0] if more else None, more[1] if len(more) > 1 else 1.0
    return Hint.at(x, y, color, radius=radius, strength=strength, reach=reach.strip() or REACH.default)


def parse_keep(text: str) -> Keep:
    """``X,Y`` or ``X,Y,RADIUS``. Raises OptionError, HintError."""
    try:
        x, y, *more = (float(number) for number in text.split(","))
        radius = more.pop() if more else None
        if more:
            raise ValueError("too many numbers")
    except ValueError as error:
        raise OptionError("--keep", text, "X,Y or X,Y,RADIUS") from error
    return Keep.at(x, y, radius=radius)


def _is_picture(text: str) -> bool:
    path = Path(text)
    return path.suffix.lower() in OUTPUT_SUFFIXES or path.is_file()

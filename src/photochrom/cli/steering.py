"""What the options that steer the colour mean, for one opened photograph."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from photochrom import edits as sidecar
from photochrom import masks
from photochrom.choices import Plan, make_plan, refer
from photochrom.edits import Edits, ReferenceEdit
from photochrom.errors import OptionError
from photochrom.guidance.palette import DEFAULT_STRENGTH, parse_palette
from photochrom.guidance.regions import Region, overlaps, parse_region, read_mask
from photochrom.guidance.smooth import METHODS
from photochrom.hints import Hint, Hints
from photochrom.images import OUTPUT_SUFFIXES
from photochrom.steering import picture_palette

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from photochrom.colorizer import Opened
    from photochrom.guidance.palette import Palette

__all__ = ["Steering", "parse_hint", "save"]


@dataclass(frozen=True)
class Steering:
    """The options as they were given; None where an option was not."""

    hints: tuple[Hint, ...] = ()
    regions: tuple[Region, ...] = ()
    references: tuple[Path, ...] = ()
    trust: float = 0.5
    palette: str | None = None
    palette_strength: float | None = None
    smooth: str | None = None
    warmth: float | None = None
    vividness: float | None = None
    work_size: int | None = None
    model: str | None = None
    quality: Literal["normal", "best"] | None = None
    profile: int | None = None
    segment: Path | None = None
    edits: Path | None = None
    loaded: Edits | None = field(default=None, repr=False)

    @classmethod
    def parse(cls, hints: list[str], hint_file: Path | None, regions: list[str], **options: Any) -> Steering:
        """Read and check what can be checked without a picture. Raises OptionError, HintError, EditsError."""
        given = [parse_hint(text) for text in hints]
        if hint_file is not None:
            given = [*sidecar.load_hints(hint_file), *given]
        steering = cls(tuple(given), tuple(map(parse_region, regions)), **options)
        if steering.smooth is not None and steering.smooth not in METHODS:
            raise OptionError("--smooth", steering.smooth, f"one of {', '.join(METHODS)}")
        if steering.palette is not None and not _is_picture(steering.palette):
            parse_palette(steering.palette)
        if steering.edits is None:
            return steering
        kept = sidecar.load_edits(steering.edits)
        # A sidecar names files from its own folder on.
        folder = steering.edits.parent.resolve()
        references = tuple(replace(one, path=str(folder / one.path)) for one in kept.references)
        kept = replace(kept, references=references)
        if kept.palette is not None and kept.palette_sha256 is not None:
            kept = replace(kept, palette=str(folder / kept.palette))
        return replace(
            steering,
            loaded=kept,
            model=steering.model or kept.model,
            work_size=steering.work_size or kept.work_size,
            quality=steering.quality or kept.quality,
            profile=kept.profile if steering.profile is None else steering.profile,
        )

    @property
    def tied(self) -> str | None:
        """The first option given that belongs to one picture only."""
        given = (
            ("--hint", self.hints),
            ("--region", self.regions),
            ("--edits", self.edits),
            ("--segment", self.segment),
        )
        return next((name for name, value in given if value), None)

    def prepare(self, opened: Opened) -> Plan:
        """Everything for one photograph. Raises HintError, MaskError, ImageError, EditsError."""
        kept = self._base(opened)
        plain, references, order = list(kept.hints), list(kept.references), list(kept.order)

        def add(one: Hint | ReferenceEdit) -> None:
            if isinstance(one, Hint):
                order.append(len(plain))
                plain.append(one)
            else:
                references.append(one)
                order.append(-len(references))

        for path in self.references:
            add(self._reference(path))
        named = self._instances(opened)
        areas: list[tuple[str, NDArray[np.bool_]]] = []
        for region in self.regions:
            mask = read_mask(region.place, opened.size, opened.grow, named)
            areas.append((region.place, mask))
            if region.picture is None:
                add(Hint.inside(mask, region.color or ""))
            else:
                add(self._reference(region.picture, masks.to_rle(mask)))
        for hint in self.hints:
            add(hint)
        full = replace(kept, hints=Hints(plain), references=tuple(references), order=tuple(order))

        def reference(one: ReferenceEdit) -> Hint:
            sidecar.check_digest(Path(one.path), one.sha256)
            return refer(opened, Path(one.path), one)

        def palette(one: Edits) -> Palette:
            path = Path(one.palette or "")
            sidecar.check_digest(path, one.palette_sha256 or "")
            return picture_palette(opened.colorizer.open(path))

        return make_plan(full, reference, palette, tuple(overlaps(areas)))

    def _base(self, opened: Opened) -> Edits:
        """The sidecar's choices, or none, with those options in their place that were given."""
        kept = self.loaded.scaled(opened.size) if self.loaded else None
        if kept is None:
            model = self.model or opened.session.name
            kept = Edits(opened.size, model, work_size=self.work_size, palette_strength=DEFAULT_STRENGTH)
        given = {
            name: getattr(self, name)
            for name in (
                "vividness",
                "palette_strength",
                "smooth",
                "warmth",
                "model",
                "work_size",
                "quality",
                "profile",
            )
        }
        kept = replace(kept, **{name: value for name, value in given.items() if value is not None})
        if self.palette is not None:
            digest = sidecar.digest(Path(self.palette)) if _is_picture(self.palette) else None
            path = str(Path(self.palette).resolve()) if digest else self.palette
            kept = replace(kept, palette=path, palette_sha256=digest)
        return kept

    def _reference(self, path: Path, mask: dict[str, Any] | None = None) -> ReferenceEdit:
        return ReferenceEdit(str(path.resolve()), sidecar.digest(path), mask, self.trust)

    def _instances(self, opened: Opened) -> Mapping[str, NDArray[np.bool_]] | None:
        if self.segment is None:
            return None
        from photochrom.nets.segment import instances  # needs the extra [train]

        return instances(opened.source.work_copy(800), self.segment, opened.size)


def parse_hint(text: str) -> Hint:
    """``X,Y=COLOR``, ``X,Y,RADIUS=COLOR`` or ``X,Y,RADIUS,STRENGTH=COLOR``. Raises OptionError, UnknownColorError."""
    expected = "X,Y=COLOR, X,Y,RADIUS=COLOR or X,Y,RADIUS,STRENGTH=COLOR"
    place, _, color = text.partition("=")
    try:
        x, y, *more = (float(number) for number in place.split(","))
    except ValueError as error:
        raise OptionError("--hint", text, expected) from error
    if len(more) > 2 or not color:
        raise OptionError("--hint", text, expected)
    radius, strength = more[0] if more else None, more[1] if len(more) > 1 else 1.0
    return Hint.at(x, y, color, radius=radius, strength=strength)


def save(plan: Plan, path: Path, *, force: bool) -> None:
    """Write the sidecar; it names its files from its own folder on. Raises OutputError."""

    def near(name: str) -> str:
        return os.path.relpath(name, path.resolve().parent)

    references = tuple(replace(one, path=near(one.path)) for one in plan.edits.references)
    palette = plan.edits.palette
    if palette is not None and plan.edits.palette_sha256 is not None:
        palette = near(palette)
    sidecar.save_edits(replace(plan.edits, references=references, palette=palette), path, force=force)


def _is_picture(text: str) -> bool:
    path = Path(text)
    return path.suffix.lower() in OUTPUT_SUFFIXES or path.is_file()

"""Every choice for one photograph, as one value: the hints in their order, a palette, and the dials."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeAlias

from photochrom.edits.dials import DialChoices, Dials
from photochrom.edits.geometry import Geometry, View
from photochrom.edits.hints import Hints, Reference, Step
from photochrom.edits.moved import moved
from photochrom.edits.palette import Histogram, Palette, parse_palette
from photochrom.edits.pictures import Picture
from photochrom.errors import OptionError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from photochrom.edits.places import Size

__all__ = ["AnyPalette", "Choices", "Edits"]

#: A name or a list of colours, a picture whose palette it is, a palette, or shares of the ab bins as a model gets them.
AnyPalette: TypeAlias = str | Picture | Palette | Histogram


@dataclass(frozen=True, kw_only=True)
class Edits(Dials):
    """What a user wants of a photograph. Checked when it is made, never changed: ``dataclasses.replace`` or :meth:`changed`.

    hints: in order; where two meet, the last one holds. palette: the overall look, see :data:`AnyPalette`, or None. geometry:
    the part of the photograph that the picture is; hints keep the photograph's coordinates. The dials are those of
    :class:`photochrom.edits.dials.Dials`. Raises OptionError, HintError.
    """

    hints: Hints = field(default_factory=Hints)
    palette: AnyPalette | None = None
    geometry: Geometry = field(default_factory=Geometry)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.hints, Hints):
            object.__setattr__(self, "hints", Hints(self.hints))
        if isinstance(self.palette, str):
            parse_palette(self.palette)
        elif self.palette is not None and not isinstance(self.palette, (Picture, Palette, Histogram)):
            raise OptionError("palette", self.palette, "a name, colours such as #a33,#fc9, or a Palette")
        if not isinstance(self.geometry, Geometry):
            raise OptionError("geometry", self.geometry, "a Geometry")

    def changed(self, choices: Choices) -> Edits:
        """The same with other choices, by the keywords of :class:`Choices`. Raises OptionError, HintError, TypeError."""
        given: dict[str, Any] = dict(choices)
        histogram = given.pop("histogram", None)
        if histogram is not None:
            if given.get("palette") is not None:
                raise OptionError("histogram", "given", "either a palette or a histogram, not both")
            given["palette"] = Histogram(histogram)
        if not given:
            return self
        if "hints" in given:
            given["hints"] = Hints(given["hints"])
        return replace(self, **given)

    def check(self, size: Size) -> None:
        """Raise HintError for a spot outside a picture of (width, height), MaskError for a mask of another size.

        Raises OptionError for a crop that reaches beyond it.
        """
        self.hints.check(size)
        self.geometry.box(size)

    def scaled(self, old: Size, new: Size) -> Edits:
        """The same for another size of the photograph; both are (width, height)."""
        return replace(self, hints=self.hints.scaled(old, new), geometry=self.geometry.scaled(old, new))

    def framed(self, size: Size) -> Edits:
        """The same for the part of a photograph of ``size`` that ``geometry`` makes the picture, in that part's coordinates."""
        if not self.geometry:
            return self
        return replace(self, hints=moved(self.hints, View.of(self.geometry, size)), geometry=Geometry())

    def with_pictures(self, change: Callable[[Picture], Picture]) -> Edits:
        """The same with other pictures in the place of those that references and palette name."""
        hints = Hints(
            replace(step, picture=change(step.picture)) if isinstance(step, Reference) else step for step in self.hints
        )
        palette = change(self.palette) if isinstance(self.palette, Picture) else self.palette
        return replace(self, hints=hints, palette=palette)


class Choices(DialChoices, total=False):
    """The fields of :class:`Edits` as keywords.

    ``histogram``: (261,), the shares of the ab bins that the result should have, summing to 1, in place of a palette.
    """

    hints: Iterable[Step]
    palette: AnyPalette | None
    geometry: Geometry
    histogram: NDArray[Any] | None

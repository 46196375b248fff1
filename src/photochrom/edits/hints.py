"""Hints: the one way to steer places. A hint is a colour for a place; a click, a stroke, a region or a reference is one.

Coordinates are pixels of the upright input picture: (0, 0) is the pixel at the top left, x goes right and y down. A hint sets hue
and chroma, the photograph keeps its lightness: its colour is a :class:`~photochrom.materials.Material`, which has another ab in
another light, or exact ab. Everything here is a value: it compares by what it holds, and never changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias, overload

import numpy as np
from numpy.typing import NDArray

from photochrom.edits.dials import DEFAULT_TRUST, REACH, STRENGTH, TRUST
from photochrom.edits.pictures import Picture
from photochrom.edits.places import ColorMap, Mask, Size, Spot
from photochrom.errors import HintError, OptionError
from photochrom.materials import Material

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["Ab", "Blend", "Hint", "Hints", "Keep", "Reference", "Region", "Step", "color_of"]

Ab: TypeAlias = tuple[float, float]


@dataclass(frozen=True)
class Hint:
    """A colour at a place, which spreads over the object around it, and not over that object's edges.

    ab: a material, or exactly (a*, b*). strength: 0 (nothing) to 1 (the colour holds at the place). reach: how far it spreads,
    see :data:`photochrom.edits.dials.REACH`. Raises HintError.
    """

    ab: Ab | Material
    place: Spot | Mask
    strength: float = 1.0
    reach: str = REACH.default

    def __post_init__(self) -> None:
        object.__setattr__(self, "ab", _checked_ab(self.ab, None))
        object.__setattr__(self, "strength", _checked_strength(self.strength))
        object.__setattr__(self, "reach", _checked_reach(self.reach))
        _check_place(self.place)

    @classmethod
    def at(
        cls,
        x: float,
        y: float,
        color: str | Sequence[float] | Material,
        *,
        radius: float | None = None,
        strength: float = 1.0,
        reach: str = REACH.default,
    ) -> Hint:
        """A click: ``Hint.at(120, 340, "olive")``. color: what :func:`color_of` takes. Raises HintError."""
        return cls(color_of(color), Spot(x, y, radius), strength, reach)

    @staticmethod
    def inside(mask: NDArray[Any], color: str | Sequence[float] | Material, *, strength: float = 1.0) -> Region:
        """A region: mask (H, W) of the picture's size, bool or weights in [0, 1]. Raises HintError, MaskError."""
        return Region(color_of(color), Mask(mask), strength)

    def check(self, size: Size) -> None:
        """Raise HintError for a spot outside a picture of (width, height), MaskError for a mask of another size."""
        self.place.check(size)

    def scaled(self, old: Size, new: Size) -> Hint:
        """The same for another size of the photograph; both are (width, height)."""
        return replace(self, place=self.place.scaled(old, new))


@dataclass(frozen=True)
class Keep:
    """A place that stays as it is without hints, and with it its object: hints elsewhere do not spread to it.

    Colours that are laid over it on purpose, by a region or by a hint whose reach is ``here``, hold. Raises HintError.
    """

    place: Spot | Mask

    def __post_init__(self) -> None:
        _check_place(self.place)

    @classmethod
    def at(cls, x: float, y: float, *, radius: float | None = None) -> Keep:
        """A click: ``Keep.at(120, 340)``. Raises HintError."""
        return cls(Spot(x, y, radius))

    def check(self, size: Size) -> None:
        """Raise HintError for a spot outside a picture of (width, height), MaskError for a mask of another size."""
        self.place.check(size)

    def scaled(self, old: Size, new: Size) -> Keep:
        """The same for another size of the photograph; both are (width, height)."""
        return Keep(self.place.scaled(old, new))


@dataclass(frozen=True)
class _Filled:
    """Colours inside a mask."""

    ab: Ab | Material | ColorMap
    mask: Mask
    strength: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "ab", _checked_ab(self.ab, self.mask))
        object.__setattr__(self, "strength", _checked_strength(self.strength))

    def scaled(self, old: Size, new: Size) -> Self:
        """The same for another size of the photograph; both are (width, height)."""
        return replace(self, mask=self.mask.scaled(old, new))


@dataclass(frozen=True)
class Region(_Filled):
    """A colour that holds inside a mask of the picture's size, and changes nothing outside.

    ab: a material, exactly (a*, b*), or a map over the whole picture, (h, w, 2), which is fused with the colours around.
    strength: 0 to 1.
    """

    def check(self, size: Size) -> None:
        """Raise MaskError for a mask of another size than the picture's (width, height)."""
        self.mask.check(size)


@dataclass(frozen=True)
class Blend(_Filled):
    """Colours that are mixed into the model's own by the weights of a mask of any size.

    The model is given the surest of them as hints, so that it follows elsewhere. ab: a material, exactly (a*, b*), or a map over
    the whole picture, (h, w, 2). strength: 0 to 1.
    """

    def check(self, size: Size) -> None:
        """A blend may be coarser than the picture: nothing to check."""


@dataclass(frozen=True)
class Reference:
    """A colour picture to take colours from: everywhere as far as ``trust`` (0 to 1) goes, or all over a mask.

    Before it is painted it becomes a :class:`Blend` or a :class:`Region`, see :func:`photochrom.steering.refer.resolved`.
    """

    picture: Picture
    mask: Mask | None = None
    trust: float = DEFAULT_TRUST

    def __post_init__(self) -> None:
        object.__setattr__(self, "trust", TRUST.checked("trust", self.trust))

    def check(self, size: Size) -> None:
        """Raise MaskError for a mask of another size than the picture's (width, height)."""
        if self.mask is not None:
            self.mask.check(size)

    def scaled(self, old: Size, new: Size) -> Reference:
        """The same for another size of the photograph; both are (width, height)."""
        return self if self.mask is None else replace(self, mask=self.mask.scaled(old, new))


#: One of the things that a user asks for, in order.
Step: TypeAlias = Hint | Keep | Region | Blend | Reference


def color_of(color: str | Sequence[float] | Material) -> Ab | Material:
    """What people say of a colour, as hints hold it. Raises UnknownColorError, HintError.

    color: a name or ``#rrggbb``: a material. ``lab:L,a,b`` or ``lab:a,b``, or (a*, b*) as numbers: exactly these, in any light.
    """
    if isinstance(color, Material):
        return color
    if not isinstance(color, str):
        a, b = color
        return float(a), float(b)
    kind, colon, numbers = color.partition(":")
    if not colon or kind.strip().lower() != "lab":
        return Material.named(color)
    try:
        *light, a, b = (float(number) for number in numbers.split(","))
    except ValueError:
        raise HintError(f"the colour is {color!r}, expected lab:L,a,b or lab:a,b with numbers") from None
    if len(light) > 1:
        raise HintError(f"the colour is {color!r}, expected lab:L,a,b or lab:a,b: two or three numbers")
    return a, b


def _checked_ab(given: Any, mask: Mask | None) -> Ab | Material | ColorMap:
    """A material; (a*, b*), rounded to float32; or for what has a mask also a map."""
    if isinstance(given, Material) or (isinstance(given, ColorMap) and mask is not None):
        return given
    ab = np.array(given, np.float32)
    if ab.shape != (2,):
        if mask is not None and ab.ndim == 3:
            return ColorMap(ab)
        raise HintError(f"a hint's ab has shape {ab.shape}, expected (2,), or (h, w, 2) for a region")
    if not (np.abs(ab) <= 200).all():
        raise HintError("a hint's ab holds numbers outside [-200, 200]")
    return float(ab[0]), float(ab[1])


def _checked_strength(strength: Any) -> float:
    try:
        return float(STRENGTH.checked("strength", strength) or 0.0)
    except OptionError as error:
        raise HintError(f"a hint's {error}") from None


def _checked_reach(reach: Any) -> str:
    try:
        return REACH.checked("reach", reach)
    except OptionError as error:
        raise HintError(f"a hint's {error}") from None


def _check_place(place: Any) -> None:
    if not isinstance(place, (Spot, Mask)):
        raise HintError(f"a hint's place is of type {type(place).__name__}, expected Spot or Mask")


class Hints(Sequence[Step]):
    """Any number of steps, in the order in which they were given. Never changes: every operation makes new ones."""

    def __init__(self, steps: Iterable[Step] = ()) -> None:
        self._steps = tuple(steps)
        for step in self._steps:
            if not isinstance(step, (Hint, Keep, Region, Blend, Reference)):
                expected = "expected Hint, Keep, Region, Blend or Reference"
                raise HintError(f"a hint is of type {type(step).__name__}, {expected}")

    @overload
    def __getitem__(self, index: int) -> Step: ...
    @overload
    def __getitem__(self, index: slice) -> Hints: ...
    def __getitem__(self, index: int | slice) -> Step | Hints:
        return Hints(self._steps[index]) if isinstance(index, slice) else self._steps[index]

    def __len__(self) -> int:
        return len(self._steps)

    def __iter__(self) -> Iterator[Step]:
        return iter(self._steps)

    def __add__(self, more: Iterable[Step]) -> Hints:
        return Hints((*self._steps, *more))

    def __eq__(self, other: object) -> bool:
        return self._steps == other._steps if isinstance(other, Hints) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._steps)

    def __repr__(self) -> str:
        return f"Hints({len(self)})"

    def without(self, index: int) -> Hints:
        """All but one."""
        return Hints(step for i, step in enumerate(self._steps) if i != index % len(self))

    def scaled(self, old: Size, new: Size) -> Hints:
        """The same hints for another size of the same photograph; ``old`` and ``new`` are (width, height)."""
        return self if old == new else Hints(step.scaled(old, new) for step in self._steps)

    def check(self, size: Size) -> None:
        """Raise HintError for a spot outside a picture of (width, height), MaskError for a mask of another size."""
        for step in self._steps:
            step.check(size)

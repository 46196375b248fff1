"""Materials: the colour of one thing at every lightness, in the shade, in the light, and where nothing but its name is known.

A colour that is named or picked is the colour of a material. Under another light it has another lightness, and with it another
ab: in the shade chroma falls with the light, towards white it is washed out, and the hue stays as people see it. With l and l0
the cube roots of the luminances of place and material, a material of chroma C0 in Oklab has

    the hue of Oklab that it has, and the chroma    C0 (l / l0)^SHADE            where the place is darker
                                                    C0 ((1 - l) / (1 - l0))^LIT  where it is lighter

This was chosen among others by how well it predicts garments, hair and skin in photographs (``benchmarks/material.py``; figures
in docs/hints.md). Skin, which light passes through, keeps more of its chroma in the shade. What sRGB does not have at a
lightness gives up chroma along the same hue, so that blue does not become violet.

Where people would call that colour by another name than was asked for, and another colour of that lightness by this one, the
name has a second colour there (``data/names_in_other_light.txt``): from one to the next the paths of both are mixed, and
10 L* beyond it is its own again.
"""

from __future__ import annotations

import bisect
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from photochrom import color_names
from photochrom.color import (
    RGB_TO_XYZ,
    lab_to_rgb,
    linear_to_lab,
    linear_to_oklab,
    luminance_from_lightness,
    oklab_to_linear,
    outside_srgb,
    planes_to_rgb,
    rgb_to_lab,
    srgb_to_linear,
)
from photochrom.errors import HintError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    Float: TypeAlias = NDArray[np.float32]

Lab: TypeAlias = "tuple[float, float, float]"

__all__ = ["Material", "in_light", "placed"]

#: Powers of the path: of lightness where a material is in the shade, for skin and for all else; of what is missing to white.
SKIN, SHADE, LIT = 0.2, 0.85, 0.4
#: The names of skin, by :func:`color_names.key`.
_SKIN = re.compile(r"skin$|^monk\d+$")
#: Steps to the lightness of Oklab that has a luminance, and halvings in the search for the chroma that sRGB has.
_STEPS, _HALVINGS = 4, 10
#: How far in L* from another colour of its name a material has its own again.
_FADE = 10.0
#: L* at which a material's ab are kept; between them they are interpolated.
_LADDER = np.linspace(0.0, 100.0, 201)


@dataclass(frozen=True)
class Material:
    """The colour of a thing by its own L*, a*, b*, and its ``name`` where it has one. ``shade``: its power in the shade.

    ``elsewhere``: L*, a*, b* of what else has the name, in other light. Raises HintError for numbers that are no colour.
    """

    lab: Lab
    name: str | None = None
    shade: float = SHADE
    elsewhere: tuple[Lab, ...] = ()

    def __post_init__(self) -> None:
        for lab in (self.lab, *self.elsewhere):
            values = np.array(lab, np.float32)
            if values.shape != (3,) or not (0 <= values[0] <= 100) or not (np.abs(values) <= 200).all():
                raise HintError(f"a material is {lab}, expected L* from 0 to 100, a* and b* from -200 to 200")
        object.__setattr__(self, "lab", _as_written(self.lab))
        object.__setattr__(self, "elsewhere", tuple(_as_written(lab) for lab in self.elsewhere))

    @classmethod
    def named(cls, text: str) -> Material:
        """The material of a name or of ``#rrggbb``. Raises UnknownColorError."""
        rgb = np.vstack([color_names.parse(text)[None], color_names.in_other_light(text)])
        own, *others = rgb_to_lab(rgb).clip([0, -200, -200], [100, 200, 200]).tolist()
        shade = SKIN if _SKIN.search(color_names.key(text)) else SHADE
        return cls(tuple(own), text.strip(), shade, tuple(tuple(one) for one in others))

    @property
    def color(self) -> str:
        """``#rrggbb`` of its own Lab."""
        return color_names.to_hex(lab_to_rgb(np.array(self.lab)[None])[0])

    def at(self, lightness: NDArray[Any] | float) -> Float:
        """Its ab (..., 2) where light and shade give it these L* (...), in [0, 100]; inside sRGB."""
        ladder = _ladder(self)
        light = np.asarray(lightness, np.float32)
        return np.stack([np.interp(light, _LADDER, ladder[:, band]) for band in (0, 1)], axis=-1).astype(np.float32)


def placed(materials: list[Material], lightness: NDArray[Any]) -> list[Material]:
    """Each material as it is at a place of L* (n,): with the colour there for its own, and without a name.

    What is as light as its place already, stays as it is.
    """
    if not materials:
        return []
    light = np.asarray(lightness, np.float32)
    rows = zip(materials, light.tolist(), *_paths(materials, light).T.tolist(), strict=True)
    return [Material((level, a, b), None, one.shade) for one, level, a, b in rows]


def _paths(materials: Sequence[Material], light: Float) -> Float:
    """ab (n, 2) of materials at L* (n,): between two colours of one name a mixture of both as they are there."""
    darker, lighter, share = zip(*map(_around, materials, light.tolist()), strict=True)
    shade, weight = [one.shade for one in materials], np.array(share, np.float32)[:, None]
    ab = in_light(darker, light, shade)
    return ab if not weight.any() else (1 - weight) * ab + weight * in_light(lighter, light, shade)


def _around(material: Material, level: float) -> tuple[Lab, Lab, float]:
    """Which two of a material's colours are mixed at L* ``level``, and the share of the second."""
    if not material.elsewhere:
        return material.lab, material.lab, 0.0
    levels, colours = _stations(material)
    above = bisect.bisect_left(levels, level)
    if above in (0, len(levels)):
        return material.lab, material.lab, 0.0
    below = above - 1
    return colours[below], colours[above], (level - levels[below]) / (levels[above] - levels[below])


@lru_cache(maxsize=1024)
def _stations(material: Material) -> tuple[list[float], list[Lab]]:
    """L* in order, and which of the material's colours holds there: its own one again from ``_FADE`` beyond another one on."""
    found = {lab[0]: lab for lab in (*material.elsewhere, material.lab)}
    for light in [lab[0] for lab in material.elsewhere]:
        for end in (light - _FADE, light + _FADE):
            if not any(min(light, end) <= other <= max(light, end) for other in found if other != light):
                found[end] = material.lab
    levels = sorted(found)
    return levels, [found[level] for level in levels]


def in_light(lab: ArrayLike, lightness: ArrayLike, shade: ArrayLike = SHADE) -> Float:
    """ab (n, 2) of materials with Lab (n, 3) at places of L* (n,), inside sRGB; see the head of this module.

    shade: the power in the shade, of all of them or (n,).
    """
    material, light = np.asarray(lab, np.float64), np.asarray(lightness, np.float64).clip(0, 100)
    planes = [srgb_to_linear(plane) for plane in planes_to_rgb(*material.T)]
    own, there = (np.cbrt(luminance_from_lightness(one)) for one in (material[:, 0], light))
    darker = (there / own.clip(1e-3)) ** np.asarray(shade)
    lit = ((1 - there).clip(0) / (1 - own).clip(1e-3)) ** LIT
    chroma = linear_to_oklab(np.stack(planes, axis=-1))[:, 1:] * np.where(there < own, darker, lit)[:, None]
    kept = np.zeros((len(light), 1))
    for halving in range(_HALVINGS + 1):  # first all of it
        more = kept + 0.5**halving
        kept = np.where(outside_srgb(_with_luminance(there, chroma * more))[:, None], kept, more.clip(0, 1))
    return np.stack(linear_to_lab(*_with_luminance(there, chroma * kept).T)[1:], axis=-1).astype(np.float32)


def _with_luminance(root: NDArray[np.float64], chroma: NDArray[np.float64]) -> NDArray[np.float64]:
    """Linear RGB (n, 3) with these a and b of Oklab (n, 2), and the luminance whose cube root is given (n,)."""
    level = root.copy()
    for _ in range(_STEPS):
        now = oklab_to_linear(np.column_stack([level, chroma]))
        # The cube root of luminance is nearly linear in the lightness, and equal to it for greys.
        level += root - np.cbrt(now @ RGB_TO_XYZ[1])
    return oklab_to_linear(np.column_stack([level, chroma]))


@lru_cache(maxsize=1024)
def _ladder(material: Material) -> Float:
    return _paths([material] * len(_LADDER), _LADDER.astype(np.float32))


def _as_written(lab: Lab) -> Lab:
    """As float32 has it, so that a sidecar's and an array's are equal."""
    light, a, b = np.array(lab, np.float32).tolist()
    return light, a, b

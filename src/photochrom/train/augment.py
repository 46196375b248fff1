"""From a batch of colour crops to what the network sees and what it should say; runs on the training device.

The target is always the true ab. The lightness that goes in is the true L* most of the time; sometimes the grey of an old
film, which saw blue but not red, and sometimes that of an old print (:mod:`photochrom.train.damage`).
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from photochrom.color import lightness_from_luminance, planes_to_lab, srgb_to_linear
from photochrom.train.damage import DAMAGES
from photochrom.train.recipe import Recipe

__all__ = ["BT601", "FILMS", "Sample", "film_lightness", "luma_lightness", "prepare"]

#: Spectral weights of R, G, B, of linear light: blue-sensitive plates (before about 1880 and common to 1910), orthochromatic
#: (to about 1930) and panchromatic film. Rough shapes, drawn around at random: emulsions differed as much.
FILMS = {"blue": (0.0, 0.05, 0.95), "orthochromatic": (0.02, 0.48, 0.5), "panchromatic": (0.3, 0.4, 0.3)}
#: Luma of Rec. 601, of encoded values: the grey that most programs make of a colour picture.
BT601 = (0.299, 0.587, 0.114)


class Sample(NamedTuple):
    """Lightness (N, 1, H, W) in [0, 100] and true ab (N, 2, H/s, W/s) at the recipe's stride s, both float32."""

    lightness: Tensor
    ab: Tensor


def prepare(rgb: Tensor, recipe: Recipe, rng: torch.Generator, *, augment: bool = True) -> Sample:
    """``rgb``: (N, 3, H, W) sRGB uint8, H and W multiples of 8. ``rng`` is a generator on the CPU."""
    srgb = rgb.float() / 255.0
    light, a, b = planes_to_lab(*srgb.unbind(1))
    ab = functional.avg_pool2d(torch.stack([a, b], 1), recipe.stride)
    if augment:
        light = _film(light, srgb, recipe.film, rng)
        light = _old_print(light, recipe.old_print, rng)
    return Sample(light.unsqueeze(1).contiguous(), ab)


def _chosen(count: int, share: float, rng: torch.Generator, device: torch.device) -> Tensor:
    """Indices of the pictures that a coin of probability ``share`` picks."""
    return (torch.rand(count, generator=rng) < share).nonzero().flatten().to(device)


def _film(light: Tensor, srgb: Tensor, share: float, rng: torch.Generator) -> Tensor:
    """L* of the grey that a film or BT.601 luma would have given, for ``share`` of the pictures; (N, H, W)."""
    picked = _chosen(len(light), share, rng, light.device)
    if len(picked) == 0:
        return light
    kinds = torch.randint(len(FILMS) + 1, (len(picked),), generator=rng)
    noise = torch.rand(len(picked), 3, generator=rng) * 0.1
    films = torch.tensor(list(FILMS.values()))[kinds.clamp(max=len(FILMS) - 1)] + noise
    is_luma = (kinds == len(FILMS)).to(light.device)[:, None, None]
    exposed = film_lightness(srgb[picked], films.to(light.device))
    light = light.clone()
    light[picked] = torch.where(is_luma, luma_lightness(srgb[picked]), exposed)
    return light


def film_lightness(srgb: Tensor, weights: Tensor) -> Tensor:
    """L* (N, H, W) of the grey that film of these spectral weights (N, 3) gives of sRGB (N, 3, H, W) in [0, 1]."""
    shares = (weights / weights.sum(1, keepdim=True))[:, :, None, None]
    return lightness_from_luminance((srgb_to_linear(srgb) * shares).sum(1))  # type: ignore[no-any-return]


def luma_lightness(srgb: Tensor) -> Tensor:
    """L* (N, H, W) of the Rec. 601 luma of sRGB (N, 3, H, W) in [0, 1]."""
    luma = (srgb * torch.tensor(BT601, device=srgb.device)[:, None, None]).sum(1)
    return lightness_from_luminance(srgb_to_linear(luma))  # type: ignore[no-any-return]


def _old_print(light: Tensor, share: float, rng: torch.Generator) -> Tensor:
    """Each damage at random strength, or none, for ``share`` of the pictures; (N, H, W), L*."""
    picked = _chosen(len(light), share, rng, light.device)
    if len(picked) == 0:
        return light
    old = light[picked] / 100
    for damage, how_often in DAMAGES.values():
        draw = torch.rand(2, len(picked), 1, 1, generator=rng).to(light.device)
        hit = (draw[0] < how_often).flatten().nonzero().flatten()
        if len(hit):
            old = old.index_copy(0, hit, damage(old[hit], draw[1][hit], rng))
    light = light.clone()
    light[picked] = old.clamp(0, 1) * 100
    return light

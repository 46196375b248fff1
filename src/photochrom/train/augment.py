"""From a batch of colour crops to what the network sees and what it should say; runs on the training device.

The target is always the true ab. The lightness that goes in is the true L* most of the time; sometimes the grey of an old
film, which saw blue but not red, and sometimes a faded, noisy, blurred print.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from photochrom.color import lightness_from_luminance, planes_to_lab, srgb_to_linear
from photochrom.train.recipe import Recipe

__all__ = ["Sample", "prepare"]

#: Spectral weights of R, G, B: blue-sensitive plates (before about 1880 and common to 1910), orthochromatic (to about
#: 1930) and panchromatic film. Rough shapes, drawn around at random: emulsions differed as much.
FILMS = ((0.0, 0.05, 0.95), (0.02, 0.48, 0.5), (0.3, 0.4, 0.3))
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
    noise = torch.rand(len(picked), 3, generator=rng) * 0.2
    films = torch.tensor(FILMS)[kinds.clamp(max=len(FILMS) - 1)] + noise
    weights = (films / films.sum(1, keepdim=True)).to(light.device)[:, :, None, None]
    exposed = (srgb_to_linear(srgb[picked]) * weights).sum(1)
    luma = (srgb[picked] * torch.tensor(BT601, device=light.device)[:, None, None]).sum(1)
    is_luma = (kinds == len(FILMS)).to(light.device)[:, None, None]
    grey = torch.where(is_luma, srgb_to_linear(luma), exposed)
    light = light.clone()
    light[picked] = lightness_from_luminance(grey)
    return light


def _old_print(light: Tensor, share: float, rng: torch.Generator) -> Tensor:
    """Gamma, fading, blur and grain for ``share`` of the pictures; (N, H, W), L*."""
    picked = _chosen(len(light), share, rng, light.device)
    if len(picked) == 0:
        return light
    draw = torch.rand(5, len(picked), 1, 1, generator=rng).to(light.device)
    old = light[picked].clamp(0, 100) / 100
    old = old ** torch.exp((draw[0] - 0.5) * math.log(4.0))  # gamma 0.5 to 2
    black, white = draw[1] * 0.25, 1 - draw[2] * 0.2
    old = black + old * (white - black)
    soft = functional.avg_pool2d(old.unsqueeze(1), 3, 1, 1, count_include_pad=False).squeeze(1)
    old = old + (soft - old) * (draw[3] > 0.5) * draw[3]
    seed = int(torch.randint(2**31, (1,), generator=rng))
    grain = torch.Generator(light.device).manual_seed(seed)
    old = old + torch.randn(old.shape, generator=grain, device=light.device) * draw[4] ** 2 * 0.06
    light = light.clone()
    light[picked] = old.clamp(0, 1) * 100
    return light

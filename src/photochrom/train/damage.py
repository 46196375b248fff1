"""What time, paper and scanners do to a black-and-white print, one damage a function; runs on the training device.

All have one form: ``damage(grey, strength, rng)``. ``grey``: (N, H, W) float32, L* / 100 in [0, 1], H and W multiples of 8.
``strength``: (N, 1, 1) in [0, 1]; 0 leaves a picture as it is, nearly so with ``jpeg``. ``rng``: a generator on the CPU.
The result is (N, H, W) and may leave [0, 1] a little.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from photochrom.color import lightness_from_luminance, planes_to_rgb, srgb_to_linear

__all__ = ["DAMAGES", "blur", "contrast", "fading", "grain", "jpeg", "scratches", "sepia"]


def _drawn(grey: Tensor, rng: torch.Generator, *shape: int) -> Tensor:
    """Uniform numbers in [0, 1), (N, *shape), drawn on the CPU."""
    return torch.rand(len(grey), *shape, generator=rng).to(grey.device)


def _on_device(grey: Tensor, rng: torch.Generator) -> torch.Generator:
    """A generator on the pictures' device that follows from ``rng``: for noise of every pixel."""
    seed = int(torch.randint(2**31, (1,), generator=rng))
    return torch.Generator(grey.device).manual_seed(seed)


def contrast(grey: Tensor, strength: Tensor, rng: torch.Generator) -> Tensor:
    """Too hard or too soft a paper, too long or short an exposure: gamma 1/2 to 2."""
    sign = torch.where(_drawn(grey, rng, 1, 1) < 0.5, -1.0, 1.0)
    return grey.clamp(0, 1) ** torch.exp(sign * strength * math.log(2.0))


def blur(grey: Tensor, strength: Tensor, rng: torch.Generator) -> Tensor:
    """Out of focus, or copied: towards the mean of 3 x 3 pixels."""
    soft = functional.avg_pool2d(grey.unsqueeze(1), 3, 1, 1, count_include_pad=False).squeeze(1)
    return grey + (soft - grey) * strength


def grain(grey: Tensor, strength: Tensor, rng: torch.Generator) -> Tensor:
    """The film's grain: Gaussian noise of at most 6 L*."""
    return grey + torch.randn(grey.shape, generator=_on_device(grey, rng), device=grey.device) * strength**2 * 0.06


def fading(grey: Tensor, strength: Tensor, rng: torch.Generator) -> Tensor:
    """Blacks that became lighter, by up to 25 L*, and paper that became darker, by up to 20."""
    share = _drawn(grey, rng, 2, 1, 1) * strength.unsqueeze(1)
    black, white = share[:, 0] * 0.25, 1 - share[:, 1] * 0.2
    return black + grey * (white - black)


#: At most so many scratches on a picture, and so many specks of dust on a megapixel.
LINES = 4
SPECKS = 600


def scratches(grey: Tensor, strength: Tensor, rng: torch.Generator) -> Tensor:
    """Scratches, most of them upright as the camera's guides leave them, and specks of dust; light or dark."""
    height, width = grey.shape[1:]
    top, left, angle, tone, opacity, long, thick, seen = _drawn(grey, rng, 8, LINES, 1, 1).unbind(1)
    turn = (angle - 0.5) ** 3 * 4 * math.pi  # cubed: near 0, the upright, more often than not
    y = torch.arange(height, device=grey.device).reshape(-1, 1) - top * height
    x = torch.arange(width, device=grey.device) - left * width
    across, along = x * turn.cos() + y * turn.sin(), y * turn.cos() - x * turn.sin()
    line = (0.5 + thick - across.abs()).clamp(0, 1) * (along.abs() < long * height)
    line = line * (0.3 + 0.7 * opacity) * (seen < strength.unsqueeze(1))
    noise = torch.rand(grey.shape, generator=_on_device(grey, rng), device=grey.device)
    dust = functional.max_pool2d((noise < strength * SPECKS / 1e6).float().unsqueeze(1), 3, 1, 1)
    dust = 0.8 * functional.avg_pool2d(dust, 3, 1, 1, count_include_pad=False)
    marks = torch.cat([line, dust], 1)
    light = torch.cat([tone < 0.7, _drawn(grey, rng, 1, 1, 1) < 0.5], 1)
    for kind, end in ((light, 1.0), (~light, 0.0)):
        cover = (marks * kind).amax(1)
        grey = grey + (end - grey) * cover
    return grey


#: What red, green and blue of a grey of 1 become in the customary sepia filter, before they are clipped.
SEPIA = (1.351, 1.203, 0.937)


def sepia(grey: Tensor, strength: Tensor, rng: torch.Generator) -> Tensor:
    """A print toned brown, then made grey again from some mixture of its channels: highlights clip, tones shift."""
    tone = 1 + (torch.tensor(SEPIA, device=grey.device).reshape(1, 3, 1, 1) - 1) * strength.unsqueeze(1)
    mixture = _drawn(grey, rng, 3, 1, 1)
    nothing = torch.zeros_like(grey)
    srgb, _, _ = planes_to_rgb(grey.clamp(0, 1) * 100, nothing, nothing)
    toned = (srgb.unsqueeze(1) * tone).clamp(0, 1)
    mixed = (toned * mixture).sum(1) / mixture.sum(1)
    lightness: Tensor = lightness_from_luminance(srgb_to_linear(mixed))
    return lightness / 100


#: Quantisation of luminance at quality 50: ITU-T T.81, table K.1.
_TABLE = (
    *(16, 11, 10, 16, 24, 40, 51, 61),
    *(12, 12, 14, 19, 26, 58, 60, 55),
    *(14, 13, 16, 24, 40, 57, 69, 56),
    *(14, 17, 22, 29, 51, 87, 80, 62),
    *(18, 22, 37, 56, 68, 109, 103, 77),
    *(24, 35, 55, 64, 81, 104, 113, 92),
    *(49, 64, 78, 87, 103, 121, 120, 101),
    *(72, 92, 95, 98, 112, 100, 103, 99),
)


def jpeg(grey: Tensor, strength: Tensor, rng: torch.Generator) -> Tensor:
    """JPEG of quality 90 down to 10: the cosine transform of 8 x 8 blocks, quantised; scaled as the IJG's library does.

    The blocks lie anywhere, not only on the cells that the network sees.
    """
    n, height, width = grey.shape
    offset = torch.randint(8, (2,), generator=rng).tolist()
    steps = torch.arange(8, device=grey.device)
    cosines = torch.cos((2 * steps + 1) * steps[:, None] * math.pi / 16) / 2
    cosines[0] /= math.sqrt(2.0)
    quality = 90 - 80 * strength
    scale = torch.where(quality < 50, 50 / quality, 2 - quality / 50).reshape(n, 1, 1, 1, 1)
    table = torch.tensor(_TABLE, device=grey.device).reshape(8, 1, 8)
    quantum = (table * scale).round().clamp(1, 255)
    blocks = (grey.clamp(0, 1) * 255 - 128).roll(offset, (1, 2)).reshape(n, height // 8, 8, width // 8, 8)
    parts = torch.einsum("uy,nhywx,vx->nhuwv", cosines, blocks, cosines)
    kept = (parts / quantum).round() * quantum
    back = torch.einsum("uy,nhuwv,vx->nhywx", cosines, kept, cosines).reshape(n, height, width)
    return (back.roll([-offset[0], -offset[1]], (1, 2)) + 128) / 255


#: Every damage by name, in the order of a print's life, with the share of old prints that have it.
DAMAGES = {
    "contrast": (contrast, 1.0),
    "blur": (blur, 0.5),
    "grain": (grain, 1.0),
    "fading": (fading, 1.0),
    "scratches": (scratches, 0.25),
    "sepia": (sepia, 0.25),
    "jpeg": (jpeg, 0.4),
}

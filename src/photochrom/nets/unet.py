"""Robles and Budach: a U-Net, rows ``unet`` (plain MSE) and ``unet-rare`` (their rare-colour loss, which is the trainer's).

From the paper: "a U-Net for image processing. This allows the network to learn low-level features in the encoder and then
pass them through a decoder", trained on the 64 x 64 pictures of Tiny ImageNet. No layer is printed, so the shape is that of
Ronneberger et al. 2015: two 3x3 convolutions a level, four poolings, 2x2 transposed convolutions, concatenation.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from photochrom.errors import OptionError

__all__ = ["UNet"]

#: a* and b* of +-128 are +-1 inside.
AB_SCALE = 128.0


def _twice(before: int, after: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for channels in (before, after):
        layers += [nn.Conv2d(channels, after, 3, padding=1, bias=False), nn.BatchNorm2d(after), nn.ReLU()]
    return nn.Sequential(*layers)


class UNet(nn.Module):
    """Lightness (N, 1, H, W) -> ab (N, 2, H, W).

    width: channels of the first level, doubled at each of the four poolings; 16 here, a quarter of Ronneberger's, for
    pictures of 64 pixels. Ours, too: batch normalisation, zero padding in place of cropping, and a tanh at the end.
    pretrained must be None: the paper trains from random weights. Raises OptionError.
    """

    output: Literal["ab", "ab-bins"] = "ab"
    stride: int = 1
    multiple: int = 16
    work_size: int = 64

    def __init__(self, *, width: int = 16, pretrained: str | Path | None = None) -> None:
        super().__init__()
        if pretrained is not None:
            raise OptionError("pretrained", str(pretrained), "nothing: no part of this network has pretrained weights")
        if width < 1:
            raise OptionError("width", width, "1 or more")
        widths = [width << level for level in range(5)]
        self.down = nn.ModuleList(_twice(a, b) for a, b in zip([1, *widths], widths, strict=False))
        self.enlarge = nn.ModuleList(nn.ConvTranspose2d(2 * w, w, 2, 2) for w in reversed(widths[:-1]))
        self.up = nn.ModuleList(_twice(2 * w, w) for w in reversed(widths[:-1]))
        self.last = nn.Conv2d(width, 2, 1)
        self.last.weight.data.mul_(0.1)  # training starts near grey

    def forward(self, lightness: Tensor) -> Tensor:
        """L* in [0, 100], H and W multiples of 16 -> ab in a*b* units, inside (-128, 128)."""
        x = lightness / 50 - 1
        skips: list[Tensor] = []
        for level in self.down:
            x = level(functional.max_pool2d(x, 2) if skips else x)
            skips.append(x)
        for enlarge, level, skip in zip(self.enlarge, self.up, reversed(skips[:-1]), strict=True):
            x = level(torch.cat([skip, enlarge(x)], 1))
        return torch.tanh(self.last(x)) * AB_SCALE

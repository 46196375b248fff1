"""The GAN of Chandalwar et al.: a U-Net generator and a PatchGAN discriminator that sees (L, ab).

The paper reports only that a GAN was trained and compared. Built here is the conditional GAN that colourisers mean by
the word: Isola et al. 2017 (pix2pix), appendix 6.1, with five levels instead of eight, so that pictures need sides of
multiples of 32 and not of 256. The loss is in :mod:`photochrom.train.papers.adversarial`.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import spectral_norm

__all__ = ["Discriminator", "Generator"]

#: What -1 and 1 of the networks stand for, in units of a* and b*.
AB_SCALE = 128.0


def _initialise(module: nn.Module) -> None:
    """Weights from N(0, 0.02), as the paper of the architecture has it."""
    for part in module.modules():
        if isinstance(part, (nn.Conv2d, nn.ConvTranspose2d)):
            nn.init.normal_(part.weight, 0.0, 0.02)
        elif isinstance(part, nn.BatchNorm2d):
            nn.init.normal_(part.weight, 1.0, 0.02)


class _Dropout(nn.Module):
    """Dropout of one half in training, and in evaluation while ``sampling``: the generator's only noise."""

    def __init__(self) -> None:
        super().__init__()
        self.sampling = False

    def forward(self, x: Tensor) -> Tensor:
        if self.training or self.sampling:
            # Written out: a runtime for inference takes ONNX's random numbers, but drops its Dropout.
            return x * (torch.rand_like(x) < 0.5).to(x.dtype) * 2.0
        return x


class Generator(nn.Module):
    """Lightness (N, 1, H, W), L* in [0, 100], H and W multiples of 32 -> ab (N, 2, H, W) in (-128, 128).

    ``width``: channels of the first level; 64 in the paper of the architecture. In evaluation the answer is always the same,
    until :meth:`sample` asks for dropout: then each call gives another sample, as does a graph exported in that state.
    """

    output: Literal["ab", "ab-bins"] = "ab"
    stride = 1
    multiple = 32
    work_size = 256

    def __init__(self, *, width: int = 64) -> None:
        super().__init__()
        down = [width, width * 2, width * 4, width * 8, width * 8]
        up = down[3::-1]  # a skip connection joins features of the same level, with the same channels
        self.down = nn.ModuleList()
        for level, (inputs, channels) in enumerate(zip([1, *down], down, strict=False)):
            norm = nn.BatchNorm2d(channels) if 0 < level < 4 else nn.Identity()
            conv = nn.Conv2d(inputs, channels, 4, 2, padding=1, bias=level in (0, 4))
            self.down.append(nn.Sequential(conv, norm))
        self.up = nn.ModuleList()
        for level, (inputs, channels) in enumerate(zip([down[4], *(c * 2 for c in up)], up, strict=False)):
            conv_up = nn.ConvTranspose2d(inputs, channels, 4, 2, padding=1, bias=False)
            noise = _Dropout() if level < 2 else nn.Identity()
            self.up.append(nn.Sequential(nn.ReLU(), conv_up, nn.BatchNorm2d(channels), noise))
        self.colour = nn.Sequential(nn.ReLU(), nn.ConvTranspose2d(width * 2, 2, 4, 2, padding=1), nn.Tanh())
        _initialise(self)

    def sample(self, dropout: bool = True) -> None:
        """Let evaluation draw samples by dropout (True), or give the one mean answer (False)."""
        for part in self.modules():
            if isinstance(part, _Dropout):
                part.sampling = dropout

    def forward(self, lightness: Tensor) -> Tensor:
        """Colour; see the class for shapes and ranges."""
        x = lightness / 50 - 1
        skips: list[Tensor] = []
        for level, layer in enumerate(self.down):
            x = layer(functional.leaky_relu(x, 0.2) if level else x)
            skips.append(x)
        x = skips.pop()
        for layer in self.up:
            x = torch.cat([layer(x), skips.pop()], 1)
        ab: Tensor = self.colour(x) * AB_SCALE
        return ab


class Discriminator(nn.Module):
    """PatchGAN: lightness (N, 1, H, W) and ab (N, 2, H, W) -> logits (N, 1, H/8 - 2, W/8 - 2), one for each 70x70 patch.

    A logit above 0 means that the colours of its patch look real. ``spectral``: every convolution is divided by its largest
    singular value (Miyato et al. 2018, spectral normalisation) in place of the batch normalisation.
    """

    def __init__(self, *, width: int = 64, spectral: bool = False) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(3, width, 4, 2, padding=1), nn.LeakyReLU(0.2)]
        for inputs, channels, stride in ((1, 2, 2), (2, 4, 2), (4, 8, 1)):
            layers += [
                nn.Conv2d(width * inputs, width * channels, 4, stride, padding=1, bias=spectral),
                nn.Identity() if spectral else nn.BatchNorm2d(width * channels),
                nn.LeakyReLU(0.2),
            ]
        self.layers = nn.Sequential(*layers, nn.Conv2d(width * 8, 1, 4, 1, padding=1))
        _initialise(self)
        if spectral:
            for layer in self.layers:
                if isinstance(layer, nn.Conv2d):
                    spectral_norm(layer)

    def forward(self, lightness: Tensor, ab: Tensor) -> Tensor:
        """Judge; see the class for shapes."""
        logits: Tensor = self.layers(torch.cat([lightness / 50 - 1, ab / AB_SCALE], 1))
        return logits

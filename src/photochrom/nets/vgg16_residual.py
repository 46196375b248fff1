"""Zaman: the first 18 layers of VGG-16 (13 convolutions, 5 poolings) with residual connections into the decoder.

Rows: ``vgg16-residual``, and ``vgg16-residual-noreg`` without the penalties, which are the trainer's. The paper on
them: "L1 regularization (Lasso Regression) and L2 regularization (Ridge Regression) helped with the primary overfitting",
beside MSE; it names neither their factors nor the layers. In Keras, which it used, such penalties are given to layers as they
are made, so here they are the decoder's: see :meth:`VGG16Residual.regularised`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor, nn

from photochrom.nets.vgg_features import AB_SCALE, VggFeatures, last_conv, up_conv
from photochrom.nets.vgg_weights import BLOCKS

__all__ = ["VGG16Residual"]


class VGG16Residual(nn.Module):
    """Lightness (N, 1, H, W) -> ab (N, 2, H, W).

    Encoder: the printed table, 14,714,688 parameters; its input is 224 x 224 x 3, the lightness thrice. Decoder: at each of
    the five depths the matrices are up-sampled and convolved to the width of the encoder's block of that size, whose output
    is then added ("residual connections that merge intermediate outputs"; addition as in He et al. 2016, whom the paper
    cites). Values are divided by 128: the lightness as an 8-bit value less 128, and ab, which a tanh gives.

    pretrained: weights of the encoder ("imagenet" or a file, see :func:`photochrom.nets.vgg_weights.read_vgg16`).
    Raises CheckpointError.
    """

    output: Literal["ab", "ab-bins"] = "ab"
    stride: int = 1
    multiple: int = 32
    work_size: int = 224

    def __init__(self, *, pretrained: str | Path | None = None) -> None:
        super().__init__()
        self.encoder = VggFeatures(channels=3, pretrained=pretrained)
        widths = [block[-1] for block in reversed(BLOCKS)]
        self.decoder = nn.ModuleList(up_conv(a, b) for a, b in zip([512, *widths], widths, strict=False))
        self.last = last_conv(widths[-1], 2)

    def forward(self, lightness: Tensor) -> Tensor:
        """L* in [0, 100], H and W multiples of 32 -> ab in a*b* units, inside (-128, 128)."""
        skips, x = self.encoder(lightness)
        for step, skip in zip(self.decoder, reversed(skips), strict=True):
            x = step(x) + skip
        return torch.tanh(self.last(x)) * AB_SCALE

    def regularised(self) -> Iterator[nn.Parameter]:
        """The kernels under the L1 and L2 penalties: those of the decoder."""
        for part in (self.decoder, self.last):
            yield from (p for p in part.parameters() if p.ndim > 1)

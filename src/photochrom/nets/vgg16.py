"""Colourify (Deepta et al.): VGG-16 up to the fifth pooling layer, then convolutions and up-sampling.

Rows: ``vgg16`` (plain), ``vgg16-bn-dropout`` (batch normalisation after every max pooling, dropout at the end),
``vgg16-aug`` (plain; the augmentation is the recipe's), ``vgg16-improved`` (all of them), ``vgg16-improved-313`` (with the
classification of section 3). The loss (MSE, or cross-entropy over 313 bins) and Adam are the trainer's.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor, nn

from photochrom.color import nearest_ab_bins
from photochrom.errors import OptionError
from photochrom.nets.vgg_features import AB_SCALE, VggFeatures, he_init, last_conv, up_conv

__all__ = ["VGG16"]


class VGG16(nn.Module):
    """Lightness (N, 1, H, W) -> ab (N, 2, H, W), or with head "ab-bins" scores (N, 313, H/4, W/4).

    The paper gives 224 x 224 x 1 in, 224 x 224 x 2 out and "Convolutional layers and UpSampling Layers"; the decoder's
    widths are ours: halved at every step, from 256 at stride 32 down to 16 (to 64 with bins). The last layer is a tanh,
    times 128. The scores are those of ``color.nearest_ab_bins(313)``; their decoder stops at stride 4, as that of Zhang et
    al. 2016, from whom the paper has the 313 bins: at every pixel they would be 156 times as many numbers as the answer.

    batch_norm: after every max pooling (improvement 1). dropout: its rate "at the end of the model" (improvement 2; no
    rate is printed): before the last convolution, for after it the colours themselves would be put to 0. pretrained:
    ImageNet weights of the encoder ("imagenet" or a file, see :func:`photochrom.nets.vgg_weights.read_vgg16`).
    Raises OptionError, CheckpointError.
    """

    output: Literal["ab", "ab-bins"] = "ab"
    stride: int = 1
    multiple: int = 32
    work_size: int = 224

    def __init__(
        self,
        *,
        head: Literal["ab", "ab-bins"] = "ab",
        batch_norm: bool = False,
        dropout: float = 0.0,
        pretrained: str | Path | None = None,
    ) -> None:
        super().__init__()
        if head not in ("ab", "ab-bins"):
            raise OptionError("head", head, "ab or ab-bins")
        if not 0 <= dropout < 1:
            raise OptionError("dropout", dropout, "0 to less than 1")
        self.output, self.stride = head, 1 if head == "ab" else 4
        self.encoder = VggFeatures(batch_norm=batch_norm, pretrained=pretrained)
        widths = (256, 128, 64, 32, 16, 16) if head == "ab" else (256, 128, 64, 64)
        first = nn.Sequential(nn.Conv2d(512, widths[0], 3, padding=1), nn.ReLU())
        he_init(first)
        steps = (up_conv(a, b) for a, b in pairwise(widths))
        self.decoder = nn.Sequential(first, *steps)
        self.dropout = nn.Dropout(dropout)
        self.last = last_conv(widths[-1], 2 if head == "ab" else len(nearest_ab_bins()))

    def forward(self, lightness: Tensor) -> Tensor:
        """L* in [0, 100], H and W multiples of 32 -> ab in a*b* units, or unnormalised log-probabilities."""
        out: Tensor = self.last(self.dropout(self.decoder(self.encoder(lightness)[1])))
        return torch.tanh(out) * AB_SCALE if self.output == "ab" else out

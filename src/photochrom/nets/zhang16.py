"""Colorful Image Colorization (Zhang, Isola, Efros 2016): eight blocks of convolutions, scores over 313 ab bins.

No pooling: the last convolution of conv1-conv3 and the first of conv8 change the scale; conv5 and conv6 are dilated instead.
The loss, the class rebalancing and the annealed mean are in :mod:`photochrom.train.papers.soft_encoding`.

Rows: ``zhang16``, and ``zhang16-vgg``, whose conv1 to conv5, which have VGG-16's channels, start from its weights.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from torch import Tensor, nn

from photochrom.color import nearest_ab_bins
from photochrom.nets.vgg_features import load_vgg16

__all__ = ["Zhang16"]

#: (channels, convolutions, stride of the last one, dilation) of conv1 to conv7; table 4 of the paper.
BLOCKS = (
    (64, 2, 2, 1),
    (128, 2, 2, 1),
    (256, 3, 2, 1),
    (512, 3, 1, 1),
    (512, 3, 1, 2),
    (512, 3, 1, 2),
    (512, 3, 1, 1),
)
#: conv1 to conv5: as many as VGG-16 has, each followed by a ReLU.
VGG_CONVOLUTIONS = 13


class Zhang16(nn.Module):
    """Lightness (N, 1, H, W), L* in [0, 100], H and W multiples of 8 -> scores (N, 313, H/4, W/4).

    The scores are unnormalised log-probabilities of ``nearest_ab_bins(313)``. ``width`` multiplies the channels of every
    layer but the last; 1 is the paper's network. pretrained: VGG-16 for conv1 to conv5 ("imagenet" or a file, see
    :func:`photochrom.nets.vgg_weights.read_vgg16`). Raises CheckpointError.
    """

    output: Literal["ab", "ab-bins"] = "ab-bins"
    stride = 4
    multiple = 8
    work_size = 256

    def __init__(self, *, width: float = 1.0, pretrained: str | Path | None = None) -> None:
        super().__init__()
        blocks: list[nn.Module] = []
        inputs = 1
        for channels, convolutions, stride, dilation in BLOCKS:
            channels = round(channels * width)
            for number in range(convolutions):
                last = number == convolutions - 1
                blocks += [
                    nn.Conv2d(inputs, channels, 3, stride if last else 1, padding=dilation, dilation=dilation),
                    nn.ReLU(),
                ]
                inputs = channels
            blocks.append(nn.BatchNorm2d(channels))
        channels = round(256 * width)
        self.blocks = nn.Sequential(*blocks)
        self.conv8 = nn.Sequential(
            nn.ConvTranspose2d(inputs, channels, 4, 2, padding=1),
            nn.ReLU(),
            nn.Conv2d(channels, channels, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(channels, channels, 3, padding=1),
            nn.ReLU(),
        )
        self.scores = nn.Conv2d(channels, len(nearest_ab_bins(313)), 1)
        for module in self.modules():
            if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)) and module is not self.scores:
                # The paper fits its first weights to data (Krähenbühl 2015); this keeps the variance through ReLU likewise.
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                nn.init.zeros_(module.bias)  # type: ignore[arg-type]  # all of them have one
        if pretrained is not None:
            shared = [layer for layer in self.blocks if not isinstance(layer, nn.BatchNorm2d)][: 2 * VGG_CONVOLUTIONS]
            load_vgg16(shared, pretrained, scale=127.5, offset=127.5)

    def forward(self, lightness: Tensor) -> Tensor:
        """Scores; see the class for shapes and ranges."""
        scores: Tensor = self.scores(self.conv8(self.blocks((lightness - 50) / 50)))
        return scores

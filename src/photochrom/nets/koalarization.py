"""Deep Koalarization (Baldassarre et al. 2017), the second network of Chandalwar et al. (section 3.2.2).

An encoder of lightness is fused with the embedding of the whole picture that a network trained on ImageNet gives: the
embedding is replicated to every place, and 256 kernels of 1x1 see both. That network is frozen.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import torch
from torch import Tensor, nn

from photochrom.nets.cnn_baseline import AB_SCALE, convolution
from photochrom.nets.embedding import Embedding

__all__ = ["Koalarization"]


class Koalarization(nn.Module):
    """Lightness (N, 1, H, W), L* in [0, 100], H and W multiples of 8 -> ab (N, 2, H, W) in (-128, 128).

    ``embedder`` and ``pretrained``: see :class:`photochrom.nets.embedding.Embedding`. All else starts at random.
    """

    output: Literal["ab", "ab-bins"] = "ab"
    stride = 1
    multiple = 8
    work_size = 224
    # The encoder is the original's (table 1) up to 512 channels, as Chandalwar prints; there an eighth layer leaves 256.

    def __init__(self, *, embedder: str = "inception-resnet-v2", pretrained: str | Path | None = None) -> None:
        super().__init__()
        self.embedding = Embedding(embedder, pretrained)
        self.encoder = nn.Sequential(
            convolution(1, 64, stride=2),
            convolution(64, 128),
            convolution(128, 128, stride=2),
            convolution(128, 256),
            convolution(256, 256, stride=2),
            convolution(256, 512),
            convolution(512, 512),
        )
        self.fusion = nn.Sequential(nn.Conv2d(512 + self.embedding.channels, 256, 1), nn.ReLU())
        self.decoder = nn.Sequential(
            convolution(256, 128),
            nn.Upsample(scale_factor=2.0, mode="nearest"),
            convolution(128, 64),
            convolution(64, 64),
            nn.Upsample(scale_factor=2.0, mode="nearest"),
            convolution(64, 32),
            nn.Conv2d(32, 2, 3, padding=1),
            nn.Tanh(),
            nn.Upsample(scale_factor=2.0, mode="nearest"),
        )

    def forward(self, lightness: Tensor) -> Tensor:
        """Colour; see the class for shapes and ranges."""
        features = self.encoder(lightness / 50 - 1)
        with torch.no_grad():
            embedding = self.embedding(lightness)
        replicated = embedding[:, :, None, None].expand(-1, -1, *features.shape[2:])
        ab: Tensor = self.decoder(self.fusion(torch.cat([features, replicated], 1))) * AB_SCALE
        return ab

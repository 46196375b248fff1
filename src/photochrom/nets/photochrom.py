"""The default model: a heavy encoder of lightness, run once, and a light decoder of features and hints, run at will.

Encoder: EfficientNet-Lite (see :mod:`photochrom.nets.lite`). Decoder: top-down from stride 32 to stride 8, blocks in the
manner of ConvNeXt (Liu et al. 2022) with batch normalisation, attention at stride 16 so that far parts of one object agree
on its colour, and at the end scores over the ab bins (Zhang et al. 2016) for each 8x8 cell.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from photochrom.color import ab_bins
from photochrom.nets.lite import DepthwiseConv, LiteEncoder

__all__ = ["Decoder", "PhotochromNet"]

#: Scale of ab values where they enter the network.
AB_SCALE = 100.0


class Block(nn.Module):
    """Residual block: depthwise ``kernel`` x ``kernel``, batch norm, 1x1 to ``expand`` times the channels, ReLU, back."""

    def __init__(self, channels: int, kernel: int, expand: int) -> None:
        super().__init__()
        conv = DepthwiseConv if kernel > 3 else nn.Conv2d
        self.spread = conv(channels, channels, kernel, padding=kernel // 2, groups=channels, bias=False)
        self.norm = nn.BatchNorm2d(channels)
        self.grow = nn.Conv2d(channels, channels * expand, 1)
        self.shrink = nn.Conv2d(channels * expand, channels, 1)
        nn.init.zeros_(self.shrink.bias)  # type: ignore[arg-type]
        self.shrink.weight.data.mul_(0.3)

    def forward(self, x: Tensor) -> Tensor:
        """Shape (N, C, H, W) -> the same."""
        out: Tensor = x + self.shrink(functional.relu(self.grow(self.norm(self.spread(x)))))
        return out


class Attention(nn.Module):
    """Residual multi-head self-attention over all places (no position code, so that it works at any size)."""

    def __init__(self, channels: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.BatchNorm2d(channels)
        self.qkv = nn.Conv2d(channels, channels * 3, 1)
        self.out = nn.Conv2d(channels, channels, 1)
        self.out.weight.data.mul_(0.3)

    def forward(self, x: Tensor) -> Tensor:
        """Shape (N, C, H, W) -> the same."""
        n, c, h, w = x.shape
        q, k, v = self.qkv(self.norm(x)).reshape(n, 3, self.heads, c // self.heads, h * w).transpose(-1, -2).unbind(1)
        # Written out: PyTorch's fused attention is slow to differentiate in bfloat16 on a CPU.
        seen = (q @ k.transpose(-1, -2) * (c // self.heads) ** -0.5).softmax(-1) @ v
        out: Tensor = x + self.out(seen.transpose(-1, -2).reshape(n, c, h, w))
        return out


class Decoder(nn.Module):
    """Features, hints and an optional ab histogram -> scores over the ab bins at stride 8.

    ``widths`` are the channels at strides 8, 16 and 32, ``depths`` the numbers of blocks.
    """

    def __init__(
        self,
        features: tuple[int, int, int],
        widths: tuple[int, int, int] = (128, 192, 256),
        depths: tuple[int, int, int] = (4, 3, 3),
    ) -> None:
        super().__init__()
        bins = len(ab_bins())
        self.lateral = nn.ModuleList(nn.Conv2d(c, w, 1) for c, w in zip(features, widths, strict=True))
        self.hint = nn.ModuleList(nn.Conv2d(3, w, 3, padding=1) for w in widths)
        self.down = nn.ModuleList(nn.Conv2d(a, b, 1) for a, b in ((widths[1], widths[0]), (widths[2], widths[1])))
        self.blocks = nn.ModuleList(
            nn.Sequential(*(Block(w, k, 4) for _ in range(d)))
            for w, d, k in zip(widths, depths, (3, 5, 5), strict=True)
        )
        self.attention = Attention(widths[1], heads=4)
        self.context = nn.Sequential(nn.Linear(widths[2] + bins + 1, 256), nn.ReLU(), nn.Linear(256, sum(widths)))
        self.widths = list(widths)
        self.norm = nn.BatchNorm2d(widths[0])
        self.scores = nn.Conv2d(widths[0], bins, 1)

    def forward(self, f8: Tensor, f16: Tensor, f32: Tensor, hints: Tensor, histogram: Tensor) -> Tensor:
        """Scores (N, 261, h, w), unnormalised log-probabilities.

        f8, f16, f32: the encoder's features. hints: (N, 3, h, w) at stride 8: a* and b* where the mask, the third channel
        in [0, 1], is above 0, else 0. histogram: (N, 262): shares of the ab bins that sum to 1, then 1; or all 0: not given.
        """
        scale = hints.new_tensor([1 / AB_SCALE, 1 / AB_SCALE, 1.0]).reshape(1, 3, 1, 1)
        h8 = hints * scale
        h16, h32 = _pooled(h8, 2), _pooled(h8, 4)
        top = self.lateral[2](f32) + self.hint[2](h32)
        glance = torch.cat([top.mean((2, 3)), histogram * 10.0], dim=1)
        c8, c16, c32 = (c[:, :, None, None] for c in self.context(glance).split(self.widths, dim=1))
        x = self.blocks[2](top + c32)
        x = _doubled(self.down[1](x)) + self.lateral[1](f16) + self.hint[1](h16) + c16
        x = self.blocks[1](self.attention(x))
        x = _doubled(self.down[0](x)) + self.lateral[0](f8) + self.hint[0](h8) + c8
        out: Tensor = self.scores(functional.relu(self.norm(self.blocks[0](x))))
        return out


def _doubled(x: Tensor) -> Tensor:
    return functional.interpolate(x, scale_factor=2.0, mode="nearest")


def _pooled(hints: Tensor, by: int) -> Tensor:
    """Hints on a coarser grid: the mean colour of the hinted cells, and the share of hinted cells made visible."""
    mask = functional.avg_pool2d(hints[:, 2:], by)
    ab = functional.avg_pool2d(hints[:, :2] * hints[:, 2:], by) / (mask + 1e-6)
    return torch.cat([ab, (mask * by).clamp(max=1.0)], dim=1)


class PhotochromNet(nn.Module):
    """Encoder and decoder together, for training."""

    def __init__(self, variant: str = "lite0", state: dict[str, Tensor] | None = None) -> None:
        super().__init__()
        self.encoder = LiteEncoder(variant, state)
        self.decoder = Decoder(self.encoder.channels)

    def forward(self, lightness: Tensor, hints: Tensor, histogram: Tensor) -> Tensor:
        """Lightness (N, 1, H, W) in [0, 100], hints and histogram as in :class:`Decoder` -> scores (N, 261, H/8, W/8)."""
        out: Tensor = self.decoder(*self.encoder(lightness), hints, histogram)
        return out

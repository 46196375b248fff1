"""The parts of the default model: depthwise convolution, residual block, attention, grids made finer and coarser."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["Attention", "Block", "DepthwiseConv", "doubled", "pooled_hints"]


class DepthwiseConv(nn.Conv2d):
    """A depthwise convolution that stays in float32 under autocast on a CPU.

    oneDNN's bfloat16 backward pass is slower than its float32 one for 5x5 and strided depthwise kernels, so mixed
    precision would slow training down just there.
    """

    def forward(self, input: Tensor) -> Tensor:
        """Shape (N, C, H, W) -> (N, C, H', W')."""
        if input.device.type == "cpu" and torch.is_autocast_enabled("cpu"):
            with torch.autocast("cpu", enabled=False):
                return super().forward(input.float())
        return super().forward(input)


class Block(nn.Module):
    """Residual block: depthwise ``kernel`` x ``kernel``, batch norm, 1x1 to ``expand`` times the channels, ReLU, back."""

    def __init__(self, channels: int, kernel: int, expand: int) -> None:
        super().__init__()
        conv = DepthwiseConv if kernel > 3 else nn.Conv2d
        self.spread = conv(channels, channels, kernel, padding=kernel // 2, groups=channels, bias=False)
        self.norm = nn.BatchNorm2d(channels)
        self.grow = nn.Conv2d(channels, channels * expand, 1)
        self.shrink = nn.Conv2d(channels * expand, channels, 1)
        nn.init.zeros_(self.shrink.bias)  # type: ignore[arg-type]  # it has one
        self.shrink.weight.data.mul_(0.3)

    def forward(self, x: Tensor) -> Tensor:
        """Shape (N, C, H, W) -> the same."""
        out: Tensor = x + self.shrink(functional.relu(self.grow(self.norm(self.spread(x)))))
        return out


class Attention(nn.Module):
    """Residual multi-head self-attention over all places (no position code, so that it works at any size).

    pool: keys and values are means over pool x pool places, so that memory stays small on large grids, whose sides must be
    multiples of it.
    """

    def __init__(self, channels: int, heads: int, pool: int = 1) -> None:
        super().__init__()
        self.heads, self.pool = heads, pool
        self.norm = nn.BatchNorm2d(channels)
        self.qkv = nn.Conv2d(channels, channels * 3, 1)
        self.out = nn.Conv2d(channels, channels, 1)
        self.out.weight.data.mul_(0.3)

    def forward(self, x: Tensor) -> Tensor:
        """Shape (N, C, H, W) -> the same."""
        n, c, h, w = x.shape
        q, *kv = self.qkv(self.norm(x)).split(c, 1)
        if self.pool > 1:
            kv = [functional.avg_pool2d(part, self.pool) for part in kv]
        q, k, v = (part.reshape(n, self.heads, c // self.heads, -1).transpose(-1, -2) for part in (q, *kv))
        # Written out: PyTorch's fused attention is slow to differentiate in bfloat16 on a CPU.
        seen = (q @ k.transpose(-1, -2) * (c // self.heads) ** -0.5).softmax(-1) @ v
        out: Tensor = x + self.out(seen.transpose(-1, -2).reshape(n, c, h, w))
        return out


def doubled(x: Tensor) -> Tensor:
    """Shape (N, C, H, W) -> (N, C, 2 H, 2 W), each value four times."""
    return functional.interpolate(x, scale_factor=2.0, mode="nearest")


def pooled_hints(hints: Tensor, by: int) -> Tensor:
    """Hints (N, 3, h, w), ``by`` times as coarse: mean colour of the hinted cells, and the share of them made visible."""
    if by == 1:
        return hints
    mask = functional.avg_pool2d(hints[:, 2:], by)
    ab = functional.avg_pool2d(hints[:, :2] * hints[:, 2:], by) / (mask + 1e-6)
    return torch.cat([ab, (mask * by).clamp(max=1.0)], dim=1)

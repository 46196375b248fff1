"""The baseline CNN of Chandalwar et al., section 3.2.1: eight 3x3 convolutions, two strides down, two up-samplings.

The paper prints the output shape and the number of parameters of every layer, 231,682 in all. It does not
give the activations: here ReLU, and for the last layer tanh on ab / 128, as in its other network (section 3.2.2).
"""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn

__all__ = ["CnnBaseline", "convolution"]

#: What -1 and 1 of a tanh stand for, in units of a* and b* ("the range -128 to 127", section 3.2.2).
AB_SCALE = 128.0


def convolution(inputs: int, kernels: int, stride: int = 1) -> nn.Sequential:
    """A 3x3 convolution and ReLU."""
    return nn.Sequential(nn.Conv2d(inputs, kernels, 3, stride, padding=1), nn.ReLU())


class CnnBaseline(nn.Module):
    """Lightness (N, 1, H, W), L* in [0, 100], H and W multiples of 4 -> ab (N, 2, H, W) in (-128, 128)."""

    output: Literal["ab", "ab-bins"] = "ab"
    stride = 1
    multiple = 4
    work_size = 256

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            convolution(1, 32),
            convolution(32, 32, stride=2),
            convolution(32, 64),
            convolution(64, 64, stride=2),
            convolution(64, 128),
            nn.Upsample(scale_factor=2.0, mode="nearest"),
            convolution(128, 64),
            nn.Upsample(scale_factor=2.0, mode="nearest"),
            convolution(64, 32),
            nn.Sequential(nn.Conv2d(32, 2, 3, padding=1), nn.Tanh()),
        )

    def forward(self, lightness: Tensor) -> Tensor:
        """Colour; see the class for shapes and ranges."""
        ab: Tensor = self.layers(lightness / 50 - 1) * AB_SCALE
        return ab

"""The convolutions of VGG-16 as an encoder of lightness, for the systems of Colourify and Zaman."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from photochrom.errors import CheckpointError
from photochrom.nets.vgg_weights import BLOCKS, read_vgg16

__all__ = ["AB_SCALE", "VggFeatures", "he_init", "last_conv", "load_vgg16", "up_conv"]

#: The papers divide ab by this, so that targets lie in [-1, 1] (Zaman, "Implementation").
AB_SCALE = 128.0


class VggFeatures(nn.Module):
    """Lightness (N, 1, H, W), L* in [0, 100] -> the outputs of the five blocks (strides 1 to 16) and pool5 (stride 32).

    channels: what the first layer takes; 1: one channel, pretrained kernels summed over colour; 3: the lightness thrice.
    batch_norm: batch normalisation after every max pooling. pretrained: see :func:`photochrom.nets.vgg_weights.read_vgg16`;
    None: random weights (He et al. 2015).

    The lightness enters as an 8-bit value of 0..255 less 128 and divided by 128. The mean and scale that pretrained weights
    want are folded into the first layer: inside the picture its answer is exactly theirs for R = G = B = 2.55 L*.
    """

    def __init__(self, *, channels: int = 1, batch_norm: bool = False, pretrained: str | Path | None = None) -> None:
        super().__init__()
        self.channels = channels
        blocks = []
        before = channels
        for widths in BLOCKS:
            layers: list[nn.Module] = []
            for width in widths:
                layers += [nn.Conv2d(before, width, 3, padding=1), nn.ReLU()]
                before = width
            blocks.append(nn.Sequential(*layers))
        self.blocks = nn.ModuleList(blocks)
        norms = (nn.BatchNorm2d(widths[-1]) if batch_norm else nn.Identity() for widths in BLOCKS)
        self.norms = nn.ModuleList(norms)
        he_init(self)
        if pretrained is not None:
            passed = chain.from_iterable((*block.children(), nn.MaxPool2d(2)) for block in self.blocks)
            load_vgg16(passed, pretrained, scale=128, offset=128)

    def forward(self, lightness: Tensor) -> tuple[list[Tensor], Tensor]:
        """Encode; channels 64, 128, 256, 512, 512, and 512 of pool5."""
        x = (lightness * 2.55 - 128) / 128
        x = x.expand(-1, self.channels, -1, -1)
        found = []
        for block, norm in zip(self.blocks, self.norms, strict=True):
            found.append(block(x))
            x = norm(functional.max_pool2d(found[-1], 2))
        return found, x


@torch.no_grad()
def load_vgg16(layers: Iterable[nn.Module], source: str | Path, *, scale: float, offset: float) -> None:
    """Put VGG-16's thirteen convolutions into those among ``layers``, which are passed through in order.

    source: see :func:`photochrom.nets.vgg_weights.read_vgg16`. The layers take x where VGG-16 takes R = G = B =
    ``scale * x + offset``, of 0..255: this and the mean and scale that the weights want are folded into the first layer.
    Raises CheckpointError.

    ReLU networks are positively homogeneous, so each layer's output may be scaled by a constant of its own without
    changing the features. The constants make the outputs for a fixed 1/f pattern (whose spectrum is a photograph's) have
    a standard deviation of 1; in Caffe's weights it falls from about 60 to 5 on the way, too much for a new decoder.
    """
    weights = read_vgg16(source)
    (kernel, bias), *others = weights.layers
    mean, std = (torch.tensor(values).reshape(1, 3, 1, 1) for values in (weights.mean, weights.std))
    bias = bias + (kernel * (offset - mean) / std).sum((1, 2, 3))
    kernel = kernel * scale / std
    x, total = _pattern(), torch.ones(())
    loaded = iter([(kernel, bias), *others])
    for layer in layers:
        if not isinstance(layer, nn.Conv2d):
            x = layer(x)
            continue
        kernel, bias = next(loaded)
        if layer.in_channels == 1 and kernel.shape[1] == 3:
            kernel = kernel.sum(1, keepdim=True)
        x = x.expand(-1, layer.in_channels, -1, -1)
        layer.weight.copy_(kernel)
        layer.bias.copy_(bias / total)  # type: ignore[union-attr]  # they all have one
        x = layer(x)
        spread = x.relu().std()
        if not spread > 0:
            raise CheckpointError("a layer of these weights answers nothing to any picture", source)
        layer.weight.div_(spread)
        layer.bias.div_(spread)  # type: ignore[union-attr]
        x, total = x / spread, total * spread


def _pattern(side: int = 128) -> Tensor:
    """1/f noise in about [-1, 1], (1, 1, side, side), the same every time: random grids of all sizes, enlarged and added."""
    rng = torch.Generator().manual_seed(0)
    grids = [torch.randn(1, 1, side >> octave, side >> octave, generator=rng) for octave in range(7)]
    noise = sum(functional.interpolate(grid, (side, side), mode="bilinear") for grid in grids)
    return (noise / noise.std() / 2).clamp(-1, 1)  # type: ignore[union-attr]  # the sum is no int: there are grids


def he_init(module: nn.Module) -> None:
    """He et al. 2015 for every convolution in ``module``: normal with variance 2 / fan-in, biases 0."""
    for conv in module.modules():
        if isinstance(conv, nn.Conv2d):
            nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")
            nn.init.zeros_(conv.bias)  # type: ignore[arg-type]  # they all have one


def up_conv(before: int, after: int) -> nn.Sequential:
    """One step of a decoder: nearest-neighbour up-sampling by 2, 3x3 convolution, ReLU."""
    conv = nn.Sequential(nn.Upsample(scale_factor=2), nn.Conv2d(before, after, 3, padding=1), nn.ReLU())
    he_init(conv)
    return conv


def last_conv(before: int, after: int) -> nn.Conv2d:
    """The 3x3 convolution at the end of a decoder; its small weights let training start near grey, not in tanh's tails."""
    conv = nn.Conv2d(before, after, 3, padding=1)
    conv.weight.data.mul_(0.1)
    return conv

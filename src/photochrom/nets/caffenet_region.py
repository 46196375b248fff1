"""The modified CaffeNet of Srivastava et al. (section 3.2, figure 2), which colours the background from a learned prior.

From the paper: CaffeNet's convolutions and pools, "but instead of using huge convolution kernels, they switched to
multiple convolution kernels with a size of 3x3"; residual structure, a "hop connection" round the convolutions; average
pooling, the mean "substituted for all of the original features"; "a bias unit is still added following each convolutional
process"; "train the classifier using these feature graphs", a "color-based categorization". Figure 2 is not in the text.

So here: conv1 to conv5 with CaffeNet's channels; conv1 (11x11, stride 4) and conv2 (5x5) become several 3x3 ones, those of
equal channels residual; every pool averages. The fully connected layers are dropped, so that the classifier gives scores at every
place, and its classes are the 313 ab bins. pool1 and pool2 halve as in CaffeNet, conv1 halves once and pool5 keeps the grid: a
cell of 8 pixels. CaffeNet's local response normalisation is dropped as well; the residual branches start small in its place.

Row ``caffenet-region-vgg`` has in place of conv1 to conv4 those of VGG-16 (:class:`CaffenetRegionVgg`): stacks of 3x3 kernels, as
the paper wants them, which have learnt to see.

The constants below are the paper's training settings (section 4). The schedule is described as "the updated weight is 0.1;
the updated weight attenuation system is 0.0002", after rate and weight decay: read here as an inverse-time decay of the rate
by 0.0002 per iteration that ends at 0.1 of it (:func:`rate_factor`). A momentum is not named.
"""

from __future__ import annotations

from itertools import chain
from pathlib import Path
from typing import Literal

from torch import Tensor, nn
from torch.nn import functional

from photochrom.color import nearest_ab_bins
from photochrom.nets.vgg_features import he_init, load_vgg16
from photochrom.nets.vgg_weights import BLOCKS

__all__ = ["BATCH", "ITERATIONS", "RATE", "WEIGHT_DECAY", "CaffenetRegion", "CaffenetRegionVgg", "rate_factor"]

#: Stochastic gradient descent: pictures in a batch, first learning rate, weight decay, most iterations.
BATCH, RATE, WEIGHT_DECAY, ITERATIONS = 50, 0.02, 1e-4, 10_000
#: Decay of the learning rate per iteration, and the share of it that is always left.
RATE_DECAY, LEAST_RATE = 2e-4, 0.1


def rate_factor(iteration: float) -> float:
    """What the first learning rate is multiplied by at an iteration of the paper's 10,000: 1 down to 1/3.

    A run of other length asks at ``done * ITERATIONS``, with ``done`` the share of its steps in [0, 1].
    """
    return max(LEAST_RATE, 1 / (1 + RATE_DECAY * iteration))


class _Residual(nn.Module):
    """Two 3x3 convolutions and a hop connection round them."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = _convolution(channels, channels)
        self.second = _convolution(channels, channels)
        self.second.weight.data.mul_(0.1)

    def forward(self, x: Tensor) -> Tensor:
        """Shape (N, C, H, W) -> the same."""
        return functional.relu(x + self.second(functional.relu(self.first(x))))


def _convolution(inputs: int, kernels: int, stride: int = 1) -> nn.Conv2d:
    conv = nn.Conv2d(inputs, kernels, 3, stride, padding=1)
    nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")
    nn.init.zeros_(conv.bias)  # type: ignore[arg-type]  # it has one
    return conv


def _pool(stride: int) -> nn.AvgPool2d:
    return nn.AvgPool2d(3, stride, padding=1, count_include_pad=False)


class CaffenetRegion(nn.Module):
    """Lightness (N, 1, H, W), L* in [0, 100], H and W multiples of 8 -> scores (N, 313, H/8, W/8).

    The scores are unnormalised log-probabilities of ``nearest_ab_bins(313)``. ``width`` multiplies the channels of every
    layer but the last; 1 is CaffeNet's.
    """

    output: Literal["ab", "ab-bins"] = "ab-bins"
    stride = 8
    multiple = 8
    work_size = 256

    def __init__(self, *, width: float = 1.0) -> None:
        super().__init__()
        c1, c2, c3, c5 = (round(channels * width) for channels in (96, 256, 384, 256))
        self.conv1 = nn.Sequential(_convolution(1, c1, stride=2), nn.ReLU(), _Residual(c1), _pool(2))
        self.conv2 = nn.Sequential(_convolution(c1, c2), nn.ReLU(), _Residual(c2), _pool(2))
        self.conv3 = nn.Sequential(_convolution(c2, c3), nn.ReLU())
        self.conv4 = _Residual(c3)
        self.conv5 = nn.Sequential(_convolution(c3, c5), nn.ReLU(), _Residual(c5), _pool(1))
        self.classifier = nn.Conv2d(c5, len(nearest_ab_bins(313)), 1)

    def forward(self, lightness: Tensor) -> Tensor:
        """Scores; see the class for shapes and ranges."""
        x = (lightness - 50) / 50
        for stage in (self.conv1, self.conv2, self.conv3, self.conv4, self.conv5):
            x = stage(x)
        scores: Tensor = self.classifier(x)
        return scores


class CaffenetRegionVgg(nn.Module):
    """Lightness (N, 1, H, W), L* in [0, 100], H and W multiples of 8 -> scores (N, 313, H/8, W/8), as :class:`CaffenetRegion`.

    conv1 to conv4 are the first four blocks of VGG-16, with average pools between; conv5 and the classifier are the paper's.
    pretrained: their weights ("imagenet" or a file, see :func:`photochrom.nets.vgg_weights.read_vgg16`). Raises CheckpointError.
    """

    output: Literal["ab", "ab-bins"] = "ab-bins"
    stride = 8
    multiple = 8
    work_size = 256

    def __init__(self, *, pretrained: str | Path | None = None) -> None:
        super().__init__()
        stages: list[nn.Module] = []
        inputs = 1
        for number, widths in enumerate(BLOCKS[:4]):
            layers: list[nn.Module] = [nn.AvgPool2d(2)] if number else []
            for width in widths:
                layers += [nn.Conv2d(inputs, width, 3, padding=1), nn.ReLU()]
                inputs = width
            stages.append(nn.Sequential(*layers))
        self.stages = nn.Sequential(*stages)
        he_init(self.stages)
        if pretrained is not None:
            load_vgg16(chain.from_iterable(stage.children() for stage in stages), pretrained, scale=127.5, offset=127.5)
        self.conv5 = nn.Sequential(_convolution(inputs, 256), nn.ReLU(), _Residual(256), _pool(1))
        self.classifier = nn.Conv2d(256, len(nearest_ab_bins(313)), 1)

    def forward(self, lightness: Tensor) -> Tensor:
        """Scores; see the class for shapes and ranges."""
        scores: Tensor = self.classifier(self.conv5(self.stages((lightness - 50) / 50)))
        return scores

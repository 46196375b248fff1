"""Keeping the encoder's sense of things while it learns colours: it must still answer ImageNet's question."""

from __future__ import annotations

from typing import Any

import torch
from timm.models import create_model
from torch import Tensor
from torch.nn import functional

from photochrom.errors import OptionError

__all__ = ["ImageNetAnswers"]


class ImageNetAnswers:
    """The frozen ImageNet classifier, twice: all of it on the colour picture, its head alone on the encoder's features.

    In place of the joint classification of Iizuka et al. 2016, which needs labels: the soft answers on the true colours
    are the target (Hinton et al. 2015), so every picture teaches. The head is ImageNet's own and does not learn. This is
    no module: it belongs neither into the checkpoint nor into the averaged weights. Raises OptionError without ``state``.
    """

    def __init__(self, variant: str, state: dict[str, Tensor] | None) -> None:
        if state is None:
            raise OptionError(
                "pretrained", "nothing", "the encoder's ImageNet weights, because the recipe's classify is above 0"
            )
        self._net: Any = create_model(f"tf_efficientnet_{variant}", pretrained=False).eval().requires_grad_(False)
        self._net.load_state_dict(state, strict=True)
        self._net.to(memory_format=torch.channels_last)

    def answers(self, f32: Tensor) -> Tensor:
        """Logits over the 1,000 classes, (N, 1000), of the encoder's features at stride 32."""
        net = self._net.to(f32.device)
        logits: Tensor = net.classifier(net.global_pool(net.bn2(net.conv_head(f32))))
        return logits

    def loss(self, crops: Tensor, f32: Tensor) -> Tensor:
        """Mean cross-entropy in nats of the answers on ``f32``, the encoder's features at stride 32 of the grey pictures.

        crops: the colour pictures, (N, 3, H, W) sRGB uint8.
        """
        net = self._net.to(crops.device)
        with torch.no_grad():
            image = ((crops.float() - 127) / 128).contiguous(memory_format=torch.channels_last)
            wanted = net(image).float().softmax(1)
        return functional.cross_entropy(self.answers(f32).float(), wanted)

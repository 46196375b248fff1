"""Keeping what the encoder knows of things while it learns colors: ImageNet's encoder is its teacher."""

from __future__ import annotations

from typing import Any

import torch
from timm.models import create_model
from torch import Tensor
from torch.nn import functional

from photochrom.errors import OptionError

__all__ = ["ImageNetTeacher"]


class ImageNetTeacher:
    """The frozen ImageNet classifier: it sees the color picture, and the encoder, which sees the grey one, learns its answers.

    In place of the joint classification of Iizuka et al. 2016, which needs labels: the soft answers on the true colors
    are the target (Hinton et al. 2015), so every picture teaches; so are its features (Romero et al. 2015). The head is
    ImageNet's own and does not learn. This is no module: it belongs neither into the checkpoint nor into the averaged
    weights. Raises OptionError without ``state``.
    """

    def __init__(self, variant: str, state: dict[str, Tensor] | None) -> None:
        if state is None:
            raise OptionError(
                "pretrained", "nothing", "the encoder's ImageNet weights, because the recipe distils them"
            )
        self._net: Any = create_model(f"tf_efficientnet_{variant}", pretrained=False).eval().requires_grad_(False)
        self._net.load_state_dict(state, strict=True)
        self._net.to(memory_format=torch.channels_last)

    def answers(self, f32: Tensor) -> Tensor:
        """Logits over the 1,000 classes, (N, 1000), of features at stride 32."""
        net = self._net.to(f32.device)
        logits: Tensor = net.classifier(net.global_pool(net.bn2(net.conv_head(f32))))
        return logits

    def losses(self, crops: Tensor, f32: Tensor) -> tuple[Tensor, Tensor]:
        """Two losses of ``f32``, the encoder's features at stride 32 of the grey pictures.

        Mean cross-entropy in nats of the answers; and the mean squared distance of the features, in units of each channel's
        variance in the teacher's (1: no better than the teacher's mean). crops: the color pictures, (N, 3, H, W) sRGB uint8.
        """
        net = self._net.to(crops.device)
        with torch.no_grad():
            image = ((crops.float() - 127) / 128).contiguous(memory_format=torch.channels_last)
            seen = net.blocks(net.bn1(net.conv_stem(image))).float()
            wanted = self.answers(seen).float().softmax(1)
            variance = seen.var((0, 2, 3), keepdim=True)
        distance = ((f32.float() - seen).square() / (variance + 1e-3)).mean()
        return functional.cross_entropy(self.answers(f32).float(), wanted), distance

"""Robles and Budach: the profile predictor, "a convolution network with some flattened and dense layers at the end"."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from photochrom.errors import OptionError

__all__ = ["ProfileCNN"]

#: The predictor looks at pictures of this side, as the paper's did (Tiny ImageNet): its dense layers fix the size.
SIDE = 64


class ProfileCNN(nn.Module):
    """Lightness (N, 1, H, W), any size -> scores (N, profiles), unnormalised log-probabilities of the colour profiles.

    The loss is categorical cross-entropy, the trainer's. Layers are ours: four 3x3 convolutions with batch normalisation,
    ReLU and max pooling, then flattened into a dense layer of 128 and one of ``profiles``. Other sizes than 64 x 64 are
    resized bilinearly first. dropout: its rate before the last layer. Raises OptionError.
    """

    def __init__(self, profiles: int = 4, *, width: int = 32, dropout: float = 0.3) -> None:
        super().__init__()
        if profiles < 2:
            raise OptionError("profiles", profiles, "2 or more")
        layers: list[nn.Module] = []
        before = 1
        for after in (width, 2 * width, 2 * width, 4 * width):
            conv = nn.Conv2d(before, after, 3, padding=1, bias=False)
            layers += [conv, nn.BatchNorm2d(after), nn.ReLU(), nn.MaxPool2d(2)]
            before = after
        self.convolutions = nn.Sequential(*layers)
        places = (SIDE // 16) ** 2
        self.dense = nn.Sequential(
            nn.Flatten(), nn.Linear(before * places, 128), nn.ReLU(), nn.Dropout(dropout), nn.Linear(128, profiles)
        )

    def forward(self, lightness: Tensor) -> Tensor:
        """L* in [0, 100] -> scores."""
        small = functional.interpolate(lightness / 50 - 1, (SIDE, SIDE), mode="bilinear", align_corners=False)
        out: Tensor = self.dense(self.convolutions(small))
        return out

"""Robles and Budach: ``unet-profiled``, the combined model. A predictor names the colour profile, that profile's U-Net paints."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import torch
from torch import Tensor, nn

from photochrom.errors import CheckpointError, OptionError
from photochrom.nets.profile_cnn import ProfileCNN
from photochrom.nets.state_file import read_state
from photochrom.nets.unet import UNet

__all__ = ["PREDICT", "ProfiledUNet"]

#: In place of a profile's number: the predictor chooses.
PREDICT = -1


class ProfiledUNet(nn.Module):
    """Lightness (N, 1, H, W), and profiles (N,) or none -> ab (N, 2, H, W) of the U-Net of each picture's profile.

    In training the true profiles are given, so that each U-Net learns from its own pictures; ``predict`` has the scores for
    the predictor's cross-entropy. pretrained: a ``unet-rare`` from which every profile starts, a file of its state
    (.safetensors, .pth) that fits strictly; None: random weights. (The paper found its profiles' shares of the data too
    small to train on alone.) Raises OptionError, CheckpointError.
    """

    output: Literal["ab", "ab-bins"] = "ab"
    stride: int = UNet.stride
    multiple: int = UNet.multiple
    work_size: int = UNet.work_size

    def __init__(self, *, profiles: int = 4, width: int = 16, pretrained: str | Path | None = None) -> None:
        super().__init__()
        self.profiles = profiles
        self.predictor = ProfileCNN(profiles)
        self.colorizers = nn.ModuleList(UNet(width=width) for _ in range(profiles))
        if pretrained is not None:
            state = read_state(Path(pretrained))
            try:
                for net in self.colorizers:
                    net.load_state_dict(state, strict=True)
            except RuntimeError as error:
                raise CheckpointError(f"not the weights of a unet of width {width} ({error})", pretrained) from error

    def predict(self, lightness: Tensor) -> Tensor:
        """Scores (N, profiles) of the colour profiles of lightness (N, 1, H, W)."""
        scores: Tensor = self.predictor(lightness)
        return scores

    def forward(self, lightness: Tensor, profile: Tensor | None = None) -> Tensor:
        """L* in [0, 100] -> ab in a*b* units. profile: int64 (N,), 0 to profiles - 1, or -1: predict; None: all -1.

        Raises OptionError for another profile. While it is exported to ONNX every U-Net paints every picture and one is
        chosen, for a traced graph has no branches; otherwise each picture goes through one U-Net.
        """
        if profile is None:
            profile = torch.full_like(lightness[:, 0, 0, 0], PREDICT).long()
        if torch.onnx.is_in_onnx_export():
            chosen = torch.where(profile < 0, self.predict(lightness).argmax(1), profile)
            painted = torch.stack([net(lightness) for net in self.colorizers], 1)
            mask = chosen[:, None] == torch.arange(self.profiles, device=chosen.device)
            return (painted * mask[:, :, None, None, None]).sum(1)
        if bool(((profile < PREDICT) | (profile >= self.profiles)).any()):
            raise OptionError("profile", profile.tolist(), f"0 to {self.profiles - 1}, or {PREDICT} to predict it")
        if bool((profile == PREDICT).any()):
            profile = torch.where(profile == PREDICT, self.predict(lightness).argmax(1), profile)
        ab = lightness.new_empty(len(lightness), 2, *lightness.shape[2:])
        for number in sorted(set(profile.tolist())):
            (rows,) = torch.where(profile == number)
            ab = ab.index_copy(0, rows, self.colorizers[number](lightness[rows]).to(ab.dtype))
        return ab

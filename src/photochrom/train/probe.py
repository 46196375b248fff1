"""What the encoder knows of things, seen through grey: a linear probe on its pooled features.

A linear classifier is fitted to the mean features at stride 32 of labelled pictures and asked about others (Alain and Bengio
2016; protocol of the project: twenty ImageNet classes, 224 px, standardized features, logistic regression with C = 0.05).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from photochrom.color import lightness
from photochrom.nets.imagenet import wordnet_id
from photochrom.train.picture_store import PictureStore, split_share

__all__ = ["LinearProbe"]

#: The classes of Imagenette and Imagewoof, by WordNet id.
CLASSES = (
    *("n01440764", "n02102040", "n02979186", "n03000684", "n03028079"),
    *("n03394916", "n03417042", "n03425413", "n03445777", "n03888257"),
    *("n02086240", "n02087394", "n02088364", "n02089973", "n02093754"),
    *("n02096294", "n02099601", "n02105641", "n02111889", "n02115641"),
)
SIDE = 224
#: Of each class so many pictures are seen, and this share of them is fitted to.
PICTURES, FITTED = 70, 0.7


class LinearProbe:
    """Labelled grey pictures of a store, and the accuracy of a linear probe on an encoder's features of them.

    ``len(probe.labels)`` is 0 where the store has too few classes to probe with.
    """

    def __init__(self, store: PictureStore) -> None:
        found: dict[str, list[tuple[float, int]]] = {name: [] for name in CLASSES}
        for index, entry in enumerate(store.entries):
            name = wordnet_id(entry.path)
            if name in found and "#" not in entry.path:
                found[name].append((split_share(entry.path), index))
        kept = {name: sorted(rows)[:PICTURES] for name, rows in found.items() if len(rows) >= PICTURES // 2}
        self.labels = np.array([name for name, rows in kept.items() for _ in rows] if len(kept) > 1 else [])
        indices = [index for rows in kept.values() for _, index in rows] if len(kept) > 1 else []
        self._grey = np.empty((len(indices), SIDE, SIDE), np.uint8)
        for row, index in enumerate(indices):
            light = cv2.resize(lightness(store[index]), (SIDE, SIDE), interpolation=cv2.INTER_AREA)
            self._grey[row] = np.clip(light * 2.55 + 0.5, 0, 255)

    def accuracy(self, encode: Callable[[Tensor], Any]) -> float:
        """Share of right answers in percent, 0 to 100.

        encode: lightness (N, 1, 224, 224) in [0, 100] -> features, of which the last, (N, C, 7, 7), are probed.
        """
        from sklearn.linear_model import LogisticRegression

        pooled = []
        for grey in np.array_split(self._grey, max(1, len(self._grey) // 32)):
            light = torch.from_numpy(grey).float().unsqueeze(1) / 2.55
            with torch.inference_mode():
                pooled.append(encode(light)[-1].float().mean((2, 3)).cpu().numpy())
        features = np.concatenate(pooled)
        order = np.random.default_rng(0).permutation(len(features))
        fitted, asked = np.split(order, [int(FITTED * len(order))])
        mean, deviation = features[fitted].mean(0), features[fitted].std(0) + 1e-6
        features = (features - mean) / deviation
        answers: NDArray[Any] = (
            LogisticRegression(C=0.05, max_iter=1000)
            .fit(features[fitted], self.labels[fitted])
            .predict(features[asked])
        )
        return float(100 * (answers == self.labels[asked]).mean())

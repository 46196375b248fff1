"""Networks that judge pictures, on request: LPIPS, FID, and EfficientNet-Lite2 by two names of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from photochrom.errors import MissingExtraError
from photochrom.evaluate.figures import Figure

__all__ = ["CACHE", "JudgeFiles", "Judges"]

#: In place of a file: the weights that lie in torch's cache.
CACHE = Path("cache")

_LPIPS = Figure("lpips", "LPIPS", "", "lower", 4, "AlexNet, version 0.1 (Zhang 2018), by torchmetrics", headline=True)
_SEMANTIC = Figure(
    "semantic",
    "semantic test",
    "%",
    "higher",
    1,
    "top-1 accuracy of EfficientNet-Lite2 on the pictures whose ImageNet class is known (test of Zhang 2016)",
    "own",
    True,
)
_RECOVERED = Figure(
    "semantic_recovered",
    "semantic test, recovered",
    "%",
    "higher",
    0,
    "share of the accuracy lost by taking the colour away that comes back",
    "set",
)
_FRECHET = Figure(
    "frechet_lite2",
    "Fréchet distance, Lite2",
    "",
    "lower",
    2,
    "between features of EfficientNet-Lite2, no FID; it falls with the number of pictures: compare equal numbers only",
    "set",
)
_FID = Figure(
    "fid", "FID", "", "lower", 2, "Inception v3 (Heusel 2017), by torchmetrics; compare equal numbers only", "set"
)


@dataclass(frozen=True)
class JudgeFiles:
    """Files of weights; None: this judge is not asked. :data:`CACHE` takes LPIPS and FID from torch's cache."""

    lpips: Path | None = None
    fid: Path | None = None
    lite2: Path | None = None

    @property
    def figures(self) -> tuple[Figure, ...]:
        """What they add to the figures."""
        lpips = (_LPIPS,) if self.lpips else ()
        fid = (_FID,) if self.fid else ()
        return (*lpips, *fid, *((_FRECHET, _SEMANTIC, _RECOVERED) if self.lite2 else ()))

    @property
    def any(self) -> bool:
        """Whether torch is needed."""
        return any((self.lpips, self.fid, self.lite2))


class Judges:
    """The networks of one process, loaded. Raises WeightsNotFoundError, CheckpointError, MissingExtraError."""

    def __init__(self, files: JudgeFiles) -> None:
        self._lpips: Any = None
        self._inception: Any = None
        self._classifier: Any = None
        if not files.any:
            return
        try:
            import timm  # noqa: F401
            import torch
        except ImportError as error:
            raise MissingExtraError("eval", "LPIPS, FID and the semantic test") from error

        torch.set_num_threads(1)
        if files.lpips or files.fid:
            from photochrom.evaluate.distances import Inception, Lpips

            if files.lpips:
                self._lpips = Lpips(None if files.lpips == CACHE else files.lpips)
            if files.fid:
                self._inception = Inception(None if files.fid == CACHE else files.fid)
        if files.lite2:
            from photochrom.evaluate.perceptual import Classifier

            self._classifier = Classifier(files.lite2)

    def look(
        self, name: str, pictures: Sequence[NDArray[np.uint8]], imagenet: int | None = None
    ) -> tuple[list[dict[str, float]], dict[str, NDArray[np.float32]]]:
        """Figures of each picture, the truth first, and features (M, D) by the key of their Fréchet distance.

        name: the truth's path, which may hold its class as a WordNet id. pictures: sRGB uint8 (h, w, 3), all of one size.
        imagenet: number of the truth's ImageNet class, 0 to 999, where it is known; it wins over the path.
        """
        figures: list[dict[str, float]] = [{} for _ in pictures]
        features: dict[str, NDArray[np.float32]] = {}
        if self._lpips:
            for row, picture in zip(figures[1:], pictures[1:], strict=True):
                row[_LPIPS.key] = self._lpips(pictures[0], picture)
        if self._inception:
            features[_FID.key] = self._inception.features(np.stack(pictures))
        if self._classifier:
            seen = self._classifier.look(np.stack(pictures))
            features[_FRECHET.key] = seen.features
            known = self._classifier.true_class(name) if imagenet is None else imagenet
            for row, answer in zip(figures, seen.classes, strict=True):
                row[_SEMANTIC.key] = np.nan if known is None else 100.0 * float(answer == known)
        return figures, features

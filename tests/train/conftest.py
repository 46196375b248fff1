"""Tiny pictures, and a tiny decoder, so that a run of a few steps takes a second or two."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from skimage import data

from torch_setup import mark_train, one_thread

for needed in ("torch", "timm", "lightning", "onnx", "pyarrow"):
    pytest.importorskip(needed)

__all__ = ["one_thread"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    mark_train(items, Path(__file__).parent)


class Clock:
    """A processor time that passes only where it is told to: in the functions that are slowed."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.now, self._patch = 100.0, patch

    def process_time(self) -> float:
        return self.now

    def slow(self, owner: type, name: str, seconds: float) -> None:
        function = getattr(owner, name)

        def slowed(*given: Any, **named: Any) -> Any:
            self.now += seconds
            return function(*given, **named)

        self._patch.setattr(owner, name, slowed)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of the budgets. Every checkpoint takes 50 seconds of it."""
    from photochrom.train import budget
    from photochrom.train.checkpoint import WholeCheckpointIO

    found = Clock(monkeypatch)
    monkeypatch.setattr(budget, "time", found)
    found.slow(WholeCheckpointIO, "save_checkpoint", 50.0)
    return found


@pytest.fixture(scope="session")
def photographs() -> list[np.ndarray]:
    """Colourful parts of photographs that come with scikit-image, (h, w, 3) uint8, sRGB."""
    cat, cup, face = data.chelsea(), data.coffee(), data.astronaut()
    return [
        np.ascontiguousarray(picture[y : y + 120, x : x + 150])
        for picture, corners in (
            (cat, [(0, 0), (90, 120)]),
            (cup, [(100, 200), (250, 400)]),
            (face, [(0, 180), (300, 80)]),
        )
        for y, x in corners
    ]


@pytest.fixture(scope="session")
def folder(photographs: list[np.ndarray], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two sub-folders of PNG files."""
    root = tmp_path_factory.mktemp("photographs")
    for number, picture in enumerate(photographs):
        path = root / ("even" if number % 2 == 0 else "odd") / f"{number}.png"
        path.parent.mkdir(exist_ok=True)
        cv2.imwrite(str(path), picture[..., ::-1])
    return root


@pytest.fixture
def small_decoder(monkeypatch: pytest.MonkeyPatch) -> None:
    """Decoders of a few channels: what is tested with them does not depend on the size."""
    from photochrom.nets.photochrom import Decoder

    monkeypatch.setattr(Decoder.__init__, "__defaults__", ((16, 16, 16), (1, 1, 1)))


@pytest.fixture
def recipe() -> Callable[..., Any]:
    """A recipe for a few steps at 64 pixels, with overrides."""
    from photochrom.train.recipe import Recipe

    def make(**overrides: Any) -> Recipe:
        tiny = {"batch": 2, "steps": 6, "every": 3, "warmup": 2, "sizes": [64], "ema": 0.5, "holdout": 0.3}
        return Recipe(**{**tiny, **overrides})

    return make

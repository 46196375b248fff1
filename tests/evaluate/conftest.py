"""Eight colour photographs in subfolders, and what another program made of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from helpers import data, save

NAMES = tuple(f"{folder}/{number}" for folder in ("people", "things") for number in range(4))


def crops() -> list[NDArray[np.uint8]]:
    """Colour pictures (64, 80, 3), each another part of a photograph."""
    photographs = [data.astronaut(), data.coffee(), data.chelsea(), data.rocket()]
    return [
        np.ascontiguousarray(rgb[y : y + 192 : 3, x : x + 240 : 3])
        for x, y in ((60, 20), (160, 100))
        for rgb in photographs
    ]


@pytest.fixture
def truth(tmp_path: Path) -> Path:
    """The folder ``truth``."""
    for name, rgb in zip(NAMES, crops(), strict=True):
        save(rgb, tmp_path / "truth" / f"{name}.png")
    return tmp_path / "truth"


@pytest.fixture
def theirs(tmp_path: Path) -> Path:
    """The folder ``theirs``: half the colour, other endings, written in another order."""
    for name, rgb in reversed(list(zip(NAMES, crops(), strict=True))):
        grey = rgb.mean(axis=2, keepdims=True)
        save(np.round((rgb + grey) / 2).astype(np.uint8), tmp_path / "theirs" / f"{name}.webp", lossless=True)
    return tmp_path / "theirs"

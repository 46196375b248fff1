"""A photograph is looked at whole and, where it has details to show and the model can use them, closer."""

from __future__ import annotations

from typing import Any, Literal

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from helpers import data
from photochrom import Colorizer
from photochrom.color import rgb_to_lab
from photochrom.errors import OptionError
from photochrom.runtime import Features

pytestmark = pytest.mark.pixels

GREEN, RED = (-40.0, 30.0), (50.0, 30.0)


class Looker:
    """A model that makes the whole green, and one column of cells in the middle of what it sees closer red."""

    name, hints, details, stride, work_size = "looker", False, True, 8, 64
    output: Literal["ab-bins", "ab"] = "ab"

    def __init__(self) -> None:
        self.seen: list[tuple[tuple[int, ...], bool]] = []

    def encode(self, lightness: NDArray[np.float32], overview: Features | None = None) -> Features:
        self.seen.append((lightness.shape, overview is not None))
        return Features((lightness,), *lightness.shape, None if overview is None else overview.arrays)

    def decode(self, features: Features, hints: Any = None, histogram: Any = None) -> NDArray[np.float32]:
        rows, columns = features.height // 8, features.width // 8
        ab = np.broadcast_to(np.reshape(GREEN, (2, 1, 1)), (2, rows, columns)).astype(np.float32)
        if features.overview is not None:
            ab[:, :, columns // 2] = np.reshape(RED, (2, 1))
        return ab


def noise(side: int) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(60, 200, (side, side), np.uint8)


@pytest.mark.parametrize(
    ("picture", "zooms"),
    [
        (noise(400), [2]),
        (noise(150), [2]),
        (noise(100), [1.5]),
        (noise(90), []),
        (cv2.GaussianBlur(noise(400), (0, 0), 12), []),
        (np.full((400, 400), 128, np.uint8), []),
        (cv2.resize(cv2.GaussianBlur(noise(70), (0, 0), 1), (600, 600), interpolation=cv2.INTER_CUBIC), [1.5]),
    ],
    ids=["large", "middling", "small", "tiny", "blurred", "even", "enlarged"],
)
def test_a_photograph_is_looked_at_as_closely_as_it_has_details(picture: NDArray[Any], zooms: list[float]) -> None:
    looker = Looker()
    Colorizer(looker).open(picture)
    assert looker.seen == [((64, 64), False), *(((64 * zoom, 64 * zoom), True) for zoom in zooms)]


def test_fast_is_one_look_and_long_panoramas_take_no_more_memory() -> None:
    for picture, quality in ((noise(400), "fast"), (np.tile(noise(900), (1, 6)), "normal")):
        looker = Looker()
        looker.work_size = 64 if quality == "fast" else 800
        Colorizer(looker, quality=quality).open(picture)
        assert len(looker.seen) == 1
    with pytest.raises(OptionError, match="fast"):
        Colorizer(Looker(), quality="quick")  # type: ignore[arg-type]


def test_what_is_smaller_than_a_cell_of_the_whole_gets_its_color() -> None:
    # One cell of the details is an eighth of the picture's side in 24: narrower than a cell of the whole.
    rgb = Colorizer(Looker()).open(noise(384)).paint().rgb
    lab = rgb_to_lab(cv2.resize(rgb, (24, 24), interpolation=cv2.INTER_AREA) / 255)
    assert lab[:, 12, 1].mean() > 20
    assert lab[:, [0, 6, 9, 15, 18, 23], 1].mean() < -20
    whole = rgb_to_lab(Colorizer(Looker(), quality="fast").open(noise(384)).paint().rgb / 255)
    assert whole[..., 1].max() < 0


def test_the_shipped_model_looks_as_closely_as_its_files_allow(shipped: Colorizer) -> None:
    opened = shipped.open(data.camera())
    assert (opened.details is not None) == shipped.session.details

"""Many hints are spread by what the kernel knows of the photograph at twice the work size, too."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from helpers import data
from photochrom import Colorizer, Hint
from photochrom.edits.places import Spot
from photochrom.session import KernelCells
from photochrom.steering.closer import mean_of
from photochrom.steering.kriging import MANY
from photochrom.steering.process import Level, centres, covariance

pytestmark = pytest.mark.pixels


def cells_of(h: int, w: int, seed: int) -> KernelCells:
    """Cells that are the same everywhere but for their places, so that they may be enlarged without a change."""
    rng = np.random.default_rng(seed)

    def same(*shape: int) -> NDArray[np.float32]:
        return np.ascontiguousarray(np.broadcast_to(rng.normal(size=(2, 1, 1, *shape)), (2, h, w, *shape)), np.float32)

    rulers = rng.uniform(1, 4, (2, 2, 2)).astype(np.float32)
    return KernelCells(same(2, 3), same(2), same(), rulers, 0.8, np.full((h, w), 9.0, np.float32))


def test_the_mean_of_two_kernels_has_the_mean_of_their_covariances() -> None:
    one, other = cells_of(4, 6, 0), cells_of(8, 12, 1)
    light = np.random.default_rng(2).uniform(0, 100, (8, 12)).astype(np.float32)
    places = centres((32, 48), 8)
    found = [Level(cells, 0, light, (32, 48)).points(places) for cells in (one, other, mean_of(one, other))]
    first, second, mean = (covariance(points.left, points) for points in found)
    np.testing.assert_allclose(mean, (first + second) / 2, rtol=1e-4, atol=1e-5)
    assert mean_of(one, other).deviation.shape == (4, 6)  # that of the whole


class Counting:
    """The shipped model; counts what its encoder and kernel see."""

    def __init__(self, session: Any) -> None:
        self._session = session
        self.encoded: list[tuple[int, int]] = []
        self.kernels: list[tuple[int, int]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)

    def encode(self, lightness: NDArray[Any], *more: Any) -> Any:
        self.encoded.append((lightness.shape[0], lightness.shape[1]))
        return self._session.encode(lightness, *more)

    def kernel(self, features: Any, lightness: NDArray[Any], expected: NDArray[Any]) -> Any:
        self.kernels.append((lightness.shape[0], lightness.shape[1]))
        return self._session.kernel(features, lightness, expected)


def hints(count: int) -> list[Hint]:
    rng = np.random.default_rng(0)
    return [Hint((12.0, 8.0), Spot(*rng.uniform(20, 200, 2))) for _ in range(count)]


@pytest.mark.parametrize("side", [220, 900])
def test_many_hints_look_closer_and_few_do_not(side: int) -> None:
    """A small picture is enlarged; of a large one the details were seen already."""
    grey = cv2.cvtColor(cv2.resize(data.astronaut(), (side, side), interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
    session = Counting(Colorizer(threads=1).session)
    opened = Colorizer(session).open(grey)  # type: ignore[arg-type]
    before = len(session.encoded)
    opened.paint(hints=hints(MANY - 1))
    assert session.kernels == [(256, 256)]
    assert len(session.encoded) == before
    for _ in range(2):  # what was seen is kept
        opened.paint(hints=hints(MANY))
        assert session.kernels == [(256, 256), (512, 512)]
    assert len(session.encoded) == before + (side < 512)


def test_a_photograph_with_many_hints_is_given_back_as_soon_as_it_is_closed() -> None:
    """Without waiting for the collector of cycles: a server holds many."""
    opened = Colorizer(threads=1).open(cv2.cvtColor(data.astronaut()[:300, :300], cv2.COLOR_RGB2GRAY))
    opened.paint(hints=hints(MANY))
    gone = weakref.ref(opened)
    gc.disable()
    try:
        del opened
        assert gone() is None
    finally:
        gc.enable()

"""Kriging by the formulas, on cells that are made up; and what users rely on of it in the shipped model."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from skimage import data

from photochrom import Colorizer, Edits, Hint, Hints, Spot
from photochrom.color import rgb_to_lab
from photochrom.session import KernelCells
from photochrom.steering.ask import kriging_of
from photochrom.steering.grids import place
from photochrom.steering.kriging import (
    EXPECTED,
    FAR,
    OBJECT,
    SHADE,
    TONE,
    TONE_HOLDS,
    Kriging,
    Posterior,
    belonging,
)
from photochrom.steering.process import LEAST_NOISE, NOISE_SHARE
from photochrom.steering.spread import spread

pytestmark = pytest.mark.pixels

KERNELS, DIMS = 2, 3


@pytest.fixture
def cells() -> KernelCells:
    rng = np.random.default_rng(0)

    def numbers(*shape: int, scale: float = 1.0, middle: float = 0.0) -> NDArray[np.float32]:
        return (rng.normal(middle, scale, shape)).astype(np.float32)

    return KernelCells(
        numbers(2, 4, 6, KERNELS, DIMS),
        numbers(2, 4, 6, KERNELS, scale=0.3, middle=1.5),
        numbers(2, 4, 6, scale=0.2),
        np.array([[[1.0, 3.0], [2.0, 0.5]], [[4.0, 2.0], [1.0, 1.5]]], np.float32),
        0.8,
        np.abs(numbers(4, 6, scale=10.0)) + 5,
    )


@pytest.fixture
def light() -> NDArray[np.float32]:
    return np.random.default_rng(1).uniform(0, 100, (32, 48)).astype(np.float32)


def plain(light: NDArray[Any]) -> NDArray[np.float32]:
    """Automatic ab: none."""
    return np.zeros((*light.shape, 2), np.float32)


def change(found: Posterior) -> NDArray[np.float32]:
    """All of the correction, decided cell by cell."""
    return found.tone + found.surprise * belonging(found.share)[..., None]


def bilinear(plane: NDArray[Any], y: float, x: float) -> Any:
    """One value between the centres of cells, the border's beyond them."""
    h, w = plane.shape[:2]
    y, x = np.clip(y, 0, h - 1), np.clip(x, 0, w - 1)
    top, left = int(y), int(x)
    below, right = min(top + 1, h - 1), min(left + 1, w - 1)
    upper = plane[top, left] * (1 - x + left) + plane[top, right] * (x - left)
    lower = plane[below, left] * (1 - x + left) + plane[below, right] * (x - left)
    return upper * (1 - y + top) + lower * (y - top)


def by_formula(
    cells: KernelCells,
    light: NDArray[Any],
    places: NDArray[Any],
    wanted: NDArray[Any],
    difference: NDArray[Any],
    automatic: NDArray[Any],
    excess: NDArray[Any],
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Tone, surprise, share, and what is settled of the variance, one pair of places after the other."""
    means = light.reshape(8, 4, 12, 4).mean(axis=(1, 3))

    def at(place: NDArray[Any], level: int) -> tuple[list[NDArray[Any]], NDArray[Any], float]:
        y, x = (place + 0.5) / 8 - 0.5
        tone = bilinear(means, *((place + 0.5) / 4 - 0.5)) / 100
        embedding, scale = bilinear(cells.embedding[level], y, x), bilinear(cells.scale[level], y, x)
        near, alike = cells.rulers[level]
        less, apart = ((TONE_HOLDS["shade"], TONE_HOLDS["places"]), (SHADE, 1))[level]
        vectors = [
            np.array([*embedding[k], *(apart * (place + 0.5) / 32 * near[k]), less * tone * alike[k]])
            for k in range(KERNELS)
        ]
        return vectors, scale, float(bilinear(cells.noise[level], y, x))

    def kernel(one: Any, other: Any) -> float:
        return sum(
            float(np.exp(one[1][k] + other[1][k] - ((one[0][k] - other[0][k]) ** 2).sum() / 2)) for k in range(KERNELS)
        )

    def process(level: int) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]]:
        """Covariances of the hints with noise and without, of the wanted places with them, and of those themselves."""
        hints, asked = [at(place, level) for place in places], [at(place, level) for place in wanted]
        plain = np.array([[kernel(a, b) for b in hints] for a in hints])
        noise = np.diag([np.exp(2 * h[2]) + LEAST_NOISE + NOISE_SHARE * kernel(h, h) for h in hints])
        noise *= (TONE_HOLDS["noise"], 1)[level]
        across = np.array([[kernel(a, b) for b in hints] for a in asked])
        return plain + noise, plain, across, np.array([kernel(a, a) for a in asked])

    doubt = np.array([bilinear(cells.deviation, *((place + 0.5) / 8 - 0.5)) for place in places])
    ratio = np.minimum(TONE, cells.surprise * doubt) / np.linalg.norm(difference, axis=1)
    within = (np.minimum(1, ratio) * np.minimum(1, FAR * ratio) ** 2)[:, None]
    usual = difference * within
    gram, plain, across, prior = process(0)

    def drawn(places: NDArray[Any]) -> NDArray[Any]:
        """From the automatic colours towards the expected ones."""
        return -EXPECTED * np.array([bilinear(excess, *((place + 0.5) / 8 - 0.5)) for place in places])

    told = np.linalg.solve(gram, usual - within * drawn(places))
    settles = np.linalg.solve(gram, within)
    tone = across @ told + np.clip(across @ settles, 0, 1) * drawn(wanted)
    rest = difference - plain @ told - plain @ settles * drawn(places)
    second, _, across_second, _ = process(1)
    share = np.clip(across_second @ np.linalg.solve(second, np.ones(len(rest))), 0, 1)
    before = automatic.reshape(8, 4, 12, 4, 2).mean(axis=(1, 3))

    def own(places: NDArray[Any]) -> NDArray[Any]:
        return np.array([bilinear(before, *((place + 0.5) / 4 - 0.5)) for place in places])

    def spread(said: NDArray[Any]) -> NDArray[Any]:
        """What hints say of a place, by the share of it that holds there; never more than any of them says."""
        found = (across_second @ np.linalg.solve(second, said)) / np.maximum(share, 1e-3)[:, None]
        return np.clip(found, said.min(axis=0), said.max(axis=0))

    surprise = spread(rest + (1 - within) * own(places)) - spread(1 - within) * own(wanted)
    return tone, surprise, share, (across * np.linalg.solve(gram, across.T).T).sum(1) / prior


def test_mean_and_variance_by_the_formulas(cells: KernelCells, light: NDArray[np.float32]) -> None:
    rng = np.random.default_rng(2)
    places, difference = rng.uniform(0, [31, 47], (7, 2)).astype(np.float32), rng.normal(0, 20, (7, 2))
    automatic, excess = rng.normal(0, 20, (32, 48, 2)).astype(np.float32), rng.normal(0, 20, (4, 6, 2))
    found = Kriging(cells, light).posterior(places, difference, automatic, excess.astype(np.float32))
    fine = np.stack(np.meshgrid(np.arange(8) * 4 + 1.5, np.arange(12) * 4 + 1.5, indexing="ij"), -1).reshape(-1, 2)
    coarse = np.stack(np.meshgrid(np.arange(4) * 8 + 3.5, np.arange(6) * 8 + 3.5, indexing="ij"), -1).reshape(-1, 2)
    *expected, _ = by_formula(cells, light, places, fine, difference, automatic, excess)
    *_, settled = by_formula(cells, light, places, coarse, difference, automatic, excess)
    assert found.tone.shape == found.surprise.shape == (8, 12, 2)
    assert found.share.shape == (8, 12)
    for plane, by_pairs in zip((found.tone, found.surprise, found.share), expected, strict=True):
        assert np.abs(plane.reshape(by_pairs.shape) - by_pairs).max() < 0.01 * np.abs(by_pairs).max()
    assert np.abs(found.settled.ravel() - settled).max() < 0.01


def test_nothing_to_correct_changes_nothing_but_settles(cells: KernelCells, light: NDArray[np.float32]) -> None:
    found = Kriging(cells, light).posterior(np.float32([[11.5, 11.5]]), np.zeros((1, 2)), plain(light))
    assert (change(found) == 0).all()
    assert found.settled[1, 1] > 0.5 > found.settled.mean()
    assert 0 <= found.settled.min() <= found.settled.max() <= 1


def test_another_hint_settles_more(cells: KernelCells, light: NDArray[np.float32]) -> None:
    kriging = Kriging(cells, light)
    one = kriging.posterior(np.float32([[8, 8]]), np.zeros((1, 2)), plain(light)).settled
    two = kriging.posterior(np.float32([[8, 8], [20, 40]]), np.zeros((2, 2)), plain(light)).settled
    assert (two >= one - 1e-4).all()
    assert two.mean() > one.mean() + 0.01


def test_materials_say_for_which_light_they_are_right(cells: KernelCells, light: NDArray[np.float32]) -> None:
    kriging = Kriging(cells, light)
    places, difference = np.float32([[8, 8], [20, 40]]), np.array([[60.0, 0], [0, -60]])
    exact = kriging.posterior(places, difference, plain(light), light=np.full(2, np.nan))
    assert exact.meant is exact.follows is None
    found = kriging.posterior(places, difference, plain(light), light=np.array([30.0, np.nan]))
    np.testing.assert_allclose(found.surprise, exact.surprise, atol=1e-3)
    assert found.meant is not None
    assert found.follows is not None
    assert found.meant[2, 2] == pytest.approx(30, abs=0.5)
    assert found.follows[2, 2] > 0.8 > 0.2 > found.follows[5, 10]


def test_the_same_place_twice_is_no_error(cells: KernelCells, light: NDArray[np.float32]) -> None:
    """Contradictory hints at one place: something between them."""
    found = Kriging(cells, light).posterior(np.float32([[8, 8], [8, 8]]), np.array([[30.0, 0], [-10, 0]]), plain(light))
    assert np.isfinite(change(found)).all()
    assert -10 < change(found)[2, 2, 0] < 30


def test_contradictions_make_no_colour_that_none_of_them_says(shipped: Colorizer) -> None:
    opened = shipped.open(np.ascontiguousarray(data.chelsea()))
    opened.paint()
    found = spread(
        opened,
        place(opened, Edits(hints=Hints([Hint.at(263, 70, (41.0, -7.0)), Hint.at(264, 70, (-41.0, 7.0))]))).points,
        plain(opened.work_lightness),
        np.zeros((opened.work_lightness.shape[0] // 8, opened.work_lightness.shape[1] // 8, 2), np.float32),
    )
    assert found is not None
    assert np.hypot(*np.moveaxis(found.ab, -1, 0)).max() < 1.5 * np.hypot(41, 7)


def test_a_picture_of_one_cell() -> None:
    cells = KernelCells(
        np.zeros((2, 1, 1, 1, 2), np.float32),
        np.full((2, 1, 1, 1), 2, np.float32),
        np.full((2, 1, 1), -2, np.float32),
        np.ones((2, 2, 1), np.float32),
        1.0,
        np.full((1, 1), 5, np.float32),
    )
    light = np.full((8, 8), 50, np.float32)
    found = Kriging(cells, light).posterior(np.float32([[3.5, 3.5]]), np.array([[10.0, -5]]), plain(light))
    assert found.tone.shape == (2, 2, 2)
    assert np.abs(change(found) - [10, -5]).max() < 1


def two_halves(processes: list[int], doubt: float) -> KernelCells:
    """32 x 64 pixels, the right half another thing for these processes, one thing for the others."""
    embedding = np.zeros((2, 4, 8, 1, 1), np.float32)
    embedding[processes, :, 4:] = 10
    return KernelCells(
        embedding,
        np.full((2, 4, 8, 1), 2, np.float32),
        np.full((2, 4, 8), -2, np.float32),
        np.full((2, 2, 1), 0.1, np.float32),
        1.0,
        np.full((4, 8), doubt, np.float32),
    )


def test_what_surprises_stays_with_its_object() -> None:
    """The first process knows one picture, the second two halves."""
    cells = two_halves([1], doubt=10)
    light = np.full((32, 64), 50, np.float32)
    kriging, patchy = Kriging(cells, light), plain(light)
    for told, beyond in ((8.0, 8.0), (50.0, 1.6)):
        mean = change(kriging.posterior(np.float32([[16, 8]]), np.array([[told, 0]]), patchy))
        assert np.abs(mean[:, :6, 0] - told).max() < 0.1 * told
        assert np.abs(mean[:, 10:, 0] - beyond).max() < 0.15 * beyond
    # The whole object gets the colour that was said, however uneven the automatic colours were; the rest keeps its own.
    patchy[:, 16:32, 0] = 40
    patchy[:, 48:, 0] = 40
    uneven = patchy[::4, ::4] + change(kriging.posterior(np.float32([[16, 8]]), np.array([[0, -60]]), patchy))
    assert np.abs(uneven[:, :7] - [0, -60]).max() < 6
    assert uneven[:, 13:, 0].min() > 35


def test_hints_tell_how_vivid_the_rest_is() -> None:
    """The processes know two halves; automatic colours are more vivid than the expected ones, below by twice as much."""
    cells = two_halves([0, 1], doubt=20)
    light = np.full((32, 64), 50, np.float32)
    excess = np.zeros((4, 8, 2), np.float32)
    excess[:2, :, 0], excess[2:, :, 0] = 4, 8

    def mean(told: float, strength: float = 1) -> NDArray[np.float32]:
        place, difference = np.float32([[4, 8]]), np.array([[told, 0]])
        return change(Kriging(cells, light).posterior(place, difference, plain(light), excess, [strength]))[..., 0]

    # The expected colour above: nearer to it below, too, where that is twice as far.
    assert np.abs(mean(-4)[1, :6] + 4).max() < 0.5
    assert -8 < mean(-4)[7, :6].min() <= mean(-4)[7, :6].max() < -5
    # The vivid one, confirmed: it remains where it was as vivid.
    assert np.abs(mean(0)[1, :6]).max() < 0.3
    # What does not belong to it keeps its colour.
    assert np.abs(mean(-4)[:, 10:]).max() < 0.1
    # Half a hint says half of it.
    assert np.allclose(mean(-4, 0.5), mean(-4) / 2, atol=0.01)


def photograph() -> NDArray[np.uint8]:
    return np.ascontiguousarray(data.coffee()[:400, 100:500])


def test_a_few_true_colours_bring_the_rest_nearer_to_the_truth(shipped: Colorizer) -> None:
    truth = rgb_to_lab(photograph() / 255.0)
    opened = shipped.open(np.rint(truth[..., 0] * 2.55).astype(np.uint8))
    rng = np.random.default_rng(3)
    hints = [Hint(tuple(truth[y, x, 1:].tolist()), Spot(float(x), float(y))) for y, x in rng.integers(20, 380, (12, 2))]

    def error(given: list[Hint]) -> float:
        result = rgb_to_lab(opened.paint(hints=given).rgb / 255.0)
        return float(((result - truth)[..., 1:] ** 2).mean())

    errors = [error(hints[:count]) for count in (0, 3, 12)]
    assert errors[0] > 1.2 * errors[1] > 1.2 * 1.2 * errors[2]


def test_confidence_rises_where_a_hint_settles_the_colour(shipped: Colorizer) -> None:
    opened = shipped.open(np.ascontiguousarray(photograph()[..., 1]))
    before, after = opened.paint(), opened.paint(hints=[Hint.at(200, 200, "navy")])
    change = after.confidence - before.confidence
    assert (change >= -1e-6).all()
    assert change[16, 16] > 0.1
    assert np.median(change) < 0.5 * change[16, 16]


def test_what_belongs_is_decided() -> None:
    """Half a share is no half a colour; the steps between lie close together."""
    decided = belonging(np.linspace(-0.2, 1.2, 141))
    assert (np.diff(decided) >= 0).all()
    assert (decided[: 20 + round(100 * OBJECT[0])] == 0).all()
    assert (decided[21 + round(100 * OBJECT[1]) :] == 1).all()


class Coarse:
    """Kriging whose cells know an object only to 8 pixels: columns 0 to 31 belong to it, the next two cells half."""

    def posterior(self, places: NDArray[Any], difference: NDArray[Any], automatic: NDArray[Any], *_: Any) -> Posterior:
        h, w = automatic.shape[0] // 4, automatic.shape[1] // 4
        share = np.zeros((h, w), np.float32)
        share[:, :8], share[:, 8:10] = 0.8, 0.5
        surprise = np.zeros((h, w, 2), np.float32) + np.float32(difference[0])
        return Posterior(np.zeros_like(surprise), surprise, share, np.zeros((h // 2, w // 2), np.float32))


@pytest.mark.parametrize("edge", [30, 37])
def test_an_object_ends_where_the_lightness_has_an_edge(
    shipped: Colorizer, edge: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = np.full((256, 256), 60, np.uint8)
    picture[:, edge:] = 170
    opened = shipped.open(picture)
    assert opened.work_lightness.shape == picture.shape
    monkeypatch.setitem(opened._kept, kriging_of, Coarse())
    found = spread(
        opened,
        place(opened, Edits(hints=Hints([Hint.at(10, 128, (45.0, -45.0))]))).points,
        plain(picture),
        np.zeros((32, 32, 2)),
    )
    assert found is not None
    assert np.abs(found.ab[:, : edge - 1] - [45, -45]).max() < 2
    assert np.abs(found.ab[:, edge + 4 :]).max() < 2

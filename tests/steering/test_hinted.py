"""The object head's masks and the kinds of things bound how far the colour of a hint goes."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from helpers import data
from photochrom import Colorizer, Hint
from photochrom.color import rgb_to_lab
from photochrom.edits.hints import Keep
from photochrom.edits.places import Spot
from photochrom.session import KernelCells, Session
from photochrom.steering import hinted
from photochrom.steering.hinted import MOST
from photochrom.steering.kinds import KindsReading, kinds_of, read_kinds
from photochrom.steering.process import Level, centres, covariance

pytestmark = pytest.mark.pixels

Float = NDArray[np.float32]
#: A disc and a like one beside it, on a dark ground.
ROWS, COLUMNS = np.ogrid[:240, :320]
DISC = (ROWS - 120) ** 2 + (COLUMNS - 90) ** 2 < 45**2
OTHER = (ROWS - 120) ** 2 + (COLUMNS - 230) ** 2 < 45**2
LEFT, RIGHT = Spot(90.0, 120.0), Spot(230.0, 120.0)


class Halves:
    """The shipped model with an object head that gives to a click all that is light in its half of the picture."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.prompts: list[Float] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)

    def object_mask(self, features: Any, lightness: Float, prompt: Float) -> Float:
        self.prompts.append(prompt)
        height, width = prompt.shape[1:]
        light = lightness.reshape(height, 4, width, 4).mean(axis=(1, 3)) > 50
        left = np.arange(width) < width / 2
        inside = light & ((prompt[0][:, left].any() & left) | (prompt[0][:, ~left].any() & ~left))
        return np.where(inside, 8.0, -8.0).astype(np.float32)


@pytest.fixture
def picture() -> NDArray[np.uint8]:
    light = np.where(DISC | OTHER, 170, 60) + np.random.default_rng(0).normal(0, 3, DISC.shape)
    return light.clip(0, 255).astype(np.uint8)


@pytest.fixture
def people(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures count as pictures of people, wherever there is no skin."""
    monkeypatch.setattr(hinted, "kinds_of", lambda photo: np.zeros((*photo.grid, 2), np.float32))


@pytest.fixture
def halves(shipped: Colorizer) -> Halves:
    return Halves(shipped.session)


def ab(opened: Any, *hints: Any) -> Float:
    return np.asarray(rgb_to_lab(opened.paint(hints=list(hints)).rgb / 255.0)[..., 1:], np.float32)


def unlikely(opened: Any) -> tuple[tuple[float, float], tuple[float, float]]:
    """Two colours that nobody would expect of the disc: away from its own, and from one another."""
    own = ab(opened)[120, 90]
    angle = np.arctan2(own[1], own[0]) + np.pi
    first, second = ((float(35 * np.cos(angle + turn)), float(35 * np.sin(angle + turn))) for turn in (-0.8, 0.8))
    return first, second


def near(found: Float, wanted: tuple[float, float], mask: NDArray[np.bool_]) -> float:
    return float((np.hypot(*np.moveaxis(found - np.float32(wanted), -1, 0)) < 12)[mask].mean())


@pytest.mark.usefixtures("people")
def test_a_hint_fills_the_object_that_the_head_sees_and_not_a_like_one(
    halves: Halves, picture: NDArray[np.uint8]
) -> None:
    opened = Colorizer(halves).open(picture)  # type: ignore[arg-type]  # what it lacks is the session's
    one, two = unlikely(opened)
    found = ab(opened, Hint(one, LEFT))
    assert near(found, one, DISC) > 0.9
    assert near(found, one, OTHER) < 0.1
    both = ab(opened, Hint(one, LEFT), Hint(two, RIGHT))
    assert near(both, one, DISC) > 0.9
    assert near(both, two, OTHER) > 0.9


@pytest.mark.usefixtures("people")
def test_one_click_asks_the_head_once_and_of_the_others_nothing_is_asked_again(
    halves: Halves, picture: NDArray[np.uint8]
) -> None:
    opened = Colorizer(halves).open(picture)  # type: ignore[arg-type]
    one, two = unlikely(opened)
    opened.paint(hints=[Hint(one, LEFT)])
    assert len(halves.prompts) == 1
    opened.paint(hints=[Hint(one, LEFT), Hint(two, RIGHT)], warmth=0.1)
    assert len(halves.prompts) == 2
    opened.paint(hints=[Hint(one, LEFT), Hint(one, Spot(100.0, 110.0)), Hint(two, RIGHT)])
    assert len(halves.prompts) == 3  # two clicks of one colour are one question
    assert halves.prompts[-1][0].sum() > halves.prompts[0][0].sum()


@pytest.mark.usefixtures("people")
def test_only_hints_that_surprise_and_reach_an_object_ask_the_head(halves: Halves, picture: NDArray[np.uint8]) -> None:
    opened = Colorizer(halves).open(picture)  # type: ignore[arg-type]
    plain, (one, _) = ab(opened)[120, 90], unlikely(opened)
    opened.paint(hints=[Hint((float(plain[0]), float(plain[1])), LEFT)])
    opened.paint(hints=[Hint(one, LEFT, reach="alike")])
    opened.paint(hints=[Hint(one, LEFT, reach="here")])
    assert halves.prompts == []
    opened.paint(hints=[Hint(one, LEFT), Keep(RIGHT)])
    assert len(halves.prompts) == 2


@pytest.mark.usefixtures("people")
def test_many_colours_ask_no_more_than_so_often(halves: Halves, picture: NDArray[np.uint8]) -> None:
    opened = Colorizer(halves).open(picture)  # type: ignore[arg-type]
    turns = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    hints = [Hint((80 * np.cos(t), 80 * np.sin(t)), Spot(12.0 * i + 5, 120.0)) for i, t in enumerate(turns)]
    opened.paint(hints=hints)
    assert len(halves.prompts) <= MOST


def test_kinds_are_read_from_all_strides() -> None:
    rng = np.random.default_rng(0)
    features = [rng.normal(size=(1, n, 8 // s, 12 // s)).astype(np.float32) for n, s in ((3, 1), (2, 2), (4, 4))]
    hidden, weights = rng.normal(size=(5, 9)).astype(np.float32), rng.normal(size=(4, 5)).astype(np.float32)
    hidden_bias, bias = rng.normal(size=5).astype(np.float32), rng.normal(size=4).astype(np.float32)
    shares = read_kinds(features, KindsReading(hidden, hidden_bias, weights, bias))
    assert shares.shape == (8, 12, 4)
    np.testing.assert_allclose(shares.sum(axis=-1), 1, rtol=1e-5)
    corner = np.concatenate([grid[0, :, 0, 0] for grid in features])  # there, nothing is interpolated
    scores = weights @ np.maximum(hidden @ corner + hidden_bias, 0) + bias
    np.testing.assert_allclose(shares[0, 0], np.exp(scores) / np.exp(scores).sum(), rtol=1e-4)


def test_a_face_is_skin_and_a_suit_is_none(shipped: Colorizer) -> None:
    opened = shipped.open(np.ascontiguousarray(data.astronaut().mean(axis=2).astype(np.uint8)))
    shares = kinds_of(opened)
    assert shares is not None
    skin, hair = np.moveaxis(shares, -1, 0)
    rows, columns = skin.shape
    face = np.s_[rows * 70 // 512 : rows * 170 // 512, columns * 195 // 512 : columns * 250 // 512]
    suit = np.s_[rows * 300 // 512 : rows * 400 // 512, columns * 60 // 512 : columns * 200 // 512]
    assert skin[face].mean() > 0.5
    assert skin[suit].mean() < 0.2
    assert hair[suit].mean() < 0.2


def test_faces_in_a_crowd_are_skin(shipped: Colorizer) -> None:
    """Of 36 people, each is too small for a look at the whole; a hint on the clothes of one must not colour faces."""
    one = cv2.resize(
        data.astronaut()[:360, 80:360].mean(axis=2).astype(np.uint8), (128, 128), interpolation=cv2.INTER_AREA
    )
    opened = shipped.open(np.tile(one, (6, 6)))
    shares = kinds_of(opened)
    assert shares is not None
    assert opened.details is not None
    assert shares.shape == (opened.details.height // 8, opened.details.width // 8, 2)
    assert (shares[..., 0] > 0.7).mean() > 0.02
    assert kinds_of(Colorizer(shipped.session, quality="fast").open(np.tile(one, (6, 6)))) is None


def test_a_cat_is_nobody(shipped: Colorizer) -> None:
    """Fur is no hair: a click on a pet would stop at what the reading takes for the hair of a person."""
    cat, table = (picture.mean(axis=2).astype(np.uint8) for picture in (data.chelsea(), data.coffee()))
    table = cv2.resize(table, (320, 240), interpolation=cv2.INTER_AREA)
    assert kinds_of(shipped.open(cat)) is None
    for side in (72, 81, 90, 117, 126):
        seen = table.copy()
        face = cv2.resize(cat[60:260, 120:320], (side, side), interpolation=cv2.INTER_AREA)
        seen[120 - side // 2 :, 160 - side // 2 :][:side, :side] = face
        assert kinds_of(shipped.open(seen)) is None


def test_where_nobody_is_the_head_bounds_no_hint(halves: Halves, picture: NDArray[np.uint8]) -> None:
    opened = Colorizer(halves).open(picture)  # type: ignore[arg-type]
    assert kinds_of(opened) is None
    opened.paint(hints=[Hint(unlikely(opened)[0], LEFT)])
    assert halves.prompts == []


def test_of_another_encoder_no_kinds_are_known(shipped: Colorizer, photo: NDArray[np.uint8]) -> None:
    class Other(Halves):
        def encode(self, lightness: Float, overview: Any = None) -> Any:
            return self._session.encode(100 - lightness, overview)

    opened = Colorizer(Other(shipped.session)).open(photo)  # type: ignore[arg-type]
    assert kinds_of(opened) is None
    opened.paint(hints=[Hint((60.0, -60.0), Spot(40.0, 30.0))])


def test_kinds_and_objects_are_coordinates_of_one_covariance() -> None:
    rng = np.random.default_rng(0)
    cells = KernelCells(
        rng.normal(size=(2, 4, 6, 2, 3)).astype(np.float32),
        rng.normal(1.5, 0.3, (2, 4, 6, 2)).astype(np.float32),
        np.zeros((2, 4, 6), np.float32),
        np.ones((2, 2, 2), np.float32),
        0.8,
        np.ones((4, 6), np.float32),
    )
    light = np.full((8, 12), 50, np.float32)
    kinds = np.zeros((4, 6, 1), np.float32)
    kinds[:, 3:] = 1
    masks = np.zeros((8, 12, 1), np.float32)
    masks[:, :6] = 1
    places = centres((32, 48), 8)
    plain = Level(cells, 1, light, (32, 48)).points(places)
    apart = Level(cells, 1, light, (32, 48), kinds=kinds).points(places)
    knowing = Level(cells, 1, light, (32, 48)).with_objects(masks, 1).points(places)
    first, kinder, known = (covariance(one.left, one) for one in (plain, apart, knowing))
    for one in (kinder, known):
        np.testing.assert_allclose(np.diag(one), np.diag(first), rtol=1e-3)  # a place is as like itself as before
        assert np.linalg.eigvalsh(one.astype(np.float64)).min() > -1e-3 * np.diag(one).max()
    left = places[:, 1] < 20
    right = places[:, 1] > 28
    assert (kinder[left][:, right] < 0.1 * first[left][:, right] + 1e-6).all()
    np.testing.assert_allclose(kinder[left][:, left], first[left][:, left], rtol=1e-3, atol=1e-4)
    inside, across = known[left][:, left] - first[left][:, left], known[left][:, right] - first[left][:, right]
    assert inside.mean() > 2 * across.mean()  # what lies in one object is more alike than what does not
    # A hundred hints say by themselves where colours end.
    many = Level(cells, 1, light, (32, 48)).with_objects(masks, 100).points(places)
    assert abs(covariance(many.left, many) - first).mean() < 0.1 * abs(known - first).mean()


@pytest.mark.usefixtures("people")
def test_a_hint_on_what_has_no_end_does_not_leave_its_object_to_the_others(
    halves: Halves, picture: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ground is no object to the head: a hint on it spreads as without one, and lets the disc's colour go nowhere else."""
    asked = halves.object_mask

    def unsure_of_ground(features: Any, lightness: Float, prompt: Float) -> Float:
        found = asked(features, lightness, prompt)
        return found if (found > 0)[prompt[0] > 0].all() else np.where(prompt[0] > 0, 3.0, -1.5).astype(np.float32)

    monkeypatch.setattr(halves, "object_mask", unsure_of_ground, raising=False)
    opened = Colorizer(halves).open(picture)  # type: ignore[arg-type]
    one, two = unlikely(opened)
    alone, plain = ab(opened, Hint(one, LEFT)), ab(opened)
    both = ab(opened, Hint(one, LEFT), Hint(two, Spot(160.0, 20.0)))
    assert near(both, one, DISC) > 0.9
    assert near(both, one, OTHER) < 0.1
    ground = ~(DISC | OTHER)
    toward = np.float32(one) / np.hypot(*one)
    spilt = ((both - plain) @ toward)[ground].mean() - ((alone - plain) @ toward)[ground].mean()
    assert spilt < 3

"""A click, a box or strokes become an object's mask: with GrabCut, and with an object head that is made here."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from photochrom import Colorizer, Scribble
from photochrom.colorizer import Opened
from photochrom.errors import MaskError
from photochrom.session import Session
from photochrom.steering.grabcut import grab

SIZE = 320, 240
ROWS, COLUMNS = np.ogrid[: SIZE[1], : SIZE[0]]
DISC = (ROWS - 120) ** 2 + (COLUMNS - 100) ** 2 < 50**2
OTHER = (ROWS - 120) ** 2 + (COLUMNS - 250) ** 2 < 30**2


class Headless:
    """A session without an object head and without a kernel, whatever the shipped model has."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)

    def object_mask(self, features: Any, lightness: NDArray[Any], prompt: NDArray[np.float32]) -> Any:
        return None

    def kernel(self, features: Any, lightness: NDArray[Any], expected: NDArray[Any]) -> Any:
        return None


class Head(Headless):
    """Its object head knows where light things are: those that an added cell lies on, and no erased one."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.prompts: list[NDArray[np.float32]] = []

    def object_mask(self, features: Any, lightness: NDArray[Any], prompt: NDArray[np.float32]) -> NDArray[np.float32]:
        self.prompts.append(prompt)
        height, width = prompt.shape[1:]
        light = lightness.reshape(height, 4, width, 4).mean(axis=(1, 3)) > 50
        halves = np.arange(width) < width * 175 / 320
        inside = np.zeros_like(light)
        for half in (halves, ~halves):
            asked = prompt[0] + prompt[4] if prompt[4].any() or prompt[0].any() else prompt[5]
            if (asked * half * light).any() and not (prompt[1] * half * light).any():
                inside |= light & half
        return np.where(inside, 8.0, -8.0).astype(np.float32)


@pytest.fixture(scope="module")
def picture() -> NDArray[np.uint8]:
    light = np.where(DISC | OTHER, 190, 60) + np.random.default_rng(0).normal(0, 3, DISC.shape)
    return light.clip(0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def plain(shipped: Colorizer, picture: NDArray[np.uint8]) -> Opened:
    return Colorizer(Headless(shipped.session)).open(picture)  # type: ignore[arg-type]  # what it lacks is the session's


class WithKernel(Headless):
    """Without an object head, but with the kernel of the shipped model."""

    def kernel(self, features: Any, lightness: NDArray[Any], expected: NDArray[Any]) -> Any:
        return self._session.kernel(features, lightness, expected)


@pytest.fixture(scope="module")
def kernel(shipped: Colorizer, picture: NDArray[np.uint8]) -> Opened:
    session: Any = WithKernel(shipped.session)
    return Colorizer(session).open(picture)


@pytest.fixture
def headed(shipped: Colorizer, picture: NDArray[np.uint8]) -> tuple[Opened, Head]:
    head = Head(shipped.session)
    return Colorizer(head).open(picture), head  # type: ignore[arg-type]  # what it lacks is the session's


def same(mask: NDArray[np.bool_], truth: NDArray[np.bool_]) -> float:
    return float((mask & truth).sum() / (mask | truth).sum())


@pytest.mark.parametrize("ask", [{"box": (40, 60, 160, 180)}, {"scribbles": [Scribble(((100, 120),))]}])
def test_without_a_head_a_box_or_a_click_finds_the_object(plain: Opened, ask: dict[str, Any]) -> None:
    mask = plain.grow(**ask)
    assert mask.shape == SIZE[::-1]
    assert same(mask, DISC) > 0.9
    np.testing.assert_array_equal(mask, plain.grow(**ask))


def test_with_a_kernel_a_click_finds_the_object_and_strokes_edit_it(kernel: Opened) -> None:
    mask = kernel.grow(scribbles=[Scribble(((100, 120),))])
    assert same(mask, DISC) > 0.6
    both = kernel.grow(mask=mask, scribbles=[Scribble(((250, 120),))])
    assert same(both, mask | OTHER) > 0.6
    one = kernel.grow(mask=both, scribbles=[Scribble(((250, 120),), 25, erase=True)])
    assert same(one, mask) > 0.6


@pytest.mark.parametrize("ask", [{"box": (40, 60, 160, 180)}, {"scribbles": [Scribble(((100, 120),))]}])
def test_a_head_is_asked_and_its_cells_get_the_edges_of_the_photograph(
    headed: tuple[Opened, Head], ask: dict[str, Any]
) -> None:
    opened, head = headed
    mask = opened.grow(**ask)
    assert same(mask, DISC) > 0.97
    (prompt,) = head.prompts
    assert prompt[4].any() == ("box" in ask)
    assert prompt[0].any() == ("scribbles" in ask)
    assert not prompt[5:].any()


def test_strokes_edit_a_mask_in_place(headed: tuple[Opened, Head]) -> None:
    opened, _ = headed
    mask = np.zeros(SIZE[::-1], bool)
    mask[5:15, 5:15] = True  # something that no head knows stays
    first = opened.grow(mask=mask, scribbles=[Scribble(((240, 120), (255, 125)), 3)])
    assert first[5:15, 5:15].all()
    assert same(first, OTHER | mask) > 0.9
    second = opened.grow(mask=first, scribbles=[Scribble(((100, 120),), 3)])
    assert same(second, OTHER | DISC | mask) > 0.95
    third = opened.grow(mask=second, scribbles=[Scribble(((250, 120),), 3, erase=True)])
    assert third[5:15, 5:15].all()
    assert same(third, DISC | mask) > 0.95
    assert not mask[20:].any()  # what is given is not changed


def test_what_a_stroke_covers_is_marked_or_not_whatever_else_is_found(plain: Opened) -> None:
    mask = plain.grow((40, 60, 160, 180))
    added = plain.grow(mask=mask, scribbles=[Scribble(((200, 20), (220, 20)), 4)])
    assert added[20, 200:220].all()
    assert (added >= mask).all()
    erased = plain.grow(mask=mask, scribbles=[Scribble(((90, 120), (110, 120)), 4, erase=True)])
    assert not erased[120, 90:110].any()
    assert (erased <= mask).all()


@pytest.mark.parametrize("box", [(5, 5, 5, 9), (-1, 0, 5, 5), (0, 0, 321, 9), (0, 0, 320, 240), (9, 9, 3, 3)])
def test_impossible_boxes(plain: Opened, box: tuple[float, ...]) -> None:
    with pytest.raises(MaskError, match="box"):
        plain.grow(box)


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        ({}, "needs a box, or a click"),
        ({"scribbles": [Scribble(((5, 5),), erase=True)]}, "needs a box, or a click"),
        ({"scribbles": [Scribble(((500, 5),))]}, "outside the picture"),
        ({"mask": np.ones((5, 5), bool), "scribbles": [Scribble(((5, 5),))]}, "shape"),
        ({"mask": np.ones(SIZE[::-1], bool)}, "edited by scribbles"),
    ],
)
def test_impossible_questions(plain: Opened, ask: dict[str, Any], words: str) -> None:
    with pytest.raises(MaskError, match=words):
        plain.grow(**ask)


def test_nothing_stands_out(headed: tuple[Opened, Head]) -> None:
    assert not grab(np.full((120, 160), 50, np.float32), (160, 120), (20, 20, 90, 90)).any()
    with pytest.raises(MaskError, match="stands out in the box"):
        headed[0].grow((160, 5, 200, 40))
    with pytest.raises(MaskError, match="stands out at this place"):
        headed[0].grow(scribbles=[Scribble(((170, 20),), 2)])


def test_a_large_photograph_keeps_its_size(headed: tuple[Opened, Head], picture: NDArray[np.uint8]) -> None:
    opened = headed[0].colorizer.open(np.kron(picture, np.ones((6, 6), np.uint8)))
    mask = opened.grow(scribbles=[Scribble(((600, 720),))])
    assert same(mask, np.kron(DISC, np.ones((6, 6), bool))) > 0.97

"""A reference picture lends its colours where it shows the same things, and nowhere else."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from helpers import data
from photochrom import Colorizer
from photochrom.color import lightness
from photochrom.errors import GreyReferenceError, InvalidPixelsError, OptionError
from photochrom.steering.reference import Reference, Seen, cell_colours, look, make_reference, transfer

pytestmark = pytest.mark.pixels


def seen(colorizer: Colorizer, rgb: NDArray[np.uint8]) -> Seen:
    opened = colorizer.open(rgb)
    return look(opened.features.arrays, opened.work_lightness, stride=opened.colorizer.session.stride)


def lender(colorizer: Colorizer, rgb: NDArray[np.uint8], mask: Any = None) -> Reference:
    cells = seen(colorizer, rgb)
    return make_reference(cells, cell_colours(rgb / 255, cells.shape), mask)


@pytest.fixture(scope="module")
def small() -> Colorizer:
    return Colorizer(threads=1, work_size=128)


PORTRAIT = np.ascontiguousarray(data.astronaut()[:256, 64:320])
MIRRORED = np.ascontiguousarray(PORTRAIT[:, ::-1])
CAT = np.ascontiguousarray(data.chelsea()[20:276, 100:356])


def test_a_mirrored_copy_lends_nearly_the_true_colours(small: Colorizer) -> None:
    target = seen(small, PORTRAIT)
    given = transfer(target, [lender(small, MIRRORED)])
    error = np.hypot(*np.moveaxis(given.ab - cell_colours(PORTRAIT / 255, target.shape), -1, 0))
    chroma = np.hypot(*np.moveaxis(cell_colours(PORTRAIT / 255, target.shape), -1, 0))
    assert np.average(error, weights=given.weight) < 0.5 * chroma.mean()
    assert given.weight.mean() > 0.6


def test_another_picture_is_believed_less(small: Colorizer) -> None:
    target = seen(small, PORTRAIT)
    alike, other = (transfer(target, [lender(small, rgb)]).weight.mean() for rgb in (MIRRORED, CAT))
    assert other < 0.4 * alike


def test_of_several_references_the_alike_one_lends(small: Colorizer) -> None:
    target = seen(small, PORTRAIT)
    both = transfer(target, [lender(small, CAT), lender(small, MIRRORED)])
    one = transfer(target, [lender(small, MIRRORED)])
    assert np.median(np.abs(both.ab - one.ab)) < 3
    assert both.weight.mean() > 0.5


def test_masks_choose_who_takes_and_who_gives(small: Colorizer) -> None:
    target = seen(small, PORTRAIT)
    left = np.zeros(target.shape, bool)
    left[:, :5] = True
    given = transfer(target, [lender(small, MIRRORED)], mask=left, least=1.0)
    assert (given.weight[~left] == 0).all()
    assert (given.weight[left] == 1).all()
    corner = lender(small, MIRRORED, left)
    colours = corner.ab[corner.mask]
    lent = transfer(target, [corner]).ab
    assert (lent.min((0, 1)) >= colours.min(0) - 1e-3).all()
    assert (lent.max((0, 1)) <= colours.max(0) + 1e-3).all()


def test_a_sure_model_is_corrected_less(small: Colorizer) -> None:
    target, reference = seen(small, PORTRAIT), lender(small, MIRRORED)
    sure, unsure = (
        transfer(target, [reference], variance=np.full(target.shape, value)).weight for value in (5.0, 500.0)
    )
    assert (sure < unsure).all()


def test_trust_is_a_dial(small: Colorizer) -> None:
    target, reference = seen(small, PORTRAIT), lender(small, CAT)
    weights = [transfer(target, [reference], trust=trust).weight.mean() for trust in (0.0, 0.5, 0.8, 1.0)]
    assert weights == sorted(weights)
    assert weights[-1] > 2 * weights[1]
    for refused in ({"trust": 1.5}, {"least": -1.0}, {"trust": float("nan")}):
        with pytest.raises(OptionError):
            transfer(target, [reference], **refused)


@pytest.mark.parametrize("trust", [0.8, 0.9, 1.0])
def test_a_full_weight_is_no_more_than_one(small: Colorizer, trust: float) -> None:
    opened = small.open(PORTRAIT)
    weight = transfer(seen(small, PORTRAIT), [lender(small, PORTRAIT)], trust=trust).weight
    assert 0.999 < weight.max() <= 1
    opened.paint(hints=[opened.refer(PORTRAIT, trust=trust)])


def test_weights_are_obeyed_by_mixing(small: Colorizer) -> None:
    target = seen(small, PORTRAIT)
    given = transfer(target, [lender(small, MIRRORED)])
    own = np.full_like(given.ab, 7.0)
    mixed = given.mixed_with(own)
    np.testing.assert_allclose(mixed - own, given.weight[..., None] * (given.ab - own), atol=1e-4)
    sure = given.sure_hints()
    assert set(np.unique(sure[2])) <= {0.0, 1.0}
    assert (sure[:2, sure[2] == 0] == 0).all()
    assert (given.weight[sure[2] == 1] > 0.5).all()
    opened = small.open(PORTRAIT)
    assert small.session.decode(opened.features, sure).shape[1:] == target.shape


@pytest.mark.parametrize("size", [(1, 1), (3, 200), (17, 23)], ids=str)
def test_any_size(small: Colorizer, size: tuple[int, int]) -> None:
    target = seen(small, np.ascontiguousarray(PORTRAIT[: size[0], : size[1]]))
    given = transfer(target, [lender(small, CAT)])
    assert given.ab.shape == (*target.shape, 2)
    assert ((given.weight >= 0) & (given.weight <= 1)).all()


def test_what_is_refused(small: Colorizer) -> None:
    grey = np.repeat(lightness(CAT)[..., None] * 2.55, 3, axis=2).round().astype(np.uint8)
    with pytest.raises(GreyReferenceError, match="choose a colour picture"):
        lender(small, grey)
    target, reference = seen(small, PORTRAIT), lender(small, CAT)
    for refused in (
        lambda: transfer(target, []),
        lambda: transfer(target, [reference], mask=np.zeros(target.shape)),
        lambda: transfer(target, [reference], mask=np.ones((2, 2))),
        lambda: transfer(target, [reference], variance=np.ones((2, 2))),
        lambda: make_reference(target, np.full((*target.shape, 2), np.nan)),
        lambda: make_reference(target, np.ones((3, 3, 2))),
        lambda: look([], np.zeros((8, 8))),
        lambda: look([np.zeros((1, 4, 1, 1))], np.zeros((64, 64))),
    ):
        with pytest.raises(InvalidPixelsError):
            refused()

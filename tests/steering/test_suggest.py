"""Alternatives and suggested clicks: from what the model is unsure of."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from helpers import data
from photochrom import Colorizer, Edits, Hint, Hints
from photochrom.color import ab_bins
from photochrom.errors import InvalidModelError, InvalidPixelsError, OptionError
from photochrom.steering.distribution import modes, moments, shares
from photochrom.steering.places import as_hints, uncertain_places
from photochrom.steering.samples import LEAST_DIFFERENCE, PART, alternatives
from photochrom.steering.trials import likely_colors, try_places

pytestmark = pytest.mark.pixels

Float = NDArray[np.float32]
RED, BLUE, GREEN = (60.0, 40.0), (10.0, -50.0), (-40.0, 40.0)
SHAPE = (12, 16)
#: A picture of two halves of unlike lightness.
LIGHT = np.repeat(np.where(np.arange(16) < 8, 30.0, 70.0)[None], 12, axis=0).astype(np.float32)


def peak(*colours: tuple[float, float, float]) -> Float:
    """Scores (261,) of a mixture of (a*, b*, share)."""
    share = sum(w * np.exp(-((ab_bins() - (a, b)) ** 2).sum(1) / 100) for a, b, w in colours)
    return np.log(share + 1e-6).astype(np.float32)


def halves(hints: Float | None = None) -> Float:
    """A model: the left half is red or blue, nobody knows; the right half is green. It believes every hint, half by half."""
    scores = np.empty((261, *SHAPE), np.float32)
    for half, usual in ((np.s_[:, :8], peak((*RED, 0.55), (*BLUE, 0.45))), (np.s_[:, 8:], peak((*GREEN, 1.0)))):
        told = None if hints is None else hints[(slice(None), *half)].reshape(3, -1)
        if told is not None and told[2].any():
            a, b = told[:2, told[2] > 0].mean(axis=1)
            usual = peak((a, b, 1.0))
        scores[(slice(None), *half)] = usual[:, None, None]
    return scores


def test_modes_are_the_distinct_likely_colours() -> None:
    ab, size = modes(shares(peak((*RED, 0.5), (*BLUE, 0.3), (*GREEN, 0.2))), 5)
    np.testing.assert_allclose(ab, [RED, BLUE, GREEN], atol=4)
    np.testing.assert_allclose(size / size.sum(), [0.5, 0.3, 0.2], atol=0.05)
    assert len(modes(shares(peak((*RED, 1.0))), 5)[0]) == 1


@pytest.mark.parametrize("light", [4.0, 50.0, 93.0])
def test_likely_colours_have_names_of_their_own(light: float) -> None:
    """In the deepest shade and the brightest light much looks and is called alike; it is offered once."""
    share = shares(peak((*RED, 0.4), (*GREEN, 0.1), (*BLUE, 0.3), (30.0, 60.0, 0.2)))
    found = likely_colors(share, light)
    assert len({one.name for one in found}) == len(found)
    assert [one.share for one in found] == sorted((one.share for one in found), reverse=True)
    assert sum(one.share for one in found) == pytest.approx(modes(share, 8)[1].sum(), abs=1e-5)


def test_moments_of_shares() -> None:
    share = shares(np.stack([peak((*RED, 0.5), (*BLUE, 0.5)), peak((*RED, 1.0))], axis=1))
    mean, variance = moments(share)
    assert mean.shape == (2, 2)
    np.testing.assert_allclose(mean[0], np.add(RED, BLUE) / 2, atol=4)
    assert variance[0] > 10 * variance[1] > 0


@pytest.mark.parametrize(
    "bad", [np.zeros((10, 2, 2)), np.full((261, 1), np.nan), np.float32(3)], ids=["bins", "nan", "0"]
)
def test_other_scores_are_refused(bad: Any) -> None:
    with pytest.raises(InvalidModelError):
        shares(bad)


def test_a_place_stands_for_the_uncertain_half() -> None:
    share = shares(halves())
    _, variance = moments(share)
    (row, column), *others = uncertain_places(share, LIGHT, variance, 4)
    assert column < 8
    assert (row, column) not in others
    with pytest.raises(InvalidPixelsError):
        uncertain_places(share, LIGHT[:3], variance, 1)
    assert uncertain_places(share, LIGHT, np.zeros(SHAPE), 3) == []


def test_alternatives_are_distinct_and_consistent() -> None:
    found = alternatives(halves(), LIGHT, halves, 9, seed=1)
    assert len(found) == 3  # what is between red and blue, red, and blue: there is no more
    pictures = [moments(shares(one.scores, 0.45))[0] for one in found]
    assert found[0].places == ()
    for one, other in itertools.combinations(pictures, 2):
        away = np.sort(np.hypot(*np.moveaxis(one - other, -1, 0)), axis=None)
        assert away[-int(PART * len(away)) :].mean() >= LEAST_DIFFERENCE
    left = np.array([picture[:, :8] for picture in pictures[1:]])
    assert np.ptp(left, axis=(1, 2)).max() < 1
    reds_first = left[np.argsort(-left[:, 0, 0, 1]), 0, 0]
    np.testing.assert_allclose(reds_first, [RED, BLUE], atol=8)


def test_another_colour_of_a_small_thing_is_an_alternative() -> None:
    """A coat that is brown or olive, on an eighth of the picture: elsewhere nothing changes."""
    coat = np.s_[:, :2]

    def decode(hints: Float | None = None) -> Float:
        scores = np.repeat(np.repeat(peak((*GREEN, 1.0))[:, None, None], SHAPE[0], 1), SHAPE[1], 2)
        told = None if hints is None else hints[(slice(None), *coat)].reshape(3, -1)
        usual = peak((36.0, 30.0, 0.5), (-6.0, 10.0, 0.5))
        if told is not None and told[2].any():
            usual = peak((*told[:2, told[2] > 0].mean(axis=1), 1.0))
        scores[(slice(None), *coat)] = usual[:, None, None]
        return scores

    found = alternatives(decode(), LIGHT, decode, 3, seed=1)
    assert len(found) == 3


def test_the_same_seed_gives_the_same_alternatives(shipped: Colorizer) -> None:
    opened = shipped.open(data.astronaut()[:256:2, 64:320:2, 1].copy())

    def decode(hints: Float) -> Any:
        return shipped.session.decode(opened.features, hints)

    scores = decode(np.zeros((3, 32, 32), np.float32))
    light = opened.work_lightness.reshape(32, 8, 32, 8).mean((1, 3))
    first, again, other = (alternatives(scores, light, decode, 2, seed=seed) for seed in (3, 3, 4))
    assert [one.places for one in first] == [one.places for one in again]
    for one, same in zip(first, again, strict=True):
        np.testing.assert_array_equal(one.scores, same.scores)
    assert other[0].places == ()


def test_variants_keep_dials_and_hints(shipped: Colorizer) -> None:
    opened = shipped.open(data.astronaut()[:256:2, 64:320:2, 1].copy())
    edits = Edits(hints=Hints([Hint.at(20, 20, (60.0, 45.0))]), warmth=0.3)
    first, *others = opened.variants(edits, 3, seed=1)
    assert first == edits
    assert others
    for one in others:
        assert one.warmth == 0.3
        assert len(one.hints) > 1
        assert one.hints[-1] == edits.hints[0], "the user's own hints come last and hold"


def test_the_suggested_click_is_where_the_answer_is_not_known() -> None:
    first, *_ = try_places(halves(), LIGHT, halves, 2)
    assert first.column < 8
    assert first.change > 10
    assert {colour.name for colour in first.colors}
    shares_of = [colour.share for colour in first.colors]
    assert shares_of == sorted(shares_of, reverse=True)
    np.testing.assert_allclose([colour.ab for colour in first.colors], [RED, BLUE], atol=5)
    assert all(0 <= band <= 1 for colour in first.colors for band in colour.rgb)


def test_an_answered_place_is_not_suggested_again() -> None:
    hints = as_hints([(6, 3)], [RED], SHAPE)
    after = try_places(halves(hints), LIGHT, halves, 1, hints=hints)
    assert all((one.row, one.column) != (6, 3) for one in after)
    assert not after or after[0].change < 1


@pytest.mark.parametrize("call", [alternatives, try_places])
def test_a_count_below_one_is_refused(call: Callable[..., Any]) -> None:
    with pytest.raises(OptionError):
        call(halves(), LIGHT, halves, 0)


def test_a_picture_of_one_cell() -> None:
    def one(hints: Float) -> Float:
        return halves(None)[:, :1, :1]

    assert len(alternatives(one(LIGHT), LIGHT[:1, :1], one, 3)) == 1
    assert len(try_places(one(LIGHT), LIGHT[:1, :1], one, 3)) <= 1

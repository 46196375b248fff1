"""Palettes: the global look, told to the model or moved there by optimal transport."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from helpers import data
from photochrom import Colorizer
from photochrom.color import ab_bins, rgb_to_lab
from photochrom.edits import palette as palettes
from photochrom.edits.palette import NAMED, parse_palette
from photochrom.errors import GreyReferenceError, InvalidPixelsError, OptionError, UnknownColorError
from photochrom.steering.palette import blended, transport

pytestmark = pytest.mark.pixels

RNG = np.random.default_rng(0)
LAB = rgb_to_lab(data.astronaut()[::8, ::8] / 255)
AB, LIGHT = LAB[..., 1:], LAB[..., 0]


def mean_of(shares: NDArray[np.float32]) -> NDArray[np.float32]:
    return shares @ ab_bins()


def test_a_histogram_keeps_the_mean_colour_and_its_weights() -> None:
    shares = palettes.ab_histogram(AB)
    assert shares.shape == (261,)
    assert shares.sum() == pytest.approx(1, abs=1e-5)
    np.testing.assert_allclose(mean_of(shares), AB.mean((0, 1)), atol=0.3)
    two = np.array([[20.0, 30.0], [-20.0, 0.0]])
    np.testing.assert_allclose(mean_of(palettes.ab_histogram(two, np.array([3.0, 1.0]))), [10, 22.5], atol=0.1)


@pytest.mark.parametrize("name", sorted(NAMED))
def test_every_named_palette_is_a_distribution_in_each_band(name: str) -> None:
    palette = parse_palette(f" {name.upper()} ")
    assert palette.name == name
    assert palette.bands.shape == (4, 261)
    np.testing.assert_allclose([palette.histogram.sum(), *palette.bands.sum(1)], 1, atol=1e-5)
    assert min(palette.histogram.min(), palette.bands.min()) >= 0


def test_names_mean_what_they_say() -> None:
    warm, cool = (mean_of(parse_palette(name).histogram) for name in ("warm", "cool"))
    assert warm[1] > 10 > -3 > cool[1]


def test_listed_colours_and_colour_names() -> None:
    listed = parse_palette("#c0392b, navy")
    for colour in rgb_to_lab(np.array([(0xC0, 0x39, 0x2B), (0x01, 0x15, 0x3E)]) / 255)[:, 1:]:
        near = np.hypot(*(ab_bins() - colour).T) < 15
        assert listed.histogram[near].sum() > 0.05


@pytest.mark.parametrize("text", ["", "warmish", ","])
def test_an_unknown_palette_names_those_there_are(text: str) -> None:
    with pytest.raises(OptionError, match="kodachrome"):
        parse_palette(text)


def test_an_unknown_colour_in_a_list_is_told_as_such() -> None:
    with pytest.raises(UnknownColorError):
        parse_palette("#123456,nawy")


def test_a_grey_picture_is_no_palette() -> None:
    with pytest.raises(GreyReferenceError):
        palettes.palette_of_picture(AB * 0.01, LIGHT)


def test_bad_histograms_and_colours() -> None:
    for bad in (np.ones(260), np.full(261, np.nan), -np.ones(261), np.zeros(261)):
        with pytest.raises(OptionError):
            palettes.Histogram(bad)
    with pytest.raises(InvalidPixelsError):
        palettes.ab_histogram(np.full((2, 2), np.nan))
    with pytest.raises(OptionError):
        palettes.palette_of_colours(np.empty((0, 3)))


def test_strength_goes_from_the_pictures_own_look_to_the_palettes() -> None:
    palette, own = parse_palette("autumn"), palettes.ab_histogram(AB)
    assert blended(palette, own, 0) is None
    np.testing.assert_allclose(blended(palette, own, 1), palette.histogram, atol=1e-6)
    half = blended(palette, own, 0.5)
    assert half is not None
    assert half.sum() == pytest.approx(1, abs=1e-5)
    np.testing.assert_array_equal(transport(AB, LIGHT, palette, 0), AB)
    for strength in (-0.1, 1.1, float("nan")):
        with pytest.raises(OptionError):
            transport(AB, LIGHT, palette, strength)


def test_transport_to_a_pictures_own_palette_changes_next_to_nothing() -> None:
    moved = transport(AB, LIGHT, palettes.palette_of_picture(AB, LIGHT), 1)
    assert np.abs(moved - AB).mean() < 1


def test_transport_gives_the_palettes_mean_and_spread() -> None:
    target = np.array([-15.0, 25.0]) + RNG.normal(size=(40, 40, 2)) @ np.array([[9.0, 4.0], [0.0, 5.0]])
    source = np.array([10.0, -10.0]) + RNG.normal(size=(40, 40, 2)) * 8
    light = RNG.uniform(20, 80, (40, 40))
    moved = transport(source, light, palettes.palette_of_picture(target, light), 1)
    np.testing.assert_allclose(moved.mean((0, 1)), target.mean((0, 1)), atol=1.5)
    np.testing.assert_allclose(np.cov(moved.reshape(-1, 2).T), np.cov(target.reshape(-1, 2).T), atol=25)


def test_the_model_obeys_a_palette(shipped: Colorizer) -> None:
    opened = shipped.open(data.camera()[::2, ::2])
    own = palettes.ab_histogram(opened.paint().model_ab)
    results = [opened.paint(histogram=blended(parse_palette(name), own, 1)).model_ab for name in ("warm", "cool")]
    warm, cool = (result[..., 1].mean() for result in results)
    assert warm > cool + 10

"""Each artefact measure grows with its own fault, is 0 without it, and reacts to no other fault as much as to its own."""

from __future__ import annotations

import doctest
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage
from sklearn.datasets import load_sample_image

from helpers import data
from photochrom.color import rgb_to_lab
from photochrom.errors import InvalidPixelsError, OptionError
from photochrom.evaluate import artefacts, places, skin
from photochrom.evaluate.artefacts import ARTEFACTS, TruthPlaces, bleed, blotches, lost_edges, skin_cast

pytestmark = pytest.mark.pixels

Lab = NDArray[Any]
#: The Monk Skin Tone Scale (Google, 2022), from light to dark.
MONK = ["f6ede4", "f3e7db", "f7ead0", "eadaba", "d7bd96", "a07e56", "825c43", "604134", "3a312a", "292420"]


@pytest.fixture(scope="module")
def photographs() -> list[Lab]:
    """Four photographs, 256 x 256; the first has a face."""
    whole = [data.astronaut(), data.coffee(), data.chelsea(), load_sample_image("flower.jpg")]
    squares = [picture[:300, :300] if len(picture) < 400 else picture[:400, 50:450] for picture in whole]
    return [rgb_to_lab(cv2.resize(square, (256, 256), interpolation=cv2.INTER_AREA) / 255.0) for square in squares]


def with_ab(lab: Lab, ab: Lab) -> Lab:
    return np.concatenate([lab[..., :1], ab], axis=-1).astype(np.float32)


def blurred(lab: Lab, sigma: float) -> Lab:
    return with_ab(lab, cv2.GaussianBlur(lab[..., 1:], (0, 0), sigma))


def shifted(lab: Lab, pixels: int) -> Lab:
    return with_ab(lab, np.roll(lab[..., 1:], pixels, axis=1))


def spotted(lab: Lab, strength: float, sigma: float = 12) -> Lab:
    noise = np.random.default_rng(0).normal(size=(*lab.shape[:2], 2)).astype(np.float32)
    noise = cv2.GaussianBlur(noise, (0, 0), sigma) if sigma else noise
    return with_ab(lab, lab[..., 1:] + strength * noise / noise.std())


def tinted(lab: Lab, strength: float) -> Lab:
    return with_ab(lab, lab[..., 1:] + strength * np.float32([0.6, -0.8]))


def dulled(lab: Lab, share: float) -> Lab:
    return with_ab(lab, lab[..., 1:] * (1 - share))


FAULTS: dict[str, Callable[[Lab], Lab]] = {
    "blur": lambda lab: blurred(lab, 8),
    "shift": lambda lab: shifted(lab, 5),
    "blotches": lambda lab: spotted(lab, 5),
    "grain": lambda lab: spotted(lab, 5, 0),
    "cast": lambda lab: tinted(lab, 5),
    "dull": lambda lab: dulled(lab, 0.5),
    "vivid": lambda lab: dulled(lab, -0.5),
}


def mean(measure: Callable[..., float], truths: list[Lab], results: list[Lab]) -> float:
    return float(np.nanmean([measure(truth, result) for truth, result in zip(truths, results, strict=True)]))


def test_the_examples_in_the_docstrings_hold() -> None:
    assert [doctest.testmod(module).failed for module in (artefacts, skin)] == [0, 0]


@pytest.mark.parametrize("artefact", ARTEFACTS, ids=lambda artefact: artefact.key)
def test_a_copy_is_perfect(artefact: artefacts.Artefact, photographs: list[Lab]) -> None:
    values = [artefact.measure(lab, lab.copy()) for lab in photographs]
    assert not np.isnan(values).all()
    assert np.nanmax(values) == pytest.approx(0, abs=1e-4)


@pytest.mark.parametrize(
    ("measure", "spoil", "levels"),
    [
        (bleed, blurred, (1, 2, 4, 8)),
        (bleed, shifted, (1, 2, 4)),
        (lost_edges, blurred, (1, 2, 4, 8, 16)),
        (lost_edges, dulled, (0.1, 0.5, 0.9)),
        (blotches, spotted, (1, 2, 4, 8)),
        (skin_cast, tinted, (1, 2, 5, 10)),
    ],
)
def test_it_grows_with_its_own_fault(
    measure: Callable[..., float], spoil: Callable[..., Lab], levels: tuple[float, ...], photographs: list[Lab]
) -> None:
    values = [mean(measure, photographs, [spoil(lab, level) for lab in photographs]) for level in levels]
    assert all(np.diff([0, *values]) > 0), values


@pytest.mark.parametrize(
    ("measure", "own", "others"),
    [
        (bleed, ("blur", "shift"), ("blotches", "grain", "cast", "dull", "vivid")),
        (lost_edges, ("blur", "dull"), ("blotches", "grain", "cast", "vivid")),
        (blotches, ("blotches",), ("blur", "shift", "grain", "cast", "dull", "vivid")),
        # Dull or vivid skin is skin of another colour: a part of its own fault.
        (skin_cast, ("cast",), ("blotches", "grain", "blur", "shift")),
    ],
)
def test_no_other_fault_counts_as_much(
    measure: Callable[..., float], own: tuple[str, ...], others: tuple[str, ...], photographs: list[Lab]
) -> None:
    """Every fault is scaled to a mean absolute ab error of 3, so that the errors are as large and only their kind differs."""

    def reaction(fault: str) -> float:
        spoilt = []
        for lab in photographs:
            error = FAULTS[fault](lab) - lab
            spoilt.append(lab + error * (3 / np.abs(error[..., 1:]).mean()))
        return mean(measure, photographs, spoilt)

    mine, theirs = {fault: reaction(fault) for fault in own}, {fault: reaction(fault) for fault in others}
    assert 1.25 * max(theirs.values()) < min(mine.values()), (mine, theirs)


def test_what_a_grey_result_gets(photographs: list[Lab]) -> None:
    grey = [dulled(lab, 1) for lab in photographs]
    assert mean(bleed, photographs, grey) == 0
    assert mean(lost_edges, photographs, grey) == 100
    assert mean(blotches, photographs, grey) == pytest.approx(0, abs=1e-4)
    assert 8 < skin_cast(photographs[0], grey[0]) < 30


def test_slopes_agree_with_scipy(photographs: list[Lab]) -> None:
    lightness = photographs[0][..., 0].astype(np.float64)
    ours = places.length(places.slopes(lightness, 2.0))
    theirs = ndimage.gaussian_gradient_magnitude(lightness, 2.0)
    assert np.abs(ours - theirs)[8:-8, 8:-8].mean() < 0.1 * theirs.mean()


def test_bleed_of_a_step_is_what_a_single_row_says() -> None:
    lab = np.full((64, 128, 3), 30.0)
    lab[:, 64:] = 70.0
    wanted = []
    for sigma in (1.0, np.hypot(1.0, 5.0)):  # truth, and the colour blurred by 5 more
        slope = np.gradient(ndimage.gaussian_filter1d(lab[0, :, 1], sigma))
        light = np.gradient(ndimage.gaussian_filter1d(lab[0, :, 0], 1.0))
        wanted.append(slope[light < places.FLAT].sum() / slope.sum())
    assert bleed(lab, blurred(lab, 5)) == pytest.approx(100 * (wanted[1] - wanted[0]), abs=3)


def test_blotches_of_a_wave_are_its_strength_after_smoothing() -> None:
    flat = np.full((128, 128, 3), 40.0)
    wavy = flat.copy()
    wavy[..., 2] += 6 * np.cos(2 * np.pi * np.arange(128) / 32)
    left = np.exp(-2 * (np.pi * places.REGION_SIGMA / 32) ** 2)
    assert blotches(flat, wavy) == pytest.approx(6 / np.sqrt(2) * left, rel=0.05)


def test_blotches_stay_inside_their_region() -> None:
    """Two even regions that get two wrong but even colours: no blotch."""
    lab = np.full((128, 128, 3), 30.0)
    lab[:, 64:] = 60.0
    other = lab.copy()
    other[:, :64, 1:] = -20.0
    assert blotches(lab, other) == pytest.approx(0, abs=1e-3)


def test_every_shade_of_skin_is_skin() -> None:
    shades = rgb_to_lab(np.array([list(bytes.fromhex(shade)) for shade in MONK]) / 255.0)
    patches = np.repeat(np.repeat(shades[None], 8, axis=0), 8, axis=1)
    assert skin.is_skin(patches).all()
    assert set(skin.tones(patches)) == {"light", "medium", "dark"}
    angle = skin.typology_angle(shades)
    assert angle[0] > 41
    assert angle[-1] < 10
    grey, sky, grass = [60, 0, 0], [70, -5, -30], [50, -30, 35]
    assert not skin.is_skin(np.tile(np.float32([grey, sky, grass]), (8, 8, 1)).reshape(8, 24, 3)).any()


def test_every_tone_weighs_the_same() -> None:
    light, dark = rgb_to_lab(np.array([[0xEA, 0xDA, 0xBA], [0x60, 0x41, 0x34]]) / 255.0)
    truth = np.tile(light, (40, 40, 1))
    truth[:4] = dark
    result = truth.copy()
    result[:4, :, 1:] += [6, 8]  # only the dark tenth has a cast
    assert skin_cast(truth, result) == pytest.approx(5, abs=0.01)
    assert skin_cast(truth, result, "dark") == pytest.approx(10, abs=0.01)
    assert skin_cast(truth, result, "light") == pytest.approx(0, abs=0.01)
    assert np.isnan(skin_cast(truth, result, "medium"))


def test_where_there_is_nothing_to_measure_it_is_not_a_number() -> None:
    grey = np.full((64, 64, 3), [50.0, 0, 0])
    noise = grey + np.random.default_rng(0).normal(size=grey.shape) * 400
    assert np.isnan([bleed(grey, grey), lost_edges(grey, grey), skin_cast(grey, grey)]).all()
    assert np.isnan(blotches(noise, noise))


def test_what_was_worked_out_for_the_truth_serves_every_result(photographs: list[Lab]) -> None:
    shared = TruthPlaces(photographs[0])
    for fault in FAULTS.values():
        result = fault(photographs[0])
        for artefact in ARTEFACTS:
            np.testing.assert_equal(artefact.measure(shared, result), artefact.measure(photographs[0], result))


def test_refusals() -> None:
    lab = np.zeros((8, 8, 3))
    for truth, result in ((lab, lab[:4]), (lab[..., 0], lab[..., 0]), (lab, lab + np.nan), (lab + np.inf, lab)):
        with pytest.raises(InvalidPixelsError, match="expected finite"):
            bleed(truth, result)
    with pytest.raises(OptionError, match="light, medium, dark"):
        skin_cast(lab, lab, "pale")

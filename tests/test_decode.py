"""From a network's output to colour."""

import numpy as np
import pytest

from photochrom import decode
from photochrom.color import ab_bins
from photochrom.errors import InvalidModelError, OptionError

pytestmark = pytest.mark.pixels


@pytest.fixture
def logits() -> np.ndarray:
    return np.random.default_rng(0).normal(0, 3, (261, 5, 7)).astype(np.float32)


@pytest.mark.parametrize("temperature", [0.05, 0.4, 1.0])
def test_annealed_mean_is_the_mean_under_the_sharpened_distribution(logits: np.ndarray, temperature: float) -> None:
    probability = np.exp(logits.astype(np.float64))
    probability /= probability.sum(axis=0)
    sharpened = probability ** (1 / temperature)  # as Zhang 2016 writes eq. 5
    sharpened /= sharpened.sum(axis=0)
    expected = np.einsum("qhw,qc->hwc", sharpened, ab_bins())
    ab = decode.annealed_mean(logits, ab_bins(), temperature)
    assert ab.dtype == np.float32
    np.testing.assert_allclose(ab, expected, atol=1e-3)


def test_a_low_temperature_gives_the_most_likely_bin(logits: np.ndarray) -> None:
    logits[17] += 40
    np.testing.assert_allclose(decode.annealed_mean(logits, ab_bins(), 0.01), np.broadcast_to(ab_bins()[17], (5, 7, 2)))


def test_large_logits_do_not_overflow(logits: np.ndarray) -> None:
    np.testing.assert_allclose(
        decode.annealed_mean(logits + 1000, ab_bins(), 0.4), decode.annealed_mean(logits, ab_bins(), 0.4), atol=0.05
    )


def test_confidence_is_one_minus_the_normalised_entropy(logits: np.ndarray) -> None:
    probability = np.exp(logits.astype(np.float64))
    probability /= probability.sum(axis=0)
    entropy = -(probability * np.log(probability)).sum(axis=0)
    np.testing.assert_allclose(decode.confidence(logits), 1 - entropy / np.log(261), atol=1e-4)


def test_confidence_of_no_idea_and_of_certainty() -> None:
    assert decode.confidence(np.zeros((261, 1, 1))) == pytest.approx(0, abs=1e-5)
    certain = np.zeros((261, 1, 1))
    certain[3] = 200
    assert decode.confidence(certain) == pytest.approx(1, abs=1e-5)


def test_the_dial_goes_from_the_safe_mean_to_vivid_colours(logits: np.ndarray) -> None:
    dials = [decode.dial(value) for value in np.linspace(0, 1, 11)]
    temperatures, weights, gains, plain_gains = zip(*dials, strict=True)
    assert 0 < temperatures[-1] < temperatures[0] <= 1
    assert sorted(temperatures, reverse=True) == list(temperatures)
    assert sorted(weights) == list(weights)
    assert weights[0] == 0
    assert weights[-1] > 0
    assert sorted(gains) == list(gains)
    assert sorted(plain_gains) == list(plain_gains)
    chroma = [np.hypot(*decode.decode_bins(logits, ab_bins(), value).reshape(-1, 2).T).mean() for value in (0, 0.5, 1)]
    assert chroma[0] < chroma[1] < chroma[2]


def test_the_prior_makes_rare_colours_likelier_except_at_the_safe_end(logits: np.ndarray) -> None:
    rare = 40
    log_prior = np.zeros(261, np.float32)
    log_prior[rare] = -10

    def distance(vividness: float, prior: np.ndarray | None) -> float:
        ab = decode.decode_bins(logits, ab_bins(), vividness, prior)
        return float(np.hypot(*(ab - ab_bins()[rare]).reshape(-1, 2).T).mean())

    assert distance(1.0, log_prior) < distance(1.0, None)
    assert distance(0.5, log_prior) < distance(0.5, None)
    assert distance(0.0, log_prior) == distance(0.0, None)


def test_plain_ab_passes_through_and_the_dial_scales_its_chroma() -> None:
    ab = np.random.default_rng(0).normal(0, 20, (2, 3, 4)).astype(np.float32)
    np.testing.assert_array_equal(decode.decode_ab(ab), np.moveaxis(ab, 0, -1))
    assert np.abs(decode.decode_ab(ab, 0)).sum() < np.abs(ab).sum() < np.abs(decode.decode_ab(ab, 1)).sum()


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_outputs_that_are_not_numbers_are_refused(logits: np.ndarray, value: float) -> None:
    logits[3, 2, 1] = value
    for work in (
        lambda: decode.decode_bins(logits, ab_bins()),
        lambda: decode.confidence(logits),
        lambda: decode.decode_ab(logits[2:4]),
    ):
        with pytest.raises(InvalidModelError, match="NaN or infinity"):
            work()


def test_wrong_shapes_and_settings_are_refused(logits: np.ndarray) -> None:
    with pytest.raises(InvalidModelError, match="expected"):
        decode.decode_bins(logits[:100], ab_bins())
    with pytest.raises(InvalidModelError, match="prior"):
        decode.decode_bins(logits, ab_bins(), log_prior=np.zeros(5))
    with pytest.raises(InvalidModelError, match="expected"):
        decode.decode_ab(logits)
    for wrong in (-0.1, 1.1, float("nan")):
        with pytest.raises(OptionError, match="vividness"):
            decode.decode_bins(logits, ab_bins(), wrong)
    with pytest.raises(OptionError, match="temperature"):
        decode.annealed_mean(logits, ab_bins(), 0.0)


def test_neighbours_of_like_lightness_agree_and_edges_keep_them_apart() -> None:
    rng = np.random.default_rng(0)
    lightness = np.where(np.arange(12) < 6, 30.0, 80.0) * np.ones((10, 1))
    colour = np.where(lightness < 50, 3.0, -3.0)
    clean = np.stack([colour, -colour, np.zeros_like(colour)])
    noisy = clean + rng.normal(0, 1, clean.shape)
    smoothed = decode.agree(noisy, lightness)
    assert np.abs(smoothed - clean).mean() < 0.5 * np.abs(noisy - clean).mean()
    np.testing.assert_allclose(decode.agree(clean, lightness), clean, atol=0.01)  # nothing crosses the edge


def test_what_the_encoder_tells_apart_is_kept_apart() -> None:
    """Two things of one lightness: by lightness alone their colours would mix; a lone cell far away joins its own kind."""
    thing = np.where(np.arange(12) < 6, 1.0, -1.0) * np.ones((10, 1))
    clean = np.stack([3 * thing, -3 * thing])
    clean_and_odd = clean.copy()
    clean_and_odd[:, 4, 2] *= -1
    features = np.stack([thing, -thing, thing]).astype(np.float32)
    lightness = np.full((10, 12), 50.0)
    np.testing.assert_allclose(decode.agree(clean, lightness, features), clean, atol=0.3)
    assert np.abs(decode.agree(clean, lightness) - clean).max() > 1
    assert decode.agree(clean_and_odd, lightness, features)[0, 4, 2] > 2


def test_agree_refuses_cells_of_another_shape() -> None:
    with pytest.raises(InvalidModelError, match="features of shape"):
        decode.agree(np.zeros((3, 4, 5)), np.zeros((4, 5)), np.zeros((2, 5, 4)))
    with pytest.raises(InvalidModelError, match="cells of shape"):
        decode.agree(np.zeros((3, 4, 5)), np.zeros((5, 4)))


def test_a_model_may_have_its_own_temperature_at_the_middle_of_the_dial():
    logits = np.random.default_rng(0).normal(0, 2, (3, 4, 5))
    bins = np.array([[0, 0], [50, 0], [0, 50]], np.float32)
    low, middle = decode.dial(0.0), decode.dial(decode.DEFAULT_VIVIDNESS)
    own = decode.decode_bins(logits, bins, decode.DEFAULT_VIVIDNESS, middle=0.38)
    np.testing.assert_allclose(own, decode.annealed_mean(logits, bins, 0.38) * middle.gain, atol=1e-3)
    safe = decode.decode_bins(logits, bins, 0.0, middle=0.38)
    expected = decode.annealed_mean(logits, bins, 0.38 * low.temperature / middle.temperature) * low.gain
    np.testing.assert_allclose(safe, expected, atol=1e-3)
    np.testing.assert_array_equal(
        decode.decode_bins(logits, bins, 0.0, middle=1.0), decode.annealed_mean(logits, bins, 1.0)
    )

import doctest
import statistics

import cv2
import numpy as np
import pytest
from skimage import data
from skimage.color import deltaE_ciede2000, rgb2lab
from skimage.measure import shannon_entropy
from skimage.metrics import mean_squared_error, peak_signal_noise_ratio, structural_similarity
from sklearn.metrics import auc as area_under

from photochrom.color import ab_bins
from photochrom.errors import DataError, InvalidPixelsError
from photochrom.evaluate import metrics
from photochrom.evaluate.scores import Scores

pytestmark = pytest.mark.pixels

# Sharma, Wu, Dalal 2005, table 1: pairs that go wrong when hues are averaged carelessly, and the dark and light ends.
SHARMA = (
    ((50.0, 2.6772, -79.7751), (50.0, 0.0, -82.7485), 2.0425),
    ((50.0, 0.0, 0.0), (50.0, -1.0, 2.0), 2.3669),
    ((50.0, 2.4900, -0.0010), (50.0, -2.4900, 0.0009), 7.1792),
    ((50.0, 2.4900, -0.0010), (50.0, -2.4900, 0.0010), 7.1792),  # exactly half a turn
    ((50.0, 2.4900, -0.0010), (50.0, -2.4900, 0.0011), 7.2195),
    ((50.0, -0.0010, 2.4900), (50.0, 0.0009, -2.4900), 4.8045),
    ((50.0, -0.0010, 2.4900), (50.0, 0.0010, -2.4900), 4.8045),
    ((50.0, -0.0010, 2.4900), (50.0, 0.0011, -2.4900), 4.7461),
    ((50.0, 2.5, 0.0), (73.0, 25.0, -18.0), 27.1492),
    ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
    ((2.0776, 0.0795, -1.1350), (0.9033, -0.0636, -0.5514), 0.9082),
)


@pytest.fixture(scope="module")
def pair() -> tuple[np.ndarray, np.ndarray]:
    """A photograph and a spoilt copy of it, with other hues and other lightness."""
    truth = np.ascontiguousarray(data.astronaut()[::8, ::8])
    noise = np.random.default_rng(0).integers(-40, 41, truth.shape)
    return truth, np.clip(truth[..., ::-1] + noise, 0, 255).astype(np.uint8)


def ab_pair(pair: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    truth, result = (rgb2lab(rgb)[..., 1:] for rgb in pair)
    return truth, result


def test_the_examples_in_the_docstrings_hold():
    assert doctest.testmod(metrics).failed == 0


def test_psnr_agrees_with_skimage_and_is_infinite_for_a_copy(pair):
    assert metrics.psnr(*pair) == pytest.approx(peak_signal_noise_ratio(*pair))
    assert metrics.psnr(pair[0], pair[0]) == float("inf")
    ab = ab_pair(pair)
    assert metrics.psnr_ab(*ab) == pytest.approx(peak_signal_noise_ratio(*ab, data_range=255))


def test_the_papers_metrics_agree_with_other_implementations(pair):
    truth, result = pair
    assert metrics.mse(*pair) == pytest.approx(mean_squared_error(*pair))
    expected = structural_similarity(
        truth, result, channel_axis=-1, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=255
    )
    assert metrics.ssim(*pair) == pytest.approx(expected, abs=1e-6)
    assert metrics.entropy(truth) == pytest.approx(shannon_entropy(truth))
    lacking = cv2.subtract(truth, result).astype(float)  # saturates at 0
    assert metrics.image_matching_error(*pair) == pytest.approx((lacking**2).sum(axis=-1).mean())
    ab = ab_pair(pair)
    larger = [["a" if a >= b else "b" for a, b in field.reshape(-1, 2).tolist()] for field in ab]
    same = statistics.fmean(x == y for x, y in zip(*larger, strict=True))
    assert metrics.keras_accuracy(*ab) == pytest.approx(same)


def test_ssim_needs_room_for_its_window():
    small = np.zeros((10, 20, 3), np.uint8)
    with pytest.raises(InvalidPixelsError, match="11"):
        metrics.ssim(small, small)


def test_mae_ab_agrees_with_a_plain_loop(pair):
    truth, result = ab_pair(pair)
    expected = statistics.fmean(
        abs(x - y) for x, y in zip(truth.ravel().tolist(), result.ravel().tolist(), strict=True)
    )
    assert metrics.mae_ab(truth, result) == pytest.approx(expected)


def test_ciede2000_agrees_with_sharma_and_skimage(pair):
    first, second, expected = (np.array(column) for column in zip(*SHARMA, strict=True))
    np.testing.assert_allclose(metrics.ciede2000(first, second), expected, atol=5e-5)
    np.testing.assert_allclose(metrics.ciede2000(second, first), expected, atol=5e-5)
    rng = np.random.default_rng(1)
    lab = rng.uniform((0, -110, -110), (100, 110, 110), (5000, 3))
    near = lab + rng.normal(0, 3, lab.shape)
    np.testing.assert_allclose(metrics.ciede2000(lab, near), deltaE_ciede2000(lab, near), atol=1e-9)
    np.testing.assert_allclose(metrics.ciede2000(lab, lab[::-1]), deltaE_ciede2000(lab, lab[::-1]), atol=1e-9)


def test_auc_agrees_with_a_threshold_sweep(pair):
    truth, result = ab_pair(pair)
    distance = np.linalg.norm(truth - result, axis=-1).ravel()
    thresholds = np.arange(151)
    raw = area_under(thresholds, [(distance <= t).mean() for t in thresholds]) / 150 * 100
    assert metrics.auc(metrics.distance_counts(truth, result)) == pytest.approx(raw)

    # every pixel weighs the inverse of the frequency of its true colour's bin
    nearest = ((truth.reshape(-1, 1, 2) - ab_bins()) ** 2).sum(axis=-1).argmin(axis=-1)
    weight = 1 / np.bincount(nearest)[nearest]
    shares = [np.average(distance <= t, weights=weight) for t in thresholds]
    rebalanced = area_under(thresholds, shares) / 150 * 100
    # the square cells and the nearest bin part ways only for colours at the rim of sRGB
    assert metrics.auc_rebalanced(metrics.distance_counts(truth, result)) == pytest.approx(rebalanced, abs=0.05)


def test_auc_is_100_for_the_truth_and_0_for_what_is_out_of_reach():
    truth = np.zeros((4, 4, 2))
    for score in (metrics.auc, metrics.auc_rebalanced):
        assert score(metrics.distance_counts(truth, truth)) == 100
        assert score(metrics.distance_counts(truth, truth + 110)) == 0


def test_rare_colours_count_as_much_as_common_ones_when_rebalanced():
    truth = np.zeros((10, 10, 2))
    truth[0, 0] = 80, 60
    right_on_the_rare = np.full_like(truth, 30.0)
    right_on_the_rare[0, 0] = 80, 60
    grey, bold = (metrics.distance_counts(truth, result) for result in (np.zeros_like(truth), right_on_the_rare))
    assert metrics.auc(grey) > metrics.auc(bold)
    assert metrics.auc_rebalanced(grey) < metrics.auc_rebalanced(bold)


def test_colourfulness_agrees_with_a_plain_loop_and_is_0_for_grey(pair):
    pixels = pair[0].reshape(-1, 3).tolist()
    for measure, sign in ((metrics.colourfulness, float), (metrics.colourfulness_abs, abs)):
        red_green = [sign(r - g) for r, g, _ in pixels]
        yellow_blue = [sign((r + g) / 2 - b) for r, g, b in pixels]
        spread = (statistics.pvariance(red_green) + statistics.pvariance(yellow_blue)) ** 0.5
        mean = (statistics.fmean(red_green) ** 2 + statistics.fmean(yellow_blue) ** 2) ** 0.5
        assert measure(pair[0]) == pytest.approx(spread + 0.3 * mean)
        assert measure(np.full((3, 4, 3), 97, np.uint8)) == 0


def test_scores_average_over_pictures_and_rebalance_over_the_set(pair):
    truth, result = pair
    scores = Scores()
    first = scores.update(truth, result)
    second = scores.update(result, result)
    means = scores.compute()
    assert first["psnr"] == pytest.approx(metrics.psnr(truth, result))
    assert first["ciede2000"] == pytest.approx(deltaE_ciede2000(rgb2lab(truth), rgb2lab(result)).mean(), abs=0.01)
    assert second["psnr"] == metrics.PSNR_CEILING  # an exact copy does not make the mean infinite
    assert means["pictures"] == 2
    for name in first:
        assert means[name] == pytest.approx((first[name] + second[name]) / 2)
    assert means["auc_rebalanced"] == pytest.approx(metrics.auc_rebalanced(scores.counts))
    assert scores.counts.sum() == 2 * truth[..., 0].size


def test_pictures_that_do_not_match_are_refused_and_not_counted(pair):
    truth, result = pair
    scores = Scores()
    for bad in (result[1:], result[..., :1], result / 255, np.zeros((0, 0, 3), np.uint8)):
        with pytest.raises(InvalidPixelsError):
            scores.update(truth, bad)
    with pytest.raises(InvalidPixelsError, match="NaN"):
        metrics.mae_ab(np.zeros((2, 2, 2)), np.full((2, 2, 2), np.nan))
    with pytest.raises(DataError, match="no picture"):
        scores.compute()

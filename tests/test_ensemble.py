"""Several views: the same size of answer, the same obedience to hints, and no preference for a side."""

from __future__ import annotations

import numpy as np
import pytest

from helpers import Grey
from photochrom import Colorizer
from photochrom.color import ab_bins
from photochrom.ensemble import EnsembleSession
from photochrom.errors import OptionError

pytestmark = pytest.mark.pixels


@pytest.fixture(scope="module")
def best(shipped: Colorizer) -> EnsembleSession:
    return EnsembleSession(shipped.session)


def light(photo: Grey) -> np.ndarray:
    return photo.astype(np.float32) * np.float32(100 / 255)


@pytest.mark.parametrize(("height", "width"), [(1, 1), (8, 200), (64, 96), (65, 31)])
def test_the_answer_has_the_grid_of_the_photograph(best: EnsembleSession, height: int, width: int) -> None:
    scores = best.decode(best.encode(np.full((height, width), 50, np.float32)))
    assert scores.shape == (len(ab_bins()), -(-height // 8), -(-width // 8))
    assert scores.dtype == np.float32
    # A mean of logarithms is at most the logarithm of the mean; far less only where the views contradict one another.
    total = np.exp(scores.astype(np.float64)).sum(0)
    assert (total < 1.001).all()
    assert (total > 0.5).all()


def test_a_mirrored_photograph_gets_the_mirrored_colours(best: EnsembleSession, photo: Grey) -> None:
    scores = best.decode(best.encode(light(photo)))
    mirrored = best.decode(best.encode(np.ascontiguousarray(light(photo)[:, ::-1])))
    np.testing.assert_allclose(mirrored[..., ::-1], scores, atol=1e-3)


def test_hints_are_obeyed_at_their_place(best: EnsembleSession, photo: Grey) -> None:
    features = best.encode(light(photo))
    hints = np.zeros((3, 8, 12), np.float32)
    hints[:, 2:4, 1:3] = np.array([60, 40, 1], np.float32)[:, None, None]
    before, after = (np.einsum("qhw,qc->chw", np.exp(best.decode(features, told)), ab_bins()) for told in (None, hints))
    change = np.linalg.norm(after - before, axis=0)
    assert change[2:4, 1:3].mean() > 15
    assert change[2:4, 1:3].mean() > 2 * change[:, -3:].mean()


def test_it_is_the_colorizers_best_quality(photo: Grey) -> None:
    plain, best = (Colorizer(threads=1, quality=quality).open(photo).paint() for quality in ("normal", "best"))
    assert best.rgb.shape == plain.rgb.shape
    assert not np.array_equal(best.model_ab, plain.model_ab)
    with pytest.raises(OptionError, match="normal, best"):
        Colorizer(quality="splendid")  # type: ignore[arg-type]


@pytest.mark.parametrize("scales", [(), (0.5, 2.0), (1.0, float("nan"))])
def test_impossible_scales(shipped: Colorizer, scales: tuple[float, ...]) -> None:
    with pytest.raises(OptionError, match="1 among them"):
        EnsembleSession(shipped.session, scales)


def test_features_of_another_session(best: EnsembleSession, shipped: Colorizer, photo: Grey) -> None:
    with pytest.raises(OptionError, match="features"):
        best.decode(shipped.session.encode(light(photo)))

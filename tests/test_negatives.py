"""Negatives by the features of an encoder: only of the encoder that the reading was fitted to, a notice and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
import skimage.data
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from photochrom import Colorizer, negatives
from photochrom.ensemble import EnsembleSession
from photochrom.errors import WeightsDigestError
from photochrom.images import open_image
from photochrom.negatives import Reading, difference, pattern, pooled
from photochrom.session import Features
from photochrom.weights import PACKAGED, WeightsFile

Float = NDArray[np.float32]
data: Any = skimage.data
CAMERA = data.camera()[::2, ::2].copy()


class Eye:
    """A model that sees only how light each cell of 8 pixels is, ``gain`` times over."""

    name, hints, details, stride, work_size, log_prior, temperature = "eye", True, False, 8, 128, None, None
    output: Literal["ab-bins", "ab"] = "ab"

    def __init__(self, gain: float = 1.0) -> None:
        self.gain, self.seen = gain, 0

    def encode(self, lightness: Float, overview: Features | None = None) -> Features:
        self.seen += 1
        h, w = (side // 8 for side in lightness.shape)
        cells = self.gain * lightness[: 8 * h, : 8 * w].reshape(h, 8, w, 8).mean(axis=(1, 3), dtype=np.float32)
        return Features((cells[None, None],), *lightness.shape)

    def decode(self, features: Features, hints: Any = None, histogram: Any = None) -> Float:
        return np.zeros((2, -(-features.height // 8), -(-features.width // 8)), np.float32)

    def kernel(self, features: Features, lightness: Float, expected: Float) -> None:
        return None


@pytest.fixture(autouse=True)
def darker_above(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reading for ``Eye()``: a picture whose upper half is the darker one is a negative."""
    weights = np.array([0, -1, 1, 0, 0], np.float32)
    found = Reading(pooled(Eye().encode(pattern())), weights, 10.0)
    monkeypatch.setattr(negatives, "reading", lambda: found)
    negatives._known.clear()


def sky(top: int = 220, below: int = 40) -> NDArray[np.uint8]:
    """A light sky over dark ground, with some grain."""
    grey = np.full((128, 160), below)
    grey[:64] = top
    return (grey + np.random.default_rng(0).integers(-9, 9, grey.shape)).astype(np.uint8)


def noticed(session: Any, picture: NDArray[Any], negative: Literal["auto", "yes", "no"] = "auto") -> bool:
    opened = Colorizer(session).open(open_image(picture, negative=negative))
    return any("looks like a negative" in notice for notice in opened.notices)


def test_a_negative_is_noticed_and_a_positive_is_not() -> None:
    assert noticed(Eye(), 255 - sky())
    assert not noticed(Eye(), sky())
    assert noticed(EnsembleSession(Eye()), 255 - sky())


def test_nothing_is_changed_by_the_guess() -> None:
    pixels = Colorizer(Eye()).open(open_image(255 - sky())).source.pixels()
    np.testing.assert_array_equal(pixels, 255 - sky())


@pytest.mark.parametrize(("negative", "times"), [("auto", 3), ("no", 1), ("yes", 1)])
def test_the_inverse_is_looked_at_only_where_it_is_asked(negative: Any, times: int) -> None:
    eye = Eye()
    assert noticed(eye, 255 - sky(), negative) == (negative == "auto")
    assert eye.seen == times  # the pattern, the photograph, its inverse


def test_another_encoder_is_left_to_the_statistics(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, ...]] = []
    monkeypatch.setattr(negatives, "statistics_say_negative", lambda copy: bool(asked.append(copy.shape)))
    assert not noticed(Eye(1.05), 255 - sky())
    assert asked == [(128, 160, 3)]
    assert noticed(Eye(1.001), 255 - sky()), "the last bits do not matter"
    assert len(asked) == 1


@pytest.mark.parametrize(
    "picture", [255 - sky()[48:80, 40:80], sky(130, 127), np.where(sky() > 128, 0, 255).astype(np.uint8)]
)
def test_small_flat_and_black_and_white_pictures_are_not_judged(picture: NDArray[Any]) -> None:
    assert not noticed(Eye(), picture)


def test_a_picture_and_its_inverse_have_opposite_scores() -> None:
    one, other = (Eye().encode(np.asarray(light, np.float32)) for light in (CAMERA / 2.55, 100 - CAMERA / 2.55))
    np.testing.assert_allclose(difference(one, other), -difference(other, one))


def test_the_packaged_reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    found = negatives.reading()
    assert found.answer.shape == found.weights.shape == (5 * (40 + 112 + 320),)
    assert found.sure > 0
    arrays = load_file(PACKAGED / negatives.WEIGHTS.name)
    arrays["sure"] += 1
    save_file(arrays, tmp_path / negatives.WEIGHTS.name)
    with pytest.raises(WeightsDigestError):
        negatives.locate(negatives.WEIGHTS, tmp_path)
    assert isinstance(negatives.WEIGHTS, WeightsFile)
    assert (PACKAGED / negatives.WEIGHTS.name).stat().st_size == negatives.WEIGHTS.size

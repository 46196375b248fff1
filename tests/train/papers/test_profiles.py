from __future__ import annotations

import json

import numpy as np
import pytest

from photochrom.color import rgb_to_lab
from photochrom.errors import DataError, OptionError
from photochrom.train.papers.profiles import Profiles, dominant_colors, fit_profiles, profile_vector

RED, BLUE, GREEN, GREY = (200, 30, 30), (30, 60, 200), (40, 160, 40), (128, 128, 128)


def painted(*colors: tuple[int, int, int]) -> np.ndarray:
    """64 x 64 pixels in vertical stripes of equal width."""
    picture = np.zeros((64, 64, 3), np.uint8)
    for number, color in enumerate(colors):
        picture[:, number * 64 // len(colors) :] = color
    return picture


def noisy(color: tuple[int, int, int], seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.clip(np.array(color) + rng.normal(0, 25, (48, 64, 3)), 0, 255).astype(np.uint8)


def test_dominant_colours_of_stripes_are_the_stripes() -> None:
    found = dominant_colors(painted(RED, RED, RED, BLUE))
    expected = rgb_to_lab(np.array([RED, BLUE]) / 255)
    np.testing.assert_allclose(found.colors, expected, atol=0.1)
    np.testing.assert_allclose(found.shares, [0.75, 0.25])
    np.testing.assert_allclose(found.variances, 0, atol=1e-3)


def test_coherency_tells_areas_from_a_pattern() -> None:
    areas = painted(RED, BLUE)
    pattern = np.repeat(
        np.repeat(np.indices((32, 32)).sum(0) % 2, 2, 0), 2, 1
    )  # a chessboard of the small copy's pixels
    chessboard = np.where(pattern[..., None] == 0, RED, BLUE).astype(np.uint8)
    assert dominant_colors(areas).coherency > 0.95
    assert dominant_colors(chessboard).coherency < 0.05


def test_descriptors_of_photographs_are_sound(photographs: list[np.ndarray]) -> None:
    for picture in photographs:
        found = dominant_colors(picture)
        assert found.shares.sum() == pytest.approx(1, abs=1e-5)
        assert (np.diff(found.shares) <= 0).all()
        assert (found.variances >= 0).all()
        assert 0 <= found.coherency <= 1
        assert np.square(profile_vector(found)[:-1]).sum() == pytest.approx(1, abs=1e-4)


def test_vector_knows_colours_and_not_their_order_or_lightness() -> None:
    one, mirrored = (profile_vector(dominant_colors(painted(*pair))) for pair in ((RED, BLUE), (BLUE, RED)))
    other = profile_vector(dominant_colors(painted(RED, GREEN)))
    dark, light = (profile_vector(dominant_colors(painted((level,) * 3))) for level in (40, 220))
    np.testing.assert_allclose(one, mirrored, atol=1e-4)
    np.testing.assert_allclose(dark, light, atol=1e-4)
    assert np.linalg.norm(one - other) > 0.5


@pytest.fixture(scope="module")
def vectors() -> np.ndarray:
    """Five pictures of each of four colours, one after the other."""
    colors = (RED, BLUE, GREEN, GREY)
    return np.array(
        [profile_vector(dominant_colors(noisy(c, 10 * i + k))) for i, c in enumerate(colors) for k in range(5)]
    )


@pytest.mark.parametrize("count", [4, None])
def test_profiles_are_the_colours_and_silhouette_finds_their_number(vectors: np.ndarray, count: int | None) -> None:
    profiles = fit_profiles(list(vectors), count)
    groups = profiles.assign(vectors).reshape(4, 5)
    assert len(profiles.centres) == 4
    assert (groups == groups[:, :1]).all()
    assert len(set(groups[:, 0].tolist())) == 4
    assert profiles.silhouette > 0.5


def test_profiles_survive_json(vectors: np.ndarray) -> None:
    profiles = fit_profiles(list(vectors), 3)
    again = Profiles.from_dict(json.loads(json.dumps(profiles.as_dict())))
    np.testing.assert_array_equal(again.assign(vectors), profiles.assign(vectors))


def test_too_few_pictures_or_profiles_are_refused(vectors: np.ndarray) -> None:
    with pytest.raises(OptionError, match="profiles"):
        fit_profiles(list(vectors), 1)
    for few in ([], [vectors[0]] * 9, list(vectors[:4])):
        with pytest.raises(DataError, match="too few"):
            fit_profiles(few, 4)

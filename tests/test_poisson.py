"""Poisson fusion: no seam, the region's own gradients, and the same as a direct solver."""

from __future__ import annotations

import numpy as np
import pytest

from photochrom.errors import InvalidPixelsError
from photochrom.fuse import poisson
from photochrom.fuse.poisson import blend_regions


def disc(height: int, width: int, radius: float = 0.3) -> np.ndarray:
    y, x = np.mgrid[:height, :width]
    return (y / height - 0.5) ** 2 + (x / width - 0.5) ** 2 < radius**2


def smooth(height: int, width: int, seed: int) -> np.ndarray:
    import cv2

    noise = np.random.default_rng(seed).normal(0, 1, (height, width, 2)).astype(np.float32)
    return np.asarray(cv2.GaussianBlur(noise, (0, 0), 5) * 100)


def test_it_agrees_with_a_direct_solver() -> None:
    sparse = pytest.importorskip("scipy.sparse")
    linalg = pytest.importorskip("scipy.sparse.linalg")
    height, width = 45, 70
    background, region, mask = smooth(height, width, 0), smooth(height, width, 1), disc(height, width)
    number = -np.ones(mask.shape, int)
    number[mask] = np.arange(mask.sum())
    rows, columns, values, right = [], [], [], np.zeros((int(mask.sum()), 2))
    for y, x in zip(*np.nonzero(mask), strict=True):
        own = number[y, x]
        for dy, dx in ((0, 1), (0, -1), (1, 0), (-1, 0)):
            if not (0 <= y + dy < height and 0 <= x + dx < width):
                continue
            rows, columns, values = [*rows, own], [*columns, own], [*values, 1.0]
            right[own] += region[y, x] - region[y + dy, x + dx]
            if mask[y + dy, x + dx]:
                rows, columns, values = [*rows, own], [*columns, number[y + dy, x + dx]], [*values, -1.0]
            else:
                right[own] += background[y + dy, x + dx]
    matrix = sparse.csc_matrix((values, (rows, columns)))
    expected = background.copy()
    expected[mask] = np.stack([linalg.spsolve(matrix, right[:, c]) for c in (0, 1)], axis=1)
    np.testing.assert_allclose(poisson(background, region, mask), expected, atol=0.05)


@pytest.mark.parametrize("size", [(16, 20), (150, 201)])
def test_a_constant_difference_vanishes(size: tuple[int, int]) -> None:
    background, mask = smooth(*size, 0), disc(*size)
    np.testing.assert_allclose(poisson(background, background + np.array([40, -25]), mask), background, atol=0.1)


def test_outside_the_mask_nothing_changes_and_inside_the_region_shows() -> None:
    background, region, mask = np.zeros((60, 80, 2)), smooth(60, 80, 1), disc(60, 80)
    found = poisson(background, region, mask)
    np.testing.assert_array_equal(found[~mask], 0)
    inner = disc(60, 80, 0.25)
    for channel in (0, 1):
        assert np.corrcoef(found[inner, channel], region[inner, channel])[0, 1] > 0.5


def test_no_mask_and_all_mask() -> None:
    background, region = smooth(20, 20, 0), smooth(20, 20, 1)
    np.testing.assert_array_equal(poisson(background, region, np.zeros((20, 20), bool)), background)
    np.testing.assert_array_equal(poisson(background, region, np.ones((20, 20), bool)), region)


def test_a_mask_at_the_edge_of_the_picture() -> None:
    background, mask = np.full((40, 40, 2), 10.0), np.zeros((40, 40), bool)
    mask[:, :20] = True
    np.testing.assert_allclose(poisson(background, np.zeros((40, 40, 2)), mask), 10, atol=0.1)


def test_regions_are_fused_one_after_another() -> None:
    background, left, right = np.zeros((40, 40, 2)), np.zeros((40, 40), bool), np.zeros((40, 40), bool)
    left[10:30, 4:16], right[10:30, 24:36] = True, True
    one, other = smooth(40, 40, 1), smooth(40, 40, 2)
    found = blend_regions(background, [(left, one), (right, other)])
    np.testing.assert_allclose(found[left], poisson(background, one, left)[left], atol=1e-5)
    np.testing.assert_allclose(found[right], poisson(background, other, right)[right], atol=1e-5)


def test_shapes_that_do_not_match_are_refused() -> None:
    ab, mask = np.zeros((4, 5, 2)), np.ones((4, 5), bool)
    for wrong in ((ab[:3], ab, mask), (ab, ab[..., :1], mask), (ab, ab, mask[:3])):
        with pytest.raises(InvalidPixelsError, match="expected"):
            poisson(*wrong)
    with pytest.raises(InvalidPixelsError, match="NaN"):
        poisson(ab, np.full_like(ab, np.nan), mask)

"""Pictures wider than OpenCV's interpolation takes in one call (32,767 columns) are painted like any other."""

import numpy as np
import pytest

from photochrom.fuse import fit, paint_strip

RNG = np.random.default_rng(1)


@pytest.mark.parametrize("width", [32766, 32767, 40000, 70001])
@pytest.mark.parametrize("bands", [(), (3,)], ids=["grey", "rgb"])
def test_a_wide_strip_is_that_of_its_parts(width, bands):
    field = fit(RNG.uniform(-40, 40, (8, 64, 2)).astype(np.float32), RNG.uniform(0, 100, (8, 64)).astype(np.float32))
    pixels = RNG.integers(0, 256, (5, width, *bands), np.uint8)
    painted = paint_strip(field, pixels, 0, 5)
    assert painted.shape == (5, width, 3)
    for x in range(0, width, 30000):
        part = paint_strip(field, pixels[:, x : x + 30000], 0, 5, x0=x, full_width=width)
        np.testing.assert_array_equal(painted[:, x : x + 30000], part)

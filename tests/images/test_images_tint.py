"""Old scans: a tint is not colour, and colour is not a tint."""

import numpy as np
import pytest
from skimage import data
from sklearn.datasets import load_sample_image

from photochrom.images import classify_tint, open_image

pytestmark = pytest.mark.pixels

GREY = data.camera()[::2, ::2].astype(np.float32) / 255


def toned(shadow, light, picture=GREY):
    """The picture printed between two colours (sRGB, 0..255)."""
    shadow, light = (np.asarray(colour, np.float32) / 255 for colour in (shadow, light))
    return (shadow + (light - shadow) * picture[..., None]).astype(np.float32)


SEPIA = toned((40, 26, 13), (250, 236, 205))
BLUE = toned((8, 22, 60), (225, 238, 255))
PINK = toned((90, 40, 70), (245, 215, 230))


def test_grey():
    tint = classify_tint(np.repeat(GREY[..., None], 3, axis=2))
    assert (tint.kind, tint.already_colour, tint.off_tint) == ("grey", False, 0.0)
    np.testing.assert_allclose(tint.mean_ab, 0, atol=0.1)


@pytest.mark.parametrize(("picture", "kind"), [(SEPIA, "sepia"), (BLUE, "blue"), (PINK, "faded")])
def test_tints(picture, kind):
    tint = classify_tint(picture)
    assert (tint.kind, tint.already_colour) == (kind, False)
    assert tint.one_hue > 0.9


def test_split_tone_is_not_colour():
    """Blue shadows and yellow lights: two hues, but one for each lightness."""
    assert not classify_tint(toned((20, 25, 60), (255, 240, 200))).already_colour


@pytest.mark.parametrize(
    "picture",
    [
        data.astronaut(),
        data.coffee(),
        data.chelsea(),
        data.rocket(),
        load_sample_image("china.jpg"),
        load_sample_image("flower.jpg"),
    ],
    ids=["astronaut", "coffee", "chelsea", "rocket", "china", "flower"],
)
def test_colour_photographs(picture):
    tint = classify_tint(open_image(picture).work_copy(192))
    assert (tint.kind, tint.already_colour) == ("colour", True)


def test_scan_border_does_no_harm():
    framed = np.ones((320, 320, 3), np.float32)
    framed[32:288, 32:288] = SEPIA
    assert classify_tint(framed).kind == "sepia"
    framed[:] = 0
    framed[32:288, 32:288] = SEPIA
    assert classify_tint(framed).kind == "sepia"


def test_a_stamp_and_ink_do_no_harm():
    stamped = SEPIA.copy()
    stamped[10:50, 10:50] = (0.7, 0.1, 0.15)  # 2.4 % of the picture
    stamped[220:224, 20:200] = (0.1, 0.1, 0.6)
    tint = classify_tint(stamped)
    assert tint.kind == "sepia"
    assert tint.off_tint > 0.01


def test_noise_and_uneven_yellowing_do_no_harm():
    random = np.random.default_rng(0)
    strength = np.linspace(0.75, 1.25, 256, dtype=np.float32)[None, :, None]
    uneven = GREY[..., None] + (SEPIA - GREY[..., None]) * strength
    noisy = np.clip(uneven + random.normal(0, 0.01, uneven.shape), 0, 1).astype(np.float32)
    assert classify_tint(noisy).kind == "sepia"


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 300, 3), (5, 2, 3)])
def test_tiny_pictures(shape):
    assert classify_tint(np.full(shape, 0.5, np.float32)).kind == "grey"


CHART = (
    np.array([[180, 30, 30], [220, 120, 20], [230, 220, 40], [40, 140, 50], [40, 90, 200], [120, 50, 150]], np.float32)
    / 255
)


@pytest.mark.parametrize(("picture", "kind"), [(SEPIA, "sepia"), (BLUE, "blue"), (PINK, "faded")])
@pytest.mark.parametrize("turned", range(4))
def test_a_tinted_print_beside_a_colour_chart(picture, kind, turned):
    strip = np.repeat(np.repeat(CHART, 43, axis=0)[:256, None], 30, axis=1)
    scan = np.rot90(np.concatenate([picture, strip], axis=1), turned)
    assert classify_tint(np.ascontiguousarray(scan)).kind == kind


def test_a_large_and_gaudy_chart():
    """A fifth of the scan, so that the colours of the whole no longer lie on the curve of the print."""
    patches = [
        (200, 30, 30),
        (30, 200, 30),
        (30, 30, 200),
        (200, 200, 30),
        (30, 200, 200),
        (200, 30, 200),
        (250, 250, 250),
    ]
    chart = np.repeat(np.array(patches, np.float32) / 255, 37, axis=0)[None, : SEPIA.shape[1]]
    picture = np.concatenate([SEPIA, np.repeat(chart, 60, axis=0)])
    assert (classify_tint(picture).kind, classify_tint(np.rot90(picture)).kind) == ("sepia", "sepia")


def test_two_prints_of_different_tints():
    for axis in (0, 1):
        tint = classify_tint(np.concatenate([SEPIA, BLUE], axis=axis))
        assert (tint.kind, tint.already_colour) == ("mixed", False)

"""JPEG by several threads: what is decoded ahead, and strips that are joined by restart markers."""

import io
import itertools

import numpy as np
import pytest
import pyvips

from helpers import data
from photochrom.images import open_image
from photochrom.images.jpeg import jpeg_pieces

Image = pytest.importorskip("PIL.Image")
ASTRONAUT = data.astronaut()
GREY = data.camera()


def encoded(pixels: np.ndarray, rows: list[int], *, full_colour: bool, threads: int = 2, quality: int = 92) -> bytes:
    edges = np.cumsum([0, *rows])
    strips = [pixels[a:b] for a, b in itertools.pairwise(edges)]
    height, width = pixels.shape[:2]
    return b"".join(jpeg_pieces(strips, width, height, quality, full_colour, b"profile" * 20000, threads))


@pytest.mark.parametrize("full_colour", [True, False])
@pytest.mark.parametrize("size", [(512, 512), (100, 37), (17, 300), (1, 1), (16, 16)], ids=str)
def test_joined_strips_are_the_picture_that_one_encoder_makes(size: tuple[int, int], full_colour: bool) -> None:
    pixels = np.ascontiguousarray(ASTRONAUT[: size[0], : size[1]])
    together = encoded(pixels, [size[0]], full_colour=full_colour)
    for rows in ([48] * (size[0] // 48) + [size[0] % 48], [1] * size[0], [min(20, size[0]), max(0, size[0] - 20)]):
        apart = encoded(pixels, [r for r in rows if r], full_colour=full_colour)
        for decode in (
            lambda j: np.asarray(Image.open(io.BytesIO(j))),
            lambda j: pyvips.Image.jpegload_buffer(j, fail_on="warning").numpy(),
        ):
            found = decode(apart)
            assert found.shape == (*size, 3)
            if full_colour:
                assert np.array_equal(found, decode(together))
            else:  # decoders smooth halved chroma over the ends of strips just as within them
                assert np.abs(found.astype(int) - decode(together)).max() <= 1


def test_the_number_of_threads_changes_nothing() -> None:
    rows = [64] * 8
    assert encoded(ASTRONAUT, rows, full_colour=True) == encoded(ASTRONAUT, rows, full_colour=True, threads=1)


def test_a_long_profile_is_split_and_whole() -> None:
    image = Image.open(io.BytesIO(encoded(ASTRONAUT, [512], full_colour=True)))
    assert image.info["icc_profile"] == b"profile" * 20000


@pytest.mark.parametrize("orientation", [1, 2, 3, 6, 8])
@pytest.mark.parametrize("subsample", ["on", "off"])
def test_grey_in_a_colour_jpeg_is_what_libvips_decodes(orientation: int, subsample: str) -> None:
    image = pyvips.Image.new_from_array(np.repeat(GREY[:300, :, None], 3, axis=2)).copy()
    image.set_type(pyvips.GValue.gint_type, "orientation", orientation)
    jpeg = image.jpegsave_buffer(Q=83, subsample_mode=subsample)
    expected = pyvips.Image.jpegload_buffer(jpeg).autorot().numpy()[..., 0]
    for looked in (False, True):
        source = open_image(jpeg)
        if looked:
            assert source.work_copy(64).shape[:2] in ((64, 109), (109, 64))
        found = np.concatenate([strip for _, strip in source.strips(64)])
        assert found.ndim == 2
        assert np.array_equal(found, expected)


def test_a_little_colour_is_seen() -> None:
    pixels = np.repeat(GREY[..., None], 3, axis=2)
    pixels[200:230, 300:330] = (200, 30, 30)
    jpeg = pyvips.Image.new_from_array(pixels).jpegsave_buffer(Q=95)
    source = open_image(jpeg)
    source.work_copy(64)
    found = np.concatenate([strip for _, strip in source.strips(64)])
    assert np.array_equal(found, pyvips.Image.jpegload_buffer(jpeg).numpy())


def test_the_work_copy_of_a_jpeg_is_an_area_average() -> None:
    large = pyvips.Image.new_from_array(GREY).resize(3)
    jpeg = open_image(large.jpegsave_buffer(Q=98)).work_copy(96)
    plain = open_image(large.numpy()).work_copy(96)
    assert jpeg.shape == plain.shape
    assert np.abs(jpeg - plain).mean() < 0.01

"""Pictures in the forms that Python programs have them, and results in the forms that they want."""

from __future__ import annotations

import io
import multiprocessing
import os
import pickle
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import photochrom
from helpers import Grey, data, load, save
from photochrom import Colorizer, Hint, errors
from photochrom.errors import ForkedError, ImageError, ImageTooLargeError, OptionError, PhotochromError

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")


def test_whatever_holds_a_picture(shipped: Colorizer, photo: Grey, tmp_path: Path) -> None:
    path = save(photo, tmp_path / "a.png")
    content, expected = path.read_bytes(), shipped.open(photo).paint().rgb
    with path.open("rb") as file:
        for given in (
            path,
            str(path),
            content,
            bytearray(content),
            memoryview(content),
            io.BytesIO(content),
            file,
            Image.open(path),
            Image.fromarray(photo),
            photo,
        ):
            np.testing.assert_array_equal(shipped.open(given).paint(), expected)
    opened = shipped.open(photo)
    reference = data.astronaut()[::4, ::4].copy()
    for given in (reference, Image.fromarray(reference)):
        assert opened.refer(given) == opened.refer(reference)


@pytest.mark.parametrize("given", [None, 3, [[1, 2]], {"a": 1}, io.StringIO("text"), object()], ids=repr)
def test_what_is_no_picture(shipped: Colorizer, photo: Grey, given: Any) -> None:
    with pytest.raises(ImageError):
        shipped.open(given)
    with pytest.raises(ImageError):
        shipped.open(photo).refer(given)


def test_a_closed_file(shipped: Colorizer) -> None:
    file = io.BytesIO(b"x")
    file.close()
    with pytest.raises(ImageError, match="cannot be read"):
        shipped.open(file)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "I;16"])
def test_images_of_pil(shipped: Colorizer, photo: Grey, mode: str) -> None:
    deep = photo.astype(np.uint16) * 257
    image = Image.fromarray(deep) if mode == "I;16" else Image.fromarray(photo).convert(mode)
    opened = shipped.open(image)
    assert opened.size == (96, 64)
    assert opened.source.info.has_alpha == (mode in ("LA", "RGBA"))
    assert opened.source.info.bit_depth == (16 if mode == "I;16" else 8)


def test_pil_images_that_lie_on_their_side(shipped: Colorizer, photo: Grey) -> None:
    image = Image.fromarray(photo)
    image.getexif()[0x0112] = 6
    assert shipped.open(image).size == (64, 96)


def test_a_result_is_an_array_and_an_image(shipped: Colorizer, photo: Grey) -> None:
    result = shipped.open(photo).paint()
    np.testing.assert_array_equal(np.asarray(result), result.rgb)
    assert np.asarray(result, np.float32).dtype == np.float32
    image = result.to_pil()
    assert (image.mode, image.size) == ("RGB", (96, 64))
    np.testing.assert_array_equal(np.asarray(image), result.rgb)
    deep = shipped.open(photo.astype(np.uint16) * 257).paint()
    assert np.abs(np.asarray(deep.to_pil()).astype(int) - np.rint(deep.rgb / 257)).max() <= 1


def test_save_to_a_file_object(shipped: Colorizer, photo: Grey, tmp_path: Path) -> None:
    result = shipped.open(photo).paint()
    result.save(tmp_path / "a.png")
    file = io.BytesIO()
    assert result.save(file) == ()
    assert file.getvalue() == (tmp_path / "a.png").read_bytes()
    for kind, head in (("jpeg", b"\xff\xd8"), ("tiff", b"II"), ("webp", b"RIFF")):
        file = io.BytesIO()
        result.save(file, format=kind)
        assert file.getvalue().startswith(head)
    with (tmp_path / "b.jpg").open("wb") as named:
        result.save(named, jpeg_quality=95)
    assert load(tmp_path / "b.jpg").shape == (64, 96, 3)
    with pytest.raises(OptionError, match="format"):
        result.save(io.BytesIO(), format="bmp")


def test_what_the_colours_of_a_result_are(shipped: Colorizer, photo: Grey) -> None:
    """The network's own stay what they are; those of the field are what was painted."""
    opened = shipped.open(photo)
    plain, warm = opened.paint(), opened.paint(warmth=1, hints=[Hint.at(40, 30, (60, 40))])
    np.testing.assert_array_equal(plain.model_ab, warm.model_ab)
    assert warm.field_ab.shape == (*opened.work_lightness.shape, 2)
    assert np.abs(warm.field_ab - plain.field_ab).max() > 20
    y, x = 30 * opened.work_lightness.shape[0] // 64, 40 * opened.work_lightness.shape[1] // 96
    np.testing.assert_allclose(warm.field_ab[y, x], (60, 40), atol=6)


def _errors() -> list[PhotochromError]:
    made: dict[type[PhotochromError], tuple[Any, ...]] = {
        errors.ImageTooLargeError: (100, 10, "a.png"),
        errors.GreyReferenceError: (1.5,),
        errors.OutputConflictError: ("a.png", (Path("b"), Path("c"))),
        errors.UnknownModelError: ("x", ("a", "b")),
        errors.WeightsDigestError: ("a", "b", "c"),
        errors.OptionError: ("trust", 7, "less"),
        errors.ManifestBusyError: ("host 1", 2.0),
        errors.UnknownColorError: ("olve", ("olive",)),
        errors.MissingExtraError: ("web", "it"),
        errors.ForkedError: (),
        errors.RecipeError: ("key", "message"),
        errors.DivergenceError: ("loss", 7),
    }
    kinds = [getattr(errors, name) for name in errors.__all__]
    return [kind(*made.get(kind, ("message",))) for kind in kinds]


@pytest.mark.parametrize("error", _errors(), ids=lambda error: type(error).__name__)
def test_errors_survive_pickling(error: PhotochromError) -> None:
    back = pickle.loads(pickle.dumps(error))
    assert type(back) is type(error)
    assert str(back) == str(error)
    assert back.__dict__ == error.__dict__


def _shape(colorizer: Colorizer, picture: Any, limit: int) -> tuple[int, ...]:
    shape: tuple[int, ...] = colorizer.open(picture, max_pixels=limit).paint().rgb.shape
    return shape


def test_an_error_stops_its_own_job_only(shipped: Colorizer, photo: Grey) -> None:
    """Colorizers and errors cross processes."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        refused, done = (pool.submit(_shape, shipped, photo, limit) for limit in (100, 10**6))
        with pytest.raises(ImageTooLargeError) as caught:
            refused.result(timeout=120)
        assert (caught.value.pixels, caught.value.limit) == (photo.size, 100)
        assert done.result(timeout=120) == (64, 96, 3)


def test_a_colorizer_is_pickled_by_its_arguments(photo: Grey) -> None:
    made = Colorizer(threads=1, work_size=128, quality="best")
    again = pickle.loads(pickle.dumps(made))
    assert (again.threads, again.work_size, again.session.name) == (1, 128, made.session.name)
    np.testing.assert_array_equal(again.open(photo).paint(), made.open(photo).paint())
    session = pickle.loads(pickle.dumps(Colorizer(made.session)))
    assert session.session.name == made.session.name


@needs_fork
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_fork_of_a_process_that_has_coloured(shipped: Colorizer, photo: Grey) -> None:
    """It says that it cannot, where it would wait for ever."""
    shipped.open(photo).paint()
    with ProcessPoolExecutor(1, multiprocessing.get_context("fork")) as pool, pytest.raises(ForkedError, match="spawn"):
        pool.submit(_shape, shipped, photo, 10**6).result(timeout=120)


def test_names_for_users() -> None:
    for name in ("Hint", "Hints", "Mask", "Spot", "Palette", "Click", "Edits", "Reference", "Colorizer", "colorize"):
        assert getattr(photochrom, name).__module__.startswith("photochrom")

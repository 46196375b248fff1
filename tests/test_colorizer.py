"""The main path in Python: any picture in, the same light out in colour, as often as wanted."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from numpy.typing import NDArray

import photochrom
from helpers import Grey, data, load, save
from photochrom import Colorized, Colorizer
from photochrom.color import ab_bins, lab_to_rgb, lightness, rgb_to_lab
from photochrom.errors import (
    ImageNotFoundError,
    ImageTooLargeError,
    InvalidPixelsError,
    OptionError,
    OutputExistsError,
    TruncatedImageError,
    UnknownModelError,
)
from photochrom.runtime import Features, Session

pytestmark = pytest.mark.pixels

RED, BLUE = (60.0, 45.0), (10.0, -45.0)


class Painter:
    """A model that knows one thing: the left half is red, the right half blue."""

    name, hints, details = "painter", False, False
    output: Literal["ab-bins", "ab"] = "ab"

    def __init__(self, stride: int = 8, work_size: int = 64) -> None:
        self.stride, self.work_size = stride, work_size
        self.seen: list[tuple[int, int]] = []

    def encode(self, lightness: NDArray[np.float32]) -> Features:
        self.seen.append((lightness.shape[0], lightness.shape[1]))
        return Features((lightness,), *lightness.shape)

    def decode(self, features: Features, hints: Any = None, histogram: Any = None) -> NDArray[np.float32]:
        h, w = -(-features.height // self.stride), -(-features.width // self.stride)
        ab = np.empty((2, h, w), np.float32)
        ab[:, :, : w // 2], ab[:, :, w // 2 :] = np.reshape(RED, (2, 1, 1)), np.reshape(BLUE, (2, 1, 1))
        return ab


def lightness_error(before: NDArray[Any], after: NDArray[Any]) -> NDArray[np.float64]:
    return np.abs(lightness(before).astype(np.float64) - lightness(after))


@pytest.mark.parametrize("size", [(1, 1), (3, 2), (1, 5000), (5000, 1), (17, 23), (427, 640)], ids=str)
def test_any_size(shipped: Colorizer, size: tuple[int, int]) -> None:
    grey = np.resize(data.camera(), np.array(size)).astype(np.uint8)
    result = shipped.open(grey).paint()
    assert result.rgb.shape == (*size, 3)
    assert result.rgb.dtype == np.uint8
    error = lightness_error(grey, result.rgb)
    assert error.mean() < 0.5
    assert np.percentile(error, 99) < 2


@pytest.mark.parametrize(
    "array",
    [
        data.camera()[::8, ::8].astype(np.uint16) * 257,
        data.camera()[::8, ::8] / 255,
        (data.camera()[::8, ::8, None] / 255).astype(np.float32),
        np.dstack([data.camera()[::8, ::8]] * 2),
        data.astronaut()[::8, ::8],
        np.dstack([data.astronaut()[::8, ::8], data.camera()[::8, ::8]]),
    ],
    ids=["uint16", "float64", "float32", "grey+alpha", "rgb", "rgba"],
)
def test_any_array(shipped: Colorizer, array: NDArray[Any]) -> None:
    before = array.copy()
    rgb = shipped.open(array).paint().rgb
    np.testing.assert_array_equal(array, before)
    assert rgb.shape == (64, 64, 3)
    assert rgb.dtype == (np.uint8 if array.dtype == np.uint8 else np.uint16)
    grey = array if array.ndim == 2 else array[..., 0] if array.shape[2] < 3 else array[..., :3]
    if grey.dtype.kind == "f":
        grey = (grey * 65535).round().astype(np.uint16)
    error = lightness_error(grey, rgb)
    assert error.mean() < (0.5 if rgb.dtype == np.uint8 else 0.01)
    assert np.percentile(error, 99) < 2


def test_the_coloured_portrait(shipped: Colorizer) -> None:
    """The trained model gives the portrait colour, and keeps its light."""
    portrait = (lightness(data.astronaut()) * 2.55).round().astype(np.uint8)
    rgb = shipped.open(portrait).paint().rgb
    error = lightness_error(portrait, rgb)
    assert error.mean() < 0.5
    assert np.percentile(error, 99) < 2
    assert np.hypot(*np.moveaxis(rgb_to_lab(rgb / 255)[..., 1:], -1, 0)).mean() > 2


def test_colours_are_where_the_model_put_them() -> None:
    for size in ((200, 300), (30, 900), (640, 64), (16, 16)):
        rgb = Colorizer(Painter()).open(np.full(size, 128, np.uint8)).paint().rgb
        lab = rgb_to_lab(rgb / 255)
        edge = max(1, size[1] // 8)
        np.testing.assert_allclose(lab[:, :edge, 1:].mean((0, 1)), RED, atol=3)
        np.testing.assert_allclose(lab[:, -edge:, 1:].mean((0, 1)), BLUE, atol=3)


@pytest.mark.parametrize("stride", [1, 4, 8, 32])
def test_the_models_grid_covers_exactly_the_photograph(stride: int) -> None:
    painter = Painter(stride)
    result = Colorizer(painter, work_size=100).open(np.full((90, 131), 128, np.uint8)).paint()
    ((height, width),) = painter.seen
    assert height % stride == width % stride == 0
    assert abs(height - 100) <= stride / 2
    assert abs(width - 100 * 131 / 90) <= stride / 2
    assert result.model_ab.shape == (height // stride, width // stride, 2)
    a = rgb_to_lab(result.rgb / 255)[..., 1].mean(0)
    edge = int(np.argmax(a < (RED[0] + BLUE[0]) / 2))
    assert abs(edge - 131 * (width // stride // 2) * stride / width) < 0.2 * stride + 3


def test_a_panorama_is_not_seen_at_full_length() -> None:
    painter = Painter(work_size=64)
    Colorizer(painter).open(np.zeros((40, 4000), np.uint8))
    Colorizer(painter).open(np.zeros((4000, 1), np.uint8))
    assert painter.seen == [(8, 256), (256, 8)]


def test_own_sessions_and_work_sizes() -> None:
    painter: Session = Painter()
    assert Colorizer(painter).session is painter
    assert Colorizer(painter).work_size == 64
    assert Colorizer(painter, work_size=128).work_size == 128
    for size in (31, 0, -5, 5000):
        with pytest.raises(OptionError, match="work_size"):
            Colorizer(painter, work_size=size)
    with pytest.raises(UnknownModelError):
        Colorizer("no-such-model")


def test_painting_is_repeatable(shipped: Colorizer, photo: Grey) -> None:
    opened = shipped.open(photo)
    first = opened.paint()
    assert opened.paint(vividness=1.0).rgb.tobytes() != first.rgb.tobytes()
    for again in (opened.paint(), shipped.open(photo).paint(), opened.paint(vividness=0.5)):
        assert again.rgb.tobytes() == first.rgb.tobytes()
        np.testing.assert_array_equal(again.model_ab, first.model_ab)
    assert np.concatenate(list(first.strips())).tobytes() == first.rgb.tobytes()
    other = Colorizer(threads=2).open(photo).paint()
    assert np.abs(other.rgb.astype(int) - first.rgb).max() <= 2, "threads do not change the picture"


def test_results_do_not_change(shipped: Colorizer, photo: Grey) -> None:
    grey = photo.copy()
    opened = shipped.open(grey)
    result = opened.paint()
    with pytest.raises(FrozenInstanceError):
        result.vividness = 1.0  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        opened.tint = None  # type: ignore[misc, assignment]
    for array in (result.rgb, result.model_ab, result.field_ab, result.confidence, opened.work_lightness):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0
    grey[:] = 0  # the caller's array is his again
    assert lightness_error(photo, result.rgb).mean() < 0.5
    assert len(repr(result)) < 1000
    assert result.rgb is result.rgb


def test_confidence_and_ab(shipped: Colorizer, photo: Grey) -> None:
    opened = shipped.open(photo)
    result = opened.paint()
    cells = (opened.work_lightness.shape[0] // 8, opened.work_lightness.shape[1] // 8)
    assert min(opened.work_lightness.shape) == shipped.work_size
    assert result.model_ab.shape == (*cells, 2)
    assert result.confidence.shape == cells
    assert 0 <= result.confidence.min() <= result.confidence.max() <= 1
    assert (Colorizer(Painter()).open(photo).paint().confidence == 1).all(), "a model of plain ab cannot tell"


def test_a_histogram_steers(shipped: Colorizer, photo: Grey) -> None:
    opened = shipped.open(photo)
    histogram = np.zeros(len(ab_bins()))
    histogram[np.argmax(ab_bins()[:, 0])] = 1
    assert not np.array_equal(opened.paint(histogram=histogram).model_ab, opened.paint().model_ab)
    with pytest.raises(OptionError, match="histogram"):
        opened.paint(histogram=histogram[:-1])


@pytest.mark.parametrize("vividness", [-0.1, 1.1, float("nan")])
def test_vividness_has_a_range(shipped: Colorizer, photo: Grey, vividness: float) -> None:
    with pytest.raises(OptionError, match="vividness"):
        shipped.open(photo).paint(vividness=vividness)


def test_old_prints_and_colour_photographs(shipped: Colorizer, photo: Grey) -> None:
    sepia = (photo[..., None] * np.array([1.0, 0.87, 0.68])).round().astype(np.uint8)
    opened = shipped.open(sepia)
    assert (opened.tint.kind, opened.tint.already_colour, opened.notices) == ("sepia", False, ())
    assert shipped.open(photo).tint.kind == "grey"
    colour = shipped.open(data.astronaut()[::4, ::4].copy())
    assert colour.tint.already_colour
    assert "already a colour photograph" in " ".join(colour.notices)


def test_only_the_lightness_counts(shipped: Colorizer, photo: Grey) -> None:
    tinted = (photo[..., None] * np.array([1.0, 0.87, 0.68])).round().astype(np.uint8)
    light = lightness(tinted)
    neutral = lab_to_rgb(np.stack([light, 0 * light, 0 * light], axis=-1)).clip(0, 1)
    first, second = (shipped.open(picture).paint() for picture in (tinted, neutral))
    assert np.abs(first.model_ab - second.model_ab).max() < 1
    assert np.abs(first.rgb / 255 - second.rgb / 65535).max() < 0.02


def test_colorize_in_one_call(shipped: Colorizer, photo: Grey, tmp_path: Path) -> None:
    path = save(photo, tmp_path / "a.png")
    expected = shipped.open(photo).paint(vividness=0.8).rgb
    for image in (path, str(path), path.read_bytes(), photo):
        result = photochrom.colorize(image, vividness=0.8)
        assert isinstance(result, Colorized)
        assert np.abs(result.rgb.astype(int) - expected).max() <= 2
    assert photochrom.colorize(photo, model="photochrom").vividness == 0.5


def test_save(shipped: Colorizer, photo: Grey, tmp_path: Path) -> None:
    result = shipped.open(photo).paint()
    assert result.save(tmp_path / "a.png") == ()
    np.testing.assert_array_equal(load(tmp_path / "a.png"), result.rgb)
    kept = (tmp_path / "a.png").read_bytes()
    with pytest.raises(OutputExistsError):
        result.save(tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes() == kept
    result.save(str(tmp_path / "a.png"), force=True)
    result.save(tmp_path / "low.jpg", jpeg_quality=10)
    result.save(tmp_path / "high.jpg", jpeg_quality=95)
    assert (tmp_path / "low.jpg").stat().st_size < (tmp_path / "high.jpg").stat().st_size
    see_through = shipped.open(np.dstack([photo, photo])).paint()
    assert "transparency" in " ".join(see_through.save(tmp_path / "flat.jpg"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.png", "flat.jpg", "high.jpg", "low.jpg"]


def test_sixteen_bits_stay_sixteen(shipped: Colorizer, photo: Grey, tmp_path: Path) -> None:
    deep = photo.astype(np.uint16) * 200 + 77
    result = shipped.open(save(deep, tmp_path / "a.tif")).paint()
    result.save(tmp_path / "b.tif")
    saved = load(tmp_path / "b.tif")
    assert saved.dtype == np.uint16
    np.testing.assert_array_equal(saved, result.rgb)
    assert lightness_error(deep, saved).mean() < 0.01


def test_save_confidence(shipped: Colorizer, photo: Grey, tmp_path: Path) -> None:
    source = np.dstack([photo, np.full_like(photo, 9)])  # its alpha has no place in the map
    result = shipped.open(source).paint()
    result.save_confidence(tmp_path / "c.png")
    saved = load(tmp_path / "c.png")
    assert saved.shape == (*photo.shape, 3)
    assert (saved == saved[..., :1]).all()
    assert abs(saved.mean() / 255 - result.confidence.mean()) < 0.01
    least, most = result.confidence.min() * 255 - 1, result.confidence.max() * 255 + 1
    assert least <= saved.min() <= saved.max() <= most
    with pytest.raises(OutputExistsError):
        result.save_confidence(tmp_path / "c.png")


def test_bad_pictures(shipped: Colorizer, photo: Grey, tmp_path: Path) -> None:
    with pytest.raises(ImageNotFoundError):
        shipped.open(tmp_path / "absent.jpg")
    (tmp_path / "empty.jpg").touch()
    with pytest.raises(TruncatedImageError):
        shipped.open(tmp_path / "empty.jpg")
    with pytest.raises(InvalidPixelsError):
        shipped.open(np.full((4, 4), np.nan))
    with pytest.raises(InvalidPixelsError):
        shipped.open(np.zeros((0, 4), np.uint8))
    with pytest.raises(ImageTooLargeError):
        shipped.open(photo, max_pixels=photo.size - 1)
    assert shipped.open(photo, max_pixels=photo.size).source.info.pixels == photo.size

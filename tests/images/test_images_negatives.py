"""Negatives: recognised where the looks are plain, inverted when it is said, and never by a guess."""

from pathlib import Path

import numpy as np
import pytest
import skimage.data

from helpers import load, save
from photochrom.errors import WeightsDigestError, WeightsNotFoundError
from photochrom.images import negatives, open_image, read
from photochrom.images.negatives import negative_score, statistics_say_negative

NAMES = ["astronaut", "camera", "chelsea", "coffee", "rocket", "cat", "moon"]


def grey(name):
    array = getattr(skimage.data, name)()
    return array if array.ndim == 2 else array[..., :3].mean(axis=-1).round().astype(np.uint8)


@pytest.mark.parametrize("name", NAMES)
def test_photographs_are_no_negatives(name):
    assert not statistics_say_negative(open_image(grey(name)).work_copy(256))


def test_most_negatives_look_more_like_one_than_like_a_positive():
    rng = np.random.default_rng(0)
    small = [read.convert.shrink([grey(name)], (64, 64)).astype(np.float32) for name in NAMES]
    scores = [negative_score(255 - picture) for picture in small]
    assert sum(score > 0 for score in scores) >= 5
    np.testing.assert_allclose([negative_score(picture) for picture in small], [-score for score in scores], atol=0.1)
    for flat in (
        np.zeros((100, 100), np.uint8),
        rng.integers(0, 256, (100, 100), np.uint8),
        np.eye(70, dtype=np.uint8),
    ):
        assert statistics_say_negative(open_image(flat).work_copy(256)) in (True, False)


@pytest.mark.parametrize("memory", ["held", "streamed"])
@pytest.mark.parametrize("suffix", ["png", "jpg", "tif"])
def test_a_negative_is_inverted_when_it_is_said(here, photochrom, monkeypatch, memory, suffix):
    if memory == "streamed":
        monkeypatch.setattr(read, "IN_MEMORY", 0)
    save(255 - grey("astronaut")[:256, :256], here / f"a.{suffix}")
    run = photochrom("colorize", f"a.{suffix}", "-o", "b.png", "--negative", "yes", "--json")
    assert run.code == 0
    assert "the negative was inverted" in run.lines[0]["notices"]
    light = load(here / "b.png").astype(float) @ (0.299, 0.587, 0.114)
    assert np.abs(light - grey("astronaut")[:256, :256]).mean() < 8
    assert photochrom("colorize", f"a.{suffix}", "-o", "c.png", "--negative", "no").code == 0
    light = load(here / "c.png").astype(float) @ (0.299, 0.587, 0.114)
    assert np.abs(255 - light - grey("astronaut")[:256, :256]).mean() < 8


def test_sixteen_bits(here):
    deep = grey("camera")[:100, :120].astype(np.uint16) * 257
    source = open_image(deep, negative="yes")
    source.examine(source.work_copy(64))
    np.testing.assert_array_equal(source.pixels(), 65535 - deep)
    np.testing.assert_array_equal(np.concatenate([strip for _, strip in source.strips(30)]), 65535 - deep)


def test_the_weights_are_checked_on_use(tmp_path, monkeypatch):
    (tmp_path / "cache").mkdir()
    monkeypatch.setenv("PHOTOCHROM_CACHE", str(tmp_path / "cache"))
    source = Path(negatives.__file__).with_name(negatives.WEIGHTS.name)
    monkeypatch.setattr(negatives, "__file__", str(tmp_path / "negatives.py"))
    picture = np.asarray(grey("astronaut")[:64, :64], np.float32)
    negatives._weights.cache_clear()
    try:
        with pytest.raises(WeightsNotFoundError, match="install photochrom again"):
            negative_score(picture)
        data = bytearray(source.read_bytes())
        assert len(data) == negatives.WEIGHTS.size
        (tmp_path / source.name).write_bytes(data)
        score = negative_score(picture)
        data[-1] ^= 1
        (tmp_path / source.name).write_bytes(data)
        assert negative_score(picture) == score  # read once
        negatives._weights.cache_clear()
        with pytest.raises(WeightsDigestError, match="sha256"):
            negative_score(picture)
    finally:
        negatives._weights.cache_clear()

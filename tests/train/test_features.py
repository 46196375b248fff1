from __future__ import annotations

import logging
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from photochrom.errors import DataError
from photochrom.nets.lite import LiteEncoder
from photochrom.train.augment import prepare
from photochrom.train.crops import Crop, centre_square
from photochrom.train.features import FeatureDataset, build_features
from photochrom.train.picture_store import PictureStore, build_store
from photochrom.train.recipe import Recipe

Make = Callable[..., Recipe]
CHOSEN = np.array([4, 1, 2])


@pytest.fixture(scope="module")
def encoder() -> LiteEncoder:
    torch.manual_seed(0)
    return LiteEncoder("lite0")


@pytest.fixture(scope="module")
def store(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> PictureStore:
    return build_store([folder], tmp_path_factory.mktemp("store"))


def test_rows_are_the_encoders_features(
    encoder: LiteEncoder, store: PictureStore, recipe: Make, tmp_path: Path
) -> None:
    settings = recipe(film=0.0, old_print=0.0)
    features = build_features(encoder, store, CHOSEN, settings, tmp_path)
    assert len(features) == 3
    crop = torch.from_numpy(centre_square(store[1], 64).transpose(2, 0, 1)[None].copy())
    light, ab = prepare(crop, settings, torch.Generator(), augment=False)
    with torch.no_grad():
        expected = [*encoder(light), ab]
    *plain, seed = features[Crop(1, 64, 10)]
    *mirrored, odd = features[Crop(1, 64, 11)]
    assert (seed, odd) == (10, 11)
    assert [tuple(plane.shape) for plane in plain] == [(40, 8, 8), (112, 4, 4), (320, 2, 2), (2, 8, 8)]
    assert [plane.dtype for plane in plain] == [torch.float16] * 3 + [torch.float32]
    for got, other, wanted in zip(plain, mirrored, expected, strict=True):
        error = (got.float() - wanted[0]).abs().max() / wanted.abs().max()
        assert error < 0.05  # bfloat16 arithmetic
        assert torch.equal(other, got.flip(-1))


def test_same_key_is_used_again_and_another_is_computed_again(
    encoder: LiteEncoder, store: PictureStore, recipe: Make, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def stamp() -> int:
        return (tmp_path / "features.bin").stat().st_mtime_ns

    key = build_features(encoder, store, CHOSEN, recipe(), tmp_path).key
    first = stamp()
    assert build_features(encoder, store, CHOSEN, recipe(decoder_rate=0.5, steps=9), tmp_path).key == key
    assert stamp() == first
    torch.manual_seed(1)
    keys = {key}
    for other, chosen, settings in (
        (LiteEncoder("lite0"), CHOSEN, recipe()),
        (encoder, CHOSEN[::-1].copy(), recipe()),
        (encoder, CHOSEN, recipe(film=0.9)),
    ):
        with caplog.at_level(logging.WARNING, "photochrom"):
            keys.add(build_features(other, store, chosen, settings, tmp_path).key)
        assert "computed again" in caplog.text
        caplog.clear()
    assert len(keys) == 4
    assert stamp() > first


def test_partial_cache_is_detected(encoder: LiteEncoder, store: PictureStore, recipe: Make, tmp_path: Path) -> None:
    build_features(encoder, store, CHOSEN, recipe(), tmp_path)
    data = (tmp_path / "features.bin").read_bytes()
    for wrong in (data[:-2], data[: len(data) // 3 * 2], b"", data + data):
        (tmp_path / "features.bin").write_bytes(wrong)
        with pytest.raises(DataError, match="not a complete feature cache") as caught:
            build_features(encoder, store, CHOSEN, recipe(), tmp_path)
        assert caught.value.path == tmp_path
    (tmp_path / "features.bin").write_bytes(data)
    (tmp_path / "features.json").write_text("{}")
    with pytest.raises(DataError, match="not a complete feature cache"):
        FeatureDataset(tmp_path)


def test_a_computation_that_breaks_off_leaves_no_cache(
    encoder: LiteEncoder, store: PictureStore, recipe: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_features(encoder, store, CHOSEN, recipe(), tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr("photochrom.train.features._encode", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            build_features(encoder, store, CHOSEN, recipe(seed=1), tmp_path)
    with pytest.raises(DataError):
        FeatureDataset(tmp_path)


def test_features_go_to_another_process_by_name(
    encoder: LiteEncoder, store: PictureStore, recipe: Make, tmp_path: Path
) -> None:
    features = build_features(encoder, store, CHOSEN, recipe(), tmp_path)
    sent = pickle.dumps(features)
    assert len(sent) < 1000
    assert torch.equal(pickle.loads(sent)[Crop(2, 64, 0)][0], features[Crop(2, 64, 0)][0])

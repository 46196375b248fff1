"""Runs of the papers' recipes: every loss, killed and resumed, exported and used."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch

from photochrom import Colorizer
from photochrom.errors import CheckpointError, OptionError
from photochrom.nets import registry
from photochrom.nets.registry import NetSpec
from photochrom.runtime import open_model
from photochrom.train.budget import CHECKS, spent
from photochrom.train.checkpoint import read_checkpoint, read_weights
from photochrom.train.export import export
from photochrom.train.papers import tables
from photochrom.train.papers.export import load_paper_net
from photochrom.train.papers.fit_paper import VALIDATION_PICTURES, fit
from photochrom.train.papers.paper_crops import PaperCrops, zoomed
from photochrom.train.papers.paper_module import PaperModule, keras_accuracy, rate_at
from photochrom.train.papers.paper_recipe import PaperRecipe
from photochrom.train.picture_store import PictureStore, build_store

#: One recipe for each way to learn.
WAYS: dict[str, dict[str, Any]] = {
    "unet": {"model": "unet", "flip": True, "zoom": 0.2, "brightness": 0.2, "l1": 1e-6, "l2": 1e-5},
    "rare": {"model": "unet-rare", "loss": "rare", "schedule": "cosine"},
    "profiled": {"model": "unet-profiled", "loss": "rare", "profiles": 2},
    "gan": {"model": "gan", "loss": "gan", "size": 32},
    "bins": {
        "model": "caffenet-region",
        "loss": "bins",
        "optimizer": "sgd",
        "schedule": "inverse",
        "decay": 2.0,
    },
    "rebalanced": {"model": "zhang16", "loss": "rebalanced-bins", "optimizer": "adamw"},
}


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same architectures, of a few channels."""
    nets = (
        NetSpec("unet", "unet:UNet", options={"width": 2}),
        NetSpec("unet-rare", "unet:UNet", options={"width": 2}),
        NetSpec("unet-profiled", "profiled:ProfiledUNet", options={"width": 2}, profiles=True),
        NetSpec("gan", "gan:Generator", options={"width": 4}),
        NetSpec("caffenet-region", "caffenet_region:CaffenetRegion", options={"width": 0.05}),
        NetSpec("zhang16", "zhang16:Zhang16", options={"width": 0.05}),
        NetSpec("vgg16", "cnn_baseline:CnnBaseline", "a file"),
    )
    monkeypatch.setattr(registry, "NETS", nets)
    monkeypatch.setattr(tables, "PICTURES", 8)


def recipe(way: str, **overrides: Any) -> PaperRecipe:
    return PaperRecipe(
        **{
            "size": 32,
            "batch": 2,
            "steps": 5,
            "every": 2,
            "holdout": 0.3,
            "smallest_chroma": 0.0,
            **WAYS[way],
            **overrides,
        }
    )


class KilledError(Exception):
    """Stands in for the end of the process."""


@pytest.mark.parametrize("way", WAYS)
def test_killed_and_resumed_ends_with_the_same_weights(
    way: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = recipe(way)
    whole = fit(settings, [folder], tmp_path / "whole", cache=tmp_path / "cache")
    learn = PaperModule.training_step

    def killed(self: PaperModule, batch: Any, batch_idx: int) -> Any:
        if self.trainer.global_step // self.optimizers_per_step == 3:
            raise KilledError
        return learn(self, batch, batch_idx)

    with monkeypatch.context() as patch:
        patch.setattr(PaperModule, "training_step", killed)
        with pytest.raises(KilledError):
            fit(settings, [folder], tmp_path / "parts", cache=tmp_path / "cache")
    parts = fit(settings, [folder], tmp_path / "parts", cache=tmp_path / "cache")
    one, other = read_checkpoint(whole)["state_dict"], read_checkpoint(parts)["state_dict"]
    assert one.keys() == other.keys()
    for name, value in one.items():
        torch.testing.assert_close(other[name], value, atol=1e-4, rtol=1e-3, msg=name)
    lines = [json.loads(line) for line in (tmp_path / "parts/log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [2, 4]
    wanted = {"train_loss", "train_accuracy", "val_loss", "val_accuracy"}
    wanted |= {"train_profile", "val_profile"} if way == "profiled" else set()
    assert all(wanted <= set(line) for line in lines)
    for checkpoint in (whole, parts):
        steps, seconds = spent(read_checkpoint(checkpoint))
        assert steps == 5
        assert seconds > 0


@pytest.mark.parametrize("way", WAYS)
def test_the_exported_graph_gives_what_torch_gives_and_colours(
    way: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    last = fit(recipe(way, steps=2), [folder], tmp_path / "run", cache=tmp_path / "cache")
    (graph,) = export(last, tmp_path / "net.onnx")
    net: Any = load_paper_net(*read_weights(last), last)
    light = np.random.default_rng(0).uniform(0, 100, (64, 96)).astype(np.float32)
    session = open_model(graph, threads=1)
    found = session.decode(session.encode(light))
    with torch.no_grad():
        expected = net(torch.from_numpy(light)[None, None])[0].numpy()
    assert np.abs(found - expected).max() < 0.02 * max(1.0, float(np.abs(expected).max()))
    assert (session.output, session.stride, session.work_size) == (net.output, net.stride, 32)
    if net.output == "ab-bins":
        assert session.bins.shape == (313, 2)
        assert session.temperature == 0.38
    picture = Colorizer(graph, threads=1).open(np.full((40, 50), 128, np.uint8)).paint().rgb
    assert picture.shape == (40, 50, 3)
    (weights,) = export(last, tmp_path / "net.safetensors")
    again: Any = load_paper_net(*read_weights(weights), weights)
    assert all(torch.allclose(a, b, atol=1e-2) for a, b in zip(again.parameters(), net.parameters(), strict=True))


def test_a_profile_can_be_chosen_instead_of_predicted(folder: Path, tmp_path: Path) -> None:
    last = fit(recipe("profiled", steps=2), [folder], tmp_path / "run", cache=tmp_path / "cache")
    (graph,) = export(last, tmp_path / "net.onnx")
    net: Any = load_paper_net(*read_weights(last), last)
    light = np.random.default_rng(0).uniform(0, 100, (32, 32)).astype(np.float32)
    answers = []
    for profile in (0, 1):
        session = open_model(graph, threads=1, profile=profile)
        answers.append(session.decode(session.encode(light)))
        with torch.no_grad():
            expected = net.colorizers[profile](torch.from_numpy(light)[None, None])[0].numpy()
        np.testing.assert_allclose(answers[-1], expected, atol=0.1)
    assert np.abs(answers[0] - answers[1]).max() > 0.01
    with pytest.raises(OptionError, match="0 to 1"):
        open_model(graph, profile=2)
    with pytest.raises(OptionError, match="no colour profiles"):
        Colorizer(profile=0)


def test_the_number_of_profiles_may_be_chosen_by_silhouette(folder: Path, tmp_path: Path) -> None:
    chosen = recipe("profiled", steps=1, profiles=-1, holdout=0.0)
    last = fit(chosen, [folder], tmp_path / "run", cache=tmp_path / "cache")
    net: Any = load_paper_net(*read_weights(last), last)
    assert net.profiles >= 2
    assert fit(chosen, [folder], tmp_path / "run", cache=tmp_path / "cache") == last  # nothing left to do


def test_a_gan_may_be_exported_to_draw_samples(folder: Path, tmp_path: Path) -> None:
    last = fit(recipe("gan", steps=1), [folder], tmp_path / "run", cache=tmp_path / "cache")
    light = np.full((32, 32), 50, np.float32)
    for sampling in (False, True):
        (graph,) = export(last, tmp_path / f"{sampling}.onnx", sampling=sampling)
        session = open_model(graph, threads=1)
        one, other = (session.decode(session.encode(light)) for _ in range(2))
        assert np.array_equal(one, other) != sampling
    other_net = fit(recipe("unet", steps=1), [folder], tmp_path / "unet", cache=tmp_path / "cache")
    with pytest.raises(OptionError, match="gan only"):
        export(other_net, tmp_path / "net.onnx", sampling=True)


def test_a_run_of_another_recipe_is_not_resumed(folder: Path, tmp_path: Path) -> None:
    fit(recipe("unet", steps=1), [folder], tmp_path / "run", cache=tmp_path / "cache")
    with pytest.raises(CheckpointError, match="rate"):
        fit(recipe("unet", steps=1, rate=0.5), [folder], tmp_path / "run", cache=tmp_path / "cache")


def test_a_pretrained_start_is_asked_for_and_never_assumed(folder: Path, tmp_path: Path) -> None:
    wants = PaperRecipe("vgg16", pretrained=True, size=32, batch=2, steps=1)
    with pytest.raises(OptionError, match=r"a file .*--no-pretrained"):
        fit(wants, [folder], tmp_path / "run")
    with pytest.raises(OptionError, match="starts at random"):
        fit(recipe("unet"), [folder], tmp_path / "run", pretrained="file")
    assert not (tmp_path / "run").exists()


@pytest.fixture
def clock(clock: Any) -> Any:
    """Every training step takes 3 seconds, every batch of a validation 50."""
    clock.slow(PaperModule, "training_step", 3.0)
    clock.slow(PaperModule, "validation_step", 50.0)
    return clock


@pytest.mark.parametrize(("seconds", "steps"), [(30.0, 10), (31.4, 10), (31.6, 11), (1.0, 1)])
@pytest.mark.parametrize("way", ["rare", "gan"])
def test_a_budget_ends_at_the_nearest_step_whatever_else_takes_time(
    way: str, seconds: float, steps: int, clock: Any, folder: Path, tmp_path: Path
) -> None:
    last = fit(recipe(way, cpu_seconds=seconds, steps=2), [folder], tmp_path / "run", cache=tmp_path / "cache")
    assert spent(read_checkpoint(last)) == (steps, 3.0 * steps)
    lines = [json.loads(line) for line in (tmp_path / "run/log.jsonl").read_text().splitlines()]
    assert lines[-1]["step"] == steps
    assert len(lines) == min(steps, len(CHECKS) + 1)
    before = clock.now
    assert fit(recipe(way, cpu_seconds=seconds, steps=2), [folder], tmp_path / "run", cache=tmp_path / "cache") == last
    assert clock.now == before  # nothing left to do


def test_a_budget_is_carried_on_and_the_rate_comes_to_rest(
    clock: Any, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = recipe("rare", cpu_seconds=30.0)
    learn = PaperModule.training_step
    rates: list[float] = []
    die = [True]

    def killed(self: PaperModule, batch: Any, batch_idx: int) -> Any:
        rates.append(self.trainer.optimizers[0].param_groups[0]["lr"] / settings.rate)
        if self.trainer.global_step == 5 and die.pop():
            raise KilledError
        return learn(self, batch, batch_idx)

    monkeypatch.setattr(PaperModule, "training_step", killed)
    with pytest.raises(KilledError):
        fit(settings, [folder], tmp_path / "run", cache=tmp_path / "cache")
    kept = spent(read_checkpoint(tmp_path / "run/last.ckpt"))
    assert kept == (5, 15.0)
    die.append(False)
    last = fit(settings, [folder], tmp_path / "run", cache=tmp_path / "cache")
    assert spent(read_checkpoint(last)) == (10, 30.0)
    before, after = rates[:6], rates[6:]  # after: from the checkpoint of five steps on
    assert before[0] == 1
    assert after[0] == pytest.approx(before[5])
    assert sorted(after, reverse=True) == after
    assert after[-1] < 0.15  # the last of ten steps
    with pytest.raises(CheckpointError, match="cpu_seconds"):
        fit(recipe("rare", cpu_seconds=60.0), [folder], tmp_path / "run", cache=tmp_path / "cache")


def test_a_budget_changes_neither_the_order_nor_what_is_learnt(clock: Any, folder: Path, tmp_path: Path) -> None:
    ways = ({"cpu_seconds": 9.0}, {"steps": 3})
    paths = [
        fit(recipe("unet", **way), [folder], tmp_path / f"{number}", cache=tmp_path / "cache")
        for number, way in enumerate(ways)
    ]
    one, other = (read_checkpoint(path)["state_dict"] for path in paths)
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_penalties_are_those_of_keras() -> None:
    module = PaperModule(recipe("unet", l1=1e-3, l2=1e-2))
    kernels = [p.detach() for p in module.net.parameters() if p.ndim > 1]
    expected = sum(float(1e-3 * p.abs().sum() + 1e-2 * (p * p).sum()) for p in kernels)
    assert float(torch.as_tensor(module.penalty()).detach()) == pytest.approx(expected, rel=1e-5)
    assert PaperModule(recipe("rare"), {"rare": torch.ones(64, 64)}).penalty() == 0


def test_rates() -> None:
    assert rate_at(recipe("unet"), 0.8) == 1
    assert rate_at(recipe("rare"), 0) == 1
    assert rate_at(recipe("rare"), 1) == pytest.approx(0.02)
    assert rate_at(recipe("bins"), 1) == pytest.approx(1 / 3)
    module = PaperModule(recipe("rare", steps=100), {"rare": torch.ones(64, 64)})
    assert [module.done(step) for step in (0, 25, 100, 200)] == [0, 0.25, 1, 1]


def test_keras_accuracy_of_tensors_is_that_of_the_metrics() -> None:
    from photochrom.evaluate.metrics import keras_accuracy as of_arrays

    rng = torch.Generator().manual_seed(0)
    truth, found = torch.randn(2, 2, 2, 5, 7, generator=rng)
    expected = of_arrays(truth.movedim(1, -1).numpy(), found.movedim(1, -1).numpy())
    assert float(keras_accuracy(truth, found)) == pytest.approx(expected)


class TestPictures:
    @pytest.fixture
    def store(self, folder: Path, tmp_path: Path) -> PictureStore:
        return build_store([folder], tmp_path / "store")

    def crop(self, store: PictureStore, seed: int, **overrides: Any) -> np.ndarray:
        from photochrom.train.crops import Crop

        picture, _ = PaperCrops(store, recipe("rare", **overrides))[Crop(0, 32, seed)]
        return picture.permute(1, 2, 0).numpy()

    def test_without_augmentation_it_is_the_centre_square(self, store: PictureStore) -> None:
        crops = [self.crop(store, seed) for seed in range(3)]
        assert all(np.array_equal(crops[0], crop) for crop in crops)

    def test_flips(self, store: PictureStore) -> None:
        plain = self.crop(store, 0)
        found = [self.crop(store, seed, flip=True) for seed in range(16)]
        mirrored = [np.array_equal(crop, plain[:, ::-1]) for crop in found]
        assert any(mirrored)
        assert all(flipped or np.array_equal(crop, plain) for flipped, crop in zip(mirrored, found, strict=True))

    def test_brightness_multiplies(self, store: PictureStore) -> None:
        plain = self.crop(store, 0).astype(float)
        found = [self.crop(store, seed, brightness=0.5).mean() / plain.mean() for seed in range(16)]
        assert min(found) < 0.8
        assert max(found) > 1.1
        assert 0.45 < min(found) <= max(found) < 1.55

    def test_zoom_takes_a_part_or_repeats_the_edge(self, store: PictureStore) -> None:
        picture, rng = store[0], np.random.default_rng(0)
        inside = zoomed(picture, 0.5, rng)
        assert inside.shape == (60, 60, 3)
        outside = zoomed(picture, 1.5, rng)
        assert outside.shape == (180, 180, 3)
        border = cv2.copyMakeBorder(picture, 30, 30, 15, 15, cv2.BORDER_REPLICATE)
        np.testing.assert_array_equal(outside, border)


def test_warnings_of_lightning_stay_with_it(folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    fit(recipe("gan", steps=2), [folder], tmp_path / "run", cache=tmp_path / "cache")
    captured = capfd.readouterr()
    assert captured.out + captured.err == ""
    assert VALIDATION_PICTURES > 0

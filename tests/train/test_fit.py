from __future__ import annotations

import errno
import io
import json
import logging
import os
import warnings
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from photochrom.errors import CheckpointError, DataError, DivergenceError, OutputWriteError
from photochrom.train import checkpoint, color_module
from photochrom.train.budget import spent
from photochrom.train.checkpoint import read_checkpoint
from photochrom.train.color_module import ColorModule
from photochrom.train.fit import fit
from photochrom.train.progress import ProgressLine
from photochrom.train.recipe import Recipe

Make = Callable[..., Recipe]
pytestmark = pytest.mark.usefixtures("small_decoder")

#: Ways to train: the frozen encoder on cached features, on the fly, and together with the decoder.
WAYS: dict[str, dict[str, Any]] = {
    "cached": {"cache_features": True},
    "frozen": {},
    "joint": {"encoder_rate": 1e-4, "sizes": [32, 64]},
}


class KilledError(Exception):
    """Stands in for the end of the process."""


def kill_at(step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    learn = ColorModule.training_step

    def training_step(self: ColorModule, batch: Any, batch_idx: int) -> Any:
        if self.trainer.global_step == step:
            raise KilledError
        return learn(self, batch, batch_idx)

    monkeypatch.setattr(ColorModule, "training_step", training_step)


@pytest.mark.parametrize("way", WAYS)
def test_killed_and_resumed_ends_with_the_same_weights(
    way: str, recipe: Make, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = recipe(steps=7, every=2, **WAYS[way])
    whole = fit(settings, [folder], tmp_path / "whole", cache=tmp_path / "cache", workers=0)
    # Killed after 3 steps, resumed from the checkpoint of step 2; then from that of step 6.
    for step in (3, 6):
        with monkeypatch.context() as patch:
            kill_at(step, patch)
            with pytest.raises(KilledError):
                fit(settings, [folder], tmp_path / "parts", cache=tmp_path / "cache", workers=0)
        assert read_checkpoint(tmp_path / "parts/last.ckpt")["global_step"] == step // 2 * 2
    parts = fit(settings, [folder], tmp_path / "parts", cache=tmp_path / "cache", workers=0)
    one, other = read_checkpoint(whole), read_checkpoint(parts)
    assert one["global_step"] == other["global_step"] == 7
    assert one["state_dict"].keys() == other["state_dict"].keys()
    for name, value in one["state_dict"].items():
        torch.testing.assert_close(other["state_dict"][name], value, atol=1e-5, rtol=1e-5, msg=name)
    steps = [json.loads(line)["step"] for line in (tmp_path / "whole/log.jsonl").read_text().splitlines()]
    assert steps == [2, 4, 6]


def test_the_clock_makes_checkpoints_too(
    recipe: Make, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("photochrom.train.fit.CHECKPOINT_INTERVAL", timedelta(0))
    settings = recipe(steps=7, every=7)
    with monkeypatch.context() as patch:
        kill_at(3, patch)
        with pytest.raises(KilledError):
            fit(settings, [folder], tmp_path / "run", workers=0)
    assert read_checkpoint(tmp_path / "run/last.ckpt")["global_step"] == 3
    assert read_checkpoint(fit(settings, [folder], tmp_path / "run", workers=0))["global_step"] == 7


def test_a_run_leaves_a_checkpoint_and_a_log_and_says_nothing(
    recipe: Make, folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        last = fit(recipe(encoder_rate=1e-4), [folder], tmp_path / "out", workers=1)
    assert last == tmp_path / "out/last.ckpt"
    found = read_checkpoint(last)
    assert found["global_step"] == 6
    assert found["hyper_parameters"]["recipe"]["steps"] == 6
    assert len(found["hyper_parameters"]["data"]) == 64
    lines = [json.loads(line) for line in (tmp_path / "out/log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [3, 6]
    assert {"train_loss", "val_gain", "val_hinted_gain", "val_loss", "seconds", "sources"} <= set(lines[0])
    assert sum(count for _, count in lines[0]["sources"].values()) > 0
    assert list((tmp_path / "out/tensorboard").glob("events*"))
    captured = capfd.readouterr()
    assert captured.out + captured.err == ""
    assert {record.name.split(".")[0] for record in caplog.records} == {"photochrom"}
    assert "random weights" in caplog.text
    # A finished run has nothing left to do.
    stamp = last.stat().st_mtime_ns
    assert fit(recipe(encoder_rate=1e-4), [folder], tmp_path / "out", workers=0) == last
    assert last.stat().st_mtime_ns == stamp


def test_a_budget_of_cpu_seconds_ends_the_run_and_is_carried_on(
    recipe: Make, folder: Path, tmp_path: Path, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock.slow(ColorModule, "training_step", 3.0)
    clock.slow(ColorModule, "validation_step", 50.0)
    settings = recipe(steps=2, cpu_seconds=22.0, warmup=1)
    with monkeypatch.context() as patch:
        kill_at(5, patch)
        with pytest.raises(KilledError):
            fit(settings, [folder], tmp_path / "run", cache=tmp_path / "cache", workers=0)
    last = fit(settings, [folder], tmp_path / "run", cache=tmp_path / "cache", workers=0)
    found = read_checkpoint(last)
    assert spent(found) == (7, 21.0)
    assert found["lr_schedulers"][0]["_last_lr"][0] < 0.1 * settings.decoder_rate
    steps = [json.loads(line)["step"] for line in (tmp_path / "run/log.jsonl").read_text().splitlines()]
    assert steps[-1] == 7
    assert len(steps) >= 5
    whole = fit(settings, [folder], tmp_path / "whole", cache=tmp_path / "cache", workers=0)
    one, other = found["state_dict"], read_checkpoint(whole)["state_dict"]
    for name, value in one.items():
        torch.testing.assert_close(other[name], value, atol=1e-5, rtol=1e-5, msg=name)


def test_samples_are_grey_result_and_truth_of_the_same_pictures(recipe: Make, folder: Path, tmp_path: Path) -> None:
    fit(recipe(steps=4, every=2), [folder], tmp_path, workers=0)
    sheets = [cv2.imread(str(tmp_path / f"samples/{step:06d}.png")) for step in (2, 4)]
    assert {path.name for path in (tmp_path / "samples").iterdir()} == {"000002.png", "000004.png"}
    for sheet in sheets:
        grey, result, truth = np.split(sheet.astype(int), 3, axis=1)
        assert len(grey) % 64 == 0
        assert np.ptp(grey, axis=-1).max() <= 1
        assert np.ptp(truth, axis=-1).mean() > 10
        assert np.ptp(result, axis=-1).mean() > 0
    assert np.array_equal(sheets[0][:, 128:], sheets[1][:, 128:])
    assert not np.array_equal(sheets[0][:, 64:128], sheets[1][:, 64:128])
    events = EventAccumulator(str(tmp_path / "tensorboard"))
    events.Reload()
    assert [event.step for event in events.Images("samples")] == [2, 4]
    assert {"train_loss", "val_gain"} <= set(events.Tags()["scalars"])


def test_seconds_are_those_of_the_whole_run(
    recipe: Make, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        kill_at(3, patch)
        with pytest.raises(KilledError):
            fit(recipe(steps=4, every=2), [folder], tmp_path, workers=0)
    found = read_checkpoint(tmp_path / "last.ckpt")
    found["callbacks"]["LogLines"]["seconds"] += 1000.0  # as if the run had been that long
    torch.save(found, tmp_path / "last.ckpt")
    fit(recipe(steps=4, every=2), [folder], tmp_path, workers=0)
    first, last = (json.loads(line)["seconds"] for line in (tmp_path / "log.jsonl").read_text().splitlines())
    assert first < 1000 <= last < 2000


class TestDivergence:
    """A loss or a weight that is no number ends the run, and the last checkpoint is the one before."""

    def check(self, settings: Recipe, folder: Path, out: Path, message: str) -> None:
        with pytest.raises(DivergenceError, match=message) as caught:
            fit(settings, [folder], out, workers=0)
        assert caught.value.step == 4
        assert caught.value.path == out / "last.ckpt"
        found = read_checkpoint(out / "last.ckpt")
        assert found["global_step"] == 2
        for state in (found["state_dict"], found["current_model_state"]):
            assert all(value.isfinite().all() for value in state.values())

    @pytest.mark.parametrize("value", [float("nan"), float("inf")])
    def test_of_the_loss(
        self, value: float, recipe: Make, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        cross_entropy = color_module.bin_cross_entropy
        calls: list[int] = []

        def fourth(scores: torch.Tensor, ab: torch.Tensor, rarity: torch.Tensor | None = None) -> torch.Tensor:
            calls.append(1)
            return cross_entropy(scores, ab, rarity) * (value if len(calls) == 4 else 1.0)

        monkeypatch.setattr(color_module, "bin_cross_entropy", fourth)
        settings = recipe(every=2, holdout=0.0)
        self.check(settings, folder, tmp_path, f"the loss is {value} at step 4")

    def test_of_a_weight(self, recipe: Make, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The loss is a number, but its gradient is not, just before a checkpoint."""
        after = ColorModule.on_before_optimizer_step

        def spoil(self: ColorModule, optimizer: Any) -> None:
            after(self, optimizer)
            if self.trainer.global_step == 3:
                self.net.decoder.scores.bias.grad[:] = float("nan")

        monkeypatch.setattr(ColorModule, "on_before_optimizer_step", spoil)
        self.check(recipe(every=2, holdout=0.0), folder, tmp_path, "is not finite at step 4")


def test_a_checkpoint_of_before_a_setting_was_added_goes_on(recipe: Make, folder: Path, tmp_path: Path) -> None:
    settings = recipe(steps=1, every=1, holdout=0.0)
    last = fit(settings, [folder], tmp_path, workers=0)
    found = read_checkpoint(last)
    del found["hyper_parameters"]["recipe"]["compile"], found["hyper_parameters"]["recipe"]["frames"]
    torch.save(found, last)
    assert fit(settings, [folder], tmp_path, workers=0) == last
    with pytest.raises(CheckpointError, match=r"differs in frames"):
        fit(recipe(steps=1, every=1, holdout=0.0, frames={"a": 2}), [folder], tmp_path, workers=0)


def test_a_recipe_may_ask_for_the_compiler(
    recipe: Make, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled: list[str] = []
    monkeypatch.setattr(torch.nn.Module, "compile", lambda self: compiled.append(type(self).__name__))
    for way in (False, True):
        fit(recipe(steps=1, every=1, compile=way), [folder], tmp_path / str(way), cache=tmp_path / "c", workers=0)
    assert compiled == ["LiteEncoder", "Decoder"]


def test_without_pictures_held_back_nothing_is_validated(recipe: Make, folder: Path, tmp_path: Path) -> None:
    last = fit(recipe(holdout=0.0, steps=2, every=500), [folder], tmp_path, workers=0)
    assert read_checkpoint(last)["global_step"] == 2
    assert not (tmp_path / "log.jsonl").exists()


def test_what_is_kept_is_the_average(recipe: Make, folder: Path, tmp_path: Path) -> None:
    fixed, free = (
        fit(recipe(ema=ema), [folder], tmp_path / str(ema), cache=tmp_path / "cache", workers=0) for ema in (0.0, 0.9)
    )
    one, other = read_checkpoint(fixed)["state_dict"], read_checkpoint(free)["state_dict"]
    assert (one["net.decoder.scores.bias"] - other["net.decoder.scores.bias"]).abs().max() > 1e-5


class TestOtherCheckpoints:
    @pytest.fixture
    def out(self, recipe: Make, folder: Path, tmp_path: Path) -> Path:
        fit(recipe(steps=1, every=1, holdout=0.0), [folder], tmp_path / "out", cache=tmp_path / "cache", workers=0)
        return tmp_path / "out"

    def test_of_another_recipe(self, recipe: Make, out: Path) -> None:
        before = (out / "last.ckpt").read_bytes()
        with pytest.raises(CheckpointError, match=r"differs in batch, steps"):
            fit(recipe(steps=2, every=1, holdout=0.0, batch=4), [], out, cache=out.parent / "cache", workers=0)
        assert (out / "last.ckpt").read_bytes() == before

    def test_of_other_data(self, recipe: Make, out: Path, folder: Path) -> None:
        with pytest.raises(CheckpointError, match="differs in the pictures"):
            fit(recipe(steps=1, every=1, holdout=0.0), [folder / "even"], out, cache=out / "other", workers=0)

    def test_of_another_architecture(self, recipe: Make, out: Path, folder: Path, tmp_path: Path) -> None:
        settings = recipe(steps=1, every=1, holdout=0.0)
        found = read_checkpoint(out / "last.ckpt")
        for state in (found["state_dict"], found["current_model_state"]):
            state["net.decoder.scores.bias"] = torch.zeros(3)
        torch.save(found, out / "last.ckpt")
        with pytest.raises(CheckpointError, match="another architecture") as caught:
            fit(settings, [folder], out, cache=tmp_path / "cache", workers=0)
        assert caught.value.path == out / "last.ckpt"
        with pytest.raises(CheckpointError, match="another architecture"):
            fit(settings, [folder], tmp_path / "new", init=out / "last.ckpt", cache=tmp_path / "cache", workers=0)

    def test_of_a_version_that_trained_other_parameters(self, recipe: Make, out: Path) -> None:
        found = read_checkpoint(out / "last.ckpt")
        found["optimizer_states"][0]["param_groups"].pop()
        torch.save(found, out / "last.ckpt")
        with pytest.raises(CheckpointError, match="start from it with init"):
            fit(recipe(steps=1, every=1, holdout=0.0), [], out, cache=out.parent / "cache", workers=0)

    def test_damaged(self, recipe: Make, out: Path, folder: Path, tmp_path: Path) -> None:
        data = (out / "last.ckpt").read_bytes()
        (out / "last.ckpt").write_bytes(data[: len(data) // 2])
        for arguments in ({"out": out}, {"out": tmp_path / "new", "init": out / "last.ckpt"}):
            with pytest.raises(CheckpointError, match="cannot be read"):
                fit(recipe(steps=1, every=1, holdout=0.0), [folder], cache=tmp_path / "cache", workers=0, **arguments)


def test_a_checkpoint_that_cannot_be_written_does_not_cost_the_last_one(
    recipe: Make, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, save, saved = recipe(steps=6, every=2), torch.save, []

    def until_full(*arguments: Any, **options: Any) -> None:
        save(*arguments, **options)
        saved.append(1)
        if len(saved) > 1:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(checkpoint.torch, "save", until_full)
        with pytest.raises(OutputWriteError, match="No space left"):
            fit(settings, [folder], tmp_path, workers=0)
    assert read_checkpoint(tmp_path / "last.ckpt")["global_step"] == 2
    assert read_checkpoint(fit(settings, [folder], tmp_path, workers=0))["global_step"] == 6


def test_start_from_a_checkpoint_or_from_exported_weights(recipe: Make, folder: Path, tmp_path: Path) -> None:
    torch.manual_seed(0)
    first = fit(recipe(steps=1), [folder], tmp_path / "first", cache=tmp_path / "cache", workers=0)
    weights = {name.removeprefix("net."): value for name, value in read_checkpoint(first)["state_dict"].items()}
    half = {name: v.half() if v.is_floating_point() else v for name, v in weights.items()}
    save_file({name: v.contiguous() for name, v in half.items()}, tmp_path / "w.safetensors", {"photochrom": "{}"})
    for path, tolerance in ((first, 0.0), (tmp_path / "w.safetensors", 1e-3)):
        torch.manual_seed(1)
        module = ColorModule(recipe())
        module.load_weights(path)
        for name, value in module.net.state_dict().items():
            assert value.dtype == weights[name].dtype
            torch.testing.assert_close(value, weights[name], atol=tolerance, rtol=tolerance)
    # A run that starts from there, with no steps that change much, ends near there.
    still = recipe(steps=1, decoder_rate=0.0, weight_decay=0.0, seed=5)
    last = fit(still, [folder], tmp_path / "still", init=first, cache=tmp_path / "cache", workers=0)
    bias = "net.decoder.scores.weight"
    assert torch.equal(read_checkpoint(last)["state_dict"][bias], read_checkpoint(first)["state_dict"][bias])


def test_data_that_cannot_be_used(recipe: Make, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for data in ([], [tmp_path / "empty"], [tmp_path / "absent"]):
        with pytest.raises(DataError):
            fit(recipe(), data, tmp_path / "out", workers=0)
    assert not (tmp_path / "out/last.ckpt").exists()


def test_lightning_speaks_again_after_a_run(recipe: Make, folder: Path, tmp_path: Path) -> None:
    logger = logging.getLogger("lightning.pytorch")
    level, filters = logger.level, list(warnings.filters)
    with pytest.raises(DataError):
        fit(recipe(), [], tmp_path, workers=0)
    assert logger.level == level
    assert warnings.filters == filters


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_is_one_short_line_on_a_terminal(
    recipe: Make, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = Terminal()
    monkeypatch.setattr("photochrom.train.fit.ProgressLine", lambda steps, batch: ProgressLine(steps, batch, stream))
    fit(recipe(steps=2, every=1), [folder], tmp_path, workers=0)
    lines = stream.getvalue().replace("\x1b[K", "").split("\r")
    assert any("step 1/2, loss " in line and "pictures/s" in line for line in lines)
    assert any("dB over grey" in line for line in lines)
    assert max(map(len, lines)) < 80
    assert lines[-1] == ""

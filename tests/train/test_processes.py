"""A real run of two processes, killed and resumed, beside the same run in one process."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from photochrom.errors import DataError, TrainingError
from photochrom.train import processes
from photochrom.train.checkpoint import read_checkpoint
from photochrom.train.fit import fit
from photochrom.train.processes import Processes, gather, in_turn, joined
from photochrom.train.recipe import load_recipe

RECIPE = """
batch = 16
steps = 16
warmup = 2
every = 4
sizes = [64]
ema = 0.5
holdout = 0.2
film = 0.0  # what is drawn once for a whole batch differs between one process and two
old_print = 0.0
hints = 0.0
histogram = 0.0
"""


def command(launcher: list[str], recipe: Path, data: Path, out: Path) -> list[str]:
    arguments = [str(recipe), "--data", str(data), "-o", str(out), "--threads", "1", "--workers", "0"]
    return [sys.executable, *launcher, "-m", "photochrom", "train", *arguments]


def lines(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]


def kill_after_first_checkpoint(arguments: list[str], last: Path) -> None:
    """Start the command and kill it and its processes, with no warning, as soon as there is a checkpoint."""
    with subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as started:
        while not last.exists():
            assert started.poll() is None, "ended without a checkpoint"
            time.sleep(0.05)
        family = psutil.Process(started.pid)
        for process in [*family.children(recursive=True), family]:
            process.kill()


def test_two_processes_killed_and_resumed_learn_as_one_does(folder: Path, tmp_path: Path) -> None:
    recipe = tmp_path / "tiny.toml"
    recipe.write_text(RECIPE)
    torchrun = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    two, one = tmp_path / "two", tmp_path / "one"
    kill_after_first_checkpoint(command(torchrun, recipe, folder, two), two / "last.ckpt")
    assert 4 <= read_checkpoint(two / "last.ckpt")["global_step"] < 16
    done = subprocess.run(command(torchrun, recipe, folder, two), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{two / 'last.ckpt'}\n"  # said once, not by every process
    fit(load_recipe(recipe), [folder], one, workers=0)
    assert all(read_checkpoint(out / "last.ckpt")["global_step"] == 16 for out in (one, two))
    alone, shared = ({line["step"]: line for line in lines(out)} for out in (one, two))
    assert sorted(alone) == [4, 8, 12, 16]
    # a validation that the kill cut short has no line; every other one has one, with the pictures of both processes
    assert {8, 12, 16} <= set(shared) <= set(alone)
    assert len(lines(two)) == len(shared)
    for step, line in shared.items():
        assert sum(count for _, count in line["sources"].values()) == 2
        # each process normalises by its own half of a batch, hence the difference
        assert line["train_loss"] == pytest.approx(alone[step]["train_loss"], rel=0.05)
        assert line["val_loss"] == pytest.approx(alone[step]["val_loss"], rel=0.02)
        assert line["val_gain"] == pytest.approx(alone[step]["val_gain"], abs=0.25)
    assert lines(two)[-1]["train_loss"] < 0.9 * alone[4]["train_loss"]


def test_alone_there_is_nobody_to_wait_for() -> None:
    with joined() as me:
        assert me == Processes(rank=0, count=1, local_rank=0, local_count=1)
    assert gather("value") == ["value"]
    assert in_turn(lambda: 7, me) == 7


class TestTurns:
    """Two machines of two processes, told one after the other what the others said."""

    @pytest.mark.parametrize(("rank", "turn"), [(0, 0), (1, 2), (2, 1), (3, 2)])
    def test_the_first_process_goes_first_then_one_of_each_machine(
        self, rank: int, turn: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        waited: list[str] = []
        monkeypatch.setattr(processes, "gather", lambda value: waited.append(value) or [""])
        made = in_turn(lambda: len(waited), Processes(rank, 4, rank % 2, 2))
        assert made == turn
        assert waited == [""] * 3

    def test_what_fails_in_one_fails_in_all(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail() -> None:
            raise DataError("no pictures", "here")

        with pytest.raises(DataError, match="no pictures"):
            in_turn(fail, Processes())
        monkeypatch.setattr(processes, "gather", lambda _: ["here: no pictures", ""])
        with pytest.raises(TrainingError, match="another process of this run failed: here: no pictures"):
            in_turn(lambda: None, Processes(1, 2, 1, 2))

"""Compute, counted in seconds of this process's CPU time: what else runs on the machine does not matter to it."""

from __future__ import annotations

import time
from bisect import bisect
from pathlib import Path
from typing import Any

from lightning import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback

from photochrom.train.checkpoint import read_checkpoint
from photochrom.train.recipe import NEVER

__all__ = ["Pace", "spent"]

#: The shares of its budget at which a run is validated and kept before its end: of 1,800 CPU seconds at 120, 360, 600 ...
CHECKS = (1 / 15, 1 / 5, 1 / 3, 1 / 2, 2 / 3, 5 / 6)


class Pace(Callback):
    """When a run is validated and kept at ``path``, and when it ends, if by its CPU seconds.

    ``seconds`` are those of all ``steps`` so far, their batches and the warm-up included, validations and the writing of
    checkpoints left out; checkpoints carry them on. With a budget (``cpu_seconds`` above 0) the run ends at the step whose end
    lies nearest to it and is looked at on the way at each of ``CHECKS``; without one it is looked at ``every`` so many steps.
    """

    def __init__(self, path: Path, *, every: int, cpu_seconds: float = 0.0) -> None:
        self.path, self.every, self.budget = path, every, cpu_seconds
        self.steps, self.seconds = 0, 0.0
        self._last = 0.0

    @classmethod
    def at(cls, path: Path, start: int, *, every: int, cpu_seconds: float) -> Pace:
        """The pace of a run that stands at step ``start``, with what its checkpoint ``path`` has counted so far."""
        pace = cls(path, every=every, cpu_seconds=cpu_seconds)
        if start:
            pace.steps, pace.seconds = spent(read_checkpoint(path))
        return pace

    @property
    def share(self) -> float:
        """How much of the budget is used, in [0, 1]; 0 without one."""
        return min(1.0, self.seconds / self.budget) if self.budget else 0.0

    @property
    def over(self) -> bool:
        """Whether the budget is used up: one step more would miss it by more than it is missed now."""
        return self.budget > 0 and self.steps > 0 and self.seconds + self.seconds / self.steps / 2 >= self.budget

    def state_dict(self) -> dict[str, Any]:
        """For the checkpoint."""
        return {"steps": self.steps, "seconds": self.seconds}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """From the checkpoint."""
        self.steps, self.seconds = state_dict["steps"], state_dict["seconds"]

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Start the clock."""
        self._last = time.process_time()

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Count the step, and say what comes next."""
        before = bisect(CHECKS, self.share)
        self.seconds += time.process_time() - self._last
        self.steps += 1
        trainer.should_stop = trainer.should_stop or self.over  # Lightning validates once more before it stops
        due = bisect(CHECKS, self.share) > before if self.budget else self.steps % self.every == 0
        trainer.val_check_batch = 1 if due else NEVER
        if due and not self.over:
            trainer.save_checkpoint(self.path)
        self._last = time.process_time()

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Go on."""
        self._last = time.process_time()


def spent(checkpoint: dict[str, Any]) -> tuple[int, float]:
    """Steps and CPU seconds of a checkpoint (:func:`photochrom.train.checkpoint.read_checkpoint`); 0 where it has none."""
    state = checkpoint.get("callbacks", {}).get(Pace.__name__, {})
    return int(state.get("steps", 0)), float(state.get("seconds", 0.0))

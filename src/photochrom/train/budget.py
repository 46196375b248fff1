"""Compute, counted in seconds of this process's CPU time: what else runs on the machine does not matter to it."""

from __future__ import annotations

import time
from typing import Any

from lightning import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback

__all__ = ["CpuClock", "steps_within"]


class CpuClock(Callback):
    """CPU seconds of every optimiser step, its batch included and validations left out, as ``seconds``.

    ``warm_up`` steps at the start of each stretch, which build caches, are not counted in :meth:`per_step`.
    """

    def __init__(self, warm_up: int = 2) -> None:
        self.warm_up, self.seconds = warm_up, list[float]()
        self._last: float | None = None

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Start the clock."""
        self._last = time.process_time()

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Note what the step took."""
        now = time.process_time()
        if self._last is not None:
            self.seconds.append(now - self._last)
        self._last = now

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Stop the clock."""
        self._last = None

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Go on."""
        self._last = time.process_time()

    def per_step(self) -> float:
        """Mean CPU seconds of a step, after the warm-up."""
        counted = self.seconds[self.warm_up :] or self.seconds
        return sum(counted) / len(counted)


def steps_within(cpu_seconds: float, per_step: float) -> int:
    """How many optimiser steps fit into a budget; at least one."""
    return max(1, int(cpu_seconds / per_step))

"""What a run says of itself: a line in ``log.jsonl`` after each validation, and one moving line on a terminal."""

from __future__ import annotations

import json
import logging
import sys
import time
from pathlib import Path
from typing import Any, TextIO

from lightning import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback

from photochrom.train.module import ColorModule

__all__ = ["LogLines", "ProgressLine"]

log = logging.getLogger(__name__)


class LogLines(Callback):
    """After each validation, one JSON line in ``log.jsonl``: step, seconds, figures, and the gain by source."""

    def __init__(self, path: Path) -> None:
        self.path, self.start = path, time.monotonic()

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write the line, and tell the figures to the log."""
        if trainer.sanity_checking or not isinstance(pl_module, ColorModule):
            return
        figures = {name: round(float(value), 4) for name, value in trainer.callback_metrics.items()}
        sources = {source: [round(gain, 3), count] for source, (gain, count) in pl_module.by_source().items()}
        line = {
            "step": trainer.global_step,
            "seconds": round(time.monotonic() - self.start),
            **figures,
            "sources": sources,
        }
        with self.path.open("a") as out:
            out.write(json.dumps(line) + "\n")
        log.info("step %d: %s", trainer.global_step, ", ".join(f"{name} {value}" for name, value in figures.items()))


class ProgressLine(Callback):
    """Step, loss, pictures per second and the minutes left, on one line of ``stream``; silent unless it is a terminal."""

    def __init__(self, steps: int, batch: int, stream: TextIO | None = None) -> None:
        self.steps, self.batch, self.stream = steps, batch, stream or sys.stderr
        self._began, self._told = (0, 0.0), 0.0

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Start the clock."""
        self._began = trainer.global_step, time.monotonic()

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Rewrite the line, at most twice a second."""
        now = time.monotonic()
        if not self.stream.isatty() or now - self._told < 0.5:
            return
        self._told = now
        done, seconds = trainer.global_step - self._began[0], now - self._began[1]
        left = (self.steps - trainer.global_step) * seconds / max(1, done) / 60
        loss = float(trainer.callback_metrics.get("train_loss", float("nan")))
        self._tell(
            f"step {trainer.global_step}/{self.steps}, loss {loss:.3f}, "
            f"{done * self.batch / seconds:.0f} pictures/s, {left:.0f} min left"
        )

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Leave a line with the figures of the validation."""
        figures = trainer.callback_metrics
        if self.stream.isatty() and "val_gain" in figures:
            self._tell(
                f"step {trainer.global_step}: {float(figures['val_gain']):+.2f} dB over grey, "
                f"{float(figures['val_hinted_gain']):+.2f} dB with ten hints\n"
            )

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Clear the line."""
        if self.stream.isatty():
            self._tell("")

    def _tell(self, text: str) -> None:
        self.stream.write(f"\r\x1b[K{text}")
        self.stream.flush()

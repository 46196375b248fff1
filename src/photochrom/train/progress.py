"""What a run reports: lines in ``log.jsonl``, sample pictures, one moving line on a terminal; and when to stop it."""

from __future__ import annotations

import logging
import math
import sys
import time
from pathlib import Path
from typing import Any, TextIO

import cv2
import numpy as np
import torch
from lightning import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.loggers import TensorBoardLogger
from torch import Tensor
from torch.nn import functional

from photochrom.color import planes_to_lab, planes_to_rgb
from photochrom.errors import DivergenceError, OutputWriteError
from photochrom.train.color_module import ColorModule
from photochrom.train.files import append_line, replacing

__all__ = ["LogLines", "OnlyNumbers", "ProgressLine", "SamplePictures"]

log = logging.getLogger(__name__)


class LogLines(Callback):
    """After each validation, one JSON line in ``log.jsonl``: step, seconds, figures, and, of a decoder, the gain by source.

    The seconds are those of the whole run: a checkpoint carries them on.
    """

    def __init__(self, path: Path) -> None:
        self.path, self._start, self._before = path, time.monotonic(), 0.0

    @property
    def seconds(self) -> float:
        """How long the run has taken so far, without the time between a kill and the start after it."""
        return self._before + time.monotonic() - self._start

    def state_dict(self) -> dict[str, Any]:
        """For the checkpoint."""
        return {"seconds": self.seconds}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """From the checkpoint."""
        self._before, self._start = state_dict["seconds"], time.monotonic()

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write the line, and log the figures."""
        if trainer.sanity_checking or not trainer.is_global_zero:
            return
        figures = {name: round(float(value), 4) for name, value in trainer.callback_metrics.items()}
        line: dict[str, Any] = {"step": trainer.global_step, "seconds": round(self.seconds), **figures}
        if isinstance(pl_module, ColorModule):
            gains = pl_module.by_source().items()
            line["sources"] = {source: [round(gain, 3), count] for source, (gain, count) in gains}
        append_line(self.path, line)
        log.info("step %d: %s", trainer.global_step, ", ".join(f"{name} {value}" for name, value in figures.items()))


class OnlyNumbers(Callback):
    """End a run whose loss or weights are no longer finite numbers, before a checkpoint of it can replace a good one.

    ``last``: the checkpoint, for the message.
    """

    def __init__(self, last: Path) -> None:
        self.last = last

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Look at the loss; the one that is logged is the mean of all processes, so all of them end together."""
        loss = float(trainer.callback_metrics.get("train_loss", outputs["loss"]))
        if not math.isfinite(loss):
            raise DivergenceError(f"the loss is {loss}", trainer.global_step, self.last)

    def on_save_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Look at the weights: a loss may be finite and its gradient not."""
        for name, weight in pl_module.named_parameters():
            if not bool(weight.isfinite().all()):
                raise DivergenceError(f"{name} is not finite", trainer.global_step, self.last)


class SamplePictures(Callback):
    """After each validation a PNG in ``folder`` (and TensorBoard): grey, result and truth of the same few pictures.

    ``crops``: (N, 3, S, S) sRGB uint8. The result has the averaged weights and neither hints nor fusion: it is what the
    network predicts, not the finished picture. Must come before the callback that averages, which swaps the weights back.
    """

    def __init__(self, crops: Tensor, folder: Path) -> None:
        self.crops, self.folder = crops, folder

    def on_validation_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Colour them and write the picture."""
        if not trainer.is_global_zero or not isinstance(pl_module, ColorModule):
            return
        truth = self.crops.to(pl_module.device).float() / 255
        light, *_ = planes_to_lab(*truth.unbind(1))
        with torch.no_grad():
            ab = pl_module.predict_ab(light.unsqueeze(1))
        ab = functional.interpolate(ab.float(), size=light.shape[1:], mode="bilinear", align_corners=False)
        grey, result = (torch.stack(planes_to_rgb(light, *c.unbind(1)), 1).clamp(0, 1) for c in (ab * 0, ab))
        rows = torch.cat([grey, result, truth], 3).permute(0, 2, 3, 1).flatten(0, 1)
        sheet = np.round(rows.cpu().numpy() * 255).astype(np.uint8)
        png = cv2.imencode(".png", sheet[..., ::-1])[1].tobytes()
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputWriteError(f"cannot be made ({error.strerror})", self.folder) from error
        with replacing(self.folder / f"{trainer.global_step:06d}.png") as part:
            part.write_bytes(png)
        if isinstance(trainer.logger, TensorBoardLogger):
            trainer.logger.experiment.add_image("samples", sheet, trainer.global_step, dataformats="HWC")


class ProgressLine(Callback):
    """Step, loss, pictures per second and the minutes left, on one line of ``stream``; silent unless it is a terminal."""

    def __init__(self, steps: int, batch: int, stream: TextIO | None = None) -> None:
        self.steps, self.batch, self.stream = steps, batch, stream or sys.stderr
        self._began, self._written = (0, 0.0), 0.0

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Start the clock."""
        self._began = trainer.global_step, time.monotonic()

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Rewrite the line, at most twice a second."""
        now = time.monotonic()
        if not self._shown(trainer) or now - self._written < 0.5:
            return
        self._written = now
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
        if self._shown(trainer) and "val_gain" in figures:
            self._tell(
                f"step {trainer.global_step}: {float(figures['val_gain']):+.2f} dB over grey, "
                f"{float(figures['val_hinted_gain']):+.2f} dB with ten hints\n"
            )

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Clear the line."""
        if self._shown(trainer):
            self._tell("")

    def _shown(self, trainer: Trainer) -> bool:
        return trainer.is_global_zero and self.stream.isatty()

    def _tell(self, text: str) -> None:
        self.stream.write(f"\r\x1b[K{text}")
        self.stream.flush()

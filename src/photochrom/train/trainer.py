"""Lightning as every run here uses it: whole checkpoints, validations by steps, and none of its own messages."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from lightning import LightningModule, Trainer, seed_everything
from lightning.pytorch.callbacks import EMAWeightAveraging, ModelCheckpoint
from torch.utils.data import DataLoader

from photochrom.train.checkpoint import WholeCheckpointIO
from photochrom.train.progress import LogLines, ProgressLine

__all__ = ["RunPaths", "begin", "quiet_trainer", "train_on", "train_small"]

#: Warnings of Lightning that do not matter here.
QUIET = (
    "Checkpoint directory .* exists and is not empty",  # a resumed run
    "You're resuming from a checkpoint that ended before the epoch ended",  # the StepSampler starts where it ended
    "The '.*' does not have many workers",  # the pictures are decoded already
    "You defined a `validation_step` but have no `val_dataloader`",  # steps that are only timed
    "Found .* module\\(s\\) in eval mode",  # a frozen embedder
    "Using ModelCheckpoint with manual optimization",  # the state after the step is the one that is wanted
    "`isinstance\\(treespec, LeafSpec\\)` is deprecated",  # between Lightning and PyTorch
)


class RunPaths(NamedTuple):
    """Where a run keeps its things: its folder, decoded pictures and features, and the checkpoint that it resumes from."""

    out: Path
    cache: Path
    last: Path


@contextmanager
def begin(out: str | Path, cache: str | Path | None, seed: int) -> Iterator[RunPaths]:
    """How every run begins: without Lightning's notices, and with seeded generators. ``cache``: by default ``out/cache``."""
    out = Path(out)
    with _quiet():
        seed_everything(seed, workers=True, verbose=False)
        yield RunPaths(out, Path(cache) if cache else out / "cache", out / "last.ckpt")


def train_on(
    trainer: Trainer,
    module: LightningModule,
    loader: DataLoader[Any],
    validation: DataLoader[Any],
    last: Path,
    start: int,
) -> Path:
    """Train from step ``start`` on, of the checkpoint ``last`` unless it is 0, and return that path, written anew."""
    trainer.fit(module.train(), loader, validation, ckpt_path=last if start else None, weights_only=True)
    trainer.save_checkpoint(last)
    return last


def train_small(
    module: LightningModule,
    loader: DataLoader[Any],
    validation: DataLoader[Any],
    paths: RunPaths,
    start: int,
    *,
    steps: int,
    batch: int,
    every: int,
    ema: float,
    accelerator: str = "auto",
) -> Path:
    """Train a small network beside a finished model, in one process, from step ``start`` on, and return the last checkpoint.

    steps: of the whole run. batch: pictures in each. every: steps between validations. ema: decay of the averaged weights.
    accelerator: Lightning's name of what trains.
    """
    every = min(every, steps)
    trainer = quiet_trainer(
        max_steps=steps,
        accelerator=accelerator,
        callbacks=[
            EMAWeightAveraging(decay=ema),
            ModelCheckpoint(paths.out, filename="last", every_n_train_steps=every, enable_version_counter=False),
            ProgressLine(steps, batch),
            LogLines(paths.out / "log.jsonl"),
        ],
        logger=False,
        gradient_clip_val=1.0,
        val_check_interval=every,
    )
    paths.out.mkdir(parents=True, exist_ok=True)
    return train_on(trainer, module, loader, validation, paths.last, start)


def quiet_trainer(**settings: Any) -> Trainer:
    """A trainer with these settings of its own, and those that all runs share."""
    return Trainer(
        plugins=[WholeCheckpointIO()],
        check_val_every_n_epoch=None,
        num_sanity_val_steps=0,
        enable_model_summary=False,
        enable_progress_bar=False,
        use_distributed_sampler=False,  # the StepSampler deals out the pictures itself
        **settings,
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """Lightning's advice and notices are for those who write training code, not for those who run it."""
    loggers = [logging.getLogger(name) for name in ("lightning.pytorch", "lightning.fabric")]
    levels = [logger.level for logger in loggers]
    with warnings.catch_warnings():
        for message in QUIET:
            warnings.filterwarnings("ignore", message)
        try:
            for logger in loggers:
                logger.setLevel(logging.ERROR)
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)

"""Lightning as every run here uses it: whole checkpoints, validations by steps, and none of its own messages."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from lightning import Trainer

from photochrom.train.checkpoint import WholeCheckpointIO

__all__ = ["quiet", "quiet_trainer"]

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
def quiet() -> Iterator[None]:
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

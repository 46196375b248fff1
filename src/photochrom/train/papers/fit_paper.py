"""One run of a paper's recipe: as :mod:`photochrom.train.fit`, without the averaging of weights that no paper has."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader

from photochrom.errors import OptionError
from photochrom.nets.registry import find_net
from photochrom.train.budget import Pace
from photochrom.train.checkpoint import same_run
from photochrom.train.crops import StepSampler, centre_squares, split
from photochrom.train.files import append_line
from photochrom.train.papers.paper_crops import PaperCrops, profile_of
from photochrom.train.papers.paper_module import PaperModule
from photochrom.train.papers.paper_recipe import PaperRecipe
from photochrom.train.papers.tables import make_tables
from photochrom.train.picture_store import PictureStore, open_store
from photochrom.train.precision import precision
from photochrom.train.progress import ProgressLine
from photochrom.train.recipe import NEVER
from photochrom.train.trainer import begin, quiet_trainer, train_on

__all__ = ["CurveLines", "fit"]

#: Held-back pictures that are looked at in each validation.
VALIDATION_PICTURES = 64


def fit(
    recipe: PaperRecipe,
    data: Sequence[str | Path],
    out: str | Path,
    *,
    pretrained: str | Path | None = None,
    cache: str | Path | None = None,
) -> Path:
    """Train, and return the path of the last checkpoint, ``out/last.ckpt``; a killed run resumes from it.

    data, cache: as in :func:`photochrom.train.fit.fit`. pretrained: the file of the recipe's pretrained start.
    Raises DataError, CheckpointError, OutputWriteError, and OptionError where the recipe wants a pretrained start and there is
    none, or the other way round.
    """
    _check_pretrained(recipe, pretrained, resumes=(Path(out) / "last.ckpt").exists())
    with begin(out, cache, recipe.seed) as (out, cache, last):
        module, loader, validation, start = _prepare(recipe, data, cache, pretrained, last)
        pace = Pace.at(last, start, every=recipe.every, cpu_seconds=recipe.cpu_seconds)
        if start >= recipe.last_step or pace.over:
            return last
        module.used = lambda: pace.share
        trainer = quiet_trainer(
            max_steps=recipe.last_step * module.optimizers_per_step,
            precision=precision(),
            callbacks=[
                pace,
                CurveLines(out / "log.jsonl", pace),
                *([] if recipe.cpu_seconds else [ProgressLine(recipe.steps, recipe.batch)]),
            ],
            logger=False,
            enable_checkpointing=False,  # the pace writes them
            val_check_interval=NEVER,  # it also starts the validations
            limit_val_batches=1.0 if len(validation) else 0,
        )
        out.mkdir(parents=True, exist_ok=True)
        return train_on(trainer, module, loader, validation, last, start)


def _prepare(
    recipe: PaperRecipe, data: Sequence[str | Path], cache: Path, pretrained: str | Path | None, last: Path
) -> tuple[PaperModule, DataLoader[Any], DataLoader[Any], int]:
    store = open_store(data, cache / "store")
    settings = recipe.for_store()
    train, held = split(store, settings)
    tables = make_tables(recipe, store, train)
    centres = tables["centres"].numpy() if "centres" in tables else None
    if centres is not None:
        recipe = dataclasses.replace(recipe, profiles=len(centres))  # their number may have been chosen by silhouette
    start = 0
    if last.exists():
        module = PaperModule(recipe, tables, None, store.digest)
        start = int(same_run(last, dict(module.hparams))["global_step"]) // module.optimizers_per_step
    else:
        module = PaperModule(recipe, tables, pretrained, store.digest)
    loader: DataLoader[Any] = DataLoader(
        PaperCrops(store, recipe, centres), batch_sampler=StepSampler(store, train, settings, start), num_workers=0
    )
    batches = _validation(store, held, recipe.size, centres)
    validation: DataLoader[Any] = DataLoader(batches, batch_size=None)  # type: ignore[arg-type]
    return module, loader, validation, start


def _validation(
    store: PictureStore, held: NDArray[np.int64], size: int, centres: NDArray[np.float32] | None
) -> list[tuple[Tensor, Tensor]]:
    """Validation batches, as the training's: squares of held-back pictures, always the same, and their colour profiles."""
    chosen = np.random.default_rng(0).permutation(held)[:VALIDATION_PICTURES]
    batches = []
    for start in range(0, len(chosen), 32):
        part = chosen[start : start + 32]
        labels = [0 if centres is None else profile_of(store[i], centres) for i in part]
        batches.append((centre_squares(store, part, size), torch.tensor(labels)))
    return batches


def _check_pretrained(recipe: PaperRecipe, pretrained: str | Path | None, *, resumes: bool) -> None:
    if recipe.pretrained and pretrained is None and not resumes:
        holds = find_net(recipe.model).pretrained
        raise OptionError(
            "--pretrained",
            None,
            f"a file with {holds} for the recipe {recipe.model}, or --no-pretrained to start at random",
        )
    if not recipe.pretrained and pretrained is not None:
        raise OptionError("--pretrained", str(pretrained), f"nothing: the recipe {recipe.model} starts at random")


class CurveLines(Callback):
    """After each validation one JSON line: step, CPU seconds, and training and validation loss and accuracy."""

    def __init__(self, path: Path, pace: Pace) -> None:
        self.path, self.pace = path, pace

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write the line."""
        if not isinstance(pl_module, PaperModule):
            return
        line = {"step": self.pace.steps, "cpu_seconds": round(self.pace.seconds, 2)}
        figures = {name: round(value, 6) for name, value in pl_module.take_figures().items()}
        append_line(self.path, {**line, **figures})

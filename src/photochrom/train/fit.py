"""One training run from a recipe: store, split, loaders, Lightning trainer, checkpoints, and a log line per validation."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning import Trainer
from lightning.pytorch.callbacks import EMAWeightAveraging, ModelCheckpoint
from lightning.pytorch.loggers import TensorBoardLogger
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader

from photochrom.errors import CheckpointError
from photochrom.train.budget import Pace
from photochrom.train.checkpoint import same_run
from photochrom.train.color_module import ColorModule
from photochrom.train.crops import CropDataset, StepSampler, centre_squares, split
from photochrom.train.features import build_features
from photochrom.train.picture_store import PictureStore, open_store
from photochrom.train.precision import precision
from photochrom.train.probe import LinearProbe
from photochrom.train.processes import Processes, gather, in_turn, joined
from photochrom.train.progress import LogLines, OnlyNumbers, ProgressLine, SamplePictures
from photochrom.train.recipe import NEVER, Recipe, as_dict
from photochrom.train.trainer import begin, quiet_trainer, train_on

__all__ = ["fit"]

log = logging.getLogger(__name__)

#: At most so many held-back pictures are looked at in each validation, and so many are shown.
VALIDATION_PICTURES = 512
SAMPLES = 8
#: A killed run loses at most this much.
CHECKPOINT_INTERVAL = timedelta(minutes=8)


def _held_back(
    store: PictureStore, held: NDArray[np.int64], size: int, me: Processes
) -> list[tuple[Tensor, list[str]]]:
    """This process's validation batches: centre squares of held-back pictures, the same ones every time.

    Every process gets as many batches as the others, since they wait for each other in each; none where there are fewer
    pictures than processes.
    """
    chosen = np.random.default_rng(0).permutation(held)[:VALIDATION_PICTURES]
    if len(chosen) < me.count:
        return []
    count = -(-len(chosen) // (32 * me.count))
    return [
        (centre_squares(store, part, size), [store.entries[i].source for i in part])
        for part in np.array_split(chosen, count * me.count)[me.rank :: me.count]
    ]


def fit(
    recipe: Recipe,
    data: Sequence[str | Path],
    out: str | Path,
    *,
    pretrained: str | Path | None = None,
    init: str | Path | None = None,
    cache: str | Path | None = None,
    workers: int = 1,
) -> Path:
    """Train, and return the path of the last checkpoint, ``out/last.ckpt``; a killed run resumes from it.

    Under torchrun every process calls this, with the same arguments; ``out`` must be on a disk that all of them see.

    data: Parquet shards, tars or folders of pictures, fsspec URLs of them, or a picture store. pretrained: ImageNet weights
    of the encoder. init: a checkpoint or exported ``.safetensors`` file to start from. cache: where the decoded pictures and
    the features are kept (default ``out/cache``). workers: processes that crop pictures, beside each that trains. Raises
    DataError, RecipeError, CheckpointError, DivergenceError, OutputWriteError.
    """
    with begin(out, cache, recipe.seed) as (out, cache, last), joined() as me:
        store = in_turn(lambda: open_store(data, cache / "store"), me)
        train, held = split(store, recipe)
        module = ColorModule(recipe, pretrained, store.digest)
        module.count_colors(store)
        probe = LinearProbe(store)
        module.probe = probe if len(probe.labels) else None
        start = 0
        if last.exists():
            start = _resume(last, module)
        elif init:
            module.load_weights(init)
        elif not pretrained and me.rank == 0:
            log.warning("the encoder starts from random weights: give pretrained or init for a model of use")
        if len(set(gather(start))) > 1:
            raise CheckpointError("not every process of this run sees it; choose a folder that all of them share", last)
        pace = Pace.at(last, start, every=recipe.every, cpu_seconds=recipe.cpu_seconds)
        if start >= recipe.last_step or pace.over:
            return last
        module.used = lambda: pace.share
        dataset: Any = CropDataset(store, recipe)
        if recipe.cache_features:
            encoder = module.net.encoder
            dataset = in_turn(lambda: build_features(encoder, store, train, recipe, cache / "features"), me)
        loader: DataLoader[Any] = DataLoader(
            dataset,
            batch_sampler=StepSampler(store, train, recipe, start, rank=me.rank, processes=me.count),
            num_workers=workers,
            persistent_workers=workers > 0,
            prefetch_factor=4 if workers else None,
        )
        batches = _held_back(store, held, recipe.sizes[0], me)
        validation: DataLoader[Any] = DataLoader(batches, batch_size=None)  # type: ignore[arg-type]
        samples = (
            centre_squares(store, held[:: max(1, len(held) // SAMPLES)][:SAMPLES], recipe.sizes[0]) if batches else None
        )
        if recipe.compile:
            for part in module.net.children():
                part.compile()
        trainer = _trainer(recipe, out, me, samples, pace)
        return train_on(trainer, module, loader, validation, last, start)


def _trainer(recipe: Recipe, out: Path, me: Processes, samples: Tensor | None, pace: Pace) -> Trainer:
    """``samples``: the pictures to show at each validation; None: there is nothing to validate on."""
    every = min(recipe.every, recipe.steps)
    # By steps, so that what a short run leaves behind is known; and by the clock, for steps that take long on a busy machine.
    keepers = [
        ModelCheckpoint(out, filename="last", every_n_train_steps=every, enable_version_counter=False),
        ModelCheckpoint(out, filename="last", train_time_interval=CHECKPOINT_INTERVAL, enable_version_counter=False),
    ]
    gpu = torch.cuda.is_available()
    return quiet_trainer(
        max_steps=recipe.last_step,
        devices=me.local_count,
        num_nodes=me.count // me.local_count,
        # On CPUs each process normalises its own share of the batch: torch has no synchronised batch norm for them.
        sync_batchnorm=gpu and me.count > 1,
        precision=precision(),
        callbacks=[
            OnlyNumbers(out / "last.ckpt"),
            *([SamplePictures(samples, out / "samples")] if samples is not None else []),
            EMAWeightAveraging(decay=recipe.ema),
            *([pace] if recipe.cpu_seconds else [*keepers, ProgressLine(recipe.steps, recipe.batch)]),
            LogLines(out / "log.jsonl"),
        ],
        enable_checkpointing=not recipe.cpu_seconds,
        logger=TensorBoardLogger(out, name="tensorboard", version="") if find_spec("tensorboard") else False,
        gradient_clip_val=1.0,
        val_check_interval=NEVER if recipe.cpu_seconds else every,
        limit_val_batches=0 if samples is None else 1.0,
        log_every_n_steps=min(20, every),
    )


def _resume(path: Path, module: ColorModule) -> int:
    """Give ``module`` the weights of the run that wrote this checkpoint, and return the step at which it stood.

    The checkpoint must belong to this recipe and data. Raises CheckpointError.
    """
    # a setting that a checkpoint does not know was added since, and its default is what was done before
    found = same_run(path, dict(module.hparams), usual=as_dict(Recipe()))
    try:
        # the weights that are being trained, not their average: a frozen encoder must be the same to the last bit
        module.load_state_dict(found["current_model_state"])
        then = [len(group["params"]) for group in found["optimizer_states"][0]["param_groups"]]
    except (LookupError, TypeError, RuntimeError) as error:
        raise CheckpointError(f"is of another architecture ({error})", path) from error
    if then != [len(group["params"]) for group in module.configure_optimizers()["optimizer"].param_groups]:
        raise CheckpointError("another version trained other parameters; start from it with init in a new folder", path)
    return int(found["global_step"])

"""One training run of a kernel: examples, Lightning trainer, checkpoints, and a log line per validation."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from torch.utils.data import DataLoader

from photochrom.errors import DataError
from photochrom.runtime import digest_of, open_model
from photochrom.train.checkpoint import same_run
from photochrom.train.crops import StepSampler, split
from photochrom.train.kernel.examples import build_examples, chosen_pictures
from photochrom.train.kernel.kernel_module import KernelModule
from photochrom.train.kernel.kernel_recipe import KernelRecipe
from photochrom.train.picture_store import open_store
from photochrom.train.trainer import begin, train_small

__all__ = ["fit"]

#: Held-back pictures that are looked at in each validation, and how many at a time.
VALIDATION_PICTURES, AT_ONCE = 256, 16


def fit(
    recipe: KernelRecipe,
    data: Sequence[str | Path],
    out: str | Path,
    *,
    init: str | Path | None = None,
    cache: str | Path | None = None,
    maps: Sequence[str | Path] = (),
) -> Path:
    """Train, and return the path of the last checkpoint, ``out/last.ckpt``; a killed run resumes from it.

    data, init, cache: as in :func:`photochrom.train.fit.fit`. maps: folders of pictures with label maps, see
    :mod:`photochrom.train.object.label_maps`, from which the kernel learns where objects end. Raises DataError, CheckpointError,
    OutputWriteError, and what opening the recipe's model raises.
    """
    with begin(out, cache, recipe.seed) as paths:
        session = open_model(recipe.base, threads=1)  # several pictures at a time
        if not session.hints or session.output != "ab-bins" or session.stride != 8:
            raise DataError(f"{recipe.base} is no model with hints and ab bins at stride 8", recipe.base)
        store = open_store(data, paths.cache / "store")
        train, held = split(store, recipe.for_store())
        train = chosen_pictures(store, train, recipe)
        held = np.random.default_rng(0).permutation(held)[:VALIDATION_PICTURES]
        examples = build_examples(session, store, train, held, recipe, paths.cache / "kernel", maps)
        module = KernelModule(recipe, tuple(shape[0] for shape in examples.shapes[:3]), digest_of(session.paths[:2]))
        start = 0
        if paths.last.exists():
            start = int(same_run(paths.last, dict(module.hparams), otherwise="the model it is for")["global_step"])
        if init and not start:
            module.load_weights(init)
        if start >= recipe.steps:
            return paths.last
        # The choice of pictures has followed the weights already.
        settings = dataclasses.replace(recipe, source_weights={}).for_store()
        loader: DataLoader[Any] = DataLoader(examples, batch_sampler=StepSampler(store, train, settings, start))
        looked_at: DataLoader[Any] = DataLoader(
            [examples.parts(int(i)) for i in held],  # type: ignore[arg-type]  # a list is a dataset enough
            batch_size=AT_ONCE,
        )
        return train_small(
            module,
            loader,
            looked_at,
            paths,
            start,
            steps=recipe.steps,
            batch=recipe.batch,
            every=recipe.every,
            ema=recipe.ema,
        )

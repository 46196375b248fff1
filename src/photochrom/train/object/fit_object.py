"""One training run of an object head: examples, Lightning trainer, checkpoints, and a log line per validation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from torch.utils.data import DataLoader, Sampler

from photochrom.errors import DataError
from photochrom.runtime import open_model
from photochrom.train.checkpoint import same_run
from photochrom.train.object.object_examples import ObjectExamples, build_object_examples, encoder_sample
from photochrom.train.object.object_module import Batches, ObjectModule
from photochrom.train.object.object_recipe import ObjectRecipe
from photochrom.train.trainer import begin, train_small

__all__ = ["fit"]

#: Steps of held-back pictures in each validation.
VALIDATION_STEPS = 12


def fit(
    recipe: ObjectRecipe,
    data: Sequence[str | Path],
    out: str | Path,
    *,
    init: str | Path | None = None,
    cache: str | Path | None = None,
) -> Path:
    """Train, and return the path of the last checkpoint, ``out/last.ckpt``; a killed run resumes from it.

    data: folders of pictures with label maps (:mod:`photochrom.train.object.label_maps`). init, cache: as in
    :func:`photochrom.train.fit.fit`. Raises DataError, CheckpointError, OutputWriteError, and what opening the recipe's model
    raises.
    """
    with begin(out, cache, recipe.seed) as paths:
        session = open_model(recipe.base, threads=1)
        if not session.hints:
            raise DataError(f"{recipe.base} has no encoder of its own", recipe.base)
        examples = build_object_examples(session, data, recipe.size, paths.cache / "object")
        train, held = _split(examples, recipe)
        channels = tuple(len(feature) for feature in examples[0][0])
        module = ObjectModule(recipe, channels, encoder_sample(session))
        start = 0
        if paths.last.exists():
            start = int(same_run(paths.last, dict(module.hparams), otherwise="the encoder it is for")["global_step"])
        if init and not start:
            module.load_weights(init)
        if start >= recipe.steps:
            return paths.last
        loader: DataLoader[Any] = DataLoader(
            Batches(examples, train, recipe), batch_size=None, sampler=_Steps(start, recipe.steps)
        )
        looked_at: DataLoader[Any] = DataLoader(
            Batches(examples, held, recipe), batch_size=None, sampler=range(min(VALIDATION_STEPS, recipe.steps))
        )
        return train_small(
            module,
            loader,
            looked_at,
            paths,
            start,
            steps=recipe.steps,
            batch=recipe.pictures,
            every=recipe.every,
            ema=recipe.ema,
            accelerator="cpu",
        )


class _Steps(Sampler[int]):
    """The numbers of a run's steps from ``start`` on; its length is that of the whole run, as Lightning counts."""

    def __init__(self, start: int, steps: int) -> None:
        self.start, self.steps = start, steps

    def __len__(self) -> int:
        return self.steps

    def __iter__(self) -> Iterator[int]:
        return iter(range(self.start, self.steps))


def _split(examples: ObjectExamples, recipe: ObjectRecipe) -> tuple[list[int], list[int]]:
    """Numbers of the pictures to learn from, and of those held back: at least one of either."""
    order = np.random.default_rng((recipe.seed, 1)).permutation(len(examples)).tolist()
    count = min(max(1, round(recipe.holdout * len(order))), len(order) - 1)
    if count < 1:
        raise DataError("one picture is too few: some are held back", examples.names[0])
    return sorted(order[count:]), sorted(order[:count])

"""The Lightning module: how much of the wanted object a mask has, after a first prompt and after corrections."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning import LightningModule
from torch import Tensor
from torch.nn import functional
from torch.utils.data import Dataset

from photochrom.errors import CheckpointError
from photochrom.nets.object_head import ObjectHead, Seen
from photochrom.train.checkpoint import read_weights
from photochrom.train.object.object_examples import ObjectExamples
from photochrom.train.object.object_recipe import ObjectRecipe
from photochrom.train.object.object_tasks import Prompt, Task, corrected, draw_task, first_prompt
from photochrom.train.recipe import as_dict

__all__ = ["CLICKS", "Batches", "ObjectModule", "Step"]

#: Clicks after which a mask is validated; beside them a box.
CLICKS = (1, 2, 3)


class Step:
    """Pictures of one shape, and what is wanted in them: ``prompts`` tasks for each, one after the other."""

    def __init__(self, parts: list[Tensor], tasks: list[Task], prompts: list[Prompt], seed: int) -> None:
        self.parts, self.tasks, self.prompts, self.seed = parts, tasks, prompts, seed


class Batches(Dataset[Step]):
    """The step of each number, always the same for the same seed: a run that goes on sees what it would have seen."""

    def __init__(self, examples: ObjectExamples, numbers: list[int], recipe: ObjectRecipe) -> None:
        chosen = set(numbers)
        groups = ([number for number in group if number in chosen] for group in examples.groups.values())
        self._groups = [group for group in groups if group]
        self._examples, self._recipe = examples, recipe

    def __len__(self) -> int:
        return self._recipe.steps

    def __getitem__(self, step: int) -> Step:
        rng = np.random.default_rng((self._recipe.seed, step))
        sizes = np.array([len(group) for group in self._groups], np.float64)
        group = self._groups[rng.choice(len(sizes), p=sizes / sizes.sum())]
        rows, tasks, prompts = [], [], []
        for _ in range(20 * self._recipe.pictures):  # some pictures have no object of this size
            features, light, objects = self._examples[int(rng.choice(group))]
            way = int(rng.choice((1, -1)))  # mirrored half of the time
            drawn = [draw_task(objects[:, ::way], rng) for _ in range(self._recipe.prompts)]
            found = [pair for pair in drawn if pair is not None]
            if len(found) == self._recipe.prompts:
                rows.append([np.ascontiguousarray(part[..., ::way]) for part in (*features, light[None])])
                tasks += [task for task, _ in found]
                prompts += [prompt for _, prompt in found]
            if len(rows) == self._recipe.pictures:
                break
        parts = [torch.from_numpy(np.stack(part)) for part in zip(*rows, strict=True)]
        return Step(parts, tasks, prompts, int(rng.integers(2**31)))


class ObjectModule(LightningModule):
    """Cross-entropy and the overlap (soft Jaccard) of masks, where it is known what belongs to the object."""

    def __init__(self, recipe: ObjectRecipe, channels: tuple[int, ...], encoder: list[float]) -> None:
        super().__init__()
        self.recipe = recipe
        self.save_hyperparameters({"recipe": as_dict(recipe), "channels": list(channels), "encoder": encoder})
        self.net = ObjectHead(channels, recipe.width)
        self._found: dict[str, list[float]] = {}

    def training_step(self, batch: Step, batch_idx: int) -> Tensor:
        """The last of 0 to ``corrections`` rounds is learnt from: few rounds more often."""
        rng = np.random.default_rng(batch.seed)
        once = self.net.embed(*batch.parts)
        seen = tuple(part.repeat_interleave(self.recipe.prompts, 0) for part in once)
        prompts, mask = batch.prompts, None
        rounds = int(self.recipe.corrections * rng.random() ** 2 + rng.random())
        for _ in range(rounds):
            with torch.no_grad():
                mask = (self._decode(seen, prompts, mask)[:, 0] > 0).float().numpy()
            prompts = [
                corrected(task, prompt, found > 0, rng)
                for task, prompt, found in zip(batch.tasks, prompts, mask, strict=True)
            ]
        logits = self._decode(seen, prompts, mask)[:, 0]
        target = torch.from_numpy(np.stack([task.target for task in batch.tasks])).float()
        known = torch.from_numpy(np.stack([task.known for task in batch.tasks])).float()
        loss = _loss(logits, target, known)
        self.log("train_loss", loss, prog_bar=True)
        return loss

    def _decode(self, seen: Any, prompts: list[Prompt], mask: Any) -> Tensor:
        masks = [None] * len(prompts) if mask is None else mask
        planes = np.stack([prompt.planes(one) for prompt, one in zip(prompts, masks, strict=True)])
        return self.net.decode(seen, torch.from_numpy(planes))

    def validation_step(self, batch: Step, batch_idx: int) -> None:
        """Intersection over union with a box, and after each of :data:`CLICKS`, of tasks that are wholly known."""
        rng = np.random.default_rng(batch_idx)
        once = self.net.embed(*batch.parts)
        for index, task in enumerate(batch.tasks):
            if not task.target.any():
                continue
            row = index // self.recipe.prompts
            seen: Seen = tuple(part[row : row + 1] for part in once)  # type: ignore[assignment]  # four, as there
            boxed = self._decode(seen, [first_prompt(task.target, rng, boxed=True)], None)[0, 0].numpy()
            self._found.setdefault("val_box", []).append(_overlap(boxed > 0, task))
            prompt, mask = first_prompt(task.target, rng, boxed=False), None
            for count in range(1, max(CLICKS) + 1):
                logits = self._decode(seen, [prompt], None if mask is None else mask[None])[0, 0]
                mask = (logits > 0).float().numpy()
                self._found.setdefault(f"val_click_{count}", []).append(_overlap(mask > 0, task))
                prompt = corrected(task, prompt, mask > 0, rng)

    def on_validation_epoch_end(self) -> None:
        """Log the means over all tasks."""
        for name, values in self._found.items():
            self.log(name, float(np.mean(values)))
        self._found = {}

    def load_weights(self, path: str | Path) -> None:
        """Start from the averaged weights of a checkpoint, or a ``.safetensors`` file. Raises CheckpointError."""
        state, _ = read_weights(path)
        try:
            self.net.load_state_dict(state, strict=True)
        except RuntimeError as error:
            raise CheckpointError(f"holds the weights of another architecture ({error})", path) from error

    def configure_optimizers(self) -> Any:
        """AdamW with a warm-up and a cosine down to 2 %."""
        recipe = self.recipe
        optimizer = torch.optim.AdamW(self.net.parameters(), lr=recipe.rate, weight_decay=recipe.weight_decay)

        def rate_at(step: int) -> float:
            if step < recipe.warmup:
                return (step + 1) / recipe.warmup
            done = (step - recipe.warmup) / max(1, recipe.steps - recipe.warmup)
            return 0.02 + 0.98 * (0.5 + 0.5 * math.cos(math.pi * min(1.0, done)))

        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, rate_at)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


def _loss(logits: Tensor, target: Tensor, known: Tensor) -> Tensor:
    each = functional.binary_cross_entropy_with_logits(logits, target, reduction="none")
    entropy = (each * known).sum((1, 2)) / known.sum((1, 2)).clamp(min=1)
    share = logits.sigmoid() * known
    both = (share * target).sum((1, 2))
    union = (share + target * known).sum((1, 2)) - both
    wanted = (target * known).amax((1, 2))  # where nothing is wanted, overlap says nothing
    total: Tensor = (entropy + wanted * 0.5 * (1 - (both + 1) / (union + 1))).mean()
    return total


def _overlap(found: Any, task: Task) -> float:
    found, target = found & task.known, task.target & task.known
    return float((found & target).sum() / max(1, (found | target).sum()))

"""Train, export and measure one row with one seed; what is done already is not done again."""

from __future__ import annotations

import dataclasses
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from photochrom.colorizer import Colorizer
from photochrom.errors import OptionError
from photochrom.evaluate import baselines
from photochrom.evaluate.pictures import TruthPicture
from photochrom.papers.measure import measure, seconds_at, ten_pictures, with_model, write_samples
from photochrom.papers.rows import Row
from photochrom.train.budget import steps_within
from photochrom.train.data import centre_square, split
from photochrom.train.export import export
from photochrom.train.files import replacing
from photochrom.train.papers.export import load_paper_net
from photochrom.train.papers.recipe import PaperRecipe, load_any
from photochrom.train.papers.run import fit, time_steps
from photochrom.train.recipe import recipe_path
from photochrom.train.store import open_store

__all__ = ["REFERENCES", "Settings", "reference", "run_row"]

log = logging.getLogger(__name__)

#: What every row is compared with: no colour, one colour, and this project's model (trained for far longer).
REFERENCES = ("grey", "mean ab", "mean ab given L", "photochrom")


@dataclass(frozen=True)
class Settings:
    """What all rows share. ``cpu_seconds``: of training, for every row and seed. ``starts``: pretrained files by name.

    size, batch: of the training pictures, whatever the papers have: a short budget leaves no room for 224 pixels.
    """

    data: Sequence[str | Path]
    work: Path
    cpu_seconds: float
    size: int
    batch: int
    starts: dict[str, Path]

    @property
    def cache(self) -> Path:
        """Where the decoded pictures are."""
        return self.work / "cache"


def run_row(row: Row, seed: int, settings: Settings, truth: Sequence[TruthPicture]) -> dict[str, Any]:
    """The result of a row and a seed, which is kept as ``result.json`` in its folder, beside the checkpoint and the graph."""
    folder = settings.work / f"{row.name}-{seed}"
    done = folder / "result.json"
    if done.exists():
        found: dict[str, Any] = json.loads(done.read_text())
        if found["budget"] != settings.cpu_seconds or found["recipe"]["size"] != settings.size:
            raise OptionError("--work", str(settings.work), "a folder without results of another budget or size")
        return found
    recipe, pretrained = _recipe(row, seed, settings)
    per_step = _speed(row, recipe, pretrained, settings)
    steps = steps_within(settings.cpu_seconds, per_step)
    recipe = dataclasses.replace(recipe, steps=steps, every=max(1, steps // 4))
    log.info("%s, seed %d: %d steps of %.2f s", row.name, seed, steps, per_step)
    last = fit(recipe, settings.data, folder, pretrained=pretrained, cache=settings.cache)
    (graph,) = export(last, folder / f"{row.name}.onnx")
    colorizer = Colorizer(graph, threads=1)
    method = with_model(colorizer)
    log_lines = folder / "log.jsonl"  # absent where so few pictures are given that none is held back
    curve = [json.loads(line) for line in log_lines.read_text().splitlines()] if log_lines.exists() else []
    stretches = [json.loads(line) for line in (folder / "cpu.jsonl").read_text().splitlines()]
    whole = sum(stretch["steps"] for stretch in stretches) == steps  # a stretch that was killed told nothing
    result: dict[str, Any] = {
        "name": row.name,
        "seed": seed,
        "budget": settings.cpu_seconds,
        "recipe": dataclasses.asdict(recipe),
        "start": pretrained.name if pretrained else "random",
        "parameters": _parameters(last),
        "bytes": graph.stat().st_size,
        "cpu_seconds": round(sum(stretch["seconds"] for stretch in stretches), 1) if whole else None,
        "training_pictures_per_s": round(recipe.batch / per_step, 2),
        "seconds_256": round(seconds_at(colorizer, 256), 4),
        "curve": curve,
        **measure(method, truth),
    }
    if row.paper == "Srivastava":
        result["ten"] = ten_pictures(method, truth)
    write_samples(method, folder / "samples.png")
    _write(done, result)
    return result


def _recipe(row: Row, seed: int, settings: Settings) -> tuple[PaperRecipe, Path | None]:
    overrides = {"size": settings.size, "batch": settings.batch, "seed": seed, **row.overrides}
    recipe = load_any(recipe_path(row.recipe or row.name), **overrides)
    if not isinstance(recipe, PaperRecipe):
        raise OptionError("--rows", row.name, "a system of the papers")
    if recipe.schedule == "constant" and recipe.loss != "gan":
        recipe = dataclasses.replace(recipe, schedule="cosine")  # a short run must come to rest, too
    if not row.start:
        return recipe, None
    if row.start not in settings.starts:
        raise OptionError(f"--{row.start}", None, f"the pretrained file that the row {row.name} starts from")
    return recipe, settings.starts[row.start]


def _speed(row: Row, recipe: PaperRecipe, pretrained: Path | None, settings: Settings) -> float:
    """CPU seconds of a step, measured once for all seeds, so that a resumed run has the same number of steps."""
    path = settings.work / f"{row.name}.speed.json"
    if not path.exists():
        seconds = time_steps(recipe, settings.data, cache=settings.cache, pretrained=pretrained)
        _write(path, {"seconds_per_step": seconds, "batch": recipe.batch, "size": recipe.size})
    return float(json.loads(path.read_text())["seconds_per_step"])


def _parameters(checkpoint: Path) -> int:
    from photochrom.train.checkpoint import read_weights

    state, about = read_weights(checkpoint)
    return sum(p.numel() for p in load_paper_net(state, about, checkpoint).parameters())


def _write(path: Path, value: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as part:
        part.write_text(json.dumps(value, indent=1) + "\n")


def reference(name: str, settings: Settings, truth: Sequence[TruthPicture]) -> dict[str, Any]:
    """The figures of one of :data:`REFERENCES`, kept as a row's are."""
    folder = settings.work / f"reference-{name.replace(' ', '-')}"
    done = folder / "result.json"
    if done.exists():
        return dict(json.loads(done.read_text()))
    if name == "photochrom":
        method = with_model(Colorizer(threads=1))
    else:

        def method(light: NDArray[np.float32]) -> NDArray[np.uint8]:
            return baselines.colour(light, field(light))

        fitted = _fitted(settings)
        field = {
            "grey": baselines.grey_ab,
            "mean ab": fitted.mean_ab,
            "mean ab given L": fitted.mean_ab_given_lightness,
        }[name]
    folder.mkdir(parents=True, exist_ok=True)
    result = {"name": name, **measure(method, truth)}
    write_samples(method, folder / "samples.png")
    _write(done, result)
    return result


def _fitted(settings: Settings) -> baselines.Baselines:
    """Mean colours of a fixed choice of the training pictures."""
    store = open_store(settings.data, settings.cache / "store")
    train, _ = split(store, PaperRecipe("").for_store())
    chosen = np.random.default_rng(0).permutation(train)[:1000]
    return baselines.fit_baselines(centre_square(store[i], 64) for i in chosen)

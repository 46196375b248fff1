"""``photochrom suggest``: where a hint would help most, and which colours it might be."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

__all__ = ["suggest"]


def suggest(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="A photograph.")],
    count: Annotated[int, typer.Option(min=1, max=50, help="Places to suggest.")] = 5,
    hint: Annotated[
        list[str] | None, typer.Option(metavar="X,Y=COLOR", help="A hint that is given already; may be repeated.")
    ] = None,
    hints: Annotated[Path | None, typer.Option(help="A JSON file of hints that are given already.")] = None,
    model: Annotated[str | None, typer.Option(help="Catalogue name or an .onnx file.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON line on stdout.")] = False,
    max_pixels: Annotated[float, typer.Option(help="Refuse pictures of more megapixels than this.")] = 500.0,
    threads: Annotated[int | None, typer.Option(min=1, help="Processor threads; by default all.")] = None,
) -> None:
    """Where to click next: the places where a hint would change most, best first, each with its likely colours."""
    from photochrom.cli.edits import Wanted
    from photochrom.colorizer import Colorizer
    from photochrom.errors import OptionError

    if not 0 < max_pixels < float("inf"):
        raise OptionError("--max-pixels", max_pixels, "a number of megapixels above 0")
    wanted = Wanted.parse(hint=hint, hints=hints)
    opened = Colorizer(model, threads=threads).open(path, max_pixels=round(max_pixels * 1e6))
    kept, _ = wanted.prepare(opened)
    places = [click.to_json() for click in opened.suggest(count, hints=kept.edits.hints)]
    if as_json:
        typer.echo(json.dumps({"input": str(path), "places": places}))
        return
    for number, place in enumerate(places, 1):
        offers = ", ".join(
            f"{_swatch(one)}{one['name']} {one['color']} ({one['share']:.0%})" for one in place["colors"]
        )
        typer.echo(f"{number}. {place['x']},{place['y']}: {offers}")
    if not places:
        typer.echo("photochrom: nothing to suggest: the model is sure of every place", err=True)


def _swatch(one: dict[str, Any]) -> str:
    """The colour itself, as light as the place, for a terminal: where nobody looks, there is none."""
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR"):
        return ""
    red, green, blue = bytes.fromhex(one["color"][1:])
    return typer.style("  ", bg=(red, green, blue)) + " "

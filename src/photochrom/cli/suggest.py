"""``photochrom suggest``: where a hint would help most, and which colours it might be."""

from __future__ import annotations

import json
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
    import numpy as np

    from photochrom import color_names
    from photochrom.cli.steering import Steering
    from photochrom.colorizer import Colorizer
    from photochrom.errors import OptionError

    if not 0 < max_pixels < float("inf"):
        raise OptionError("--max-pixels", max_pixels, "a number of megapixels above 0")
    given = Steering.parse(hint or [], hints, [])
    opened = Colorizer(model, threads=threads).open(path, max_pixels=round(max_pixels * 1e6))
    places: list[dict[str, Any]] = []
    for click in opened.suggest(count, hints=given.prepare(opened).hints):
        colours = [
            {
                "color": color_names.to_hex(np.array(likely.rgb)),
                "name": likely.name,
                "ab": [round(value, 2) for value in likely.ab],
                "share": round(likely.share, 3),
            }
            for likely in click.colours
        ]
        places.append({"x": click.x, "y": click.y, "change": round(click.change, 2), "colours": colours})
    if as_json:
        typer.echo(json.dumps({"input": str(path), "places": places}))
        return
    for number, place in enumerate(places, 1):
        offers = ", ".join(f"{one['name']} {one['color']} ({one['share']:.0%})" for one in place["colours"])
        typer.echo(f"{number}. {place['x']},{place['y']}: {offers}")
    if not places:
        typer.echo("photochrom: nothing to suggest: the model is sure of every place", err=True)

"""``photochrom models``: the catalogue."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from photochrom.catalog import ModelSpec

__all__ = ["models"]


def models(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON line per model on stdout.")] = False,
) -> None:
    """List the models: name, paper, parameters, size, hints, licence, and where the weights are."""
    from photochrom.catalog import CATALOG

    rows: list[dict[str, Any]] = [
        {
            "name": spec.name,
            "title": spec.title,
            "paper": spec.paper,
            "parameters": spec.parameters,
            "bytes": spec.size,
            "output": spec.output,
            "hints": spec.hints,
            "licence": spec.licence,
            "weights": _where(spec),
        }
        for spec in CATALOG
    ]
    if as_json:
        for row in rows:
            typer.echo(json.dumps(row))
        return
    for row in rows:
        typer.echo(f"{row['name']}: {row['title']}")
        typer.echo(f"  paper       {row['paper']}")
        typer.echo(f"  parameters  {row['parameters'] / 1e6:.1f} million, {row['bytes'] / 1e6:.1f} MB")
        typer.echo(f"  hints       {'yes' if row['hints'] else 'no'}")
        typer.echo(f"  licence     {row['licence']}")
        typer.echo(f"  weights     {row['weights']}")


def _where(spec: ModelSpec) -> str:
    from photochrom.errors import ModelError
    from photochrom.weights import find

    try:
        paths = [find(file, spec.folder) for file in spec.files]
    except ModelError as error:
        return f"unusable: {error}"
    if not paths:
        return f"none shipped: {spec.remedy}"
    absent = [file for file, path in zip(spec.files, paths, strict=True) if path is None]
    if absent:
        return "fetched on first use" if all(file.url for file in absent) else f"missing: {spec.remedy}"
    return ", ".join(sorted({str(path.parent) for path in paths if path is not None}))

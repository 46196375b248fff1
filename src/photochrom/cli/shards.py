"""``photochrom shards`` and ``photochrom store`` (extra ``train``): from sources of photographs to what is trained on."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["shards", "store"]


def shards(
    table: Annotated[Path, typer.Argument(help="Table of sources (tab-separated; see docs/training.md).")],
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder of the shards and of the report.")],
    clones: Annotated[Path | None, typer.Option(help="Folder of git clones, bare ones too.")] = None,
    old: Annotated[
        list[str] | None, typer.Option(help="Shards or folders that are there already; what stays of them is copied.")
    ] = None,
    tests: Annotated[
        list[str] | None, typer.Option(help="Pictures that must not be learnt: shards or folders; may be repeated.")
    ] = None,
    exclude: Annotated[
        list[Path] | None, typer.Option(help="List of paths that are not taken; may be repeated.")
    ] = None,
    labels: Annotated[Path | None, typer.Option(help="ImageNet class by source and class.")] = None,
    threads: Annotated[int, typer.Option(min=1, help="Threads that decode and encode.")] = 2,
) -> None:
    """Make training shards from folders and git clones by a table of sources; if it is killed, the same command resumes."""
    from photochrom.cli.train import need_torch
    from photochrom.errors import DataError

    need_torch()
    from photochrom.train.shards.make import make_shards

    with _progress():
        failed = make_shards(
            table,
            out,
            clones=clones,
            old=old or (),
            tests=tests or (),
            exclude=exclude or (),
            labels=labels,
            threads=threads,
        )
    typer.echo(str(out / "report.md"))
    if failed:
        raise DataError(
            f"{len(failed)} sources were passed over ({', '.join(failed)}); the report gives the reasons", table
        )


def store(
    data: Annotated[list[str], typer.Argument(help="Parquet shards, tars or folders of photographs, or URLs of them.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder of the store; `train --data` takes it.")],
    side: Annotated[int, typer.Option(min=32, help="Short sides above this many pixels are made so long.")] = 256,
    encoded: Annotated[
        bool, typer.Option("--encoded", help="Keep files instead of pixels: an eighth of the size, decoded when used.")
    ] = False,
) -> None:
    """Put training pictures into one file that training maps into memory."""
    from photochrom.cli.train import need_torch

    need_torch()
    from photochrom.train.picture_store import build_store

    with _progress():
        made = build_store(data, out, largest_side=side, encoded=encoded)
    typer.echo(f"{out}: {len(made)} pictures")


class _Echo(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        typer.echo(self.format(record), err=True)


@contextmanager
def _progress() -> Iterator[None]:
    """What the package logs meanwhile goes to stderr; what its libraries log does not."""
    log, echo = logging.getLogger("photochrom"), _Echo()
    level = log.level
    log.addHandler(echo)
    log.setLevel(logging.INFO)
    try:
        yield
    finally:
        log.removeHandler(echo)
        log.setLevel(level)

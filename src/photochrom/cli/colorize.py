"""``photochrom colorize``: photographs in, colour photographs out."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

if TYPE_CHECKING:
    from photochrom.batch import Job, Outcome
    from photochrom.colorizer import Colorizer

__all__ = ["colorize"]


def colorize(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Photographs, or folders of them.")],
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="Output file; or output folder, for a folder or several inputs.")
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="Catalogue name (see `photochrom models`) or an .onnx file.")
    ] = None,
    vividness: Annotated[float, typer.Option(min=0.0, max=1.0, help="0 is safe, 1 is vivid.")] = 0.5,
    confidence: Annotated[
        Path | None,
        typer.Option(help="Also write how sure the model is, as a grey picture; a folder for several inputs."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite outputs that exist.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON line per picture on stdout.")] = False,
    quality: Annotated[
        Literal["normal", "best"], typer.Option(help="best: the network takes six looks, for slightly better colours.")
    ] = "normal",
    jpeg_quality: Annotated[
        int | None, typer.Option(min=1, max=100, help="Of JPEG and WebP files; by default at least the input's.")
    ] = None,
    max_pixels: Annotated[float, typer.Option(help="Refuse pictures of more megapixels than this.")] = 500.0,
    threads: Annotated[int | None, typer.Option(min=1, help="Processor threads; by default all.")] = None,
    work_size: Annotated[
        int | None, typer.Option(min=32, max=2048, help="Short side, in pixels, at which the network looks.")
    ] = None,
    profile: Annotated[int | None, typer.Option(min=0, help="Colour profile, for a model that has several.")] = None,
) -> None:
    """Colour photographs.

    One file and no -o writes NAME_color.EXT beside it. Exit code 0: all done; 1: some failed, each named on stderr, the
    others finished; 2: wrong usage.
    """
    from photochrom.batch import plan, run
    from photochrom.colorizer import Colorizer
    from photochrom.decode import dial
    from photochrom.errors import OptionError

    dial(vividness)  # NaN is within the bounds above
    if not 0 < max_pixels < float("inf"):
        raise OptionError("--max-pixels", max_pixels, "a number of megapixels above 0")
    jobs = plan(paths, out, confidence=confidence, force=force)
    colorizer = Colorizer(model, threads=threads, work_size=work_size, quality=quality, profile=profile)

    def work(job: Job) -> dict[str, Any]:
        return _colour(colorizer, job, vividness, force, jpeg_quality, round(max_pixels * 1e6))

    failed = 0
    with _progress(len(jobs), quiet=as_json) as step:
        for outcome in run(jobs, work):
            step(outcome.job.source.name)
            failed += outcome.error is not None
            _report(outcome, as_json)
    if not jobs:
        typer.echo("photochrom: no pictures found in the folders given", err=True)
    if failed or not jobs:
        raise typer.Exit(1)


def _colour(
    colorizer: Colorizer, job: Job, vividness: float, force: bool, jpeg_quality: int | None, max_pixels: int
) -> dict[str, Any]:
    from photochrom.batch import make_room

    start = time.perf_counter()
    opened = colorizer.open(job.source, max_pixels=max_pixels)
    result = opened.paint(vividness=vividness)
    make_room(job.target)
    notices = opened.notices + result.save(job.target, force=force, jpeg_quality=jpeg_quality)
    if job.confidence is not None:
        make_room(job.confidence)
        result.save_confidence(job.confidence, force=force)
    info = opened.source.info
    return {
        "width": info.width,
        "height": info.height,
        "bit_depth": info.bit_depth,
        "model": colorizer.session.name,
        "vividness": vividness,
        "tint": opened.tint.kind,
        "already_colour": opened.tint.already_colour,
        "confidence": round(float(result.confidence.mean()), 3),
        "notices": list(notices),
        "seconds": round(time.perf_counter() - start, 3),
    }


def _report(outcome: Outcome, as_json: bool) -> None:
    job, error = outcome.job, outcome.error
    if error is not None:
        message = str(error) if str(job.source) in str(error) else f"{job.source}: {error}"
        typer.echo(f"photochrom: {message}", err=True)
    if as_json:
        line: dict[str, Any] = {"input": str(job.source), "output": str(job.target)}
        line |= {"error": type(error).__name__, "message": str(error)} if error is not None else outcome.value
        typer.echo(json.dumps(line))
    elif error is None:
        for notice in outcome.value["notices"]:
            typer.echo(f"photochrom: {job.source}: {notice}", err=True)


@contextmanager
def _progress(total: int, quiet: bool) -> Iterator[Any]:
    """A progress bar on stderr, when that is a terminal and there is more than one picture."""
    if quiet or total < 2 or not sys.stderr.isatty():
        yield lambda name: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True)) as bar:
        task = bar.add_task("Colouring", total=total)
        yield lambda name: bar.update(task, advance=1, description=name)

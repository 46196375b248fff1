"""``photochrom colorize``: photographs in, colour photographs out."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from photochrom.cli.dials import with_dials

if TYPE_CHECKING:
    from photochrom.batch import Job, Outcome

__all__ = ["colorize"]


@with_dials
def colorize(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Photographs, or folders of them.")],
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="Output file; or output folder, for a folder or several inputs.")
    ] = None,
    hint: Annotated[
        list[str] | None,
        typer.Option(metavar="X,Y=COLOR", help="A colour at a pixel: a name or #rrggbb; may be repeated."),
    ] = None,
    hints: Annotated[Path | None, typer.Option(help="A JSON file of hints.")] = None,
    region: Annotated[
        list[str] | None,
        typer.Option(metavar="PLACE=COLOR|PICTURE", help="A mask file, labels.png:17, or box X0,Y0,X1,Y1; repeatable."),
    ] = None,
    segment: Annotated[
        Path | None, typer.Option(help="Mask R-CNN weights; then a region's place may be person, car:2 ... ([train]).")
    ] = None,
    reference: Annotated[
        list[Path] | None, typer.Option(help="A colour picture to take colours from; may be repeated.")
    ] = None,
    palette: Annotated[str | None, typer.Option(help="The look: a picture, a name, or #c1,#c2,...")] = None,
    samples: Annotated[
        int | None, typer.Option(min=1, max=16, help="Write so many different colourings and a contact sheet.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of --samples.")] = 0,
    save_edits: Annotated[Path | None, typer.Option(help="Keep every choice in this file.")] = None,
    edits: Annotated[Path | None, typer.Option(help="Take the choices that --save-edits kept.")] = None,
    confidence: Annotated[
        Path | None,
        typer.Option(help="Also write how sure the model is, as a grey picture; a folder for several inputs."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite outputs that exist.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON line per picture on stdout.")] = False,
    jpeg_quality: Annotated[
        int | None, typer.Option(min=1, max=100, help="Of JPEG and WebP files; by default at least the input's.")
    ] = None,
    max_pixels: Annotated[float, typer.Option(help="Refuse pictures of more megapixels than this.")] = 500.0,
    threads: Annotated[int | None, typer.Option(min=1, help="Processor threads; by default all.")] = None,
    pages: Annotated[
        str, typer.Option(metavar="largest|all|N", help="Which pages of a TIFF; all become one TIFF.")
    ] = "largest",
    negative: Annotated[
        Literal["auto", "yes", "no"], typer.Option(help="Whether pictures are negatives; auto: told by their looks.")
    ] = "auto",
    **choices: Any,
) -> None:
    """Colour photographs.

    One file and no -o writes NAME_color.EXT beside it. Exit code 0: all done; 1: some failed, each named on stderr, the
    others finished; 2: wrong usage.
    """
    from photochrom.batch import plan, run
    from photochrom.cli.edits import Wanted
    from photochrom.cli.painting import Output, paint
    from photochrom.cli.scans import Scans
    from photochrom.colorizer import Colorizer
    from photochrom.errors import OptionError

    if not 0 < max_pixels < float("inf"):
        raise OptionError("--max-pixels", max_pixels, "a number of megapixels above 0")
    wanted = Wanted.parse(
        hint=hint,
        hints=hints,
        region=region,
        reference=reference,
        palette=palette,
        segment=segment,
        edits=edits,
        **choices,
    )
    jobs = plan(paths, out, confidence=confidence, force=force)
    single = "--save-edits" if save_edits else wanted.tied
    if single and (len(jobs) != 1 or paths[0].is_dir()):
        raise OptionError(
            single, "given", "one picture, since it belongs to one picture's pixels; colour the others apart"
        )
    if samples and save_edits:
        raise OptionError("--save-edits", str(save_edits), "no --samples: one colouring, whose choices are kept")
    colorizer = Colorizer(threads=threads, **asdict(wanted.setup))
    output = Output(force, jpeg_quality, round(max_pixels * 1e6), save_edits, samples, seed)

    scans = Scans(pages, negative, output.max_pixels, force=force)
    if scans.all and (samples or save_edits):
        raise OptionError("--pages", "all", "neither --samples nor --save-edits, which are about one picture")

    def work(job: Job) -> dict[str, Any]:
        return scans.paint(colorizer, job, lambda reader, page: paint(reader, page, wanted, output))

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

"""``photochrom colorize``: photographs in, colour photographs out."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from photochrom.cli.dials import EVERY_CHOICE, with_choices
from photochrom.edits.dials import STRAIGHTEN

if TYPE_CHECKING:
    from photochrom.batch import Job

__all__ = ["colorize"]


@with_choices(EVERY_CHOICE)
def colorize(
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATHS...", help="Photographs, or folders of them; - is standard input.")
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "-o", "--out", help="Output file, - for standard output; or output folder, for a folder or several inputs."
        ),
    ] = None,
    hint: Annotated[
        list[str] | None,
        typer.Option(
            metavar="X,Y=COLOR[@REACH]",
            help="A colour at a pixel: a name or #rrggbb, and how far it goes: @here, @object or @alike; may be repeated.",
        ),
    ] = None,
    keep: Annotated[
        list[str] | None,
        typer.Option(metavar="X,Y", help="Keep the object at a pixel as it is without hints; may be repeated."),
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
    like: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="NAME.photochrom.json",
            help="The sidecar of a photograph whose colours the others keep, where they show the same things; repeatable.",
        ),
    ] = None,
    palette: Annotated[str | None, typer.Option(help="The look: a picture, a name, or #c1,#c2,...")] = None,
    rotate: Annotated[int | None, typer.Option(metavar="0|90|180|270", help="Turn clockwise, in degrees.")] = None,
    straighten: Annotated[
        float | None,
        typer.Option(min=STRAIGHTEN.low, max=STRAIGHTEN.high, help="Turn clockwise by a little, in degrees."),
    ] = None,
    crop: Annotated[
        str | None,
        typer.Option(
            metavar="X,Y,W,H|borders",
            help="Keep this part of the turned picture; borders: what lies inside a film border or a mount.",
        ),
    ] = None,
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
    format: Annotated[
        Literal["jpeg", "png", "webp", "tiff", "gif"] | None,
        typer.Option(help="Of results that are given no name; by default the photograph's own."),
    ] = None,
    skip_existing: Annotated[
        bool, typer.Option("--skip-existing", help="Pass over pictures whose results exist; resumes a run that ended.")
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="In folders, also colour what Photochrom has coloured before.")
    ] = False,
    follow_links: Annotated[
        bool, typer.Option("--follow-links", help="In folders, also follow links that lead out of them.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite outputs that exist.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON line per picture on stdout; for folders a last one with counts.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show where errors come from.")] = False,
    jpeg_quality: Annotated[
        int | None, typer.Option(min=1, max=100, help="Of JPEG and WebP files; by default at least the input's.")
    ] = None,
    max_pixels: Annotated[float, typer.Option(help="Refuse pictures of more megapixels than this.")] = 500.0,
    threads: Annotated[int | None, typer.Option(min=1, help="Processor threads; by default all.")] = None,
    pages: Annotated[
        str, typer.Option(metavar="largest|all|N", help="Which pages of a TIFF; all become one TIFF.")
    ] = "largest",
    negative: Annotated[
        Literal["auto", "yes", "no"], typer.Option(help="Whether pictures are negatives; auto: judged by their looks.")
    ] = "auto",
    **choices: Any,
) -> None:
    """Colour photographs.

    One file and no -o writes NAME_color.EXT beside it. Exit code 0: all done; 1: some failed, each named on stderr, the
    others finished; 2: wrong usage.
    """
    from photochrom.cli.edits import Wanted
    from photochrom.cli.folder_run import Manner, folder_run
    from photochrom.cli.like import find_like
    from photochrom.cli.painting import Output, paint
    from photochrom.cli.scans import Scans
    from photochrom.colorizer import Colorizer
    from photochrom.errors import OptionError

    if not 0 < max_pixels < float("inf"):
        raise OptionError("--max-pixels", max_pixels, "a number of megapixels above 0")
    wanted = Wanted.parse(
        hint=hint,
        hints=hints,
        keep=keep,
        region=region,
        reference=reference,
        palette=palette,
        segment=segment,
        edits=edits,
        rotate=rotate,
        straighten=straighten,
        crop=crop,
        like=find_like(like or [], paths),
        **choices,
    )
    manner = Manner(force, format, skip_existing, follow_links, again, as_json, debug)
    with folder_run(paths, out, confidence=confidence, manner=manner) as planned:
        single = "--save-edits" if save_edits else wanted.tied
        if single and not planned.single:
            raise OptionError(
                single, "given", "one picture, since it belongs to one picture's pixels; colour the others apart"
            )
        if samples and save_edits:
            raise OptionError("--save-edits", str(save_edits), "no --samples: one colouring, whose choices are kept")
        if samples and planned.piped.to_output:
            raise OptionError("--samples", samples, "-o FILE: one picture fits on standard output")
        colorizer = Colorizer(threads=threads, **asdict(wanted.setup))
        output = Output(force, jpeg_quality, round(max_pixels * 1e6), save_edits, samples, seed, skip_existing)

        scans = Scans(pages, negative, output.max_pixels, force=force)
        if scans.all and (samples or save_edits):
            raise OptionError("--pages", "all", "neither --samples nor --save-edits, which are about one picture")

        def work(job: Job) -> dict[str, Any]:
            return scans.paint(colorizer, job, lambda reader, page: paint(reader, page, wanted, output))

        code = planned.finish(work)
    if code:
        raise typer.Exit(code)

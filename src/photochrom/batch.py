"""Many pictures: from what the user names to one job per file, and through the jobs without stopping at a bad one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from photochrom.errors import (
    ImageError,
    ImageNotFoundError,
    OptionError,
    OutputConflictError,
    OutputExistsError,
    OutputWriteError,
    PhotochromError,
)
from photochrom.images import OUTPUT_SUFFIXES

__all__ = ["Job", "Outcome", "make_room", "plan", "run"]


@dataclass(frozen=True)
class Job:
    """One picture to colour, or one that cannot be: then ``error`` says why. ``confidence``: where its map goes, if wanted."""

    source: Path
    target: Path
    confidence: Path | None = None
    error: PhotochromError | None = None

    @property
    def outputs(self) -> tuple[Path, ...]:
        """The files that it writes."""
        return (self.target,) if self.confidence is None else (self.target, self.confidence)


@dataclass(frozen=True)
class Outcome:
    """What became of a job: what ``work`` returned, or the error that stopped it."""

    job: Job
    value: Any = None
    error: PhotochromError | None = None


def plan(inputs: Sequence[Path], out: Path | None, *, confidence: Path | None = None, force: bool = False) -> list[Job]:
    """Pair every input picture with its output.

    One file: ``<stem>_color.<ext>`` beside it, or ``out``. A folder or several inputs: ``out`` is a folder that mirrors the
    input tree; of several inputs, folders keep their own name in it. ``confidence`` likewise is a file, or a folder that gets a
    PNG named as the output. Outputs that exist (without ``force``), that two inputs share or that are inputs themselves become
    jobs with an error. Raises OptionError for a wrong combination.
    """
    single = len(inputs) == 1 and not _is_folder(inputs[0])
    if out is None and any(_is_folder(path) for path in inputs):
        raise OptionError("-o", None, "an output folder, since a folder is among the inputs")
    for option, place in (("-o", out), ("--confidence", confidence)):
        if place is not None and not single and os.path.lexists(place) and not _is_folder(place):
            raise OptionError(option, str(place), "a folder, since there are several pictures")
    jobs: list[Job] = []
    for path in inputs:
        if out is not None and _is_folder(path):
            name = "" if len(inputs) == 1 else path.resolve().name
            skip = {_entry(place, follow=True) for place in (out, confidence) if place is not None}
            for found, error in _pictures(path, skip):
                below = name / found.relative_to(path)
                sure = None if confidence is None else confidence / below.with_suffix(".png")
                jobs.append(Job(found, out / below, sure, error))
            continue
        target = path.with_name(f"{path.stem}_color{path.suffix}") if out is None else out
        if out is not None and (not single or _is_folder(out)):
            target = out / path.name
        sure = confidence
        if confidence is not None and (not single or _is_folder(confidence)):
            sure = confidence / target.with_suffix(".png").name
        jobs.append(Job(path, target, sure))
    return _checked(jobs, force)


def _pictures(folder: Path, skip: set[Path]) -> Iterator[tuple[Path, PhotochromError | None]]:
    """The pictures below ``folder``, told by their names' endings, and the folders that cannot be read.

    Links that form a loop end there. Folders in ``skip`` hold the results of earlier runs and are left out, unless ``folder``
    itself is one.
    """
    seen: set[Path] = set()
    waiting = [folder]
    while waiting:
        here = waiting.pop()
        real = here.resolve()
        if real in seen or (real in skip and here != folder):
            continue
        seen.add(real)
        try:
            with os.scandir(here) as scan:
                entries = list(scan)
        except OSError as error:
            yield here, ImageNotFoundError(f"the folder cannot be read ({error.strerror})", here)
            continue
        folders = {entry.name for entry in entries if _is_folder(entry)}
        waiting.extend(here / name for name in sorted(folders, reverse=True))
        for name in sorted({entry.name for entry in entries} - folders):
            if Path(name).suffix.lower() in OUTPUT_SUFFIXES:
                yield here / name, None


def _is_folder(path: Path | os.DirEntry[str]) -> bool:
    try:
        return path.is_dir()
    except OSError:  # a link to itself, or one that may not be followed: opening it as a picture names the reason
        return False


def _checked(jobs: list[Job], force: bool) -> list[Job]:
    """The jobs, those that would do harm with their error."""
    sources = {place for job in jobs for place in (_entry(job.source), _entry(job.source, follow=True))}
    writers: dict[Path, list[Path]] = {}
    for job in jobs:
        if job.error is None and len({_entry(place) for place in job.outputs}) < len(job.outputs):
            raise OptionError("--confidence", str(job.confidence), "another place than the coloured picture's")
        for place in job.outputs if job.error is None else ():
            writers.setdefault(_entry(place), []).append(job.source)

    def objection(job: Job) -> PhotochromError | None:
        own = {_entry(job.source), _entry(job.source, follow=True)}
        for place in job.outputs:
            entry = _entry(place)
            if len(writers[entry]) > 1:
                return OutputConflictError(place, tuple(writers[entry]))
            if entry in sources - (own if place == job.target else set()):
                return OutputExistsError("is an input of this run; choose another output with -o", place)
            if not force and os.path.lexists(place):
                return OutputExistsError("exists already; overwrite it with --force, or choose another with -o", place)
        return None

    return [job if job.error else replace(job, error=objection(job)) for job in jobs]


def _entry(path: Path, follow: bool = False) -> Path:
    """One spelling for the name that writing a file replaces: a link there is not followed, unless asked for."""
    try:
        return path.resolve() if follow or path.name in ("", "..") else path.parent.resolve() / path.name
    except (OSError, RuntimeError):  # a loop of links
        return path.absolute()


def make_room(path: Path) -> None:
    """Make the folder of a file that is to be written. Raises OutputWriteError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputWriteError(f"the folder {path.parent} cannot be made ({error.strerror})", path) from error


def run(jobs: Sequence[Job], work: Callable[[Job], Any]) -> Iterator[Outcome]:
    """Do ``work`` for every job, one after the other; a named error becomes its outcome and the rest go on."""
    for job in jobs:
        value, error = None, job.error
        if error is None:
            try:
                value = work(job)
            except PhotochromError as failure:
                error = failure
            except (OSError, MemoryError) as failure:
                error = ImageError(f"gave up: {str(failure) or 'not enough memory'}", job.source)
        yield Outcome(job, value, error)

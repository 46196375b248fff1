"""Who reads and who writes which file in a run, so that no output harms an input or another output."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from photochrom.batch.job import Job
from photochrom.batch.kinds import by_content
from photochrom.errors import OptionError, OutputConflictError, OutputExistsError, PhotochromError

__all__ = ["EXISTS", "Places"]

#: Why a job is skipped whose output is there.
EXISTS = "exists already"


class Places:
    """The inputs and outputs of a run, each under one spelling: the real path of its folder and its name.

    A link is a place by itself, since writing replaces it; as an input, it is also the place that it leads to.
    """

    def __init__(self) -> None:
        self._folders: dict[str, str] = {}
        self._absent: dict[str, bool] = {}
        self._sources: set[str] = set()
        self._writers: dict[str, list[Path]] = {}

    def entry(self, path: Path) -> str:
        """The spelling of a place."""
        folder, _, name = str(path).rpartition(os.sep)  # os.path.split costs four times as much
        if name in ("", "..", "."):
            return os.path.realpath(path)
        folder = folder or (os.sep if path.is_absolute() else ".")
        real = self._folders.get(folder)
        if real is None:
            real = self._folders[folder] = os.path.realpath(folder).rstrip(os.sep) + os.sep
        return real + name

    def add_source(self, path: Path, *, link: bool) -> None:
        """An input of this run."""
        self._sources.add(self.entry(path))
        if link:
            self._sources.add(os.path.realpath(path))

    def checked(self, jobs: list[Job], *, force: bool, skip_existing: bool = False) -> list[Job]:
        """The jobs, with an error where they would do harm, or with ``skip``. Raises OptionError."""
        entries = [() if job.error else self._claim(job) for job in jobs]
        options = force, skip_existing
        return [
            job if job.error else self._objected(job, places, *options)
            for job, places in zip(jobs, entries, strict=True)
        ]

    def moved(self, old: Job, new: Job, *, force: bool, skip_existing: bool = False) -> Job:
        """``new`` in the place of ``old``, which is another output for the same input; checked as by :meth:`checked`."""
        for place in old.outputs:
            self._writers[self.entry(place)].remove(old.source)
        return self._objected(new, self._claim(new), force, skip_existing)

    def _claim(self, job: Job) -> tuple[str, ...]:
        """The job's outputs are its own, as far as no other claims them; returns their spellings."""
        entries = tuple([self.entry(place) for place in job.outputs])
        if len(set(entries)) < len(entries):
            raise OptionError("--confidence", str(job.confidence), "another place than the coloured picture's")
        for entry in entries:
            self._writers.setdefault(entry, []).append(job.source)
        return entries

    def _objected(self, job: Job, entries: tuple[str, ...], force: bool, skip_existing: bool) -> Job:
        error = self._conflict(job, entries)
        if error is None and not force:
            there = [place for place in job.outputs if self._exists(place)]
            if there and skip_existing and len(there) == len(job.outputs):
                return replace(job, skip=EXISTS)
            if there and skip_existing:
                return job  # a run that ended between its outputs; what is there stays
            if there and job.free and by_content(job.source) is not None:
                return job  # it gets another name when its turn comes
            if there:
                error = OutputExistsError(
                    "exists already; overwrite it with --force, or choose another with -o", there[0]
                )
        return replace(job, error=error) if error is not None else job

    def _exists(self, path: Path) -> bool:
        """Whether something is there, even a dangling link; absent folders are looked for once."""
        folder = str(path).rpartition(os.sep)[0]
        known = self._absent.get(folder)
        if known is None:
            known = self._absent[folder] = bool(folder) and not os.path.lexists(folder)
        return not known and os.path.lexists(path)

    def _conflict(self, job: Job, entries: tuple[str, ...]) -> PhotochromError | None:
        for place, entry in zip(job.outputs, entries, strict=True):
            if len(self._writers[entry]) > 1:
                return OutputConflictError(place, tuple(self._writers[entry]))
            if entry in self._sources and not (place == job.target and self._is_own(job, entry)):
                return OutputExistsError("is an input of this run; choose another output with -o", place)
        return None

    def _is_own(self, job: Job, entry: str) -> bool:
        """Whether the output takes the place of its own input."""
        return entry in (self.entry(job.source), os.path.realpath(job.source))

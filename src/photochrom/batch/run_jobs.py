"""Through the jobs, one after the other, without stopping at a bad one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from photochrom.batch.job import Job, Outcome
from photochrom.batch.kinds import by_content
from photochrom.batch.places import EXISTS, Places
from photochrom.batch.walk import is_link
from photochrom.errors import ImageError, OutputExistsError, PhotochromError, UnexpectedError
from photochrom.images import is_own_output
from photochrom.images.parts import clear_parts, file_name

__all__ = ["OWN", "Settle", "run"]

#: Why a job is skipped whose source is a result already.
OWN = "coloured by Photochrom already"


class Settle:
    """Looks at a job right before it is done: what its source holds, and what has changed since it was planned.

    - A result of Photochrom that was found in a folder is skipped, unless ``again``.
    - The ending of the output follows the source's format, where this is another than the name's.
    - With ``skip_existing`` an output that another run has written meanwhile is skipped.
    - What killed runs have left in the output's folder is deleted, once for each folder.
    """

    def __init__(
        self, jobs: Sequence[Job], *, force: bool = False, skip_existing: bool = False, again: bool = False
    ) -> None:
        self._jobs, self._places = jobs, None if jobs else Places()
        self._force, self._skip_existing, self._again = force, skip_existing, again
        self._cleared: set[Path] = set()
        #: Whether the source of the last job was a result already.
        self.own = False

    def __call__(self, job: Job) -> Job:
        """The job as it is to be done; perhaps with ``skip`` or an error."""
        self.clear(job)
        self.own = is_own_output(job.source)
        if self.own and job.found and not self._again:
            return replace(job, skip=OWN)
        suffix = by_content(job.source) if job.free else None
        if suffix is not None:
            places = self._all_places()
            target = job.target.with_name(file_name(job.target.stem, suffix))
            new = replace(job, target=target, free=False)
            return places.moved(job, new, force=self._force, skip_existing=self._skip_existing)
        if self._skip_existing and not self._force and all(os.path.lexists(place) for place in job.outputs):
            return replace(job, skip=EXISTS)
        return job

    def clear(self, job: Job) -> None:
        """Delete what killed runs have left where the job writes."""
        for place in job.outputs:
            if place.parent not in self._cleared:
                self._cleared.add(place.parent)
                clear_parts(place.parent)

    def unsettled(self, outcome: Outcome) -> Outcome:
        """The outcome; with ``skip_existing``, an output that appeared while it was made is skipped, not failed."""
        appeared = isinstance(outcome.error, OutputExistsError) and outcome.job.error is None
        return Outcome(replace(outcome.job, skip=EXISTS)) if appeared and self._skip_existing else outcome

    def _all_places(self) -> Places:
        if self._places is None:
            self._places = Places()
            for job in self._jobs:
                self._places.add_source(job.source, link=is_link(job.source))
            self._places.checked(list(self._jobs), force=True)
        return self._places


def run(jobs: Sequence[Job], work: Callable[[Job], Any], settle: Settle | None = None) -> Iterator[Outcome]:
    """Do ``work`` for every job, one after the other; an error becomes its outcome and the rest go on.

    An exception that has no name in :mod:`photochrom.errors` becomes an UnexpectedError, with the exception as its cause.
    """
    for job in jobs:
        if settle is not None and job.open:
            settled = _done(job, settle)
            if settled.error is not None:
                yield settled
                continue
            job = settled.value
        if settle is not None:
            settle.clear(job)
        if not job.open:
            yield Outcome(job, error=job.error)
            continue
        outcome = _done(job, work)
        yield outcome if settle is None else settle.unsettled(outcome)


def _done(job: Job, work: Callable[[Job], Any]) -> Outcome:
    try:
        return Outcome(job, work(job))
    except PhotochromError as failure:
        return Outcome(job, error=failure)
    except (OSError, MemoryError) as failure:
        error = ImageError(f"gave up: {str(failure) or 'not enough memory'}", job.source)
        error.__cause__ = failure
    except Exception as failure:
        error = UnexpectedError(f"unexpected {_short(failure)}; --debug shows where", job.source)
        error.__cause__ = failure
    return Outcome(job, error=error)


def _short(failure: Exception) -> str:
    """Type and first line of an exception."""
    lines = str(failure).strip().splitlines()
    return f"{type(failure).__name__}: {lines[0][:200]}" if lines else type(failure).__name__

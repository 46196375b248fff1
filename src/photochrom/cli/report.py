"""What a run prints: a line for each picture that needs one, a progress bar and counts, for people or as JSON."""

from __future__ import annotations

import sys
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from photochrom.batch import Outcome
from photochrom.batch.kinds import picture_kinds
from photochrom.batch.run_jobs import OWN
from photochrom.cli.streams import say, say_json

__all__ = ["Report", "progress"]


class Report:
    """Reports what became of each picture, and counts.

    Args:
        as_json: a JSON line for each picture on standard output, and for folders a last one with the counts.
        folders: whether folders were given.
        skipped: what was passed over in folders, by kind.
        shown: how names are shown.
        debug: whether to show where errors come from.
    """

    def __init__(
        self,
        *,
        as_json: bool,
        folders: bool,
        skipped: Counter[str],
        shown: Callable[[str], str] = str,
        debug: bool = False,
    ) -> None:
        self._as_json, self._folders, self._debug, self._shown = as_json, folders, debug, shown
        self.done, self.failed, self.skipped = 0, 0, skipped
        self._written: dict[str, Any] = {}

    def __call__(self, outcome: Outcome, overheard: tuple[str, ...] = (), *, own: bool = False) -> None:
        """One picture is through.

        ``overheard`` is what libraries wrote to standard error meanwhile; ``own``: the source was a result already.
        """
        job, error = outcome.job, outcome.error
        line: dict[str, Any] = {"input": self._shown(str(job.source)), "output": self._shown(str(job.target))}
        if error is not None:
            self.failed += 1
            message = str(error)
            self._say(message if str(job.source) in message else f"{job.source}: {message}")
            line |= {"error": type(error).__name__, "message": self._shown(message)}
            if self._debug:
                self._say("".join(traceback.format_exception(error)).rstrip())
                for text in overheard:
                    self._say(f"{job.source}: {text}")
        elif job.skip is not None:
            self.skipped[job.skip] += 1
            line |= {"skipped": job.skip}
            if job.skip == OWN:
                self._say(f"{job.source}: {job.skip}; skipped, --again colours it once more")
        else:
            self.done += 1
            self._written = {**outcome.value, **line}
            notices = list(outcome.value["notices"]) + [f"the decoder reports: {text}" for text in overheard]
            notices += [f"{OWN}: these colours were replaced"] if own else []
            line |= outcome.value | {"notices": notices}
            for notice in notices if not self._as_json else ():
                self._say(f"{job.source}: {notice}")
        if self._as_json:
            say_json(line)

    def close(self) -> None:
        """The last line: the counts of a run, or where a single result is."""
        if self._as_json:
            if self._folders:
                say_json({"done": self.done, "skipped": dict(self.skipped), "failed": self.failed})
            return
        if sys.stderr is not None and sys.stderr.isatty():
            say(f"photochrom: {self.summary()}")
        elif unread := {kind: count for kind, count in self.skipped.items() if kind in picture_kinds()}:
            say(f"photochrom: passed over, since not read: {_listed(unread)}")

    def summary(self) -> str:
        """The counts in words; for one picture, what was written."""
        if self.done == 1 and not self.failed and not self._folders:
            size = f"{self._written['width']} x {self._written['height']}"
            return f"wrote {self._written['output']} ({size} pixels, {self._written['seconds']:.1f} s)"
        parts = [f"{self.done} coloured"]
        if self.skipped:
            parts.append(f"{sum(self.skipped.values())} skipped ({_listed(self.skipped)})")
        parts.append(f"{self.failed} failed")
        return ", ".join(parts)

    def _say(self, text: str) -> None:
        say(f"photochrom: {self._shown(text)}")


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items(), key=lambda one: (-one[1], one[0])))


@contextmanager
def progress(total: int, *, quiet: bool) -> Iterator[Callable[[str], None]]:
    """A progress bar on standard error, when that is a terminal and there is more than one picture."""
    if quiet or total < 2 or sys.stderr is None or not sys.stderr.isatty():
        yield lambda name: None
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import Progress

    with Progress(console=Console(file=sys.stderr)) as bar:
        task = bar.add_task("Colouring", total=total)
        yield lambda name: bar.update(task, advance=1, description=escape(name))

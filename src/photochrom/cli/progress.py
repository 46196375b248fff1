"""What a batch shows while it runs: a bar on a terminal, JSON lines, figures for Prometheus, and failures by name."""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from photochrom.archive.manifest import Manifest
    from photochrom.archive.states import State

__all__ = ["BatchProgress"]

#: So many failures are named on stderr; all stand in the manifest and in --json.
_NAMED = 20


class BatchProgress:
    """Takes a batch's events. ``metrics``: a port for Prometheus, 0 for any that is free, None for none."""

    def __init__(self, as_json: bool, metrics: int | None) -> None:
        self._json = as_json
        self._bar: Any = None
        self._task: Any = None
        self._failed = 0
        self._drawn = 0.0
        self.troubles = 0
        self.stopped = False
        self._metrics: Any = None
        if metrics is not None:
            from photochrom.archive.metrics import Metrics

            self._metrics = Metrics()
            port = self._metrics.serve(metrics)
            self.say(f"figures for Prometheus are at http://127.0.0.1:{port}/metrics")

    def __enter__(self) -> BatchProgress:
        if sys.stderr.isatty() and not self._json:
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

            columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
            self._bar = Progress(*columns, console=Console(stderr=True))
            self._bar.start()
            self._task = self._bar.add_task("Planning", total=None)
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()
        if self._metrics is not None:
            self._metrics.close()

    def begin(self, manifest: Manifest) -> None:
        """The work begins: from here the bar counts."""
        from photochrom.archive.states import FINISHED

        counts = manifest.counts()
        if self._bar is not None:
            finished = sum(counts.get(state, 0) for state in FINISHED)
            self._bar.update(self._task, description="Colouring", total=sum(counts.values()), completed=finished)
        if self._metrics is not None:
            self._metrics.states(counts)

    def tell(self, event: dict[str, Any]) -> None:
        """One event of the driver."""
        if self._json:
            typer.echo(json.dumps({"time": round(time.time(), 3), **event}))
        if self._metrics is not None:
            self._metrics.tell(event)
        kind = event["event"]
        if kind == "picture":
            if self._bar is not None:
                self._bar.advance(self._task)
            if event["state"] == "failed":
                self._fail(f"{event['input']}: {event['message']}")
        elif kind == "lost":
            what = "set aside" if event["aside"] else "tried again"
            self.say(f"{event['input']}: {event['message']}; the picture is {what}")
        elif kind == "trouble":
            self.troubles += 1
            self.say(event["message"])
        elif kind == "planning" and self._bar is not None:
            self._bar.update(self._task, description=f"Planning: {event['new'] + event['known']} found")
        elif kind == "stale":
            redo = "they are done again" if event["again"] else "give --again to do them again"
            self.say(f"{event['pictures']} pictures were done with another model or other options; {redo}")
        elif kind == "planned":
            if event["refused"]:
                self.say(
                    f"{event['refused']} refused, since another picture has the output's name; `verify` names each"
                )
            if event["passed_over"]:
                self.say(
                    "passed over: " + ", ".join(f"{n} x {what}" for what, n in sorted(event["passed_over"].items()))
                )

    def say(self, sentence: str) -> None:
        """A line on stderr."""
        if self._bar is not None:
            self._bar.console.print(f"photochrom: {sentence}", markup=False, highlight=False, soft_wrap=True)
        else:
            typer.echo(f"photochrom: {sentence}", err=True)

    def end(self, counts: dict[State, int], out: str) -> None:
        """The last line: what there is now."""
        from photochrom.archive.execute import summary
        from photochrom.archive.states import State

        found = summary(counts)
        if counts.get(State.OWN):
            self.say(
                f"{counts[State.OWN]} of the sources were coloured by Photochrom already and are left alone; --own-results "
                "colours them once more"
            )
        if self._failed > _NAMED:
            self.say(f"{self._failed - _NAMED} further failures; `photochrom batch report {out}` shows them")
        self.tell({"event": "end", **found})
        self.say(", ".join(f"{count} {label}" for label, count in found.items()) or "no pictures")

    def _fail(self, sentence: str) -> None:
        self._failed += 1
        if self._failed <= _NAMED:
            self.say(sentence)

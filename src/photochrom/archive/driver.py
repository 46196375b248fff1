"""The driver of a batch: claims rows, keeps workers busy, and commits what they bring. Any death of it is harmless."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from photochrom.archive.duplicates import grouped
from photochrom.archive.manifest import LEASE, Manifest
from photochrom.archive.pools import Lost, Pool
from photochrom.archive.states import State
from photochrom.archive.tasks import Result, Settings, Task
from photochrom.errors import BatchError

__all__ = ["Driver", "Event"]

Event = dict[str, Any]
#: Seconds between two commits while results come in.
_TURN = 0.25
#: Rows that are claimed before workers need them, at least.
_AHEAD = 16
#: So many pictures in a row whose places refuse (a full disk, a store that is away) end the run: else all would fail.
_PATIENCE = 30
_REFUSALS = ("OutputWriteError", "StoreError")


@dataclass
class Driver:
    """One run over a manifest, with ``number`` as its lease.

    target: the destination's address with a slash at its end. tell: gets every event: a picture that is finished, a worker that
    died. again: also do what was done with another model or other options. group: share colours among scans of one photograph.
    """

    manifest: Manifest
    number: int
    pool: Pool
    settings: Settings
    target: str
    tell: Callable[[Event], None]
    again: bool = False
    group: bool = False
    stopping: bool = False
    _work: int = 0
    _waiting: deque[Task] = field(default_factory=deque)
    _flying: dict[int, Task] = field(default_factory=dict)
    _back: list[tuple[Task, Result]] = field(default_factory=list)
    _turned: float = 0.0
    _beaten: float = 0.0
    _done: int = 0
    _refusals: int = 0
    _seconds: float = 0.0
    _workers: str = ""

    def run(self) -> None:
        """Work until nothing waits, or until ``stopping`` is set and what is in work has come back. Raises BatchError."""
        hello = self.pool.hello()
        self._work = self.manifest.work(hello, self.settings)
        self._tell_workers()
        stale = self.manifest.stale(self._work)
        if stale:
            redone = self.manifest.again(self._work) if self.again else 0
            self.tell({"event": "stale", "pictures": stale, "again": redone})
        self.tell({"event": "working", "workers": self.pool.describe(), "model": hello.model})
        if self.group:
            self._drain(look=True)
            if not self.stopping:
                self.manifest.group(grouped(self.manifest))
        while True:
            self._drain(look=False)
            if self.stopping or not self.manifest.release_held():
                break
        self._beat(force=True)

    def _drain(self, *, look: bool) -> None:
        """Work until no row is free and none is in work."""
        dry = False
        while True:
            if not dry and not self.stopping:
                dry = not self._fill(look)
            self._send()
            if not self._flying and not self._waiting:
                self._settle()
                if self.stopping or not self._fill(look):  # those of workers or drivers that died are free again
                    return
                dry = False
                continue
            for back in self.pool.wait(_TURN):
                self._take(back)
            if self._back and time.monotonic() - self._turned >= _TURN:
                self._settle()
            self._beat()

    def _fill(self, look: bool) -> bool:
        """Claim rows before the workers lack any; False: none is free."""
        ahead = max(_AHEAD, self.pool.slots)
        if len(self._waiting) > ahead // 2:
            return True
        claimed = self.manifest.claim(self.number, ahead - len(self._waiting), self.target, look=look)
        self._waiting.extend(claimed)
        return bool(claimed)

    def _send(self) -> None:
        if self.stopping:
            self._waiting.clear()  # they are given up when the lease ends
        while self._waiting and self.pool.room(self._waiting[0]):
            task = self._waiting.popleft()
            self._flying[task.id] = task
            self.pool.submit(task)

    def _take(self, back: Result | Lost) -> None:
        task = self._flying.pop(back.id)
        if isinstance(back, Result):
            self._back.append((task, back))
            return
        state = self.manifest.lost(self.number, back.id, back.why, blame=back.blame)
        if back.blame:
            self.tell({"event": "lost", "input": task.source, "message": back.why, "aside": state is State.ASIDE})

    def _settle(self) -> None:
        """Commit; only then is a picture done."""
        back, self._back = self._back, []
        counted = self.manifest.settle(self.number, [result for _, result in back], self._work)
        self._turned = time.monotonic()
        for task, result in back:
            if result.error in _REFUSALS:
                self._refusals += 1
            elif result.state == "done":
                self._refusals = 0
            if result.id in counted and result.state != "looked":
                self._done += 1
                self._seconds += result.seconds
                self.tell(_event(task, result))
        if self._refusals >= _PATIENCE:
            raise BatchError(
                f"{_PATIENCE} pictures in a row could not be read or written, the last one since: {back[-1][1].sentence}; when "
                "that is mended, `photochrom batch retry` goes on"
            )

    def _beat(self, *, force: bool = False) -> None:
        if force or time.monotonic() - self._beaten > LEASE / 6:
            self.manifest.leases.beat(self.number, pictures=self._done, seconds=self._seconds)
            self._beaten, self._done, self._seconds = time.monotonic(), 0, 0.0
            self._tell_workers()

    def _tell_workers(self) -> None:
        """Note what there is to work with, which on a cluster changes."""
        now = self.pool.describe()
        if now != self._workers:
            self._workers = now
            self.manifest.leases.tell(self.number, now)


def _event(task: Task, result: Result) -> Event:
    event: Event = {"event": "picture", "input": task.source, "output": task.target, "state": result.state}
    event |= {"seconds": round(result.seconds, 3)}
    if result.error is not None:
        event |= {"error": result.error, "message": result.sentence}
    return event | {name: result.values[name] for name in ("tint", "confidence") if name in result.values}

"""Starts the processes that work on films, one of each lane at a time, watches them, and ends those that are no longer wanted."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from dataclasses import dataclass
from typing import Any

from photochrom.web.films_folder import TASKS, FilmFolder, Films, Task
from photochrom.web.films_worker import BUSY, LANES

__all__ = ["Queue"]

#: Seconds between two looks at the folder: while a process works, while another server's does, and else.
_WATCH, _BLOCKED, _IDLE = 0.2, 1.0, 30.0


@dataclass
class _Running:
    folder: FilmFolder
    task: Task
    token: str
    process: subprocess.Popen[bytes]


class Queue(threading.Thread):
    """One for each server process; several on one folder take turns by the lanes' locks. What a server's end cut off goes on."""

    def __init__(self, films: Films) -> None:
        super().__init__(name="films", daemon=True)
        self.films = films
        self._bell = threading.Event()
        self._closed = False
        self._lanes: dict[str, _Running] = {}

    def wake(self) -> None:
        """Something is wanted, or not any more."""
        self._bell.set()

    def close(self) -> None:
        """End all work; it goes on when a server starts again."""
        self._closed = True
        self.wake()
        self.join()

    def run(self) -> None:
        """Until closed."""
        self.films.sweep()
        blocked = False
        while not self._closed:
            if rung := self._bell.is_set():  # what rings from now on is heard in the next turn
                self._bell.clear()
            try:
                blocked = self._turn(look=rung or blocked or not self._lanes)
            except (
                OSError
            ):  # no memory for a process, or a file that cannot be written: not the end of all work on films
                logging.getLogger(__name__).exception("the films cannot be worked on now; it is tried again")
                blocked = True
            self._bell.wait(_WATCH if self._lanes else _BLOCKED if blocked else _IDLE)
        for running in self._lanes.values():
            _end(running)

    def _turn(self, look: bool) -> bool:
        """See after what runs; start what waits, where ``look`` or something ended. True: another server's work is waited for."""
        blocked: set[str] = set()
        before = len(self._lanes)
        for lane, running in list(self._lanes.items()):
            wanted = running.folder.wanted(running.task)
            code = running.process.poll()
            if wanted is None or wanted["token"] != running.token:
                pass  # stopped, done, or wanted otherwise
            elif code is None:
                continue
            elif code == BUSY:
                blocked.add(lane)
            elif code != 0:
                why = f"signal {-code}" if code < 0 else f"exit code {code}"
                message = (
                    f"the process that worked on it ended unexpectedly ({why}); what it did is kept: start it again"
                )
                running.folder.fail(running.task, "Crashed", message)
            else:
                # It has ended by itself without having done it: its standard input was closed, or the file is newer.
                running.folder.stop(running.task)
            _end(running)
            del self._lanes[lane]
            if not running.folder.exists:
                self.films.remove(running.folder)  # what the process still held, or wrote, when the film was removed
        waiting = self._waiting() if look or len(self._lanes) < before else {}
        for lane, (folder, task, wanted) in waiting.items():
            if lane not in self._lanes and lane not in blocked:
                command = [sys.executable, "-m", "photochrom.web.films_worker", str(folder.path), task]
                process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
                self._lanes[lane] = _Running(folder, task, wanted["token"], process)
        return bool(blocked)

    def _waiting(self) -> dict[str, tuple[FilmFolder, Task, Any]]:
        """What has waited longest, by lane."""
        found: list[tuple[float, FilmFolder, Task, Any]] = []
        for folder in self.films:
            for task in TASKS:
                wanted = folder.wanted(task)
                if wanted is not None:
                    found.append((wanted["at"], folder, task, wanted))
        found.sort(key=lambda row: row[0], reverse=True)
        return {LANES[task]: (folder, task, wanted) for _, folder, task, wanted in found}


def _end(running: _Running) -> None:
    """Kill a process: what it has written counts only where it is whole, so nothing is lost by haste."""
    running.process.kill()
    running.process.wait()
    if running.process.stdin is not None:
        running.process.stdin.close()

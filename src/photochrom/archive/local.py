"""Workers on this computer: processes with one model each. When the driver dies, however it dies, they end."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING, Any

from photochrom.archive.pools import DEPTH, Lost
from photochrom.archive.tasks import Hello, Result, Settings, Task
from photochrom.errors import BatchError

if TYPE_CHECKING:
    from multiprocessing.context import SpawnProcess

__all__ = ["LocalPool"]

#: A worker's exit code when it ran out of memory.
NO_MEMORY = 77
#: So many workers in a row that die before they are ready end the batch.
_STILLBORN = 3
_CONTEXT = multiprocessing.get_context("spawn")  # a fork would copy the driver's threads and database connections


@dataclass
class _Worker:
    process: SpawnProcess
    pipe: Connection
    life: Connection
    tasks: deque[Task] = field(default_factory=deque)
    since: float = 0.0
    ready: bool = False


class LocalPool:
    """``workers`` processes of ``threads`` threads each.

    timeout: seconds after which a picture's worker is ended, as if it had died.
    """

    def __init__(self, settings: Settings, workers: int, *, threads: int = 1, timeout: float = 3600.0) -> None:
        self._settings, self._count, self._threads, self._timeout = settings, workers, threads, timeout
        self._hello: Hello | None = None
        self._stillborn = 0
        self._overdue: set[int] = set()
        self._workers = [self._start() for _ in range(workers)]

    def hello(self) -> Hello:
        """What the workers are. Raises BatchError."""
        while self._hello is None:
            self.wait(1.0)
        return self._hello

    @property
    def slots(self) -> int:
        """Tasks at hand, all together."""
        return DEPTH * self._count

    def describe(self) -> str:
        """The workers in words."""
        processes = f"{self._count} process{'es' if self._count > 1 else ''}"
        return f"{processes} of {self._threads} thread{'s' if self._threads > 1 else ''}"

    @property
    def processes(self) -> list[int]:
        """The numbers of the workers' processes."""
        return [worker.process.pid or 0 for worker in self._workers]

    def submit(self, task: Task) -> None:
        """To the worker that has least to do, one that is ready before others."""
        worker = min(self._workers, key=lambda one: (len(one.tasks), not one.ready))
        if not worker.tasks:
            worker.since = time.monotonic()
        worker.tasks.append(task)
        with suppress(OSError):  # it has just died, which `wait` finds
            worker.pipe.send(task)

    def wait(self, seconds: float) -> list[Result | Lost]:
        """Results, and tasks whose worker died. Raises BatchError where workers die before they are ready."""
        found: list[Result | Lost] = []
        by_pipe = {worker.pipe: worker for worker in self._workers}
        for pipe in wait(list(by_pipe), seconds):
            self._hear(by_pipe[pipe], found)  # type: ignore[index]  # wait() returns the pipes it was given
        now = time.monotonic()
        for worker in self._workers:
            if worker.ready and worker.tasks and now - worker.since > self._timeout:
                self._overdue.add(worker.process.pid or 0)
                worker.process.kill()
        return found

    def close(self) -> None:
        """End the workers."""
        for worker in self._workers:
            worker.process.kill()
        for worker in self._workers:
            worker.process.join()
            worker.pipe.close()
            worker.life.close()

    def _start(self) -> _Worker:
        ours, theirs = _CONTEXT.Pipe()
        watched, life = _CONTEXT.Pipe(duplex=False)
        arguments = theirs, watched, self._settings, self._threads
        process = _CONTEXT.Process(target=_work, args=arguments, daemon=True, name="photochrom-batch")
        process.start()
        theirs.close()
        watched.close()
        return _Worker(process, ours, life)

    def _hear(self, worker: _Worker, found: list[Result | Lost]) -> None:
        try:
            while worker.pipe.poll():
                message = worker.pipe.recv()
                if isinstance(message, Hello):
                    worker.ready, self._stillborn, self._hello = True, 0, message
                    worker.since = time.monotonic()
                elif isinstance(message, str):
                    raise BatchError(message)
                else:
                    worker.tasks.popleft()
                    worker.since = time.monotonic()
                    found.append(message)
        except (EOFError, OSError):
            self._bury(worker, found)

    def _bury(self, worker: _Worker, found: list[Result | Lost]) -> None:
        """A worker died: the task that it had in work is to blame, those behind it are not, and another takes its place."""
        worker.process.join()
        why = self._cause(worker.process)
        self._stillborn += not worker.ready
        if self._stillborn >= _STILLBORN:
            raise BatchError(f"{_STILLBORN} workers died before they were ready: {why}")
        for place, task in enumerate(worker.tasks):
            found.append(Lost(task.id, why, blame=place == 0 and worker.ready))
        worker.pipe.close()
        worker.life.close()
        self._workers[self._workers.index(worker)] = self._start()

    def _cause(self, process: SpawnProcess) -> str:
        code = process.exitcode or 0
        if process.pid in self._overdue:
            return f"a worker was ended after {self._timeout:g} s over this picture"
        if code == NO_MEMORY:
            return "a worker ran out of memory"
        if code < 0:
            name = signal.Signals(-code).name
            return f"a worker was killed by {name}" + (" (out of memory?)" if name == "SIGKILL" else "")
        return f"a worker ended with exit code {code}"


def _work(pipe: Connection, life: Connection, settings: Settings, threads: int) -> None:
    """A worker process: tasks in, results out, until the driver closes the pipe or dies."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes of a terminal; the driver decides
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_die_with, args=(life,), daemon=True).start()
    for name in ("VIPS_CONCURRENCY", "OMP_NUM_THREADS"):
        os.environ[name] = str(threads)
    from photochrom.archive.picture import Painter, limit_memory
    from photochrom.errors import PhotochromError

    try:
        limit_memory(settings.memory)
        painter = Painter(settings, threads)
        import cv2

        cv2.setNumThreads(threads)
        pipe.send(painter.hello)
        while True:
            task: Any = pipe.recv()
            pipe.send(painter.do(task))
    except PhotochromError as error:
        pipe.send(str(error))
    except MemoryError:
        os._exit(NO_MEMORY)
    except (EOFError, OSError):  # the driver is gone
        os._exit(1)


def _die_with(life: Connection) -> None:
    with suppress(EOFError, OSError):
        life.recv()
    os._exit(1)

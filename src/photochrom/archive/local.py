"""Workers on this computer: processes with one model each. When the driver dies, however it dies, they end."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING, Any

from photochrom.archive.pools import DEPTH, AtHand, Lost
from photochrom.archive.tasks import Hello, Result, Settings, Task
from photochrom.errors import BatchError

if TYPE_CHECKING:
    from multiprocessing.context import SpawnProcess

    from photochrom.archive.picture import Painter

__all__ = ["LocalPool"]

#: A worker's exit code when it ran out of memory.
NO_MEMORY = 77
#: So many workers in a row that die before they are ready end the batch.
_STILLBORN = 3
_CONTEXT = multiprocessing.get_context("spawn")  # a fork would copy the driver's threads and database connections


@dataclass(frozen=True)
class _Begun:
    """A worker's word that it decodes and colours this task from now on."""

    id: int


@dataclass
class _Worker:
    process: SpawnProcess
    pipe: Connection
    life: Connection
    hand: AtHand = field(default_factory=AtHand)
    begun: int | None = None
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

    def room(self, task: Task) -> bool:
        """Whether a worker can take it now."""
        return any(worker.hand.fits(task) for worker in self._workers)

    def submit(self, task: Task) -> None:
        """To the worker that has least to do, one that is ready before others."""
        fit = (worker for worker in self._workers if worker.hand.fits(task))
        worker = min(fit, key=lambda one: (len(one.hand.tasks), not one.ready))
        worker.hand.add(task)
        with suppress(OSError):  # it has just died, which `wait` finds
            worker.pipe.send(task)

    def wait(self, seconds: float) -> list[Result | Lost]:
        """Results, and tasks whose worker died. Raises BatchError where workers die before they are ready."""
        found: list[Result | Lost] = []
        by_pipe = {worker.pipe: worker for worker in self._workers}
        for pipe in wait(list(by_pipe), seconds):
            self._hear(by_pipe[pipe], found)  # type: ignore[index]  # wait() returns the pipes it was given
        for worker in self._workers:
            if worker.ready and worker.hand.overdue(self._timeout):
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
                    worker.hand.restart()
                elif isinstance(message, str):
                    raise BatchError(message)
                elif isinstance(message, _Begun):
                    worker.begun = message.id
                else:
                    worker.hand.remove(message.id)
                    found.append(message)
        except (EOFError, OSError):
            self._bury(worker, found)

    def _bury(self, worker: _Worker, found: list[Result | Lost]) -> None:
        """A worker died: the task that it had in work is to blame, those beside it are not, and another takes its place."""
        worker.process.join()
        why = self._cause(worker.process)
        self._stillborn += not worker.ready
        if self._stillborn >= _STILLBORN:
            raise BatchError(f"{_STILLBORN} workers died before they were ready: {why}")
        late = worker.process.pid in self._overdue
        guilty = worker.begun if worker.begun in worker.hand.tasks and not late else worker.hand.oldest
        found += [Lost(id_, why, blame=id_ == guilty and worker.ready) for id_ in worker.hand.tasks]
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
        _serve(pipe, painter)
    except PhotochromError as error:
        pipe.send(str(error))
    except MemoryError:
        os._exit(NO_MEMORY)
    except (EOFError, OSError):  # the driver is gone
        os._exit(1)


def _serve(pipe: Connection, painter: Painter) -> None:
    """Take tasks, each into a thread of its own; the painter colours one after the other."""
    from photochrom.archive.picture import lacks_memory
    from photochrom.errors import PhotochromError

    one_at_a_time = threading.Lock()

    def say(what: Any) -> None:
        with one_at_a_time, suppress(OSError):  # the driver is gone, and so is this process at once
            pipe.send(what)

    def do(task: Task) -> None:
        try:
            say(painter.do(task, begun=lambda: say(_Begun(task.id))))
        except PhotochromError as error:
            say(str(error))
        except MemoryError:
            os._exit(NO_MEMORY)
        except BaseException as error:  # in a thread it would be lost, and the driver would wait for the picture
            traceback.print_exc()
            os._exit(NO_MEMORY if lacks_memory(error) else 1)

    say(painter.hello)
    with ThreadPoolExecutor(DEPTH) as threads:
        while True:
            threads.submit(do, pipe.recv())


def _die_with(life: Connection) -> None:
    with suppress(EOFError, OSError):
        life.recv()
    os._exit(1)

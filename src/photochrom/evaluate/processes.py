"""Pictures over processes: each has its own models and one thread, and results come in the order of the pictures."""

from __future__ import annotations

import multiprocessing
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from photochrom.errors import EvaluationError
from photochrom.evaluate.render import Shown
from photochrom.evaluate.work import Bench, Excluded, Measured, Settings, Task

__all__ = ["Workers"]

#: Tasks that wait for each process: enough to keep it busy, few enough for the memory.
_AHEAD = 4

_bench: Bench | None = None


def _start(settings: Settings) -> None:
    global _bench
    import cv2

    cv2.setNumThreads(1)
    _bench = Bench(settings)


def _in_process(what: str, task: Task) -> Any:
    if _bench is None:
        raise RuntimeError("the process was not started as one of an evaluation")
    return getattr(_bench, what)(task)


class Workers:
    """``with Workers(settings, jobs) as workers``: so many processes, or this one where ``jobs`` is 1."""

    def __init__(self, settings: Settings, jobs: int) -> None:
        self._jobs = jobs
        self._own = Bench(settings) if jobs == 1 else None
        # a forked process would share locks with threads that it does not have
        context = multiprocessing.get_context("spawn")
        self._pool = None if jobs == 1 else ProcessPoolExecutor(jobs, context, _start, (settings,))

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *error: object) -> None:
        if self._pool:
            self._pool.shutdown(cancel_futures=True)

    def measure(self, tasks: Iterable[Task]) -> Iterator[Measured | Excluded]:
        """:meth:`Bench.measure` of every task, in their order. Raises EvaluationError where a process dies."""
        yield from self._map("measure", tasks)

    def show(self, tasks: Iterable[Task]) -> Iterator[Shown]:
        """:meth:`Bench.show` of every task, in their order. Raises EvaluationError where a process dies."""
        yield from self._map("show", tasks)

    def _map(self, what: str, tasks: Iterable[Task]) -> Iterator[Any]:
        if self._pool is None:
            work: Callable[[Task], Any] = getattr(self._own, what)
            yield from map(work, tasks)
            return
        waiting: deque[Future[Any]] = deque()
        try:
            for task in tasks:
                waiting.append(self._pool.submit(_in_process, what, task))
                if len(waiting) > _AHEAD * self._jobs:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        except BrokenProcessPool as error:
            raise EvaluationError(
                f"one of {self._jobs} processes died, perhaps for lack of memory; take fewer with --jobs"
            ) from error

"""One pool for all work on pictures, and one queue of bounded length before it: the event loop itself never computes."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from photochrom.web.problems import Problem

__all__ = ["Pool"]

Result = TypeVar("Result")


class Pool:
    """``jobs`` threads; ``queue`` calls may wait for them; a call may take ``seconds``, its waiting included."""

    def __init__(self, jobs: int, queue: int, seconds: float) -> None:
        self._threads = ThreadPoolExecutor(jobs, "picture")
        self._jobs, self._queue, self._seconds = jobs, queue, seconds
        self._usual = 0.5  # seconds of a call, a moving average
        self.inside = 0
        self.closed = False

    @property
    def waiting(self) -> int:
        """Calls that wait for a thread."""
        return max(0, self.inside - self._jobs)

    def check_open(self) -> None:
        """Raise Problem (503) where the server ends."""
        if self.closed:
            raise Problem("shutting-down", "the server is shutting down", headers={"Retry-After": "5"})

    def admit(self) -> None:
        """Raise Problem (429) where one more call would find no room, before any of its body is read; 503 at the end."""
        self.check_open()
        if self.inside >= self._jobs + self._queue:
            later = math.ceil(self._usual * (1 + self._queue / self._jobs) / 2)
            raise Problem(
                "busy",
                f"{self._queue} requests are waiting, as many as may; try again in {later} seconds",
                limit=self._queue,
                headers={"Retry-After": str(later)},
            )

    async def run(self, work: Callable[..., Result], *args: Any) -> Result:
        """``work(*args)`` in a thread. Raises Problem as :meth:`admit` does, or 504; a call that has begun is not stopped."""
        self.admit()
        self.inside += 1

        def timed() -> Result:
            start = time.perf_counter()
            try:
                return work(*args)
            finally:
                self._usual += 0.1 * (time.perf_counter() - start - self._usual)

        future = self._threads.submit(timed)
        waiting = asyncio.wrap_future(future)
        waiting.add_done_callback(self._left)
        try:
            return await asyncio.wait_for(asyncio.shield(waiting), self._seconds)
        except asyncio.TimeoutError:
            future.cancel()
            raise Problem(
                "took-too-long", f"not done after {self._seconds:g} seconds; try a smaller picture", limit=self._seconds
            ) from None

    def _left(self, future: asyncio.Future[Any]) -> None:
        self.inside -= 1
        if not future.cancelled():
            future.exception()  # whoever waits gets it; if nobody does any more, it is dropped

    def close(self) -> None:
        """No more calls; those that wait are given up, those that run are waited for."""
        self.closed = True
        self._threads.shutdown(wait=True, cancel_futures=True)

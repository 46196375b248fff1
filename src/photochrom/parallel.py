"""Threads for work that leaves the interpreter alone: OpenCV, NumPy and libvips on large arrays."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["ordered", "product"]

Item = TypeVar("Item")
Result = TypeVar("Result")

_MOST = 8


def ordered(work: Callable[[Item], Result], items: Iterable[Item], threads: int | None = None) -> Iterator[Result]:
    """``map(work, items)`` by several threads (None: one per processor, 8 at most), the results in the order of the items.

    Items are taken in the caller's thread, as results are: little more of both is held than there are threads. All callers
    share the threads, so that one's results can be another's items; ``work`` must not wait for other work.
    """
    count = threads or min(os.cpu_count() or 1, _MOST)
    if count == 1:
        yield from map(work, items)
        return
    pool = _pool(count)
    waiting: deque[Future[Result]] = deque()
    try:
        for item in items:
            waiting.append(pool.submit(work, item))
            if len(waiting) > count:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()


def product(left: NDArray[Any], right: NDArray[Any]) -> NDArray[Any]:
    """``left`` (n, k) times ``right`` (k, m), both float32 or both float64, by the calling thread alone.

    NumPy's matrix library wakes threads that stay busy with waiting for tens of milliseconds after a product, and meanwhile a
    network's run takes three times as long.
    """
    import cv2
    import numpy as np

    made: Any = cv2.gemm(left, right, 1.0, None, 0.0)  # type: ignore[call-overload]  # nothing is added to it
    return np.asarray(made)


@cache
def _pool(count: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(count, "photochrom")


if hasattr(os, "register_at_fork"):  # a forked process has none of its parent's threads
    os.register_at_fork(after_in_child=_pool.cache_clear)

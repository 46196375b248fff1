"""Signals that end a process end it as Ctrl-C does: what is begun is cleaned up, and nothing half-written stays."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

__all__ = ["Terminated", "ending_cleanly", "leave_soon"]

_SIGNALS = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))


class Terminated(SystemExit):
    """Raised in the main thread by SIGTERM and SIGHUP; the exit code is 128 plus the signal's number, as shells report it."""

    def __init__(self, number: int) -> None:
        super().__init__(128 + number)


@contextmanager
def ending_cleanly() -> Iterator[None]:
    """Let SIGTERM and SIGHUP raise :class:`Terminated` in the main thread; a signal that is ignored stays so (``nohup``)."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    usual = {number: signal.getsignal(number) for number in _SIGNALS}
    ours = [number for number, handler in usual.items() if handler is signal.SIG_DFL]

    def end(number: int, _: FrameType | None) -> NoReturn:
        for one in ours:  # a second signal does not interrupt the cleaning up
            signal.signal(one, signal.SIG_IGN)
        raise Terminated(number)

    for number in ours:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, usual[number])


def leave_soon(code: int | str | None, seconds: float = 2.0) -> None:
    """End the process in ``seconds`` even if it does not end by itself. To be called when everything is cleaned up.

    An exception that is raised while a pool starts a thread leaves the pool without knowledge of this thread, which then waits
    for work for ever, and Python, at its end, for the thread.
    """

    def leave() -> None:
        time.sleep(seconds)
        os._exit(code if isinstance(code, int) else 1)

    threading.Thread(target=leave, daemon=True, name="leave").start()

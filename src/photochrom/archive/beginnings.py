"""What is known of a manifest before SQLAlchemy is loaded: where it is, and, counted meanwhile, how far a SQLite one is.

To load SQLAlchemy takes a third of a second, and to count ten million rows another one.
"""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from threading import Thread

from photochrom.archive.states import State
from photochrom.archive.stores import is_remote

__all__ = ["MANIFEST", "count_meanwhile", "manifest_url"]

MANIFEST = "photochrom-batch.db"
_MAPPED = 1 << 36


def manifest_url(out: str, given: str | None) -> str:
    """Where the manifest of a destination is: what was given, else a file in the destination, or for a remote one, here."""
    if given is not None:
        return given
    if is_remote(out):
        return f"{re.sub(r'[^A-Za-z0-9]+', '-', out.rstrip('/')).strip('-')}.{MANIFEST}"
    return str(Path(out) / MANIFEST)


def count_meanwhile(url: str) -> Callable[[], dict[State, int] | None]:
    """Begin to count the rows in each state in a thread; what is returned waits for the counts.

    None, for the manifest itself to be asked, where it is no SQLite file or cannot be counted: that names what is wrong with it.
    """
    found: list[dict[State, int]] = []

    def count() -> None:
        try:
            with closing(sqlite3.connect(f"{Path(url).resolve().as_uri()}?mode=ro", uri=True)) as database:
                database.execute(f"PRAGMA mmap_size = {_MAPPED}")  # read in place, which is faster by a quarter
                database.execute("BEGIN")  # one moment for all states
                found.append(_counts(lambda *query: database.execute(*query).fetchone()))
        except sqlite3.Error:
            pass

    if "://" in url or not os.path.isfile(url):  # noqa: PTH113  # no error where rights lack
        return lambda: None
    thread = Thread(target=count, daemon=True)
    thread.start()

    def counted() -> dict[State, int] | None:
        thread.join()
        return found[0] if found else None

    return counted


def _counts(ask: Callable[..., tuple[int, ...] | None]) -> dict[State, int]:
    """All together are counted in no time; the state of the row in the middle, likely the commonest, is what the others leave."""
    (total,) = ask("SELECT count(*) FROM pictures") or (0,)
    commonest = ask("SELECT state FROM pictures WHERE id >= (SELECT max(id) / 2 FROM pictures) LIMIT 1")
    if commonest is None:
        return {}
    counts = {State(commonest[0]): total}
    for state in set(State) - set(counts):
        (number,) = ask("SELECT count(*) FROM pictures WHERE state = ?", (int(state),)) or (0,)
        counts[State(commonest[0])] -= number
        counts[state] = number
    return {state: counts[state] for state in State if counts[state]}

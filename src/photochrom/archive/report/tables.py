"""The rows that a page lists, and when pictures were finished: all of a small batch, a sample of a large one."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sql

from photochrom.archive.manifest import Manifest
from photochrom.archive.states import State
from photochrom.archive.tables import PICTURES

__all__ = ["BINS", "ROWS", "finished_over_time", "sampled"]

#: The most rows that are listed, and how many of them may be failures.
ROWS, FAILURES = 10_000, 3_000
BINS = 80
_C = PICTURES.c


def sampled(manifest: Manifest) -> tuple[list[list[Any]], int]:
    """Rows for the page, and how many there are in all.

    A row is [origin, path or None, name, state, confidence, chroma, seconds, sentence]. Failures come first, the others are
    spread evenly over the batch.
    """
    total = sum(manifest.counts().values())
    columns = (
        _C.id,
        _C.origin,
        _C.path,
        _C.name,
        _C.state,
        _C.confidence,
        _C.chroma,
        _C.seconds,
        _C.error,
        _C.sentence,
    )
    bad = _C.state.in_((State.FAILED, State.ASIDE))
    found = []
    for row in manifest.rows(bad, columns=columns):
        found.append(_row(row))
        if len(found) == FAILURES and total > ROWS:
            break
    room = ROWS - len(found)
    if room <= 0:
        return found, total
    step = max(1, -(-(total - len(found)) // room))
    spread = (~bad, _C.id % step == 0) if step > 1 else (~bad,)
    for row in manifest.rows(*spread, columns=columns):
        found.append(_row(row))
        if len(found) == ROWS:
            break
    return found, total


def finished_over_time(manifest: Manifest) -> list[tuple[float, int]]:
    """Seconds since 1970 and pictures finished from then on, in equal steps."""
    with manifest.reading() as connection:
        first, last = connection.execute(sql.select(sql.func.min(_C.finished), sql.func.max(_C.finished))).one()
        if first is None:
            return []
        step = max(1.0, (last - first) / BINS)
        number = sql.cast(sql.func.floor((_C.finished - first) / step), sql.Integer)
        chosen = sql.select(number, sql.func.count()).where(_C.finished.is_not(None)).group_by(number)
        counts: dict[int, int] = {row[0]: row[1] for row in connection.execute(chosen)}
    return [(first + index * step, counts.get(index, 0)) for index in range(max(counts) + 1)]


def _row(row: Any) -> list[Any]:
    sentence = f"{row.error}: {row.sentence}" if row.error else row.sentence
    figures = [None if value is None else round(value, 2) for value in (row.confidence, row.chroma, row.seconds)]
    return [row.origin, row.path, row.name, State(row.state).label, *figures, sentence]

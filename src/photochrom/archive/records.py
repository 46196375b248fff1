"""What a manifest says: its rows and its facts, read and never written."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sql

from photochrom.archive.states import State
from photochrom.archive.tables import ABOUT, LOOKS, ORIGINS, PICTURES, WORKS, named

__all__ = ["Records", "folded_name"]

_C = PICTURES.c


def folded_name(name: str) -> str:
    """A name as a disk sees it that is blind to case and to the ways of writing an accent."""
    return name.lower() if name.isascii() else unicodedata.normalize("NFC", name).casefold()


class Records:
    """The readable side of :class:`photochrom.archive.manifest.Manifest`.

    Every method raises ManifestError where the database fails.
    """

    def __init__(self, url: str, engine: sql.Engine, *, case_sensitive: bool) -> None:
        self.url = url
        self._engine = engine
        self._case_sensitive = case_sensitive

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()

    def about(self, key: str) -> str | None:
        """A fact about the batch, such as its destination; None where it was never noted."""
        with self.reading() as connection:
            return connection.execute(sql.select(ABOUT.c.value).where(ABOUT.c.key == key)).scalar()

    def counts(self) -> dict[State, int]:
        """How many rows are in each state."""
        with self.reading() as connection:
            found = connection.execute(sql.select(_C.state, sql.func.count()).group_by(_C.state)).all()
        return {State(state): count for state, count in found}

    def failures(self) -> dict[str, int]:
        """How many failed, by the kind of error."""
        bad = _C.state.in_((State.FAILED, State.ASIDE))
        with self.reading() as connection:
            rows = connection.execute(sql.select(_C.error, sql.func.count()).where(bad).group_by(_C.error)).all()
        return {kind or "?": count for kind, count in sorted(rows, key=lambda row: -row[1])}

    def works(self) -> dict[int, dict[str, Any]]:
        """What results were made with, by number."""
        with self.reading() as connection:
            return {row.id: dict(row._mapping) for row in connection.execute(sql.select(WORKS))}

    def origins(self) -> dict[int, str]:
        """The addresses that paths are put behind, by number."""
        with self.reading() as connection:
            return {row.id: row.uri for row in connection.execute(sql.select(ORIGINS))}

    def looks(self) -> dict[int, str]:
        """Options of single pictures, JSON text, by number."""
        with self.reading() as connection:
            return {row.id: row.options for row in connection.execute(sql.select(LOOKS))}

    def rows(self, *where: Any, columns: Sequence[Any] = (PICTURES,), window: int = 1000) -> Iterator[Any]:
        """Rows in the order of their ids, read a window at a time. ``columns``: must hold the id."""
        last = -1
        while True:
            chosen = sql.select(*columns).where(_C.id > last, *where).order_by(_C.id).limit(window)
            with self.reading() as connection:
                found = connection.execute(chosen).all()
            yield from found
            if len(found) < window:
                return
            last = found[-1].id

    def named(self, names: Sequence[str], *where: Any) -> list[Any]:
        """The rows whose outputs have these names: id, name and state."""
        keys = [name if self._case_sensitive else folded_name(name) for name in names]
        key = sql.func.coalesce(_C.folded, _C.name)
        chosen = sql.select(_C.id, _C.name, _C.state).where(key.in_(keys), *where)
        with self.reading() as connection:
            return list(connection.execute(chosen).all())

    def ranked(self, order: Any, *where: Any, limit: int) -> list[Any]:
        """The first rows in an order."""
        with self.reading() as connection:
            return list(
                connection.execute(sql.select(PICTURES).where(*where).order_by(order, _C.id).limit(limit)).all()
            )

    @contextmanager
    def reading(self) -> Iterator[sql.Connection]:
        """A connection that only reads. What the database answers is named."""
        with named(self.url), self._engine.connect() as connection:
            yield connection

"""The manifest: which pictures there are and what became of each, committed before it counts.

Several drivers may use one manifest. What a driver claims is its own until its lease runs out: a result counts only while the
row is still claimed by the driver that brings it.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import sqlalchemy as sql

from photochrom.archive.leases import LEASE, Leases
from photochrom.archive.records import Records, folded_name
from photochrom.archive.states import FINISHED, State
from photochrom.archive.stores import at, is_remote
from photochrom.archive.tables import ABOUT, LOOKS, ORIGINS, PICTURES, WORKS, clock, connect, named, writing
from photochrom.archive.tasks import Hello, Result, Settings, Task

__all__ = ["LEASE", "Added", "Manifest", "Planned", "folded_name"]

#: A picture that killed so many workers is set aside.
KILLS = 2
_C = PICTURES.c
_CHUNK = 500
_STATES = {state.label: state for state in FINISHED}
#: Stands before the key of a row that may not have its name, which belongs to another picture.
_REFUSED = "\x01"


class Planned(NamedTuple):
    """A picture that was found. ``path`` below its origin, ``name`` of the output below the destination, ``size`` in bytes.

    ``options``: its own, JSON text, or None.
    """

    origin: int
    path: str
    name: str
    size: int | None = None
    options: str | None = None


@dataclass
class Added:
    """What came of planning: how many were new, known already, and refused since another picture has their output's name."""

    new: int = 0
    known: int = 0
    refused: int = 0


class Manifest(Records):
    """A manifest's rows, and what is done to them. ``url``: a SQLAlchemy URL, or the path of a SQLite file.

    create: make it where there is none. case_sensitive: take names that differ in case alone for different ones. Raises
    ManifestError, as every method does where the database fails.
    """

    def __init__(self, url: str, *, create: bool = False, case_sensitive: bool = False) -> None:
        super().__init__(url, connect(url, create=create), case_sensitive=case_sensitive)
        self.leases = Leases(self._engine, url)
        self._origins: dict[int, str] = {}
        self._looks: dict[str, int] = {}

    def note(self, key: str, value: str) -> None:
        """Keep a fact about the batch."""
        with self._writing() as connection:
            done = connection.execute(ABOUT.update().where(ABOUT.c.key == key).values(value=value))
            if not done.rowcount:
                connection.execute(ABOUT.insert(), {"key": key, "value": value})

    # ------------------------------------------------------------------ planning

    def origin(self, uri: str) -> int:
        """The number of an origin, noted where it is new."""
        return self._numbered(ORIGINS, "uri", uri, {"uri": uri})

    def add(self, found: Sequence[Planned], *, look: bool = False) -> Added:
        """Note pictures, all or none of them; known ones stay as they are, except for options of their own.

        look: new ones wait for their perceptual hash first.
        """
        state = int(State.LOOK if look else State.WAITING)
        rows = [self._row(one, state) for one in found]
        if not rows:
            return Added()
        with self._writing() as connection:
            insert = self._insert_new(connection)
            if connection.dialect.name == "sqlite":
                new = connection.execute(insert, rows).rowcount
            else:  # psycopg does not count what many inserts did together
                new = len(connection.execute(insert.returning(_C.id), rows).all())
            added = Added(new=new)
            if new < len(rows):
                self._clashes(connection, insert, rows, added)
        return added

    def _row(self, one: Planned, state: int) -> dict[str, Any]:
        name = one.name
        folded = name if self._case_sensitive else folded_name(name)
        return {
            "origin": one.origin,
            "path": None if one.path == name else one.path,
            "name": name,
            "folded": None if folded == name else folded,
            "size": one.size,
            "look": None if one.options is None else self._look(one.options),
            "state": state,
        }

    def _look(self, options: str) -> int:
        number = self._looks.get(options)
        if number is None:
            digest = hashlib.sha256(options.encode()).hexdigest()
            number = self._numbered(LOOKS, "sha256", digest, {"sha256": digest, "options": options})
            if len(self._looks) > 10_000:
                self._looks.clear()
            self._looks[options] = number
        return number

    def _insert_new(self, connection: sql.Connection) -> Any:
        if connection.dialect.name == "sqlite":
            from sqlalchemy.dialects.sqlite import insert
        else:
            from sqlalchemy.dialects.postgresql import insert  # type: ignore[assignment]  # the same function, for the other database
        return insert(PICTURES).on_conflict_do_nothing()

    def _clashes(self, connection: sql.Connection, insert: Any, rows: list[dict[str, Any]], added: Added) -> None:
        """Tell which of the rows are known, and refuse those whose output's name is another picture's."""
        key = sql.func.coalesce(_C.folded, _C.name)
        there: dict[str, Any] = {}
        for start in range(0, len(rows), _CHUNK):
            keys = [row["folded"] or row["name"] for row in rows[start : start + _CHUNK]]
            chosen = sql.select(key.label("key"), _C.id, _C.origin, _C.path, _C.name, _C.look).where(key.in_(keys))
            there |= {row.key: row for row in connection.execute(chosen)}
        clashing = 0
        for row in rows:
            old = there[row["folded"] or row["name"]]
            if (old.origin, old.path or old.name) == (row["origin"], row["path"] or row["name"]):
                if old.look != row["look"]:
                    connection.execute(PICTURES.update().where(_C.id == old.id).values(look=row["look"]))
                continue
            clashing += 1
            path = row["path"] or row["name"]
            other = at(self._origin_of(connection, old.origin), old.path or old.name)
            refused = row | {
                "path": path,
                "folded": f"{_REFUSED}{row['origin']}{_REFUSED}{path}",
                "state": int(State.FAILED),
                "error": "OutputConflictError",
                "sentence": f"its output {row['name']} is that of {other}, too (on some disks, if only case differs); rename "
                "one, colour it into another destination, or give --case-sensitive",
            }
            added.refused += connection.execute(insert, [refused]).rowcount
        added.known = len(rows) - added.new - clashing

    # ------------------------------------------------------------------ working

    def work(self, hello: Hello, settings: Settings) -> int:
        """The number of what results are made with from now on."""
        decisive = json.dumps(settings.decisive(), sort_keys=True)
        digest = hashlib.sha256(f"{hello.model_sha256}\n{decisive}".encode()).hexdigest()
        row = {"model": hello.model, "model_sha256": hello.model_sha256, "settings": decisive, "version": hello.version}
        return self._numbered(WORKS, "sha256", digest, {"sha256": digest, **row})

    def claim(self, driver: int, count: int, target: str, *, look: bool = False) -> list[Task]:
        """Take up to ``count`` waiting rows for a driver. ``target``: the destination's address, with a slash at its end."""
        if count < 1:
            return []
        free = (_C.state == State.LOOK) & _C.driver.is_(None) if look else _C.state == State.WAITING
        chosen = sql.select(_C.id).where(free).order_by(_C.state, _C.id).limit(count).with_for_update(skip_locked=True)
        with self._writing() as connection:
            ids = list(connection.execute(chosen).scalars())
            if not ids:
                return []
            taken = (
                {"driver": driver} if look else {"driver": driver, "state": int(State.RUNNING), "tries": _C.tries + 1}
            )
            connection.execute(PICTURES.update().where(_C.id.in_(ids)).values(**taken))
            leader = PICTURES.alias()
            columns = (
                _C.id,
                _C.origin,
                _C.path,
                _C.name,
                _C.output_sha256,
                _C.kills,
                LOOKS.c.options,
                leader.c.name.label("first"),
            )
            joined = PICTURES.outerjoin(LOOKS, LOOKS.c.id == _C.look).outerjoin(
                leader, (leader.c.id == _C.leader) & (leader.c.state == State.DONE)
            )
            rows = connection.execute(
                sql.select(*columns).select_from(joined).where(_C.id.in_(ids)).order_by(_C.id)
            ).all()
            return [
                Task(
                    id=row.id,
                    source=at(self._origin_of(connection, row.origin), row.path or row.name),
                    target=target + row.name,
                    options=row.options,
                    replaces=row.output_sha256,
                    leader=None if row.first is None else target + row.first,
                    look=look,
                    suspect=row.kills > 0,
                )
                for row in rows
            ]

    def settle(self, driver: int, results: Sequence[Result], work: int) -> set[int]:
        """Commit results of a driver's rows; returns the ids that count: the others' rows are no longer this driver's."""
        counted: set[int] = set()
        if not results:
            return counted
        with self._writing() as connection:
            now = clock(connection)
            for result in results:
                mine = (_C.id == result.id) & (_C.driver == driver)
                change: dict[str, Any] = {"driver": None, "error": result.error, "sentence": result.sentence}
                if result.state == "looked":
                    mine &= _C.state == State.LOOK
                    change |= result.values | {"state": int(State.HELD)}
                else:
                    mine &= _C.state.in_((State.RUNNING, State.LOOK))
                    change |= {"seconds": result.seconds, "finished": now}
                    change |= result.values | {"state": int(_STATES[result.state])}
                    if result.state != "failed":
                        change |= {"work": work, "worn": _C.look, "kills": 0}
                if connection.execute(PICTURES.update().where(mine).values(**change)).rowcount:
                    counted.add(result.id)
        return counted

    def lost(self, driver: int, id_: int, why: str, *, blame: bool) -> State | None:
        """A worker died over a row: it waits again, or, if it is to blame for the second time, is set aside.

        Returns the new state; None where the row is no longer this driver's.
        """
        with self._writing() as connection:
            mine = (_C.id == id_) & (_C.driver == driver)
            row = connection.execute(sql.select(_C.kills, _C.state).where(mine)).first()
            if row is None:
                return None
            kills = row.kills + blame
            state = State.ASIDE if kills >= KILLS else State.LOOK if row.state == State.LOOK else State.WAITING
            change: dict[str, Any] = {"state": int(state), "driver": None, "kills": kills}
            if blame:
                change |= {"error": "WorkerLost", "sentence": f"{why}; it has killed {kills} of them"}
                change |= {"finished": clock(connection)}
            connection.execute(PICTURES.update().where(mine).values(**change))
            return state

    def retry(self) -> int:
        """Let what failed or was set aside wait again; returns how many. Names that belong to another picture stay refused."""
        bad = _C.state.in_((State.FAILED, State.ASIDE)) & (_C.error != "OutputConflictError")
        with self._writing() as connection:
            change = {"state": int(State.WAITING), "kills": 0, "driver": None}
            return connection.execute(PICTURES.update().where(bad).values(**change)).rowcount

    def forget_renamed(self) -> int:
        """Let go of pictures that were refused for their output's name, and that are not there under their own any more.

        Of this machine's disks only; returns how many.
        """
        refused = (_C.state == State.FAILED, _C.error == "OutputConflictError")
        origins = self.origins()
        gone = [
            row.id
            for row in self.rows(*refused, columns=(_C.id, _C.origin, _C.path, _C.name))
            if not is_remote(address := at(origins[row.origin], row.path or row.name)) and not os.path.lexists(address)
        ]
        with self._writing() as connection:
            for start in range(0, len(gone), _CHUNK):
                connection.execute(PICTURES.delete().where(_C.id.in_(gone[start : start + _CHUNK]), *refused))
        return len(gone)

    def reopen(self) -> int:
        """Let results of Photochrom that were left alone wait; returns how many."""
        with self._writing() as connection:
            change = {"state": int(State.WAITING), "driver": None}
            return connection.execute(PICTURES.update().where(_C.state == State.OWN).values(**change)).rowcount

    def stale(self, work: int) -> int:
        """How many rows were finished with another model or other options than ``work`` and their own options say."""
        with self.reading() as connection:
            works = connection.execute(sql.select(sql.func.count()).select_from(WORKS)).scalar_one()
            looks = connection.execute(sql.select(sql.func.count()).select_from(LOOKS)).scalar_one()
            if works < 2 and not looks:  # nothing to look for among millions of rows
                return 0
            return connection.execute(sql.select(sql.func.count()).where(self._stale(work))).scalar_one()

    def again(self, work: int) -> int:
        """Let the rows that :meth:`stale` counts wait again; returns how many."""
        with self._writing() as connection:
            change = {"state": int(State.WAITING), "driver": None}
            return connection.execute(PICTURES.update().where(self._stale(work)).values(**change)).rowcount

    def release_held(self) -> int:
        """Let other scans of pictures that are finished wait for their turn; returns how many."""
        leader = PICTURES.alias()
        ready = sql.select(leader.c.id).where(leader.c.id == _C.leader, leader.c.state.in_(FINISHED)).exists()
        held = (_C.state == State.HELD) & _C.leader.is_not(None)
        with self._writing() as connection:
            change = {"state": int(State.WAITING)}
            return connection.execute(PICTURES.update().where(held, ready).values(**change)).rowcount

    def group(self, leaders: dict[int, int | None]) -> None:
        """Note of which picture each hashed one is another scan; None: of no other, and it waits to be coloured."""
        with self._writing() as connection:
            for id_, leader in leaders.items():
                change = {"leader": leader, "state": int(State.WAITING if leader is None else State.HELD)}
                connection.execute(PICTURES.update().where(_C.id == id_, _C.state == State.HELD).values(**change))

    def _stale(self, work: int) -> Any:
        other = (_C.work != work) | _C.worn.is_distinct_from(_C.look)
        return _C.state.in_((State.DONE, State.SKIPPED, State.COPIED)) & other

    # ------------------------------------------------------------------ below

    def _origin_of(self, connection: sql.Connection, number: int) -> str:
        if number not in self._origins:
            self._origins = {row.id: row.uri for row in connection.execute(sql.select(ORIGINS))}
        return self._origins[number]

    def _numbered(self, table: sql.Table, key: str, value: str, row: dict[str, Any]) -> int:
        chosen = sql.select(table.c.id).where(table.c[key] == value)
        with self._writing() as connection:
            number = connection.execute(chosen).scalar()
            if number is None:
                connection.execute(table.insert(), row)
                number = connection.execute(chosen).scalar_one()
            return int(number)

    @contextmanager
    def _writing(self) -> Iterator[sql.Connection]:
        with named(self.url), writing(self._engine) as connection:
            yield connection

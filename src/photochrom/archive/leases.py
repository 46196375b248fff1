"""Which drivers are at work on a manifest, and what becomes of the rows of those that died."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sql

from photochrom.archive.states import State
from photochrom.archive.tables import DRIVERS, PICTURES, clock, named, writing
from photochrom.errors import ManifestBusyError
from photochrom.portable import process_runs

__all__ = ["LEASE", "Driver", "Leases", "this_host"]

#: A driver that was not heard of for so many seconds has lost its claims. It is heard of every few seconds.
LEASE = float(os.environ.get("PHOTOCHROM_LEASE", "60"))
_D = DRIVERS.c


@dataclass(frozen=True)
class Driver:
    """A run: where it is or was, since when (seconds since 1970), and what it got done. ``quiet``: seconds since heard of."""

    id: int
    host: str
    pid: int
    started: float
    quiet: float
    ended: bool
    workers: str | None
    pictures: int
    seconds: float

    @property
    def name(self) -> str:
        """Machine and process, as people know them."""
        return f"process {self.pid} on {self.host.split()[0]}"


def this_host() -> str:
    """This machine, with what distinguishes two processes of the same number: the boot and the name space of process numbers."""
    parts = [socket.gethostname()]
    with suppress(OSError):
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text("utf-8").strip())
        parts.append(str(Path("/proc/self/ns/pid").readlink()))
    return " ".join(parts)


class Leases:
    """The drivers of one manifest."""

    def __init__(self, engine: sql.Engine, url: str) -> None:
        self._engine, self._url = engine, url

    def all(self) -> list[Driver]:
        """Every run there was, the oldest first."""
        with named(self._url), self._engine.connect() as connection:
            return self._all(connection)

    def join(self, *, others: bool = False) -> tuple[int, bool]:
        """Enter a driver for this process; the claims of dead ones are given up.

        others: work beside drivers that are alive. Returns its number, and whether it is alone. Raises ManifestBusyError.
        """
        with named(self._url), writing(self._engine) as connection:
            self._lock(connection)
            alive = self._bury(connection)
            if alive and not others:
                raise ManifestBusyError(alive[0].name, alive[0].quiet)
            now = clock(connection)
            row = {"host": this_host(), "pid": os.getpid(), "started": now, "seen": now, "ended": False}
            added = connection.execute(DRIVERS.insert(), row).inserted_primary_key
            assert added is not None
            return int(added[0]), not alive

    def beat(self, driver: int, *, pictures: int = 0, seconds: float = 0.0) -> None:
        """Renew a lease, with what was done since; claims of drivers that died are given up."""
        with named(self._url), writing(self._engine) as connection:
            change = {
                "seen": clock(connection),
                "ended": False,
                "pictures": _D.pictures + pictures,
                "seconds": _D.seconds + seconds,
            }
            connection.execute(DRIVERS.update().where(_D.id == driver).values(**change))
            self._bury(connection)

    def tell(self, driver: int, workers: str) -> None:
        """Note what a driver works with."""
        with named(self._url), writing(self._engine) as connection:
            connection.execute(DRIVERS.update().where(_D.id == driver).values(workers=workers))

    def leave(self, driver: int) -> None:
        """The end of a run: its claims are given up."""
        with named(self._url), writing(self._engine) as connection:
            connection.execute(DRIVERS.update().where(_D.id == driver).values(ended=True, seen=clock(connection)))
            _give_up(connection, driver)

    def _all(self, connection: sql.Connection) -> list[Driver]:
        now = clock(connection)
        return [
            Driver(
                row.id,
                row.host,
                row.pid,
                row.started,
                now - row.seen,
                row.ended,
                row.workers,
                row.pictures,
                row.seconds,
            )
            for row in connection.execute(sql.select(DRIVERS).order_by(_D.id))
        ]

    def _bury(self, connection: sql.Connection) -> list[Driver]:
        """End the drivers that died; returns those that are alive."""
        alive, here = [], this_host()
        for driver in self._all(connection):
            if driver.ended:
                continue
            if driver.quiet > LEASE or (driver.host == here and not _runs(driver.pid)):
                connection.execute(DRIVERS.update().where(_D.id == driver.id).values(ended=True))
                _give_up(connection, driver.id)
            else:
                alive.append(driver)
        return alive

    @staticmethod
    def _lock(connection: sql.Connection) -> None:
        """Two that join at the same moment do so one after the other; SQLite has one writer anyway."""
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("LOCK TABLE drivers IN SHARE ROW EXCLUSIVE MODE")


def _give_up(connection: sql.Connection, driver: int) -> None:
    mine = PICTURES.c.driver == driver
    free = {"driver": None, "state": int(State.WAITING)}
    connection.execute(PICTURES.update().where(PICTURES.c.state == State.RUNNING, mine).values(**free))
    connection.execute(PICTURES.update().where(PICTURES.c.state == State.LOOK, mine).values(driver=None))


def _runs(pid: int) -> bool:
    if not process_runs(pid):
        return False
    with suppress(OSError):  # a dead process that nobody has waited for yet is dead, too
        return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0] != "Z"
    return True

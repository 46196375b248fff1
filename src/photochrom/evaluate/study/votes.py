"""Where participants and their votes are kept: SQLite in the study's folder, or any PostgreSQL database by its URL.

A vote is committed before it is acknowledged. What is stored of a participant: a random id, a number, a date, the pairs
dealt, the answers and the time each took. Nothing else.
"""

from __future__ import annotations

import datetime
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from photochrom.errors import MissingExtraError, StudyError
from photochrom.evaluate.study.plan import Side, Study, Trial, deal

try:
    import sqlalchemy as sql
    from sqlalchemy.exc import ArgumentError, IntegrityError, NoSuchModuleError, SQLAlchemyError
except ImportError as error:
    raise MissingExtraError("eval", "a study's database") from error

__all__ = ["Progress", "Store", "Vote"]

_TABLES = sql.MetaData()
_PARTICIPANTS = sql.Table(
    "participants",
    _TABLES,
    sql.Column("id", sql.String(32), primary_key=True),
    sql.Column("study", sql.String(32), nullable=False),
    sql.Column("number", sql.Integer, nullable=False),
    sql.Column("day", sql.Date, nullable=False),
    sql.UniqueConstraint("study", "number"),
)
_TRIALS = sql.Table(
    "trials",
    _TABLES,
    sql.Column("participant", sql.ForeignKey("participants.id"), primary_key=True),
    sql.Column("position", sql.Integer, primary_key=True),
    sql.Column("role", sql.String(8), nullable=False),
    sql.Column("picture", sql.Text, nullable=False),
    sql.Column("left", sql.Text, nullable=False),
    sql.Column("right", sql.Text, nullable=False),
    sql.Column("first", sql.String(5), nullable=False),
)
_TRIAL = tuple(column for column in _TRIALS.c if column.name != "participant")  # the fields of Trial, in their order
_VOTES = sql.Table(
    "votes",
    _TABLES,
    sql.Column("participant", sql.String(32), primary_key=True),
    sql.Column("position", sql.Integer, primary_key=True),
    sql.Column("choice", sql.String(5), nullable=False),
    sql.Column("milliseconds", sql.Integer, nullable=False),
    sql.ForeignKeyConstraint(["participant", "position"], ["trials.participant", "trials.position"]),
)


@dataclass(frozen=True)
class Vote:
    """One participant's answer to one trial."""

    participant: str
    number: int
    day: datetime.date
    choice: Side
    milliseconds: int
    trial: Trial


@dataclass(frozen=True)
class Progress:
    """A participant's trials and how many of them are answered: always the first ones."""

    trials: tuple[Trial, ...]
    answered: int


class Store:
    """The participants and votes of one study. Several threads may use it."""

    def __init__(self, study: Study, url: str | None = None) -> None:
        """Connect, and make the tables where they are not there yet.

        ``url``: such as ``postgresql://user:password@host/database``; None is ``study.db`` in the study's folder. Raises
        StudyError where the database cannot be used.
        """
        self._study = study
        with _named():
            target = sql.make_url(url or f"sqlite:///{(study.folder / 'study.db').resolve()}")
            if target.drivername in ("postgresql", "postgres"):
                target = target.set(drivername="postgresql+psycopg")
            self.url = target.render_as_string(hide_password=True)
            self._engine = sql.create_engine(target, pool_pre_ping=target.get_backend_name() != "sqlite")
            if self._engine.dialect.name == "sqlite":
                sql.event.listen(self._engine, "connect", _prepare_sqlite)
            _TABLES.create_all(self._engine)

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()

    def enrol(self) -> str:
        """Take in a new participant, with all trials; returns the random id."""
        while True:
            id_ = secrets.token_urlsafe(16)
            mine = _PARTICIPANTS.c.study == self._study.id
            try:
                with _named(), self._engine.begin() as connection:
                    highest = connection.execute(sql.select(sql.func.max(_PARTICIPANTS.c.number)).where(mine)).scalar()
                    number = 0 if highest is None else highest + 1
                    day = datetime.datetime.now(datetime.timezone.utc).date()
                    row = {"id": id_, "study": self._study.id, "number": number, "day": day}
                    connection.execute(_PARTICIPANTS.insert(), row)
                    dealt = [{"participant": id_, **asdict(trial)} for trial in deal(self._study, number)]
                    connection.execute(_TRIALS.insert(), dealt)
                return id_
            except IntegrityError:  # another one took that number at the same moment
                continue

    def progress(self, participant: str) -> Progress | None:
        """How far a participant is; None for an unknown id."""
        known = sql.and_(_PARTICIPANTS.c.id == participant, _PARTICIPANTS.c.study == self._study.id)
        with _named(), self._engine.connect() as connection:
            if connection.execute(sql.select(_PARTICIPANTS.c.id).where(known)).first() is None:
                return None
            rows = connection.execute(
                sql.select(*_TRIAL).where(_TRIALS.c.participant == participant).order_by(_TRIALS.c.position)
            ).all()
            count = sql.select(sql.func.count()).select_from(_VOTES).where(_VOTES.c.participant == participant)
            return Progress(tuple(Trial(*row) for row in rows), connection.execute(count).scalar_one())

    def vote(self, participant: str, position: int, choice: str, milliseconds: int) -> bool:
        """Keep an answer; when this returns, it is committed. False: there was one already, and that one stays."""
        row = {"participant": participant, "position": position, "choice": choice, "milliseconds": milliseconds}
        try:
            with _named(), self._engine.begin() as connection:
                connection.execute(_VOTES.insert(), row)
        except IntegrityError:
            return False
        return True

    def participants(self) -> list[tuple[str, int, datetime.date]]:
        """Id, number and day of everyone who agreed to take part, by number."""
        columns = _PARTICIPANTS.c.id, _PARTICIPANTS.c.number, _PARTICIPANTS.c.day
        chosen = sql.select(*columns).where(_PARTICIPANTS.c.study == self._study.id).order_by(_PARTICIPANTS.c.number)
        with _named(), self._engine.connect() as connection:
            return [(id_, number, day) for id_, number, day in connection.execute(chosen)]

    def votes(self) -> list[Vote]:
        """Every vote, by participant and position."""
        same = sql.and_(_VOTES.c.participant == _TRIALS.c.participant, _VOTES.c.position == _TRIALS.c.position)
        whose = _PARTICIPANTS.c.id, _PARTICIPANTS.c.number, _PARTICIPANTS.c.day
        chosen = (
            sql.select(*whose, _VOTES.c.choice, _VOTES.c.milliseconds, *_TRIAL)
            .join(_TRIALS, _TRIALS.c.participant == _PARTICIPANTS.c.id)
            .join(_VOTES, same)
            .where(_PARTICIPANTS.c.study == self._study.id)
            .order_by(_PARTICIPANTS.c.number, _VOTES.c.position)
        )
        with _named(), self._engine.connect() as connection:
            return [
                Vote(id_, number, day, choice, milliseconds, Trial(*trial))
                for id_, number, day, choice, milliseconds, *trial in connection.execute(chosen)
            ]


def _prepare_sqlite(connection: Any, _: Any) -> None:
    """Every commit reaches the disk; readers do not block writers; a vote needs its trial."""
    cursor = connection.cursor()
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "busy_timeout = 10000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


@contextmanager
def _named() -> Iterator[None]:
    """Name what the database answers, without the password in its URL."""
    try:
        yield
    except IntegrityError:
        raise
    except (ArgumentError, NoSuchModuleError, ImportError) as error:
        raise StudyError(f"--database is no URL of a database that can be used ({error})") from error
    except SQLAlchemyError as error:
        reason = " ".join(str(getattr(error, "orig", None) or error).split())
        raise StudyError(f"the study's database cannot be used: {reason}") from error

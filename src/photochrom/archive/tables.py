"""The manifest's tables, and the way to the database that holds them: a SQLite file, or PostgreSQL by its URL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from photochrom.errors import ManifestError, MissingExtraError

try:
    import sqlalchemy as sql
    from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
except ImportError as error:
    raise MissingExtraError("batch", "photochrom batch") from error

__all__ = [
    "ABOUT",
    "DRIVERS",
    "FORMAT",
    "LOOKS",
    "ORIGINS",
    "PICTURES",
    "WORKS",
    "clock",
    "connect",
    "named",
    "writing",
]

#: The version of the tables. A manifest with another one is refused, not guessed at.
FORMAT = 1
#: Seconds that a writer waits for another one.
_PATIENCE = 60
_BIG = sql.BigInteger().with_variant(sql.Integer, "sqlite")  # SQLite numbers rows in INTEGER only

_TABLES = sql.MetaData()
ABOUT = sql.Table(
    "about", _TABLES, sql.Column("key", sql.String(40), primary_key=True), sql.Column("value", sql.Text, nullable=False)
)
#: Where pictures come from: an address that a picture's path is put behind, "" for a list of whole addresses.
ORIGINS = sql.Table(
    "origins", _TABLES, sql.Column("id", sql.Integer, primary_key=True), sql.Column("uri", sql.Text, unique=True)
)
#: Options that single pictures have of their own.
LOOKS = sql.Table(
    "looks",
    _TABLES,
    sql.Column("id", sql.Integer, primary_key=True),
    sql.Column("sha256", sql.String(64), unique=True),
    sql.Column("options", sql.Text, nullable=False),
)
#: With what results were made: model, settings, version.
WORKS = sql.Table(
    "works",
    _TABLES,
    sql.Column("id", sql.Integer, primary_key=True),
    sql.Column("sha256", sql.String(64), unique=True),
    sql.Column("model", sql.Text, nullable=False),
    sql.Column("model_sha256", sql.String(64), nullable=False),
    sql.Column("settings", sql.Text, nullable=False),
    sql.Column("version", sql.String(40), nullable=False),
)
#: The runs, which hold leases: a claimed row is its driver's as long as ``seen`` is recent.
DRIVERS = sql.Table(
    "drivers",
    _TABLES,
    sql.Column("id", sql.Integer, primary_key=True),
    sql.Column("host", sql.Text, nullable=False),
    sql.Column("pid", sql.Integer, nullable=False),
    sql.Column("started", sql.Float, nullable=False),
    sql.Column("seen", sql.Float, nullable=False),
    sql.Column("ended", sql.Boolean, nullable=False),
    sql.Column("workers", sql.Text),
    sql.Column("pictures", sql.Integer, nullable=False, server_default="0"),
    sql.Column("seconds", sql.Float, nullable=False, server_default="0"),
)
#: One row for each picture. ``path``: below its origin; NULL where it is the same as ``name``, the output below the
#: destination. ``folded``: the name as a disk that is blind to case sees it, NULL where that is the same.
PICTURES = sql.Table(
    "pictures",
    _TABLES,
    sql.Column("id", _BIG, primary_key=True),
    sql.Column("origin", sql.ForeignKey("origins.id"), nullable=False),
    sql.Column("path", sql.Text),
    sql.Column("name", sql.Text, nullable=False),
    sql.Column("folded", sql.Text),
    sql.Column("size", sql.BigInteger),
    sql.Column("look", sql.ForeignKey("looks.id")),
    sql.Column("state", sql.SmallInteger, nullable=False),
    sql.Column("driver", sql.Integer),
    sql.Column("tries", sql.SmallInteger, nullable=False, server_default="0"),
    sql.Column("kills", sql.SmallInteger, nullable=False, server_default="0"),
    sql.Column("error", sql.String(40)),
    sql.Column("sentence", sql.Text),
    sql.Column("seconds", sql.Float),
    sql.Column("finished", sql.Float),
    sql.Column("machine", sql.Text),
    sql.Column("work", sql.ForeignKey("works.id")),
    sql.Column("worn", sql.Integer),  # the look that it was coloured with; ``look`` may have changed since
    sql.Column("input_sha256", sql.String(64)),
    sql.Column("output_sha256", sql.String(64)),
    sql.Column("output_size", sql.BigInteger),
    sql.Column("width", sql.Integer),
    sql.Column("height", sql.Integer),
    sql.Column("tint", sql.String(8)),
    sql.Column("confidence", sql.Float),
    sql.Column("chroma", sql.Float),  # mean, in ab units
    sql.Column("strongest", sql.Float),  # 99th percentile of chroma
    sql.Column("skin", sql.Float),  # share of the picture in colours of skin
    sql.Column("notices", sql.Text),  # JSON list of sentences
    sql.Column("phash", sql.BigInteger),
    sql.Column("leader", sql.BigInteger),
)
sql.Index("one_writer", sql.func.coalesce(PICTURES.c.folded, PICTURES.c.name), unique=True)
# SQLite's indices end with the row's number anyway.
sql.Index("by_state", PICTURES.c.state).ddl_if(dialect="sqlite")
sql.Index("by_state_and_id", PICTURES.c.state, PICTURES.c.id).ddl_if(dialect="postgresql")


def connect(url: str, *, create: bool) -> sql.Engine:
    """The database at ``url``, a SQLAlchemy URL or the path of a SQLite file, with all tables.

    create: make it where there is none. Raises ManifestError.
    """
    with named(url):
        # A path may hold a question mark, which would end it in a URL.
        target = sql.make_url(url) if "://" in url else sql.URL.create("sqlite", database=str(Path(url).resolve()))
        if target.drivername in ("postgresql", "postgres"):
            target = target.set(drivername="postgresql+psycopg")
        lite = target.get_backend_name() == "sqlite"
        if lite and not create and target.database and not Path(target.database).is_file():
            raise ManifestError("there is no manifest; `photochrom batch SOURCE -o DEST` makes one", target.database)
        if lite and target.database and Path(target.database).is_dir():
            raise ManifestError("is a folder; name a file in it as the manifest", target.database)
        if lite and create and target.database:
            Path(target.database).parent.mkdir(parents=True, exist_ok=True)
        engine = sql.create_engine(target, pool_pre_ping=not lite)
        if lite:
            sql.event.listen(engine, "connect", _prepare_sqlite)
            sql.event.listen(engine, "begin", _begin_sqlite)
        with writing(engine) as connection:
            there = sql.inspect(connection).has_table("about")
            if not there and not create:
                raise ManifestError("is a database without a manifest of photochrom batch", _shown(url))
            _TABLES.create_all(connection)
            if not there:
                connection.execute(ABOUT.insert(), {"key": "format", "value": str(FORMAT)})
            found = connection.execute(sql.select(ABOUT.c.value).where(ABOUT.c.key == "format")).scalar()
        if found != str(FORMAT):
            raise ManifestError(
                f"is a manifest of version {found}, and this Photochrom knows {FORMAT}; use the Photochrom that made it, or "
                "give another --manifest: outputs that are right already are recognised by their bytes",
                _shown(url),
            )
        return engine


@contextmanager
def writing(engine: sql.Engine) -> Iterator[sql.Connection]:
    """A transaction that may write, committed at the end."""
    with engine.connect().execution_options(photochrom_writes=True) as connection, connection.begin():
        yield connection


def clock(connection: sql.Connection) -> float:
    """The database's time in seconds since 1970: one clock for all drivers."""
    text = (
        "SELECT (julianday('now') - 2440587.5) * 86400.0"
        if connection.dialect.name == "sqlite"
        else "SELECT EXTRACT(EPOCH FROM clock_timestamp())"
    )
    return float(connection.exec_driver_sql(text).scalar_one())


@contextmanager
def named(url: str) -> Iterator[None]:
    """Name what the database answers, without the password in its URL."""
    try:
        yield
    except (ArgumentError, NoSuchModuleError, ImportError) as error:
        raise ManifestError(f"--manifest is no file and no URL of a database that can be used ({error})") from error
    except SQLAlchemyError as error:
        reason = " ".join(str(getattr(error, "orig", None) or error).split())
        advice = ""
        if any(word in reason for word in ("malformed", "not a database", "no such column")):
            advice = (
                "; it is damaged. Put it aside and run the same command again: outputs that are right already are "
                "recognised by their bytes, and nothing is overwritten"
            )
        if any(word in reason for word in ("readonly", "unable to open")):
            advice = "; are there rights to read and write it and its folder?"
        raise ManifestError(f"the manifest cannot be used: {reason}{advice}", _shown(url)) from error
    except OSError as error:
        raise ManifestError(f"the manifest cannot be made ({error.strerror})", _shown(url)) from error


def _shown(url: str) -> str:
    return sql.make_url(url).render_as_string(hide_password=True) if "://" in url else url


def _prepare_sqlite(connection: Any, _: Any) -> None:
    """Every commit reaches the disk; readers do not block writers; transactions begin where we say so."""
    connection.isolation_level = None
    cursor = connection.cursor()
    pragmas = ("journal_mode = WAL", "synchronous = FULL", f"busy_timeout = {_PATIENCE * 1000}", "cache_size = -65536")
    for pragma in pragmas:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: sql.Connection) -> None:
    writes = connection.get_execution_options().get("photochrom_writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

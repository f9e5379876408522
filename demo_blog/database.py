"""The database: the declarative base, the session and the migrations."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from flask import Flask
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import DateTime, Dialect, Engine, MetaData, event
from sqlalchemy.exc import ArgumentError, DatabaseError
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator

from demo_blog.site import SettingError

MIGRATIONS = Path(__file__).parent / "migrations"

FILE_NAME = "journal.sqlite3"
"""The SQLite file in the instance folder, unless another database is configured."""


class Base(DeclarativeBase):
    """The base class of every model."""

    # Constraints have names, so that a later migration can drop them.
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


def is_compared(name: str | None, kind: str, _parents: object = None) -> bool:
    """Whether Alembic compares this table with the models. The tables of the search index have no models."""
    return kind != "table" or not str(name).startswith("post_search")


class UtcDateTime(TypeDecorator[datetime]):
    """A timezone-aware ``datetime`` in UTC, also on databases that store no time zone (SQLite)."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Convert to UTC and drop the time zone. Raises ``ValueError`` for a time without a time zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone; use datetime.now(UTC)")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Add the time zone UTC."""
        return None if value is None else value.replace(tzinfo=UTC)


db = SQLAlchemy(metadata=Base.metadata)
migrate = Migrate(directory=str(MIGRATIONS))


def init_app(app: Flask) -> None:
    """Set up the session and the ``flask db`` commands for ``app``.

    On a database server, the guard's judge stores its data there, too.
    """
    url = _with_driver(app.config["SQLALCHEMY_DATABASE_URI"])
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    if not url.startswith("sqlite"):
        app.config.setdefault("CAPTCHA_GUARD_DATABASE_URI", url)
    try:
        db.init_app(app)
    except (ArgumentError, ModuleNotFoundError) as error:
        missing = (
            f"the package {error.name} isn't installed" if isinstance(error, ModuleNotFoundError) else "it isn't one"
        )
        raise SettingError(
            f"DATABASE_URL can't be used as the address of a database: {missing}. Write it like "
            "postgresql://user:password@host/name, or leave it out for a SQLite file in the instance folder"
        ) from None
    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            _prepare_sqlite(db.engine)
        if db.engine.dialect.name == "postgresql":
            _replace_nul(db.engine)
    migrate.init_app(app, db)


def cannot_be_opened(error: DatabaseError) -> str:
    """Return the message for a database that can't be reached or read, in one line. Its password isn't shown."""
    place = db.engine.url.set(query={}).render_as_string(hide_password=True)
    reason = " ".join(str(error.orig).split()).rstrip(".?")
    if "not a database" in reason or "malformed" in reason:
        advice = "Restore the file from a backup, or move it away to begin with a new one"
    elif "locked" in reason:
        advice = "Another process is writing. Try again, or end that process"
    else:
        advice = "Check DATABASE_URL, and whether the database can be reached"
    return f"the database {place} can't be used: {reason}. {advice}"


def _with_driver(url: str) -> str:
    """Return a PostgreSQL URL with the name of our driver. Providers write ``postgres://`` or ``postgresql://``."""
    scheme, separator, rest = url.partition("://")
    return f"postgresql+psycopg{separator}{rest}" if scheme in {"postgres", "postgresql"} else url


def _replace_nul(engine: Engine) -> None:
    """Replace the character NUL, which PostgreSQL refuses, with U+FFFD. Visitors can put it into every address."""

    @event.listens_for(engine, "before_cursor_execute", retval=True)
    def execute(
        _connection: object, _cursor: object, statement: str, parameters: object, _context: object, _many: object
    ) -> tuple[str, object]:
        return statement, _without_nul(parameters)


def _without_nul(parameters: object) -> object:
    if isinstance(parameters, str):
        return parameters.replace("\0", "\ufffd")
    if isinstance(parameters, Mapping):
        return {name: _without_nul(value) for name, value in parameters.items()}
    if isinstance(parameters, list | tuple):
        return type(parameters)(map(_without_nul, parameters))
    return parameters


def _prepare_sqlite(engine: Engine) -> None:
    """Let readers and a writer work at the same time (WAL), and check foreign keys."""

    @event.listens_for(engine, "connect")
    def connect(connection: sqlite3.Connection, _record: object) -> None:
        for pragma in ("journal_mode = WAL", "foreign_keys = ON", "busy_timeout = 10000"):
            connection.execute(f"PRAGMA {pragma}")

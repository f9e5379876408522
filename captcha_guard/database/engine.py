"""Where the filter's tables lie: one SQLite file, or any database of SQLAlchemy's; the statements are the same."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from ..config.validators import without_password
from ..errors import ConfigError, LearningUnavailableError
from .connections import Connections

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine, MetaData, TextClause

Row = tuple[Any, ...]

_MARK: Final = re.compile(r":(\w+)")
_SCHEMA: Final = (
    "CREATE TABLE IF NOT EXISTS learning_model (id INTEGER PRIMARY KEY, version INTEGER NOT NULL, "
    "revision INTEGER NOT NULL, ham INTEGER NOT NULL, spam INTEGER NOT NULL, tokens INTEGER NOT NULL, "
    "decisions INTEGER NOT NULL)",
    "CREATE TABLE IF NOT EXISTS learning_tokens (id INTEGER PRIMARY KEY, token TEXT NOT NULL UNIQUE, "
    "weight REAL NOT NULL, squares REAL NOT NULL, ham INTEGER NOT NULL, spam INTEGER NOT NULL)",
    "CREATE TABLE IF NOT EXISTS learning_decisions (id INTEGER PRIMARY KEY, name INTEGER NOT NULL UNIQUE, "
    "spam INTEGER NOT NULL, rules INTEGER NOT NULL, tokens BLOB NOT NULL)",
    "CREATE INDEX IF NOT EXISTS learning_decisions_by_label ON learning_decisions (spam, id)",
    "INSERT INTO learning_model VALUES (1, 0, 0, 0, 0, 0, 0) ON CONFLICT (id) DO NOTHING",
)


class Access(Protocol):
    """One transaction, or one look without a lock."""

    def rows(self, statement: str, values: Row) -> Sequence[Row]:
        """Run one statement; ``values`` stand in the order of its ``:marks``. Returns what it selects."""

    def change(self, statement: str, rows: Sequence[Row]) -> None:
        """Run one statement that writes, once for each row of values."""


class Database(Protocol):
    """Lends access to the three tables; they are made where they are missing.

    Both ways raise :exc:`~captcha_guard.errors.LearningUnavailableError` when the database can't be used.
    """

    def reading(self) -> AbstractContextManager[Access]:
        """Lend access for reading."""

    def writing(self) -> AbstractContextManager[Access]:
        """Lend access in one transaction: the end commits, an exception rolls back."""

    def close(self) -> None:
        """Let go of what the calling thread holds open."""


def open_database(uri: str, *, timeout: float = 1.0) -> Database:
    """Return the database of ``uri``: ``sqlite:///`` and a path, else what SQLAlchemy makes of it; nothing is opened.

    :param timeout: seconds to wait for another writer of a SQLite file.
    :raises ConfigError: SQLAlchemy is needed and missing, or can't read the URI.
    """
    scheme, _, path = uri.partition(":///")
    if scheme == "sqlite" and path and path != ":memory:" and "?" not in path:
        return SQLiteDatabase(Path(path), timeout=timeout)
    return AlchemyDatabase(uri)


class SQLiteDatabase:
    """The tables in one file, which any number of threads and processes of one host share."""

    def __init__(self, path: Path, *, timeout: float = 1.0) -> None:
        self._connections = Connections(path, schema=_SCHEMA, timeout=timeout)

    @contextmanager
    def reading(self) -> Iterator[Access]:
        """Lend the thread's connection."""
        with _told(sqlite3.Error), self._connections.reading() as connection:
            yield _SQLiteAccess(connection)

    @contextmanager
    def writing(self) -> Iterator[Access]:
        """Lend the thread's connection with the file's write lock."""
        with _told(sqlite3.Error), self._connections.writing() as connection:
            yield _SQLiteAccess(connection)

    def close(self) -> None:
        """Close the calling thread's connection."""
        self._connections.close()


class _SQLiteAccess:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def rows(self, statement: str, values: Row) -> Sequence[Row]:
        return self._connection.execute(_in_order(statement), values).fetchall()

    def change(self, statement: str, rows: Sequence[Row]) -> None:
        self._connection.executemany(_in_order(statement), rows)


class AlchemyDatabase:
    """The tables wherever SQLAlchemy can keep them (an extra: ``pip install sqlalchemy``).

    :raises ConfigError: SQLAlchemy is missing, or can't read the URI.
    """

    def __init__(self, uri: str) -> None:
        try:
            from sqlalchemy import create_engine  # noqa: PLC0415 (an extra)
            from sqlalchemy.exc import ArgumentError, NoSuchModuleError  # noqa: PLC0415 (the same)
        except ImportError as error:
            raise ConfigError(
                f"{without_password(uri)!r} needs SQLAlchemy, which isn't installed: pip install sqlalchemy"
            ) from error
        try:
            self._engine: Engine = create_engine(uri, pool_pre_ping=True)
        except (ArgumentError, NoSuchModuleError, ImportError) as error:
            said = str(error).replace(uri, without_password(uri))
            raise ConfigError(f"{without_password(uri)!r} is no database that SQLAlchemy can open: {said}") from None
        self._process = 0  # whose the pool is, once the tables are made

    @cached_property
    def _errors(self) -> type[Exception]:
        from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415 (an extra)

        return SQLAlchemyError

    @contextmanager
    def reading(self) -> Iterator[Access]:
        """Lend one connection of the pool."""
        with _told(self._errors):
            self._make()
            with self._engine.connect() as connection:
                yield _AlchemyAccess(connection)

    @contextmanager
    def writing(self) -> Iterator[Access]:
        """Lend one connection of the pool in a transaction."""
        with _told(self._errors):
            self._make()
            with self._engine.begin() as connection:
                yield _AlchemyAccess(connection)

    def close(self) -> None:
        """Close the pool; its next use opens it again."""
        self._engine.dispose()

    def _make(self) -> None:
        if self._process == os.getpid():
            return
        if self._process:  # a fork must not talk through its parent's connections
            self._engine.dispose(close=False)
        from sqlalchemy import text  # noqa: PLC0415 (an extra)
        from sqlalchemy.exc import IntegrityError, OperationalError, ProgrammingError  # noqa: PLC0415 (the same)

        for left in reversed(range(len(_SCHEMA))):
            try:
                _alchemy_tables().create_all(self._engine)
                break
            except (OperationalError, ProgrammingError):  # several begin at once: another has made the next table
                if not left:
                    raise
        try:
            with self._engine.begin() as connection:
                if not connection.execute(text("SELECT id FROM learning_model WHERE id = 1")).all():
                    connection.execute(text("INSERT INTO learning_model VALUES (1, 0, 0, 0, 0, 0, 0)"))
        except IntegrityError:  # the same
            pass
        self._process = os.getpid()


class _AlchemyAccess:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def rows(self, statement: str, values: Row) -> Sequence[Row]:
        clause, marks = _clause(statement)
        return [tuple(row) for row in self._connection.execute(clause, dict(zip(marks, values, strict=True)))]

    def change(self, statement: str, rows: Sequence[Row]) -> None:
        clause, marks = _clause(statement)
        if rows:
            self._connection.execute(clause, [dict(zip(marks, values, strict=True)) for values in rows])


@lru_cache(maxsize=128)
def _in_order(statement: str) -> str:
    """Return the statement as SQLite reads it soonest, its marks without names."""
    return _MARK.sub("?", statement)


@lru_cache(maxsize=128)
def _clause(statement: str) -> tuple[TextClause, list[str]]:
    from sqlalchemy import text  # noqa: PLC0415 (an extra)

    return text(statement), _MARK.findall(statement)


def _alchemy_tables() -> MetaData:
    from sqlalchemy import (  # noqa: PLC0415 (an extra)
        BigInteger,
        Column,
        Double,
        Index,
        Integer,
        LargeBinary,
        MetaData,
        SmallInteger,
        String,
        Table,
    )
    from sqlalchemy.dialects.mysql import VARCHAR  # noqa: PLC0415 (the same)

    tables = MetaData()
    exact = String(64).with_variant(VARCHAR(64, collation="utf8mb4_bin"), "mysql", "mariadb")  # else "é" would be "e"
    whole = BigInteger().with_variant(Integer, "sqlite")

    def number(name: str) -> Column[int]:
        return Column(name, Integer, nullable=False)

    def key() -> Column[int]:
        return Column("id", whole, primary_key=True, autoincrement=False)

    counts = ("version", "revision", "ham", "spam", "tokens", "decisions")
    Table("learning_model", tables, key(), *map(number, counts))
    Table(
        "learning_tokens",
        tables,
        key(),
        Column("token", exact, nullable=False, unique=True),
        Column("weight", Double, nullable=False),
        Column("squares", Double, nullable=False),
        number("ham"),
        number("spam"),
    )
    decisions = Table(
        "learning_decisions",
        tables,
        key(),
        Column("name", whole, nullable=False, unique=True),
        Column("spam", SmallInteger, nullable=False),
        Column("rules", SmallInteger, nullable=False),
        Column("tokens", LargeBinary, nullable=False),
    )
    Index("learning_decisions_by_label", decisions.c.spam, decisions.c.id)
    return tables


@contextmanager
def _told(errors: type[Exception]) -> Iterator[None]:
    try:
        yield
    except errors as error:
        raise LearningUnavailableError(f"What the filter learned can't be used: {error}") from error

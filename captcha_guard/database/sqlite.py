"""The judge's database in one SQLite file of one host."""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar, Final

from ..errors import DatabaseUnavailableError
from .connections import Connections
from .database import Access, Database
from .table import Row, Table, sqlite_schema

_MARK: Final = re.compile(r":(\w+)")
_ROW: Final = re.compile(r"([^?]*VALUES )(\([^()]*\))([^?]*)")
#: Rows that one statement writes; it has so many marks that SQLite takes them.
_AT_ONCE: Final = 64
#: What is deleted is overwritten: it was someone's address.
_OVERWRITE: Final = "PRAGMA secure_delete = ON"


class SQLiteDatabase(Database):
    """The tables in one file, which any number of threads and processes share.

    The file is made when there is something to keep.

    :param timeout: seconds to wait for another writer.
    :param clock: monotonic seconds.
    """

    _faults: ClassVar[tuple[type[Exception], ...]] = (sqlite3.Error,)

    def __init__(self, path: Path, *, timeout: float = 1.0, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(str(path), clock=clock)
        self.path = path
        self._connections = Connections(path, schema=(_OVERWRITE,), timeout=timeout)

    @property
    def is_missing(self) -> bool:
        """Whether there is no file. If the folder can't be read, the file counts as present, and using it fails."""
        if self._connections.are_open:
            return False
        try:
            self._begin()  # which may fill it
            self.path.stat()
        except DatabaseUnavailableError:
            return False
        except OSError as error:
            return isinstance(error, FileNotFoundError)
        return False

    def keep(self, *tables: Table) -> None:
        """Have these tables made when the file is used next."""
        self._connections.add(tuple(sqlite_schema(tables)))

    def drop(self, *names: str) -> None:
        """Have the tables with these names deleted when the file is used next."""
        absent = "SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM sqlite_master WHERE name = '{}')"
        self._connections.add([(absent.format(name), f"DROP TABLE IF EXISTS {name}") for name in names])

    def close(self) -> None:
        """Close the calling thread's connection."""
        self._connections.close()

    def _reading(self) -> AbstractContextManager[Access]:
        return _Accessing(self._connections.reading())

    def _writing(self) -> AbstractContextManager[Access]:
        return _Accessing(self._connections.writing())


class SQLiteAccess:
    """A connection, for one transaction or for reading."""

    __slots__ = ("connection",)

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def rows(self, statement: str, values: Sequence[object] = ()) -> Sequence[Row]:
        """Run a statement that reads."""
        return self.connection.execute(_in_order(statement), values).fetchall()

    def run(self, statement: str, values: Sequence[object] = ()) -> int:
        """Run a statement that writes."""
        return self.connection.execute(_in_order(statement), values).rowcount

    def change(self, statement: str, rows: Sequence[Sequence[object]]) -> None:
        """Run a statement that writes, for each row of values; few new rows are written at once."""
        several = _for_several(statement, len(rows)) if 0 < len(rows) <= _AT_ONCE else ""
        if several:
            self.connection.execute(several, [value for row in rows for value in row])
        else:
            self.connection.executemany(_in_order(statement), rows)


class _Accessing:
    """A context of ``Connections`` that gives a ``SQLiteAccess``."""

    __slots__ = ("_context",)

    def __init__(self, context: AbstractContextManager[sqlite3.Connection]) -> None:
        self._context = context

    def __enter__(self) -> SQLiteAccess:
        return SQLiteAccess(self._context.__enter__())

    def __exit__(self, *error: Any) -> None:
        self._context.__exit__(*error)


@lru_cache(maxsize=256)
def _for_several(statement: str, rows: int) -> str:
    """Return the statement with as many rows of values, "" if it has none, or more values besides."""
    found = _ROW.fullmatch(_in_order(statement))
    return f"{found[1]}{', '.join([found[2]] * rows)}{found[3]}" if found else ""


@lru_cache(maxsize=256)
def _in_order(statement: str) -> str:
    """Return the statement as SQLite reads it soonest, its marks without names."""
    return _MARK.sub("?", statement)

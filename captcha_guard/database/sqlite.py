"""The judge's database in a SQLite file."""

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

_PLACEHOLDER: Final = re.compile(r":(\w+)")
_ROW: Final = re.compile(r"([^?]*VALUES )(\([^()]*\))([^?]*)")
#: The most rows that one statement writes. SQLite limits the number of placeholders.
_AT_ONCE: Final = 64
#: SQLite overwrites deleted rows, because they may contain addresses.
_OVERWRITE: Final = "PRAGMA secure_delete = ON"


class SQLiteDatabase(Database):
    """A SQLite file that any number of threads and processes share. The file is created with the first row.

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
            self._prepare()  # may create it
            self.path.stat()
        except DatabaseUnavailableError:
            return False
        except OSError as error:
            return isinstance(error, FileNotFoundError)
        return False

    def add_tables(self, *tables: Table) -> None:
        """Create these tables at the next use, where they are missing."""
        self._connections.add(tuple(sqlite_schema(tables)))

    def drop_tables(self, *names: str) -> None:
        """Delete the tables with these names at the next use."""
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
        """Run a statement that writes, once for each row of values. Up to 64 new rows are written by one statement."""
        several = _for_several(statement, len(rows)) if 0 < len(rows) <= _AT_ONCE else ""
        if several:
            self.connection.execute(several, [value for row in rows for value in row])
        else:
            self.connection.executemany(_in_order(statement), rows)


class _Accessing:
    """A context of ``Connections`` that returns a ``SQLiteAccess``."""

    __slots__ = ("_context",)

    def __init__(self, context: AbstractContextManager[sqlite3.Connection]) -> None:
        self._context = context

    def __enter__(self) -> SQLiteAccess:
        return SQLiteAccess(self._context.__enter__())

    def __exit__(self, *error: Any) -> None:
        self._context.__exit__(*error)


@lru_cache(maxsize=256)
def _for_several(statement: str, rows: int) -> str:
    """Return the statement for this number of rows, "" if it isn't an INSERT or has placeholders elsewhere, too."""
    found = _ROW.fullmatch(_in_order(statement))
    return f"{found[1]}{', '.join([found[2]] * rows)}{found[3]}" if found else ""


@lru_cache(maxsize=256)
def _in_order(statement: str) -> str:
    """Return the statement with placeholders without names, which SQLite reads faster."""
    return _PLACEHOLDER.sub("?", statement)

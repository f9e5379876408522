"""A SQLite file in which the judge keeps something, and for which no request ever fails."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from ..errors import StoreUnavailableError
from ..health import Health
from .connections import Connections

Row = tuple[Any, ...]

_Said = TypeVar("_Said")


class SQLiteFile:
    """Tables in one file, which any number of threads and processes share; it is made when there is something to keep.

    A file that can't be used is left alone for a while after two faults, so that a locked one does not cost its timeout
    on every request; its log has one line when that begins and one when it ends.

    :param schema: statements that lay the tables, each harmless when repeated.
    :param timeout: seconds to wait for another writer.
    :param health: of the file, where others keep something there as well.
    """

    def __init__(
        self, path: Path, *, schema: Sequence[str], timeout: float = 1.0, health: Health | None = None
    ) -> None:
        self.path = path
        self._connections = Connections(path, schema=schema, timeout=timeout)
        self._health = health or health_of_file()

    @property
    def is_missing(self) -> bool:
        """Whether nothing was kept yet; a file that can't be looked for may be there, and fails when it is used."""
        try:
            self.path.stat()
        except OSError as error:
            return isinstance(error, FileNotFoundError)
        return False

    def rows(self, query: str, values: Sequence[object], *, insist: bool = False) -> list[Row] | None:
        """Return what a query finds, nothing while there is no file; ``None`` where it can't be used.

        :param insist: ask even while the file is left alone, where somebody waits for nothing but this answer.
        """
        if self.is_missing:
            return []

        def read() -> list[Row]:
            with self._connections.reading() as connection:
                return connection.execute(query, values).fetchall()

        try:
            return self._health.read(read, insist=insist)
        except StoreUnavailableError:
            return None

    def change(self, act: Callable[[sqlite3.Connection], _Said], *, insist: bool = False) -> _Said | None:
        """Return what ``act`` does in one transaction; ``None``, and nothing is done, where the file can't be used.

        :param insist: as :meth:`rows`.
        """

        def write() -> _Said:
            with self._connections.writing() as connection:
                return act(connection)

        try:
            return self._health.write(write, insist=insist)
        except StoreUnavailableError:
            return None

    def close(self) -> None:
        """Close the calling thread's connection; the next use opens a new one."""
        self._connections.close()


def health_of_file() -> Health:
    """Return what watches over such a file."""
    meanwhile = "nobody is known, and what is stored can't be taught by its id"
    return Health((sqlite3.Error,), name="The file of what the judge remembers", meanwhile=meanwhile)

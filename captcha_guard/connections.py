"""SQLite connections, one per process and thread, to one file that many processes write."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
import weakref
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_WAL_BYTES = 4 * 1024 * 1024
_POLL = 0.005  # seconds SQLite waits by itself, in steps of 1 and 2 ms

_inherited: list[sqlite3.Connection] = []


class Connections:
    """Lends each thread of each process its own connection; forks and spawned processes open theirs.

    :param path: the file; it and its folder are made on first use, the file for its owner alone (0600).
    :param schema: statements that lay the tables, each harmless when repeated.
    :param timeout: seconds to wait for another writer before ``sqlite3.OperationalError`` is raised.
    """

    def __init__(self, path: Path, *, schema: Sequence[str], timeout: float) -> None:
        self._path = path
        self._schema = schema
        self._timeout = timeout
        self._local = threading.local()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection; one that fails is closed, so that a mended file is opened afresh.

        :raises sqlite3.Error: the file can't be opened, made or used.
        """
        try:
            yield self._own().connection
        except sqlite3.Error:
            self.close()
            raise

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection that has the write lock; the end commits, an exception rolls back.

        :raises sqlite3.Error: as :meth:`reading`, or another writer did not let go in time.
        """
        with self.reading() as connection:
            self._patiently(connection, "BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.rollback()
                raise
            connection.execute("COMMIT")

    def atomically(self, statement: str, parameters: Sequence[object]) -> list[tuple[Any, ...]]:
        """Run one statement that writes, on its own; returns its rows.

        :raises sqlite3.Error: as :meth:`writing`.
        """
        with self.reading() as connection:
            return self._patiently(connection, statement, parameters)

    def close(self) -> None:
        """Close the calling thread's connection; its next use opens a new one."""
        lease: _Lease | None = self._local.__dict__.pop("lease", None)
        if lease is not None:
            lease.close()

    def _own(self) -> _Lease:
        lease: _Lease | None = getattr(self._local, "lease", None)
        if lease is None or lease.process != os.getpid():
            lease = self._local.lease = _Lease(self._open())
        return lease

    def _open(self) -> sqlite3.Connection:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            _create(self._path)
        except OSError as error:
            raise sqlite3.OperationalError(f"unable to open {self._path}: {error.strerror}") from error
        connection = sqlite3.connect(self._path, timeout=_POLL, isolation_level=None, check_same_thread=False)
        try:
            self._prepare(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        self._patiently(connection, "PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(f"PRAGMA journal_size_limit = {_WAL_BYTES}")
        for statement in self._schema:
            self._patiently(connection, statement)

    def _patiently(
        self, connection: sqlite3.Connection, statement: str, parameters: Sequence[object] = ()
    ) -> list[tuple[Any, ...]]:
        """Try again while another connection has the lock.

        SQLite's own waits grow to 0.1 s and so starve who has waited longest; and it waits not at all when several
        processes switch a new file to WAL.
        """
        patience = time.monotonic() + self._timeout
        while True:
            try:
                return connection.execute(statement, parameters).fetchall()
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > patience:
                    raise


class _Lease:
    """One connection in one process, closed when its thread ends."""

    __slots__ = ("__weakref__", "close", "connection", "process")

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self.process = os.getpid()
        self.close = weakref.finalize(self, _close, connection, self.process)


def _close(connection: sqlite3.Connection, process: int) -> None:
    if process == os.getpid():
        connection.close()
    else:  # Closing a parent's connection in a fork could drop the parent's locks: keep it, untouched.
        _inherited.append(connection)


def _create(path: Path) -> None:
    """Make the file, for its owner alone, without opening it: to close it would drop the locks SQLite has on it."""
    try:
        os.mknod(path, 0o600)
    except FileExistsError:
        pass
    except (AttributeError, PermissionError):  # not every system lets everyone make a file this way
        path.touch(mode=0o600)

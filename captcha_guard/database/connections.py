"""SQLite connections, one per file, process and thread, to files that many processes write."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
import weakref
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from . import corruption
from .checkpoints import Checkpoints

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from .corruption import Identity

_WAL_BYTES = 4 * 1024 * 1024
_POLL = 0.005  # seconds SQLite waits by itself, in steps of 1 and 2 ms

_TIMES = 1_000_000_000  # a user_version from here on is a time; who keeps other tables in the file may count there

Step = str | tuple[str, str]

_inherited: list[sqlite3.Connection] = []
_files: weakref.WeakValueDictionary[Path, _SharedFile] = weakref.WeakValueDictionary()
_finding = threading.Lock()


class Connections:
    """Lends each thread of each process its own connection; forks and spawned processes open theirs.

    All that is kept in one file shares a thread's connection to it. A connection belongs to one file: where another one
    has taken its place, each thread goes over to that before it does anything more. A corrupt file is set aside by the
    first that finds it so, with what is kept in it.

    :param path: the file; it and its folder are made on first use, the file for its owner alone (0600).
    :param schema: statements that prepare a connection and lay the tables, each harmless when repeated; or pairs, the
        second of which is run where the first finds nothing, so that a file that is locked can be opened for reading.
    :param timeout: seconds to wait for another writer before ``sqlite3.OperationalError`` is raised.
    """

    def __init__(self, path: Path, *, schema: Sequence[Step], timeout: float) -> None:
        self._path = path
        self._timeout = timeout
        self._shared = _shared_file(path)
        self._local = self._shared.local
        self._schema = tuple(schema)
        self._name = object()

    def add(self, schema: Sequence[Step]) -> None:
        """Run these statements, too, on each connection before it is used next."""
        self._schema += tuple(statement for statement in schema if statement not in self._schema)

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection; one that fails is closed, so that a mended file is opened afresh.

        :raises sqlite3.Error: the file can't be opened, made or used. A corrupt one is set aside then.
        """
        try:
            yield self._own().connection
        except sqlite3.Error as error:
            self.close()
            if corruption.is_corruption(error) and getattr(self._local, "file", None) is not None:
                corruption.set_aside(self._path, self._local.file, timeout=self._timeout)
            raise

    def lost_at(self) -> float:
        """Tell when what the file held was lost, in seconds since 1970; 0 when it never was.

        :raises sqlite3.Error: as :meth:`reading`.
        """
        with self.reading():
            return self._own().lost_at

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
            self._shared.checkpoints.committed()

    def atomically(self, statement: str, parameters: Sequence[object] | Mapping[str, object]) -> list[tuple[Any, ...]]:
        """Run one statement that writes, on its own; returns its rows.

        :raises sqlite3.Error: as :meth:`writing`.
        """
        with self.reading() as connection:
            rows = self._patiently(connection, statement, parameters)
            self._shared.checkpoints.committed()
            return rows

    def close(self) -> None:
        """Close the calling thread's connection; its next use opens a new one."""
        lease: _Lease | None = self._local.__dict__.pop("lease", None)
        if lease is not None:
            lease.close()

    def _own(self) -> _Lease:
        lease: _Lease | None = getattr(self._local, "lease", None)
        if lease is not None and lease.process == os.getpid():
            if lease.file == corruption.identity_of(self._path):
                if lease.laid.get(self._name, 0) < len(self._schema):
                    self._lay(lease)
                return lease
            self.close()
        self._local.lease = lease = self._open()
        return lease

    def _lay(self, lease: _Lease) -> None:
        schema = self._schema
        for step in schema[lease.laid.get(self._name, 0) :]:
            question, statement = ("", step) if isinstance(step, str) else step
            if not (question and self._patiently(lease.connection, question)):
                self._patiently(lease.connection, statement)
        lease.laid[self._name] = len(schema)

    def _open(self) -> _Lease:
        self._local.file = None
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            missing = not self._path.exists()
            with corruption.opening(self._path, alone=missing, timeout=self._timeout):
                made = _create(self._path)
                self._local.file = corruption.identity_of(self._path)
                return self._connect(self._local.file, made=made)
        except OSError as error:
            said = error.strerror or error
            raise sqlite3.OperationalError(f"unable to open {self._path}: {said}") from error

    def _connect(self, file: Identity | None, *, made: bool) -> _Lease:
        connection = sqlite3.connect(self._path, timeout=_POLL, isolation_level=None, check_same_thread=False)
        try:
            lease = _Lease(connection, file, self._prepare(connection, made=made))
            self._lay(lease)
        except BaseException:
            connection.close()
            raise
        return lease

    def _prepare(self, connection: sqlite3.Connection, *, made: bool) -> float:
        """Set a connection up; returns when what was there before was lost."""
        if made:
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL")  # only a new file can be made to shrink
        self._patiently(connection, "PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA wal_autocheckpoint = 0")  # a background thread does it, see Checkpoints
        connection.execute(f"PRAGMA journal_size_limit = {_WAL_BYTES}")
        if made and corruption.set_aside_before(self._path):
            self._patiently(connection, f"PRAGMA user_version = {int(time.time()) + 1}")
        [(version,)] = self._patiently(connection, "PRAGMA user_version")
        return float(version) if version > _TIMES else 0.0

    def _patiently(
        self, connection: sqlite3.Connection, statement: str, parameters: Sequence[object] | Mapping[str, object] = ()
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


class _SharedFile:
    """Each thread's connection to one file, and its checkpoints, for all :class:`Connections` to it."""

    def __init__(self, path: Path) -> None:
        self.local = threading.local()
        self.checkpoints = Checkpoints(path)


def _shared_file(path: Path) -> _SharedFile:
    with _finding:
        return _files.setdefault(path.absolute(), _SharedFile(path))


class _Lease:
    """One connection in one process, closed when its thread ends.

    ``laid`` has how many statements of whose schema were run on it.
    """

    __slots__ = ("__weakref__", "close", "connection", "file", "laid", "lost_at", "process")

    def __init__(self, connection: sqlite3.Connection, file: Identity | None, lost_at: float) -> None:
        self.connection = connection
        self.file = file
        self.lost_at = lost_at
        self.laid: dict[object, int] = {}
        self.process = os.getpid()
        self.close = weakref.finalize(self, _close, connection, self.process)


def _close(connection: sqlite3.Connection, process: int) -> None:
    if process == os.getpid():
        connection.close()
    else:  # Closing a parent's connection in a fork could drop the parent's locks: keep it, untouched.
        _inherited.append(connection)


def _create(path: Path) -> bool:
    """Make the file, for its owner alone, without opening it: to close it would drop the locks SQLite has on it.

    Returns whether it was not there before.
    """
    if path.exists():
        return False
    try:
        os.mknod(path, 0o600)
    except FileExistsError:
        return False
    except (AttributeError, PermissionError):  # not every system lets everyone make a file this way
        path.touch(mode=0o600)
    return True

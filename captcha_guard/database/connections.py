"""SQLite connections, one per file, process and thread, to files that many processes write."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
import weakref
from typing import TYPE_CHECKING, Any

from . import corruption
from .checkpoints import Checkpoints

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from .corruption import Identity

_WAL_BYTES = 4 * 1024 * 1024  # SQLite shortens the write-ahead log to this size when it reuses it
_POLL = 0.005  # seconds for which SQLite itself waits for a lock, in steps of 1 and 2 ms

#: A user_version above this is the time when data was lost. A host that has tables in the same file may use smaller
#: numbers.
_FIRST_TIME = 1_000_000_000

Step = str | tuple[str, str]

_inherited: list[sqlite3.Connection] = []
_shared_files: weakref.WeakValueDictionary[Path, _SharedFile] = weakref.WeakValueDictionary()
_shared_files_lock = threading.Lock()


class Connections:
    """Gives each thread of each process its own connection to one file. Forks and spawned processes open theirs.

    All objects for the same path share a thread's connection. If another file is at the path now, each thread opens
    that file before its next statement. The first thread that finds a file corrupt renames it.

    :param path: the file. It and its folder are created on first use, the file with mode 0600.
    :param schema: statements that prepare a connection and create tables. Running them again must change nothing. In a
        pair, the second statement runs only if the first one returns no row, so that a locked file can be read.
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
        """Add statements to the schema. They run before a connection is used next."""
        self._schema += tuple(statement for statement in schema if statement not in self._schema)

    @property
    def are_open(self) -> bool:
        """Whether the calling thread has a connection."""
        return getattr(self._local, "lease", None) is not None

    def reading(self) -> AbstractContextManager[sqlite3.Connection]:
        """Return a context with the thread's connection. If a statement fails, the connection is closed at the end.

        :raises sqlite3.Error: the file can't be opened, created or used. A corrupt file is renamed then.
        """
        return _Reading(self)

    def writing(self) -> AbstractContextManager[sqlite3.Connection]:
        """Return a context with one transaction. It is committed at the end, or rolled back after an exception.

        :raises sqlite3.Error: as ``reading``, or another writer held the lock for too long.
        """
        return _Writing(self)

    def together(self) -> Together:
        """Begin to join all writes of the calling thread in one transaction, until ``end`` is called."""
        return Together(self, self._local)

    def atomically(self, statement: str, parameters: Sequence[object] | Mapping[str, object]) -> list[tuple[Any, ...]]:
        """Run one statement that writes, in a transaction of its own, and return its rows.

        :raises sqlite3.Error: as ``writing``.
        """
        if self._joined:
            with self.writing() as connection:
                return connection.execute(statement, parameters).fetchall()
        try:
            rows = self._execute(self._own().connection, statement, parameters)
        except sqlite3.Error as error:
            self._failed(error)
            raise
        self._shared.checkpoints.committed()
        return rows

    def checkpoint(self) -> None:
        """Copy the write-ahead log into the file now, which also returns the file's free pages at its end."""
        self._shared.checkpoints.run()

    def lost_at(self) -> float:
        """Return when the file's data was lost, in seconds since 1970. 0 if that has never happened.

        :raises sqlite3.Error: as ``reading``.
        """
        with self.reading():
            return self._own().lost_at

    def end(self, connection: sqlite3.Connection, *, commit: bool) -> None:
        """Commit or roll back the transaction of a connection.

        :raises sqlite3.Error: it can't be committed, so nothing was written.
        """
        if not commit:
            self._roll_back(connection)
            return
        try:
            self._commit(connection)
        except sqlite3.Error as error:
            self._failed(error)
            raise

    def close(self) -> None:
        """Close the calling thread's connection. The next use opens a new one."""
        lease: _Lease | None = self._local.__dict__.pop("lease", None)
        if lease is not None:
            lease.close()

    def _begin(self) -> sqlite3.Connection:
        """Begin a transaction, unless a joined one has begun."""
        connection = self._own().connection
        if not (self._joined and connection.in_transaction):
            self._execute(connection, "BEGIN IMMEDIATE")
        return connection

    def _commit(self, connection: sqlite3.Connection) -> None:
        """Commit the transaction, unless it is a joined one."""
        if not self._joined:
            connection.execute("COMMIT")
            self._shared.checkpoints.committed()

    def _roll_back(self, connection: sqlite3.Connection) -> None:
        connection.rollback()
        self._local.broken = True

    def _failed(self, error: sqlite3.Error) -> None:
        """Close the connection, so that the next use opens a repaired file. Rename a corrupt file."""
        lease: _Lease | None = getattr(self._local, "lease", None)
        if lease is not None and lease.connection.in_transaction:
            self._local.broken = True
        self.close()
        if corruption.is_corruption(error) and getattr(self._local, "file", None) is not None:
            corruption.set_aside(self._path, self._local.file, timeout=self._timeout)

    @property
    def _joined(self) -> bool:
        """Whether the calling thread is in a context of ``together``."""
        return getattr(self._local, "joined", False)

    def _own(self) -> _Lease:
        """Return the thread's connection, to the file that is at the path now and with the whole schema applied."""
        lease: _Lease | None = getattr(self._local, "lease", None)
        if lease is not None and lease.process == os.getpid():
            if lease.file == corruption.identity_of(self._path):
                if lease.applied.get(self._name, 0) < len(self._schema):
                    self._apply_schema(lease)
                return lease
            self.close()
        self._local.lease = lease = self._open()
        return lease

    def _apply_schema(self, lease: _Lease) -> None:
        schema = self._schema
        for step in schema[lease.applied.get(self._name, 0) :]:
            check, statement = ("", step) if isinstance(step, str) else step
            if not (check and self._execute(lease.connection, check)):
                self._execute(lease.connection, statement)
        lease.applied[self._name] = len(schema)

    def _open(self) -> _Lease:
        self._local.file = None
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            missing = not self._path.exists()
            with corruption.opening(self._path, alone=missing, timeout=self._timeout):
                is_new = _create(self._path)
                self._local.file = corruption.identity_of(self._path)
                return self._connect(self._local.file, is_new=is_new)
        except OSError as error:
            reason = error.strerror or error
            raise sqlite3.OperationalError(f"unable to open {self._path}: {reason}") from error

    def _connect(self, file: Identity | None, *, is_new: bool) -> _Lease:
        connection = sqlite3.connect(self._path, timeout=_POLL, isolation_level=None, check_same_thread=False)
        try:
            lease = _Lease(connection, file, self._set_up(connection, is_new=is_new))
            self._apply_schema(lease)
        except BaseException:
            connection.close()
            raise
        return lease

    def _set_up(self, connection: sqlite3.Connection, *, is_new: bool) -> float:
        """Set up a connection. Returns when the file's earlier data was lost, in seconds since 1970, 0 if never."""
        if is_new:
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL")  # this works in a new file only
        self._execute(connection, "PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA wal_autocheckpoint = 0")  # a background thread runs checkpoints
        connection.execute(f"PRAGMA journal_size_limit = {_WAL_BYTES}")
        if is_new and corruption.set_aside_before(self._path):
            self._execute(connection, f"PRAGMA user_version = {int(time.time()) + 1}")
        [(version,)] = self._execute(connection, "PRAGMA user_version")
        return float(version) if version > _FIRST_TIME else 0.0

    def _execute(
        self, connection: sqlite3.Connection, statement: str, parameters: Sequence[object] | Mapping[str, object] = ()
    ) -> list[tuple[Any, ...]]:
        """Run a statement, and try again while another connection has the lock.

        SQLite's own waits grow to 0.1 s, so the longer a connection has waited, the less often it tries. And SQLite
        doesn't wait at all while several processes switch a new file to WAL.
        """
        deadline = time.monotonic() + self._timeout
        while True:
            try:
                return connection.execute(statement, parameters).fetchall()
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                    raise


class _Reading:
    """The context of ``Connections.reading``. A class takes a third of the time of a generator."""

    __slots__ = ("_connections",)

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def __enter__(self) -> sqlite3.Connection:
        try:
            return self._connections._own().connection
        except sqlite3.Error as error:
            self._connections._failed(error)
            raise

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, sqlite3.Error):
            self._connections._failed(error)


class _Writing:
    """The context of ``Connections.writing``."""

    __slots__ = ("_connection", "_connections")

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def __enter__(self) -> sqlite3.Connection:
        try:
            self._connection = self._connections._begin()
        except sqlite3.Error as error:
            self._connections._failed(error)
            raise
        return self._connection

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, sqlite3.Error):
            self._connections._failed(error)
        else:
            self._connections.end(self._connection, commit=error is None)


class Together:
    """A transaction that all writes of one thread join, from ``Connections.together`` until ``end``.

    An error in one statement ends it early, even if the caller handles the error. Then it is ``broken``, and the
    statements before the error have no effect.
    """

    __slots__ = ("_connections", "_local")

    def __init__(self, connections: Connections, local: threading.local) -> None:
        self._connections = connections
        self._local = local
        local.joined, local.broken = True, False

    @property
    def broken(self) -> bool:
        """Whether an error has ended the transaction."""
        return bool(self._local.broken)

    @property
    def pending(self) -> bool:
        """Whether there is something to commit."""
        lease: _Lease | None = getattr(self._local, "lease", None)
        return lease is not None and lease.connection.in_transaction

    def end(self, *, commit: bool) -> None:
        """Commit what is pending, or roll it back.

        :raises sqlite3.Error: it can't be committed, so nothing was written.
        """
        self._local.joined = False
        if self.pending:
            self._connections.end(self._local.lease.connection, commit=commit)


class _SharedFile:
    """Each thread's connection to one file, and the file's checkpoints. All ``Connections`` to the file share them."""

    def __init__(self, path: Path) -> None:
        self.local = threading.local()
        self.checkpoints = Checkpoints(path)


def _shared_file(path: Path) -> _SharedFile:
    with _shared_files_lock:
        return _shared_files.setdefault(path.absolute(), _SharedFile(path))


class _Lease:
    """A thread's connection in one process. It is closed when the thread ends.

    ``applied`` is the number of schema statements that were run on it, for each ``Connections`` (by its ``_name``).
    """

    __slots__ = ("__weakref__", "applied", "close", "connection", "file", "lost_at", "process")

    def __init__(self, connection: sqlite3.Connection, file: Identity | None, lost_at: float) -> None:
        self.connection = connection
        self.file = file
        self.lost_at = lost_at
        self.applied: dict[object, int] = {}
        self.process = os.getpid()
        self.close = weakref.finalize(self, _close, connection, self.process)
        # A daemon thread can be running a statement when the process ends, and closing its connection then would crash.
        self.close.atexit = not threading.current_thread().daemon


def _close(connection: sqlite3.Connection, process: int) -> None:
    if process == os.getpid():
        connection.close()
    else:  # in a fork: closing the parent's connection could release the parent's locks
        _inherited.append(connection)


def _create(path: Path) -> bool:
    """Create the file with mode 0600, without opening it, because closing it would release SQLite's locks on it.

    Returns whether it was missing.
    """
    if path.exists():
        return False
    try:
        os.mknod(path, 0o600)
    except FileExistsError:
        return False
    except (AttributeError, PermissionError):  # not every system allows this for every user
        path.touch(mode=0o600)
    return True

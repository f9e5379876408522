"""A storage for ``limits`` in one SQLite file, exact across threads and processes.

After this module is imported, ``storage_from_string("sqlite:////var/lib/app/limits.sqlite3")`` works. Fixed and sliding
windows are rows of ``limits_counters``. A moving window is one row of ``limits_windows`` with its entry times packed as
in ``stamps``, so that a hit reads one entry and rewrites one row, whatever the limit. The single row of
``limits_clock`` records until when expired rows were deleted. If the clock is behind that time, it was set back, and
counts that would still be valid may be deleted.
"""

from __future__ import annotations

import sqlite3
import time
from contextlib import contextmanager, suppress
from math import floor, inf
from pathlib import Path
from typing import TYPE_CHECKING

from limits.errors import ConfigurationError, StorageError
from limits.storage import MovingWindowSupport, SlidingWindowCounterSupport, Storage
from limits.storage.base import TimestampedSlidingWindow

from ...database.connections import Connections
from . import stamps
from .stamps import LEEWAY

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from ...database.connections import Together

_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS limits_counters "
    "(key TEXT PRIMARY KEY, value INTEGER NOT NULL, expires REAL NOT NULL) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS limits_windows "
    "(key TEXT PRIMARY KEY, stamps BLOB NOT NULL, expires REAL NOT NULL) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS limits_clock (id INTEGER PRIMARY KEY CHECK (id = 1), swept REAL, lost REAL)",
    "CREATE INDEX IF NOT EXISTS limits_counters_by_expiry ON limits_counters (expires)",
    "CREATE INDEX IF NOT EXISTS limits_windows_by_expiry ON limits_windows (expires)",
)
# An expiry later than now + :expiry was written by a clock that was ahead, so it is shortened.
_INCREMENT = """
INSERT INTO limits_counters (key, value, expires) VALUES (:key, :amount, :now + :expiry)
ON CONFLICT (key) DO UPDATE SET
    value = excluded.value + CASE WHEN expires > :now THEN value ELSE 0 END,
    expires = CASE WHEN expires > :now THEN min(expires, excluded.expires) ELSE excluded.expires END
RETURNING value
"""
_INCREMENT_AND_READ_CLOCK = f"{_INCREMENT}, (SELECT swept FROM limits_clock), (SELECT lost FROM limits_clock)"  # noqa: S608 (our own statement)
_READ_CLOCK = "SELECT max(swept), max(lost) FROM limits_clock"
_NOTE_SWEEP = """
INSERT INTO limits_clock (id, swept, lost) VALUES (1, ?, 0)
ON CONFLICT (id) DO UPDATE SET swept = max(swept, excluded.swept)
"""
_NOTE_LOSS = "INSERT OR REPLACE INTO limits_clock (id, swept, lost) VALUES (1, :now, :now)"
_READ_COUNTER = "SELECT value, expires FROM limits_counters WHERE key = ? AND expires > ?"
_READ_STAMPS = "SELECT stamps FROM limits_windows WHERE key = ?"
_READ_SEVERAL_STAMPS = "SELECT key, stamps FROM limits_windows WHERE key IN ({})"  # as many placeholders as keys
_WRITE_SEVERAL_STAMPS = """
INSERT INTO limits_windows (key, stamps, expires) VALUES {}
ON CONFLICT (key) DO UPDATE SET stamps = excluded.stamps, expires = excluded.expires
"""  # as many (?, ?, ?) as rows
_FORGET_KEY = ("DELETE FROM limits_counters WHERE key = ?", "DELETE FROM limits_windows WHERE key = ?")
_FORGET_ALL = ("DELETE FROM limits_counters", "DELETE FROM limits_windows")
_FORGET_EXPIRED = (
    "DELETE FROM limits_counters WHERE key IN (SELECT key FROM limits_counters WHERE expires <= ? LIMIT ?)",
    "DELETE FROM limits_windows WHERE key IN (SELECT key FROM limits_windows WHERE expires <= ? LIMIT ?)",
)
_GIVE_UP = (
    "DELETE FROM limits_windows WHERE key IN "
    "(SELECT key FROM limits_windows WHERE expires > ? ORDER BY expires LIMIT ?)"
)
_SHRINKING = ("auto_vacuum", "freelist_count")

_OLDEST_SQLITE = (3, 35)  # the first with RETURNING
_SWEEP_EVERY = 64  # rows written by one process
_SWEEP_BATCH = 128  # rows per table: more than were written since, so expired rows can't pile up
_LONG = 3600  # windows with more seconds left than this are given up before others
_COUNT_SHARE = 64  # windows are counted again after 1/64 of their maximum was written


class SQLiteStorage(Storage, MovingWindowSupport, SlidingWindowCounterSupport, TimestampedSlidingWindow):
    """Counts rate limits in one SQLite file (3.35 or newer), for any number of threads and processes of one host.

    :param uri: ``sqlite:////absolute/path`` or ``sqlite:///relative/path``, taken literally. The folder and the file
        are created on first use, the file with mode 0600.
    :param timeout: seconds to wait for another writer before ``sqlite3.OperationalError`` is raised.
    :param most_windows: the most moving windows to keep. If there are more, windows with over an hour left, which are
        most of a flood's, are given up first, the least recently entered ones before others. Shorter windows are given
        up only if that isn't enough. Counters are never given up.
    :param wrap_exceptions: raise :exc:`limits.errors.StorageError` instead of ``sqlite3.Error``.
    :raises limits.errors.ConfigurationError: the URI doesn't name a file, or Python's SQLite is too old.
    """

    STORAGE_SCHEME = ["sqlite"]  # noqa: RUF012 (declared so by the base class)

    def __init__(
        self,
        uri: str,
        wrap_exceptions: bool = False,  # noqa: FBT001, FBT002 (the signature of every storage)
        timeout: float = 1.0,
        most_windows: int = 500_000,
        **options: float | str | bool,
    ) -> None:
        super().__init__(uri, wrap_exceptions=wrap_exceptions, **options)
        if sqlite3.sqlite_version_info < _OLDEST_SQLITE:
            raise ConfigurationError(f"SQLite is {sqlite3.sqlite_version}; 3.35 or newer is needed")
        scheme, _, path = uri.partition(":///")
        if not scheme or not path or path == ":memory:" or "?" in path:
            raise ConfigurationError(
                f"{uri!r} doesn't name a file; write sqlite:////absolute/path or sqlite:///relative/path"
            )
        self.storage = str(Path(path).absolute())
        self._connections = Connections(Path(self.storage), schema=_SCHEMA, timeout=timeout)
        self._written = _SWEEP_EVERY  # so that a process sweeps at its first write
        self._most_windows = most_windows
        self._until_count = 0  # rows that may still be written before the windows are counted
        self._too_many = 0  # windows to be given up

    @property
    def base_exceptions(self) -> type[Exception] | tuple[type[Exception], ...]:
        """The exceptions raised when the file can't be read or written."""
        return sqlite3.Error

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Add to a counter in one atomic statement. A new or expired counter lives for ``expiry`` seconds.

        :returns: the counter's new value.
        """
        given = {"key": key, "amount": amount, "expiry": expiry, "now": time.time()}
        with self._wrapping():
            [(value,)] = self._connections.atomically(_INCREMENT, given)
        self._sweep_now_and_then(1)
        return int(value)

    def incr_and_lost_at(self, key: str, expiry: float, amount: int = 1) -> tuple[int, float]:
        """Add to a counter as ``incr`` does, and return when counts may have been lost.

        :returns: the counter's new value, and the time of the last loss, in seconds since 1970. That is when a corrupt
            file was replaced, or when the clock was found to be set back. 0 if neither has happened.
        """
        now = time.time()
        given = {"key": key, "amount": amount, "expiry": expiry, "now": now}
        with self._wrapping():
            [(value, swept, lost)] = self._connections.atomically(_INCREMENT_AND_READ_CLOCK, given)
            lost_at = lost or self._connections.lost_at()
        if max(swept or 0, lost_at) > now + LEEWAY:
            lost_at = self._note_loss()
        self._sweep_now_and_then(1)
        return int(value), lost_at

    def get(self, key: str) -> int:
        """Return a counter's value, 0 if there is none."""
        with self._connections.reading() as connection:
            row = connection.execute(_READ_COUNTER, (key, time.time())).fetchone()
        return int(row[0]) if row else 0

    def get_expiry(self, key: str) -> float:
        """Return when a counter expires, in seconds since 1970. Now if there is none."""
        now = time.time()
        with self._connections.reading() as connection:
            row = connection.execute(_READ_COUNTER, (key, now)).fetchone()
        return float(row[1]) if row else now

    def check(self) -> bool:
        """Return whether the file can be written."""
        with suppress(sqlite3.Error, StorageError), self._writing() as connection:
            connection.execute(_READ_STAMPS, ("",)).fetchone()
            return True
        return False

    def reset(self) -> int | None:
        """Delete every key, and return their number."""
        with self._writing() as connection:
            return sum(connection.execute(statement).rowcount for statement in _FORGET_ALL)

    def clear(self, key: str) -> None:
        """Delete one key."""
        with self._writing() as connection:
            for statement in _FORGET_KEY:
                connection.execute(statement, (key,))

    def together(self) -> Together:
        """Let all that the calling thread writes join one transaction, until ``end`` is called."""
        return self._connections.together()

    def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Add ``amount`` entries to a moving window. Returns False, without adding any, if it has no room for all."""
        return self.acquire_entries([(key, limit, expiry, amount)]) is None

    def acquire_entries(self, entries: Sequence[tuple[str, int, int, int]]) -> float | None:
        """Add entries to several moving windows in one transaction, or to none if one of them has no room.

        :param entries: (key, limit, expiry in seconds, amount) for each window. Windows with the same key look at one
            list of entries, to which the amount is added once.
        :returns: None if all entries were added, else the seconds until there is room, infinite for ``amount > limit``.
        """
        lists = stamps.by_list(entries)
        with self._writing(rows=len(lists)) as connection:
            now = time.time()
            known = _corrected_stamps(connection, {key: expiry for key, (_, expiry, _) in lists.items()}, now)
            waits = [
                wait
                for key, limit, expiry, amount in entries
                if (wait := stamps.wait(known.get(key, b""), limit - amount, now, expiry)) is not None
            ]
            if waits:
                return max(waits)
            rows = [
                (key, stamps.entered(known.get(key, b""), amount, now, limit=limit), now + expiry)
                for key, (limit, expiry, amount) in lists.items()
            ]
            _write_stamps(connection, rows)
        return None

    def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        """Return the time of the window's oldest entry (now if there is none), and the number of entries."""
        return self.get_moving_windows([(key, limit, expiry)])[0]

    def get_moving_windows(self, windows: Sequence[tuple[str, int, int]]) -> list[tuple[float, int]]:
        """Return the same as ``get_moving_window`` for several windows, in one read.

        :param windows: (key, limit, expiry in seconds) for each window. Keys may repeat.
        """
        longest: dict[str, int] = {}
        for key, _, expiry in windows:
            longest[key] = max(expiry, longest.get(key, 0))
        with self._connections.reading() as connection:
            known = _read_stamps(connection, longest)
        now = time.time()
        if any(stamps.corrected(one, now) is not one for one in known.values()):
            with self._writing() as connection:
                known = _corrected_stamps(connection, longest, now)
        return [stamps.oldest(known.get(key, b""), limit, now, now - expiry) for key, limit, expiry in windows]

    def acquire_sliding_window_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Add to the current window if it has room for ``amount``, with the weighted count of the previous window."""
        with self._writing(rows=1) as connection:
            now = time.time()
            previous, remaining, current, _ = self._sliding_window(connection, key, expiry, now)
            if floor(previous * remaining / expiry + current) + amount > limit:
                return False
            _, current_key = self.sliding_window_keys(key, expiry, now)
            given = {"key": current_key, "amount": amount, "expiry": 2 * expiry, "now": now}
            connection.execute(_INCREMENT, given).fetchall()
        return True

    def get_sliding_window(self, key: str, expiry: int) -> tuple[int, float, int, float]:
        """Return the count and the remaining seconds of the previous window, then of the current one."""
        with self._connections.reading() as connection:
            return self._sliding_window(connection, key, expiry, time.time())

    def clear_sliding_window(self, key: str, expiry: int) -> None:
        """Delete the previous and the current window of one key."""
        for window_key in self.sliding_window_keys(key, expiry, time.time()):
            self.clear(window_key)

    def sweep(self, patience: float = inf) -> int:
        """Delete all expired rows, in batches between which others can write. Returns the number of deleted rows.

        Writes also delete some expired rows. Afterwards the file's empty pages are returned to the disk, unless
        a reader keeps the write-ahead log in use.

        :param patience: seconds after which the rest is left for the next time.
        """
        swept, end = 0, time.monotonic() + patience
        while time.monotonic() < end and (batch := self._sweep_batch()):
            swept += batch
        while time.monotonic() < end and self._shrink():
            pass
        self._connections.checkpoint()
        return swept

    def close(self) -> None:
        """Close the calling thread's connection. The next use opens a new one."""
        self._connections.close()

    def _sweep_batch(self) -> int:
        with self._writing() as connection:
            now = time.time()
            limits = (now - LEEWAY, _SWEEP_BATCH)
            swept = sum(connection.execute(statement, limits).rowcount for statement in _FORGET_EXPIRED)
            if swept:
                connection.execute(_NOTE_SWEEP, (now,))
            for least in (now + _LONG, now):
                if self._too_many > 0:
                    given_up = connection.execute(_GIVE_UP, (least, min(self._too_many, _SWEEP_BATCH))).rowcount
                    self._too_many -= given_up
                    swept += given_up
        return swept

    def _note_loss(self) -> float:
        """Record that the clock was set back, unless another caller has done so. Return the time of the loss."""
        with self._writing() as connection:
            now = time.time()
            [(swept, lost)] = connection.execute(_READ_CLOCK).fetchall()
            if lost and max(swept, lost) <= now + LEEWAY:
                return float(lost)
            connection.execute(_NOTE_LOSS, {"now": now})
            return now

    def _count_windows(self) -> None:
        with self._connections.reading() as connection:
            [held] = connection.execute("SELECT count(*) FROM limits_windows").fetchone()
        self._too_many = max(0, held - self._most_windows)
        self._until_count = self._most_windows // _COUNT_SHARE

    def _shrink(self) -> bool:
        """Return some empty pages to the disk, and return whether there are more. Files of old releases keep theirs."""
        self._connections.atomically(f"PRAGMA incremental_vacuum({_SWEEP_BATCH})", ())
        with self._connections.reading() as connection:
            [[vacuum], [left]] = [connection.execute(f"PRAGMA {name}").fetchone() for name in _SHRINKING]
        return bool(vacuum and left)

    def _sliding_window(
        self, connection: sqlite3.Connection, key: str, expiry: int, now: float
    ) -> tuple[int, float, int, float]:
        rows = [
            connection.execute(_READ_COUNTER, (window_key, now)).fetchone()
            for window_key in self.sliding_window_keys(key, expiry, now)
        ]
        previous, current = (int(row[0]) if row else 0 for row in rows)
        remaining = expiry - now % expiry
        return previous, remaining if previous else 0.0, current, remaining + expiry

    @contextmanager
    def _writing(self, rows: int = 0) -> Iterator[sqlite3.Connection]:
        with self._wrapping(), self._connections.writing() as connection:
            yield connection
        self._sweep_now_and_then(rows)

    @contextmanager
    def _wrapping(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            if self.wrap_exceptions:
                raise StorageError(error) from error
            raise

    def _sweep_now_and_then(self, rows: int) -> None:
        self._written += rows
        self._until_count -= rows
        if rows and self._written >= _SWEEP_EVERY:
            self._written = 0
            with suppress(sqlite3.Error, StorageError):
                if self._until_count <= 0:
                    self._count_windows()
                self._sweep_batch()


def _read_stamps(connection: sqlite3.Connection, keys: Collection[str]) -> dict[str, bytes]:
    statement = _READ_SEVERAL_STAMPS.format(", ".join("?" * len(keys)))
    return dict(connection.execute(statement, tuple(keys)).fetchall())


def _corrected_stamps(connection: sqlite3.Connection, expiries: Mapping[str, int], now: float) -> dict[str, bytes]:
    """Return windows, after correcting and writing back those that a clock that was ahead has written.

    :param expiries: the expiry in seconds of each window, by its key.
    """
    known = _read_stamps(connection, expiries)
    for key, expiry in expiries.items():
        before = known.get(key, b"")
        right = stamps.corrected(before, now)
        if right is not before:
            known[key] = right
            _write_stamps(connection, [(key, right, now + expiry)])
    return known


def _write_stamps(connection: sqlite3.Connection, rows: Sequence[tuple[str, bytes, float]]) -> None:
    """Write windows, (key, stamps, time of expiry) each, by one statement."""
    if not rows:
        return
    statement = _WRITE_SEVERAL_STAMPS.format(", ".join(["(?, ?, ?)"] * len(rows)))
    connection.execute(statement, [value for row in rows for value in row])

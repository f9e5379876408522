"""The tables of the judge's memory, and how they stay small: what has expired goes, then what expires first."""

from __future__ import annotations

import sqlite3
from typing import Final

#: Rows; 16 MB in all when every table is full, shingles of random words being the worst.
MOST_ROWS: Final = {
    "judge_history": 50_000,
    "judge_comments": 50_000,
    "judge_sketches": 10_000,
    "judge_shingles": 80_000,
}

SCHEMA: Final = (
    "CREATE TABLE IF NOT EXISTS judge_history (party BLOB PRIMARY KEY, ham INTEGER NOT NULL, spam INTEGER NOT NULL, "
    "expires REAL NOT NULL) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS judge_comments (mark BLOB PRIMARY KEY, said INTEGER NOT NULL, expires REAL NOT NULL) "
    "WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS judge_sketches (mark BLOB PRIMARY KEY, sketch BLOB NOT NULL, expires REAL NOT NULL) "
    "WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS judge_shingles (shingle BLOB NOT NULL, mark BLOB NOT NULL, expires REAL NOT NULL, "
    "PRIMARY KEY (shingle, mark)) WITHOUT ROWID",
    *(f"CREATE INDEX IF NOT EXISTS {table}_by_expiry ON {table} (expires)" for table in MOST_ROWS),
)
_KEYS: Final = {
    "judge_history": "party",
    "judge_comments": "mark",
    "judge_sketches": "mark",
    "judge_shingles": "shingle, mark",
}
_FORGET_EXPIRED: Final = {
    table: f"DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM {table} WHERE expires <= ? LIMIT ?)"  # noqa: S608 (our own names)
    for table, key in _KEYS.items()
}

_SWEEP_EVERY: Final = 256  # rows written by one process: some ten comments
_SWEEP_BATCH: Final = 512  # rows of each table: more than were written since, so what has expired can't pile up
_COUNT_EVERY: Final = 1_024  # rows written by one process


class Sweeper:
    """Sweeps a little, now and then, in the transaction of whoever writes."""

    def __init__(self) -> None:
        self._until_sweep = self._until_count = 0  # rows that may still be written; whoever starts sweeps first

    def wrote(self, connection: sqlite3.Connection, now: float, rows: int) -> None:
        """Note that so many rows were written, at ``now`` in seconds since 1970."""
        self._until_sweep -= rows
        self._until_count -= rows
        if self._until_sweep <= 0:
            self._until_sweep = _SWEEP_EVERY
            forget_expired(connection, now)
        if self._until_count <= 0:
            self._until_count = _COUNT_EVERY
            make_room(connection)


def forget_expired(connection: sqlite3.Connection, now: float) -> int:
    """Delete a batch of what has expired; returns how many rows went, 0 when none was left."""
    return sum(connection.execute(statement, (now, _SWEEP_BATCH)).rowcount for statement in _FORGET_EXPIRED.values())


def make_room(connection: sqlite3.Connection) -> int:
    """Delete what expires first where a table has too many rows; returns how many went."""
    gone = 0
    for table, most in MOST_ROWS.items():
        (held,) = connection.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608 (our own names)
        if held > most:
            oldest = f"SELECT expires FROM {table} ORDER BY expires LIMIT 1 OFFSET ?"  # noqa: S608
            crowd = f"DELETE FROM {table} WHERE expires <= ({oldest})"  # noqa: S608
            gone += connection.execute(crowd, (held - most - 1,)).rowcount
    return gone

"""Keeps tables small: deletes rows that have expired, then those that expire first where there are too many."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf
from typing import Final

from .database import Access, Database
from .table import Table

#: Rows of each table that one transaction deletes, so that no other writer waits long.
BATCH: Final = 512

_SWEEP_EVERY: Final = 256  # rows written by one process: some ten comments; fewer than a batch
_COUNT_EVERY: Final = 1_024  # rows written by one process


@dataclass(slots=True)
class Retention:
    """How long rows are kept: until ``kept`` seconds after the time in ``column``, and at most ``most`` of them.

    ``delete_others`` deletes the rows of other tables that belong to the rows up to a time, and returns their number.
    ``batch`` is the number of rows that one transaction deletes because they have expired.
    """

    table: Table
    column: str = "expires"
    kept: float = 0.0
    most: float = inf
    delete_others: Callable[[Access, float], int] | None = None
    batch: int = BATCH

    def forget_expired(self, access: Access, now: float) -> int:
        """Delete a batch of expired rows. Returns how many rows were deleted, 0 when no more are left."""
        name, column = self.table.name, self.column
        some = f"SELECT {column} FROM {name} WHERE {column} <= :before ORDER BY {column} LIMIT :most"  # noqa: S608 (our own names)
        last = f"SELECT max({column}) FROM ({some}) AS expired"  # noqa: S608 (the same)
        [(until,)] = access.rows(last, (now - self.kept, self.batch))
        return 0 if until is None else self._delete(access, until)

    def make_room(self, access: Access) -> int:
        """Delete the rows that expire first where there are too many. Returns how many rows were deleted."""
        if self.most == inf:
            return 0
        column = self.column
        last = f"SELECT {column} FROM {self.table.name} ORDER BY {column} DESC LIMIT 1 OFFSET :most"  # noqa: S608 (our own names)
        found = access.rows(last, (self.most,))
        return self._delete(access, found[0][0]) if found else 0

    def _delete(self, access: Access, until: float) -> int:
        others = 0 if self.delete_others is None else self.delete_others(access, until)
        return others + access.run(f"DELETE FROM {self.table.name} WHERE {self.column} <= :until", (until,))  # noqa: S608 (our own names)


class Sweeper:
    """Sweeps some tables a little, now and then, in the transactions of those who write to them."""

    def __init__(self, retentions: Sequence[Retention]) -> None:
        self._retentions = retentions
        self._until_sweep = self._until_count = 0  # rows that may still be written; a new process sweeps first

    def wrote(self, access: Access, now: float, rows: int) -> None:
        """Note that so many rows were written, at ``now`` in seconds since 1970."""
        self._until_sweep -= rows
        self._until_count -= rows
        if self._until_sweep <= 0:
            self._until_sweep = _SWEEP_EVERY
            for one in self._retentions:
                one.forget_expired(access, now)
        if self._until_count <= 0:
            self._until_count = _COUNT_EVERY
            for one in self._retentions:
                one.make_room(access)


def sweep(database: Database, retentions: Sequence[Retention], now: float) -> int | None:
    """Delete what has expired, in batches that let other writers in, and make room; returns how many rows went.

    ``None`` where the database can't be used.
    """
    if database.is_missing:
        return 0

    def forget(access: Access) -> int:
        return sum(one.forget_expired(access, now) for one in retentions)

    def make_room(access: Access) -> int:
        return sum(one.make_room(access) for one in retentions)

    gone = 0
    while expired := database.write(forget, insist=True):
        gone += expired
    crowd = None if expired is None else database.write(make_room, insist=True)
    return None if crowd is None else gone + crowd

"""Deletes expired rows, and the rows that expire first if a table has too many."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf
from typing import Final

from .database import Access, Database
from .table import Table

#: The most rows of a table that one transaction deletes because they have expired, so that others don't wait long.
BATCH: Final = 512

#: Rows that one process writes between two deletions of expired rows (about ten comments), and between two deletions
#: of surplus rows. The first is less than a batch, so that the rows don't accumulate.
_SWEEP_EVERY: Final = 256
_TRIM_EVERY: Final = 1_024


@dataclass(slots=True)
class Retention:
    """The retention of a table: rows expire ``kept`` seconds after the time in ``column``. At most ``most`` are kept.

    ``delete_others`` deletes the rows of other tables that belong to the rows up to a time, and returns their number.
    ``batch`` is the number of expired rows that one transaction deletes.
    """

    table: Table
    column: str = "expires"
    kept: float = 0.0
    most: float = inf
    delete_others: Callable[[Access, float], int] | None = None
    batch: int = BATCH

    def delete_expired(self, access: Access, now: float) -> int:
        """Delete a batch of expired rows. Returns the number of deleted rows, 0 when none are left."""
        name, column = self.table.name, self.column
        some = f"SELECT {column} FROM {name} WHERE {column} <= :before ORDER BY {column} LIMIT :most"  # noqa: S608 (our own names)
        last = f"SELECT max({column}) FROM ({some}) AS expired"  # noqa: S608 (the same)
        [(until,)] = access.rows(last, (now - self.kept, self.batch))
        return 0 if until is None else self._delete(access, until)

    def delete_surplus(self, access: Access) -> int:
        """Delete the rows that expire first if there are too many. Returns the number of deleted rows."""
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
    """Deletes a batch of rows from time to time, in the transactions that write to the tables."""

    def __init__(self, retentions: Sequence[Retention]) -> None:
        self._retentions = retentions
        self._until_sweep = self._until_trim = 0  # rows; a new process begins with a deletion

    def wrote(self, access: Access, now: float, rows: int) -> None:
        """Count the rows that a transaction has written, and delete a batch if it is time.

        :param now: seconds since 1970.
        """
        self._until_sweep -= rows
        self._until_trim -= rows
        if self._until_sweep <= 0:
            self._until_sweep = _SWEEP_EVERY
            for one in self._retentions:
                one.delete_expired(access, now)
        if self._until_trim <= 0:
            self._until_trim = _TRIM_EVERY
            for one in self._retentions:
                one.delete_surplus(access)


def sweep(database: Database, retentions: Sequence[Retention], now: float) -> int | None:
    """Delete all expired and surplus rows. Returns the number of deleted rows.

    Each batch has a transaction of its own, so that other writers don't wait long. Returns ``None`` if the database
    can't be used.
    """
    if database.is_missing:
        return 0

    def delete_expired(access: Access) -> int:
        return sum(one.delete_expired(access, now) for one in retentions)

    def delete_surplus(access: Access) -> int:
        return sum(one.delete_surplus(access) for one in retentions)

    deleted = 0
    while expired := database.write(delete_expired, insist=True):
        deleted += expired
    surplus = None if expired is None else database.write(delete_surplus, insist=True)
    return None if surplus is None else deleted + surplus

"""Counts events in this process. The counts are added to the database every few seconds.

A request only adds to numbers in memory. A background thread writes them, so no request waits for the database.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Final

from ..database.background_writer import BackgroundWriter
from ..database.database import Access, Database
from ..database.retention import sweep
from .tables import ADD, DAY, DAYS, HOUR, HOURS, RETENTIONS

logger = logging.getLogger("captcha_guard")

#: The most different counts that wait in memory: about 2 MB. A site has 20 to 150 in an hour, so this is for days.
MOST: Final = 10_000
#: The most characters of a label in the database.
_LONGEST: Final = 64

#: A counter and a label, such as ("verdicts", "hold").
Counted = tuple[str, str]

#: How often each label was counted in each hour (seconds since 1970).
_Counts = dict[tuple[int, str, str], int]


class Recorder:
    """The counts of one application in this process that aren't in the database yet.

    Threads may share it. In a fork, the child begins with no counts, because the parent writes its own. While the
    database can't be used, counts wait in memory, and are written when it can be used again.

    :param writer: writes the counts, together with what others have added to it.
    :param clock: returns seconds since 1970.
    :param most: the most different counts in memory. When there are as many, new ones are lost, and the log says so.
    """

    def __init__(
        self,
        database: Database,
        writer: BackgroundWriter,
        *,
        clock: Callable[[], float] = time.time,
        most: int = MOST,
    ) -> None:
        database.add_tables(HOURS, DAYS)
        self._database = database
        self._writer = writer
        self._clock = clock
        self._most = most
        self.begin()
        writer.add(self)

    def begin(self) -> None:
        """Begin with no counts, in a new process."""
        self._counts: _Counts = {}
        self._lock = threading.Lock()
        self._has_lost = False

    def count(self, *events: Counted) -> None:
        """Count these events now. It only changes numbers in memory, and never raises."""
        hour = int(self._clock()) // HOUR * HOUR
        with self._lock:
            for counter, label in events:
                self._add((hour, counter, label), 1)
        self._writer.wake()

    def write(self, *, insist: bool = False) -> bool:
        """Add all counts to the database. If it can't be used, they stay in memory, and the result is False.

        :param insist: as in :meth:`Database.write`.
        """
        return self._writer.write(insist=insist)

    def take(self) -> _Counts:
        """Remove all counts from memory, and return them."""
        with self._lock:
            counts, self._counts = self._counts, {}
            return counts

    def store(self, access: Access, taken: Mapping[tuple[int, str, str], int]) -> None:
        """Add counts to the rows of their hours and days."""
        _store(taken, access)
        self._has_lost = False

    def put_back(self, taken: Mapping[tuple[int, str, str], int]) -> None:
        """Add counts to those that wait, because the database can't be used."""
        with self._lock:
            for key, number in taken.items():
                self._add(key, number)

    def sweep(self, now: float) -> int | None:
        """Delete what has expired. Returns the number of deleted rows, ``None`` if the database can't be used.

        :param now: seconds since 1970.
        """
        return sweep(self._database, RETENTIONS, now)

    def _add(self, key: tuple[int, str, str], number: int) -> None:
        if key in self._counts or len(self._counts) < self._most:
            self._counts[key] = self._counts.get(key, 0) + number
        elif not self._has_lost:
            self._has_lost = True
            logger.warning(
                "captcha_guard: %d different counts wait for the judge's database %s; further ones aren't counted",
                self._most,
                self._database.where,
            )


def _store(counts: Mapping[tuple[int, str, str], int], access: Access) -> None:
    """Add the counts to the rows of their hours and days."""
    for table, length in ((HOURS, HOUR), (DAYS, DAY)):
        rows: dict[tuple[int, str, str], int] = defaultdict(int)
        for (hour, counter, label), number in counts.items():
            rows[hour // length * length, counter, _stored(label)] += number
        access.change(ADD[table], [(*key, number) for key, number in sorted(rows.items())])


def _stored(label: str) -> str:
    """Return a label as every database can store it. A host's rule may have any slug."""
    return (label if label.isprintable() else ascii(label))[:_LONGEST]

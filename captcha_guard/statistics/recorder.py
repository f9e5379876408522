"""Counts events in this process. The counts are added to the database every few seconds.

A request only appends what happened to a list in memory. A background thread counts and writes it, so no request waits
for the database.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from ..database.background_writer import BackgroundWriter
from ..database.database import Access, Database
from ..database.retention import sweep
from .tables import ADD, DAY, DAYS, HOUR, HOURS, RETENTIONS

logger = logging.getLogger("captcha_guard")

#: The most different counts that wait in memory: about 2 MB. A site has 20 to 150 in an hour, so this is for days.
MOST: Final = 10_000
#: The number of events in memory from which a request counts them itself. A busy site has a few hundred in 5 seconds.
MANY: Final = 10_000
#: The most characters of a label in the database.
_LONGEST: Final = 64

#: A counter and a label, such as ("verdicts", "hold").
Counted = tuple[str, str]

#: An event: when it happened, and the function that returns what it counts as, with its arguments.
_Event = tuple[float, Callable[..., Iterable[Counted]], tuple[object, ...]]

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
        """Begin with no events, in a new process."""
        self._events: deque[_Event] = deque()
        self._counts: _Counts = {}
        self._lock = threading.Lock()
        self._has_lost = False

    def count(self, counts_of: Callable[..., Iterable[Counted]], *details: object) -> None:
        """Count an event that happens now: once each pair of counter and label that ``counts_of(*details)`` returns.

        The function is called later, in a background thread. This method never raises, and doesn't use the database.
        """
        self._events.append((self._clock(), counts_of, details))
        self._writer.wake()
        if len(self._events) > MANY:
            with self._lock:
                self._count_events()

    def write(self, *, insist: bool = False) -> bool:
        """Add all counts to the database. If it can't be used, they stay in memory, and the result is False.

        :param insist: as in :meth:`Database.write`.
        """
        return self._writer.write(insist=insist)

    def take(self) -> _Counts:
        """Remove all counts from memory, and return them."""
        with self._lock:
            self._count_events()
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

    def _count_events(self) -> None:
        while self._events:
            at, counts_of, details = self._events.popleft()
            hour = int(at) // HOUR * HOUR
            try:
                for counter, label in counts_of(*details):
                    self._add((hour, counter, str(label)), 1)
            except Exception:  # such as for a finding of a host's rule that isn't one
                logger.exception("captcha_guard: an event could not be counted in the statistics")

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

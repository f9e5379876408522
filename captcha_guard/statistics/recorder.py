"""Counts events in this process, and adds the counts to the database every few seconds in one transaction.

A request only adds to numbers in memory. A background thread writes them, so no request waits for the database.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
import time
import weakref
from collections import defaultdict
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from ..database.database import Access, Database
from ..database.retention import sweep
from .tables import ADD, DAY, DAYS, HOUR, HOURS, RETENTIONS

logger = logging.getLogger("captcha_guard")

#: Seconds between two writes of one process.
EVERY: Final = 5.0
#: The most different counts that wait in memory: about 2 MB. A site has 20 to 150 in an hour, so this is for days.
MOST: Final = 10_000
#: The most characters of a label in the database.
_LONGEST: Final = 64
#: Seconds for which a fork waits until the recorders have finished writing.
_FORK_WAIT: Final = 5.0

#: A counter and a label, such as ("verdicts", "hold").
Counted = tuple[str, str]

#: How often each label was counted in each hour (seconds since 1970).
_Counts = dict[tuple[int, str, str], int]


class Recorder:
    """The counts of one application in this process that aren't in the database yet.

    Threads may share it. In a fork, the child begins with no counts, because the parent writes its own. While the
    database can't be used, counts wait in memory, and are written when it can be used again.

    :param clock: returns seconds since 1970.
    :param every: seconds between two writes.
    :param most: the most different counts in memory. When there are as many, new ones are lost, and the log says so.
    """

    def __init__(
        self,
        database: Database,
        *,
        clock: Callable[[], float] = time.time,
        every: float = EVERY,
        most: int = MOST,
    ) -> None:
        database.add_tables(HOURS, DAYS)
        self._database = database
        self._clock = clock
        self._every = every
        self._most = most
        self._begin()
        _recorders.add(self)

    def _begin(self) -> None:
        """Begin with no counts and no thread, in a new process."""
        self._counts: _Counts = {}
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._thread: threading.Thread | None = None
        self._has_lost = self._lacks_thread = self._is_stopped = False

    def count(self, *events: Counted) -> None:
        """Count these events now. It only changes numbers in memory, and never raises."""
        hour = int(self._clock()) // HOUR * HOUR
        with self._lock:
            if self._is_stopped:
                return
            for counter, label in events:
                self._add((hour, counter, label), 1)
            if self._thread is None:
                self._start()

    def write(self, *, insist: bool = False) -> bool:
        """Add all counts to the database. If it can't be used, they stay in memory, and the result is False.

        :param insist: as in :meth:`Database.write`.
        """
        with self._writing:
            with self._lock:
                counts, self._counts = self._counts, {}
            if not counts or self._is_stopped:
                return True
            is_written = False
            try:
                is_written = bool(self._database.write(partial(_store, counts), insist=insist))
            except Exception:
                logger.exception("captcha_guard: statistics could not be written; they are written later")
            finally:
                with self._lock:
                    if is_written:
                        self._has_lost = False
                    else:
                        for key, number in counts.items():
                            self._add(key, number)
            return is_written

    def sweep(self, now: float) -> int | None:
        """Delete what has expired. Returns the number of deleted rows, ``None`` if the database can't be used.

        :param now: seconds since 1970.
        """
        return sweep(self._database, RETENTIONS, now)

    def stop(self) -> None:
        """Discard the counts in memory, and count nothing any more, because the database is about to be deleted.

        It takes no lock, because it may be called by the garbage collector while the same thread holds one.
        """
        self._is_stopped = True

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

    def _start(self) -> None:
        """Start the thread. If that isn't possible, the next count tries again."""
        thread = threading.Thread(target=self._run, name="captcha_guard-statistics", daemon=True)
        try:
            thread.start()
        except RuntimeError as error:
            if not self._lacks_thread:
                self._lacks_thread = True
                logger.warning("captcha_guard: statistics wait, because no thread could be started: %s", error)
        else:
            self._thread, self._lacks_thread = thread, False

    def _run(self) -> None:
        while self._has_counts_after_wait():
            self.write()

    def _has_counts_after_wait(self) -> bool:
        """Wait, and return whether there is something to write. Otherwise the thread ends; a count starts another."""
        time.sleep(self._every)
        with self._lock:
            if self._counts:
                return True
            self._thread = None
            return False


def _store(counts: Mapping[tuple[int, str, str], int], access: Access) -> bool:
    """Add the counts to the rows of their hours and days. Returns True."""
    for table, length in ((HOURS, HOUR), (DAYS, DAY)):
        rows: dict[tuple[int, str, str], int] = defaultdict(int)
        for (hour, counter, label), number in counts.items():
            rows[hour // length * length, counter, _stored(label)] += number
        access.change(ADD[table], [(*key, number) for key, number in sorted(rows.items())])
    return True


def _stored(label: str) -> str:
    """Return a label as every database can store it. A host's rule may have any slug."""
    return (label if label.isprintable() else ascii(label))[:_LONGEST]


_recorders: weakref.WeakSet[Recorder] = weakref.WeakSet()
#: The recorders whose writing a fork has waited for.
_paused: list[Recorder] = []


def _write_all() -> None:
    """Write the counts of all recorders at the end of the process. Their threads write nothing after that."""
    for recorder in list(_recorders):
        recorder.write(insist=True)
        recorder.stop()


def _pause_writing() -> None:
    """Wait until no recorder writes. A child that is forked during a write could inherit a locked mutex of SQLite."""
    for recorder in list(_recorders):
        if recorder._writing.acquire(timeout=_FORK_WAIT):
            _paused.append(recorder)


def _resume_writing() -> None:
    while _paused:
        _paused.pop()._writing.release()


def _begin_all() -> None:
    """Begin anew in a child. Its parent writes what was counted before the fork."""
    _paused.clear()
    for recorder in list(_recorders):
        recorder._begin()


# At exit, finalize closes the connections of all threads, also of one that is writing, and that would crash. Its first
# use registers this. Handlers run in reverse order, so _write_all must be registered later.
weakref.finalize(_recorders, _recorders.clear).detach()
atexit.register(_write_all)
if hasattr(os, "register_at_fork"):  # after those of the checkpoints, which a write can wait for
    os.register_at_fork(before=_pause_writing, after_in_parent=_resume_writing, after_in_child=_begin_all)

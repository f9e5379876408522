"""Collects rows in memory, and writes them to the judge's database a few seconds later, in a background thread.

It is for data that nobody needs at once, such as counts and records of submissions. So a POST doesn't wait for them.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
import weakref
from collections import deque
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any, Final

from .database import Access, Database

logger = logging.getLogger("captcha_guard")

#: Seconds from the first waiting row until all are written.
DELAY: Final = 5.0
#: The most rows that wait. If the database can't be used for longer, the oldest rows are dropped.
MOST: Final = 10_000
#: The most rows that one transaction writes, so that other writers don't wait long.
BATCH: Final = 500

#: Writes rows in a transaction. It gets them in the order in which they were added.
Write = Callable[[Access, Sequence[Any]], object]

#: Held while rows are written. A process must not fork then, because the child would inherit a locked mutex of SQLite.
_flushing: Final = threading.Lock()
_buffers: Final = weakref.WeakSet["WriteBuffer"]()


class WriteBuffer:
    """The rows of one process that wait to be written to a database.

    All threads share it. Rows that wait when the process ends are written then, unless it's killed. A fork begins with
    an empty buffer, because its parent writes what waits.

    :param delay: seconds from the first waiting row until all are written.
    """

    def __init__(self, database: Database, *, delay: float = DELAY) -> None:
        self._database = database
        self._delay = delay
        self._waiting: deque[tuple[Write, Any]] = deque(maxlen=MOST)
        self._dropped = 0
        self._is_scheduled = False
        _buffers.add(self)

    def add(self, write: Write, row: Any) -> None:
        """Add a row, which ``write(access, rows)`` writes later, together with other rows of the same function.

        It never raises for a database that can't be used.
        """
        if len(self._waiting) == MOST:
            self._dropped += 1
        self._waiting.append((write, row))
        if not self._is_scheduled:
            self._schedule()

    def flush(self) -> bool:
        """Write all waiting rows now. Returns whether that succeeded. Otherwise they wait for another try."""
        with _flushing:
            self._report_dropped()
            while self._waiting:
                rows = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
                if not self._write(rows):
                    self._put_back(rows)
                    return False
        return True

    def clear(self) -> None:
        """Drop all waiting rows."""
        self._waiting.clear()
        self._dropped = 0
        self._is_scheduled = False

    def flush_at_exit(self) -> None:
        """Write what waits at the end of the process, unless the database's file was deleted."""
        if self._waiting and not self._database.is_missing:
            self.flush()

    def _schedule(self) -> None:
        self._is_scheduled = True
        timer = threading.Timer(self._delay, _run, (weakref.ref(self),))
        timer.daemon = True
        timer.name = "captcha_guard-write"
        try:
            timer.start()
        except RuntimeError:  # no more threads can be started; a later row tries again
            self._is_scheduled = False

    def run_scheduled(self) -> None:
        """Write what waits, in the background. If that fails, the next row schedules another try."""
        self._is_scheduled = False
        self.flush()

    def _write(self, rows: Sequence[tuple[Write, Any]]) -> bool:
        by_function: dict[Write, list[Any]] = {}
        for write, row in rows:
            by_function.setdefault(write, []).append(row)

        def write_all(access: Access) -> bool:
            for write, several in by_function.items():
                write(access, several)
            return True

        try:
            return self._database.write(write_all) or False
        except Exception:  # a row that can't be written must not stop the rows after it
            logger.exception("captcha_guard: %d rows of counts and records couldn't be written", len(rows))
            return True

    def _put_back(self, rows: Sequence[tuple[Write, Any]]) -> None:
        room = MOST - len(self._waiting)
        self._dropped += max(0, len(rows) - room)
        self._waiting.extendleft(islice(reversed(rows), room))

    def _report_dropped(self) -> None:
        if self._dropped:
            logger.warning(
                "captcha_guard: %d rows of counts and records were dropped, because %s couldn't be used for too long",
                self._dropped,
                self._database.where,
            )
            self._dropped = 0


def _run(reference: weakref.ref[WriteBuffer]) -> None:
    buffer = reference()
    if buffer is None:
        return
    try:
        buffer.run_scheduled()
    except Exception:
        logger.exception("captcha_guard: counts and records couldn't be written; they are tried again")


def _flush_all() -> None:
    for buffer in list(_buffers):
        buffer.flush_at_exit()


def _start_empty() -> None:
    for buffer in list(_buffers):
        buffer.clear()
    _flushing.release()


atexit.register(_flush_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_flushing.acquire, after_in_parent=_flushing.release, after_in_child=_start_empty)

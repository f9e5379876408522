"""Writes what waits in memory to the judge's database every few seconds, in a background thread.

It is for data that no request needs at once, such as counts and records of submissions. So no request waits for it.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any, Final, Generic, Protocol, TypeVar

from .database import Access, Database

logger = logging.getLogger("captcha_guard")

#: Seconds between two writes of one process.
EVERY: Final = 5.0
#: The most transactions of one write.
_MOST_TRANSACTIONS: Final = 25
#: Seconds for which a fork waits until the writers have finished.
_FORK_WAIT: Final = 5.0

_Row = TypeVar("_Row")


class Source(Protocol):
    """Data of one kind that waits in memory."""

    def begin(self) -> None:
        """Begin with nothing, in a new process. Locks must be made anew, because a fork may have copied held ones."""

    def take(self) -> Any:
        """Remove what waits and return it, as much as one transaction may write. Something false means nothing."""

    def store(self, access: Access, taken: Any) -> None:
        """Write what was taken, in a transaction."""

    def put_back(self, taken: Any) -> None:
        """Let it wait again, because the database can't be used."""


class BackgroundWriter:
    """Writes the data of all its sources, in one thread and in common transactions.

    The thread starts when a source wakes the writer, and ends once nothing waits. What waits when the process ends is
    written then, unless it is killed. In a fork, the child begins with nothing, because the parent writes its own.

    :param every: seconds between two writes.
    """

    def __init__(self, database: Database, *, every: float = EVERY) -> None:
        self._database = database
        self._every = every
        self._sources: list[Source] = []
        self._begin()
        _writers.add(self)

    def _begin(self) -> None:
        """Begin without a thread, in a new process."""
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._thread: threading.Thread | None = None
        self._woken = self._lacks_thread = self._is_stopped = False
        for source in self._sources:
            source.begin()

    def add(self, source: Source) -> None:
        """Write the data of this source, too."""
        self._sources.append(source)

    def wake(self) -> None:
        """Write what waits within a few seconds. Sources call this after each addition; it never raises."""
        if self._woken or self._is_stopped:
            return
        with self._lock:
            self._woken = True
            if self._thread is None:
                self._start()

    def write(self, *, insist: bool = False) -> bool:
        """Write all that waits now. If the database can't be used, it waits further, and the result is False.

        :param insist: as in :meth:`Database.write`.
        """
        with self._writing:
            for _ in range(_MOST_TRANSACTIONS):  # others may add without a pause
                if self._is_stopped:
                    break
                taken = [(source, waiting) for source in self._sources if (waiting := source.take())]
                if not taken:
                    break
                if not self._store(taken, insist=insist):
                    for source, waiting in taken:
                        source.put_back(waiting)
                    return False
        return True

    def stop(self) -> None:
        """Write nothing any more, because the database is about to be deleted.

        It takes no lock, because the garbage collector may call it while the same thread holds one.
        """
        self._is_stopped = True

    @property
    def where(self) -> str:
        """The database, for messages."""
        return self._database.where

    @property
    def is_stopped(self) -> bool:
        """Whether nothing is written any more."""
        return self._is_stopped

    def _store(self, taken: Sequence[tuple[Source, Any]], *, insist: bool) -> bool:
        def store(access: Access) -> bool:
            for source, waiting in taken:
                source.store(access, waiting)
            return True

        try:
            return bool(self._database.write(store, insist=insist))
        except Exception:
            logger.exception("captcha_guard: statistics and records could not be written; they are written later")
            return False

    def _start(self) -> None:
        """Start the thread. If that isn't possible, the next addition tries again."""
        thread = threading.Thread(target=_run, args=(weakref.ref(self), self._every), daemon=True)
        thread.name = "captcha_guard-writer"
        try:
            thread.start()
        except RuntimeError as error:
            self._woken = False
            if not self._lacks_thread:
                self._lacks_thread = True
                logger.warning(
                    "captcha_guard: statistics and records wait, because no thread could be started: %s", error
                )
        else:
            self._thread, self._lacks_thread = thread, False

    def write_if_woken(self) -> bool:
        """Write what was added since the last call. Returns False if nothing was, and then the thread ends."""
        with self._lock:
            if not self._woken or self._is_stopped:
                self._thread = None
                return False
            self._woken = False
        if not self.write():
            self._woken = True
        return True


class WaitingRows(Generic[_Row]):
    """Rows that wait to be written in their order. If too many wait, the oldest are dropped, and the log says so.

    :param what: the rows' name in the log.
    :param store: writes rows in a transaction.
    :param most: the most rows that wait.
    :param batch: the most rows that one transaction writes, so that other writers don't wait long.
    """

    def __init__(
        self,
        writer: BackgroundWriter,
        what: str,
        store: Callable[[Access, Sequence[_Row]], object],
        *,
        most: int = 10_000,
        batch: int = 500,
    ) -> None:
        self._writer = writer
        self._what = what
        self._store = store
        self._most = most
        self._batch = batch
        self.begin()
        writer.add(self)

    def begin(self) -> None:
        """Begin with no rows."""
        self._rows: deque[_Row] = deque(maxlen=self._most)
        self._dropped = 0

    def append(self, row: _Row) -> None:
        """Add a row. This only changes memory, and never raises."""
        if len(self._rows) == self._most:
            self._dropped += 1
        self._rows.append(row)
        self._writer.wake()

    def take(self) -> list[_Row]:
        """Remove the oldest rows, and return them."""
        rows = self._rows
        return [rows.popleft() for _ in range(min(self._batch, len(rows)))]

    def store(self, access: Access, taken: Sequence[_Row]) -> None:
        """Write rows."""
        if self._dropped:
            logger.warning(
                "captcha_guard: %d %s were dropped, because the database couldn't be used for too long",
                self._dropped,
                self._what,
            )
            self._dropped = 0
        self._store(access, taken)

    def put_back(self, taken: Sequence[_Row]) -> None:
        """Let the rows wait again, before those that were added since then."""
        room = self._most - len(self._rows)
        self._dropped += max(0, len(taken) - room)
        self._rows.extendleft(islice(reversed(taken), room))


_writers: weakref.WeakSet[BackgroundWriter] = weakref.WeakSet()
#: The writers that a fork has waited for.
_paused: list[BackgroundWriter] = []


def _run(reference: weakref.ref[BackgroundWriter], every: float) -> None:
    """Write every few seconds until nothing was added, or until the application has gone."""
    goes_on = True
    while goes_on:
        time.sleep(every)
        writer = reference()
        goes_on = writer is not None and writer.write_if_woken()
        del writer


def _write_all() -> None:
    """Write what waits in all writers, at the end of the process. Their threads write nothing after that."""
    for writer in list(_writers):
        if not writer.write(insist=True):
            logger.warning(
                "captcha_guard: the process ends, so the statistics and records that wait for %s are lost", writer.where
            )
        writer.stop()


def _pause() -> None:
    """Wait until no writer writes. A child that is forked during a write could inherit a locked mutex of SQLite."""
    for writer in list(_writers):
        if writer._writing.acquire(timeout=_FORK_WAIT):
            _paused.append(writer)


def _resume() -> None:
    while _paused:
        _paused.pop()._writing.release()


def _begin_all() -> None:
    """Begin anew in a child."""
    _paused.clear()
    for writer in list(_writers):
        writer._begin()


# At exit, finalize closes the connections of all threads, also of one that is writing, and that would crash. Its first
# use registers this. Handlers run in reverse order, so _write_all must be registered later.
weakref.finalize(_writers, _writers.clear).detach()
atexit.register(_write_all)
if hasattr(os, "register_at_fork"):  # after those of the checkpoints, which a write can wait for
    os.register_at_fork(before=_pause, after_in_parent=_resume, after_in_child=_begin_all)

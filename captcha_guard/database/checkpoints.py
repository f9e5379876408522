"""Copies the write-ahead log of a SQLite file into the file, in a background thread.

SQLite does this itself in the commit that fills the log, so about one request in a hundred would wait for the disk.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
import time
from contextlib import closing
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

logger = logging.getLogger("captcha_guard")

#: Commits of one process after which it checkpoints: some 30 comments, and a log of about 2 MB.
EVERY: Final = 128
#: Bytes of the log above which writers have to wait until it is empty again; of twice as many, a writer empties it.
MOST_BYTES: Final = 4 * 1024 * 1024
#: Seconds for which such a checkpoint tries to get a turn, and for which SQLite waits by itself, in short steps.
_PATIENCE: Final = 5.0
_POLL: Final = 0.005


class Checkpoints:
    """Counts the commits to one file in this process, and starts a checkpoint after every ``EVERY`` of them."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._commits = 0
        self._process = os.getpid()
        self._running = threading.Lock()

    def committed(self) -> None:
        """Count a commit. Exactness doesn't matter, so threads may race."""
        self._commits += 1
        if self._commits < EVERY:
            return
        if self._process != os.getpid():  # a fork may have copied a lock that is held
            self._process, self._running = os.getpid(), threading.Lock()
        if not self._running.acquire(blocking=False):
            return
        self._commits = 0
        if _size(self._path) > 2 * MOST_BYTES:  # the thread doesn't get a turn among this many writers
            self._run()
            return
        try:
            threading.Thread(target=self._run, name="captcha_guard-checkpoint", daemon=True).start()
        except RuntimeError:  # no more threads can be started
            self._run()

    def _run(self) -> None:
        try:
            checkpoint(self._path)
        except sqlite3.Error as error:
            logger.warning("captcha_guard: the write-ahead log of %s was not checkpointed: %s", self._path, error)
        finally:
            self._running.release()


def checkpoint(path: Path) -> None:
    """Copy the log into the file. Writers wait only where the log is larger than ``MOST_BYTES``.

    :raises sqlite3.Error: the file can't be used.
    """
    if not path.exists():  # connecting would make it
        return
    with closing(sqlite3.connect(path, timeout=_POLL, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = NORMAL")
        _, frames, _ = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        [size] = connection.execute("PRAGMA page_size").fetchone()
        if frames * size <= MOST_BYTES:
            return
        patience = time.monotonic() + _PATIENCE
        busy = True
        while busy and time.monotonic() < patience:
            [busy, *_] = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()


def _size(path: Path) -> int:
    """Return the bytes of a file's write-ahead log."""
    try:
        return path.with_name(f"{path.name}-wal").stat().st_size
    except OSError:
        return 0

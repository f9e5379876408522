"""Copies the write-ahead log of a SQLite file into the file, in a background thread.

By default, SQLite does this in the commit that fills the log, so about one request in a hundred would wait for the
disk.
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

#: The number of a process's commits between two checkpoints: 60 to 120 comments, about 8 MB.
EVERY: Final = 256
#: If the log is larger than this many bytes, a checkpoint makes writers wait until the log is empty. If it is twice as
#: large, the checkpoint runs in a writer's own thread.
MOST_BYTES: Final = 16 * 1024 * 1024
#: Seconds for which such a checkpoint waits for the lock, and seconds of each try.
_TIMEOUT: Final = 5.0
_POLL: Final = 0.005

#: Held during a checkpoint. A process must not fork then, because the child would inherit a locked mutex of SQLite.
_checkpointing = threading.Lock()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_checkpointing.acquire,
        after_in_parent=_checkpointing.release,
        after_in_child=_checkpointing.release,
    )


class Checkpoints:
    """Counts the commits to one file in this process, and starts a checkpoint after every ``EVERY`` of them."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._commits = 0
        self._process = os.getpid()
        self._running = threading.Lock()

    def committed(self) -> None:
        """Count a commit, and start a checkpoint if it is time. Lost counts don't matter, so there is no lock."""
        self._commits += 1
        if self._commits < EVERY:
            return
        if self._process != os.getpid():  # in a fork, the copied lock may be held
            self._process, self._running = os.getpid(), threading.Lock()
        if not self._running.acquire(blocking=False):
            return
        self._commits = 0
        if _size(self._path) > 2 * MOST_BYTES:  # another thread wouldn't get the lock among this many writers
            self._run()
            return
        try:
            threading.Thread(target=self._run, name="captcha_guard-checkpoint", daemon=True).start()
        except RuntimeError:  # no more threads can be started
            self._run()

    def _run(self) -> None:
        try:
            self.run()
        finally:
            self._running.release()

    def run(self) -> None:
        """Run a checkpoint now. A failure is logged, unless the file is locked."""
        try:
            with _checkpointing:
                checkpoint(self._path)
        except sqlite3.Error as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF != sqlite3.SQLITE_BUSY:
                logger.warning("captcha_guard: the write-ahead log of %s was not checkpointed: %s", self._path, error)


def checkpoint(path: Path) -> None:
    """Copy the log into the file. Writers wait only if the log is larger than ``MOST_BYTES``.

    :raises sqlite3.Error: the file can't be used.
    """
    if not path.exists():  # connecting would create it
        return
    with closing(sqlite3.connect(path, timeout=_POLL, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = NORMAL")
        _, frames, _ = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        [size] = connection.execute("PRAGMA page_size").fetchone()
        if frames * size <= MOST_BYTES:
            return
        deadline = time.monotonic() + _TIMEOUT
        busy = True
        while busy and time.monotonic() < deadline:
            [busy, *_] = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()


def _size(path: Path) -> int:
    """Return the size of a file's write-ahead log in bytes."""
    try:
        return path.with_name(f"{path.name}-wal").stat().st_size
    except OSError:
        return 0

"""Renames a corrupt SQLite file to a name with the time, so that a new file can take its place.

Several processes may find the same file corrupt at once, or be about to open it. A lock on the folder lets one of them
rename it while no other opens it. The others then see by the file's identity that it was renamed.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Final

_CAN_LOCK: bool
try:
    import fcntl
except ImportError:  # without it, corrupt files aren't renamed
    _CAN_LOCK = False
else:
    _CAN_LOCK = True

#: The number of renamed files to keep. Older ones are deleted.
KEPT: Final = 5

Identity = tuple[int, int]

_CORRUPT: Final = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_POLL: Final = 0.005

_log = logging.getLogger(__name__)


def is_corruption(error: sqlite3.Error) -> bool:
    """Return whether an error means that the file is corrupt or isn't a database."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in _CORRUPT


def identity_of(path: Path) -> Identity | None:
    """Return the device and inode of the file at this path, or None if there is no file."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


@contextmanager
def opening(path: Path, *, alone: bool, timeout: float) -> Iterator[None]:
    """Hold the folder's lock while a file in it is opened, created or renamed.

    :param alone: hold it exclusively, to create or rename a file.

    :raises TimeoutError: another process held the lock for ``timeout`` seconds.
    """
    if not _CAN_LOCK:
        yield
        return
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        deadline = time.monotonic() + timeout
        while not _locked(folder, alone=alone):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{path.parent} stayed locked for {timeout:g} s")
            time.sleep(_POLL)
        try:
            yield
        finally:
            fcntl.flock(folder, fcntl.LOCK_UN)  # a process that was forked meanwhile shares the lock
    finally:
        os.close(folder)


def set_aside(path: Path, identity: Identity, *, timeout: float) -> Path | None:
    """Rename a corrupt file and its journal, and return the new name.

    Does nothing and returns None if another file is at the path (by ``identity``), if the file isn't corrupt, or if the
    folder can't be locked or written.
    """
    if not _CAN_LOCK:
        return None
    try:
        with opening(path, alone=True, timeout=timeout):
            if identity_of(path) != identity or not _is_corrupt(path):
                return None
            aside = _free_name(path)
            for suffix in ("", "-wal", "-shm"):  # in this order, because SQLite deletes the journal of an empty file
                with suppress(FileNotFoundError):
                    path.with_name(path.name + suffix).rename(aside.with_name(aside.name + suffix))
    except OSError as error:
        _log.error("%s is corrupt and could not be renamed: %s", path, error)
        return None
    _log.error("%s is corrupt. It was renamed to %s, and a new file takes its place", path, aside)
    _delete_old(path)
    return aside


def set_aside_before(path: Path) -> list[Path]:
    """Return the corrupt files that were renamed from this path, the oldest first."""
    with suppress(OSError):
        found = path.parent.glob(f"{path.name}.corrupt-*")
        return sorted(one for one in found if not one.name.endswith(("-wal", "-shm")))
    return []


def _locked(folder: int, *, alone: bool) -> bool:
    try:
        fcntl.flock(folder, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_corrupt(path: Path) -> bool:
    """Check the whole file on a new connection. The first error may have been that of one connection only."""
    try:
        with closing(sqlite3.connect(path, timeout=1.0)) as connection:
            return bool(connection.execute("PRAGMA integrity_check(1)").fetchone() != ("ok",))
    except sqlite3.Error as error:
        return is_corruption(error)


def _free_name(path: Path) -> Path:
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    name, number = f"{path.name}.corrupt-{stamp}", 1
    while path.with_name(name).exists():
        number += 1
        name = f"{path.name}.corrupt-{stamp}-{number}"
    return path.with_name(name)


def _delete_old(path: Path) -> None:
    """Delete all but the last five renamed files."""
    for old in set_aside_before(path)[:-KEPT]:
        for suffix in ("", "-wal", "-shm"):
            old.with_name(old.name + suffix).unlink(missing_ok=True)

"""A corrupt SQLite file is set aside under a name with the time, so that a fresh one can take its place.

Any number of processes may find the same file corrupt at once, or be about to open it: a lock on the folder lets one
of them act while nobody opens anything, and whoever comes later sees by the file's identity that it has been done.
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
except ImportError:  # a system without it keeps its corrupt file
    _CAN_LOCK = False
else:
    _CAN_LOCK = True

#: Files that were set aside and are kept; the oldest make room.
KEPT: Final = 5

Identity = tuple[int, int]

_CORRUPT: Final = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_POLL: Final = 0.005

_log = logging.getLogger(__name__)


def is_corruption(error: sqlite3.Error) -> bool:
    """Tell whether an error says that the file is no database, or no whole one."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in _CORRUPT


def identity_of(path: Path) -> Identity | None:
    """Return what tells one file at this path from another; None when there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


@contextmanager
def opening(path: Path, *, alone: bool, timeout: float) -> Iterator[None]:
    """Hold the folder's lock while a file in it is opened, or ``alone`` while one is made or set aside.

    :raises TimeoutError: somebody else held it for ``timeout`` seconds.
    """
    if not _CAN_LOCK:
        yield
        return
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        patience = time.monotonic() + timeout
        while not _locked(folder, alone=alone):
            if time.monotonic() > patience:
                raise TimeoutError(f"{path.parent} stayed locked for {timeout:g} s")
            time.sleep(_POLL)
        try:
            yield
        finally:
            fcntl.flock(folder, fcntl.LOCK_UN)  # in a process forked meanwhile, too
    finally:
        os.close(folder)


def set_aside(path: Path, identity: Identity, *, timeout: float) -> Path | None:
    """Rename a corrupt file, and its journal with it; returns its new name.

    None, and nothing is done, when the file is no longer the one of this ``identity``, when it proves to be sound, or
    when the folder can't be locked or written.
    """
    if not _CAN_LOCK:
        return None
    try:
        with opening(path, alone=True, timeout=timeout):
            if identity_of(path) != identity or not _is_corrupt(path):
                return None
            aside = _free_name(path)
            for suffix in ("", "-wal", "-shm"):  # in this order: SQLite drops the journal of a file that is empty
                with suppress(FileNotFoundError):
                    path.with_name(path.name + suffix).rename(aside.with_name(aside.name + suffix))
    except OSError as error:
        _log.error("%s is corrupt and could not be set aside: %s", path, error)
        return None
    _log.error("%s is corrupt; it was set aside as %s, and a fresh file takes its place", path, aside)
    _make_room(path)
    return aside


def set_aside_before(path: Path) -> list[Path]:
    """Return the files that were set aside from this path, the oldest first."""
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
    """Look the whole file through, on a connection of its own; an error may have been one connection's alone."""
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


def _make_room(path: Path) -> None:
    for old in set_aside_before(path)[:-KEPT]:
        for suffix in ("", "-wal", "-shm"):
            old.with_name(old.name + suffix).unlink(missing_ok=True)

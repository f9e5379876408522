"""A file with one JSON object per line that several processes share, to divide work and to continue after a stop."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

_BEYOND = 1 << 40  # bytes. Locks are beyond any file's end.


class SharedLines:
    """The file. The processes that use it lock it in turn.

    A process must have only one of these for a file, because closing any other handle of it would drop the locks
    (POSIX.1-2017, fcntl).
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("a+", encoding="utf-8")

    def read(self) -> list[dict[str, Any]]:
        """Return the objects in the file."""
        self._file.seek(0)
        return [json.loads(line) for line in self._file]

    def write(self, value: Mapping[str, object]) -> None:
        """Append a line."""
        self._file.write(json.dumps(value) + "\n")
        self._file.flush()

    @contextlib.contextmanager
    def claimed(self, name: str) -> Iterator[bool]:
        """Claim a name, so that other processes skip it. Yields False if another process already has it."""
        place = _BEYOND + zlib.crc32(name.encode())
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place, os.SEEK_SET)
        except OSError:
            yield False
            return
        try:
            yield True
        finally:
            fcntl.lockf(self._file, fcntl.LOCK_UN, 1, place, os.SEEK_SET)

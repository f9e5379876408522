"""On which kind of file system a path lies, read from Linux' list of mounts."""

from __future__ import annotations

import re
from pathlib import Path


def kind_of(path: Path, mounts: Path) -> str:
    """Return the file system's name, such as ``ext4`` or ``nfs4``; empty where the list can't be read.

    ``path`` need not exist yet. ``mounts`` has the form of ``/proc/self/mountinfo`` (proc(5)).
    """
    try:
        lines = mounts.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return ""
    place, found, depth = path.resolve(), "", -1
    for line in lines:
        before, _, after = line.partition(" - ")
        mounted = Path(_plain(before.split(" ")[4]))
        if len(mounted.parts) >= depth and place.is_relative_to(mounted):  # the last of several on one point is on top
            found, depth = after.split(" ")[0], len(mounted.parts)
    return found


def _plain(escaped: str) -> str:
    """Undo the octal escapes of blanks and backslashes."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), escaped)

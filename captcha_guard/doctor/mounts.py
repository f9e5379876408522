"""Finds the kind of file system of a path, in Linux's list of mounts or else with statfs(2)."""

from __future__ import annotations

import ctypes
import errno
import os
import re
import sys
from pathlib import Path
from typing import Final

#: The numbers that statfs(2) returns for the file systems of a server's files (``include/uapi/linux/magic.h``, or the
#: source code of those that aren't in it). FUSE isn't listed, because it can be a local or a remote disk.
KINDS: Final = {
    0xEF53: "ext4", 0x58465342: "xfs", 0x9123683E: "btrfs", 0x2FC12FC1: "zfs", 0xF2F52010: "f2fs",
    0x794C7630: "overlay", 0x01021994: "tmpfs", 0x858458F6: "ramfs", 0x9FA0: "proc", 0x73717368: "squashfs",
    0x6969: "nfs", 0xFF534D42: "cifs", 0xFE534D42: "smb3", 0x517B: "smbfs", 0x5346414F: "afs", 0x00C36400: "ceph",
    0x01021997: "9p", 0x0BD00BD0: "lustre", 0x47504653: "gpfs", 0x19830326: "beegfs", 0x564C: "ncpfs",
    0x786F4256: "vboxsf",
}  # fmt: skip


def kind_of(path: Path, mounts: Path) -> str:
    """Return the file system's name, such as ``ext4`` or ``nfs4``. Empty if it isn't known.

    ``path`` doesn't need to exist yet. ``mounts`` has the format of ``/proc/self/mountinfo`` (proc(5)). In a chroot,
    that list lacks the file system of the root folder, which statfs(2) returns.
    """
    try:
        lines = mounts.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return ""
    place, found, depth = path.resolve(), "", -1
    for line in lines:
        before, _, after = line.partition(" - ")
        mounted = Path(_plain(before.split(" ")[4]))
        # If several file systems are mounted on one folder, the last one is visible.
        if len(mounted.parts) >= depth and place.is_relative_to(mounted):
            found, depth = after.split(" ")[0], len(mounted.parts)
    return found or _kind_by_number(place)


def _kind_by_number(place: Path) -> str:
    """Return the kind that statfs(2) reports for a path, or for its nearest parent folder that exists."""
    if not sys.platform.startswith("linux"):
        return ""
    answer = (ctypes.c_long * 32)()  # longer than a struct statfs, which starts with the number
    for one in (place, *place.parents):
        if ctypes.CDLL(None, use_errno=True).statfs(os.fsencode(one), answer) == 0:
            return KINDS.get(answer[0] & 0xFFFF_FFFF, "")
        if ctypes.get_errno() not in (errno.ENOENT, errno.ENOTDIR):
            break
    return ""


def _plain(escaped: str) -> str:
    """Decode the octal escapes of white space and backslashes."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), escaped)

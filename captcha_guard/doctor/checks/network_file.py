"""SQLite's locks and its shared memory don't reach over a network."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from ...counters.storages.sqlite import SQLiteStorage
from ...database.sqlite import SQLiteDatabase
from ..diagnosis import CannotTellError, Check, Diagnosis, Moment, Severity
from ..mounts import kind_of
from ..site import Site

#: File systems (as Linux names them) on which write-ahead logs or locks can't be trusted between hosts.
NETWORKED = frozenset({
    "nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "ceph", "glusterfs", "lustre", "gpfs", "beegfs", "davfs", "ncpfs",
    "9p", "virtiofs", "vboxsf", "prl_fs", "fuse.sshfs", "fuse.glusterfs", "fuse.s3fs", "fuse.rclone", "fuse.davfs",
    "fuse.ceph", "fuse.goofys", "fuse.vmhgfs-fuse", "fuse.grpcfuse",
})  # fmt: skip


class NetworkFile(Check):
    """Looks the guard's SQLite files up among the mounted file systems (Linux): counters, memory, filter."""

    code: ClassVar[str] = "CG204"
    title: ClassVar[str] = "A SQLite file lies on a network file system."
    severity: ClassVar[Severity] = Severity.FAULT
    moments: ClassVar[frozenset[Moment]] = frozenset({Moment.START, Moment.DOCTOR})
    fix: ClassVar[str] = (
        "Locks may fail there, and the file may break: keep the instance folder, and what CAPTCHA_GUARD_STORAGE_URI "
        "and DATABASE_URI name, on a disk of each host; hosts share a Redis, and a database on a server."
    )

    def examine(self, site: Site) -> Iterator[Diagnosis]:
        """Find the mount that holds each file; raises ``CannotTellError`` where none is known."""
        for file in dict.fromkeys(_files(site)):
            kind = kind_of(file, site.mounts)
            if not kind:
                raise CannotTellError(f"neither {site.mounts} nor the kernel says on which file system {file} lies")
            if kind in NETWORKED:
                yield self.found(f"{file} lies on {kind}.")


def _files(site: Site) -> Iterator[Path]:
    if isinstance(site.state.storage, SQLiteStorage):
        yield Path(site.state.storage.storage)
    if isinstance(site.state.database, SQLiteDatabase):
        yield site.state.database.path.absolute()

"""Checks for SQLite files on network file systems, where SQLite's locks and shared memory don't work."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from ...counters.storages.sqlite import SQLiteStorage
from ...database.sqlite import SQLiteDatabase
from ..diagnosis import CannotCheckError, Check, Diagnosis, Moment, Severity
from ..mounts import kind_of
from ..site import Site

#: File systems, by their names in Linux, on which write-ahead logs or locks between hosts aren't reliable.
NETWORKED = frozenset({
    "nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "ceph", "glusterfs", "lustre", "gpfs", "beegfs", "davfs", "ncpfs",
    "9p", "virtiofs", "vboxsf", "prl_fs", "fuse.sshfs", "fuse.glusterfs", "fuse.s3fs", "fuse.rclone", "fuse.davfs",
    "fuse.ceph", "fuse.goofys", "fuse.vmhgfs-fuse", "fuse.grpcfuse",
})  # fmt: skip


class NetworkFile(Check):
    """Checks the file systems of the guard's SQLite files (only on Linux)."""

    code: ClassVar[str] = "CG204"
    title: ClassVar[str] = "A SQLite file is on a network file system."
    severity: ClassVar[Severity] = Severity.FAULT
    moments: ClassVar[frozenset[Moment]] = frozenset({Moment.START, Moment.DOCTOR})
    fix: ClassVar[str] = (
        "Locks may fail there and corrupt the file. Keep the instance folder, and the files in "
        "CAPTCHA_GUARD_STORAGE_URI and DATABASE_URI, on a local disk of each host. Several hosts need a shared Redis, "
        "and a shared database on a server."
    )

    def run(self, site: Site) -> Iterator[Diagnosis]:
        """Find the file system of each file. Raises ``CannotCheckError`` if it isn't known."""
        for file in dict.fromkeys(_files(site)):
            kind = kind_of(file, site.mounts)
            if not kind:
                raise CannotCheckError(
                    f"the file system of {file} isn't in {site.mounts}, and the kernel doesn't know it"
                )
            if kind in NETWORKED:
                yield self.found(f"{file} is on {kind}.")


def _files(site: Site) -> Iterator[Path]:
    if isinstance(site.state.storage, SQLiteStorage):
        yield Path(site.state.storage.storage)
    if isinstance(site.state.database, SQLiteDatabase):
        yield site.state.database.path.absolute()

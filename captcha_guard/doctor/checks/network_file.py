"""SQLite's locks and its shared memory don't reach over a network."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from ...counters.sqlite import SQLiteStorage
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
    """Looks the counters' file up among the mounted file systems (Linux)."""

    code: ClassVar[str] = "CG204"
    title: ClassVar[str] = "The SQLite file lies on a network file system."
    severity: ClassVar[Severity] = Severity.FAULT
    moments: ClassVar[frozenset[Moment]] = frozenset({Moment.START, Moment.DOCTOR})
    fix: ClassVar[str] = (
        "Locks may fail there, and the file may break: name a local path, CAPTCHA_GUARD_STORAGE_URI = "
        "'sqlite:////var/lib/blog/counters.sqlite3', or a Redis if several hosts share it."
    )

    def examine(self, site: Site) -> Iterator[Diagnosis]:
        """Find the mount that holds the file; raises ``CannotTellError`` where there is no list of mounts."""
        storage = site.state.storage
        if not isinstance(storage, SQLiteStorage):
            return
        kind = kind_of(Path(storage.storage), site.mounts)
        if not kind:
            raise CannotTellError(f"{site.mounts} can't be read, so the file system is not known")
        if kind in NETWORKED:
            yield self.found(f"{storage.storage} lies on {kind}.")

"""Checks for ``memory://`` with several processes, which can't share it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from limits.storage import MemoryStorage

from ...counters.storages.memory import LockedMemoryStorage
from ..diagnosis import Check, Diagnosis, Moment, Severity
from ..site import Site
from ..workers import declared, seen


class MemoryWorkers(Check):
    """Refuses ``memory://`` if several workers are configured, and reports a fault if the environment shows several."""

    code: ClassVar[str] = "CG201"
    title: ClassVar[str] = "Several processes count in memory, each separately."
    severity: ClassVar[Severity] = Severity.FAULT
    moments: ClassVar[frozenset[Moment]] = frozenset({Moment.START, Moment.SERVING, Moment.DOCTOR})
    fix: ClassVar[str] = (
        "Each process counts every limit separately, and accepts every code once. Leave CAPTCHA_GUARD_STORAGE_URI "
        "unset for a SQLite file, or set it to a Redis for several hosts."
    )

    def run(self, site: Site) -> Iterator[Diagnosis]:
        """Compare the store with the number of processes."""
        if not isinstance(site.state.storage, (MemoryStorage, LockedMemoryStorage)):
            return
        count = declared(site.app.config)
        if site.serving:
            if site.multiprocess:
                yield self.found("The server says that it runs several processes (wsgi.multiprocess).")
        elif count > 1:
            yield self.found(f"CAPTCHA_GUARD_WORKERS is {count}, and the storage is memory://.", refuses=True)
        elif sign := seen(site.environ, site.argv):
            yield self.found(f"{sign}, and the storage is memory://.")

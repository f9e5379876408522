"""Checks that the counters' store works. Without it, limits are stricter and used codes can't be recognised."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import ClassVar

from ...config.validators import without_password
from ...counters.storages.tls_hints import advice
from ...counters.store import faults_of
from ..diagnosis import Check, Diagnosis, Moment, Severity
from ..site import Site


class StoreReach(Check):
    """Increments a new counter, as spending a nonce does, and deletes it."""

    code: ClassVar[str] = "CG202"
    title: ClassVar[str] = "The counters' store can't be used."
    severity: ClassVar[Severity] = Severity.FAULT
    moments: ClassVar[frozenset[Moment]] = frozenset({Moment.DOCTOR})
    fix: ClassVar[str] = (
        "Start the store, or correct CAPTCHA_GUARD_STORAGE_URI, its password or the file's permissions. Until then the "
        "guard can't recognise used codes, and each process counts limits separately."
    )

    def run(self, site: Site) -> Iterator[Diagnosis]:
        """Increment and delete one key."""
        storage, key = site.state.storage, f"captcha_guard/doctor/{secrets.token_hex(8)}"
        try:
            counted = storage.incr(key, 60)
            storage.clear(key)
        except faults_of(storage) as error:
            yield self.found(f"{type(error).__name__}: {without_password(str(error))}.", fix=advice(error))
            return
        if counted != 1:
            yield self.found(f"A new counter started at {counted}, not at 1.")

"""A secret that is made while the application starts is another one in each worker."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import ClassVar

from ...counters.store import faults_of
from ..diagnosis import CannotTellError, Check, Diagnosis, Moment, Severity
from ..fingerprint import SecretNote, fingerprint
from ..site import Site


class SecretShared(Check):
    """Loads the application again in a process of its own, and compares with what the workers noted in the store."""

    code: ClassVar[str] = "CG101"
    title: ClassVar[str] = "The secret is another one in another process."
    severity: ClassVar[Severity] = Severity.FAULT
    moments: ClassVar[frozenset[Moment]] = frozenset({Moment.SERVING, Moment.DOCTOR})
    fix: ClassVar[str] = (
        "Make one secret, once, keep it outside of the code, and let every process read it: a worker takes no code "
        "that another one handed out."
    )

    def examine(self, site: Site) -> Iterator[Diagnosis]:
        """Ask the doctor's other process, or leave a note where the site is being served."""
        if site.serving:
            yield from self._noted(SecretNote(site.app, site.state).leave())
            return
        try:
            differs = SecretNote(site.app, site.state).differs()
        except faults_of(site.state.storage):
            differs = False  # that is another check's matter
        yield from self._noted(differs)
        if site.in_fresh_process is None:
            raise CannotTellError("the application can't be loaded a second time; use: flask --app NAME ...")
        salt = secrets.token_hex()
        try:
            other = site.in_fresh_process(salt)
        except RuntimeError as error:
            raise CannotTellError(str(error)) from error
        if other != fingerprint(site.state.secret, salt):
            yield self.found("The application was loaded twice, in two processes, and had two secrets.")

    def _noted(self, differs: bool) -> Iterator[Diagnosis]:  # noqa: FBT001 - what the note says
        if differs:
            yield self.found(
                "Another process that counts in this store has noted another secret within the last hour (once, after "
                "a secret was replaced without SECRET_KEY_FALLBACKS, that is as it should be)."
            )

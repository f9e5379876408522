"""A secret that is made while the application starts is another one in each process."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from ...errors import TokenError, TokenForgedError
from ..browser import shown
from ..diagnosis import Check, Diagnosis, Moment, Severity
from ..site import Site


class SecretShared(Check):
    """Compares the secret of this process with the one that has signed the code in the served page."""

    code: ClassVar[str] = "CG101"
    title: ClassVar[str] = "The secret is another one in another process."
    severity: ClassVar[Severity] = Severity.FAULT
    moments: ClassVar[frozenset[Moment]] = frozenset({Moment.DOCTOR})
    fix: ClassVar[str] = (
        "Make one secret, once, keep it outside of the code, and let every process read it: a worker takes no code "
        "that another one handed out."
    )

    def examine(self, site: Site) -> Iterator[Diagnosis]:
        """Open the codes of the page; raises ``CannotTellError`` where there is no page."""
        for token in site.page.tokens:
            try:
                site.state.issuer.open(token)
            except TokenForgedError:
                yield self.found(
                    f"The code in {shown(site.page.url)} was signed by another secret than this command's."
                )
                return
            except TokenError:
                continue

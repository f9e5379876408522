"""Checks that all processes share one secret. A secret generated at start-up differs in each process."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from ...errors import TokenError, TokenForgedError
from ..browser import shown
from ..diagnosis import Check, Diagnosis, Moment, Severity
from ..site import Site


class SecretShared(Check):
    """Compares the secret of this process with the one that signed the token in the served page."""

    code: ClassVar[str] = "CG101"
    title: ClassVar[str] = "Processes use different secrets."
    severity: ClassVar[Severity] = Severity.FAULT
    moments: ClassVar[frozenset[Moment]] = frozenset({Moment.DOCTOR})
    fix: ClassVar[str] = (
        "Generate one secret, store it outside the code, and make every process read it. Otherwise a worker refuses "
        "codes from the other workers."
    )

    def run(self, site: Site) -> Iterator[Diagnosis]:
        """Verify the tokens of the page. Raises ``CannotCheckError`` if there is no page."""
        for token in site.page.tokens:
            try:
                site.state.issuer.open(token)
            except TokenForgedError:
                yield self.found(
                    f"The code in {shown(site.page.url)} was signed with a secret other than this command's."
                )
                return
            except TokenError:
                continue

"""A token is a riddle that anybody can try secrets on at home."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from ..diagnosis import Check, Diagnosis, Moment, Severity
from ..entropy import bits
from ..site import Site

#: Bits below which somebody who rents machines may find the secret. It is well below what any random one comes to.
ENOUGH = 64


class SecretStrength(Check):
    """Looks at words, runs and repetitions; a missing, short or placeholder secret is refused before that."""

    code: ClassVar[str] = "CG102"
    title: ClassVar[str] = "The secret can be guessed."
    severity: ClassVar[Severity] = Severity.WARNING
    moments: ClassVar[frozenset[Moment]] = frozenset({Moment.START, Moment.DOCTOR})
    fix: ClassVar[str] = (
        'Make one with: python -c "import secrets; print(secrets.token_hex())"; keep the old one in '
        "SECRET_KEY_FALLBACKS for as long as a session lives."
    )

    def examine(self, site: Site) -> Iterator[Diagnosis]:
        """Estimate the bits of the secret in force."""
        estimate = bits(site.state.secret)
        if estimate < ENOUGH:
            yield self.found(
                f"SECRET_KEY has {len(site.state.secret)} octets, but by its words and repetitions some "
                f"{estimate:.0f} bits; {ENOUGH} are the least."
            )

"""Pictures of ``classica`` stop only what reads no picture."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Final

from ...checks import PREFIX
from ..diagnosis import Check, Diagnosis, Moment, Severity
from ..site import Site

#: What off-the-shelf programs read of classica (docs/strength.md).
READ_BY: Final = "Of such pictures ddddocr read 100 % and rapidocr 70 %."

INSTEAD: Final = "Choose 'easy', 'medium' or 'hard'; classica is there for its old look only."


class ClassicaSite(Check):
    """Looks at the configured difficulty."""

    code: ClassVar[str] = "CG502"
    title: ClassVar[str] = "The site's pictures are classica, which programs read."
    severity: ClassVar[Severity] = Severity.WARNING
    moments: ClassVar[frozenset[Moment]] = frozenset({Moment.START, Moment.DOCTOR})
    fix: ClassVar[str] = INSTEAD

    def examine(self, site: Site) -> Iterator[Diagnosis]:
        """Compare the setting with classica, whatever length its codes have."""
        if site.state.difficulty.is_classica:
            yield self.found(f"{PREFIX}DIFFICULTY is 'classica'. {READ_BY}")

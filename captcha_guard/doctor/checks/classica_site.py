"""Pictures of ``classica`` stop only what reads no picture."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Final

from ...config.validators import PREFIX
from ..diagnosis import Check, Diagnosis, Moment, Severity
from ..site import Site

#: What programs off the shelf read of classica; the measurement is in docs/measurements/strength.md.
READ_BY: Final = "ddddocr and RapidOCR read nearly all such pictures."

INSTEAD: Final = "Choose 'easy' or 'medium'; classica is there for its old look only."


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

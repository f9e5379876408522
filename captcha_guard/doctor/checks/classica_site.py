"""Checks whether the site uses the difficulty ``classica``, which programs can read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Final

from ...config.validators import PREFIX
from ..diagnosis import Check, Diagnosis, Moment, Severity
from ..site import Site

#: How well off-the-shelf programs read classica. The measurement is in docs/measurements/strength.md.
READ_BY: Final = "ddddocr and RapidOCR read nearly all such pictures."

INSTEAD: Final = "Choose 'easy' or 'medium'; classica exists only for its old look."


class ClassicaSite(Check):
    """Checks the configured difficulty."""

    code: ClassVar[str] = "CG502"
    title: ClassVar[str] = "The site uses classica pictures, which programs can read."
    severity: ClassVar[Severity] = Severity.WARNING
    moments: ClassVar[frozenset[Moment]] = frozenset({Moment.START, Moment.DOCTOR})
    fix: ClassVar[str] = INSTEAD

    def run(self, site: Site) -> Iterator[Diagnosis]:
        """Compare the setting with classica, ignoring the length of its codes."""
        if site.state.difficulty.is_classica:
            yield self.found(f"{PREFIX}DIFFICULTY is 'classica'. {READ_BY}")

"""Checks that the recordings are installed. Without them no sound can be made."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from ...challenge.sound import FALLBACK
from ...challenge.speech.recordings import bundled_folder, languages
from ..diagnosis import Check, Diagnosis, Moment, Severity
from ..site import Site


class BundledSounds(Check):
    """Finds out whether the recordings of the fallback language exist. Languages without recordings use these."""

    code: ClassVar[str] = "CG504"
    title: ClassVar[str] = "The recordings for the sound are missing."
    severity: ClassVar[Severity] = Severity.FAULT
    moments: ClassVar[frozenset[Moment]] = frozenset({Moment.START, Moment.DOCTOR})
    fix: ClassVar[str] = "Install captcha_guard again from its wheel or from a complete checkout."

    def run(self, site: Site) -> Iterator[Diagnosis]:  # noqa: ARG002 - every site needs them
        """Search for the recordings of the fallback language."""
        if FALLBACK not in languages():
            yield self.found(f"There is no file {FALLBACK}.digits in {bundled_folder()}.", refuses=True)

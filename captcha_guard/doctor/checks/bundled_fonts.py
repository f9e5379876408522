"""Checks that the bundled fonts are installed. Without fonts no picture can be drawn."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from ...challenge.drawing.fonts import bundled_folder
from ...config.validators import BUNDLED
from ..diagnosis import Check, Diagnosis, Moment, Severity
from ..site import Site


class BundledFonts(Check):
    """Finds out whether the bundled fonts exist. A site's own fonts are checked earlier, during the set-up."""

    code: ClassVar[str] = "CG501"
    title: ClassVar[str] = "The bundled fonts are missing."
    severity: ClassVar[Severity] = Severity.FAULT
    moments: ClassVar[frozenset[Moment]] = frozenset({Moment.START, Moment.DOCTOR})
    fix: ClassVar[str] = "Install captcha_guard from its wheel, or set CAPTCHA_GUARD_FONTS to a folder of your own."

    def run(self, site: Site) -> Iterator[Diagnosis]:
        """Search for a font file if the settings need the bundled fonts."""
        if site.state.settings.fonts and BUNDLED not in site.state.settings.fonts:
            return
        folder = bundled_folder()
        if next(folder.rglob("*.ttf"), None) is None:
            yield self.found(f"There is no .ttf file in {folder}.", refuses=True)

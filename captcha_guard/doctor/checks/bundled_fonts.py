"""Without fonts no picture can be drawn."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from ...challenge.drawing.fonts import bundled_folder
from ...config.validators import BUNDLED
from ..diagnosis import Check, Diagnosis, Moment, Severity
from ..site import Site


class BundledFonts(Check):
    """Looks whether the fonts that come along did; a site's own are read, and refused, before that."""

    code: ClassVar[str] = "CG501"
    title: ClassVar[str] = "The fonts that come along are missing."
    severity: ClassVar[Severity] = Severity.FAULT
    moments: ClassVar[frozenset[Moment]] = frozenset({Moment.START, Moment.DOCTOR})
    fix: ClassVar[str] = "Install captcha_guard from its wheel, or name a folder of your own in CAPTCHA_GUARD_FONTS."

    def examine(self, site: Site) -> Iterator[Diagnosis]:
        """Look for one font file where the settings need the bundled ones."""
        if site.state.settings.fonts and BUNDLED not in site.state.settings.fonts:
            return
        folder = bundled_folder()
        if next(folder.rglob("*.ttf"), None) is None:
            yield self.found(f"There is no .ttf file in {folder}.", refuses=True)

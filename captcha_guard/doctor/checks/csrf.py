"""A captcha is no defence against forged requests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from ..browser import shown
from ..diagnosis import Check, Diagnosis, Moment, Severity
from ..site import Site


class Csrf(Check):
    """Looks for a hidden field against forgeries beside the code; only a hint, for a site may have other means."""

    code: ClassVar[str] = "CG405"
    title: ClassVar[str] = "A form with a code has nothing against forged requests."
    severity: ClassVar[Severity] = Severity.HINT
    moments: ClassVar[frozenset[Moment]] = frozenset({Moment.DOCTOR})
    fix: ClassVar[str] = (
        "Set up Flask-WTF's CSRFProtect(app), and write its csrf_token() into the form; a session cookie with "
        "SESSION_COOKIE_SAMESITE = 'Lax' does much of it as well."
    )

    def examine(self, site: Site) -> Iterator[Diagnosis]:
        """Look at each form with a code; raises ``CannotTellError`` where there is no page."""
        page = site.page
        if any(not any("csrf" in name.lower() for name in form.fields) for form in page.forms):
            why = "CSRFProtect is set up, but" if "csrf" in site.app.extensions else "CSRFProtect is not set up, and"
            yield self.found(f"{shown(page.url)}: {why} the form has no field named like csrf_token.")

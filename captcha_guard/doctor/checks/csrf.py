"""Checks for CSRF protection, which a captcha doesn't replace."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from ..browser import shown
from ..diagnosis import Check, Diagnosis, Moment, Severity
from ..site import Site


class Csrf(Check):
    """Finds forms with a code but without a CSRF token. It's only a hint, because there are other protections."""

    code: ClassVar[str] = "CG405"
    title: ClassVar[str] = "A form with a code has no CSRF protection."
    severity: ClassVar[Severity] = Severity.HINT
    moments: ClassVar[frozenset[Moment]] = frozenset({Moment.DOCTOR})
    fix: ClassVar[str] = (
        "Set up Flask-WTF's CSRFProtect(app) and add its csrf_token() to the form. A session cookie with "
        "SESSION_COOKIE_SAMESITE = 'Lax' also prevents most of these attacks."
    )

    def run(self, site: Site) -> Iterator[Diagnosis]:
        """Check each form with a code. Raises ``CannotCheckError`` if there is no page."""
        page = site.page
        if any(not any("csrf" in name.lower() for name in form.fields) for form in page.forms):
            why = "CSRFProtect is set up, but" if "csrf" in site.app.extensions else "CSRFProtect isn't set up, and"
            yield self.found(f"{shown(page.url)}: {why} the form has no field named like csrf_token.")

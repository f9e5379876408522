"""The field needs its stylesheet, and its script where scripts run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from ...web.state import NAME
from ..diagnosis import Check, Diagnosis, Moment, Severity
from ..pages import get, path_of, told, visitor
from ..site import Site

FILES = ("captcha_guard.css", "captcha_guard.js")


class StaticFiles(Check):
    """Asks for them as a visitor without an account would."""

    code: ClassVar[str] = "CG401"
    title: ClassVar[str] = "The guard's static files are not served."
    severity: ClassVar[Severity] = Severity.WARNING
    moments: ClassVar[frozenset[Moment]] = frozenset({Moment.DOCTOR})
    fix: ClassVar[str] = (
        "Let the endpoint captcha_guard.static through whatever the application does before each request; where a "
        "web server serves files itself, pass this path on to the application."
    )

    def examine(self, site: Site) -> Iterator[Diagnosis]:
        """Get the stylesheet and the script."""
        client = visitor(site.app)
        for name in FILES:
            path = path_of(site.app, f"{NAME}.static", filename=name)
            response = get(client, path)
            if isinstance(response, str) or response.status_code != 200 or not response.data:
                yield self.found(f"GET {path} is answered with {told(response)}.")

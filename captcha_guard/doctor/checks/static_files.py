"""The field needs its stylesheet, and its script where scripts run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from ...web.state import NAME
from ..diagnosis import Check, Diagnosis, Moment, Severity
from ..pages import path_of
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
        for name in FILES:
            path = path_of(site.app, f"{NAME}.static", filename=name)
            answer = site.visitor.get(path)
            if answer.status != 200 or not answer.body:
                yield self.found(f"GET {path} is answered with {answer}.")

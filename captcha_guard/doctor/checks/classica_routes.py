"""Checks for single routes and fields that use the difficulty ``classica``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from ...web.registry import guarded_routes
from ..diagnosis import Check, Diagnosis, Moment, Severity
from ..site import Site
from .classica_site import INSTEAD, READ_BY


class ClassicaRoutes(Check):
    """Checks the difficulty of guarded routes. A ``CaptchaField`` calls ``of_form`` when its form is created."""

    code: ClassVar[str] = "CG503"
    title: ClassVar[str] = "A form uses classica pictures, which programs can read."
    severity: ClassVar[Severity] = Severity.WARNING
    moments: ClassVar[frozenset[Moment]] = frozenset({Moment.SERVING, Moment.DOCTOR})
    fix: ClassVar[str] = INSTEAD

    def run(self, site: Site) -> Iterator[Diagnosis]:
        """Find the routes that set the difficulty ``classica``."""
        with site.app.app_context():
            routes = guarded_routes()
        named = sorted(name for name, route in routes.items() if route.difficulty and route.difficulty.is_classica)
        if named:
            yield self.found(f"Guarded routes with difficulty='classica': {', '.join(map(repr, named))}. {READ_BY}")

    def of_form(self, form: str, endpoint: str) -> Diagnosis:
        """Return the diagnosis for a form whose ``CaptchaField`` sets the difficulty ``classica``."""
        return self.found(f"{form} has CaptchaField(difficulty='classica'), on the route {endpoint!r}. {READ_BY}")

"""Checks that the guard recognises the comment's body among a form's fields."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import ClassVar
from urllib.parse import urlsplit

from flask import Flask
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from ...web.post.missing_body import HOW_TO_NAME_IT, wanted_body
from ...web.post.posted import OURS
from ...web.protection import Protection
from ...web.registry import guarded_routes
from ..browser import origin_of, shown
from ..diagnosis import Check, Diagnosis, Moment, Severity
from ..pages import Form, Page
from ..site import Site


class MissingBody(Check):
    """Checks each form that posts to a guarded route. JSON clients can't be checked."""

    code: ClassVar[str] = "CG406"
    title: ClassVar[str] = "A form with a code has no field that is recognised as the comment's body."
    severity: ClassVar[Severity] = Severity.WARNING
    moments: ClassVar[frozenset[Moment]] = frozenset({Moment.DOCTOR})
    fix: ClassVar[str] = HOW_TO_NAME_IT

    def run(self, site: Site) -> Iterator[Diagnosis]:
        """Check each form with a code. Raises ``CannotCheckError`` if there is no page."""
        page = site.page
        for form in page.forms:
            endpoint, protection = _route(site.app, page, form)
            if protection is not None and not _has_body(form, protection, site.state.honeypot):
                yield self.found(f"{shown(page.url)} posts to the route {endpoint!r}. {wanted_body(protection)}")


def _has_body(form: Form, protection: Protection, honeypot: str) -> bool:
    """Return whether the form has a field for the body, or only fields without a visitor's text."""
    texts = set(form.texts) - protection.ignore - {*OURS, honeypot}
    return any(name in form.fields for name in protection.names_of("body")) or (bool(protection.ignore) and not texts)


def _route(app: Flask, page: Page, form: Form) -> tuple[str, Protection | None]:
    """Return the guarded route that a form is sent to, even if the site is under a path that Flask doesn't see."""
    action = page.absolute(form.action)
    if origin_of(action) != origin_of(page.url):
        return "", None
    url = urlsplit(action)
    parts = url.path.split("/")
    with app.app_context():
        guarded = guarded_routes()
    for start in range(1, len(parts)):
        path = f"/{'/'.join(parts[start:])}"
        with suppress(HTTPException, RequestRedirect):
            endpoint, _ = app.url_map.bind(url.netloc).match(path, method=form.method)
            if endpoint in guarded:
                return endpoint, guarded[endpoint]
    return "", None

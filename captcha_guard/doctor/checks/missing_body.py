"""A form with a code has no field that the guard takes for the comment's body."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar
from urllib.parse import urljoin, urlsplit

from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from ...web.missing_body import HOW_TO_NAME_IT, wanted_body
from ...web.posted import OURS, TOKEN
from ...web.protection import Protection
from ...web.registry import guarded_routes
from ..diagnosis import CannotTellError, Check, Diagnosis, Moment, Severity
from ..markup import FormMarkup
from ..pages import Page
from ..site import Site


class MissingBody(Check):
    """Looks in each form that posts to a guarded route for the field of the body; JSON clients aren't seen."""

    code: ClassVar[str] = "CG406"
    title: ClassVar[str] = "A form with a code has no field that is taken for the comment's body."
    severity: ClassVar[Severity] = Severity.WARNING
    moments: ClassVar[frozenset[Moment]] = frozenset({Moment.DOCTOR})
    fix: ClassVar[str] = HOW_TO_NAME_IT

    def examine(self, site: Site) -> Iterator[Diagnosis]:
        """Look at each form with a code; raises ``CannotTellError`` where none was found."""
        if not site.visit.pages:
            raise CannotTellError(site.visit.without_pages)
        with site.app.app_context():
            guarded = guarded_routes()
        for page in site.visit.pages:
            for form in page.markup.forms:
                endpoint = _endpoint(site, page, form) if TOKEN in form.fields else ""
                protection = guarded.get(endpoint)
                if protection is not None and not _has_body(form, protection, site.state.honeypot):
                    yield self.found(f"{page.path} posts to the route {endpoint!r}. {wanted_body(protection)}")


def _has_body(form: FormMarkup, protection: Protection, honeypot: str) -> bool:
    """Say whether the form has a field for the body, or nothing but fields that hold no visitor's text."""
    texts = set(form.texts) - protection.ignore - {*OURS, honeypot}
    return any(name in form.fields for name in protection.names_of("body")) or (bool(protection.ignore) and not texts)


def _endpoint(site: Site, page: Page, form: FormMarkup) -> str:
    """Return the endpoint that a form is sent to, empty where it leads elsewhere."""
    url = urlsplit(urljoin(urljoin(site.visitor.origin, page.path), form.action))
    if f"{url.scheme}://{url.netloc}/" != site.visitor.origin:
        return ""
    try:
        endpoint, _ = site.app.url_map.bind(url.netloc).match(url.path, method=form.method)
    except (HTTPException, RequestRedirect):
        return ""
    return str(endpoint)

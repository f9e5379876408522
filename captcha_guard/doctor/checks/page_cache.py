"""A page with a code is one visitor's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from ..diagnosis import CannotTellError, Check, Diagnosis, Moment, Severity
from ..pages import Page
from ..site import Site

#: Headers that speak to one kind of cache alone.
SPECIAL = ("Surrogate-Control", "CDN-Cache-Control")


class PageCache(Check):
    """Reads Cache-Control of pages with a code, and asks for each a second time: a new visitor gets a new code."""

    code: ClassVar[str] = "CG404"
    title: ClassVar[str] = "A page cache stands in front of the form."
    severity: ClassVar[Severity] = Severity.FAULT
    moments: ClassVar[frozenset[Moment]] = frozenset({Moment.DOCTOR})
    fix: ClassVar[str] = (
        "Send pages that carry a code with Cache-Control: private (the guard does where the application says nothing), "
        "and keep them out of caches; else visitors get codes that are spent or expired, and are asked once more."
    )

    def examine(self, site: Site) -> Iterator[Diagnosis]:
        """Look at each page with a code; raises ``CannotTellError`` where none was found."""
        if not site.visit.pages:
            raise CannotTellError(site.visit.without_pages)
        for page in site.visit.pages:
            again = Page.of(page.path, site.visitor.get(page.path))
            if set(page.tokens) & set(again.tokens):
                yield self.found(f"{page.path}: two visitors got the very same code.")
            yield from self._header(page)

    def _header(self, page: Page) -> Iterator[Diagnosis]:
        control, headers = page.answer.cache_control, page.answer.headers
        shown = f"{page.path} is sent with Cache-Control: {headers.get('Cache-Control', '(none)')}"
        special = next((name for name in SPECIAL if "max-age" in headers.get(name, "")), None)
        if special is not None:
            yield self.found(f"{page.path} is sent with {special}: {headers[special]}.")
        elif control.public or control.s_maxage is not None:
            yield self.found(f"{shown}, which lets shared caches keep it.")
        elif not (control.private or control.no_store or control.no_cache):
            yield self.found(f"{shown}, which leaves it to caches.", severity=Severity.WARNING)

"""A browser shows only what the host's Content-Security-Policy lets it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

from ..diagnosis import CannotTellError, Check, Diagnosis, Moment, Severity
from ..pages import Page
from ..site import Site

#: What a page with a code does, the directives that rule it (the first present counts), and how bad a "no" is.
NEEDED: Sequence[tuple[str, tuple[str, ...], Severity]] = (
    ("the picture", ("img-src", "default-src"), Severity.FAULT),
    ("sending the form", ("form-action",), Severity.FAULT),
    ("the stylesheet", ("style-src-elem", "style-src", "default-src"), Severity.WARNING),
    ("the script", ("script-src-elem", "script-src", "default-src"), Severity.WARNING),
    ("a new code in place", ("connect-src", "default-src"), Severity.WARNING),
)


class ContentPolicy(Check):
    """Reads the policies of pages with a code, in their headers and in ``meta`` elements."""

    code: ClassVar[str] = "CG403"
    title: ClassVar[str] = "The site's Content-Security-Policy blocks a part of the field."
    severity: ClassVar[Severity] = Severity.FAULT
    moments: ClassVar[frozenset[Moment]] = frozenset({Moment.DOCTOR})
    fix: ClassVar[str] = "Add 'self' to that directive; nothing else is needed, no inline code and no other site."

    def examine(self, site: Site) -> Iterator[Diagnosis]:
        """Look at each page with a code; raises ``CannotTellError`` where none was found."""
        if not site.visit.pages:
            raise CannotTellError(site.visit.without_pages)
        told = set()
        for page in site.visit.pages:
            for policy in _policies(page):
                for what, directive, severity in blocked(policy):
                    if (what, directive) not in told:
                        told.add((what, directive))
                        yield self.found(f"{page.path}: {directive} blocks {what}.", severity=severity)


def blocked(policy: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, str, Severity]]:
    """Return what ``policy`` blocks, by which directive, and how bad that is."""
    for what, directives, severity in NEEDED:
        ruling = next((name for name in directives if name in policy), None)
        if ruling is not None and not _lets_own(policy[ruling]):
            yield what, " ".join((ruling, *policy[ruling])), severity


def parse(text: str) -> dict[str, Sequence[str]]:
    """Return a policy's directives with their sources; of one that stands there twice the first counts (CSP 3)."""
    found: dict[str, Sequence[str]] = {}
    for part in text.split(";"):
        name, *sources = part.split() or [""]
        if name:
            found.setdefault(name.lower(), sources)
    return found


def _policies(page: Page) -> list[dict[str, Sequence[str]]]:
    texts = [*page.answer.headers.getlist("Content-Security-Policy"), *page.markup.policies]
    return [parse(text) for several in texts for text in several.split(",")]


def _lets_own(sources: Sequence[str]) -> bool:
    lowered = {source.lower() for source in sources}
    return bool(lowered & {"'self'", "*", "https:", "http:"}) and "'strict-dynamic'" not in lowered

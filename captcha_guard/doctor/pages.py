"""The pages of a site that carry a code, as a visitor without an account gets them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit

from flask import Flask

from ..web.posted import TOKEN
from ..web.registry import guarded_routes
from .markup import PageMarkup
from .visitors import Answer, Visitor

#: Pages asked for when none are named: the guarded ones, the front page, and what it links to.
MOST = 25

#: Links that a visitor without an account may have, but that do something.
DOES_SOMETHING = re.compile(r"log-?out|sign-?out|delete|remove|unsubscribe|approve|confirm", re.IGNORECASE)


@dataclass(frozen=True)
class Page:
    """One page: what was answered, and its markup read."""

    path: str
    answer: Answer
    markup: PageMarkup

    @classmethod
    def of(cls, path: str, answer: Answer) -> Page:
        """Read an answer as a page."""
        return cls(path, answer, PageMarkup(answer.text))

    @property
    def tokens(self) -> list[str]:
        """The challenges on it."""
        return [form.fields[TOKEN] for form in self.markup.forms if TOKEN in form.fields]


@dataclass(frozen=True)
class Visit:
    """What came of asking: the ``pages`` with a code, and the ``others`` with what they answered instead."""

    pages: Sequence[Page] = ()
    others: Sequence[str] = ()

    @property
    def without_pages(self) -> str:
        """Why there is no page to look at, and what would help."""
        tried = f" ({'; '.join(self.others[:5])})" if self.others else ""
        return f"No page with a code was found{tried}; name one: --page /posts/hello"


@dataclass
class _Queue:
    """Paths still to be asked for, each once."""

    waiting: list[str]
    known: set[str] = field(default_factory=set)

    def __iter__(self) -> Iterator[str]:
        while self.waiting and len(self.known) < MOST:
            path = f"/{self.waiting.pop(0).lstrip('/')}"
            if path not in self.known:
                self.known.add(path)
                yield path


def visit(visitor: Visitor, app: Flask, asked: Sequence[str] = ()) -> Visit:
    """Ask for the pages at ``asked``, or for the guarded routes' own, the front page and what it links to."""
    pages, others = [], []
    queue = _Queue(list(asked) or ["/", *_guarded_paths(app)])
    for path in queue:
        answer = visitor.get(path)
        if answer.status != 200 or answer.mimetype != "text/html":
            others.append(f"{path}: {answer}")
            continue
        page = Page.of(path, answer)
        if page.tokens:
            pages.append(page)
        else:
            others.append(f"{path}: no code")
        if path == "/" and not asked:
            queue.waiting += _links(page, visitor.origin)
    return Visit(pages, others)


def path_of(app: Flask, endpoint: str, **values: str) -> str:
    """Return the path of one of the guard's own routes."""
    return str(app.url_map.bind("localhost").build(endpoint, values))


def _guarded_paths(app: Flask) -> list[str]:
    with app.app_context():
        guarded = guarded_routes()
    rules = [rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ()) and not rule.arguments]
    return [rule.rule for rule in rules if rule.endpoint in guarded]


def _links(page: Page, origin: str) -> list[str]:
    found = []
    for link in page.markup.links:
        parts = urlsplit(urljoin(origin, link))
        if f"{parts.scheme}://{parts.netloc}/" == origin and not parts.query and not DOES_SOMETHING.search(parts.path):
            found.append(parts.path)
    return found

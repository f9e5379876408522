"""The pages of a site that carry a code, as a visitor without an account gets them; nothing is ever posted."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from ..web.posted import TOKEN
from ..web.registry import guarded_routes
from .markup import Markup

#: An address of RFC 5737 that is nobody's, so that no visitor's limits are charged.
ADDRESS = "192.0.2.1"

#: Pages asked for when none are named: the guarded ones, the front page, and what it links to.
MOST = 25

#: Links that a visitor without an account may have, but that do something.
DOES_SOMETHING = re.compile(r"log-?out|sign-?out|delete|remove|unsubscribe|approve|confirm", re.IGNORECASE)


@dataclass(frozen=True)
class Page:
    """One page that carries a code: its response, and its markup read."""

    path: str
    response: TestResponse
    markup: Markup

    @property
    def tokens(self) -> list[str]:
        """The challenges on it."""
        return [form[TOKEN] for form in self.markup.forms if TOKEN in form]


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
            path = self.waiting.pop(0)
            if path not in self.known:
                self.known.add(path)
                yield path


def visit(app: Flask, asked: Sequence[str] = ()) -> Visit:
    """Ask for the pages at ``asked``, or for the guarded routes' own, the front page and what it links to."""
    client, pages, others = visitor(app), [], []
    queue = _Queue(list(asked) or ["/", *_guarded_paths(app)])
    for path in queue:
        response = get(client, path)
        if isinstance(response, str) or response.status_code != 200 or response.mimetype != "text/html":
            others.append(f"{path}: {told(response)}")
            continue
        page = Page(path, response, Markup(response.text))
        if page.tokens:
            pages.append(page)
        else:
            others.append(f"{path}: no code")
        if path == "/" and not asked:
            queue.waiting += _links(page)
    return Visit(pages, others)


def visitor(app: Flask) -> FlaskClient:
    """Return a browser at an address that is nobody's."""
    client = app.test_client()
    client.environ_base["REMOTE_ADDR"] = ADDRESS
    return client


def get(client: FlaskClient, path: str) -> TestResponse | str:
    """Ask for a path over what looks like HTTPS; returns the response, or what the application raised."""
    try:
        return client.get(path, base_url=_base(client.application), buffered=True)
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def told(response: TestResponse | str) -> str:
    """Say what was answered."""
    if isinstance(response, str):
        return response
    to = f" to {response.location}" if response.location else ""
    return f"{response.status_code}{to}, {response.mimetype or 'no type'}"


def path_of(app: Flask, endpoint: str, **values: str) -> str:
    """Return the path of one of the guard's own routes."""
    return str(app.url_map.bind("localhost").build(endpoint, values))


def _base(app: Flask) -> str:
    trusted = [str(host).lstrip(".") for host in app.config.get("TRUSTED_HOSTS") or ()]
    host = app.config.get("SERVER_NAME") or next(iter(trusted), "localhost")
    return f"https://{host}/"


def _guarded_paths(app: Flask) -> list[str]:
    with app.app_context():
        guarded = guarded_routes()
    rules = [rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ()) and not rule.arguments]
    return [rule.rule for rule in rules if rule.endpoint in guarded]


def _links(page: Page) -> list[str]:
    found = []
    for link in page.markup.links:
        parts = urlsplit(urljoin("/", link))
        if not parts.netloc and not parts.scheme and not parts.query and not DOES_SOMETHING.search(parts.path):
            found.append(parts.path)
    return found

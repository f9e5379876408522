"""A journal for each test, and a reader who parses its pages as a browser does."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import upgrade
from werkzeug.test import TestResponse

from captcha_guard.testing import solved_form
from demo_blog import create_app, post_files
from demo_blog.database import db
from demo_blog.desk import accounts, links, passwords
from demo_blog.desk.models import Owner
from tests.postgresql_server import PostgreSQL

POST = "the-fence-and-its-posts"
OWNER, PASSWORD = "otto", "nine gaps between ten posts"
DATABASES = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)]
#: Hashing is slow on purpose. Tests log in often, so their hashes are cheap.
passwords._hasher = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


class Page(HTMLParser):
    """A parsed page: its tags, the fields of the comment form, and its text by the id of the element."""

    def __init__(self, response: TestResponse) -> None:
        super().__init__()
        self.response = response
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.fields: dict[str, str] = {}
        self.text = ""
        self._texts: dict[str, str] = {}
        self._open: list[tuple[str, str]] = []
        self._textarea = ""
        self.feed(response.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.tags.append((tag, given))
        if tag == "input" and "name" in given and (given.get("type") != "checkbox" or "checked" in given):
            self.fields.setdefault(given["name"], given.get("value", ""))
        if tag == "textarea":
            self._textarea = given["name"]
            self.fields[self._textarea] = ""
        if tag not in VOID:
            self._open.append((tag, given.get("id", "")))

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass
        if tag == "textarea":
            self.fields[self._textarea] = self.fields[self._textarea].removeprefix("\n")
            self._textarea = ""

    def handle_data(self, data: str) -> None:
        self.text += data
        for _, identifier in self._open:
            if identifier:
                self._texts[identifier] = self._texts.get(identifier, "") + data
        if self._textarea:
            self.fields[self._textarea] += data

    def under(self, identifier: str) -> str:
        """Return the text of the element with this id, or "" if the page has none."""
        return " ".join(self._texts.get(identifier, "").split())

    def all(self, tag: str) -> list[dict[str, str]]:
        """Return the attributes of every such tag."""
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def links(self) -> list[str]:
        """The targets of the page's links."""
        return [attributes["href"] for attributes in self.all("a")]


@dataclass
class Reader:
    """A reader with their own browser."""

    client: FlaskClient
    form: dict[str, str] = field(default_factory=dict)

    def open(self, address: str = f"/posts/{POST}") -> Page:
        page = Page(self.client.get(address))
        self.form = {}
        if "csrf_token" in page.fields:
            self.form = dict(page.fields)
        if {"captcha_token", "captcha_pass"} & page.fields.keys():
            self.form |= solved_form(self.client, page.response.text)
        return page

    def send(self, *, slug: str = POST, **typed: str) -> TestResponse:
        """Send the form that was opened last, with these fields replaced."""
        return self.client.post(f"/posts/{slug}/comments", data=self.form | typed)

    def comment(self, *, slug: str = POST, **typed: str) -> Page:
        """Open a post, write and send a comment, and return the answer."""
        self.open(f"/posts/{slug}")
        response = self.send(slug=slug, **{"author": "Ottoline Gatepost", "body": "One post too many."} | typed)
        return self.open(response.location) if response.status_code == 303 else Page(response)


@pytest.fixture(scope="session")
def printed_journal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An instance folder with the tables and the posts, from which tests copy."""
    folder = tmp_path_factory.mktemp("printed")
    _print_journal(folder)
    return folder


def _print_journal(folder: Path, **config: str) -> None:
    """Create the tables, and load the posts."""
    app = create_app({"DEMO_BLOG_INSTANCE": folder, **config})
    with app.app_context():
        upgrade()
        post_files.load(post_files.read_all())
        db.session.remove()
        db.engine.dispose()


@cache
def _printed_database(server: PostgreSQL, folder: Path) -> str:
    """Return the URL of a PostgreSQL database with the tables and the posts, from which tests copy."""
    url = server.database(kept=True)
    _print_journal(folder, SQLALCHEMY_DATABASE_URI=url)
    return url


def journal_database(request: pytest.FixtureRequest, printed: Path) -> dict[str, str]:
    """Return the configuration that names a new database for one test, with the tables and the posts.

    ``request.param`` is "sqlite", for the file in the instance folder, or "postgresql".
    """
    if request.param == "sqlite":
        return {}
    server: PostgreSQL = request.getfixturevalue("postgresql")
    return {"SQLALCHEMY_DATABASE_URI": server.database(copy=_printed_database(server, printed))}


@pytest.fixture(scope="session")
def visitor(printed_journal: Path) -> Iterator[Reader]:
    """A visitor who only reads, so one journal is enough for all tests."""
    app = create_app({"TESTING": True, "DEMO_BLOG_INSTANCE": printed_journal})
    yield Reader(app.test_client())
    with app.app_context():
        db.engine.dispose()


@pytest.fixture(params=DATABASES)
def journal(request: pytest.FixtureRequest, printed_journal: Path, tmp_path: Path) -> Iterator[Flask]:
    """A journal with every post and no comments, and limits large enough for a test. Once for each kind of database."""
    instance = tmp_path / "instance"
    instance.mkdir()
    for name in ("journal.sqlite3", "secret_key"):
        shutil.copy(printed_journal / name, instance)
    config = {"TESTING": True, "DEMO_BLOG_INSTANCE": instance, "CAPTCHA_GUARD_COMMENT_LIMITS": "1000 per minute"}
    app = create_app(config | journal_database(request, printed_journal))
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def reader(journal: Flask) -> Reader:
    return Reader(journal.test_client())


@pytest.fixture
def owner(journal: Flask) -> Reader:
    """The owner, logged in to the desk."""
    return log_in(journal)


def log_in(journal: Flask, name: str = OWNER) -> Reader:
    """Return the owner with this name in a browser, logged in by a link. The owner is created if there is none."""
    with journal.app_context():
        token = links.create(Owner.by_name(name) or accounts.create_owner(name, PASSWORD))
    owner = Reader(journal.test_client())
    owner.open(f"/desk/link/{token}")
    assert owner.client.post(f"/desk/link/{token}", data=owner.form).location == "/desk"
    return owner


@pytest.fixture
def stranger(journal: Flask) -> Reader:
    return Reader(journal.test_client())

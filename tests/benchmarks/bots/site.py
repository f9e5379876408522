"""The sites that bots visit: the journal, and the plain applications. Each runs in gunicorn with two workers."""

from __future__ import annotations

import base64
import json
import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

from flask import Flask

from captcha_guard.web.post.posted import ANSWER, TOKEN
from captcha_guard.web.state import NAME, State
from tests.benchmarks.bots import plain, served
from tests.benchmarks.bots.clock import Clock
from tests.crowd.gunicorn_server import gunicorn
from tests.crowd.journal import DATABASE, SECRET, environment
from tests.crowd.race import solver
from tests.crowd.visitor import Answer, Visitor

WORKERS = 2
JOURNAL = "journal"

#: How often a visitor waits for a site's first page before the run fails.
STARTS = 5

#: The names of the inputs that a visitor fills in on every site.
AUTHOR, EMAIL, URL, BODY = "author", "email", "url", "body"

_IMAGE = re.compile(r"""<img\b[^>]*\bsrc=["']([^"']+)["']""")
_ANSWERS = {
    JOURNAL: ANSWER,
    "captcha_guard": ANSWER,
    "flask-simple-captcha": "captcha-text",
    "flask-session-captcha": "captcha",
    "ALTCHA": "altcha",
}


class NotApplicableError(Exception):
    """A site doesn't have what a bot attacks."""


class Stored(NamedTuple):
    """A comment that a site has stored, and its state: ``published``, ``held`` or ``spam``."""

    id: int
    state: str
    body: str


class Comments:
    """Reads a site's comments from its database."""

    def __init__(self, file: Path) -> None:
        self._database = sqlite3.connect(file, timeout=60, isolation_level=None)
        self._database.execute("PRAGMA foreign_keys=ON")

    def newest(self) -> int:
        """Return the id of the newest comment, 0 without comments."""
        (newest,) = self._database.execute("SELECT max(id) FROM comment").fetchone()
        return newest or 0

    def after(self, newest: int) -> list[Stored]:
        """Return the comments that are newer than the one with this id, the oldest first."""
        rows = self._database.execute("SELECT id, state, body FROM comment WHERE id > ? ORDER BY id", (newest,))
        return [Stored(*row) for row in rows]

    def clear(self) -> None:
        """Delete all comments, so that pages have their old length."""
        self._database.execute("DELETE FROM comment")

    def close(self) -> None:
        """Close the database."""
        self._database.close()


@dataclass(frozen=True)
class Site:
    """A site at ``port``. Its ``pages`` have a comment form each. ``answer`` is the name of the input for the code.

    ``right_answers`` returns the right answers to a page's challenge by its kind (``image``, ``audio``), the likeliest
    first, as a person would read or hear them. It is empty for a page without a challenge.
    """

    name: str
    port: int
    pages: tuple[str, ...]
    answer: str
    clock: Clock
    comments: Comments
    right_answers: Callable[[Answer], Mapping[str, Sequence[str]]]

    def picture(self, visitor: Visitor, page: Answer) -> bytes:
        """Return the picture of a page's form as the visitor fetches it. Raises ``NotApplicableError`` without one."""
        for source in _IMAGE.findall(page.text):
            if source.startswith("data:"):
                return base64.b64decode(source.partition(",")[2])
            if "/captcha-guard/" in source:
                return visitor.get(source).content
        raise NotApplicableError(f"{self.name} has no picture")

    def proof(self, visitor: Visitor) -> str:
        """Return a proof of work, as ALTCHA's widget would."""
        package: Any = import_module("altcha")
        challenge = package.Challenge.from_dict(json.loads(visitor.get(plain.PROOF).text))
        return str(package.Payload(challenge, package.solve_challenge(challenge)).to_base64())


@contextmanager
def journal_site(folder: Path, pages: list[str], clock: Clock) -> Iterator[Site]:
    """Serve the journal in ``folder``, with its default configuration."""
    settings = {"SECRET_KEY": (folder / SECRET).read_text().strip(), "CAPTCHA_GUARD_LEARNING": "off"}
    app = solver(folder, settings, "demo_blog")
    variables = environment(folder, {}, guarded=True) | {served.CLOCK: str(clock.file)}
    with (
        gunicorn("tests.benchmarks.bots.served:journal()", folder, workers=WORKERS, environment=variables) as server,
        closing(Comments(folder / DATABASE)) as comments,
    ):
        _wait_for_workers(server.port, pages[0])
        yield Site(
            JOURNAL, server.port, tuple(pages), ANSWER, clock, comments, lambda page: answers_of_token(app, page)
        )


@contextmanager
def plain_site(kind: str, folder: Path, clock: Clock) -> Iterator[Site]:
    """Serve a plain application from a new folder."""
    plain.make_folder(folder)
    variables = {served.CLOCK: str(clock.file), served.KIND: kind, served.FOLDER: str(folder)}
    with (
        gunicorn("tests.benchmarks.bots.served:plain()", folder, workers=WORKERS, environment=variables) as server,
        closing(Comments(folder / plain.DATABASE)) as comments,
    ):
        _wait_for_workers(server.port, plain.PAGE)
        yield Site(kind, server.port, (plain.PAGE,), _ANSWERS.get(kind, ""), clock, comments, answers_of_header)


def _wait_for_workers(port: int, page: str) -> None:
    """Return when a worker answers. On a busy machine they may need longer to import the site than a visitor waits."""
    for patience in range(STARTS, 0, -1):
        try:
            Visitor(port).get(page)
        except TimeoutError:
            if patience == 1:
                raise
        else:
            return


def answers_of_header(page: Answer) -> Mapping[str, Sequence[str]]:
    """Return the right answers that a plain application's page has in its header."""
    right = page.headers.get(plain.RIGHT_ANSWER.lower(), "")
    return {"image": [right]} if right else {}


def answers_of_token(app: Flask, page: Answer) -> Mapping[str, Sequence[str]]:
    """Return the right answers to a page's challenge, computed with the guard of ``app``."""
    token = page.fields().get(TOKEN, "")
    if not token:
        return {}
    state: State = app.extensions[NAME]
    return state.issuer.answers(state.issuer.open(token))

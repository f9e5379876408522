"""For the tests of host applications: a client that really solves challenges.

Nothing here is a way round the guard: the answer is computed from the application's own secret, as the guard does it.
"""

from __future__ import annotations

from html.parser import HTMLParser

from flask import Flask
from flask.testing import FlaskClient

from .errors import ConfigError
from .web.posted import ANSWER, PASS, TOKEN
from .web.state import current_state


def solve(client: FlaskClient | Flask, html_or_token: str) -> str:
    """Return the right answer to the challenge in a page, or to a token.

    ``client`` is the application's test client, or the application. Raises ``ConfigError`` when the page has no
    challenge, and the errors of tokens (``captcha_guard.errors.TokenError``) when the token is not good.
    """
    app = client if isinstance(client, Flask) else client.application
    token = _inputs(html_or_token).get(TOKEN, "") if "<" in html_or_token else html_or_token
    if not token:
        raise ConfigError(f"there is no input named {TOKEN} in this page; does its template call captcha_guard()?")
    with app.app_context():
        issuer = current_state().issuer
        return issuer.answer(issuer.open(token))


def solved_form(client: FlaskClient | Flask, html: str) -> dict[str, str]:
    """Return the captcha's form fields in a page, filled in as a person who reads the picture would.

    They go into the POST beside the host's own fields. After a solved code that is the pass alone.
    """
    inputs = _inputs(html)
    if PASS in inputs:
        return {PASS: inputs[PASS]}
    return {TOKEN: inputs.get(TOKEN, ""), ANSWER: solve(client, html)}


def _inputs(html: str) -> dict[str, str]:
    finder = _Inputs()
    finder.feed(html)
    return finder.found


class _Inputs(HTMLParser):
    """Collects the named inputs of a page, the first of each name."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "input" and given.get("name"):
            self.found.setdefault(given["name"] or "", given.get("value") or "")

"""For the tests of host applications: a guard that tests don't disturb, and a client that really solves challenges.

Nothing here skips the guard: codes are asked for as ever, and solved with the application's own secret.
"""

from __future__ import annotations

import logging
import os
import shutil
import weakref
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

from flask import Flask
from flask.testing import FlaskClient

from .counters.limits import Limits, Policy
from .counters.store import open_storage
from .errors import ConfigError
from .setup import FILE, policies_of
from .web.limiter import strategy_of
from .web.post.posted import ANSWER, PASS, TOKEN
from .web.state import NAME, current_state

logger = logging.getLogger("captcha_guard")

#: More than any test posts; a limit of this width is as quick to count as a small one.
_UNREACHED: Final = "1000000 per second"


def relax(app: Flask) -> None:
    """Let the guard of ``app`` start anew for a test: it has forgotten everything, and no limit stops anybody.

    Call it for each test, before or after the application's first request. Counters, the judge's memory and what the
    filter learned then lie in a temporary folder, which goes with the next call or the process; the application's own
    stay as they are. No limit holds (of the configuration or of a route), no wait, no least time for a form, no surge,
    and Akismet and StopForumSpam aren't asked. Codes are asked for, and comments judged, as ever. The log says so, with
    a warning.

    Raises ``ConfigError`` when ``app`` has no guard.
    """
    with app.app_context():
        state = current_state()
    folder = mkdtemp(prefix="captcha_guard-test-")
    uri = f"sqlite:///{Path(folder).as_posix()}/{FILE}"
    storage = open_storage(uri)
    weakref.finalize(storage, _remove, folder, os.getpid())
    settings = replace(
        state.settings,
        storage_uri=uri,
        database_uri="",
        comment_limits=_UNREACHED,
        challenge_limits=_UNREACHED,
        picture_limits=_UNREACHED,
        wrong_limits=_UNREACHED,
        wrong_waits=(0, 0),
        min_seconds=0,
        surge=0,
        akismet_key="",
        akismet_blog="",
        stopforumspam=False,
    )
    fresh = state.reconnect(settings, uri, storage)
    unlimited = _Unlimited(storage, strategy=strategy_of(storage), policies=policies_of(settings), health=fresh.health)
    app.extensions[NAME] = replace(fresh, limits=unlimited)
    logger.warning(
        "captcha_guard: %s has no limits and keeps nothing: captcha_guard.testing.relax was called", app.name
    )


class _Unlimited(Limits):
    """Limits under which a route's own limits are those of the configuration."""

    def policy(self, policy: str | Policy) -> Policy:
        """Return the policy of this name."""
        return super().policy(policy if isinstance(policy, str) else policy.name)


def _remove(folder: str, process: int) -> None:
    if process == os.getpid():  # a fork may still be at work there when its parent ends, and the reverse
        shutil.rmtree(folder, ignore_errors=True)


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
        return issuer.answers(issuer.open(token))[0]


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

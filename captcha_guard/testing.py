"""Functions for the tests of host applications. They reset the guard for each test and solve its challenges.

They don't skip the guard: forms still need codes, which are solved with the application's own secret.
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
from .counters.without_code import FOR_SITE, PER_CLIENT
from .errors import ConfigError
from .setup import FILE, policies_of
from .web.limiter import strategy_of
from .web.post.posted import ANSWER, PASS, TOKEN
from .web.state import NAME, current_state

logger = logging.getLogger("captcha_guard")

#: A limit that no test reaches. It is as fast to count as a small one.
_UNREACHED: Final = "1000000 per second"


def relax(app: Flask) -> None:
    """Reset the guard of ``app`` for a test: its memory is empty, and no limits apply.

    Call it for each test, before or after the application's first request. Counters and the judge's data are then kept
    in a temporary folder, which is deleted at the next call or when the process ends. The application's own files don't
    change. Limits of the configuration and of routes, waits, the least time for a form and surges are off, and Akismet
    and StopForumSpam aren't asked. Forms still need codes, and comments are still judged. A warning in the log says
    that this was called.

    Raises ``ConfigError`` if ``app`` has no guard.
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
    weakref.finalize(storage, fresh.writer.stop)
    policies = policies_of(settings) | {one.name: Policy.parse(one.name, _UNREACHED) for one in (PER_CLIENT, FOR_SITE)}
    unlimited = _Unlimited(storage, strategy=strategy_of(storage), policies=policies, health=fresh.health)
    app.extensions[NAME] = replace(fresh, limits=unlimited)
    logger.warning(
        "captcha_guard: %s has no limits and keeps nothing: captcha_guard.testing.relax was called", app.name
    )


class _Unlimited(Limits):
    """Limits that ignore a route's own limits and use those of the configuration."""

    def policy(self, policy: str | Policy) -> Policy:
        """Return the policy of this name."""
        return super().policy(policy if isinstance(policy, str) else policy.name)


def _remove(folder: str, process: int) -> None:
    if process == os.getpid():  # after a fork, the parent or the child may still use the folder
        shutil.rmtree(folder, ignore_errors=True)


def solve(client: FlaskClient | Flask, html_or_token: str) -> str:
    """Return the right answer to the challenge in a page, or to a token.

    ``client`` is the application's test client, or the application. Raises ``ConfigError`` if the page has no
    challenge, and a ``captcha_guard.errors.TokenError`` if the token isn't valid.
    """
    app = client if isinstance(client, Flask) else client.application
    token = _inputs(html_or_token).get(TOKEN, "") if "<" in html_or_token else html_or_token
    if not token:
        raise ConfigError(f"there is no input named {TOKEN} in this page; does its template call captcha_guard()?")
    with app.app_context():
        issuer = current_state().issuer
        return next(iter(issuer.answers(issuer.open(token)).values()))[0]


def solved_form(client: FlaskClient | Flask, html: str) -> dict[str, str]:
    """Return the captcha's form fields in a page, with the right answer.

    Add them to the host's own fields in a POST. After a solved code the only field is the pass.
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
    """Collects the named inputs of a page. If several have the same name, the first one is used."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "input" and given.get("name"):
            self.found.setdefault(given["name"] or "", given.get("value") or "")

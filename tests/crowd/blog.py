"""A blog for gunicorn. Its settings come from the environment, and it writes stored comments to a file.

    gunicorn 'tests.crowd.blog:create_app()'

It has no rules, so only limits and nonces decide. A POST with the header ``In-Step`` waits before the guard until every
other worker has one, too.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from flask import Flask, render_template_string, request
from limits.storage import Storage, storage_from_string

from captcha_guard import CaptchaGuard
from captcha_guard.counters.spent import Spent
from captcha_guard.web.post.posted import TOKEN
from captcha_guard.web.state import NAME, State

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

SETTINGS = "CROWD_BLOG_SETTINGS"  # JSON of CAPTCHA_GUARD_ settings and the secret
FOLDER = "CROWD_BLOG_FOLDER"
MEETING = "CROWD_BLOG_MEETING"  # the loopback port at which workers meet
CONTROL = "CROWD_BLOG_CONTROL"  # any value: the broken control spends nonces
FORGETFUL = "CROWD_BLOG_FORGETFUL"  # any value: the guard doesn't notice that the store lost data

#: The routes for POSTs: one that stores held comments, and one that can't.
MODERATED, OPEN = "/moderated", "/open"

FORM = """<!doctype html><title>Comment</title>
<form method="post" action="{{ action }}"><input name="author"><textarea name="body"></textarea>
{{ captcha_guard(scope) }}</form>"""


@dataclass(frozen=True)
class Kept:
    """One comment that the blog has stored, ``held`` or published, and the ``nonce`` of its code."""

    body: str
    nonce: str
    held: bool


def environment(
    folder: Path,
    settings: Mapping[str, object],
    *,
    meeting: int | None = None,
    control: bool = False,
    forgetful: bool = False,
) -> dict[str, str]:
    """Return the environment variables for a blog in another process."""
    variables = {FOLDER: str(folder), SETTINGS: json.dumps(settings)}
    variables |= {FORGETFUL: "yes"} if forgetful else {}
    return variables | ({MEETING: str(meeting)} if meeting is not None else {}) | ({CONTROL: "yes"} if control else {})


def kept(folder: Path) -> list[Kept]:
    """Return what all workers of the blog in ``folder`` have stored so far."""
    path = _file(folder)
    return [Kept(**json.loads(line)) for line in path.read_text().splitlines()] if path.exists() else []


def create_app() -> Flask:
    """Return the blog that the environment describes."""
    folder = Path(os.environ[FOLDER])
    app = Flask("crowd_blog", instance_path=str(folder))
    app.config.update(json.loads(os.environ[SETTINGS]))
    guard = CaptchaGuard(app, rules=())
    if os.environ.get(CONTROL):
        _break(app)
    if os.environ.get(FORGETFUL):
        plain = cast("Storage", storage_from_string(app.config["CAPTCHA_GUARD_STORAGE_URI"]))
        app.extensions[NAME] = replace(app.extensions[NAME], spent=Spent(plain))
    if meeting := os.environ.get(MEETING):
        app.wsgi_app = _InStep(app.wsgi_app, int(meeting))  # type: ignore[method-assign]

    @app.get(MODERATED)
    @app.get(OPEN)
    def form() -> str:
        scope = request.path.removeprefix("/")
        return render_template_string(FORM, action=request.path, scope=scope)

    @app.post(MODERATED)
    @guard.protect(scope="moderated", moderated=True)
    def moderated() -> tuple[str, int]:
        return keep()

    @app.post(OPEN)
    @guard.protect(scope="open")
    def open_to_all() -> tuple[str, int]:
        return keep()

    def keep() -> tuple[str, int]:
        state: State = app.extensions[NAME]
        nonce = state.issuer.open(request.form[TOKEN]).challenge.nonce
        line = json.dumps(asdict(Kept(request.form["body"], nonce, guard.verdict.held))) + "\n"
        file = os.open(_file(folder), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(file, line.encode())  # one write, so that lines of several workers don't mix
        finally:
            os.close(file)
        return "kept", 201

    return app


def _file(folder: Path) -> Path:
    return folder / "kept.jsonl"


class _InStep:
    """Lets a worker continue with a POST when all workers have one."""

    def __init__(self, application: WSGIApplication, port: int) -> None:
        self._application = application
        self._port = port
        self._meeting: socket.socket | None = None

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if "HTTP_IN_STEP" in environ:
            if self._meeting is None:
                self._meeting = socket.create_connection(("127.0.0.1", self._port))
            self._meeting.sendall(b"h")
            if not self._meeting.recv(1):
                raise RuntimeError("the race that waits for the workers has ended")
        return self._application(environ, start_response)


class LookedUpThenDeleted:
    """The broken control: unspent nonces are in the store, are looked up, then deleted, as in some other packages.

    A nonce is stored when its challenge is issued. Keys that were never stored, such as fingerprints, are claimed
    properly.
    """

    def __init__(self, storage: Storage, properly: Callable[..., bool]) -> None:
        self._storage = storage
        self._properly = properly

    def store_unspent(self, nonce: str) -> None:
        """Store a nonce as unspent."""
        for label in ("known", "unspent"):
            self._storage.incr(f"control/{label}/{nonce}", 3600)

    def claim(self, nonce: str, ttl: int, **named: float) -> bool:
        """Spend a nonce, in two steps."""
        if self._storage.get(f"control/known/{nonce}") == 0:
            return self._properly(nonce, ttl, **named)
        if self._storage.get(f"control/unspent/{nonce}") == 0:
            return False
        self._storage.clear(f"control/unspent/{nonce}")
        return True


def _break(app: Flask) -> None:
    state: State = app.extensions[NAME]
    storage = storage_from_string(app.config["CAPTCHA_GUARD_STORAGE_URI"])
    control = LookedUpThenDeleted(cast("Storage", storage), state.spent.claim)
    issue = state.issuer.issue

    def issue_and_store(*args: Any, **options: Any) -> str:
        token = issue(*args, **options)
        control.store_unspent(state.issuer.open(token).challenge.nonce)
        return token

    state.issuer.issue = issue_and_store  # type: ignore[method-assign]
    state.spent.claim = control.claim  # type: ignore[method-assign, assignment]

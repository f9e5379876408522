"""The application that the fuzz tests post to: a guarded form, a moderated one, and JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from flask import Flask, redirect, render_template_string, request
from flask.testing import FlaskClient
from flask.typing import ResponseReturnValue
from werkzeug.middleware.proxy_fix import ProxyFix

from captcha_guard import CaptchaGuard
from captcha_guard.testing import relax, solve
from captcha_guard.web.state import NAME, State

PAGE = "<!doctype html><title>Page</title><form method=post action=/{{ scope }}>{{ captcha_guard(scope) }}</form>"


@dataclass(frozen=True)
class Stored:
    """One comment that a view stored: its ``text`` (all of its fields), and whether it waits for a moderator."""

    text: str
    held: bool


@dataclass
class Host:
    """The application, and what its views stored."""

    app: Flask
    stored: list[Stored] = field(default_factory=list)

    @property
    def state(self) -> State:
        """The guard's state."""
        state: State = self.app.extensions[NAME]
        return state

    @property
    def client(self) -> FlaskClient:
        """A browser without cookies."""
        return self.app.test_client(use_cookies=False)

    def code(self, scope: str = "comment") -> tuple[str, str]:
        """Return a new token for a form, and its answer."""
        token = self.state.issuer.issue(scope, difficulty=self.state.difficulty)
        return token, solve(self.app, token)


def own_fields(document: object) -> object:
    """Return what a host stores of a JSON document: all members but those of the guard."""
    if not isinstance(document, dict):
        return document
    return {name: value for name, value in document.items() if not name.startswith("captcha_")}


@contextmanager
def fuzz_host(folder: Path) -> Iterator[Host]:
    """Make the application in a folder. It has no limits, because each case is one of thousands."""
    app = Flask("fuzz_host", instance_path=str(folder))
    app.config.update(SECRET_KEY="e5a7c9b1d3f60284a6c8e0b2d4f61357", TESTING=True)
    app.wsgi_app = ProxyFix(app.wsgi_app)  # type: ignore[method-assign]
    guard, host = CaptchaGuard(app), Host(app)
    relax(app)

    @app.get("/page")
    def page() -> str:
        return render_template_string(PAGE, scope="comment")

    def keep() -> ResponseReturnValue:
        if not request.is_json and not request.form.get("author", "").strip():
            return render_template_string(PAGE, scope=request.endpoint), 422
        fields = " ".join(value for _, value in request.form.items(multi=True))
        text = json.dumps(own_fields(request.get_json()), ensure_ascii=False) if request.is_json else fields
        host.stored.append(Stored(text.encode().decode(), guard.verdict.held))  # a database encodes texts, too
        return ({}, 201) if request.is_json else redirect("/page", 303)

    app.post("/comment", endpoint="comment")(guard.protect(scope="comment")(keep))
    app.post("/queue", endpoint="queue")(guard.protect(scope="queue", moderated=True)(keep))
    app.post("/api", endpoint="api")(guard.protect(scope="api")(keep))
    yield host
    host.state.writer.stop()

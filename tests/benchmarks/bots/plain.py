"""Small Flask applications with one comment form each, wired as the README of their package says.

Every application publishes what its package lets through. The header ``Right-Answer`` has the right code, as a person
would read it in the picture.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from flask import Flask, Response, make_response, redirect, render_template_string, request
from flask.typing import ResponseReturnValue
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

from captcha_guard import CaptchaGuard
from captcha_guard.testing import solve

PAGE = "/posts/tea"
DATABASE, SECRET = "comments.sqlite3", "secret_key"
RIGHT_ANSWER = "Right-Answer"
GUARD = "guard_of_plain_app"  # the key in app.extensions
PROOF = "/altcha"  # the address of ALTCHA's challenges

FORM = """<!doctype html><title>Tea</title>
<form method="post" action="/posts/tea/comments">
<input name="author"><input name="email"><input name="url"><textarea name="body"></textarea>
{field}<input type="submit" value="Send"></form>"""

Factory = Callable[[], Flask]


@dataclass(frozen=True)
class Wiring:
    """The protection of an application: its ``field`` in the form, what the template needs, and the check of a POST."""

    field: str = ""
    context: Callable[[], Mapping[str, object]] = dict
    passes: Callable[[], bool] = lambda: True
    right_answer: Callable[[Mapping[str, Any], str], str] = lambda _context, _page: ""


def unprotected(app: Flask, folder: Path) -> Wiring:
    """No protection."""
    return Wiring()


def flask_limiter(app: Flask, folder: Path) -> Wiring:
    """Flask-Limiter alone, with the limits of its README for all routes."""
    Limiter(
        get_remote_address,
        app=app,
        default_limits=["2 per minute", "1 per second"],
        storage_uri="memory://",
        strategy="fixed-window",
    )
    return Wiring()


def flask_simple_captcha(app: Flask, folder: Path) -> Wiring:
    """A code in a signed token, with the settings of its README."""
    package = import_module("flask_simple_captcha")
    config = {"SECRET_CAPTCHA_KEY": _secret(folder), "CAPTCHA_LENGTH": 6, "CAPTCHA_DIGITS": False}
    captcha = package.CAPTCHA(config={**config, "EXPIRE_SECONDS": 600})
    captcha.init_app(app)
    return Wiring(
        "{{ captcha_html(captcha)|safe }}",
        lambda: {"captcha": captcha.create()},
        lambda: captcha.verify(request.form.get("captcha-text", ""), request.form.get("captcha-hash", "")),
        lambda context, _: str(context["captcha"]["text"]),
    )


def flask_session_captcha(app: Flask, folder: Path) -> Wiring:
    """A code in the session on the server, with the settings of its README and sessions in files."""
    cache = import_module("cachelib.file").FileSystemCache(str(folder / "sessions"), threshold=100_000)
    app.config.update(CAPTCHA_ENABLE=True, CAPTCHA_LENGTH=5, CAPTCHA_WIDTH=200, CAPTCHA_HEIGHT=160)
    app.config.update(SESSION_TYPE="cachelib", SESSION_CACHELIB=cache)
    import_module("flask_session").Session(app)
    captcha = import_module("flask_session_captcha").FlaskSessionCaptcha(app)
    field = '{{ captcha() }}<input type="text" name="captcha">'
    return Wiring(field, dict, captcha.validate, lambda *_: str(captcha.get_answer()))


def altcha(app: Flask, folder: Path) -> Wiring:
    """A proof of work with the numbers of its README's quick start."""
    package, secret = import_module("altcha"), _secret(folder)

    @app.get(PROOF)
    def challenge() -> Response:
        made = package.create_challenge(algorithm="PBKDF2/SHA-256", cost=5_000, hmac_secret=secret)
        return Response(json.dumps(made.to_dict()), mimetype="application/json")

    def passes() -> bool:
        payload = request.form.get("altcha", "")
        return bool(payload and package.verify_solution(payload, secret).verified)

    return Wiring('<altcha-widget challenge="/altcha"></altcha-widget>', passes=passes)


def captcha_guard(app: Flask, folder: Path) -> Wiring:
    """Our guard with one decorator and default settings."""
    app.extensions[GUARD] = CaptchaGuard(app)
    return Wiring("{{ captcha_guard('create') }}", right_answer=lambda _, page: solve(app, page))


Wire = Callable[[Flask, Path], Wiring]

#: The applications by name, and the modules that each needs.
KINDS: Mapping[str, tuple[Wire, tuple[str, ...]]] = {
    "unprotected": (unprotected, ()),
    "Flask-Limiter": (flask_limiter, ()),
    "flask-simple-captcha": (flask_simple_captcha, ("flask_simple_captcha",)),
    "flask-session-captcha": (flask_session_captcha, ("flask_session_captcha", "flask_session", "cachelib")),
    "ALTCHA": (altcha, ("altcha",)),
    "captcha_guard": (captcha_guard, ()),
}


def missing(kind: str) -> list[str]:
    """Return the modules of this application that aren't installed."""
    return [module for module in KINDS[kind][1] if find_spec(module) is None]


def make_folder(folder: Path) -> None:
    """Make the folder of an application: its secret and its empty database."""
    folder.mkdir()
    (folder / SECRET).write_text(secrets.token_hex())
    with closing(sqlite3.connect(folder / DATABASE)) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("CREATE TABLE comment (id INTEGER PRIMARY KEY, author, email, url, body, state)")


def create_app(kind: str, folder: Path) -> Flask:
    """Return the application of a kind, with the secret and the database in ``folder``."""
    app = Flask("plain", instance_path=str(folder))
    app.secret_key = _secret(folder)
    wiring = KINDS[kind][0](app, folder)
    template = FORM.replace("{field}", wiring.field)

    @app.get(PAGE)
    def form() -> Response:
        context = wiring.context()
        page = render_template_string(template, **context)
        response = make_response(page)
        response.headers[RIGHT_ANSWER] = wiring.right_answer(context, page)
        return response

    def create() -> ResponseReturnValue:
        if not wiring.passes():
            return "failed captcha"
        given = request.get_json(silent=True) or request.form
        comment = [str(given.get(name, "")) for name in ("author", "email", "url", "body")]
        with closing(sqlite3.connect(folder / DATABASE, timeout=60)) as database, database:
            database.execute("INSERT INTO comment VALUES (NULL, ?, ?, ?, ?, 'published')", comment)
        return redirect(PAGE, 303)

    guard: CaptchaGuard | None = app.extensions.get(GUARD)
    app.post(f"{PAGE}/comments")(guard.protect(create) if guard else create)
    return app


def _secret(folder: Path) -> str:
    return (folder / SECRET).read_text()

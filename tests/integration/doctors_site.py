"""A small site for the doctor: a page with a form, its route, and whatever a test makes wrong with it."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from flask import Flask, redirect, render_template_string
from flask.typing import ResponseReturnValue

from captcha_guard import CaptchaGuard
from captcha_guard.doctor.diagnosis import Moment
from captcha_guard.doctor.examination import Result, examine
from captcha_guard.doctor.site import Site
from captcha_guard.web.state import NAME

FORM = """<!doctype html><title>Hello</title><form method="post" action="/posts/hello/comments">
<textarea name="body"></textarea>{{ captcha_guard(scope="comment") }}</form>"""

FRONT = """<!doctype html><title>Front</title><a href="/posts/hello">Hello</a> <a href="/logout">Log out</a>
<a href="https://elsewhere.example/">Elsewhere</a>"""


def make_site(folder: Path, config: Mapping[str, object] | None = None) -> Flask:
    """Return the site, with its instance in ``folder`` and a good secret unless told otherwise."""
    app = Flask("doctors_site", instance_path=str(folder))
    app.config.update({"SECRET_KEY": secrets.token_hex(), **(config or {})})
    guard = CaptchaGuard(app)

    @app.get("/")
    def front() -> str:
        return FRONT

    @app.get("/posts/<slug>")
    def post(slug: str) -> str:
        return render_template_string(FORM)

    @app.post("/posts/<slug>/comments")
    @guard.protect(scope="comment")
    def comment(slug: str) -> ResponseReturnValue:
        raise AssertionError("the doctor never posts")

    @app.get("/logout")
    def logout() -> ResponseReturnValue:
        raise AssertionError("the doctor follows no link that does something")

    return app


def seen_by_doctor(app: Flask, moment: Moment = Moment.DOCTOR, **site: Any) -> Result:
    """Return what the doctor makes of the site."""
    given: dict[str, Any] = {"environ": {}, "argv": ("flask",), **site}
    return examine(Site(app, app.extensions[NAME], **given), moment)


def found(result: Result, code: str) -> list[str]:
    """Return what was found under a code; none where the check says that all is well."""
    told = [diagnosis.found for diagnosis in result.diagnoses if diagnosis.code == code]
    assert told or code in result.fine, result.unchecked.get(code, f"{code} was not checked")
    return told


def altered(app: Flask, **headers: str) -> Callable[..., Any]:
    """Send every page of the site with these headers; an underscore stands for a hyphen."""

    def alter(response: Any) -> Any:
        response.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
        return response

    app.after_request_funcs.setdefault(None, []).insert(0, alter)  # the first registered runs last
    return alter


def sent_home(app: Flask) -> None:
    """Let nobody in who has no account, as a login wall does."""
    app.before_request_funcs.setdefault(None, []).insert(0, lambda: redirect("/login"))

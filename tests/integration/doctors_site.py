"""A small site for the doctor: a page with a form, its route, and the mistakes that a test adds."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from flask import Flask, redirect, render_template_string, request
from flask.typing import ResponseReturnValue

from captcha_guard import CaptchaGuard
from captcha_guard.doctor.diagnosis import Moment
from captcha_guard.doctor.runner import Result, run_checks
from captcha_guard.doctor.site import Site
from captcha_guard.web.state import NAME
from tests.browser.server import served

FORM = """<!doctype html><title>Hello</title><form method="post" action="/posts/hello/comments">
<textarea name="body"></textarea>{{ captcha_guard(scope="comment") }}</form>"""

FRONT = "<!doctype html><title>Front</title>"


def make_site(folder: Path, config: Mapping[str, object] | None = None) -> Flask:
    """Return the site, with its instance in ``folder`` and a good secret by default."""
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

    return app


def seen_by_doctor(app: Flask, moment: Moment = Moment.DOCTOR, **site: Any) -> Result:
    """Return the doctor's result for the site."""
    given: dict[str, Any] = {"environ": {}, "argv": ("flask",), **site}
    return run_checks(Site(app, app.extensions[NAME], **given), moment)


def seen_on(app: Flask, path: str = "/posts/hello") -> Result:
    """Return the doctor's result for the site while it is served, with this page."""
    with served(app) as address:
        return seen_by_doctor(app, url=f"{address}{path}")


def found(result: Result, code: str) -> list[str]:
    """Return what was found for a code. Empty if the check found no problem."""
    sentences = [diagnosis.found for diagnosis in result.diagnoses if diagnosis.code == code]
    assert sentences or code in result.fine, result.unchecked.get(code, f"{code} was not checked")
    return sentences


def altered(app: Flask, **headers: str) -> Callable[..., Any]:
    """Add these headers to every page of the site. Underscores become hyphens."""

    def alter(response: Any) -> Any:
        response.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
        return response

    app.after_request_funcs.setdefault(None, []).insert(0, alter)  # the function that was registered first runs last
    return alter


def sent_home(app: Flask, start: str) -> None:
    """Redirect all visitors to a log-in page, from the pages whose path begins with ``start``."""

    def refuse() -> ResponseReturnValue | None:
        return redirect("/login") if request.path.startswith(start) else None

    app.before_request_funcs.setdefault(None, []).insert(0, refuse)
    app.add_url_rule("/login", "login", lambda: "<form method=post><input type=password name=word></form>")

"""An application on two hosts. Each page loads its picture, script and new codes from its own host."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask, Response, redirect, render_template_string, request
from flask.typing import ResponseReturnValue
from playwright.sync_api import Page, expect

from captcha_guard import CaptchaGuard

from .bare_host import STRICT_CSP
from .comment_form import CommentForm
from .server import served

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser-plain")]

PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><link rel="icon" href="data:,"><title>A page</title>
<form method="post"><p><label>Name <input name="author"></label></p>
<p><label>Comment <textarea name="body"></textarea></label></p>{{ captcha_guard() }}
<p><button>Post comment</button></p></form></html>"""


def wait_for_picture(form: CommentForm) -> None:
    """Wait until the browser shows the picture. Fails if it never does."""
    expect(form.picture).to_have_js_property("naturalWidth", int(form.picture.get_attribute("width") or 0))


@pytest.mark.parametrize("site", ["localhost", "sub.localhost"])
@pytest.mark.parametrize(
    "options", [{"subdomain_matching": True}, {"host_matching": True, "static_host": "none.example"}]
)
def test_a_comment_on_either_host_requests_nothing_from_the_other(
    tmp_path: Path, page: Page, options: dict[str, Any], site: str
) -> None:
    app = Flask("two_hosts", instance_path=str(tmp_path), **options)
    app.config.update(SECRET_KEY=secrets.token_hex(), CAPTCHA_GUARD_MIN_SECONDS=0)
    guard = CaptchaGuard(app)
    stored: list[str] = []

    @guard.protect
    def talk() -> ResponseReturnValue:
        if request.method == "GET":
            return render_template_string(PAGE)
        stored.append(request.form["body"])
        return redirect("/talk?done", 303)

    @app.after_request
    def under_a_strict_policy(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = STRICT_CSP.replace("img-src", "img-src data:")
        return response

    asked: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda sent: asked.append(sent.url) if not sent.url.startswith("data:") else None)
    page.on("requestfailed", lambda sent: complaints.append(sent.url))
    page.on("response", lambda got: complaints.append(got.url) if got.status >= 400 and "guard" in got.url else None)
    page.on("console", lambda message: complaints.append(message.text) if "Policy" in message.text else None)
    with served(app) as address:
        port = urlsplit(address).port
        app.config["SERVER_NAME"] = f"localhost:{port}"
        for name in ("localhost", "sub.localhost"):
            where: dict[str, Any] = (
                {"host": f"{name}:{port}"} if "host_matching" in options else {"subdomain": name[:-10]}
            )
            app.add_url_rule("/talk", "talk", talk, methods=["GET", "POST"], **where)
        page.goto(f"http://{site}:{port}/talk")
        form = CommentForm(page, app)
        form.write(body=f"Written on {site}.")
        wait_for_picture(form)
        form.new_code.click()
        expect(form.status).to_have_text("Here is a new code.")
        form.code.fill("WRONG")
        form.post()
        form = CommentForm(page, app, button="Send")
        form.new_code.click()
        expect(form.status).to_have_text("Here is a new code.")
        wait_for_picture(form)
        form.solve()
        form.post()
        assert page.url.endswith("?done")
    assert stored == [f"Written on {site}."]
    assert {urlsplit(url).netloc for url in asked} == {f"{site}:{port}"}
    assert complaints == []

"""A comment that took hours to write passes Flask-WTF's CSRF check with the recipe in docs/integration.md."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import flask
import pytest
import time_machine
from flask import Flask, request
from flask.testing import FlaskClient
from flask_wtf.csrf import CSRFProtect
from jinja2 import DictLoader

from captcha_guard import CaptchaGuard
from captcha_guard.testing import solved_form
from captcha_guard.web.post.posted import ANSWER, TOKEN
from tests.integration.host_blog import fields_of

RECIPE = next(
    block
    for block in re.findall(r"```python\n(.*?)```", Path("docs/integration.md").read_text("utf-8"), re.S)
    if "CSRFError" in block
)
BODY = "It took me all morning to find out why the loop never ends."
FORM = """{{ notice }}<form method=post action="/comments">
<input type=hidden name=csrf_token value="{{ csrf_token() }}">
<textarea name=body>{{ typed.body }}</textarea>{{ captcha_guard(scope="create_comment") }}</form>"""


@pytest.fixture
def stored() -> list[str]:
    return []


@pytest.fixture
def app(bare: Any, stored: list[str]) -> Flask:
    made: Flask = bare(WTF_CSRF_ENABLED=True)
    made.jinja_loader = DictLoader({"comment_form.html": FORM})
    CSRFProtect(made)
    guard = CaptchaGuard(made)
    exec(RECIPE, {**vars(flask), "app": made})  # noqa: S102 - as a host would paste it

    @made.get("/")
    def index() -> str:
        return flask.render_template("comment_form.html", typed={})

    @made.post("/comments")
    @guard.protect
    def create_comment() -> tuple[str, int]:
        stored.append(request.form["body"])
        return "stored", 201

    return made


def written(client: FlaskClient) -> dict[str, str]:
    """Return the form as a reader has filled it in."""
    page = client.get("/")
    return fields_of(page) | solved_form(client, page.text) | {"body": BODY}


def test_the_text_is_shown_with_a_valid_token_and_stored_when_sent_again(
    app: Flask, stored: list[str], clock: time_machine.Traveller
) -> None:
    client = app.test_client()
    sent = written(client)
    clock.shift(5 * 60 * 60)
    late = client.post("/comments", data=sent)
    assert late.status_code == 400
    assert "Please send your comment once more" in late.text
    assert fields_of(late)["body"] == BODY
    assert fields_of(late)[TOKEN] != sent[TOKEN]
    assert stored == []
    again = client.post("/comments", data=fields_of(late) | solved_form(client, late.text))
    assert again.status_code == 201
    assert stored == [BODY]


def test_within_the_hour_nothing_changes(app: Flask, stored: list[str], clock: time_machine.Traveller) -> None:
    client = app.test_client()
    sent = written(client)
    clock.shift(10 * 60)
    assert client.post("/comments", data=sent).status_code == 201
    assert stored == [BODY]


@pytest.mark.parametrize("token", ["", "forged", "another reader's", "eight days old", "another key's"])
def test_a_token_that_was_never_valid_is_not_renewed(
    app: Flask, stored: list[str], clock: time_machine.Traveller, token: str
) -> None:
    client, other = app.test_client(), app.test_client()
    sent, others = written(client), written(other)
    clock.shift((8 * 24 if token == "eight days old" else 5) * 60 * 60)
    if token == "another key's":
        app.config["WTF_CSRF_SECRET_KEY"] = "another secret, not the one of the site"
    elif token != "eight days old":
        sent["csrf_token"] = others["csrf_token"] if token == "another reader's" else token
    answer = client.post("/comments", data=sent)
    assert answer.status_code == 400
    assert BODY not in answer.text
    assert "csrf_token" not in answer.text
    assert stored == []


def test_another_sites_post_is_refused_before_the_recipe_runs(
    app: Flask, stored: list[str], clock: time_machine.Traveller
) -> None:
    client = app.test_client()
    sent = written(client)
    clock.shift(5 * 60 * 60)
    answer = client.post("/comments", data=sent, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert "<form" not in answer.text
    assert stored == []


def test_the_code_alone_completes_no_request_that_failed_the_check(app: Flask, stored: list[str]) -> None:
    client = app.test_client()
    sent = written(client)
    del sent["csrf_token"]
    answer = client.post("/comments", data=sent)
    assert answer.status_code == 400
    assert ANSWER not in answer.text
    assert stored == []

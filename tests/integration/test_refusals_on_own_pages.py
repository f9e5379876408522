"""On the host's own page, the field shows the reason of a refusal, whether it needs a code or not."""

from __future__ import annotations

import html

import pytest
from flask import render_template_string
from flask.testing import FlaskClient

from captcha_guard.web.post.posted import PASS, TOKEN
from captcha_guard.web.post.refusal import MESSAGES
from tests.integration.conftest import MakeBlog
from tests.integration.host_blog import COMMENT, fields_of, solved

LIMITED = "You&#39;ve posted once in the last minute; please wait"


def test_a_repetition_with_a_right_code_is_reported(client: FlaskClient) -> None:
    for status in (303, 409):
        answer = client.post("/essay", data=solved(client, client.get("/essay"), COMMENT))
        assert answer.status_code == status
    assert PASS in fields_of(answer)
    assert html.unescape(answer.text).count(MESSAGES["duplicate"]) == 1


@pytest.mark.parametrize("typed", [{}, {"author": ""}])
def test_limits_are_reported_with_a_code_and_with_a_pass(blogs: MakeBlog, typed: dict[str, str]) -> None:
    client = blogs({"CAPTCHA_GUARD_COMMENT_LIMITS": "1 per minute"}).client()
    first = client.post("/essay", data=solved(client, client.get("/essay"), COMMENT | typed))
    sent = fields_of(first) if typed else solved(client, client.get("/essay"), COMMENT)
    answer = client.post("/essay", data=sent | COMMENT)
    assert answer.status_code == 429
    assert (PASS in fields_of(answer)) == bool(typed)
    assert answer.text.count(LIMITED) == 1


def test_a_form_without_a_picture_shows_it_too(blogs: MakeBlog) -> None:
    blog = blogs({"CAPTCHA_GUARD_COMMENT_LIMITS": "1 per minute"})
    form = "<form>{{ captcha_guard() }}</form>"

    @blog.app.post("/whisper")
    @blog.guard.protect(mode="suspicious", on_challenge=lambda _: render_template_string(form))
    def whisper() -> str:
        return ""

    client = blog.client()
    statuses = [client.post("/whisper", data=COMMENT).status_code]
    answer = client.post("/whisper", data=COMMENT)
    assert [*statuses, answer.status_code] == [422, 429]
    assert fields_of(answer).keys() >= {TOKEN}
    assert "<img" not in answer.text
    assert answer.text.count(LIMITED) == 1


def test_there_is_no_message_without_a_refusal(client: FlaskClient) -> None:
    nameless = client.post(
        "/posts/one/comments", data=solved(client, client.get("/posts/one"), COMMENT | {"author": ""})
    )
    assert PASS in fields_of(nameless)
    for page in (nameless, client.get("/quiet"), client.get("/essay")):
        assert "captcha-guard__message" not in page.text

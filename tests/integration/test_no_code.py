"""A comment can be sent to the moderator without a code. It's held, and a client and the site may send a few a day."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from flask import Flask, render_template_string, request
from flask.testing import FlaskClient
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from werkzeug.test import TestResponse
from wtforms import TextAreaField

from captcha_guard import CaptchaGuard
from captcha_guard.errors import StoreUnavailableError
from captcha_guard.testing import relax
from captcha_guard.web.post.posted import ANSWER, NO_CODE, TOKEN
from captcha_guard.wtf import CaptchaField
from tests.integration.conftest import MakeBlog
from tests.integration.host_blog import COMMENT, TAUGHT_SPAM, Blog, Page, fields_of, solved, teach
from tests.integration.test_one_transaction import commits_fail

STORAGES = pytest.mark.parametrize(
    "storage", [{}, {"CAPTCHA_GUARD_STORAGE_URI": "memory://"}], ids=["sqlite", "memory"]
)

#: Where each client of a test comes from. Their networks differ as well.
ADDRESSES = [f"198.51.{number}.7" for number in range(100)]


def send(client: FlaskClient, body: str = COMMENT["body"], page: str = "/queue", **more: str) -> TestResponse:
    """Send a comment with the form's button for the moderator."""
    return client.post(page, data=fields_of(client.get(page)) | COMMENT | {"body": body, NO_CODE: "1"} | more)


@STORAGES
def test_the_comment_is_held_and_the_moderator_sees_why(
    blogs: MakeBlog, storage: dict[str, object], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="captcha_guard.decisions")
    blog = blogs(storage)
    assert send(blog.client()).status_code == 303
    [stored] = blog.stored
    assert (stored["action"], stored["why"].split()[-1]) == ("HOLD", "no_code")
    assert "action=hold" in caplog.messages[-1]
    assert "no_code" in caplog.messages[-1]
    with blog.app.app_context():
        assert blog.guard.teach(stored["id"], spam=False)


@STORAGES
def test_a_client_may_send_three_and_then_gets_the_page_with_a_code(
    blogs: MakeBlog, storage: dict[str, object]
) -> None:
    blog = blogs(storage)
    client = blog.client()
    assert [send(client, f"Part {number} is good.").status_code for number in range(3)] == [303] * 3
    refused = send(client, "A fourth part is missing.")
    page = Page(refused.text)
    assert refused.status_code == 422
    assert "No more comments can be sent without a code today" in page.text
    assert page.fields["body"] == "A fourth part is missing."
    assert page.pictures
    assert NO_CODE not in refused.text
    assert client.post("/queue", data=solved(client, refused)).status_code == 303
    assert "no_code" not in blog.stored[-1]["why"]
    assert send(blog.client("203.0.113.9"), "From elsewhere.").status_code == 303


@STORAGES
def test_the_whole_site_takes_thirty(blogs: MakeBlog, storage: dict[str, object]) -> None:
    blog = blogs(storage)
    answers = [send(blog.client(one), f"Number {one} writes.").status_code for one in ADDRESSES[:32]]
    assert answers == [303] * 30 + [422] * 2
    assert len(blog.stored) == 30


def test_a_client_over_its_own_limit_uses_up_nothing_of_the_sites(blogs: MakeBlog) -> None:
    blog = blogs()
    greedy = blog.client("203.0.113.9")
    for number in range(20):
        send(greedy, f"Part {number} is good.")
    answers = [send(blog.client(one), f"Number {one} writes.").status_code for one in ADDRESSES[:28]]
    assert answers == [303] * 27 + [422]


def test_the_same_comment_is_refused_as_a_duplicate_and_uses_up_nothing(blog: Blog) -> None:
    client = blog.client()
    assert send(client).status_code == 303
    assert [send(client).status_code for _ in range(4)] == [409] * 4
    assert send(client, "Another one.").status_code == 303
    assert send(client, "And a third.").status_code == 303
    assert len(blog.stored) == 3


def test_a_comment_that_was_refused_can_be_sent_with_a_code(blog: Blog) -> None:
    client = blog.client()
    for number in range(3):
        send(client, f"Part {number} is good.")
    assert send(client).status_code == 422
    form = solved(client, client.get("/queue"), COMMENT)
    assert client.post("/queue", data=form).status_code == 303


@pytest.mark.parametrize("typed", ["right", "wrong", "none"])
def test_nothing_shows_whether_a_typed_code_was_right_and_the_form_stays_valid(blog: Blog, typed: str) -> None:
    client = blog.client()
    form = solved(client, client.get("/queue"), COMMENT)
    right = form[ANSWER]
    form[ANSWER] = {"right": right, "wrong": "WRONGWRONG", "none": ""}[typed]
    answer = client.post("/queue", data=form | {NO_CODE: "1"})
    assert (answer.status_code, blog.stored[-1]["action"]) == (303, "HOLD")
    assert client.post("/queue", data=form | {ANSWER: right, "body": "Another text."}).status_code == 303
    assert blog.stored[-1]["action"] == "ACCEPT"


@pytest.mark.parametrize("token", ["", "x" * 60], ids=["none", "forged"])
def test_it_works_without_a_valid_token(blog: Blog, token: str) -> None:
    assert blog.client().post("/queue", data=COMMENT | {TOKEN: token, NO_CODE: "1"}).status_code == 303
    assert blog.stored[-1]["action"] == "HOLD"


def test_the_usual_limits_apply_and_the_page_sends_it_again_the_same_way(blogs: MakeBlog) -> None:
    blog = blogs({"CAPTCHA_GUARD_COMMENT_LIMITS": "1 per minute"})
    client = blog.client()
    assert send(client).status_code == 303
    limited = client.post("/queue", data=COMMENT | {"body": "One more.", NO_CODE: "1"})
    assert limited.status_code == 429
    assert fields_of(limited)[NO_CODE] == "1"


@pytest.mark.parametrize("mode", ["always", "suspicious"])
def test_it_completes_a_post_that_was_asked_for_a_code_and_is_not_counted_again(blogs: MakeBlog, mode: str) -> None:
    blog = blogs({"CAPTCHA_GUARD_COMMENT_LIMITS": "2 per minute"})
    moderated_json(blog, mode=mode)
    client = blog.client()
    token = client.post("/api/queue", json=COMMENT).get_json()["challenge"]["token"]
    again = {**COMMENT, TOKEN: token, NO_CODE: True}
    assert client.post("/api/queue", json=again).get_json() == {"held": True}
    second = {**again, "body": "The same token covers no second comment."}
    assert client.post("/api/queue", json=second).get_json() == {"held": True}
    assert client.post("/api/queue", json={**second, "body": "A third one."}).status_code == 429


def test_a_duplicate_that_was_asked_for_a_code_is_counted_once_more_and_not_twice(blogs: MakeBlog) -> None:
    blog = blogs({"CAPTCHA_GUARD_COMMENT_LIMITS": "4 per minute"})
    moderated_json(blog, mode="suspicious")
    client = blog.client()
    token = client.post("/captcha-guard/challenge", json={"scope": "api_queue"}).get_json()["token"]
    assert client.post("/api/queue", json={**COMMENT, TOKEN: token}).status_code == 201
    asked = client.post("/api/queue", json={**COMMENT, "body": "Another one."}).get_json()["challenge"]["token"]
    assert client.post("/api/queue", json={**COMMENT, TOKEN: asked, NO_CODE: True}).status_code == 409
    assert client.post("/api/queue", json={**COMMENT, "body": "The fourth.", NO_CODE: True}).status_code == 201
    assert client.post("/api/queue", json={**COMMENT, "body": "The fifth.", NO_CODE: True}).status_code == 429


def test_an_unmoderated_route_takes_no_notice_of_it(blog: Blog) -> None:
    client = blog.client()
    form = fields_of(client.get("/posts/one")) | COMMENT | {NO_CODE: "1"}
    refused = client.post("/posts/one/comments", data=form)
    assert refused.status_code == 422
    assert "Please type the security code" in Page(refused.text).text
    assert NO_CODE not in client.get("/posts/one").text
    assert NO_CODE in client.get("/queue").text
    assert client.post("/posts/one/comments", data=solved(client, refused)).status_code == 303
    assert blog.stored[-1]["held"] == "False"


def moderated_json(blog: Blog, **options: Any) -> None:
    """Add a moderated route for JSON."""

    @blog.app.post("/api/queue")
    @blog.guard.protect(moderated=True, **options)
    def api_queue() -> ResponseReturnValue:
        blog.keep("api")
        return {"held": blog.guard.verdict.held}, 201


@pytest.mark.parametrize(
    ("member", "headers"),
    [({NO_CODE: "1"}, {}), ({NO_CODE: True}, {}), ({NO_CODE: 1}, {}), ({}, {"Captcha-No-Code": "1"})],
)
def test_json_clients_use_a_member_or_a_header(
    blog: Blog, member: Mapping[str, object], headers: dict[str, str]
) -> None:
    moderated_json(blog)
    answer = blog.client().post("/api/queue", json={**COMMENT, **member}, headers=headers)
    assert (answer.status_code, answer.get_json()) == (201, {"held": True})


@pytest.mark.parametrize("value", ["", "0", "false", False, None, 0, []])
def test_values_that_mean_no_are_no(blog: Blog, value: object) -> None:
    moderated_json(blog)
    assert blog.client().post("/api/queue", json={**COMMENT, NO_CODE: value}).status_code == 422


def test_json_clients_over_the_limit_get_a_challenge(blog: Blog) -> None:
    moderated_json(blog)
    client = blog.client()
    for number in range(4):
        answer = client.post("/api/queue", json={**COMMENT, "body": f"Part {number}.", NO_CODE: True})
    problem = answer.get_json()
    assert (problem["status"], problem["reason"]) == (422, "no_code_limit")
    assert problem["challenge"]["token"]


def test_where_no_code_is_ever_asked_for_the_button_changes_nothing(blog: Blog) -> None:
    moderated_json(blog, mode="off")
    client = blog.client()
    token = client.post("/captcha-guard/challenge", json={"scope": "api_queue"}).get_json()["token"]
    answers = [
        client.post("/api/queue", json={**COMMENT, "body": f"Part {number}.", TOKEN: token, NO_CODE: True})
        for number in range(4)
    ]
    assert [answer.get_json() for answer in answers] == [{"held": False}] * 4


@pytest.mark.parametrize("token_is", ["fresh", "used"])
def test_in_mode_suspicious_no_token_gets_a_comment_published_with_the_button(blog: Blog, token_is: str) -> None:
    moderated_json(blog, mode="suspicious")
    client = blog.client()
    token = client.post("/captcha-guard/challenge", json={"scope": "api_queue"}).get_json()["token"]
    if token_is == "used":
        used = client.post("/api/queue", json={**COMMENT, TOKEN: token})
        assert used.get_json() == {"held": False}
    answers = [
        client.post("/api/queue", json={**COMMENT, "body": f"Part {number}.", TOKEN: token, NO_CODE: True})
        for number in range(4)
    ]
    assert [answer.status_code for answer in answers] == [201, 201, 201, 422]
    assert [answer.get_json()["held"] for answer in answers[:3]] == [True] * 3


def test_in_mode_suspicious_it_holds_what_needs_a_code(blog: Blog) -> None:
    moderated_json(blog, mode="suspicious")
    client = blog.client()
    asked = client.post("/api/queue", json=COMMENT)
    assert asked.status_code == 422
    again = {**COMMENT, TOKEN: asked.get_json()["challenge"]["token"], NO_CODE: True}
    assert client.post("/api/queue", json=again).get_json() == {"held": True}
    assert blog.stored[-1]["why"].split()[-1] == "no_code"


def test_spam_is_set_aside_and_what_rules_reject_is_refused(blogs: MakeBlog) -> None:
    blog = blogs({"CAPTCHA_GUARD_DISALLOWED_WORDS": ["forbidden"]})
    client = blog.client()
    teach(blog)
    assert send(client, TAUGHT_SPAM).status_code == 303
    assert blog.stored[-1]["action"] == "ASIDE"
    assert send(client, **{blog.state.honeypot: "http://spam.example"}).status_code == 303
    assert "honeypot" in blog.stored[-1]["why"]
    assert send(client, "A forbidden word.").status_code == 403


def test_a_form_that_came_back_too_fast_is_noted(blogs: MakeBlog) -> None:
    blog = blogs({"CAPTCHA_GUARD_MIN_SECONDS": 3})
    send(blog.client())
    assert "too_fast" in blog.stored[-1]["why"]


@STORAGES
def test_only_one_of_several_requests_gets_the_last_place(blogs: MakeBlog, storage: dict[str, object]) -> None:
    blog = blogs(storage)
    for number in range(2):
        send(blog.client(), f"Part {number} is good.")
    start = Barrier(8)

    def race(number: int) -> int:
        client = blog.client()
        start.wait(60)
        return client.post("/queue", data=COMMENT | {"body": f"Racer {number} writes.", NO_CODE: "1"}).status_code

    with ThreadPoolExecutor(8) as threads:
        assert sorted(threads.map(race, range(8))) == [303] + [422] * 7


@pytest.mark.parametrize(
    ("fault", "expected"), [({"codes": "hold"}, 303), ({"codes": "refuse"}, 503), ({"limits": "refuse"}, 503)]
)
def test_while_the_store_is_down_it_does_what_the_setting_says(
    blogs: MakeBlog, monkeypatch: pytest.MonkeyPatch, fault: dict[str, str], expected: int
) -> None:
    blog = blogs({"CAPTCHA_GUARD_FAULTS": fault})
    client = blog.client()
    page = client.get("/queue")

    def fail(*_: object, **__: object) -> None:
        raise StoreUnavailableError("down")

    for name in ("read", "write"):
        monkeypatch.setattr(type(blog.state.health), name, fail)
    answer = client.post("/queue", data=fields_of(page) | COMMENT | {NO_CODE: "1"})
    assert answer.status_code == expected
    assert [stored["action"] for stored in blog.stored] == (["HOLD"] if expected == 303 else [])


def test_it_is_held_if_nothing_can_be_written(blog: Blog, monkeypatch: pytest.MonkeyPatch) -> None:
    first, client = blog.client("203.0.113.5"), blog.client()
    send(first, "Makes the tables.")
    page = client.get("/queue")
    with commits_fail(monkeypatch):
        answer = client.post("/queue", data=fields_of(page) | COMMENT | {NO_CODE: "1"})
    assert (answer.status_code, blog.stored[-1]["action"]) == (303, "HOLD")


def test_shadow_mode_lets_it_through(blogs: MakeBlog) -> None:
    blog = blogs({"CAPTCHA_GUARD_SHADOW": True})
    client = blog.client()
    assert [send(client, f"Part {number} is good.").status_code for number in range(4)] == [303] * 4
    assert [stored["held"] for stored in blog.stored] == ["False"] * 4


def test_tests_of_hosts_have_no_such_limit(blog: Blog) -> None:
    relax(blog.app)
    client = blog.client()
    assert [send(client, f"Part {number} is good.").status_code for number in range(4)] == [303] * 4


def test_a_wtforms_field_offers_it_too(bare: Any) -> None:
    app: Flask = bare()
    guard = CaptchaGuard(app)

    class Letter(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
        body = TextAreaField()
        captcha = CaptchaField(moderated=True)

    @app.route("/letters", methods=["GET", "POST"])
    def letters() -> str:
        form = Letter()
        if form.validate_on_submit():
            return f"held: {guard.verdict.held} {request.form['body']}"
        return render_template_string("<form method=post>{{ form.body }}{{ form.captcha }}</form>", form=form)

    client = app.test_client()
    page = client.get("/letters")
    assert NO_CODE in page.text
    assert client.post("/letters", data=fields_of(page) | {"body": "Hello", NO_CODE: "1"}).text == "held: True Hello"

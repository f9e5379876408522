"""After a right code with another field wrong, no second code is needed, and the pass is valid for nothing else."""

from __future__ import annotations

import pytest
import time_machine
from flask import redirect, request
from flask.testing import FlaskClient
from flask.typing import ResponseReturnValue

from captcha_guard.testing import solve, solved_form
from captcha_guard.web.post.posted import ANSWER, PASS, TOKEN
from tests.integration.conftest import MakeBlog
from tests.integration.host_blog import COMMENT, Blog, Page, fields_of, solved

POST = "/posts/one/comments"
NAMELESS = COMMENT | {"author": ""}


def earn(client: FlaskClient, shown: str = "/posts/one", target: str = POST) -> dict[str, str]:
    """Solve a code without the name. Returns the fields of the form that is shown again."""
    page = client.post(target, data=solved(client, client.get(shown), NAMELESS))
    fields = fields_of(page)
    assert Page(page.text).pictures == []
    assert ANSWER not in fields
    assert TOKEN not in fields
    assert fields["body"] == COMMENT["body"]
    return fields


@pytest.mark.parametrize(("shown", "target"), [("/posts/one", POST), ("/essay", "/essay"), ("/letters", "/letters")])
def test_the_second_post_needs_no_code(blog: Blog, client: FlaskClient, shown: str, target: str) -> None:
    fields = earn(client, shown, target)
    assert client.post(target, data=fields | {"author": "Ada"}).status_code == 303
    assert [comment["body"] for comment in blog.stored] == [COMMENT["body"]]


def test_a_field_that_is_wrong_twice_still_costs_one_code(blog: Blog, client: FlaskClient) -> None:
    fields = earn(client)
    again = client.post(POST, data=fields | {"email": "countess@example.org"})
    assert fields_of(again)[PASS] != fields[PASS]
    assert client.post(POST, data=fields_of(again) | {"author": "Ada"}).status_code == 303
    assert len(blog.stored) == 1


def test_a_pass_works_once(blog: Blog, client: FlaskClient) -> None:
    fields = earn(client) | {"author": "Ada"}
    assert client.post(POST, data=fields).status_code == 303
    second = client.post(POST, data=fields | {"body": "Another."})
    assert second.status_code == 422
    assert fields_of(second)["body"] == "Another."
    assert Page(second.text).pictures
    assert len(blog.stored) == 1


def test_a_pass_is_for_its_own_form_only(blog: Blog, client: FlaskClient) -> None:
    fields = earn(client) | {"author": "Ada"}
    for target in ("/posts/two/comments", "/essay", "/letters", "/queue", "/api/comments"):
        assert client.post(target, data=fields).status_code == 422, target
    assert blog.stored == []
    assert client.post(POST, data=fields).status_code == 303


def test_a_pass_is_not_a_token_and_a_token_is_not_a_pass(blog: Blog, client: FlaskClient) -> None:
    earned = earn(client)[PASS]
    token = fields_of(client.get("/posts/one"))[TOKEN]
    for sent in (
        {TOKEN: earned},
        {TOKEN: earned, ANSWER: ""},
        {TOKEN: earned, ANSWER: solve(client, earned)},
        {PASS: token},
        {PASS: token, ANSWER: solve(client, token)},
        {PASS: token, TOKEN: token, ANSWER: solve(client, token)},
    ):
        assert client.post(POST, data=COMMENT | sent).status_code == 422, sent
    assert blog.stored == []
    assert client.get(f"/captcha-guard/{earned}.png").status_code == 404
    assert client.get(f"/captcha-guard/{earned}@2x.png").status_code == 404


def test_a_pass_expires_with_its_code(blog: Blog, client: FlaskClient, clock: time_machine.Traveller) -> None:
    page = client.get("/posts/one")
    clock.shift(800)
    fields = fields_of(client.post(POST, data=solved(client, page, NAMELESS)))
    clock.shift(50)
    fields = fields_of(client.post(POST, data=fields))
    clock.shift(51)
    late = client.post(POST, data=fields | {"author": "Ada"})
    assert late.status_code == 422
    assert "expired" in late.text
    assert client.post(POST, data=solved(client, late)).status_code == 303
    assert len(blog.stored) == 1


def test_a_json_client_gets_its_pass_in_a_header(blog: Blog, client: FlaskClient) -> None:
    asked = client.post("/api/comments", json=NAMELESS)
    token = asked.get_json()["challenge"]["token"]
    refused = client.post("/api/comments", json=NAMELESS | {TOKEN: token, ANSWER: solve(client, token)})
    assert refused.status_code == 422
    assert refused.get_json() == {"error": "who are you?"}
    stored = client.post("/api/comments", json=COMMENT | {PASS: refused.headers["Captcha-Pass"]})
    assert stored.status_code == 201
    assert "Captcha-Pass" not in stored.headers
    assert len(blog.stored) == 1


def test_without_a_solved_code_there_is_no_pass(client: FlaskClient) -> None:
    for sent in ({}, {TOKEN: "x", ANSWER: "y"}):
        answer = client.post("/api/comments", json=NAMELESS | sent)
        assert "Captcha-Pass" not in answer.headers


@pytest.mark.parametrize("status", [400, 403, 404, 409, 422, 500, 503])
def test_a_comment_that_the_view_refused_can_be_sent_again_unchanged(blogs: MakeBlog, status: int) -> None:
    blog, statuses = blogs(), [status, 201]

    @blog.app.post("/picky")
    @blog.guard.protect
    def picky() -> tuple[str, int]:
        return "", statuses.pop(0)

    client = blog.client()
    for expected in (status, 201):
        asked = client.post("/picky", data=COMMENT)
        assert client.post("/picky", data=solved(client, asked)).status_code == expected
    assert client.post("/picky", data=COMMENT).status_code == 409


def test_a_redirect_means_that_the_comment_is_stored(blogs: MakeBlog) -> None:
    blog = blogs()

    @blog.app.post("/leading")
    @blog.guard.protect
    def leading() -> ResponseReturnValue:
        return redirect(request.url, 302)

    client = blog.client()
    asked = client.post("/leading", data=COMMENT)
    assert client.post("/leading", data=solved(client, asked)).status_code == 302
    assert client.post("/leading", data=COMMENT).status_code == 409


def test_the_public_test_client_fills_in_a_pass(blog: Blog, client: FlaskClient) -> None:
    page = client.post(POST, data=solved(client, client.get("/posts/one"), NAMELESS))
    assert client.post(POST, data=COMMENT | solved_form(client, page.text)).status_code == 303
    again = client.get("/posts/one")
    assert client.post(POST, data=COMMENT | {"body": "x"} | solved_form(blog.app, again.text)).status_code == 303

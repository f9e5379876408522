"""Whatever happens, the comment is kept, the reader types at most one more code, and the comment is stored once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import pytest
import time_machine
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from captcha_guard.web.post.posted import ANSWER, PASS, TOKEN
from tests.integration.conftest import MakeBlog, close_counters
from tests.integration.host_blog import COMMENT, Blog, Page, fields_of, solved, wrong

POST = "/posts/one/comments"


def read(client: FlaskClient) -> TestResponse:
    return client.get("/posts/one")


def kept(page: TestResponse) -> bool:
    """Return whether a page has everything that was typed, in a form or as text."""
    seen = Page(page.text)
    in_form = all(seen.fields.get(name) == value for name, value in COMMENT.items())
    return in_form or all(value in seen.text for value in COMMENT.values())


def test_a_right_code_is_all_it_takes(blog: Blog, client: FlaskClient) -> None:
    answer = client.post(POST, data=solved(client, read(client), COMMENT))
    assert answer.status_code == 303
    assert [comment["body"] for comment in blog.stored] == [COMMENT["body"]]


@pytest.mark.parametrize("way", ["/posts/one", "/essay", "/letters", "/queue"])
def test_after_a_wrong_code_everything_typed_is_shown_with_another_picture(
    blog: Blog, client: FlaskClient, way: str
) -> None:
    first = client.get(way)
    target = POST if way == "/posts/one" else way
    again = client.post(target, data=wrong(first, COMMENT))
    assert again.status_code == 422
    fields = fields_of(again)
    assert {name: fields[name] for name in ("author", "body")} == {name: COMMENT[name] for name in ("author", "body")}
    assert fields[TOKEN] != fields_of(first)[TOKEN]
    assert fields[ANSWER] == ""
    assert Page(again.text).pictures != Page(first.text).pictures
    assert blog.stored == []
    assert client.post(target, data=solved(client, again)).status_code == 303
    assert len(blog.stored) == 1


def test_two_tabs_both_post(blog: Blog, client: FlaskClient) -> None:
    left, right = read(client), read(client)
    assert client.post(POST, data=solved(client, right, COMMENT)).status_code == 303
    assert client.post(POST, data=solved(client, left, COMMENT | {"body": "And another."})).status_code == 303
    assert len(blog.stored) == 2


def test_after_the_back_button_one_more_code_is_needed(blog: Blog, client: FlaskClient) -> None:
    fields = solved(client, read(client), COMMENT)
    client.post(POST, data=fields)
    edited = fields | {"body": "What I forgot to say."}
    again = client.post(POST, data=edited)
    assert again.status_code == 422
    assert fields_of(again)["body"] == edited["body"]
    assert client.post(POST, data=solved(client, again)).status_code == 303
    assert [comment["body"] for comment in blog.stored] == [COMMENT["body"], edited["body"]]


def test_the_same_post_again_is_answered_as_already_posted(blog: Blog, client: FlaskClient) -> None:
    fields = solved(client, read(client), COMMENT)
    assert client.post(POST, data=fields).status_code == 303
    second = client.post(POST, data=fields)
    assert second.status_code == 409
    assert kept(second)
    assert len(blog.stored) == 1


def test_the_same_comment_on_another_site_with_the_same_store_is_not_a_repetition(blogs: MakeBlog) -> None:
    for site in (blogs(), blogs()):  # each with its own secret
        client = site.client()
        assert client.post(POST, data=solved(client, read(client), COMMENT)).status_code == 303


def test_a_double_click_stores_one_comment(blog: Blog) -> None:
    for attempt in range(5):
        client = blog.client()
        fields = solved(client, read(client), COMMENT | {"body": f"Comment {attempt}"})
        with ThreadPoolExecutor(2) as threads:
            answers = list(threads.map(lambda _: _post_and_close(blog, fields), range(2)))  # noqa: B023 - run at once
        assert sorted(answer.status_code for answer in answers) in ([303, 409], [303, 422])
        slower = max(answers, key=lambda answer: answer.status_code)
        assert fields["body"] in slower.text
        if slower.status_code == 422:
            assert client.post(POST, data=solved(client, slower)).status_code == 409
        assert len(blog.stored) == attempt + 1


def test_the_same_comment_from_two_tabs_is_stored_once(blog: Blog, client: FlaskClient) -> None:
    """Even if both are judged before either is stored, so no rule knows the comment."""
    blog.state.judge.rules = ()
    left, right = (solved(client, read(client), COMMENT) for _ in range(2))
    assert client.post(POST, data=left).status_code == 303
    second = client.post(POST, data=right)
    assert second.status_code == 409
    assert kept(second)
    assert len(blog.stored) == 1


def _post_and_close(blog: Blog, fields: dict[str, str]) -> TestResponse:
    try:
        return blog.client().post(POST, data=fields)
    finally:
        close_counters(blog)


def test_after_an_expired_form_one_more_code_is_needed(
    blog: Blog, client: FlaskClient, clock: time_machine.Traveller
) -> None:
    fields = solved(client, read(client), COMMENT)
    clock.shift(901)
    again = client.post(POST, data=fields)
    assert again.status_code == 422
    assert "expired" in again.text
    assert client.post(POST, data=solved(client, again)).status_code == 303
    assert {name: blog.stored[0][name] for name in COMMENT} == COMMENT


@pytest.mark.parametrize("extra", [{}, {TOKEN: ""}, {ANSWER: "ABCDE"}, {TOKEN: "", ANSWER: "", PASS: ""}])
@pytest.mark.parametrize("target", [POST, "/essay", "/queue", "/quiet", "/api/comments"])
def test_a_form_without_a_captcha_gets_the_interstitial(
    blog: Blog, client: FlaskClient, target: str, extra: dict[str, str]
) -> None:
    again = client.post(target, data=COMMENT | extra)
    assert again.status_code == 422
    assert kept(again)
    assert blog.stored == []
    stored = client.post(target, data=solved(client, again))
    assert stored.status_code in (200, 201, 303)
    assert {name: blog.stored[0][name] for name in COMMENT} == COMMENT


def test_files_and_repeated_fields_are_carried_or_asked_for(blog: Blog, client: FlaskClient) -> None:
    again = client.post(POST, data=COMMENT | {"tag": ["a", "b"], "cv": (BytesIO(b"a file"), "cv.txt")})
    assert again.status_code == 422
    tags = [given for tag, given in Page(again.text).tags if tag == "input" and given.get("name") == "tag"]
    assert [given["value"] for given in tags] == ["a", "b"]
    assert any(tag == "input" and given.get("type") == "file" for tag, given in Page(again.text).tags)


def test_line_breaks_and_special_characters_are_kept(client: FlaskClient) -> None:
    body = "\nif a < b && \"c\" > 'd':\r\n\t&amp; <!-- </textarea> ☃\u202e"
    again = client.post(POST, data=COMMENT | {"body": body})
    assert fields_of(again)["body"] == body


def test_a_password_is_carried_along_but_not_shown(client: FlaskClient) -> None:
    again = client.post(POST, data=COMMENT | {"password": "hunter2"})
    assert fields_of(again)["password"] == "hunter2"
    assert "hunter2" not in Page(again.text).text


def test_requests_within_one_application_context_are_judged_separately(blog: Blog) -> None:
    """Hosts' tests and scripts use one application context for several requests, which then share ``flask.g``."""
    with blog.app.app_context():
        client = blog.client()
        assert client.post(POST, data=solved(client, read(client), COMMENT)).status_code == 303
        assert client.post(POST, data=COMMENT | {"body": "No code."}).status_code == 422
    assert len(blog.stored) == 1


def add_view_that_fails_once(blog: Blog) -> None:
    failures = [RuntimeError("the database can't be reached")]

    @blog.app.post("/fragile")
    @blog.guard.protect
    def fragile() -> tuple[str, int]:
        if failures:
            raise failures.pop()
        blog.keep("fragile")
        return "", 201


def test_a_comment_that_the_view_could_not_store_can_be_sent_again(blogs: MakeBlog) -> None:
    blog = blogs()
    add_view_that_fails_once(blog)
    client = blog.client()
    asked = client.post("/fragile", data=COMMENT)
    assert client.post("/fragile", data=solved(client, asked)).status_code == 500
    asked = client.post("/fragile", data=COMMENT)
    assert asked.status_code == 422
    assert client.post("/fragile", data=solved(client, asked)).status_code == 201
    assert len(blog.stored) == 1


def test_a_comment_is_sent_again_after_an_error_that_reaches_the_test_client(blogs: MakeBlog) -> None:
    blog = blogs({"TESTING": True})
    add_view_that_fails_once(blog)
    client = blog.client()
    with pytest.raises(RuntimeError):
        client.post("/fragile", data=solved(client, client.post("/fragile", data=COMMENT)))
    assert client.post("/fragile", data=solved(client, client.post("/fragile", data=COMMENT))).status_code == 201

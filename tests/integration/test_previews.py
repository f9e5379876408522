"""A form that an unguarded view shows again, such as a preview: its code stays, and isn't used up."""

from __future__ import annotations

import pytest
import time_machine
from flask.testing import FlaskClient

from captcha_guard.web.post.posted import ANSWER, NO_CODE, PASS, TOKEN
from tests.integration.conftest import MakeBlog
from tests.integration.host_blog import COMMENT, Blog, _form, fields_of, solved

POST = "/posts/one/comments"


def previewing(blog: Blog) -> FlaskClient:
    @blog.app.post("/preview/<slug>")
    def preview(slug: str) -> str:
        return _form(f"comment:{slug}", f"/posts/{slug}/comments")

    return blog.client()


@pytest.fixture
def visitor(blog: Blog) -> FlaskClient:
    return previewing(blog)


def test_the_code_and_what_was_typed_stay_and_complete_the_comment(blog: Blog, visitor: FlaskClient) -> None:
    sent = solved(visitor, visitor.get("/posts/one"), COMMENT)
    for _ in range(3):
        shown = fields_of(visitor.post("/preview/one", data=sent))
        assert (shown[TOKEN], shown[ANSWER]) == (sent[TOKEN], sent[ANSWER])
        sent = sent | shown
    assert visitor.post(POST, data=sent).status_code == 303
    assert len(blog.stored) == 1


def test_the_box_to_send_the_comment_without_a_code_stays_ticked(blog: Blog) -> None:
    @blog.app.post("/queue/preview")
    def preview() -> str:
        return _form("queue", "/queue")

    visitor = blog.client()
    sent = fields_of(visitor.get("/queue")) | COMMENT
    assert "checked" not in visitor.post("/queue/preview", data=sent).text
    page = visitor.post("/queue/preview", data=sent | {NO_CODE: "1"}).text
    assert f'name="{NO_CODE}" value="1" checked>' in page


def test_a_preview_doesnt_say_whether_a_code_is_right(visitor: FlaskClient) -> None:
    right = solved(visitor, visitor.get("/posts/one"), COMMENT)
    wrong = right | {ANSWER: "X" * len(right[ANSWER])}
    pages = [visitor.post("/preview/one", data=sent).text.replace(sent[ANSWER], "") for sent in (right, wrong)]
    assert pages[0] == pages[1]


def test_a_pass_stays(blog: Blog, visitor: FlaskClient) -> None:
    nameless = visitor.post(POST, data=solved(visitor, visitor.get("/posts/one"), COMMENT | {"author": ""}))
    sent = COMMENT | fields_of(nameless) | {"author": "Ada"}
    shown = fields_of(visitor.post("/preview/one", data=sent))
    assert shown[PASS] == sent[PASS]
    assert visitor.post(POST, data=sent | shown).status_code == 303
    assert len(blog.stored) == 1


@pytest.mark.parametrize("case", ["another form's", "expired", "forged", "a pass as a token"])
def test_any_other_token_is_replaced(
    blog: Blog, visitor: FlaskClient, clock: time_machine.Traveller, case: str
) -> None:
    sent = solved(visitor, visitor.get("/posts/two" if case == "another form's" else "/posts/one"), COMMENT)
    if case == "expired":
        clock.shift(blog.state.settings.ttl + 60)
    if case == "forged":
        sent[TOKEN] += "x"
    if case == "a pass as a token":
        nameless = visitor.post(POST, data=sent | {"author": ""})
        sent = {**sent, TOKEN: fields_of(nameless)[PASS]}
    shown = fields_of(visitor.post("/preview/one", data=sent))
    assert shown[TOKEN] != sent[TOKEN]
    assert shown[ANSWER] == ""


def test_a_form_without_a_picture_stays_without_one(blogs: MakeBlog) -> None:
    visitor = previewing(blogs({"CAPTCHA_GUARD_MODE": "suspicious"}))
    sent = COMMENT | fields_of(visitor.get("/posts/one")) | COMMENT
    shown = fields_of(visitor.post("/preview/one", data=sent))
    assert shown[TOKEN] == sent[TOKEN]
    assert ANSWER not in shown

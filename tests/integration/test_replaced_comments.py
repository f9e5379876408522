"""An edit that replaces a stored comment: the two aren't compared, and the old one is forgotten."""

from __future__ import annotations

import pytest
from flask import redirect, request
from flask.testing import FlaskClient
from flask.typing import ResponseReturnValue

from captcha_guard import Facts
from tests.integration.host_blog import COMMENT, Blog

LONG = COMMENT | {
    "body": "The loop in part two never ends, because its bound is read anew in each of its turns, as you say."
}


@pytest.fixture
def editor(blog: Blog) -> FlaskClient:
    """A visitor of a moderated route whose form says which comment it replaces."""

    @blog.app.post("/notes/<int:number>")
    @blog.guard.protect(mode="off", moderated=True, facts=lambda number: Facts(replaces=request.form.get("old", "")))  # noqa: ARG005
    def note(number: int) -> ResponseReturnValue:
        if request.form.get("fail"):
            return "not stored", 500
        blog.keep(str(number))
        return redirect("/", 303)

    return blog.client()


def send(editor: FlaskClient, blog: Blog, **fields: str) -> dict[str, str]:
    """Send a note to a form of its own, as an edit has. Returns what was stored."""
    assert editor.post(f"/notes/{len(blog.stored)}", data=LONG | fields).status_code == 303
    return blog.stored[-1]


def test_an_edit_isnt_compared_with_the_comment_that_it_replaces(blog: Blog, editor: FlaskClient) -> None:
    old = send(editor, blog)["id"]
    for number in range(4):
        edited = send(editor, blog, body=f"{LONG['body']} Edit {number}.", old=old)
        assert "near_duplicate" not in edited["why"].split()
        old = edited["id"]
    assert "near_duplicate" in send(editor, blog, body=f"{LONG['body']} Another.")["why"].split()


def test_the_replaced_comment_is_forgotten_and_the_new_one_can_be_taught(blog: Blog, editor: FlaskClient) -> None:
    old = send(editor, blog)["id"]
    new = send(editor, blog, body="Another text altogether, which replaces the first one.", old=old)["id"]
    with blog.app.app_context():
        assert not blog.guard.teach(old, spam=True)
        assert blog.guard.teach(new, spam=True)


def test_a_taught_comment_that_is_replaced_isnt_learned_any_more(blog: Blog, editor: FlaskClient) -> None:
    old = send(editor, blog)["id"]
    with blog.app.app_context():
        assert blog.guard.teach(old, spam=True)
        assert blog.guard.filter_stats().spam == 1
    send(editor, blog, body="Another text altogether, which replaces the first one.", old=old)
    with blog.app.app_context():
        assert blog.guard.filter_stats().spam == 0


def test_the_old_comment_stays_if_the_edit_isnt_stored(blog: Blog, editor: FlaskClient) -> None:
    old = send(editor, blog)["id"]
    assert editor.post("/notes/9", data=LONG | {"body": "A failed edit.", "old": old, "fail": "1"}).status_code == 500
    with blog.app.app_context():
        assert blog.guard.teach(old, spam=True)


def test_an_unknown_id_replaces_nothing(blog: Blog, editor: FlaskClient) -> None:
    send(editor, blog)
    for old in ("unknown", "\0", "x" * 500):
        assert "near_duplicate" in send(editor, blog, body=f"{LONG['body']} {len(old)}", old=old)["why"].split()

"""Facts from the host about a submission: its account, whether the post is closed, and the post's age."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import abort, render_template_string, request
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from wtforms import TextAreaField

from captcha_guard import ConfigError, Facts, Submission, submission_judged
from captcha_guard.spam.filter.topic import LEVELS
from captcha_guard.wtf import CaptchaField
from tests.integration.conftest import MakeBlog
from tests.integration.host_blog import COMMENT, TAUGHT_HAM, TAUGHT_SPAM, Blog, solved

TOPIC = "Loops that never end\n\nIn part two the bound of the loop is read anew each time, so the loop never ends."
AGES = {"new": 60.0, "old": 400 * 86_400.0}


def facts(slug: str) -> Facts:
    if slug == "missing":
        abort(404)
    return Facts(account=request.headers.get("X-Account", ""), closed=slug == "closed", post_age=AGES.get(slug))


@contextmanager
def heard() -> Iterator[list[Submission]]:
    submissions: list[Submission] = []

    def listen(_: object, submission: Submission, verdict: object) -> None:
        submissions.append(submission)

    with submission_judged.connected_to(listen):
        yield submissions


def guarded(blog: Blog, know: Any = facts) -> Blog:
    @blog.app.post("/notes/<slug>")
    @blog.guard.protect(mode="off", moderated=True, facts=know)
    def note(slug: str) -> str:
        blog.keep(slug)
        return "stored"

    return blog


def test_the_host_returns_account_closed_and_age(blog: Blog) -> None:
    client = guarded(blog).client()
    with heard() as submissions:
        assert client.post("/notes/new", data=COMMENT, headers={"X-Account": "ada"}).status_code == 200
        assert client.post("/notes/old", data=COMMENT | {"body": "Old."}).status_code == 200
        closed = client.post("/notes/closed", data=COMMENT | {"body": "Closed."})
        unknown = client.post("/notes/other", data=COMMENT | {"body": "Other."})
    assert [(one.account, one.closed, one.post_age) for one in submissions] == [
        ("ada", False, AGES["new"]), ("", False, AGES["old"]), ("", True, None), ("", False, None),
    ]  # fmt: skip
    assert [comment["why"] for comment in blog.stored] == ["", "old_post", ""]
    assert (closed.status_code, unknown.status_code) == (403, 200)
    assert "This post takes no more comments." in closed.text
    assert "Closed." in closed.text


def test_a_trusted_account_skips_rules_and_a_typed_name_never_does(blog: Blog) -> None:
    client = guarded(blog).client()
    links = COMMENT | {"body": "See https://a.example and https://b.example"}
    for number in range(3):
        client.post("/notes/new", data=COMMENT | {"body": f"Number {number}"}, headers={"X-Account": "ada"})
    with blog.app.app_context():
        assert all(blog.guard.teach(comment["id"], spam=False) for comment in blog.stored)
    client.post("/notes/new", data=links | {"account": "ada"})
    client.post("/notes/new", data=links | {"body": links["body"] + "!"}, headers={"X-Account": "ada"})
    assert [comment["why"] for comment in blog.stored[3:]] == ["links", "trusted_author"]
    assert [comment["held"] for comment in blog.stored[3:]] == ["True", "False"]


def test_the_topic_reaches_the_filter_and_the_comment_is_taught_with_it(blog: Blog) -> None:
    """As a text, and as a function that is called in the request, only when the filter needs the text."""
    called: list[str] = []

    def about(slug: str) -> Facts:
        def text() -> str:
            called.append(request.path)
            return TOPIC

        return Facts(topic=text if slug == "lazy" else TOPIC)

    client = guarded(blog, about).client()
    client.post("/notes/lazy", data=COMMENT)
    assert called == ["/notes/lazy"]  # for the tokens that are kept; the filter had no chance to give
    with blog.app.app_context():
        for number in range(30):
            for spam, body in ((False, TAUGHT_HAM), (True, TAUGHT_SPAM)):
                comment = Submission(scope="note", body=f"{body} {number}", topic=TOPIC)
                assert blog.guard.teach(comment, spam=spam)
    for slug in ("lazy", "text"):
        client.post(f"/notes/{slug}", data=COMMENT | {"body": f"{TAUGHT_HAM} {slug}"})
        with blog.app.app_context():
            kept = blog.state.moderation.find(blog.stored[-1]["id"])
        assert kept is not None
        assert len(set(kept.tokens) & set(LEVELS)) == 1
    assert called == ["/notes/lazy"] * 2


def test_a_topic_that_fails_loses_no_comment(blog: Blog, caplog: pytest.LogCaptureFixture) -> None:
    """It is asked for once per POST, logged once, and the comment is judged as if there were no topic."""
    asked: list[str] = []

    def about(slug: str) -> Facts:
        def text() -> str:
            asked.append(slug)
            raise OSError(f"no text of {slug}")

        return Facts(topic=text)

    body = "> A line\n\nI have read more about this bound last year, see https://bounds.example/more"
    assert guarded(blog, about).client().post("/notes/one", data=COMMENT | {"body": body}).status_code == 200
    assert asked == ["one"]
    assert caplog.text.count("the topic of 'note' failed") == 1
    assert blog.stored[-1]["held"] == "False"
    with blog.app.app_context():
        assert blog.guard.teach(blog.stored[-1]["id"], spam=False)


def test_a_host_may_answer_instead_of_the_guard(blog: Blog) -> None:
    client = guarded(blog).client()
    assert client.post("/notes/missing", data=COMMENT).status_code == 404
    assert blog.stored == []


def test_facts_may_be_async(blog: Blog) -> None:
    async def later(slug: str) -> Facts:
        await asyncio.sleep(0)
        return facts(slug)

    assert guarded(blog, later).client().post("/notes/closed", data=COMMENT).status_code == 403


def test_returning_anything_else_is_an_error(blog: Blog) -> None:
    blog.app.testing = True

    def nothing(slug: str) -> None:
        """Return nothing."""

    with pytest.raises(ConfigError, match=r"returned None; return captcha_guard\.Facts"):
        guarded(blog, nothing).client().post("/notes/new", data=COMMENT)


def test_a_wtforms_field_accepts_facts_as_the_decorator_does(blogs: MakeBlog) -> None:
    blog = blogs()

    class Note(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
        body = TextAreaField()
        captcha = CaptchaField(mode="off", facts=lambda: Facts(closed=True))

    @blog.app.route("/note", methods=["GET", "POST"])
    def note() -> ResponseReturnValue:
        form = Note()
        if form.validate_on_submit():
            blog.keep("note")
        return render_template_string(
            "<form method=post>{{ form.body }}{{ form.captcha }}{{ form.captcha.errors }}", form=form
        )

    client = blog.client()
    answer = client.post("/note", data=solved(client, client.get("/queue"), COMMENT))
    assert answer.status_code == 403
    assert blog.stored == []

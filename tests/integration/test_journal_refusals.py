"""A comment that the journal refuses: its page has only the reason and the typed text."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import time_machine
from flask import Flask

from demo_blog import create_app
from demo_blog.database import db
from demo_blog.security import CONTENT_SECURITY_POLICY

from .journal_fixtures import POST, Page, Reader, journal, printed_journal, reader, stranger

__all__ = ["journal", "printed_journal", "reader", "stranger"]

TYPED = {
    "author": "Ottoline <Gatepost>",
    "email": "otto@example.org",
    "url": "https://example.org/?a=1&b=2",
    "body": "\n  Two posts\n</textarea><b>, one gap.",
}
TOO_MUCH = "in the last minute; please wait"


@pytest.fixture
def hurried(journal: Flask) -> Iterator[Reader]:
    """A reader with a limit of one comment a minute, in a journal that disallows a word."""
    strict = {"CAPTCHA_GUARD_COMMENT_LIMITS": "1 per minute", "CAPTCHA_GUARD_DISALLOWED_WORDS": ["pills"]}
    app = create_app({"TESTING": True, "DEMO_BLOG_INSTANCE": journal.instance_path, **strict})
    yield Reader(app.test_client())
    with app.app_context():
        db.engine.dispose()


def assert_form_alone(page: Page, status: int, reason: str) -> None:
    """Check that a page has the reason once, all that was typed, and not the article with its comments."""
    assert page.response.status_code == status
    assert page.text.count(reason) == 1
    assert [tag for tag, _ in page.tags if tag in ("h1", "h2", "h3")] == ["h1"]
    [notice] = [given for given in page.all("p") if given.get("class") == "notice"]
    assert "autofocus" in notice  # first in the page, so it is read out and visible
    assert {name: page.fields[name] for name in TYPED} == TYPED
    assert "prose" not in page.response.text
    assert "comment-body" not in page.response.text
    [link] = [given for given in page.all("a") if given["href"] == f"/posts/{POST}"]
    assert link["target"] == "_blank"  # following this link doesn't leave the page with the typed text


def test_a_limited_visitor_keeps_text_and_code_and_does_not_get_the_article(
    hurried: Reader, clock: time_machine.Traveller
) -> None:
    hurried.comment(author="A", body="The first.")
    hurried.open()
    page = Page(hurried.send(**TYPED))
    assert_form_alone(page, 429, TOO_MUCH)
    assert page.response.headers["Retry-After"] == "60"
    assert page.under("main").startswith("Not sent yet")
    assert {name: page.fields[name] for name in hurried.form} == hurried.form | TYPED
    clock.shift(61)
    hurried.form = page.fields
    assert hurried.send().status_code == 303
    assert "Two posts" in hurried.open().under("comment-2")


def test_a_limited_visitor_with_a_pass_keeps_text_and_pass(hurried: Reader) -> None:
    hurried.form = hurried.comment(**TYPED | {"author": " "}).fields
    page = Page(hurried.send(**TYPED))
    assert_form_alone(page, 429, TOO_MUCH)
    assert page.fields["captcha_pass"] == hurried.form["captcha_pass"]


def test_a_repetition_is_reported(reader: Reader) -> None:
    reader.comment(**TYPED)
    reader.open()
    page = Page(reader.send(**TYPED))
    assert_form_alone(page, 409, "This very comment has already been posted here.")
    assert page.under("main").startswith("Not sent Your comment")


def test_disallowed_words_are_reported(hurried: Reader) -> None:
    hurried.open()
    typed = TYPED | {"body": "pills"}
    page = Page(hurried.send(**typed))
    assert page.response.status_code == 403
    assert page.fields["body"] == "pills"
    assert page.text.count("The comment contains words that aren't allowed here.") == 1


def test_the_cost_of_a_refusal_does_not_depend_on_the_number_of_comments(hurried: Reader, reader: Reader) -> None:
    def refused() -> int:
        hurried.open()
        response = hurried.send(**TYPED)
        return len(response.data) if response.status_code == 429 else 0

    hurried.comment(author="A", body="The first.")
    before = refused()
    for number in range(20):
        reader.comment(author="B", body=f"Comment {number}: " + "at length " * 50)
    assert before
    assert abs(refused() - before) < 100


def test_another_sites_form_is_shown_only_as_text(reader: Reader, stranger: Reader) -> None:
    for visitor in (reader, stranger):
        visitor.client.get(f"/posts/{POST}")
        headers = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
        response = visitor.client.post(f"/posts/{POST}/comments", data=TYPED, headers=headers)
        page = Page(response)
        assert response.status_code == 403
        assert ", one gap." in page.text
        assert page.fields == {}
        assert not any(tag in ("form", "button", "img") for tag, _ in page.tags)
        assert response.headers.getlist("Content-Security-Policy") == [CONTENT_SECURITY_POLICY]

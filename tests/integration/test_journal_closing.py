"""Posts that take no more comments: there is no form, and a comment that is sent anyway isn't lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import update

from demo_blog import create_app
from demo_blog.database import db
from demo_blog.models import Post
from demo_blog.threads import CLOSE_AFTER, is_open

from .journal_comments import TYPED, add, stored
from .journal_fixtures import POST, Page, Reader, journal, printed_journal, reader, stranger

__all__ = ["journal", "printed_journal", "reader", "stranger"]

OPEN_POST = "hash-tables-1-pigeonholes"
CLOSED = "Comments on this post are closed."


def close(journal: Flask) -> None:
    with journal.app_context():
        db.session.execute(update(Post).where(Post.slug == POST).values(closed=True))
        db.session.commit()


@pytest.fixture
def configured(journal: Flask) -> Iterator[Callable[[object], Flask]]:
    """Make the same journal with another number of days."""
    with ExitStack() as stack:

        def make(days: object) -> Flask:
            config = {name: journal.config[name] for name in ("SQLALCHEMY_DATABASE_URI", "SECRET_KEY")}
            app = create_app(
                {"TESTING": True, "DEMO_BLOG_INSTANCE": journal.instance_path, CLOSE_AFTER: days, **config}
            )

            def dispose() -> None:
                with app.app_context():
                    db.engine.dispose()

            stack.callback(dispose)
            return app

        yield make


def test_a_closed_post_shows_its_comments_and_a_sentence_instead_of_the_form(reader: Reader, journal: Flask) -> None:
    comment_id = add(journal, body="Still here.")
    close(journal)
    for address in (f"/posts/{POST}", f"/posts/{POST}?reply={comment_id}"):
        page = reader.open(address)
        assert "Still here." in page.under(f"comment-{comment_id}")
        assert page.under("comment-form") == CLOSED
        assert [form for form in page.all("form") if form.get("method") == "post"] == []
        assert not [link for link in page.links if "reply=" in link]
    assert CLOSED not in reader.open(f"/posts/{OPEN_POST}").text


@pytest.mark.parametrize("code", ["right", "wrong", "none"])
@pytest.mark.parametrize("way", ["comments", "comments/1/replies", "comments/preview", "comments/1/preview"])
def test_a_comment_that_comes_after_closing_is_shown_to_be_copied(
    reader: Reader, journal: Flask, way: str, code: str
) -> None:
    add(journal)
    reader.open(f"/posts/{POST}?reply=1" if "1" in way else f"/posts/{POST}")
    close(journal)
    if code != "right":
        reader.form["captcha_answer"] = "XXXXXX" if code == "wrong" else ""
    response = reader.client.post(f"/posts/{POST}/{way}", data=reader.form | TYPED)
    page = Page(response)
    assert response.status_code == 403
    assert "This post takes no more comments" in page.text
    assert TYPED["body"] in page.text
    assert page.all("textarea") == []
    assert len(stored(journal)) == 1


def test_posts_close_after_some_days(configured: Callable[[object], Flask]) -> None:
    app = configured(30)
    now = datetime.now(UTC)
    with app.app_context():
        post = db.session.query(Post).filter_by(slug=POST).one()
        post.date = (now - timedelta(days=29)).date()
        assert is_open(post, now)
        post.date = (now - timedelta(days=31)).date()
        assert not is_open(post, now)
        db.session.commit()
    assert CLOSED in Reader(app.test_client()).open().text


@pytest.mark.parametrize("days", [None, ""])
def test_posts_stay_open_by_default(configured: Callable[[object], Flask], days: object) -> None:
    with configured(days).app_context():
        post = db.session.query(Post).filter_by(slug=POST).one()
        assert is_open(post, datetime.now(UTC) + timedelta(days=36_500))


def test_the_number_of_days_may_come_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, printed_journal: object
) -> None:
    monkeypatch.setenv(CLOSE_AFTER, "14.5")
    app = create_app({"TESTING": True, "DEMO_BLOG_INSTANCE": printed_journal})
    assert app.config[CLOSE_AFTER] == 14.5
    with app.app_context():
        db.engine.dispose()


@pytest.mark.parametrize("days", ["soon", "0", -1, "nan", [30]])
def test_a_value_that_isnt_a_number_of_days_is_refused(printed_journal: object, days: object) -> None:
    with pytest.raises(ValueError, match="write a number of days above 0"):
        create_app({"TESTING": True, "DEMO_BLOG_INSTANCE": printed_journal, CLOSE_AFTER: days})


@pytest.mark.parametrize("change", [{"draft": True}, {"slug": "elsewhere"}])
@pytest.mark.parametrize(
    "way", ["comments", "comments/1/replies", "comments/preview", "comments/1/preview", "comments/1/edit/x"]
)
def test_a_comment_on_a_post_that_is_gone_is_shown_to_be_copied(
    reader: Reader, journal: Flask, way: str, change: dict[str, object]
) -> None:
    add(journal, body="A comment that can be answered.")
    reader.open()
    with journal.app_context():
        db.session.execute(update(Post).where(Post.slug == POST).values(change))
        db.session.commit()
    typed = {"author": "Ottoline Gatepost", "body": "<b>Half an hour</b> of typing."}
    page = Page(reader.client.post(f"/posts/{POST}/{way}", data=reader.form | typed))
    assert page.response.status_code == 404
    assert ("Not saved" if "edit" in way else "Not sent") in page.text
    assert "<b>Half an hour</b> of typing." in page.text
    assert "The article isn't at this address any more" in page.text
    assert reader.client.get(f"/posts/{POST}/comments").status_code == 404

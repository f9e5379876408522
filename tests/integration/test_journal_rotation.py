"""The journal's secret key can be replaced while readers write, authors edit, and the owner moderates."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask
from itsdangerous import URLSafeTimedSerializer

from demo_blog import create_app, remembered
from demo_blog.database import db
from demo_blog.desk import decision_links, links, tries
from demo_blog.desk.models import Owner
from demo_blog.models import Comment, CommentState
from tests.integration.journal_comments import TWO_LINKS, TYPED, add, own_link, stored
from tests.integration.journal_fixtures import OWNER, PASSWORD, Page, Reader, log_in, printed_journal

__all__ = ["printed_journal"]

OLD, NEW, OLDER = (secrets.token_urlsafe(32) for _ in range(3))

MakeJournal = Callable[..., Flask]


@pytest.fixture
def journals(printed_journal: Path, tmp_path: Path) -> Iterator[MakeJournal]:
    """Make journals that share one folder, with the given secrets, the newest first."""
    shutil.copy(printed_journal / "journal.sqlite3", tmp_path)
    made = []

    def make(secret: str, *older: str) -> Flask:
        config = {"SECRET_KEY": secret, "SECRET_KEY_FALLBACKS": list(older), "DEMO_BLOG_INSTANCE": tmp_path}
        made.append(create_app({"TESTING": True, **config}))
        return made[-1]

    yield make
    for app in made:
        with app.app_context():
            db.engine.dispose()


@pytest.fixture
def before(journals: MakeJournal) -> Flask:
    return journals(OLD)


@pytest.fixture
def after(journals: MakeJournal) -> Flask:
    """The journal after the rotation. The secret before it is the last of the older ones."""
    return journals(NEW, OLDER, OLD)


@pytest.fixture
def without(journals: MakeJournal) -> Flask:
    """The journal after the older secrets were removed."""
    return journals(NEW)


def moved(reader: Reader, app: Flask) -> Reader:
    """Return the same browser, with its cookies and its open form, at another application."""
    other = Reader(app.test_client(), dict(reader.form))
    for (_, path, name), cookie in (reader.client._cookies or {}).items():
        other.client.set_cookie(name, cookie.value, path=path)
    return other


def commented(app: Flask, **typed: str) -> tuple[Reader, Page]:
    """Send a comment. Returns its author, and the page that shows it with its links."""
    author = Reader(app.test_client())
    return author, author.comment(**TYPED | typed)


def test_a_form_that_was_open_during_the_rotation_is_sent_as_if_nothing_had_happened(
    before: Flask, after: Flask
) -> None:
    reader = Reader(before.test_client())
    reader.open()
    assert moved(reader, after).send(**TYPED).status_code == 303
    assert [comment.body for comment in stored(after)] == [TYPED["body"]]


def test_without_the_older_secret_the_text_of_an_open_form_is_shown(before: Flask, without: Flask) -> None:
    reader = Reader(before.test_client())
    reader.open()
    answer = moved(reader, without).send(**TYPED)
    assert answer.status_code == 400
    assert TYPED["body"] in answer.text
    assert stored(without) == []


def test_a_csrf_token_that_was_signed_with_a_removed_secret_is_refused(before: Flask, without: Flask) -> None:
    reader = Reader(without.test_client())
    reader.open()
    with reader.client.session_transaction() as session:
        forged = URLSafeTimedSerializer(OLD, salt="wtf-csrf-token").dumps(session["csrf_token"])
    assert reader.send(**TYPED, csrf_token=forged).status_code == 400
    assert stored(before) == []


def test_an_edit_goes_on_over_a_rotation(before: Flask, after: Flask) -> None:
    author, page = commented(before)
    link = own_link(page, "/edit/")
    author.open(link)
    author = moved(author, after)
    assert author.client.post(link, data=author.form | {"body": "A longer remark, edited."}).status_code == 303
    [comment] = stored(after)
    assert (comment.body, comment.edited is not None) == ("A longer remark, edited.", True)
    again = author.open(link)
    assert again.response.status_code == 200
    assert "A longer remark, edited." in again.fields["body"]


def test_without_the_older_secret_the_text_of_an_edit_is_shown(before: Flask, without: Flask) -> None:
    author, page = commented(before)
    link = own_link(page, "/edit/")
    other = Reader(without.test_client())
    other.open()
    answer = other.client.post(link, data=other.form | {"body": "A longer remark, edited."})
    assert answer.status_code == 404
    assert "A longer remark, edited." in answer.text
    assert author.client.get(link).status_code == 200
    assert [comment.body for comment in stored(without)] == [TYPED["body"]]


def test_the_link_of_a_held_comment_shows_it_after_a_rotation_but_not_without_the_older_secret(
    before: Flask, after: Flask, without: Flask
) -> None:
    _, page = commented(before, body=TWO_LINKS)
    link = own_link(page, "/comments/held/")
    assert "https://two.example" in after.test_client().get(link).text
    assert without.test_client().get(link).status_code == 404


@pytest.mark.parametrize("decision", decision_links.DECISIONS)
def test_the_links_in_a_digest_decide_after_a_rotation(before: Flask, after: Flask, decision: CommentState) -> None:
    comment_id = add(before, state=CommentState.HELD)
    link = _decision_link(before, comment_id, decision)
    owner = Reader(after.test_client())
    owner.open(link)
    assert owner.client.post(link, data=owner.form).status_code == 303
    assert [comment.state for comment in stored(after)] == [decision]


def test_a_rotation_makes_no_other_comment_and_no_other_decision_of_a_link(
    before: Flask, after: Flask, without: Flask
) -> None:
    comment_id = add(before, state=CommentState.HELD)
    link = _decision_link(before, comment_id, CommentState.PUBLISHED)
    edit = own_link(commented(before)[1], "/edit/").rpartition("/")[2]
    for wrong in (f"/desk/held/{edit}", link + "x"):
        assert after.test_client().get(wrong).status_code == 404
    assert without.test_client().get(link).status_code == 404
    assert stored(without)[0].state == CommentState.HELD


def test_the_owner_stays_logged_in_and_the_feed_keeps_its_address(before: Flask, after: Flask, without: Flask) -> None:
    owner = log_in(before)
    owner.open("/desk/notices")
    owner.client.post("/desk/notices/feed", data=owner.form)
    [feed] = {link for link in owner.open("/desk/notices").links if link.endswith(".atom") and "/desk/" in link}
    feed = feed.removeprefix("http://localhost")
    now = moved(owner, after)
    assert now.open("/desk").response.status_code == 200
    assert after.test_client().get(feed).mimetype == "application/atom+xml"
    assert without.test_client().get(feed).status_code == 404
    gone = moved(owner, without).client.get("/desk")
    assert gone.location.startswith("/desk/log-in")


def test_a_form_of_the_desk_that_was_open_during_the_rotation_decides(before: Flask, after: Flask) -> None:
    comment_id = add(before, state=CommentState.HELD)
    owner = log_in(before)
    owner.open("/desk")
    answer = moved(owner, after).client.post("/desk/decide", data=owner.form | {"approve": str(comment_id)})
    assert answer.status_code == 303
    assert [comment.state for comment in stored(after)] == [CommentState.PUBLISHED]


def test_a_log_in_link_works_after_any_rotation(before: Flask, without: Flask) -> None:
    """The link is random and not signed, so a leaked secret makes none, and a new secret ends none."""
    log_in(before)
    with before.app_context():
        owner = Owner.by_name(OWNER)
        assert owner is not None
        token = links.create(owner)
    reader = Reader(without.test_client())
    reader.open(f"/desk/link/{token}")
    assert reader.client.post(f"/desk/link/{token}", data=reader.form).location == "/desk"


def test_an_author_stays_remembered(before: Flask, after: Flask, without: Flask) -> None:
    author, _ = commented(before, remember="1")
    assert author.client.get_cookie(remembered.COOKIE) is not None
    assert moved(author, after).open().fields["author"] == TYPED["author"]
    assert moved(author, without).open().fields["author"] == ""


def test_the_owners_own_browser_is_still_known_when_strangers_have_locked_the_name(
    before: Flask, after: Flask, without: Flask
) -> None:
    owner = log_in(before)
    for _ in range(tries.MOST_TRIES.amount):
        with before.test_request_context():
            assert tries.wait_for(OWNER) == 0
    for app, status in ((after, "/desk"), (without, None)):
        browser = moved(owner, app)
        browser.client.delete_cookie("session")
        browser.open("/desk/log-in")
        answer = browser.client.post("/desk/log-in", data=browser.form | {"name": OWNER, "password": PASSWORD})
        assert answer.location == (status or "/desk/log-in")


def test_new_values_are_signed_with_the_new_secret_only(journals: MakeJournal, after: Flask, without: Flask) -> None:
    author, page = commented(after, body=TWO_LINKS, remember="1")
    link = own_link(page, "/comments/held/")
    only_old = journals(OLD)
    assert without.test_client().get(link).status_code == 200
    assert only_old.test_client().get(link).status_code == 404
    assert moved(author, without).open().fields["author"] == TYPED["author"]
    assert moved(author, only_old).open().fields["author"] == ""
    author.open()
    assert moved(author, only_old).send(**TYPED).status_code == 400
    assert moved(author, without).send(**TYPED).status_code == 303


def _decision_link(app: Flask, comment_id: int, decision: CommentState) -> str:
    with app.test_request_context():
        comment = db.session.get_one(Comment, comment_id)
        return decision_links.address(comment, decision, datetime.now(UTC)).removeprefix("http://localhost")

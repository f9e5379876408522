"""Editing a comment for ten minutes by a signed link: it is judged again, and no link opens anything else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import pytest
import time_machine
from flask import Flask

from captcha_guard.testing import solved_form
from demo_blog import create_app, edits, moderation
from demo_blog.database import db
from demo_blog.desk import decisions
from demo_blog.guard import guard
from demo_blog.models import Comment, CommentState

from .journal_comments import TWO_LINKS, TYPED, add, change, decide, own_link, send_reply, shown_ids, stored
from .journal_fixtures import POST, Page, Reader, journal, printed_journal, reader, stranger

__all__ = ["journal", "printed_journal", "reader", "stranger"]

LONG = "The fence in the first figure has one post more than gaps, which is the whole point of it, as you say."
SPAM = "Cheap pills: [one](https://one.example), [two](https://two.example), [three](https://three.example)"


def post_comment(reader: Reader, **typed: str) -> str:
    """Post a comment, and return the link to edit it."""
    return own_link(reader.comment(**TYPED | typed), "/edit/")


class Edit(Protocol):
    """A function that opens a link, changes the fields, saves them after five seconds, and returns the answer."""

    def __call__(self, reader: Reader, link: str, **typed: str) -> Page: ...


@pytest.fixture
def edit(clock: time_machine.Traveller) -> Edit:
    def save(reader: Reader, link: str, **typed: str) -> Page:
        page = reader.open(link)
        assert page.response.status_code == 200
        clock.shift(5)
        response = reader.client.post(link, data=page.fields | typed)
        return reader.open(response.location) if response.status_code == 303 else Page(response)

    return save


@pytest.fixture
def strict(journal: Flask) -> Iterator[Flask]:
    """The same journal, with a disallowed word."""
    app = create_app(
        {
            "TESTING": True,
            "DEMO_BLOG_INSTANCE": journal.instance_path,
            "SQLALCHEMY_DATABASE_URI": journal.config["SQLALCHEMY_DATABASE_URI"],
            "CAPTCHA_GUARD_DISALLOWED_WORDS": ["pills"],
        }
    )
    yield app
    with app.app_context():
        db.engine.dispose()


# The usual case


def test_the_author_changes_the_comment_without_a_code(
    reader: Reader, stranger: Reader, journal: Flask, edit: Edit
) -> None:
    link = post_comment(reader)
    page = reader.open(link)
    assert {name: page.fields[name] for name in TYPED} == TYPED
    assert "captcha_answer" not in page.fields
    page = edit(reader, link, body="A *longer* remark.", author="Zoë Quill")
    assert "Your changes are saved and published." in page.text
    for who in (reader, stranger):
        page = who.open()
        assert "A longer remark." in page.under("comment-1")
        assert "edited" in page.under("comment-1")
        assert page.under("comment-1-author") == "Zoë Quill"
    [comment] = stored(journal)
    assert (comment.number, comment.state) == (1, CommentState.PUBLISHED)
    assert comment.edited is not None


def test_the_link_is_beside_the_own_comment_only(reader: Reader, stranger: Reader, journal: Flask) -> None:
    add(journal)
    link = post_comment(reader)
    assert own_link(reader.open(), "/edit/") == link
    assert not [one for one in stranger.open().links if "/edit/" in one]


def test_the_link_works_in_another_browser(reader: Reader, stranger: Reader, journal: Flask, edit: Edit) -> None:
    page = edit(stranger, post_comment(reader), body="From my phone.")
    assert "From my phone." in page.under("comment-1")


def test_a_reply_stays_a_reply(reader: Reader, journal: Flask, edit: Edit) -> None:
    parent = add(journal)
    link = own_link(send_reply(reader, parent), "/edit/")
    edit(reader, link, body="A better answer.")
    assert [comment.parent_id for comment in stored(journal)] == [None, parent]


def test_nothing_changes_if_nothing_was_changed(reader: Reader, journal: Flask, edit: Edit) -> None:
    link = post_comment(reader)
    page = edit(reader, link)
    assert "Nothing was changed" in page.text
    assert stored(journal)[0].edited is None


def test_a_comment_can_be_edited_several_times(reader: Reader, journal: Flask, edit: Edit) -> None:
    link = post_comment(reader, body=LONG)
    for number in range(4):
        page = edit(reader, link, body=f"{LONG} Edit {number}.")
        assert f"Edit {number}." in page.under("comment-1")
    [comment] = stored(journal)
    assert [found.reason for found in comment.findings if found.reason == "near_duplicate"] == []


@pytest.mark.parametrize(("typed", "field"), [({"author": " "}, "author"), ({"body": " "}, "body")])
def test_an_invalid_edit_is_shown_again(
    reader: Reader, journal: Flask, typed: dict[str, str], field: str, edit: Edit
) -> None:
    page = edit(reader, post_comment(reader), **typed)
    assert page.response.status_code == 422
    assert page.under(f"{field}-error")
    assert stored(journal)[0].body == TYPED["body"]


# Judged again


def test_an_edit_that_is_sent_within_a_second_asks_for_a_code_and_keeps_the_text(
    reader: Reader, journal: Flask, clock: time_machine.Traveller
) -> None:
    link = post_comment(reader)
    page = reader.open(link)
    response = reader.client.post(link, data=page.fields | {"body": "Very fast."})
    page = Page(response)
    assert response.status_code == 422
    assert page.fields["body"] == "Very fast."
    again = page.fields | solved_form(reader.client, response.text)
    clock.shift(5)
    assert reader.client.post(link, data=again).status_code == 303
    assert stored(journal)[0].body == "Very fast."


def test_an_edit_with_many_links_is_held_and_only_its_author_sees_it(
    reader: Reader, stranger: Reader, journal: Flask, edit: Edit
) -> None:
    page = edit(reader, post_comment(reader), body=SPAM)
    assert "An editor will read your comment" in page.text
    assert "Awaiting moderation" in page.under("comment-1")
    assert shown_ids(stranger.open()) == []
    [comment] = stored(journal)
    assert comment.state in {CommentState.HELD, CommentState.SPAM}
    assert "links" in [found.reason for found in comment.findings]
    assert "one.example" in [domain.domain for domain in comment.domains]


def test_a_held_edit_from_another_browser_leads_to_its_link(reader: Reader, stranger: Reader, edit: Edit) -> None:
    page = edit(stranger, post_comment(reader), body=SPAM)
    assert "/held/" in page.response.request.path
    assert "Awaiting moderation" in page.text
    assert "Awaiting moderation" in reader.open().under("comment-1")


def test_an_edit_doesnt_publish_a_comment_that_is_held(
    reader: Reader, stranger: Reader, journal: Flask, edit: Edit
) -> None:
    link = post_comment(reader, body=TWO_LINKS)
    edit(reader, link, body="No links any more.")
    [comment] = stored(journal)
    assert comment.state == CommentState.HELD
    assert [found.reason for found in comment.findings][-1] == "held_before"
    assert "links" in comment.findings[-1].sentence
    edit(reader, link, body="No links for a while.")
    assert "links" in stored(journal)[0].findings[-1].sentence
    assert shown_ids(stranger.open()) == []


def test_an_edit_doesnt_publish_spam(reader: Reader, journal: Flask, edit: Edit) -> None:
    trap = next(tag["name"] for tag in reader.open().all("input") if tag.get("tabindex") == "-1")
    link = post_comment(reader, body=TWO_LINKS, **{trap: "https://spam.example"})
    assert stored(journal)[0].state == CommentState.SPAM
    page = edit(reader, link, body="Innocent words.")
    assert "Awaiting moderation" in page.under("comment-1")
    assert stored(journal)[0].state == CommentState.SPAM


def test_a_disallowed_word_leaves_the_comment_as_it_was(
    reader: Reader, journal: Flask, strict: Flask, edit: Edit
) -> None:
    link = post_comment(reader)
    editor = Reader(strict.test_client())
    page = edit(editor, link, body="Cheap pills.")
    assert page.response.status_code == 403
    assert page.fields["body"] == "Cheap pills."
    assert "words that aren't allowed here" in page.text
    [comment] = stored(journal)
    assert (comment.body, comment.state, comment.edited) == (TYPED["body"], CommentState.PUBLISHED, None)
    with journal.app_context():
        assert guard.teach(comment.case_id or "", spam=True)  # the guard still knows it


def test_edits_count_against_the_limits(reader: Reader, journal: Flask, edit: Edit) -> None:
    link = post_comment(reader)
    app = create_app(
        {
            "TESTING": True,
            "DEMO_BLOG_INSTANCE": journal.instance_path,
            "SQLALCHEMY_DATABASE_URI": journal.config["SQLALCHEMY_DATABASE_URI"],
            "CAPTCHA_GUARD_COMMENT_LIMITS": "2 per minute",
        }
    )
    editor = Reader(app.test_client())
    pages = [edit(editor, link, body=f"Edit {number}.") for number in range(3)]
    assert pages[-1].response.status_code == 429
    assert pages[-1].fields["body"] == "Edit 2."
    with app.app_context():
        db.engine.dispose()


# What the guard was taught


def test_a_later_decision_teaches_the_edited_text(reader: Reader, journal: Flask, edit: Edit) -> None:
    link = post_comment(reader, body="The walrus and the carpenter.")
    first = stored(journal)[0].case_id
    edit(reader, link, body="The oyster and the pepper.")
    [comment] = stored(journal)
    assert comment.case_id not in {None, first}
    with journal.app_context():
        assert not guard.teach(first or "", spam=False)  # nothing is left of the old text
        found = db.session.get_one(Comment, comment.id)
        assert decisions.decide([found], CommentState.SPAM, None).untaught == 0
        taught = guard.filter_stats()
        assert (taught.ham, taught.spam) == (0, 1)
        assert decisions.decide([found], CommentState.PUBLISHED, None).untaught == 0
        assert (guard.filter_stats().ham, guard.filter_stats().spam) == (1, 0)


def test_the_guard_finds_an_edited_comment_again_without_its_id(reader: Reader, journal: Flask, edit: Edit) -> None:
    edit(reader, post_comment(reader), body="The oyster and the pepper.")
    with journal.app_context():
        comment = db.session.get_one(Comment, 1)
        assert guard.teach(comment.case_id or "", spam=True)
        comment.case_id = None
        assert moderation.teach(comment)
        taught = guard.filter_stats()
        assert (taught.ham, taught.spam) == (1, 0)  # the same comment, now published


# Links that don't work


def assert_refused(reader: Reader, link: str, status: int, sentence: str) -> None:
    """Check that a link says why, and that what was typed is shown."""
    page = reader.open(link)
    assert page.response.status_code == status
    assert sentence in page.text
    assert page.all("textarea") == []
    reader.open()
    page = Page(reader.client.post(link, data=reader.form | TYPED | {"body": "My edit."}))
    assert page.response.status_code == status
    assert sentence in page.text
    assert "My edit." in page.text
    assert page.all("textarea") == []


def test_after_ten_minutes_the_comment_stays_as_it_was(
    reader: Reader, journal: Flask, clock: time_machine.Traveller
) -> None:
    link = post_comment(reader)
    clock.shift(599)
    assert reader.open(link).response.status_code == 200
    clock.shift(2)
    assert_refused(reader, link, 410, "Comments can be edited for ten minutes")
    assert not [one for one in reader.open().links if "/edit/" in one]
    assert stored(journal)[0].body == TYPED["body"]


def test_a_forged_link_opens_nothing(reader: Reader, stranger: Reader, journal: Flask) -> None:
    link = post_comment(reader)
    other = post_comment(stranger, body="Another one.")
    head, _, key = link.rpartition("/")
    text, _, signature = key.rpartition(".")
    held = own_link(stranger.comment(body=TWO_LINKS), "/held/").rpartition("/")[2]
    for forged in (
        # The first character: of the last one's six bits, two belong to no byte of the signature.
        f"{head}/{text}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}",
        f"{head}/{text}",
        f"{head}/x",
        f"{head}/{other.rpartition('/')[2]}",  # the key of another comment
        f"{head}/{held}",  # a key with another purpose
        link.replace("/comments/1/", "/comments/2/"),
        link.replace(POST, "hash-tables-1-pigeonholes"),
    ):
        assert_refused(reader, forged, 404, "This link isn't complete")
    assert [comment.body for comment in stored(journal)][:2] == [TYPED["body"], "Another one."]


def test_a_link_doesnt_open_a_later_comment_with_the_same_id(reader: Reader, journal: Flask) -> None:
    link = post_comment(reader)
    with journal.app_context():
        db.session.delete(db.session.get_one(Comment, 1))
        db.session.commit()
    assert_refused(reader, link, 404, "This comment isn't here any more")
    assert add(journal, id=1) == 1
    assert_refused(reader, link, 404, "This comment isn't here any more")


def test_a_deleted_comment_cant_be_edited(reader: Reader, journal: Flask) -> None:
    link = post_comment(reader)
    decide(journal, 1, CommentState.DELETED)
    assert_refused(reader, link, 404, "This comment isn't here any more")


def test_a_form_without_a_csrf_token_shows_its_text(reader: Reader, journal: Flask) -> None:
    link = post_comment(reader)
    page = Page(reader.client.post(link, data=TYPED | {"body": "My edit."}))
    assert page.response.status_code == 400
    assert "My edit." in page.text
    assert page.all("textarea") == []
    assert stored(journal)[0].body == TYPED["body"]


def test_another_site_cant_save_an_edit(reader: Reader, journal: Flask) -> None:
    link = post_comment(reader)
    page = reader.open(link)
    headers = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
    response = reader.client.post(link, data=page.fields | {"body": "My edit."}, headers=headers)
    assert response.status_code == 403
    assert stored(journal)[0].body == TYPED["body"]


# Decided meanwhile


def test_a_comment_that_an_editor_has_published_isnt_changed_any_more(
    reader: Reader, journal: Flask, clock: time_machine.Traveller
) -> None:
    link = post_comment(reader, body=TWO_LINKS)
    page = reader.open(link)
    decide(journal, 1, CommentState.PUBLISHED)
    clock.shift(5)
    response = reader.client.post(link, data=page.fields | {"body": "Too late."})
    assert response.status_code == 409
    assert "Too late." in Page(response).text
    assert_refused(reader, link, 409, "An editor has read and published your comment in the meantime")
    assert stored(journal)[0].body == TWO_LINKS
    assert not [one for one in reader.open().links if "/edit/" in one]


def test_an_edit_of_what_an_editor_marked_as_spam_looks_like_that_of_a_held_comment(
    reader: Reader, stranger: Reader, journal: Flask, edit: Edit
) -> None:
    links = [post_comment(reader, body=f"{TWO_LINKS} 1"), post_comment(stranger, body=f"{TWO_LINKS} 2")]
    case = stored(journal)[0].case_id
    with journal.app_context():
        assert decisions.decide([db.session.get_one(Comment, 1)], CommentState.SPAM, None)
    pages = [edit(who, link, body="Changed.") for who, link in zip((reader, stranger), links, strict=True)]
    for page, comment_id in zip(pages, (1, 2), strict=True):
        assert "Awaiting moderation" in page.under(f"comment-{comment_id}")
        assert "Your changes are saved. An editor will read" in page.text
    spam, held = stored(journal)
    assert (spam.state, spam.body, spam.case_id) == (CommentState.SPAM, "Changed.", case)
    assert held.state == CommentState.HELD
    with journal.app_context():
        assert guard.filter_stats().spam == 1  # what the editor has taught stays


def test_a_decision_of_the_last_moment_isnt_overwritten(
    reader: Reader, journal: Flask, monkeypatch: pytest.MonkeyPatch, clock: time_machine.Traveller
) -> None:
    link = post_comment(reader)
    page = reader.open(link)
    locked = edits._locked

    def late(comment: Comment) -> Comment | None:
        decide(journal, comment.id, CommentState.PUBLISHED)
        return locked(comment)

    monkeypatch.setattr(edits, "_locked", late)
    clock.shift(5)
    response = reader.client.post(link, data=page.fields | {"body": "Too late."})
    assert response.status_code == 409
    assert stored(journal)[0].body == TYPED["body"]


def test_a_comment_on_a_closed_post_can_still_be_edited(reader: Reader, journal: Flask, edit: Edit) -> None:
    link = post_comment(reader)
    with journal.app_context():
        db.session.get_one(Comment, 1).post.closed = True
        db.session.commit()
    assert "After closing." in edit(reader, link, body="After closing.").under("comment-1")


def test_the_pages_are_private_and_not_for_search_engines(reader: Reader) -> None:
    response = reader.open(post_comment(reader)).response
    assert "private" in response.headers["Cache-Control"]
    assert response.headers["X-Robots-Tag"] == "noindex"


def test_scripts_in_an_edit_are_only_text(reader: Reader, stranger: Reader, edit: Edit) -> None:
    script = '<script>alert(1)</script>"><svg onload=alert(1)>[x](javascript:alert(1))'
    edit(reader, post_comment(reader), author=script, url="javascript:alert(1)", body=script)
    page = stranger.open()
    assert not [one for one in page.all("script") if "src" not in one]
    assert page.all("svg") == []
    assert not [link for link in page.links if link.startswith("javascript")]


def test_a_link_whose_time_the_database_has_changed_is_not_extended(reader: Reader, journal: Flask) -> None:
    link = post_comment(reader)
    comment = stored(journal)[0]
    change(journal, 1, created=comment.created.replace(year=comment.created.year + 1))
    assert reader.open(link).response.status_code == 404

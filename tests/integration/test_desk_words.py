"""The word lists and the bans, edited on the desk."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from flask import Flask

from demo_blog import samples
from demo_blog.database import db
from demo_blog.guard import guard
from demo_blog.models import Comment

from .journal_fixtures import Page, Reader, journal, owner, printed_journal, reader, stranger

__all__ = ["journal", "owner", "printed_journal", "reader", "stranger"]


@pytest.fixture
def journal_with_comments(journal: Flask) -> Flask:
    with journal.app_context():
        samples.add_samples()
        db.session.remove()
    return journal


def send(owner: Reader, name: str, entries: str, button: str) -> Page:
    owner.open("/desk/words")
    form = {"csrf_token": owner.form["csrf_token"], "entries": entries, button: "1"}
    return Page(owner.client.post(f"/desk/words/{name}", data=form, follow_redirects=True))


@pytest.mark.usefixtures("journal_with_comments")
def test_a_list_is_tried_on_past_comments_before_it_is_saved(owner: Reader, journal: Flask) -> None:
    page = send(owner, "moderated", "shipping\nladders", "try")
    assert "would have matched 5 of the newest 29 comments" in " ".join(page.text.split())
    assert "None of these is published." in page.text
    assert "It isn't saved yet." in page.text
    with journal.app_context():
        assert guard.words("moderated") == ()
    assert page.fields["entries"]


@pytest.mark.usefixtures("journal_with_comments")
def test_a_list_that_would_stop_published_comments_says_so(owner: Reader) -> None:
    page = send(owner, "disallowed", "lunch", "try")
    assert "1 of these is published, so it would have been stopped by mistake." in " ".join(page.text.split())
    assert "Absalom Lease" in page.text


def test_a_saved_list_is_in_force_at_once(owner: Reader, reader: Reader, stranger: Reader) -> None:
    assert "2 entries are saved" in send(owner, "moderated", "turnip\n\n  parsnip  \n", "save").text
    assert "turnip\nparsnip" in owner.open("/desk/words").response.text
    assert "An editor will read your comment" in reader.comment(body="I like parsnip soup.").text
    assert "is published above" in reader.comment(body="I like soup.").text
    send(owner, "moderated", "", "save")
    assert "is published above" in stranger.comment(body="I like turnip soup.").text


def test_a_list_of_one_entry_is_saved(owner: Reader) -> None:
    assert "1 entry is saved" in send(owner, "moderated", "turnip", "save").text


def test_a_disallowed_word_refuses_a_comment_and_shows_its_text(owner: Reader, reader: Reader) -> None:
    send(owner, "disallowed", "turnip", "save")
    page = reader.comment(body="Buy a turnip.")
    assert page.response.status_code == 403
    assert page.fields["body"] == "Buy a turnip."


@pytest.mark.parametrize("entry", ["regex:(", "x" * 5_000])
def test_an_invalid_entry_is_named_and_nothing_is_saved_or_lost(owner: Reader, entry: str, journal: Flask) -> None:
    for button in ("try", "save"):
        page = send(owner, "disallowed", f"fine\n{entry}", button)
        assert page.response.status_code == 422
        assert "Not saved: " in page.text
        assert f"fine\n{entry}" in page.response.text
    with journal.app_context():
        assert guard.words("disallowed") == ()


def test_an_unknown_list_does_not_exist(owner: Reader) -> None:
    owner.open("/desk/words")
    form = {"csrf_token": owner.form["csrf_token"], "entries": "x", "save": "1"}
    assert owner.client.post("/desk/words/allowed", data=form).status_code == 404


# Bans


def ban(owner: Reader, comment_id: int, **fields: str) -> Page:
    owner.open(f"/desk/comments/{comment_id}/ban")
    form = {"csrf_token": owner.form["csrf_token"], "length": "day"} | fields
    return Page(owner.client.post(f"/desk/comments/{comment_id}/ban", data=form, follow_redirects=True))


def test_a_banned_client_is_refused_until_the_ban_ends_and_keeps_the_text(
    clock: time_machine.Traveller, owner: Reader, reader: Reader
) -> None:
    reader.comment(body="The first.")
    assert "is banned until 16 January 2027, 12:00 UTC" in ban(owner, 1).text
    page = reader.comment(body="The second.")
    assert page.response.status_code == 403
    assert page.fields["body"] == "The second."
    clock.shift(timedelta(days=1, seconds=1))
    assert "is published above" in reader.comment(body="The third.").text


def test_a_ban_can_be_ended(owner: Reader, reader: Reader) -> None:
    reader.comment(body="The first.")
    ban(owner, 1, length="week")
    page = owner.open("/desk/bans")
    form = {"csrf_token": owner.form["csrf_token"], "client": page.fields["client"]}
    for said in ("The ban is over.", "This ban was over already."):
        assert said in Page(owner.client.post("/desk/bans/end", data=form, follow_redirects=True)).text
    assert "is published above" in reader.comment(body="The second.").text


def test_a_ban_needs_a_length_and_a_comment_with_a_client(owner: Reader, reader: Reader, journal: Flask) -> None:
    reader.comment(body="The first.")
    page = ban(owner, 1, length="forever")
    assert page.response.status_code == 422
    assert "Choose how long the ban lasts." in page.text
    with journal.app_context():
        comment = db.session.get(Comment, 1)
        assert comment
        comment.client = ""
        db.session.commit()
    assert ban(owner, 1).response.status_code == 422
    assert owner.open("/desk/comments/77/ban").response.status_code == 404


def test_hostile_notes_and_entries_stay_text(owner: Reader, reader: Reader) -> None:
    reader.comment(author="<script>alert(1)</script>", body="The first.")
    ban(owner, 1)
    send(owner, "moderated", '"><img src=x onerror=alert(1)>', "save")
    for address in ("/desk/bans", "/desk/words"):
        page = owner.open(address)
        assert not [tag for tag in page.all("img") if tag.get("src") == "x"]
        assert all("src" in tag for tag in page.all("script"))

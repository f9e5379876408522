"""Replies: a form of their own for each comment, with a code that no other form accepts."""

from __future__ import annotations

import pytest
from flask import Flask

from captcha_guard.testing import solved_form
from demo_blog.models import CommentState

from .journal_comments import TWO_LINKS, TYPED, add, decide, own_link, send_reply, stored
from .journal_fixtures import POST, Page, Reader, journal, printed_journal, reader, stranger

__all__ = ["journal", "printed_journal", "reader", "stranger"]

OTHER_POST = "hash-tables-1-pigeonholes"


def replies(parent: int, slug: str = POST) -> str:
    return f"/posts/{slug}/comments/{parent}/replies"


def test_the_link_to_reply_opens_the_only_form_of_the_page_and_the_reply_is_stored(
    reader: Reader, journal: Flask
) -> None:
    parent = add(journal, author="Ottoline", body="The *first* word.")
    link = own_link(reader.open(), "reply=")
    assert link == f"/posts/{POST}?reply={parent}#comment-form"
    page = reader.open(link)
    [form] = page.all("form")
    assert form["action"] == replies(parent)
    assert page.under("comment-form-heading") == "Reply to Ottoline"
    assert "The first word." in page.under("comment-form")
    response = reader.client.post(form["action"], data=reader.form | TYPED)
    assert response.status_code == 303
    assert response.location == f"/posts/{POST}#comment-2"
    assert stored(journal)[1].parent_id == parent


def test_the_link_to_reply_stays_on_its_page_of_comments(reader: Reader, journal: Flask) -> None:
    ids = [add(journal) for _ in range(51)]
    page = reader.open(f"/posts/{POST}?page=2")
    assert own_link(page, "reply=") == f"/posts/{POST}?page=2&reply={ids[-1]}#comment-form"
    assert reader.open(own_link(page, "reply=")).all("form")[0]["action"] == replies(ids[-1])


def test_a_code_is_worthless_in_the_form_of_another_comment(reader: Reader, journal: Flask) -> None:
    first, second = add(journal), add(journal)
    pages = {None: f"/posts/{POST}", first: f"/posts/{POST}?reply={first}", second: f"/posts/{POST}?reply={second}"}
    actions = {None: f"/posts/{POST}/comments", first: replies(first), second: replies(second)}
    for shown, address in pages.items():
        for sent, action in actions.items():
            reader.open(address)
            response = reader.client.post(action, data=reader.form | TYPED | {"body": f"From {shown} to {sent}."})
            assert response.status_code == (303 if shown == sent else 422)
            if shown != sent:
                page = Page(response)
                assert "That code belonged to another form" in page.text
                assert page.fields["body"] == f"From {shown} to {sent}."
    assert len(stored(journal)) == 5


def test_the_same_words_in_another_place_are_another_comment(reader: Reader, journal: Flask) -> None:
    first, second = add(journal), add(journal)
    assert reader.comment(**TYPED).response.status_code == 200
    assert send_reply(reader, first).response.status_code == 200
    assert send_reply(reader, second).response.status_code == 200
    assert send_reply(reader, second).response.status_code == 409
    assert len(stored(journal)) == 5


def test_a_wrong_code_keeps_the_text_and_whom_it_answers(reader: Reader, journal: Flask) -> None:
    parent = add(journal, author="Ottoline")
    reader.open(f"/posts/{POST}?reply={parent}")
    response = reader.client.post(replies(parent), data=reader.form | TYPED | {"captcha_answer": "XXXXXX"})
    page = Page(response)
    assert response.status_code == 422
    assert page.under("comment-form-heading") == "Reply to Ottoline"
    assert {name: page.fields[name] for name in TYPED} == TYPED
    again = page.fields | solved_form(reader.client, response.text)
    assert reader.client.post(page.all("form")[0]["action"], data=again).status_code == 303
    assert stored(journal)[1].parent_id == parent


@pytest.mark.parametrize("typed", [{"author": " "}, {"body": " "}])
def test_an_invalid_reply_is_shown_again_as_a_reply(reader: Reader, journal: Flask, typed: dict[str, str]) -> None:
    parent = add(journal)
    page = send_reply(reader, parent, **typed)
    assert page.response.status_code == 422
    assert page.all("form")[0]["action"] == replies(parent)
    assert "captcha_pass" in page.fields


@pytest.mark.parametrize("case", ["held", "spam", "deleted", "missing", "of another post", "huge"])
def test_a_reply_to_a_comment_that_isnt_public_keeps_the_text(reader: Reader, journal: Flask, case: str) -> None:
    parent = add(journal)
    reader.open(f"/posts/{POST}?reply={parent}")
    other = {
        "missing": 99,
        "huge": 10**25,
        "of another post": add(journal, slug=OTHER_POST),
    }
    if case not in other:
        decide(journal, parent, CommentState(case))
    response = reader.client.post(replies(other.get(case, parent)), data=reader.form | TYPED)
    page = Page(response)
    assert response.status_code == 404
    assert "isn't here any more. Nothing is lost" in page.text
    assert {name: page.fields[name] for name in TYPED} == TYPED
    assert page.all("form")[0]["action"] == f"/posts/{POST}/comments"
    assert len(stored(journal)) == 2
    again = page.fields | solved_form(reader.client, response.text)
    assert reader.client.post(f"/posts/{POST}/comments", data=again).status_code == 303


def test_the_answer_is_the_same_for_every_comment_that_isnt_public(reader: Reader, journal: Flask) -> None:
    hidden = [add(journal, state=CommentState.HELD), add(journal, slug=OTHER_POST), 99]
    for parent in hidden:
        page = reader.open(f"/posts/{POST}?reply={parent}#comment-form")
        assert page.response.status_code == 404
        assert "The comment that you want to answer isn't here any more." in page.text
        assert page.all("form")[0]["action"] == f"/posts/{POST}/comments"
    for wanted in ("x", "-1", "9" * 30, "\u0661"):
        assert reader.open(f"/posts/{POST}?reply={wanted}").response.status_code == 404


def test_a_browser_that_loads_the_address_of_a_form_gets_the_form(reader: Reader, journal: Flask) -> None:
    parent = add(journal)
    assert reader.client.get(replies(parent)).location == f"/posts/{POST}?reply={parent}#comment-form"
    assert reader.client.get(f"/posts/{POST}/comments/preview").location == f"/posts/{POST}#comments"
    location = reader.client.get(f"/posts/{POST}/comments/{parent}/preview").location
    assert location == f"/posts/{POST}?reply={parent}#comment-form"


def test_replies_are_held_like_other_comments(reader: Reader, stranger: Reader, journal: Flask) -> None:
    parent = add(journal)
    page = send_reply(reader, parent, body=TWO_LINKS)
    assert "Awaiting moderation" in page.under("comment-2")
    assert stranger.open().under("comment-2") == ""
    assert stored(journal)[1].state == CommentState.HELD


def test_unpublished_comments_offer_no_reply(reader: Reader, journal: Flask) -> None:
    page = reader.comment(body=TWO_LINKS)
    assert not [link for link in page.links if "reply=" in link]

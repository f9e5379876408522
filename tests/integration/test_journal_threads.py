"""Threads: their order and depth, the comments' numbers and permalinks, and their pages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread

import pytest
from flask import Flask
from sqlalchemy import insert, select

from demo_blog.database import db
from demo_blog.models import Comment, CommentState, Post
from demo_blog.threads import PAGE_SIZE

from .journal_comments import TWO_LINKS, add, change, counted_queries, decide, send_reply, shown_ids, stored
from .journal_fixtures import POST, Page, Reader, journal, printed_journal, reader, stranger

__all__ = ["journal", "printed_journal", "reader", "stranger"]

OTHER_POST = "hash-tables-1-pigeonholes"


def lists(page: Page) -> int:
    """Return how many lists of replies a page has."""
    return sum(tag.get("class") == "replies" for tag in page.all("ol"))


# Order and depth


def test_replies_are_below_the_comment_that_they_answer_and_the_oldest_is_first(reader: Reader, journal: Flask) -> None:
    first, second = add(journal), add(journal)
    later, answer = add(journal, parent=first), add(journal, parent=second)
    deeper = add(journal, parent=later)
    sibling = add(journal, parent=first)
    assert shown_ids(reader.open()) == [first, later, deeper, sibling, second, answer]


def test_the_order_is_that_of_the_dates_and_not_of_the_ids(reader: Reader, journal: Flask) -> None:
    young = add(journal, created=datetime(2026, 3, 2, tzinfo=UTC))
    old = add(journal, created=datetime(2026, 3, 1, tzinfo=UTC))
    assert shown_ids(reader.open()) == [old, young]


def test_replies_deeper_than_four_levels_stay_on_the_fourth_and_name_whom_they_answer(
    reader: Reader, journal: Flask
) -> None:
    ids = [add(journal, author="Author 1")]
    for number in range(2, 8):
        ids.append(add(journal, parent=ids[-1], author=f"Author {number}"))
    page = reader.open()
    assert shown_ids(page) == ids
    assert lists(page) == 3  # a list of replies on the levels 2, 3 and 4
    for number, comment_id in enumerate(ids, 1):
        names = f"In answer to Author {number - 1}"
        assert (names in page.under(f"comment-{comment_id}")) == (number > 4)
    assert f"#comment-{ids[4]}" in page.links


def test_a_chain_of_a_thousand_replies_is_shown(reader: Reader, journal: Flask) -> None:
    with journal.app_context():
        post = db.session.scalars(select(Post).where(Post.slug == POST)).one()
        row = {"post_id": post.id, "author": "A", "email": "", "url": "", "body": "x", "created": datetime.now(UTC)}
        chain = [row | {"id": number, "parent_id": number - 1 or None, "number": number} for number in range(1, 1001)]
        db.session.execute(insert(Comment), chain)
        db.session.commit()
    assert shown_ids(reader.open()) == list(range(1, 1001))


def test_comments_that_answer_each_other_in_a_circle_dont_hang_the_page(reader: Reader, journal: Flask) -> None:
    first = add(journal)
    second = add(journal, parent=first)
    change(journal, first, parent_id=second)
    assert shown_ids(reader.open()) == []


def test_a_thousand_comments_take_a_handful_of_queries(reader: Reader, journal: Flask) -> None:
    def queries() -> int:
        with counted_queries(journal) as statements:
            reader.open()
        return len(statements)

    add(journal)
    reader.comment(body=f"{TWO_LINKS} mine")
    few = queries()
    with journal.app_context():
        post = db.session.scalars(select(Post).where(Post.slug == POST)).one()
        row = {"post_id": post.id, "author": "A", "email": "", "url": "", "body": "x", "created": datetime.now(UTC)}
        rows = [row | {"parent_id": 1 if number % 4 else None, "number": 1000 + number} for number in range(1000)]
        db.session.execute(insert(Comment), rows)
        db.session.commit()
    assert queries() <= few <= 12


# Numbers


def test_numbers_count_the_published_comments_of_each_post(reader: Reader, journal: Flask) -> None:
    reader.comment(slug=OTHER_POST, body="Elsewhere.")
    reader.comment(body="The first here.")
    reader.comment(body=f"Held: {TWO_LINKS}")
    page = reader.comment(body="The second here.")
    assert [comment.number for comment in stored(journal)] == [1, 1, None, 2]
    assert "№ 1" in page.under("comment-2")
    assert "№" not in page.under("comment-3")
    assert "№ 2" in page.under("comment-4")


def test_comments_that_are_published_at_the_same_time_get_different_numbers(journal: Flask) -> None:
    together, count = Barrier(8), 8
    with journal.app_context():
        db.session.execute(select(1))  # the file is open

    def publish() -> None:
        with journal.app_context():
            post = db.session.scalars(select(Post).where(Post.slug == POST)).one()
            comment = Comment(post=post, author="A", email="", url="", body="text")
            db.session.add(comment)
            together.wait()
            comment.move_to(CommentState.PUBLISHED)
            db.session.commit()

    threads = [Thread(target=publish) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(comment.number or 0 for comment in stored(journal)) == list(range(1, count + 1))


# Permalinks


def test_a_permalink_leads_to_the_comment_on_its_page(reader: Reader, journal: Flask) -> None:
    ids = [add(journal) for _ in range(PAGE_SIZE + 1)]
    answer = add(journal, parent=ids[-1])
    for comment_id, page in ((ids[0], ""), (ids[PAGE_SIZE - 1], ""), (ids[PAGE_SIZE], "?page=2"), (answer, "?page=2")):
        response = reader.client.get(f"/posts/{POST}/comments/{comment_id}")
        assert response.status_code == 302
        assert response.location == f"/posts/{POST}{page}#comment-{comment_id}"
        assert comment_id in shown_ids(reader.open(response.location))
    assert f"/posts/{POST}/comments/{ids[0]}" in reader.open().links


@pytest.mark.parametrize("state", [CommentState.HELD, CommentState.SPAM, CommentState.DELETED])
def test_a_permalink_doesnt_say_that_an_unpublished_comment_exists(
    reader: Reader, journal: Flask, state: CommentState
) -> None:
    hidden, elsewhere = add(journal, state=state), add(journal, slug=OTHER_POST)
    answers = [reader.client.get(f"/posts/{POST}/comments/{one}") for one in (99, hidden, elsewhere, 0, 2**31, 10**25)]
    assert {(answer.status_code, answer.text) for answer in answers} == {(404, answers[0].text)}


# Removed comments


@pytest.mark.parametrize("state", [CommentState.HELD, CommentState.SPAM, CommentState.DELETED])
def test_the_replies_to_a_removed_comment_stay_in_their_place(
    reader: Reader, journal: Flask, state: CommentState
) -> None:
    first = add(journal, body="Regretted words.")
    removed = add(journal, parent=first, body="Regretted words.")
    answer = add(journal, parent=removed)
    decide(journal, removed, state)
    decide(journal, first, state)
    page = reader.open()
    assert shown_ids(page) == [answer]
    assert lists(page) == 2
    assert page.text.count("This comment was removed.") == 2
    assert "Regretted words" not in page.text
    assert "one comment" in page.text


def test_a_removed_comment_without_public_replies_isnt_mentioned(reader: Reader, journal: Flask) -> None:
    first = add(journal)
    removed = add(journal, parent=first)
    held = add(journal, parent=removed, state=CommentState.HELD)
    decide(journal, removed, CommentState.SPAM)
    page = reader.open()
    assert shown_ids(page) == [first]
    assert "removed" not in page.under("comments")
    assert f"comment-{held}" not in page.response.text


# Pages


def test_fifty_threads_are_on_a_page_and_the_first_is_the_posts_address(reader: Reader, journal: Flask) -> None:
    ids = [add(journal) for _ in range(2 * PAGE_SIZE + 1)]
    answer = add(journal, parent=ids[0])
    page = reader.open()
    assert shown_ids(page) == [ids[0], answer, *ids[1:PAGE_SIZE]]
    assert {f"/posts/{POST}?page=2#comments", f"/posts/{POST}?page=3#comments"} <= set(page.links)
    assert shown_ids(reader.open(f"/posts/{POST}?page=2")) == ids[PAGE_SIZE : 2 * PAGE_SIZE]
    last = reader.open(f"/posts/{POST}?page=3")
    assert shown_ids(last) == ids[2 * PAGE_SIZE :]
    assert "102 comments" in last.text
    assert shown_ids(reader.open(f"/posts/{POST}?page=1")) == shown_ids(page)


def test_each_page_has_its_own_canonical_address(reader: Reader, journal: Flask) -> None:
    comment_id = [add(journal) for _ in range(PAGE_SIZE + 1)][-1]
    for query, canonical in (
        ("", ""),
        ("?page=1", ""),
        ("?page=2", "?page=2"),
        (f"?page=2&reply={comment_id}", "?page=2"),
        (f"?reply={comment_id}", ""),
    ):
        [link] = [one["href"] for one in reader.open(f"/posts/{POST}{query}").all("link") if one["rel"] == "canonical"]
        assert link == f"http://localhost/posts/{POST}{canonical}"


@pytest.mark.parametrize("page", ["0", "2", "-1", "x", "1.0", "", "9" * 30, "\u0661"])
def test_a_page_that_doesnt_exist_is_a_404(reader: Reader, journal: Flask, page: str) -> None:
    add(journal)
    assert reader.client.get(f"/posts/{POST}?page={page}").status_code == 404


def test_a_new_comment_is_shown_on_the_last_page(reader: Reader, stranger: Reader, journal: Flask) -> None:
    for _ in range(PAGE_SIZE):
        add(journal)
    page = reader.comment(body="On the second page.")
    assert shown_ids(page) == [PAGE_SIZE + 1]
    page = stranger.comment(body=f"Held. {TWO_LINKS}")
    assert shown_ids(page) == [PAGE_SIZE + 1, PAGE_SIZE + 2]
    assert shown_ids(reader.open(f"/posts/{POST}?page=2")) == [PAGE_SIZE + 1]


def test_a_held_reply_is_shown_to_its_author_in_its_thread(reader: Reader, stranger: Reader, journal: Flask) -> None:
    ids = [add(journal) for _ in range(PAGE_SIZE + 1)]
    page = send_reply(reader, ids[0], body=TWO_LINKS)
    assert shown_ids(page)[:3] == [ids[0], ids[-1] + 1, ids[1]]
    assert shown_ids(stranger.open())[:2] == ids[:2]


def test_a_public_comment_that_becomes_held_is_still_shown_to_its_author(
    reader: Reader, stranger: Reader, journal: Flask
) -> None:
    page = reader.comment(body="Public for now.")
    [comment_id] = shown_ids(page)
    change(journal, comment_id, state=CommentState.HELD)
    assert "Awaiting moderation" in reader.open().under(f"comment-{comment_id}")
    assert shown_ids(stranger.open()) == []
    change(journal, comment_id, state=CommentState.DELETED)
    assert shown_ids(reader.open()) == []


def test_old_comments_stay_where_they_are_when_time_passes(reader: Reader, journal: Flask) -> None:
    comment_id = add(journal, created=datetime.now(UTC) - timedelta(days=900))
    assert reader.client.get(f"/posts/{POST}/comments/{comment_id}").location == f"/posts/{POST}#comment-{comment_id}"

"""Decisions about comments: what they change, what they teach the guard, and how they are undone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from flask.ctx import AppContext
from sqlalchemy import select

from captcha_guard import Submission
from demo_blog import maintenance
from demo_blog.database import db
from demo_blog.desk import accounts, decisions
from demo_blog.desk.models import Decision, Owner
from demo_blog.guard import guard
from demo_blog.models import Comment, CommentState, Post

from .journal_fixtures import OWNER, PASSWORD, POST, Reader, journal, printed_journal, reader, stranger

__all__ = ["journal", "printed_journal", "reader", "stranger"]

HELD = "[one](https://one.example), [two](https://two.example)"


@pytest.fixture
def context(journal: Flask) -> Iterator[AppContext]:
    with journal.app_context() as context:
        yield context


@pytest.fixture
def owner(context: AppContext) -> Owner:
    return accounts.create_owner(OWNER, PASSWORD)


def comments(*states: str) -> list[Comment]:
    """Store a comment in each state."""
    post = db.session.scalars(select(Post).where(Post.slug == POST)).one()
    made = [
        Comment(post=post, author=f"A{number}", email="", url="", body=f"Fence number {number} is new.", state=state)
        for number, state in enumerate(states)
    ]
    db.session.add_all(made)
    db.session.commit()
    return made


def states(of: Sequence[Comment]) -> list[str]:
    return [comment.state for comment in of]


def taught() -> tuple[int, int]:
    stats = guard.filter_stats()
    return stats.ham, stats.spam


@pytest.mark.parametrize(("became", "learned"), [("published", (2, 0)), ("spam", (0, 2)), ("deleted", (0, 0))])
def test_a_decision_moves_the_comments_and_teaches_the_guard(
    owner: Owner, became: str, learned: tuple[int, int]
) -> None:
    two = comments("held", "held")
    batch = decisions.decide(two, became, owner)
    assert states(two) == [became, became]
    assert taught() == learned
    assert (batch.comments, batch.untaught) == (2, 0)
    stored = db.session.scalars(select(Decision)).all()
    assert {(one.batch, one.was, one.became, one.owner_id) for one in stored} == {(batch.id, "held", became, owner.id)}


def test_a_decision_of_the_last_moment_is_the_state_before_the_next_one(owner: Owner, journal: Flask) -> None:
    [comment] = comments("held")
    assert comment.state == "held"
    with journal.app_context():
        decisions.decide([db.session.get_one(Comment, comment.id)], "spam", None)
    batch = decisions.decide([comment], "published", owner)
    assert db.session.scalar(select(Decision.was).where(Decision.batch == batch.id)) == "spam"


def test_an_unknown_decision_is_refused(owner: Owner) -> None:
    with pytest.raises(ValueError, match="must be one of published, spam, deleted"):
        decisions.decide(comments("held"), "held", owner)


def test_undo_puts_each_comment_back_where_it_was(owner: Owner) -> None:
    three = comments("held", "published", "spam")
    batch = decisions.decide(three, "deleted", owner)
    assert decisions.undo(batch.id) == 3
    assert states(three) == ["held", "published", "spam"]
    assert decisions.undo(batch.id) == 0


def test_undo_teaches_the_guard_the_decision_before(owner: Owner) -> None:
    [comment] = comments("held")
    decisions.decide([comment], "published", owner)
    batch = decisions.decide([comment], "spam", owner)
    assert taught() == (0, 1)
    decisions.undo(batch.id)
    assert comment.state == "published"
    assert taught() == (1, 0)


def test_after_the_undo_of_the_first_decision_the_guard_forgets_what_it_learned(owner: Owner) -> None:
    one, other = comments("held", "held")
    decisions.decide([other], "spam", owner)
    batch = decisions.decide([one], "spam", owner)
    assert taught() == (0, 2)
    decisions.undo(batch.id)
    maintenance.run()
    assert taught() == (0, 1)
    assert states([one, other]) == ["held", "spam"]
    assert [decision.comment_id for decision in db.session.scalars(select(Decision))] == [other.id]


def test_a_decision_after_the_undo_is_not_forgotten(owner: Owner) -> None:
    [comment] = comments("held")
    decisions.undo(decisions.decide([comment], "spam", owner).id)
    decisions.decide([comment], "published", owner)
    maintenance.run()
    assert taught() == (1, 0)


def test_undoing_a_batch_leaves_comments_that_were_decided_again(owner: Owner) -> None:
    one, other = comments("held", "held")
    first = decisions.decide([one, other], "spam", owner)
    second = decisions.decide([one], "published", owner)
    assert decisions.undo(first.id) == 1
    assert states([one, other]) == ["published", "held"]
    assert decisions.undo(second.id) == 1
    assert states([one, other]) == ["held", "held"]  # not spam, because that decision is undone too


def test_the_same_decision_again_is_undone_with_the_first_one(owner: Owner) -> None:
    one, other = comments("held", "held")
    first = decisions.decide([one], "spam", owner)
    assert decisions.decide([one], "spam", owner).id == first.id  # a double click
    both = decisions.decide([one, other], "spam", owner)
    assert len(db.session.scalars(select(Decision)).all()) == 2
    assert decisions.undo(both.id) == 1
    assert decisions.undo(first.id) == 1
    assert states([one, other]) == ["held", "held"]


@pytest.mark.parametrize("batch", ["", "unknown", "\0", "x" * 40, "\ud800"])
def test_an_unknown_batch_is_nothing_to_undo(owner: Owner, batch: str) -> None:
    assert decisions.undo(batch) == 0


def test_undo_leaves_a_comment_that_changed_in_another_way(owner: Owner) -> None:
    [comment] = comments("held")
    batch = decisions.decide([comment], "published", owner)
    comment.state = CommentState.SPAM  # for example, because its author has edited it
    db.session.commit()
    assert decisions.undo(batch.id) == 0
    assert comment.state == CommentState.SPAM


def test_a_deleted_comment_is_hidden_even_from_its_author_and_deleted_for_good_after_a_day(
    reader: Reader, journal: Flask, clock: time_machine.Traveller
) -> None:
    reader.comment(body=HELD)
    page = reader.open()
    assert "one" in page.under("comment-1")
    own_links = [link for link in page.links if "/held/" in link]
    with journal.app_context():
        decisions.decide([db.session.get_one(Comment, 1)], "deleted", None)
    assert not reader.open().under("comment-1")
    assert [reader.open(link).response.status_code for link in own_links] == [404]
    with journal.app_context():
        clock.shift(timedelta(hours=23))
        assert decisions.delete_finally() == 0
        clock.shift(timedelta(hours=2))
        assert decisions.delete_finally() == 1
        assert db.session.scalars(select(Comment)).all() == []
        assert db.session.scalars(select(Decision)).all() == []
        case = Submission(scope=f"comment:{POST}", author="Ottoline Gatepost", body=HELD)
        assert guard.forget(case) is False  # it is forgotten already


@pytest.mark.parametrize(("before", "kept"), [("spam", (0, 1)), ("published", (0, 0))])
def test_the_guard_forgets_deleted_comments_but_keeps_what_spam_taught_it(
    owner: Owner, clock: time_machine.Traveller, before: str, kept: tuple[int, int]
) -> None:
    [comment] = comments("held")
    decisions.decide([comment], before, owner)
    decisions.decide([comment], "deleted", owner)
    clock.shift(timedelta(days=2))
    maintenance.run()
    assert db.session.scalars(select(Comment)).all() == []
    assert taught() == kept


def test_spam_is_deleted_for_good_after_30_days_and_the_guard_keeps_what_it_taught(
    owner: Owner, clock: time_machine.Traveller
) -> None:
    spam, rescued, undone, published, aside = comments("held", "held", "spam", "held", "spam")
    decisions.decide([spam, rescued], "spam", owner)
    decisions.undo(decisions.decide([undone], "spam", owner).id)
    decisions.decide([published], "published", owner)
    clock.shift(timedelta(days=29))
    assert decisions.delete_spam() == 0
    decisions.decide([rescued], "published", owner)
    clock.shift(timedelta(days=2))
    ids = {rescued.id, undone.id, published.id, aside.id}
    maintenance.run()
    assert set(db.session.scalars(select(Comment.id))) == ids
    assert taught() == (2, 1)


def test_a_restored_comment_is_not_deleted_later(owner: Owner, clock: time_machine.Traveller) -> None:
    [comment] = comments("published")
    batch = decisions.decide([comment], "deleted", owner)
    clock.shift(timedelta(hours=23))
    decisions.undo(batch.id)
    clock.shift(timedelta(days=2))
    maintenance.run()
    assert comment.state == "published"


def test_a_task_that_fails_does_not_stop_the_others(
    owner: Owner, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    done: list[str] = []

    def broken() -> None:
        raise RuntimeError("no disk")

    monkeypatch.setattr(maintenance, "TASKS", (broken, lambda: done.append("next")))
    maintenance.run()
    assert done == ["next"]
    assert "broken failed" in caplog.text

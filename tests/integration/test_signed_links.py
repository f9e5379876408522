"""What the journal signs for one purpose is worthless for any other, and what the guard signs is worthless here."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import permutations

import pytest
from flask import Flask

from captcha_guard.web.state import current_state
from demo_blog import own_links, remembered
from demo_blog.database import db
from demo_blog.desk import decision_links, notices, tries
from demo_blog.desk.models import Owner
from demo_blog.models import Comment, CommentState
from demo_blog.signing import serializer
from tests.integration.journal_comments import add, stored
from tests.integration.journal_fixtures import OWNER, POST, Reader, journal, log_in, printed_journal

__all__ = ["journal", "printed_journal"]

pytestmark = pytest.mark.parametrize("journal", ["sqlite"], indirect=True)


@pytest.fixture
def links(journal: Flask) -> dict[str, str]:
    """The paths of one comment's signed links and of the owner's feed, by what they are for."""
    log_in(journal)
    comment_id = add(journal, state=CommentState.HELD, body="A held comment.")
    with journal.test_request_context():
        comment = db.session.get_one(Comment, comment_id)
        owner = Owner.by_name(OWNER)
        assert owner is not None
        owner.feed_key = "abcdefghijklmnopqrstuv"
        db.session.commit()
        approve, spam = (
            decision_links.address(comment, decision, datetime.now(UTC)) for decision in decision_links.DECISIONS
        )
        found = {
            "held": own_links.held_link(comment),
            "edit": own_links.edit_link(comment),
            "approve": approve,
            "spam": spam,
            "feed": notices.feed_address(owner),
        }
        return {name: link.removeprefix("http://localhost") for name, link in found.items()}


def key_of(link: str) -> str:
    return link.rpartition("/")[2].removesuffix(".atom")


def test_each_link_opens_its_own_page_only(journal: Flask, links: dict[str, str]) -> None:
    client = journal.test_client()
    for name, link in links.items():
        assert client.get(link).status_code == 200, name
    for (name, link), (other, another) in permutations(links.items(), 2):
        if {name, other} != {"approve", "spam"}:  # these are the same page
            moved = link.replace(key_of(link), key_of(another))
            assert client.get(moved).status_code == 404, (name, other)


def test_no_cookie_and_no_token_of_the_guard_is_a_link(journal: Flask, links: dict[str, str]) -> None:
    with journal.test_request_context():
        comment = db.session.scalars(db.select(Comment)).one()
        payload = [comment.id, comment.created.isoformat()]
        state = current_state()
        signed = [
            str(serializer("remembered author").dumps(payload)),
            str(serializer(tries.PURPOSE).dumps(payload)),
            state.issuer.issue(f"edit:{POST}:{comment.id}", difficulty=state.difficulty),
        ]
        serialised = journal.session_interface.get_signing_serializer(journal)  # type: ignore[attr-defined]
        signed.append(str(serialised.dumps({"comment": payload})))
    client = journal.test_client()
    for link in links.values():
        for token in signed:
            assert client.get(link.replace(key_of(link), token)).status_code == 404, link


def test_no_link_is_a_cookie(journal: Flask, links: dict[str, str]) -> None:
    for link in links.values():
        reader = Reader(journal.test_client())
        reader.client.set_cookie(remembered.COOKIE, key_of(link))
        reader.client.set_cookie("session", key_of(link))
        reader.client.set_cookie(tries.COOKIE, key_of(link), path="/desk")
        assert reader.open().fields["author"] == ""
        assert reader.client.get("/desk").location.startswith("/desk/log-in")
        assert reader.client.get("/desk/log-in").status_code == 200


def test_a_link_of_a_comment_is_worthless_for_a_later_comment_with_the_same_number(
    journal: Flask, links: dict[str, str]
) -> None:
    with journal.app_context():
        old = db.session.scalars(db.select(Comment)).one()
        number = old.id
        db.session.delete(old)
        db.session.commit()
    add(journal, state=CommentState.HELD, body="Another one.", id=number)
    client = journal.test_client()
    for name in ("held", "edit"):
        assert "Another one." not in client.get(links[name]).text
    for name in ("approve", "spam"):
        assert client.get(links[name]).status_code == 410
    assert [comment.state for comment in stored(journal)] == [CommentState.HELD]

"""The private feed of held comments: only its current address works, and it shows hostile comments safely."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from flask import Flask

from demo_blog.database import db
from demo_blog.desk import accounts, notices
from demo_blog.desk.models import Owner
from demo_blog.models import Comment, CommentState, Post
from demo_blog.signing import serializer

from .journal_fixtures import (
    OWNER,
    PASSWORD,
    POST,
    Reader,
    journal,
    log_in,
    owner,
    printed_journal,
    reader,
    stranger,
)

__all__ = ["journal", "owner", "printed_journal", "reader", "stranger"]

ATOM = "{http://www.w3.org/2005/Atom}"
HELD = "[one](https://one.example), [two](https://two.example)"


def new_address(by: Reader) -> str:
    """Make a new address on the desk, and return it."""
    page = by.open("/desk/notices")
    assert by.client.post("/desk/notices/feed", data={"csrf_token": page.fields["csrf_token"]}).status_code == 303
    return by.open("/desk/notices").under("feed-address")


def entries(by: Reader, address: str) -> list[ET.Element]:
    response = by.client.get(address)
    assert response.status_code == 200
    assert response.mimetype == "application/atom+xml"
    return ET.fromstring(response.data).findall(f"{ATOM}entry")  # noqa: S314 - the journal wrote it


def text(entry: ET.Element, name: str) -> str:
    return entry.findtext(f"{ATOM}{name}") or ""


def test_a_feed_reader_without_a_cookie_sees_the_held_comments(owner: Reader, reader: Reader, stranger: Reader) -> None:
    reader.comment(author="Ottoline Gatepost", body=HELD)
    reader.comment(body="Printed.")
    (entry,) = entries(stranger, new_address(owner))
    assert text(entry, "title").startswith("Ottoline Gatepost on ")
    assert "https://one.example" in text(entry, "content")
    assert "(30)" in text(entry, "content")
    link = entry.find(f"{ATOM}link")
    assert link is not None
    assert owner.client.get(link.attrib["href"]).status_code == 200
    assert stranger.client.get(link.attrib["href"]).status_code == 303


def test_decided_comments_leave_the_feed(owner: Reader, reader: Reader, journal: Flask) -> None:
    reader.comment(body=HELD)
    address = new_address(owner)
    assert len(entries(reader, address)) == 1
    journal.test_cli_runner().invoke(args=["journal", "approve", "1"])
    assert entries(reader, address) == []


def test_a_new_address_ends_the_old_one(owner: Reader, stranger: Reader) -> None:
    old = new_address(owner)
    new = new_address(owner)
    assert old != new
    assert stranger.client.get(old).status_code == 404
    assert stranger.client.get(new).status_code == 200


def test_the_addresses_of_two_owners_are_independent(owner: Reader, stranger: Reader, journal: Flask) -> None:
    first, second = new_address(owner), new_address(log_in(journal, "petra"))
    third = new_address(owner)
    assert [stranger.client.get(address).status_code for address in (first, second, third)] == [404, 200, 200]


def test_wrong_addresses_get_404_without_any_difference(owner: Reader, stranger: Reader, journal: Flask) -> None:
    address = new_address(owner)
    with journal.app_context():
        someone = Owner.by_name(OWNER)
        assert someone is not None
        forged = [
            serializer("another purpose").dumps([someone.id, someone.feed_key]),
            serializer(notices.PURPOSE).dumps([someone.id, "wrong"]),
            serializer(notices.PURPOSE).dumps([999, someone.feed_key]),
        ]
    cut, other = address.removesuffix(".atom")[:-1], address.replace("/feed/", "/feed/x")
    tried = [f"{cut}.atom", other, *(f"/desk/notices/feed/{token}.atom" for token in (*forged, "x", "é", "%00"))]
    answers = [stranger.client.get(one) for one in tried]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.data for answer in answers}) == 1


def test_an_owner_without_an_address_has_no_feed(stranger: Reader, journal: Flask) -> None:
    with journal.app_context():
        accounts.create_owner(OWNER, PASSWORD)
        tokens = [serializer(notices.PURPOSE).dumps([1, key]) for key in (None, "", "None")]
    for token in tokens:
        assert stranger.client.get(f"/desk/notices/feed/{token}.atom").status_code == 404


def test_the_feed_is_kept_out_of_caches_and_sets_no_cookie(owner: Reader, stranger: Reader) -> None:
    response = stranger.client.get(new_address(owner))
    assert response.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in response.headers


def test_visitors_see_no_address_and_cannot_make_one(stranger: Reader) -> None:
    assert "/desk/log-in" in stranger.client.get("/desk/notices").location
    assert stranger.client.post("/desk/notices/feed").status_code in {303, 400}


def test_a_new_address_needs_a_csrf_token(owner: Reader) -> None:
    before = new_address(owner)
    assert owner.client.post("/desk/notices/feed").status_code == 400
    assert owner.open("/desk/notices").under("feed-address") == before


def test_hostile_comments_cannot_break_the_feed(owner: Reader, stranger: Reader, journal: Flask) -> None:
    hostile = "]]></content><script>alert(1)</script>&bomb;\ufffe\uffff\x0b"
    with journal.app_context():
        post = Post.by_slug(POST)
        db.session.add(Comment(post=post, author=hostile, email="", url="", body=hostile, state=CommentState.HELD))
        db.session.commit()
    (entry,) = entries(stranger, new_address(owner))
    assert text(entry, "content").endswith("]]></content><script>alert(1)</script>&bomb;")


def test_the_feed_has_a_limited_number_of_entries(owner: Reader, stranger: Reader, journal: Flask) -> None:
    with journal.app_context():
        post = Post.by_slug(POST)
        for number in range(notices.ENTRIES + 5):
            state = CommentState.HELD
            db.session.add(Comment(post=post, author=str(number), email="", url="", body="Held", state=state))
        db.session.commit()
    assert len(entries(stranger, new_address(owner))) == notices.ENTRIES


def test_the_page_says_what_to_set_for_e_mails(owner: Reader) -> None:
    assert "JOURNAL_SMTP_URL" in owner.open("/desk/notices").text

"""Feed readers get valid Atom (RFC 4287), with public posts and published comments only."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from xml.etree import ElementTree as ET

import pytest
from flask import Flask
from flask.testing import FlaskClient

from demo_blog.database import db
from demo_blog.models import Comment, CommentState, Post

from .journal_fixtures import POST, Reader, journal, printed_journal, reader, visitor

__all__ = ["journal", "printed_journal", "reader", "visitor"]

ATOM = "{http://www.w3.org/2005/Atom}"
FEED = f"/posts/{POST}/comments.atom"
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|\+00:00)")
START = datetime(2026, 2, 1, 12, tzinfo=UTC)
NOT_IN_XML = "a\x00b\x01c\x0bd\x1fe\ufffef\uffffg"


@pytest.fixture
def client(journal: Flask) -> Iterator[FlaskClient]:
    with journal.app_context():
        yield journal.test_client()


def comment(body: str, minute: int = 0, state: CommentState = CommentState.PUBLISHED, **values: object) -> Comment:
    post = Post.by_slug(POST)
    given: dict[str, object] = {"author": "Ada", "email": "ada@example.org", "url": ""}
    made = Comment(post=post, body=body, created=START + timedelta(minutes=minute), **given | values)
    db.session.add(made)
    made.move_to(state)
    db.session.commit()
    return made


def parse(client: FlaskClient, address: str) -> ET.Element:
    response = client.get(address)
    assert response.status_code == 200
    assert response.mimetype == "application/atom+xml"
    return ET.fromstring(response.data)  # noqa: S314 - our own document


def check_atom(feed: ET.Element) -> list[ET.Element]:
    """Check what RFC 4287 requires of feeds and entries, and that every address is absolute. Returns the entries."""
    assert feed.tag == f"{ATOM}feed"
    entries = feed.findall(f"{ATOM}entry")
    for element in (feed, *entries):
        for name in ("id", "title", "updated"):
            assert len(element.findall(f"{ATOM}{name}")) == 1, name
            assert element.findtext(f"{ATOM}{name}"), name
        assert TIME.fullmatch(element.findtext(f"{ATOM}updated") or "")
        assert TIME.fullmatch(element.findtext(f"{ATOM}published") or "2026-01-01T00:00:00Z")
        links = element.findall(f"{ATOM}link")
        assert [link for link in links if link.get("rel") == "alternate"]
        assert all((link.get("href") or "").startswith("http://localhost/") for link in links)
    assert all(entry.findtext(f"{ATOM}author/{ATOM}name") for entry in entries)
    identifiers = [entry.findtext(f"{ATOM}id") for entry in entries]
    assert len(identifiers) == len(set(identifiers))
    return entries


def test_the_feed_of_posts_is_valid_and_names_the_feeds_of_comments(visitor: Reader) -> None:
    entries = check_atom(parse(visitor.client, "/feed.atom"))
    replies = [link.get("href") for link in entries[0].findall(f"{ATOM}link") if link.get("rel") == "replies"]
    assert replies == [f"{entries[0].findtext(f'{ATOM}id')}/comments.atom"]
    content = entries[-1].findtext(f"{ATOM}content") or ""
    assert 'href="#' not in content
    assert 'class="anchor"' not in content


def test_a_page_names_its_feeds(visitor: Reader) -> None:
    page = visitor.open()
    feeds = [tag["href"] for tag in page.all("link") if tag.get("type") == "application/atom+xml"]
    assert feeds == ["/feed.atom", FEED]


def test_the_feed_has_the_newest_fifty_posts(client: FlaskClient) -> None:
    for number in range(60):
        day = date(2027, 1, 1) + timedelta(days=number)
        db.session.add(Post(slug=f"p{number}", title="T", author="A", date=day, summary="S", body="B"))
    db.session.commit()
    entries = check_atom(parse(client, "/feed.atom"))
    assert len(entries) == 50
    assert entries[0].findtext(f"{ATOM}id") == "http://localhost/posts/p59"


def test_a_feed_of_comments_without_comments_is_valid(visitor: Reader) -> None:
    assert check_atom(parse(visitor.client, FEED)) == []


def test_the_feed_has_published_comments_only_the_newest_first(client: FlaskClient) -> None:
    first, second = comment("One.", 1), comment("*Two* <b>.", 2)
    comment("A held one.", 3, CommentState.HELD)
    comment("Spam.", 4, CommentState.SPAM)
    feed = parse(client, FEED)
    entries = check_atom(feed)
    contents = [entry.findtext(f"{ATOM}content") for entry in entries]
    assert contents == ["<p><em>Two</em> &lt;b&gt;.</p>\n", "<p>One.</p>\n"]
    address = f"http://localhost/posts/{POST}/comments"
    identifiers = [entry.findtext(f"{ATOM}id") for entry in entries]
    assert identifiers == [f"{address}/{second.id}", f"{address}/{first.id}"]
    assert all(client.get(identifier).status_code == 302 for identifier in identifiers)
    assert feed.findtext(f"{ATOM}updated") == "2026-02-01T12:02:00+00:00"
    assert "ada@example.org" not in client.get(FEED).text


def test_an_author_does_not_see_their_held_comment_in_the_feed(reader: Reader, journal: Flask) -> None:
    reader.comment(body="https://a.example https://b.example https://c.example", author="Held Author")
    assert "Held Author" in reader.open().text
    assert "Held Author" not in reader.client.get(FEED).text


def test_the_feed_has_the_newest_fifty_comments(client: FlaskClient) -> None:
    for number in range(55):
        comment(f"Comment {number}.", number)
    entries = check_atom(parse(client, FEED))
    assert len(entries) == 50
    assert entries[0].findtext(f"{ATOM}content") == "<p>Comment 54.</p>\n"


def test_characters_that_xml_does_not_allow_are_left_out(client: FlaskClient) -> None:
    post = Post.by_slug(POST)
    assert post is not None
    post.title = post.summary = post.author = NOT_IN_XML.replace("\x00", "")
    post.body = post.body + NOT_IN_XML.replace("\x00", "")
    comment(NOT_IN_XML.replace("\x00", ""), author=NOT_IN_XML.replace("\x00", ""))
    for address in ("/feed.atom", FEED):
        entries = check_atom(parse(client, address))
        assert any("abcdefg" in (entry.findtext(f"{ATOM}title") or "") for entry in entries)
        assert any("abcdefg" in (entry.findtext(f"{ATOM}content") or "") for entry in entries)


def test_an_unchanged_feed_of_comments_is_a_304(client: FlaskClient) -> None:
    comment("One.")
    etag = client.get(FEED).headers["ETag"]
    unchanged = client.get(FEED, headers={"If-None-Match": etag})
    assert (unchanged.status_code, unchanged.data) == (304, b"")
    comment("Two.", 1)
    assert client.get(FEED, headers={"If-None-Match": etag}).status_code == 200


def test_the_feed_of_an_unknown_post_is_a_404(visitor: Reader) -> None:
    assert visitor.client.get("/posts/no-such-post/comments.atom").status_code == 404

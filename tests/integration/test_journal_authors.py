"""What the journal does for authors: held comments by link, being remembered with consent, and pictures."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest
from flask import Flask

from demo_blog import identicons, remembered
from demo_blog.database import db
from demo_blog.models import Comment, CommentState

from .journal_comments import TWO_LINKS, TYPED, add, change, decide, own_link, stored
from .journal_fixtures import POST, Page, Reader, journal, printed_journal, reader, stranger, visitor

__all__ = ["journal", "printed_journal", "reader", "stranger", "visitor"]


# A held comment by its link


def test_the_link_shows_a_held_comment_in_another_browser(reader: Reader, stranger: Reader, journal: Flask) -> None:
    link = own_link(reader.comment(body=f"{TWO_LINKS} mine"), "/held/")
    page = stranger.open(link)
    assert page.response.status_code == 200
    assert "mine" in page.under("comment-1")
    assert "Awaiting moderation" in page.under("comment-1")
    assert page.response.headers["X-Robots-Tag"] == "noindex"
    assert "private" in page.response.headers["Cache-Control"]
    assert "author_key" not in str(page.response.headers)
    assert stranger.open().under("comment-1") == ""  # the link gives the other browser nothing else


def test_the_link_leads_to_the_comment_once_it_is_published(reader: Reader, stranger: Reader, journal: Flask) -> None:
    link = own_link(reader.comment(body=TWO_LINKS), "/held/")
    change(journal, 1, state=CommentState.SPAM)
    assert "Awaiting moderation" in stranger.open(link).text
    decide(journal, 1, CommentState.PUBLISHED)
    assert stranger.client.get(link).location == f"/posts/{POST}#comment-1"
    decide(journal, 1, CommentState.DELETED)
    page = stranger.open(link)
    assert page.response.status_code == 404
    assert "has been removed" in page.text


def test_other_links_show_nothing(reader: Reader, stranger: Reader, journal: Flask) -> None:
    link = own_link(reader.comment(body=f"{TWO_LINKS} mine"), "/held/")
    edit = own_link(reader.open(), "/edit/").rpartition("/")[2]
    head, _, key = link.rpartition("/")
    other_post = link.replace(POST, "hash-tables-1-pigeonholes")
    for forged in (f"{head}/{key[:-2]}", f"{head}/{edit}", f"{head}/x", f"{head}/{key}x", other_post):
        page = stranger.open(forged)
        assert page.response.status_code == 404
        assert "This link isn't complete" in page.text
        assert "mine" not in page.text
    with journal.app_context():
        db.session.delete(db.session.get_one(Comment, 1))
        db.session.commit()
    add(journal, id=1, body="Another comment.", state=CommentState.HELD)
    assert "Another comment" not in stranger.open(link).text


# Remembered only with consent


def fields(page: Page) -> dict[str, str]:
    return {name: page.fields[name] for name in ("author", "email", "url")}


def box(page: Page) -> dict[str, str]:
    [found] = [tag for tag in page.all("input") if tag.get("name") == "remember"]
    return found


KNOWN = {name: TYPED[name] for name in ("author", "email", "url")}
NOTHING = dict.fromkeys(KNOWN, "")


def test_nothing_is_remembered_by_default(reader: Reader) -> None:
    page = reader.open()
    assert "checked" not in box(page)
    page = reader.comment(**TYPED)
    assert fields(page) == NOTHING
    assert reader.client.get_cookie(remembered.COOKIE) is None


def test_an_author_who_agrees_is_remembered_until_they_dont(reader: Reader, stranger: Reader) -> None:
    page = reader.comment(**TYPED, remember="1")
    assert fields(page) == KNOWN
    assert "checked" in box(page)
    assert page.fields["body"] == ""
    assert fields(reader.open("/posts/hash-tables-1-pigeonholes")) == KNOWN
    assert fields(stranger.open()) == NOTHING

    reader.open()
    reader.form.pop("remember")
    page = reader.open(reader.send(**TYPED | {"body": "Forget me."}).location)
    assert fields(page) == NOTHING
    assert "checked" not in box(page)
    assert reader.client.get_cookie(remembered.COOKIE) is None


def test_the_preview_also_forgets(reader: Reader) -> None:
    page = reader.comment(**TYPED, remember="1")
    sent = {name: value for name, value in page.fields.items() if name != "remember"}
    reader.client.post(f"/posts/{POST}/comments/preview", data=sent | {"body": "Forget me."})
    assert fields(reader.open()) == NOTHING


def test_the_cookie_is_for_this_site_only_and_scripts_cant_read_it(reader: Reader) -> None:
    reader.open()
    [cookie] = [
        one
        for one in reader.send(**TYPED, remember="1").headers.getlist("Set-Cookie")
        if one.startswith(f"{remembered.COOKIE}=")
    ]
    assert {"HttpOnly", "SameSite=Lax", f"Max-Age={remembered.MAX_AGE}"} <= set(cookie.split("; "))
    secure = reader.client.post(
        f"/posts/{POST}/comments/preview", data=reader.form | TYPED | {"remember": "1"}, base_url="https://localhost"
    )
    assert not [one for one in secure.headers.getlist("Set-Cookie") if "commenter" in one and "Secure" not in one]


def test_a_page_with_an_authors_address_isnt_for_shared_caches(reader: Reader) -> None:
    reader.comment(**TYPED, remember="1")
    for address in (f"/posts/{POST}", f"/posts/{POST}?page=1"):
        response = reader.client.get(address)
        assert TYPED["email"] in response.text
        assert "private" in response.headers["Cache-Control"]
        assert "public" not in response.headers["Cache-Control"]


@pytest.mark.parametrize("value", ["", "x", "W10.x", "e30.AAAA"])
def test_a_forged_cookie_is_ignored(reader: Reader, value: str) -> None:
    reader.client.set_cookie(remembered.COOKIE, value)
    page = reader.open()
    assert page.response.status_code == 200
    assert fields(page) == NOTHING


def test_a_signed_link_isnt_a_cookie(reader: Reader) -> None:
    key = own_link(reader.comment(body=TWO_LINKS), "/held/").rpartition("/")[2]
    reader.client.set_cookie(remembered.COOKIE, key)
    assert fields(reader.open()) == NOTHING


def test_an_author_too_long_for_a_cookie_isnt_remembered(reader: Reader) -> None:
    page = reader.comment(author="\N{GRINNING FACE}\N{CRESCENT MOON}" * 120, url="", remember="1")
    assert page.response.status_code == 200
    assert reader.client.get_cookie(remembered.COOKIE) is None or fields(page)["author"]


# Pictures


def picture_of(page: Page) -> str:
    [source] = {tag["src"] for tag in page.all("img") if tag.get("class") == "identicon"}
    return source


def test_each_author_has_one_picture_which_tells_nothing_about_the_address(reader: Reader, journal: Flask) -> None:
    add(journal, author="Zoë", email="Zoe@Example.org")
    add(journal, author="Zoë", email="zoe@example.org ")
    source = picture_of(reader.open())
    assert re.fullmatch(r"/identicons/[0-9a-f]{32}\.svg", source)
    for author, email in (("Zoë", ""), ("Zoë", "other@example.org"), ("Another", "zoe@example.org")):
        with journal.app_context():
            assert identicons.digest(author, email) not in source


def test_another_journal_has_other_addresses(journal: Flask) -> None:
    with journal.app_context():
        here = identicons.digest("Zoë", "zoe@example.org")
        journal.config["SECRET_KEY"] = "another " * 8
        assert identicons.digest("Zoë", "zoe@example.org") != here


def test_a_picture_is_svg_without_a_style_and_always_the_same(reader: Reader, journal: Flask) -> None:
    add(journal)
    response = reader.client.get(picture_of(reader.open()))
    assert response.mimetype == "image/svg+xml"
    root = ET.fromstring(response.text)  # noqa: S314 - our own picture
    tags = [element.tag.rpartition("}")[2] for element in root.iter()]
    assert set(tags) == {"svg", "rect"}
    assert not [element for element in root.iter() if {"style", "class"} & set(element.attrib)]
    assert reader.client.get(picture_of(reader.open())).data == response.data
    assert {tag["alt"] for tag in reader.open().all("img") if tag["class"] == "identicon"} == {""}


def test_pictures_differ() -> None:
    pictures = {identicons.draw(bytes([number, number * 37 % 256, number * 91 % 256])) for number in range(256)}
    assert len(pictures) == 256


def test_browsers_may_keep_a_picture_for_a_year_and_it_sets_no_cookie(reader: Reader, journal: Flask) -> None:
    page = reader.comment(**TYPED)  # from now on, this browser has a lasting session
    response = reader.client.get(picture_of(page))
    assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert "Set-Cookie" not in response.headers
    etag = response.headers["ETag"]
    assert reader.client.get(picture_of(page), headers={"If-None-Match": etag}).status_code == 304
    assert stored(journal)[0].author_key


@pytest.mark.parametrize("digest", ["x", "0" * 31, "0" * 33, "G" * 32, "ABCDEF" * 5 + "AB", "%00" * 32])
def test_other_addresses_are_a_404(visitor: Reader, digest: str) -> None:
    assert visitor.client.get(f"/identicons/{digest}.svg").status_code == 404

"""Caches may store what everybody sees, and never a form, a cookie or a private page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask import Flask

from .journal_fixtures import POST, Reader, journal, printed_journal, reader, visitor

__all__ = ["journal", "printed_journal", "reader", "visitor"]

PUBLIC = [
    "/",
    "/about",
    "/archive",
    "/archive/2026",
    "/tags",
    "/tags/security",
    "/search?q=hash",
    "/feed.atom",
    f"/posts/{POST}/comments.atom",
    "/sitemap.xml",
    "/robots.txt",
]


@pytest.mark.parametrize("address", PUBLIC)
def test_a_page_that_everybody_sees_is_stored_and_then_only_checked(visitor: Reader, address: str) -> None:
    client = visitor.client.application.test_client()
    response = client.get(address)
    assert re.fullmatch(r"public, max-age=(60|300)", response.headers["Cache-Control"])
    assert "Set-Cookie" not in response.headers
    assert "csrf_token" not in response.text
    assert "captcha_token" not in response.text
    unchanged = client.get(address, headers={"If-None-Match": response.headers["ETag"]})
    assert (unchanged.status_code, unchanged.data) == (304, b"")
    assert unchanged.headers["Cache-Control"] == response.headers["Cache-Control"]
    assert "Content-Security-Policy" in unchanged.headers


@pytest.mark.parametrize("address", PUBLIC)
def test_shared_caches_store_nothing_for_a_visitor_with_a_session(visitor: Reader, address: str) -> None:
    visitor.open()
    assert visitor.client.get_cookie("session")
    response = visitor.client.get(address)
    assert response.headers["Cache-Control"] == "private, no-cache"
    assert visitor.client.get(address, headers={"If-None-Match": response.headers["ETag"]}).status_code == 304


@pytest.mark.parametrize("address", [f"/posts/{POST}", f"/posts/{POST}/comments", "/no-such-page", "/posts/no-such"])
def test_a_page_with_a_form_and_an_error_are_private(visitor: Reader, address: str) -> None:
    control = visitor.client.get(address).headers["Cache-Control"]
    assert "private" in control
    assert "no-cache" in control
    assert "max-age" not in control


def test_the_answer_to_a_comment_is_private(reader: Reader) -> None:
    reader.open()
    for response in (reader.send(author="", body="text"), reader.send(author="A", body="text")):
        assert "private" in response.headers["Cache-Control"]
        assert "public" not in response.headers["Cache-Control"]


def test_the_cover_shows_a_new_comment_to_its_author_at_once(reader: Reader) -> None:
    before = reader.client.get("/")
    reader.comment()
    after = reader.client.get("/", headers={"If-None-Match": before.headers["ETag"]})
    assert after.status_code == 200
    assert "one comment" in after.text


def test_every_page_names_static_files_with_a_version_that_may_be_stored_for_a_year(visitor: Reader) -> None:
    page = visitor.open()
    files = [tag["href"] for tag in page.all("link") if tag["href"].startswith(("/static/", "/journal.css"))]
    assert len(files) == 2
    for file in files:
        assert re.fullmatch(r"(/static/[\w.]+|/journal\.css)\?v=[0-9a-f]{12}", file)
        with visitor.client.get(file) as response:
            assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
            etag = response.headers["ETag"]
        with visitor.client.get(file, headers={"If-None-Match": etag}) as unchanged:
            assert unchanged.status_code == 304


@pytest.mark.parametrize("query", ["", "?v=000000000000", "?v="])
def test_a_static_file_under_another_version_is_checked_each_time(visitor: Reader, query: str) -> None:
    with visitor.client.get(f"/static/desk.js{query}") as response:
        assert response.status_code == 200
        assert "no-cache" in response.headers["Cache-Control"]


def test_a_changed_file_has_another_version(journal: Flask, tmp_path: Path) -> None:
    folder = tmp_path / "static"
    folder.mkdir()
    journal.static_folder = str(folder)
    addresses = []
    for text in ("a {}", "b { }"):
        (folder / "desk.js").write_text(text)
        with journal.test_request_context():
            addresses.append(journal.url_for("static", filename="desk.js"))
    assert len(set(addresses)) == 2


@pytest.mark.parametrize("name", ["no-such-file.css", "..", "../models.py", "a\x00b", ""])
def test_a_file_that_does_not_exist_has_no_version(journal: Flask, name: str) -> None:
    with journal.test_request_context():
        assert "?v=" not in journal.url_for("static", filename=name)
    assert journal.test_client().get(f"/static/{name.replace(chr(0), '%00')}").status_code == 404

"""Every page of the journal exists, is safe and linked, and feed readers can read the feed."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest
from flask import Flask, render_template_string

from demo_blog import post_files, security

from .journal_fixtures import Reader, journal, printed_journal, visitor

__all__ = ["journal", "printed_journal", "visitor"]

ATOM = "{http://www.w3.org/2005/Atom}"
POST_FILES = post_files.read_all()
SLUGS = [file.slug for file in POST_FILES]
ALL_SERIES = sorted({file.series for file in POST_FILES if file.series})
ADDRESSES = ["/", "/about", "/archive", "/tags", "/search", "/feed.atom", *(f"/posts/{slug}" for slug in SLUGS)]


@pytest.mark.parametrize("address", ADDRESSES)
def test_every_page_exists_and_loads_nothing_from_other_hosts(visitor: Reader, address: str) -> None:
    page = visitor.open(address)
    assert page.response.status_code == 200
    loaded = [tag.get("src", "") for tag in page.all("script") + page.all("img")]
    loaded += [tag["href"] for tag in page.all("link") if address != "/feed.atom" and tag["rel"] != "canonical"]
    assert all(source.startswith("/") and not source.startswith("//") for source in loaded)
    assert not page.all("style")
    assert not [tag for tag, attributes in page.tags if "style" in attributes]


@pytest.mark.parametrize("address", [address for address in ADDRESSES if address != "/feed.atom"])
def test_every_internal_link_has_a_target(visitor: Reader, address: str) -> None:
    page = visitor.open(address)
    identifiers = {attributes["id"] for _, attributes in page.tags if "id" in attributes}
    for link in page.links:
        if link.startswith("#"):
            assert link[1:] in identifiers
        elif link.startswith("/"):
            assert visitor.client.get(link).status_code == 200, link


def test_there_are_enough_posts_of_sufficient_length() -> None:
    assert len(POST_FILES) >= 12
    for file in POST_FILES:
        assert 500 <= len(file.body.split()) <= 1000, file.slug
        assert "```" in file.body, file.slug
        assert file.date.year == 2026


@pytest.mark.parametrize("series", ALL_SERIES)
def test_a_series_links_its_first_previous_and_next_parts(visitor: Reader, series: str) -> None:
    parts = sorted((file for file in POST_FILES if file.series == series), key=lambda file: file.part or 0)
    assert [file.part for file in parts] == [1, 2, 3]
    first, second, third = (f"/posts/{file.slug}" for file in parts)
    pages = [visitor.open(address) for address in (first, second, third)]
    assert "see part 1 first" not in pages[0].text
    for page in pages[1:]:
        assert re.search(rf'<a href="{first}">see part 1 first</a>', page.response.text)
    turns = [{tag["rel"]: tag["href"] for tag in page.all("a") if tag.get("rel") in {"prev", "next"}} for page in pages]
    assert turns == [{"next": second}, {"prev": first, "next": third}, {"prev": second}]


def test_the_cover_lists_every_post_and_a_series_as_one(visitor: Reader) -> None:
    page = visitor.open("/")
    assert {f"/posts/{slug}" for slug in SLUGS} <= set(page.links)
    for series in ALL_SERIES:
        assert page.text.count(series) == 1


def test_markdown_becomes_tables_listings_and_notes_in_the_margin(visitor: Reader) -> None:
    page = visitor.open("/posts/hash-tables-2-probing")
    assert len(page.all("table")) == 1
    assert page.all("pre")[0]["tabindex"] == "0"
    assert [tag["role"] for tag in page.all("div") if tag.get("class") == "aside"] == ["note", "note"]
    assert "[!aside]" not in page.text


@pytest.mark.parametrize("address", [*ADDRESSES, "/no-such-page", "/journal.css"])
def test_every_response_has_the_policy(visitor: Reader, address: str) -> None:
    with visitor.client.get(address) as response:
        headers = response.headers
    for name, value in security.HEADERS.items():
        assert headers[name] == value
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy


@pytest.mark.parametrize("address", ["/no-such-page", "/posts/no-such-post", "/posts/no-such-post/comments"])
def test_an_unknown_address_is_a_404_in_the_journals_layout(visitor: Reader, address: str) -> None:
    page = visitor.open(address)
    assert page.response.status_code == 404
    assert "No such page" in page.text
    assert "/" in page.links


def test_a_comment_on_an_unknown_post_is_a_404_with_or_without_a_token(visitor: Reader) -> None:
    assert visitor.client.post("/posts/no-such-post/comments", data={"body": "text"}).status_code == 404
    visitor.open()
    assert visitor.send(slug="no-such-post", author="A", body="text").status_code == 404


def test_a_wrong_method_is_a_405_that_lists_the_right_ones(visitor: Reader) -> None:
    response = visitor.client.delete("/about")
    assert response.status_code == 405
    assert "GET" in response.headers["Allow"]
    assert "Not that way" in response.text


def test_a_request_of_a_megabyte_is_a_413_in_the_journals_layout(visitor: Reader) -> None:
    visitor.open()
    response = visitor.send(author="A", body="x" * 1_000_000)
    assert response.status_code == 413
    assert "Back button" in response.text
    assert "Content-Security-Policy" in response.headers


def test_the_guards_own_pages_have_the_journals_layout(journal: Flask) -> None:
    with journal.test_request_context():
        html = render_template_string(
            '{% extends "captcha_guard/layout.html" %}{% block content %}One step{% endblock %}'
        )
    assert "/journal.css?v=" in html
    assert re.search(r"/captcha_guard\.\w+\.css", html)
    assert "One step" in html


def test_a_server_error_is_a_500_without_details(journal: Flask) -> None:
    journal.config["PROPAGATE_EXCEPTIONS"] = False

    def broken() -> str:
        raise RuntimeError("the secret ingredient")

    journal.view_functions["about.page"] = broken
    response = journal.test_client().get("/about")
    assert response.status_code == 500
    assert "Our mistake" in response.text
    assert "secret ingredient" not in response.text
    assert "Content-Security-Policy" in response.headers


def test_the_address_of_a_form_shown_again_redirects_to_the_comments(visitor: Reader) -> None:
    response = visitor.client.get(f"/posts/{SLUGS[0]}/comments")
    assert response.status_code == 303
    assert response.location == f"/posts/{SLUGS[0]}#comments"


def test_the_feed_is_valid_atom_with_every_post_in_full(visitor: Reader) -> None:
    response = visitor.client.get("/feed.atom")
    assert response.mimetype == "application/atom+xml"
    feed = ET.fromstring(response.data)  # noqa: S314 - our own document
    assert feed.tag == f"{ATOM}feed"
    for required in ("id", "title", "updated"):
        assert feed.findtext(f"{ATOM}{required}")
    entries = feed.findall(f"{ATOM}entry")
    assert len(entries) == len(SLUGS)
    updated = [entry.findtext(f"{ATOM}updated") or "" for entry in entries]
    assert updated == sorted(updated, reverse=True)
    for entry in entries:
        assert (entry.findtext(f"{ATOM}id") or "").startswith("http://localhost/posts/")
        assert entry.findtext(f"{ATOM}author/{ATOM}name")
        content = entry.findtext(f"{ATOM}content") or ""
        assert "<p>" in content
        assert 'href="/' not in content


def test_a_feed_reader_with_the_current_feed_gets_a_304(visitor: Reader) -> None:
    etag = visitor.client.get("/feed.atom").headers["ETag"]
    assert visitor.client.get("/feed.atom", headers={"If-None-Match": etag}).status_code == 304


def test_reading_sets_no_cookie_outside_the_form(visitor: Reader) -> None:
    for address in ("/", "/about", "/feed.atom"):
        assert "Set-Cookie" not in visitor.client.get(address).headers


def test_forms_have_labels_and_pages_a_skip_link(visitor: Reader) -> None:
    page = visitor.open()
    labelled = {tag.get("for") for tag in page.all("label")}
    typed = page.all("input") + page.all("textarea")
    for name in ("author", "email", "url", "body", "captcha_answer"):
        assert next(tag["id"] for tag in typed if tag.get("name") == name) in labelled
    assert page.links[0] == "#main"
    assert 'lang="en"' in page.response.text

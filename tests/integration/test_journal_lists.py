"""Readers and search engines find every public post: by year, by tag, in the sitemap, and under one address."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from flask import Flask
from flask.testing import FlaskClient

from demo_blog import create_app, post_files
from demo_blog.database import db
from demo_blog.models import Post, Tag
from demo_blog.site import SettingError

from .journal_fixtures import Page, Reader, journal, printed_journal, visitor

__all__ = ["journal", "printed_journal", "visitor"]

FILES = post_files.read_all()
SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"


@pytest.fixture
def client(journal: Flask) -> Iterator[FlaskClient]:
    """A reader of the journal, in whose application context a test writes posts."""
    with journal.app_context():
        yield journal.test_client()


def write(slug: str, when: date, *tags: str, **values: object) -> None:
    given: dict[str, object] = {"title": slug, "author": "A. Author", "summary": "A summary.", "body": "A text."}
    db.session.add(Post(slug=slug, date=when, tags=[Tag(name=name) for name in tags], **given | values))
    db.session.commit()


# Cover


def test_the_cover_has_the_newest_posts_and_whole_series_and_leads_to_the_archive(client: FlaskClient) -> None:
    assert "Older posts" not in client.get("/").text
    for number in range(50):
        write(f"p{number}", date(2027, 1, 1 + number % 28))
    write("first-part", date(2010, 1, 1), series="A long series", part=1)
    write("last-part", date(2027, 2, 1), series="A long series", part=2)
    page = Page(client.get("/"))
    posts = {link for link in page.links if re.fullmatch(r"/posts/[\w-]+", link)}
    assert len(posts) == 41
    assert {"/posts/first-part", "/posts/last-part"} <= posts
    assert "Older posts are in the archive" in page.text


# Archive


def test_the_archive_has_every_post_of_the_newest_year(visitor: Reader) -> None:
    page = visitor.open("/archive")
    assert {f"/posts/{file.slug}" for file in FILES} <= set(page.links)
    assert f"{len(FILES)} posts" in page.text
    assert page.text.index("November 2026") < page.text.index("January 2026")


def test_each_year_has_a_page(client: FlaskClient) -> None:
    write("old", date(2019, 5, 6))
    newest, old = Page(client.get("/archive")), Page(client.get("/archive/2019"))
    assert {"/archive/2026", "/archive/2019"} <= set(newest.links)
    assert "/posts/old" not in newest.links
    assert [link for link in old.links if link.startswith("/posts/")] == ["/posts/old"]
    assert "May 2019" in old.text
    assert re.search(r"2019 1 post\b", " ".join(old.text.split()))


@pytest.mark.parametrize("year", ["1999", "0", "99999999999999999999", "x", "-1"])
def test_a_year_without_posts_has_no_page(visitor: Reader, year: str) -> None:
    assert visitor.client.get(f"/archive/{year}").status_code == 404


def test_an_empty_journal_has_an_archive_tags_a_feed_and_a_sitemap(client: FlaskClient) -> None:
    for post in Post.newest_first():
        db.session.delete(post)
    db.session.commit()
    for address in ("/", "/archive", "/tags", "/feed.atom", "/sitemap.xml", "/search?q=x"):
        assert client.get(address).status_code == 200, address


# Tags


def test_a_post_links_its_tags_and_a_tag_its_posts(visitor: Reader) -> None:
    file = next(file for file in FILES if file.tags)
    page = visitor.open(f"/posts/{file.slug}")
    links = [tag["href"] for tag in page.all("a") if tag.get("rel") == "tag"]
    assert len(links) == len(file.tags)
    for link, name in zip(links, file.tags, strict=True):
        listed = visitor.open(link)
        assert listed.response.status_code == 200
        expected = {f"/posts/{other.slug}" for other in FILES if name in other.tags}
        assert {link for link in listed.links if link.startswith("/posts/")} == expected


def test_the_tags_have_counts(client: FlaskClient) -> None:
    for number in range(3):
        write(f"post-{number}", date(2020, 1, 1), "rare beasts")
    text = " ".join(Page(client.get("/tags")).text.split())
    assert "rare beasts 3 posts" in text


@pytest.mark.parametrize("name", ["c++", "a/b", "?", "#1", "50%", "<b>", "über", "ⅷ & ix", "..", "a/../b", '"q"'])
def test_every_tag_has_a_page(client: FlaskClient, name: str) -> None:
    write("tagged", date(2020, 1, 1), name)
    link = next(tag["href"] for tag in Page(client.get("/posts/tagged")).all("a") if tag.get("rel") == "tag")
    page = Page(client.get(link))
    assert page.response.status_code == 200
    assert "/posts/tagged" in page.links
    assert "<b>" not in page.response.text


def test_a_tag_with_many_posts_has_pages(client: FlaskClient) -> None:
    for number in range(45):
        write(f"post-{number}", date(2020, 1, 1 + number % 28), "many")
    pages = [Page(client.get(f"/tags/many?page={number}")) for number in (1, 2, 3, 4)]
    posts = [[link for link in page.links if link.startswith("/posts/")] for page in pages]
    assert [len(found) for found in posts] == [20, 20, 5, 5]
    assert len({link for found in posts for link in found}) == 45
    assert "/tags/many?page=2" in pages[0].links


def test_an_unknown_tag_is_a_404(visitor: Reader) -> None:
    assert visitor.client.get("/tags/no-such-tag").status_code == 404


# Days of conference notes


def test_conference_notes_list_their_days_and_link_to_them(visitor: Reader) -> None:
    for number, slug in enumerate(sorted(file.slug for file in FILES if file.slug.startswith("low-water")), start=1):
        page = visitor.open(f"/posts/{slug}")
        days = [link for link in page.links if re.fullmatch(r"#(?:mon|tues|wednes|thurs|fri|satur)day-\d+", link)]
        assert len(days) == 6, f"part {number}: three in the table, three beside the headings"
        assert len(set(days)) == 3
        assert any(tag.get("aria-label") == "Days" for tag in page.all("nav"))


def test_other_posts_have_no_table_of_days(visitor: Reader) -> None:
    assert not any(tag.get("aria-label") == "Days" for tag in visitor.open().all("nav"))


@pytest.mark.parametrize("slug", [file.slug for file in FILES])
def test_no_identifier_occurs_twice_in_a_page(visitor: Reader, slug: str) -> None:
    found = [attributes["id"] for _, attributes in visitor.open(f"/posts/{slug}").tags if "id" in attributes]
    assert len(found) == len(set(found))


# For search engines


def test_the_sitemap_has_every_public_page_once_with_its_full_address(visitor: Reader) -> None:
    response = visitor.client.get("/sitemap.xml")
    assert response.mimetype == "application/xml"
    urls = ET.fromstring(response.data).findall(f"{SITEMAP}url")  # noqa: S314 - our own document
    found = [url.findtext(f"{SITEMAP}loc") or "" for url in urls]
    assert len(found) == len(set(found))
    assert {f"http://localhost/posts/{file.slug}" for file in FILES} <= set(found)
    for address in found:
        assert visitor.client.get(address).status_code == 200
    assert urls[-1].findtext(f"{SITEMAP}lastmod") == f"{min(file.date for file in FILES)}T00:00:00+00:00"


def test_addresses_that_others_keep_have_the_journals_host_and_not_the_one_that_a_visitor_names(
    printed_journal: Path,
) -> None:
    config = {"TESTING": True, "DEMO_BLOG_INSTANCE": printed_journal, "JOURNAL_URL": "https://blog.example/journal/"}
    app = create_app(config)
    client = app.test_client()
    slug = FILES[0].slug
    for page in (
        "/",
        f"/posts/{slug}",
        "/tags",
        "/archive",
        "/feed.atom",
        f"/posts/{slug}/comments.atom",
        "/sitemap.xml",
    ):
        text = client.get(page, headers={"Host": "evil.example"}).text
        assert "evil.example" not in text
        assert "https://blog.example/journal/" in text
    assert (
        f'<link rel="canonical" href="https://blog.example/journal/posts/{slug}">' in client.get(f"/posts/{slug}").text
    )
    assert "Sitemap: https://blog.example/journal/sitemap.xml" in client.get("/robots.txt").text
    with app.app_context():
        db.engine.dispose()


@pytest.mark.parametrize("address", ["blog.example", "ftp://blog.example", "https://u:p@blog.example", "https://b/?x"])
def test_an_invalid_address_of_the_journal_is_refused_at_start(tmp_path: Path, address: str) -> None:
    with pytest.raises(SettingError, match="Write the journal's address"):
        create_app({"DEMO_BLOG_INSTANCE": tmp_path, "JOURNAL_URL": address})


def test_robots_are_sent_to_the_sitemap_and_away_from_the_desk_and_the_search(visitor: Reader) -> None:
    response = visitor.client.get("/robots.txt")
    assert response.mimetype == "text/plain"
    assert response.text.splitlines() == [
        "User-agent: *",
        "Disallow: /desk",
        "Disallow: /search",
        "",
        "Sitemap: http://localhost/sitemap.xml",
    ]


@pytest.mark.parametrize("address", ["/", "/about", "/archive", "/archive/2026", "/tags", "/tags/security"])
def test_a_page_names_its_own_address(visitor: Reader, address: str) -> None:
    for query in ("", "?utm_source=elsewhere"):
        page = visitor.open(address + query)
        assert [tag["href"] for tag in page.all("link") if tag["rel"] == "canonical"] == [f"http://localhost{address}"]
        assert ("meta", {"property": "og:url", "content": f"http://localhost{address}"}) in page.tags


def test_a_post_describes_itself_and_escapes_everything(client: FlaskClient) -> None:
    evil = '"><script>alert(1)</script>'
    write("evil", date(2020, 2, 3), evil, title=evil, author=evil, summary=evil)
    page = Page(client.get("/posts/evil"))
    assert "<script>alert" not in page.response.text
    found = {tag["property"]: tag["content"] for tag in page.all("meta") if "property" in tag}
    assert found["og:type"] == "article"
    assert found["og:title"] == found["og:description"] == found["article:tag"] == evil
    assert found["og:url"] == "http://localhost/posts/evil"
    assert found["article:published_time"] == "2020-02-03"
    for address in ("/", "/archive/2020", "/tags", "/search?q=script", "/feed.atom", "/sitemap.xml"):
        assert "<script>alert" not in client.get(address).text, address


def test_search_results_and_errors_are_not_for_search_engines(visitor: Reader) -> None:
    for address in ("/search", "/search?q=hash", "/no-such-page"):
        page = visitor.open(address)
        assert ("meta", {"name": "robots", "content": "noindex"}) in page.tags
        assert not [tag for tag in page.all("link") if tag["rel"] == "canonical"]

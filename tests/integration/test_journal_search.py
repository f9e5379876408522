"""Readers find posts by their words, on SQLite and on PostgreSQL, whatever they type."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import downgrade, upgrade
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, text

from demo_blog import create_app, search_index
from demo_blog.database import db
from demo_blog.models import Post, TextFormat

from .journal_fixtures import Page

DATABASES = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)]

QUOTES = '"'
HOSTILE = [
    "",
    " ",
    '"',
    '""',
    '"""',
    '"unclosed',
    "'; DROP TABLE post; --",
    "a AND",
    "AND OR NOT NEAR",
    "NEAR(a b, 5)",
    "title:leap",
    "leap*",
    "^leap",
    "{title text}: leap",
    "-leap",
    "+leap",
    "!leap & (second | ",
    "leap <-> second",
    "leap:*A",
    "(" * 100,
    "\\",
    "%",
    "_",
    "\x00leap",
    "\x01\x02",
    "\u0301",
    "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16"),
    "²",
    "漢字",
    "مرحبا",
    "x" * 5000,
    "word " * 2000,
    QUOTES + "phrase " * 2000 + QUOTES,
]


@pytest.fixture(params=DATABASES)
def app(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Flask]:
    """A journal without posts."""
    config: dict[str, object] = {"TESTING": True, "DEMO_BLOG_INSTANCE": tmp_path}
    if request.param == "postgresql":
        config["SQLALCHEMY_DATABASE_URI"] = request.getfixturevalue("postgresql").database()
    app = create_app(config)
    with app.app_context():
        upgrade()
        yield app
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def write(slug: str, body: str = "Nothing.", **values: object) -> Post:
    given_values: dict[str, object] = {"title": slug, "author": "A. Author", "date": date(2026, 3, 1), "summary": "-"}
    post = Post(slug=slug, body=body, **given_values | values)
    db.session.add(post)
    db.session.commit()
    return post


def found(query: str, page: int = 1) -> list[str]:
    return [hit.post.slug for hit in search_index.find(query, page).hits]


def test_every_word_must_occur_in_any_form_and_in_any_part(app: Flask) -> None:
    write("clocks", "Two **clocks** were smeared.", title="Leap seconds")
    write("frogs", "A frog leaps.", summary="Not about time.")
    assert found("leap") == ["clocks", "frogs"]  # the title counts more than the text
    assert found("LEAP clock") == ["clocks"]
    assert found("smear") == ["clocks"]
    assert found("not about") == ["frogs"]
    assert found("leap toad") == []


def test_a_phrase_in_quotes_must_occur_as_it_is(app: Flask) -> None:
    write("a", "A leap second is a second.")
    write("b", "In a second he will leap.")
    assert found('"leap second"') == ["a"]
    assert sorted(found("leap second")) == ["a", "b"]
    assert found("leap-second") == ["a"]


@pytest.mark.parametrize(
    "query", ["monotonic", "time", "digest", "compare_digest", "hmac.compare_digest", "example.org"]
)
def test_names_in_code_and_hosts_are_found_by_their_parts(app: Flask, query: str) -> None:
    write(
        "code",
        "Use `time.monotonic()`.\n\n```python\nhmac.compare_digest(a, b)\n```\n\nSee <https://example.org/path>.",
    )
    assert found(query) == ["code"]


def test_markup_is_not_searched(app: Flask) -> None:
    write("markdown", "[Here](https://hidden.example/) is *one*.\n\n> [!aside] A note.\n\n```python\nx = 1\n```")
    write("html", "<p class='secret'>Shown<script>hidden()</script></p><p>twice</p>", format=TextFormat.HTML)
    assert found("note one") == ["markdown"]
    assert found("shown twice") == ["html"]
    for unseen in ("hidden", "class", "secret", "aside", "python", "span", "tabindex"):
        assert found(unseen) == [], unseen


def test_drafts_are_found_only_after_they_are_published(app: Flask) -> None:
    draft = write("draft", "Unfinished symphony.", draft=True)
    assert search_index.find("symphony").paging.total == 0
    draft.draft = False
    db.session.commit()
    assert found("symphony") == ["draft"]
    draft.draft = True
    db.session.commit()
    assert found("symphony") == []


def test_the_index_follows_every_change_of_a_post(app: Flask) -> None:
    post = write("post", "The old text.")
    post.body = "The new text."
    db.session.commit()
    assert (found("old"), found("new")) == ([], ["post"])
    post.title = "Renamed"
    db.session.commit()
    assert found("renamed") == ["post"]
    post.body = "Never stored."
    db.session.flush()
    db.session.rollback()
    assert (found("never"), found("new")) == ([], ["post"])
    db.session.delete(post)
    db.session.commit()
    assert found("new") == []
    assert write("another", "Different.").id
    assert found("new") == []


def test_a_post_deleted_with_sql_is_not_found_and_the_index_can_be_built_again(app: Flask) -> None:
    write("kept", "An odd word.")
    write("gone", "An odd word.")
    db.session.execute(delete(Post).where(Post.slug == "gone"))
    db.session.commit()
    assert found("odd") == ["kept"]
    write("new", "An even word.")  # SQLite gives it the key of the deleted post
    assert found("odd") == ["kept"]
    assert found("even") == ["new"]
    db.session.execute(text("DELETE FROM post_search"))
    db.session.commit()
    assert found("odd") == []
    assert search_index.rebuild() == 2
    assert found("odd") == ["kept"]


def test_a_page_has_twenty_posts_and_every_post_is_on_one_page(app: Flask, client: FlaskClient) -> None:
    for number in range(45):
        write(f"p{number:02}", "The same word.", date=date(2026, 1, 1 + number % 28))
    pages = [found("word", page) for page in (1, 2, 3)]
    assert [len(page) for page in pages] == [20, 20, 5]
    assert len({slug for page in pages for slug in page}) == 45
    page = Page(client.get("/search?q=word&page=2"))
    assert "Page 2 of 3" in page.text
    assert {"/search?q=word&page=1", "/search?q=word&page=3"} <= set(page.links)
    assert found("word", 99) == pages[2]


@pytest.mark.parametrize("number", ["0", "-1", "99", "999999999999999999999", "x", ""])
def test_a_page_that_does_not_exist_shows_the_nearest_one(app: Flask, client: FlaskClient, number: str) -> None:
    write("post", "The same word.")
    page = Page(client.get(f"/search?q=word&page={number}"))
    assert page.response.status_code == 200
    assert "/posts/post" in page.links


@pytest.mark.parametrize("query", HOSTILE)
def test_no_query_is_an_error(app: Flask, client: FlaskClient, query: str) -> None:
    write("post", "A leap second; AND, OR and NOT are words, too.")
    response = client.get("/search", query_string={"q": query})
    assert response.status_code == 200
    assert "Search" in response.text


def test_operators_are_words(app: Flask) -> None:
    write("post", "Either this or that, and not near.")
    write("other", "This and that.")
    assert found("this OR that") == ["post"]
    assert found("this NOT near") == ["post"]
    for query in ("-this", "+this", "this*", "^this", "(this"):
        assert sorted(found(query)) == ["other", "post"]


def test_any_text_can_be_searched(app: Flask) -> None:
    write("post", "A leap second.")

    @settings(max_examples=300)
    @given(st.text(max_size=250) | st.lists(st.sampled_from("\"'*()-+^:&|! \\{}a漢\u0301\x00")).map("".join))
    def search(query: str) -> None:
        assert search_index.find(query).paging.total in {0, 1}

    search()


def test_a_snippet_marks_the_words_and_escapes_the_text(app: Flask, client: FlaskClient) -> None:
    before = "Some words come before. " * 40
    write("post", f"{before} Write `<script>alert(1)</script>` & let `<b>leaping</b>` frogs be. {before}")
    hits = search_index.find("leap").hits
    assert ("leaping", True) in hits[0].snippet
    assert len("".join(part for part, _ in hits[0].snippet)) < 500
    html = client.get("/search?q=leap").text
    assert "<mark>leaping</mark>" in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "<script>alert" not in html


def test_a_marked_phrase_is_escaped(app: Flask, client: FlaskClient) -> None:
    write("post", "Compare `a<b>c` with it.")
    html = client.get("/search", query_string={"q": '"a b c"'}).text
    assert "a<b>" not in html
    assert "&lt;" in html


def test_the_query_is_shown_escaped_and_cut_to_its_maximum(app: Flask, client: FlaskClient) -> None:
    page = Page(client.get("/search", query_string={"q": '"><script>alert(1)</script>' + "x" * 10_000}))
    assert "<script>alert" not in page.response.text
    assert page.response.content_length is not None
    assert page.response.content_length < 20_000


def test_a_post_that_is_too_long_for_an_index_is_found_by_its_beginning(app: Flask) -> None:
    write("long", "First. " + " ".join(f"w{number}" for number in range(200_000)))
    assert found("first") == ["long"]


def test_the_migration_indexes_the_posts_that_exist_and_can_be_undone(app: Flask) -> None:
    write("post", "A **leap** [second](https://hidden.example/).")
    db.session.remove()
    downgrade(revision="0003")
    upgrade()
    assert found("leap second") == ["post"]
    assert found("hidden") == []
    post = db.session.scalars(select(Post)).one()
    post.body = "Another text."
    db.session.commit()
    assert found("leap") == []

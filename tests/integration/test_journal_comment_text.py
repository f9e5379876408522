"""The text of comments: imported HTML is sanitised, and the hosts that a comment names are stored."""

from __future__ import annotations

import pytest
from flask import Flask

from demo_blog.comment_text import MAX_DOMAINS, comment_html, excerpt, store_domains
from demo_blog.models import Comment, TextFormat

from .journal_comments import add, stored
from .journal_fixtures import Reader, journal, printed_journal, reader, stranger

__all__ = ["journal", "printed_journal", "reader", "stranger"]


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ("<p>One <b>bold</b> word</p>", "<p>One <b>bold</b> word</p>"),
        ("<script>alert(1)</script>text", "text"),
        ("<p onclick='x()' style='color:red' class='y' id='comments'>text</p>", "<p>text</p>"),
        ("<img src=x onerror=alert(1)>text", "text"),
        ("<svg onload=alert(1)>text</svg>", "text"),
        ("<a href='javascript:alert(1)'>x</a>", '<a rel="nofollow ugc noopener">x</a>'),
        ("<a href='https://one.example'>x</a>", '<a href="https://one.example" rel="nofollow ugc noopener">x</a>'),
        ("<form action=https://evil.example><input name=csrf_token>text</form>", "text"),
        ("*not* Markdown", "*not* Markdown"),
    ],
)
def test_imported_html_has_only_what_a_comment_may_have(body: str, shown: str) -> None:
    assert comment_html(Comment(body=body, format=TextFormat.HTML)) == shown


def test_an_imported_comment_is_shown_in_its_thread(reader: Reader, journal: Flask) -> None:
    add(journal, body="<p>One <b>bold</b> word</p><script>alert(1)</script>", format=TextFormat.HTML)
    page = reader.open()
    assert "One bold word" in page.under("comment-1")
    assert "b" in {tag for tag, _ in page.tags}
    assert not [one for one in page.all("script") if "src" not in one]


def test_the_hosts_of_links_and_addresses_are_stored_in_lower_case(reader: Reader, journal: Flask) -> None:
    reader.comment(
        email="zoe@Mail.Example",
        url="https://HOME.example/~zoe",
        body="[a](https://One.example/x) <https://two.example:8080/> [a](https://one.example/y) three.example",
    )
    [comment] = stored(journal)
    hosts = {domain.domain for domain in comment.domains}
    assert hosts == {"mail.example", "home.example", "one.example", "two.example"}


@pytest.mark.parametrize("body", ["[x](https://[::1)", "[x](https://)", "[x](//host)", f"[x](https://{'a' * 300}.org)"])
def test_links_without_a_usable_host_are_left_out(body: str) -> None:
    comment = Comment(body=body, url="", email="x", format=TextFormat.MARKDOWN)
    store_domains(comment)
    assert {domain.domain for domain in comment.domains} <= {"x", "host"}


def test_a_comment_with_very_many_links_stores_a_limited_number_of_hosts() -> None:
    body = " ".join(f"<https://h{number}.example>" for number in range(3 * MAX_DOMAINS))
    comment = Comment(body=body, url="", email="", format=TextFormat.MARKDOWN)
    store_domains(comment)
    assert len(comment.domains) <= MAX_DOMAINS


def test_an_excerpt_is_short_and_has_no_markup() -> None:
    comment = Comment(body="*One* & <two> " * 100, format=TextFormat.MARKDOWN)
    assert excerpt(comment, 30) == "One & <two> One & <two> One …"

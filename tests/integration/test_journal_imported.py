"""Imported posts are HTML of another site. Readers see their text, and nothing in them runs or loads anything."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from flask import Flask

from demo_blog.database import db
from demo_blog.models import Post, TextFormat

from .journal_fixtures import Page, journal, printed_journal

__all__ = ["journal", "printed_journal"]

ATTACKS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<img src='https://elsewhere.example/pixel.gif'>",
    "<svg onload=alert(1)><style>*{display:none}</style></svg>",
    "<a href='javascript:alert(1)'>link</a>",
    "<a href='data:text/html,<script>alert(1)</script>'>link</a>",
    "<p onclick=alert(1) style='position:fixed'>text</p>",
    "<iframe src='https://elsewhere.example/'></iframe>",
    "<form action='/desk'><input name=csrf_token><button>Send</button></form>",
    "<math><mtext></p><script>alert(1)</script>",
    "</div></article><script>alert(1)</script>",
    "<base href='https://elsewhere.example/'><link rel=stylesheet href='//elsewhere.example/x.css'>",
    "<meta http-equiv=refresh content='0;url=https://elsewhere.example/'>",
    "<p id='comments' class='notice'>a false notice</p>",
]

Show = Callable[[str], Page]


@pytest.fixture
def show(journal: Flask) -> Show:
    """Show an imported post with this HTML."""

    def show_post(html: str) -> Page:
        with journal.app_context():
            db.session.add(
                Post(
                    slug="imported",
                    title="T",
                    author="A",
                    date=date(2011, 1, 2),
                    summary="S",
                    body=f"<p>Before.</p>{html}",
                    format=TextFormat.HTML,
                )
            )
            db.session.commit()
        return Page(journal.test_client().get("/posts/imported"))

    return show_post


@pytest.mark.parametrize("html", ATTACKS)
def test_nothing_dangerous_is_left_in_the_page_or_the_feed(journal: Flask, show: Show, html: str) -> None:
    page = show(html)
    article = page.response.text.partition('<div class="prose">')[2].partition('<section class="comments"')[0]
    feed = journal.test_client().get("/feed.atom").text
    for text in (article, feed):
        assert "Before." in text
    for bad in ("<script", "<img", "<svg", "<style", "<iframe", "<form", "<input", "<base", "<link", "<meta", "<math"):
        assert bad not in article
        assert bad.replace("<", "&lt;") not in feed
    for bad in ("javascript:", "data:", "onerror", "onclick", "onload", "style=", 'class="notice"', 'id="comments"'):
        assert bad not in article
        assert bad not in feed


def test_text_tables_lists_and_links_are_kept(show: Show) -> None:
    page = show(
        "<h2>Part</h2><ul><li><b>one</b></li></ul><table><tr><td colspan=2>cell</td></tr></table><pre>code</pre>"
        "<a href='https://example.org/' target=_blank>out</a><blockquote><cite>said</cite></blockquote>"
    )
    html = page.response.text
    for part in ("<h2>Part</h2>", "<li><b>one</b></li>", '<td colspan="2">cell</td>', "<cite>said</cite>"):
        assert part in html
    assert '<pre tabindex="0">code</pre>' in html
    assert "https://example.org/" in page.links


def test_footnotes_lead_to_their_place(show: Show) -> None:
    page = show('<a href="#comments">1</a><p id="comments">The note</p>')
    assert "#imported-comments" in page.links
    assert page.under("imported-comments") == "The note"


def test_relative_links_are_absolute_in_the_feed(journal: Flask, show: Show) -> None:
    show('<a href="other">one</a><a href="/about">two</a>')
    feed = journal.test_client().get("/feed.atom").text
    assert "http://localhost/posts/other" in feed
    assert "http://localhost/about" in feed

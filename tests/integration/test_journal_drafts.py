"""Visitors can't find a draft anywhere. Its owner reads it after logging in."""

from __future__ import annotations

from datetime import date

import pytest
from flask import Flask, Request
from flask_login import LoginManager, UserMixin

from demo_blog.database import db
from demo_blog.models import OldSlug, Post, Tag

from .journal_fixtures import Page, journal, log_in, printed_journal

__all__ = ["journal", "printed_journal"]

OWNER = {"Owner": "yes"}


@pytest.fixture(autouse=True)
def draft(journal: Flask) -> None:
    with journal.app_context():
        post = Post(
            slug="a-draft",
            title="Half a thought",
            author="A. Author",
            date=date(2026, 12, 1),
            summary="Unfinished business.",
            body="A xylophone.",
            draft=True,
            series="The hash table, honestly",
            part=4,
            tags=[Tag(name="secret tag"), Tag(name="security")],
            old_slugs=[OldSlug(slug="its-old-name")],
        )
        db.session.add(post)
        db.session.commit()


@pytest.fixture
def desk(journal: Flask) -> Flask:
    """The journal with a log-in: requests with the header ``Owner`` are the owner's."""

    def load(request: Request) -> UserMixin | None:
        return UserMixin() if "Owner" in request.headers else None

    LoginManager(journal).request_loader(load)
    return journal


@pytest.mark.parametrize(
    "address", ["/posts/a-draft", "/posts/its-old-name", "/posts/a-draft/comments", "/posts/a-draft/comments.atom"]
)
def test_a_draft_does_not_exist_for_visitors(journal: Flask, address: str) -> None:
    assert journal.test_client().get(address).status_code == 404


@pytest.mark.parametrize(
    "address",
    [
        "/",
        "/archive",
        "/archive/2026",
        "/tags",
        "/tags/security",
        "/search?q=xylophone",
        "/search?q=thought",
        "/feed.atom",
        "/sitemap.xml",
        "/posts/hash-tables-3-adversaries",
        "/posts/a-draft",
    ],
)
def test_nothing_public_names_a_draft(journal: Flask, address: str) -> None:
    text = journal.test_client().get(address).text
    for part in ("a-draft", "Half a thought", "Unfinished business", "secret tag"):
        assert part not in text


def test_a_tag_that_only_drafts_have_does_not_exist(journal: Flask) -> None:
    assert journal.test_client().get("/tags/secret%20tag").status_code == 404


def test_visitors_cannot_comment_on_a_draft(journal: Flask) -> None:
    assert journal.test_client().post("/posts/a-draft/comments", data={"body": "text"}).status_code == 404


def test_the_owner_reads_a_draft_with_a_banner(desk: Flask) -> None:
    assert desk.test_client().get("/posts/a-draft").status_code == 404
    page = Page(desk.test_client().get("/posts/a-draft", headers=OWNER))
    assert page.response.status_code == 200
    assert "This is a draft" in page.text
    assert "A xylophone." in page.text
    assert '<meta name="robots" content="noindex">' in page.response.text
    assert "private" in page.response.headers["Cache-Control"]
    assert desk.test_client().get("/posts/its-old-name", headers=OWNER).location == "/posts/a-draft"


def test_the_owner_who_logged_in_at_the_desk_reads_a_draft(journal: Flask) -> None:
    page = log_in(journal).open("/posts/a-draft")
    assert page.response.status_code == 200
    assert "This is a draft" in page.text


def test_a_published_post_has_no_banner(desk: Flask) -> None:
    page = Page(desk.test_client().get("/posts/hash-tables-3-adversaries", headers=OWNER))
    assert "This is a draft" not in page.text
    assert "noindex" not in page.response.text

"""Every error has a page in the journal's design, even if the database or a template fails."""

from __future__ import annotations

import pytest
from flask import Flask, abort, render_template_string
from flask_login import LoginManager, UserMixin
from jinja2 import DictLoader

from demo_blog import create_app
from demo_blog.database import db
from demo_blog.models import Post

from .journal_fixtures import POST, Page, journal, printed_journal

__all__ = ["journal", "printed_journal"]


@pytest.fixture
def site(journal: Flask) -> Flask:
    """The journal as it runs for readers: errors become pages."""
    journal.config["PROPAGATE_EXCEPTIONS"] = False
    return journal


def broken() -> str:
    return str(1 // 0)


def check_design(page: Page, status: int) -> None:
    assert page.response.status_code == status
    assert [tag["href"] for tag in page.all("link") if "journal.css" in tag["href"]]
    assert any(tag.get("aria-label") == "Journal" for tag in page.all("nav"))
    assert f"Error {status}" in page.text
    assert "/" in page.links
    assert "Content-Security-Policy" in page.response.headers
    assert page.response.headers["Cache-Control"] == "private, no-cache"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 408, 410, 413, 414, 415, 429, 500, 501, 502, 503])
def test_an_error_has_a_page_in_the_design(site: Flask, status: int) -> None:
    site.view_functions["about.page"] = lambda: abort(status)
    check_design(Page(site.test_client().get("/about")), status)


def test_a_page_that_does_not_exist_offers_a_search(site: Flask) -> None:
    page = Page(site.test_client().get("/no-such-page"))
    assert any(tag.get("role") == "search" for tag in page.all("form"))


def test_a_database_that_is_down_is_a_500_in_the_design(site: Flask) -> None:
    with site.app_context():
        db.session.remove()
        db.engine.dispose()
    app = create_app(
        {
            "TESTING": True,
            "PROPAGATE_EXCEPTIONS": False,
            "DEMO_BLOG_INSTANCE": site.instance_path,
            "SQLALCHEMY_DATABASE_URI": f"sqlite:///{site.instance_path}/no-such-folder/journal.sqlite3",
        }
    )
    for address in ("/", f"/posts/{POST}", "/archive", "/tags", "/search?q=x"):
        page = Page(app.test_client().get(address))
        check_design(page, 500)
        assert "Our mistake" in page.text
        assert "no-such-folder" not in page.text


def test_a_database_that_is_down_is_a_500_also_for_the_owner(site: Flask) -> None:
    def load(_request: object) -> UserMixin | None:
        raise RuntimeError("the database is down")

    LoginManager(site).request_loader(load)
    site.view_functions["about.page"] = broken
    check_design(Page(site.test_client().get("/about")), 500)


def test_an_error_in_a_template_is_a_500_in_the_design(site: Flask) -> None:
    site.view_functions["about.page"] = lambda: render_template_string("{{ 1 // 0 }}")
    check_design(Page(site.test_client().get("/about")), 500)


def test_an_error_in_the_layout_is_a_plain_page(site: Flask, caplog: pytest.LogCaptureFixture) -> None:
    site.jinja_env.loader = DictLoader({"error.html": "{{ 1 // 0 }}"})
    site.view_functions["about.page"] = broken
    page = Page(site.test_client().get("/about"))
    assert page.response.status_code == 500
    assert "Our mistake" in page.text
    assert "/" in page.links
    assert "ZeroDivisionError" not in page.text
    assert "The page for the error 500 can't be rendered" in caplog.text


def test_after_an_error_the_next_page_works(site: Flask) -> None:
    def violate_a_constraint() -> str:
        db.session.add(Post(slug=POST))
        db.session.flush()
        return ""

    site.view_functions["about.page"] = violate_a_constraint
    client = site.test_client()
    assert client.get("/about").status_code == 500
    assert client.get("/").status_code == 200

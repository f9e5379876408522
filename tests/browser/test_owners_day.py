"""The owner's day at the desk, in Chromium, from the log-in link to the digest."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask_migrate import upgrade
from playwright.sync_api import Page, expect

from demo_blog import create_app, post_files, samples
from demo_blog.database import db
from demo_blog.desk import accounts, links
from tests.mail_server import MailServer, mail_server

from .comment_form import CommentForm
from .conftest import NewPage
from .server import served

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser-desk")]

POST = "the-fence-and-its-posts"


@pytest.fixture(scope="module")
def mails() -> Iterator[MailServer]:
    with mail_server() as server:
        yield server


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory, mails: MailServer) -> Iterator[Flask]:
    """The journal with its sample comments, as ``make demo`` sets it up."""
    folder: Path = tmp_path_factory.mktemp("journal")
    app = create_app(
        {
            "DEMO_BLOG_INSTANCE": folder,
            "TESTING": True,  # so that only the command sends the digest
            "CAPTCHA_GUARD_MIN_SECONDS": 0,
            "JOURNAL_SMTP_URL": f"smtp://127.0.0.1:{mails.port}?tls=off",
            "JOURNAL_MAIL_FROM": "journal@example.org",
            "JOURNAL_MAIL_TO": "otto@example.org",
            "JOURNAL_URL": "https://journal.example",
        }
    )
    with app.app_context():
        upgrade()
        post_files.load(post_files.read_all())
        samples.add_samples()
        db.session.remove()
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture(scope="module")
def url(journal: Flask) -> Iterator[str]:
    with served(journal) as address:
        yield address


def figure(page: Page, name: str) -> str:
    page.goto("/desk/statistics?span=day")
    if page.get_by_text("Nothing was counted in this time.").is_visible():
        return "0"
    return page.locator("dt", has_text=name).locator("xpath=following-sibling::dd").inner_text()


def comment(page: Page, app: Flask, body: str) -> None:
    form = CommentForm(page, app)
    page.goto(f"/posts/{POST}")
    form.write(author="Ottoline", body=body)
    form.solve()
    form.post()


def test_the_owner_decides_about_comments_tries_words_and_sees_the_charts_move(
    new_page: NewPage, journal: Flask, mails: MailServer
) -> None:
    owner, reader = new_page(), new_page()
    with journal.app_context():
        token = links.create(accounts.create_owner("otto", "nine gaps between ten posts"))

    # Log in by the link that make demo prints.
    owner.goto(f"/desk/link/{token}")
    owner.get_by_role("button", name="Log in").click()
    expect(owner.get_by_role("heading", name="Comments")).to_be_visible()
    held = owner.locator("article.case")
    expect(held).to_have_count(5)

    # Approve one, mark two as spam, and see the score of a fourth change.
    fourth = owner.get_by_role("article", name="Clement Gate")
    before = fourth.locator(".score-now").inner_text()
    owner.get_by_role("article", name="Mildred Protocol").get_by_role("button", name="Approve").click()
    expect(owner.get_by_role("status").first).to_contain_text("1 comment approved.")
    for author in ("Laptop Bargains", "Posts Unlimited"):
        owner.get_by_label(f"by {author}").check()
    owner.get_by_role("button", name="Mark chosen as spam").click()
    expect(owner.get_by_role("status").first).to_contain_text("2 comments marked as spam.")
    expect(held).to_have_count(2)
    expect(fourth.locator(".score-now")).not_to_have_text(before)

    # A comment moves the charts.
    judged = figure(owner, "Judged comments")
    comment(reader, journal, "A turnip is not a fence post.")
    expect(reader.get_by_text("Your comment is published above.")).to_be_visible()
    assert int(figure(owner, "Judged comments")) == int(judged) + 1

    # Try a list of words, save it, and see it work.
    owner.get_by_role("link", name="Words").click()
    owner.get_by_label("Entries").last.fill("turnip")
    owner.get_by_role("button", name="Try on past comments").last.click()
    expect(owner.get_by_text("This list would have matched 1 of the newest 30 comments.")).to_be_visible()
    owner.get_by_role("button", name="Save").last.click()
    expect(owner.get_by_role("status")).to_contain_text("1 entry is saved")
    comment(reader, journal, "Another turnip.")
    expect(reader.get_by_text("An editor will read your comment")).to_be_visible()
    owner.goto("/desk")
    expect(owner.get_by_role("article", name="Ottoline")).to_contain_text("moderated_words")

    # The digest reaches the mail server. One of its links asks before it decides, without a log-in.
    sent = journal.test_cli_runner().invoke(args=["journal", "digest"])
    assert sent.exit_code == 0, sent.output
    [text] = mails.texts
    assert "Another turnip." in text
    for path in re.findall(r"https://journal[.]example(\S+)", text):
        reader.goto(path)
        if reader.get_by_text("Another turnip.").count() and reader.get_by_role("button", name="Approve").count():
            reader.get_by_role("button", name="Approve").click()
            break
    owner.goto("/desk")
    expect(owner.get_by_role("article", name="Ottoline")).to_have_count(0)
    reader.goto(f"/posts/{POST}")
    expect(reader.get_by_text("Another turnip.")).to_be_visible()

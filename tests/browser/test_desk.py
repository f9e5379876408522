"""The desk in the owner's browser: by keyboard, without a script, on narrow screens, and checked with axe."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask_migrate import upgrade
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import delete, select

from captcha_guard import Finding
from captcha_guard.testing import solve
from demo_blog import create_app, post_files
from demo_blog.database import db
from demo_blog.desk import accounts, links
from demo_blog.desk.models import Decision, Owner
from demo_blog.models import Comment, CommentState, Post

from .axe import violations
from .conftest import NewPage
from .server import served

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser-desk")]

NAME, PASSWORD = "otto", "nine gaps between ten posts"
AUTHORS = ("Zoë", "Mildred", "Ignatz")


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    folder: Path = tmp_path_factory.mktemp("desk")
    app = create_app({"DEMO_BLOG_INSTANCE": folder, "TESTING": True, "CAPTCHA_GUARD_MIN_SECONDS": 0})
    with app.app_context():
        upgrade()
        post_files.load(post_files.read_all())
        accounts.create_owner(NAME, PASSWORD)
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture(scope="module")
def url(app: Flask) -> Iterator[str]:
    with served(app) as address:
        yield address


@pytest.fixture(autouse=True)
def queue(app: Flask) -> None:
    """Three held comments, by Zoë, Mildred and Ignatz from the first to the last in the queue."""
    with app.app_context():
        for model in (Decision, Comment):
            db.session.execute(delete(model))
        post = db.session.scalars(select(Post)).first()
        for author in reversed(AUTHORS):
            comment = Comment(
                post=post,
                author=author,
                email=f"{author.lower()}@example.org",
                url="https://example.org/" + "a-long-address-" * 8,
                body=f"Two *links* by {author}: [one](https://one.example), [two](https://two.example)",
                state=CommentState.HELD,
                action="hold",
                score=30,
                client="0123456789abcdef0123456789abcdef",
            )
            comment.set_findings([Finding("links", 30, "The comment has 2 links; comments with 2 or more are held.")])
            db.session.add(comment)
            db.session.commit()


@pytest.fixture
def desk(app: Flask, new_page: NewPage) -> NewPage:
    """Open the queue as the logged-in owner, e.g. ``desk(color_scheme="dark")``."""

    def open_queue(**options: object) -> Page:
        page = new_page(**options)
        with app.app_context():
            token = links.create(db.session.scalars(select(Owner)).one())
        page.goto(f"/desk/link/{token}")
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_role("heading", name="Comments")).to_be_visible()
        return page

    return open_queue


def case(page: Page, author: str) -> Locator:
    return page.get_by_role("article", name=author)


def test_the_owner_logs_in_by_keyboard_and_gets_the_page_that_was_wanted(app: Flask, new_page: NewPage) -> None:
    page = new_page()
    page.goto("/desk/decisions")
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()
    page.get_by_label("Name").fill(NAME)
    page.get_by_label("Password").fill("not the password")
    page.get_by_label("Enter Security Code").fill(solve(app, page.content()))
    page.keyboard.press("Enter")
    expect(page.get_by_text(accounts.WRONG)).to_be_visible()
    expect(page.get_by_label("Name")).to_have_value(NAME)
    expect(page.get_by_label("Password")).to_have_value("")
    assert violations(page) == []
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("Enter Security Code").fill(solve(app, page.content()))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Decisions")).to_be_visible()
    page.get_by_role("button", name="Log out otto").click()
    expect(page.get_by_text(accounts.LOGGED_OUT)).to_be_visible()


def test_the_owner_moderates_by_keys_and_undoes_it(desk: NewPage) -> None:
    page = desk()
    press = page.keyboard.press
    for key, author in (("j", "Zoë"), ("j", "Mildred"), ("j", "Ignatz"), ("j", "Ignatz"), ("k", "Mildred")):
        press(key)
        expect(case(page, author)).to_be_focused()
    press("s")
    expect(page.get_by_text("1 comment marked as spam.")).to_be_visible()
    expect(case(page, "Mildred")).to_have_count(0)
    expect(case(page, "Ignatz")).to_be_focused()  # the next one
    press("a")
    expect(page.get_by_text("1 comment approved.")).to_be_visible()
    expect(case(page, "Zoë")).to_be_focused()
    press("u")
    expect(page.get_by_text("Undone for 1 comment.")).to_be_visible()
    expect(case(page, "Ignatz")).to_be_visible()
    press("j")
    press("x")
    expect(case(page, "Zoë").get_by_role("checkbox")).to_be_checked()
    press("d")
    expect(page.get_by_text("1 comment deleted.")).to_be_visible()
    expect(case(page, "Zoë")).to_have_count(0)


def test_keys_do_nothing_while_typing_with_modifiers_or_when_turned_off(desk: NewPage) -> None:
    page = desk()
    page.get_by_text("Search", exact=True).first.click()
    page.get_by_label("Name or e-mail").press_sequentially("jads?u")
    expect(page.get_by_label("Name or e-mail")).to_have_value("jads?u")
    expect(page.locator("#help")).not_to_have_attribute("open", "")
    case(page, "Zoë").focus()
    page.keyboard.press("Control+Shift+s")
    page.keyboard.press("Alt+a")
    page.keyboard.press("?")
    expect(page.locator("#help")).to_have_attribute("open", "")
    page.get_by_label("Use these shortcuts").uncheck()
    page.reload()
    case(page, "Zoë").focus()
    page.keyboard.press("s")
    page.keyboard.press("?")
    expect(page.locator("#help")).not_to_have_attribute("open", "")
    for author in AUTHORS:
        expect(case(page, author)).to_be_visible()


def test_it_works_without_javascript(desk: NewPage) -> None:
    page = desk(java_script_enabled=False)
    case(page, "Mildred").get_by_role("button", name="Approve").click()
    expect(page.get_by_text("1 comment approved.")).to_be_visible()
    for author in ("Zoë", "Ignatz"):
        case(page, author).get_by_role("checkbox").check()
    page.get_by_role("button", name="Mark chosen as spam").click()
    expect(page.get_by_text("2 comments marked as spam.")).to_be_visible()
    expect(page.get_by_text("No comment is waiting for you.")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Undone for 2 comments.")).to_be_visible()
    page.get_by_label("All 2 on this page").check()
    page.get_by_role("button", name="Delete chosen").click()
    expect(page.get_by_text("2 comments deleted.")).to_be_visible()
    page.get_by_role("link", name="Decisions", exact=True).click()
    expect(page.get_by_role("listitem").filter(has_text="2 comments deleted")).to_be_visible()
    page.get_by_role("listitem").filter(has_text="2 comments deleted").get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Undone for 2 comments.")).to_be_visible()
    page.goto("/desk?list=published")
    expect(case(page, "Mildred")).to_contain_text("Approved by otto")
    page.get_by_text("Search", exact=True).first.click()
    page.get_by_label("Reason").select_option("links")
    page.get_by_label("Text").fill("by zoë")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_text("No comment matches.")).to_be_visible()
    expect(page.locator(".shortcuts")).to_be_hidden()


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_enter_in_a_box_changes_nothing(desk: NewPage, script: bool) -> None:
    page = desk(java_script_enabled=script)
    box = case(page, "Zoë").get_by_role("checkbox")
    box.check()
    box.press("Enter")
    if script:
        expect(box).to_be_checked()
    else:
        expect(page.get_by_text("Nothing was changed.")).to_be_visible()
    page.get_by_label("All 3 on this page").press("Enter")
    expect(page.get_by_role("link", name="Held 3")).to_be_visible()


ADDRESSES = ("/desk?list=all&author=e", "/desk/decisions", "comment")


def open_address(page: Page, address: str) -> None:
    if address == "comment":
        case(page, "Zoë").get_by_role("link", name="Zoë").click()
        expect(page.get_by_role("heading", name="Comment by Zoë")).to_be_visible()
    else:
        page.goto(address)
    for summary in page.locator("summary").all():
        if summary.evaluate("one => !one.parentElement.open"):
            summary.click()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("address", ADDRESSES)
def test_axe_finds_nothing_wrong(desk: NewPage, address: str, scheme: str) -> None:
    page = desk(color_scheme=scheme)
    case(page, "Ignatz").get_by_role("button", name="Spam").click()
    assert violations(page) == []
    open_address(page, address)
    assert violations(page) == []


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_narrow_screen_is_never_scrolled_sideways(desk: NewPage, address: str) -> None:
    page = desk(viewport={"width": 320, "height": 640})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    open_address(page, address)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_forms_and_navigation_are_left_out_of_print(desk: NewPage) -> None:
    page = desk()
    page.emulate_media(media="print")
    expect(case(page, "Zoë")).to_contain_text("Held by the guard")
    for hidden in ("button", "nav", ".help"):
        for one in page.locator(hidden).all():
            expect(one).to_be_hidden()

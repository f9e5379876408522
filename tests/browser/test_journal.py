"""The journal in a reader's browser, with real posts and its own design. The limits are large enough for many tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask_migrate import upgrade
from playwright.sync_api import Locator, Page, expect

from demo_blog import create_app, post_files
from demo_blog.database import db

from .axe import violations
from .comment_form import CommentForm
from .conftest import NewPage, Visit
from .server import served

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser-journal")]

POST = "hash-tables-1-pigeonholes"
OTHER_POST = "the-fence-and-its-posts"
NOTES = "low-water-1-what-does-not-fit"
LISTS = ["/", "/archive", "/tags", "/tags/security", "/search?q=hash"]


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    folder: Path = tmp_path_factory.mktemp("journal")
    app = create_app(
        {
            "DEMO_BLOG_INSTANCE": folder,
            "CAPTCHA_GUARD_MIN_SECONDS": 0,
            "CAPTCHA_GUARD_COMMENT_LIMITS": "1000 per minute",
            "CAPTCHA_GUARD_CHALLENGE_LIMITS": "1000 per minute",
            "CAPTCHA_GUARD_PICTURE_LIMITS": "1000 per minute",
        }
    )
    with app.app_context():
        upgrade()
        post_files.load(post_files.read_all())
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture(scope="module")
def url(journal: Flask) -> Iterator[str]:
    with served(journal) as address:
        yield address


@pytest.fixture
def visit(journal: Flask, new_page: NewPage) -> Visit:
    """Open an article as a new reader, e.g. ``visit(color_scheme="dark")``."""

    def open_post(**options: bool) -> CommentForm:
        form = CommentForm(new_page(**options), journal)
        form.page.goto(f"/posts/{POST}")
        return form

    return open_post


def test_a_reader_goes_from_the_front_page_to_a_post_comments_and_sees_it(new_page: NewPage, journal: Flask) -> None:
    page = new_page()
    page.goto("/")
    page.get_by_role("link", name="Pigeonholes").first.click()
    expect(page.get_by_role("article").first).to_contain_text("hash")
    form = CommentForm(page, journal)
    form.write(author="Ottoline", body="A *short* remark.")
    form.solve()
    form.post()
    comment = page.get_by_role("article", name="Ottoline")
    expect(comment).to_contain_text("A short remark.")
    expect(comment.locator("em")).to_have_text("short")
    expect(page.get_by_text("Your comment is published above.")).to_be_visible()


def test_a_wrong_code_keeps_every_typed_field_in_the_form(visit: Visit) -> None:
    form = visit()
    form.write(author="Ignatz", body="Two lines\n\nof it.")
    form.page.get_by_label("E-mail").fill("ignatz@example.org")
    form.page.get_by_label("Web address").fill("https://example.org/")
    form.code.fill("WRONG")
    form.post()
    expect(form.page.get_by_text("That was not the code.")).to_be_in_viewport()
    expect(form.picture).to_be_in_viewport()
    expect(form.code).to_be_focused()
    expect(form.field("Name")).to_have_value("Ignatz")
    expect(form.page.get_by_label("E-mail")).to_have_value("ignatz@example.org")
    expect(form.page.get_by_label("Web address")).to_have_value("https://example.org/")
    expect(form.field("Comment")).to_have_value("Two lines\n\nof it.")
    form.solve()
    form.post()
    expect(form.page.get_by_role("article", name="Ignatz")).to_contain_text("of it.")


def test_a_new_code_comes_without_a_reload(visit: Visit) -> None:
    form = visit()
    form.write(author="Perpetua", body="Half")
    old_picture = form.picture.get_attribute("src") or ""
    form.page.evaluate("window.stillHere = true")
    form.new_code.click()
    expect(form.status).to_have_text("Here is a new code.")
    expect(form.picture).not_to_have_attribute("src", old_picture)
    expect(form.field("Comment")).to_have_value("Half")
    assert form.page.evaluate("window.stillHere") is True
    form.solve()
    form.post()
    expect(form.page.get_by_role("article", name="Perpetua")).to_contain_text("Half")


def test_it_works_with_the_keyboard_alone(visit: Visit) -> None:
    form = visit()
    keyboard = form.page.keyboard
    form.page.locator('.byline a[href="#comments"]').press("Enter")
    while not form.field("Name").evaluate("field => field === document.activeElement"):
        keyboard.press("Tab")
    for typed in ("Typewriter", "keys@example.org", "", "By keys alone."):
        keyboard.type(typed)
        keyboard.press("Tab")
    expect(form.page.get_by_text("Listen to a code instead")).to_be_focused()
    keyboard.press("Tab")
    expect(form.code).to_be_focused()
    keyboard.press("Tab")
    old_token = form.token()
    keyboard.press("Enter")
    expect(form.page.locator('input[name="captcha_token"]')).not_to_have_value(old_token)
    expect(form.code).to_be_focused()
    keyboard.type(form.answer())
    keyboard.press("Enter")
    expect(form.page.get_by_role("article", name="Typewriter")).to_contain_text("By keys alone.")


def test_it_works_without_javascript(visit: Visit) -> None:
    form = visit(java_script_enabled=False)
    old_token = form.token()
    form.write(author="Plain", body="No script.")
    form.post()
    expect(form.page.locator('input[name="captcha_token"]')).not_to_have_value(old_token)
    form.code.fill("WRONG")
    form.post()
    expect(form.page.get_by_text("That was not the code.")).to_be_visible()
    expect(form.field("Comment")).to_have_value("No script.")
    form.solve()
    form.post()
    expect(form.page.get_by_role("article", name="Plain")).to_contain_text("No script.")


def test_a_right_code_with_another_field_wrong_is_not_asked_again(visit: Visit) -> None:
    form = visit()
    form.write(author="   ", body="Who am I?")
    form.solve()
    form.post()
    expect(form.field("Name")).to_be_focused()
    expect(form.page.get_by_text("Security code accepted.")).to_be_visible()
    expect(form.code).to_have_count(0)
    assert violations(form.page) == []
    form.field("Name").fill("Known")
    form.post()
    expect(form.page.get_by_role("article", name="Known")).to_contain_text("Who am I?")


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_a_refused_comment_is_shown_again_below_the_reason(visit: Visit, script: bool) -> None:
    body = f"Once is enough, {script}."
    for _ in range(2):
        form = visit(java_script_enabled=script)
        form.write(author="Echo", body=body)
        form.solve()
        form.post()
    reason = form.page.get_by_text("This very comment has already been posted here.")
    expect(reason).to_be_in_viewport()
    expect(reason).to_be_focused()
    expect(form.field("Comment")).to_have_value(body)
    form.field("Comment").fill(f"{body} And twice is more.")
    form.post()
    expect(form.page.get_by_role("article", name="Echo").last).to_contain_text("And twice is more.")


def posted(visit: Visit, author: str, body: str = "The first word.", **options: Any) -> CommentForm:
    """Post a comment. Returns the page with it."""
    form = visit(**options)
    form.write(author=author, body=body)
    form.solve()
    form.post()
    expect(form.page.get_by_role("article", name=author, exact=True)).to_be_visible()
    return form


def tab_to(locator: Locator) -> None:
    """Press Tab until an element has the focus."""
    for _ in range(200):
        locator.page.keyboard.press("Tab")
        if locator.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError(f"the Tab key doesn't reach {locator}")


def scrolls_sideways(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth > innerWidth"))


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_a_reader_replies_by_keyboard_on_a_narrow_screen(visit: Visit, journal: Flask, script: bool) -> None:
    first = f"Prudence {script}"
    options: dict[str, Any] = {"java_script_enabled": script, "viewport": {"width": 320, "height": 640}}
    page = posted(visit, first, **options).page
    tab_to(page.get_by_role("article", name=first).get_by_role("link", name="Reply"))
    page.keyboard.press("Enter")
    reply = CommentForm(page, journal, button="Post reply")
    expect(page.get_by_role("heading", name=f"Reply to {first}")).to_be_in_viewport()
    tab_to(reply.field("Name"))
    page.keyboard.type(f"Rupert {script}")
    tab_to(reply.field("Comment"))
    page.keyboard.type("An answer.")
    tab_to(reply.code)
    page.keyboard.type(reply.answer())
    page.keyboard.press("Enter")
    expect(page.get_by_role("article", name=f"Rupert {script}")).to_be_in_viewport()
    threads = page.locator("li", has=page.get_by_role("article", name=first))
    expect(threads.locator(".replies").get_by_role("article", name=f"Rupert {script}")).to_contain_text("An answer.")
    assert not scrolls_sideways(page)


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_a_preview_keeps_the_code_and_the_text(visit: Visit, script: bool) -> None:
    form = visit(java_script_enabled=script)
    form.write(author=f"Vera {script}", body="A *short* remark.")
    form.solve()
    typed, token = form.code.input_value(), form.token()
    form.page.get_by_role("button", name="Preview").press("Enter")
    preview = form.page.locator("#preview")
    expect(preview).to_be_in_viewport()
    expect(preview.locator("em")).to_have_text("short")
    expect(form.code).to_have_value(typed)
    assert form.token() == token
    expect(form.picture).to_be_visible()
    form.field("Comment").fill("A *longer* remark.")
    form.page.get_by_role("button", name="Preview").press("Enter")
    expect(preview.locator("em")).to_have_text("longer")
    form.post()
    expect(form.page.get_by_role("article", name=f"Vera {script}")).to_contain_text("A longer remark.")


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_an_author_edits_a_comment_by_keyboard(visit: Visit, script: bool) -> None:
    name = f"Edith {script}"
    page = posted(visit, name, java_script_enabled=script).page
    comment = page.get_by_role("article", name=name)
    tab_to(comment.get_by_role("link", name="Edit"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Edit your comment")).to_be_visible()
    body = page.get_by_label("Comment", exact=True)
    expect(body).to_have_value("The first word.")
    tab_to(body)
    page.keyboard.press("Control+End")
    page.keyboard.type(" And the last.")
    tab_to(page.get_by_role("button", name="Save changes"))
    page.keyboard.press("Enter")
    expect(comment).to_contain_text("The first word. And the last.")
    expect(comment).to_contain_text("edited")
    expect(page.get_by_text("Your changes are saved and published.")).to_be_visible()


def test_a_held_comment_is_shown_in_another_browser_by_its_link(visit: Visit, new_page: NewPage) -> None:
    form = posted(visit, "Harold", "[one](https://one.example) and [two](https://two.example)")
    link = form.page.get_by_role("link", name="Keep this link").get_attribute("href") or ""
    other = new_page(java_script_enabled=False)
    other.goto(link)
    expect(other.get_by_text("Awaiting moderation.")).to_be_visible()
    expect(other.get_by_role("link", name="one")).to_be_visible()


def test_an_author_who_agrees_is_remembered(visit: Visit) -> None:
    form = visit()
    expect(form.page.get_by_label("Remember me")).not_to_be_checked()
    form.write(author="Mnemosyne", body="Remember me, please.")
    form.page.get_by_label("Remember me").check()
    form.solve()
    form.post()
    expect(form.field("Name")).to_have_value("Mnemosyne")
    form.write(author="Mnemosyne", body="Forget me, please.")
    form.page.get_by_label("Remember me").uncheck()
    form.solve()
    form.post()
    expect(form.field("Name")).to_have_value("")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_wrong_in_threads_replies_previews_and_edits(visit: Visit, scheme: str) -> None:
    name = f"Agatha {scheme}"
    page = posted(visit, name, "[one](https://one.example), [two](https://two.example)", color_scheme=scheme).page
    assert violations(page) == []
    page.get_by_role("article", name=name).get_by_role("link", name="Edit").click()
    expect(page.get_by_role("heading", name="Edit your comment")).to_be_visible()
    assert violations(page) == []
    form = posted(visit, f"{name} again", color_scheme=scheme)
    form.page.get_by_role("article", name=f"{name} again").get_by_role("link", name="Reply").click()
    expect(form.page.get_by_role("heading", name=f"Reply to {name} again")).to_be_visible()
    assert violations(form.page) == []
    form.write(author=name, body="A *short* remark.")
    form.page.get_by_role("button", name="Preview").click()
    expect(form.page.get_by_role("heading", name="Preview")).to_be_visible()
    assert violations(form.page) == []
    form.page.set_viewport_size({"width": 320, "height": 640})
    assert not scrolls_sideways(form.page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("address", [*LISTS, f"/posts/{OTHER_POST}", f"/posts/{NOTES}", "/about"])
def test_axe_finds_nothing_wrong(new_page: NewPage, address: str, scheme: str) -> None:
    page = new_page(color_scheme=scheme)
    answer = page.goto(address)
    assert answer is not None
    assert answer.ok
    assert violations(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_wrong_after_a_wrong_code(visit: Visit, scheme: str) -> None:
    form = visit(color_scheme=scheme)
    form.write(author="Ignatz", body=f"In the {scheme}.")
    form.code.fill("WRONG")
    form.post()
    expect(form.page.get_by_text("That was not the code.")).to_be_visible()
    assert violations(form.page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_wrong_on_the_page_of_a_refused_comment(visit: Visit, scheme: str) -> None:
    for _ in range(2):
        form = visit(color_scheme=scheme)
        form.write(author="Ignatz", body=f"Thrown twice in the {scheme}.")
        form.solve()
        form.post()
    expect(form.page.get_by_text("This very comment has already been posted here.")).to_be_visible()
    assert violations(form.page) == []
    form.page.set_viewport_size({"width": 320, "height": 640})
    assert form.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("address", [*LISTS, f"/posts/{POST}", f"/posts/{NOTES}", "/about"])
def test_a_narrow_screen_is_never_scrolled_sideways(new_page: NewPage, address: str) -> None:
    page = new_page(viewport={"width": 320, "height": 640})
    page.goto(address)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

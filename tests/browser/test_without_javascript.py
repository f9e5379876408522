"""Everything except renewing a code in place works in a browser without scripts."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from .bare_host import BareHost
from .comment_form import CommentForm
from .conftest import Visit

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser-plain")]


@pytest.fixture
def form(visit: Visit) -> CommentForm:
    return visit(java_script_enabled=False)


def test_a_reader_comments_with_the_code_and_sees_the_comment(form: CommentForm) -> None:
    form.write(body="Without a script.")
    form.solve()
    form.post()
    expect(form.page.get_by_role("listitem")).to_have_text("Ada: Without a script.")


def test_after_a_wrong_code_the_text_is_kept_and_the_input_has_the_focus(form: CommentForm, host: BareHost) -> None:
    form.write(body="Line one.\nLine two.")
    form.code.fill("WRONG")
    form.post()
    expect(form.page.get_by_text("That was not the code.")).to_be_visible()
    expect(form.page.get_by_text("Line two.")).to_be_visible()
    expect(form.code).to_be_focused()
    form.page.keyboard.type(form.answer())
    form.page.keyboard.press("Enter")
    expect(form.page.get_by_role("listitem")).to_contain_text("Line one.")
    assert host.comments == [("Ada", "Line one.\r\nLine two.")]


def test_an_empty_code_gets_a_new_one_and_keeps_the_text(form: CommentForm, host: BareHost) -> None:
    form.page.set_viewport_size({"width": 640, "height": 320})
    form.write(body="With the third picture.")
    for button in ("Post comment", "Send"):
        old_token = form.token()
        form.page.get_by_role("button", name=button).click()
        expect(form.page.locator('input[name="captcha_token"]')).not_to_have_value(old_token)
        expect(form.code).to_be_focused()
        expect(form.picture).to_be_in_viewport(ratio=1)
    solve_on_next_page(form, host)
    expect(form.page.get_by_role("listitem")).to_have_text("Ada: With the third picture.")


def solve_on_next_page(form: CommentForm, host: BareHost) -> None:
    """Solve the code on the guard's own page, and send that page's form."""
    form = CommentForm(form.page, host.app, button="Send")
    form.solve()
    form.post()


def test_a_hint_explains_how_to_get_a_new_code(form: CommentForm, host: BareHost) -> None:
    hint = form.page.locator("noscript")
    expect(hint).to_be_visible()
    form.write(body="Unreadable.")
    form.post()
    assert "For a new code, leave this empty and send the form." in (hint.text_content() or "")
    expect(form.new_code).to_be_hidden()
    solve_on_next_page(form, host)
    expect(form.page.get_by_role("listitem")).to_have_text("Ada: Unreadable.")


def test_an_expired_form_keeps_the_comment(form: CommentForm, host: BareHost) -> None:
    form.write(body="After lunch.")
    form.solve()
    host.ahead = 3600
    form.post()
    expect(form.page.get_by_text("That code had expired.")).to_be_visible()
    solve_on_next_page(form, host)
    expect(form.page.get_by_role("listitem")).to_have_text("Ada: After lunch.")


def test_a_double_click_stores_one_comment(form: CommentForm, host: BareHost) -> None:
    form.write(body="Clicked twice.")
    form.solve()
    form.button.dblclick(delay=20)
    expect(form.page.get_by_role("listitem").or_(form.page.get_by_text("already")).first).to_be_visible()
    form.page.goto("/posts/1")
    expect(form.page.get_by_role("listitem")).to_have_text("Ada: Clicked twice.")
    assert host.comments == [("Ada", "Clicked twice.")]


def test_it_works_with_the_keyboard_alone(form: CommentForm) -> None:
    keyboard = form.page.keyboard
    for typed in ("Ada", "ada@example.org", "Keys, no script."):
        keyboard.press("Tab")
        keyboard.type(typed)
    keyboard.press("Tab")
    expect(form.page.get_by_text("Listen to a code instead")).to_be_focused()
    keyboard.press("Tab")
    expect(form.code).to_be_focused()
    keyboard.type(form.answer())
    keyboard.press("Tab")
    expect(form.button).to_be_focused()
    keyboard.press("Enter")
    expect(form.page.get_by_role("listitem")).to_have_text("Ada: Keys, no script.")

"""A reader comments on a page with JavaScript. The policy allows no inline code and no other hosts."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from .bare_host import BareHost
from .comment_form import CommentForm
from .conftest import NewPage, Visit

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser-comment")]

#: The default of CAPTCHA_GUARD_TTL in seconds.
TTL = 900


def described_by(field: Locator) -> str:
    """Return the text that describes an input for screen readers."""
    text: str = field.evaluate(
        "input => input.getAttribute('aria-describedby').split(' ')"
        ".map(id => document.getElementById(id).textContent).join(' ')"
    )
    return text


@pytest.fixture
def stopped_page(new_page: NewPage) -> Page:
    """A page in which time only passes when a test advances it."""
    page = new_page()
    page.clock.install(time=0)
    page.clock.pause_at(1)
    return page


def mark_page(form: CommentForm) -> None:
    """Set a variable in the page that a reload would delete."""
    form.page.evaluate("window.stillHere = true")


def still_here(form: CommentForm) -> bool:
    return bool(form.page.evaluate("window.stillHere === true"))


def test_a_reader_comments_with_the_code_and_sees_the_comment(visit: Visit) -> None:
    form = visit()
    expect(form.page.get_by_role("heading", name="A post")).to_be_visible()
    expect(form.picture).to_have_js_property("naturalWidth", 240)
    form.write(body="So it is.")
    form.solve()
    form.post()
    expect(form.page.get_by_role("listitem")).to_have_text("Ada: So it is.")


def test_a_wrong_code_keeps_the_text_and_shows_a_message_at_the_input(visit: Visit, host: BareHost) -> None:
    form = visit()
    form.write(body="First line.\n\n  “Third” & <last>.")
    form.code.fill("WRONG")
    used = form.token()
    form.post()
    expect(form.code).to_be_focused()
    expect(form.code).to_have_attribute("aria-invalid", "true")
    expect(form.code).to_have_value("")
    assert described_by(form.code).startswith("That was not the code.")
    expect(form.page.get_by_text("“Third” & <last>.")).to_be_visible()
    assert form.token() != used
    assert host.comments == []


def test_the_interstitial_carries_every_field_and_completes_the_same_post(visit: Visit, host: BareHost) -> None:
    form = visit()
    form.write(author="Ada Ł. “&”", body="First line.\n\n  Third <b>line</b>.\n")
    form.field("E-mail").fill("ada@example.org")
    form.code.fill("WRONG")
    form.post()
    expect(form.page.get_by_role("heading", name="One more step")).to_be_visible()
    CommentForm(form.page, host.app, button="Send").solve()
    form.page.get_by_role("button", name="Send").click()
    expect(form.page.get_by_role("listitem")).to_contain_text("Third <b>line</b>.")
    (posted,) = host.posted
    assert {name: values for name, values in posted.items() if not name.startswith("captcha_")} == {
        "author": ["Ada Ł. “&”"],
        "email": ["ada@example.org"],
        "body": ["First line.\r\n\r\n  Third <b>line</b>.\r\n"],
        "tag": ["first", "second & last"],
        "act": ["post"],
    } | {name: [""] for name in posted if re.fullmatch(r"[a-z]+_[0-9a-f]{6}", name)}


def test_a_new_code_comes_without_a_reload_and_keeps_the_text(visit: Visit) -> None:
    form = visit()
    form.write(body="Half a thou")
    form.code.fill("abc")
    mark_page(form)
    old_token, old_picture = form.token(), form.picture.get_attribute("src") or ""
    form.new_code.click()
    expect(form.status).to_have_text("Here is a new code.")
    expect(form.picture).not_to_have_attribute("src", old_picture)
    expect(form.box).not_to_have_attribute("aria-busy", "true")
    expect(form.code).to_be_focused()
    expect(form.code).to_have_value("")
    expect(form.field("Comment")).to_have_value("Half a thou")
    assert form.token() != old_token
    assert still_here(form)
    form.field("Comment").fill("Half a thought.")
    form.solve()
    form.post()
    expect(form.page.get_by_role("listitem")).to_have_text("Ada: Half a thought.")


def test_a_new_code_removes_the_message_about_the_old_one(visit: Visit) -> None:
    form = visit()
    form.write(body="x")
    form.code.fill("WRONG")
    form.post()
    form.new_code.click()
    expect(form.page.get_by_text("That was not the code.")).to_have_count(0)
    expect(form.code).not_to_have_attribute("aria-invalid", "true")
    assert described_by(form.code).startswith("Upper or lower case")


def test_everything_works_with_the_keyboard_alone(visit: Visit, host: BareHost) -> None:
    form = visit()
    keyboard = form.page.keyboard
    for typed in ("Ada", "ada@example.org", "By keys alone."):
        keyboard.press("Tab")
        keyboard.type(typed)
    keyboard.press("Tab")
    expect(form.page.get_by_text("Listen to a code instead")).to_be_focused()
    keyboard.press("Tab")
    expect(form.code).to_be_focused()
    keyboard.press("Tab")
    expect(form.new_code).to_be_focused()
    old_token = form.token()
    keyboard.press("Space")
    expect(form.page.locator('input[name="captcha_token"]')).not_to_have_value(old_token)
    expect(form.code).to_be_focused()
    keyboard.type(form.answer())
    keyboard.press("Tab")
    keyboard.press("Tab")
    expect(form.button).to_be_focused()
    keyboard.press("Enter")
    expect(form.page.get_by_role("listitem")).to_have_text("Ada: By keys alone.")
    assert len(host.comments) == 1


@pytest.mark.parametrize("label", ["Name", "E-mail", "Enter Security Code"])
def test_enter_in_a_text_field_presses_the_hosts_button(visit: Visit, host: BareHost, label: str) -> None:
    form = visit()
    form.write(body=f"Enter in {label}.")
    form.solve()
    form.field(label).press("Enter")
    expect(form.page.get_by_role("listitem")).to_have_text(f"Ada: Enter in {label}.")
    assert host.posted[0]["act"] == ["post"]


def test_a_wrong_code_can_be_corrected_with_the_keyboard_alone(visit: Visit, host: BareHost) -> None:
    form = visit()
    form.write(body="Second try.")
    form.code.fill("WRONG")
    form.code.press("Enter")
    expect(form.page.get_by_role("heading", name="One more step")).to_be_visible()
    expect(form.code).to_be_focused()
    form.page.keyboard.type(form.answer())
    form.page.keyboard.press("Enter")
    expect(form.page.get_by_role("listitem")).to_have_text("Ada: Second try.")
    assert host.posted[0]["act"] == ["post"]


def test_an_untouched_code_is_renewed_before_it_expires(stopped_page: Page, host: BareHost) -> None:
    page = stopped_page
    form = CommentForm(page, host.app)
    page.goto("/posts/1")
    old_token = form.token()
    form.write(body="Long thought.")
    page.clock.fast_forward((TTL - 46) * 1000)
    assert form.token() == old_token
    page.clock.fast_forward(2_000)
    expect(form.status).to_have_text("The code had expired; here is a new one.")
    assert form.token() != old_token
    expect(form.field("Comment")).to_have_value("Long thought.")
    expect(form.code).not_to_be_focused()
    form.solve()
    form.post()
    expect(page.get_by_role("listitem")).to_have_text("Ada: Long thought.")


def test_a_code_that_is_being_typed_is_renewed_only_after_it_has_expired(stopped_page: Page, host: BareHost) -> None:
    page = stopped_page
    form = CommentForm(page, host.app)
    page.goto("/posts/1")
    old_token = form.token()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    form.code.fill("abc")
    page.clock.fast_forward((TTL - 5) * 1000)
    expect(form.status).to_be_empty()
    assert asked == []
    assert form.token() == old_token
    expect(form.code).to_have_value("abc")
    page.clock.fast_forward(46_000)
    expect(form.status).to_have_text("The code had expired; here is a new one.")
    expect(form.code).to_have_value("")


def test_a_hidden_page_requests_nothing_until_it_is_visible(stopped_page: Page, host: BareHost) -> None:
    page = stopped_page
    page.add_init_script("Object.defineProperty(document, 'hidden', { get: () => window.looksAway === true })")
    form = CommentForm(page, host.app)
    page.goto("/posts/1")
    old_token, asked = form.token(), []
    page.on("request", lambda request: asked.append(request.url))
    page.evaluate("window.looksAway = true")
    page.clock.fast_forward(10 * TTL * 1000)
    assert asked == []
    assert form.token() == old_token
    page.evaluate("window.looksAway = false; document.dispatchEvent(new Event('visibilitychange'))")
    expect(form.status).to_have_text("The code had expired; here is a new one.")
    assert form.token() != old_token


def test_an_expired_form_keeps_the_comment(visit: Visit, host: BareHost) -> None:
    form = visit()
    form.write(body="Slow.")
    form.solve()
    host.ahead = TTL + 60
    form.post()
    assert described_by(form.code).startswith("That code had expired.")
    form.solve()
    form.page.get_by_role("button", name="Send").click()
    expect(form.page.get_by_role("listitem")).to_have_text("Ada: Slow.")


def test_a_picture_that_cannot_be_loaded_is_replaced_automatically(visit: Visit, host: BareHost) -> None:
    form = visit()
    form.page.context.route("**/*.png", lambda route: route.fulfill(status=410), times=1)
    form.page.reload()
    expect(form.status).to_have_text("Here is a new code.")
    expect(form.picture).to_have_js_property("naturalWidth", 240)
    form.write(body="Seen.")
    form.solve()
    form.post()
    expect(form.page.get_by_role("listitem")).to_have_text("Ada: Seen.")


def test_without_an_answer_from_the_server_the_page_shows_a_message_and_still_works(visit: Visit) -> None:
    form = visit()
    old_token = form.token()
    form.page.route("**/captcha-guard/challenge", lambda route: route.fulfill(status=429, json={"detail": "Slowly."}))
    form.new_code.click()
    expect(form.status).to_have_text("Slowly.")
    assert form.token() == old_token
    form.page.unroute("**/captcha-guard/challenge")
    form.new_code.click()
    expect(form.status).to_have_text("Here is a new code.")


def test_a_double_click_stores_one_comment_and_shows_it(visit: Visit, host: BareHost) -> None:
    form = visit()
    form.write(body="Once.")
    form.solve()
    form.button.dblclick(delay=20)
    expect(form.page.get_by_role("listitem")).to_have_text("Ada: Once.")
    assert host.comments == [("Ada", "Once.")]


@pytest.mark.parametrize(("scale", "ending"), [(1, ".png"), (2, "@2x.png")])
def test_a_screen_gets_the_picture_in_its_own_resolution(
    new_page: NewPage, host: BareHost, scale: int, ending: str
) -> None:
    page = new_page(device_scale_factor=scale)
    fetched: list[str] = []
    page.on("request", lambda request: fetched.append(request.url.rsplit("/", 1)[-1]))
    form = CommentForm(page, host.app)
    page.goto("/posts/1")
    expect(form.picture).to_have_js_property("naturalWidth", 240)
    tokens = [form.token()]
    form.new_code.click()
    expect(form.status).to_have_text("Here is a new code.")
    expect(form.box).not_to_have_attribute("aria-busy", "true")
    tokens.append(form.token())
    assert [name for name in fetched if name.endswith(".png")] == [token + ending for token in tokens]

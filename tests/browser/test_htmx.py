"""Forms that the real htmx 2 sends: the form stays in the page with its text, and its field is renewed."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from .bare_host import BareHost
from .comment_form import CommentForm
from .conftest import NewPage
from .front_ends import make_front_ends

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser-htmx")]


@pytest.fixture
def host(tmp_path: Path, request: pytest.FixtureRequest) -> BareHost:
    return make_front_ends(tmp_path, getattr(request, "param", None))


def opened(new_page: NewPage, host: BareHost, name: str = "htmx") -> CommentForm:
    form = CommentForm(new_page(), host.app)
    form.page.goto(f"/pages/{name}")
    return form


@pytest.mark.parametrize("name", ["htmx", "boosted", "loaded", "loaded?no-assets"])
def test_a_wrong_code_shows_a_message_at_the_input_and_the_next_right_one_posts_the_kept_text(
    new_page: NewPage, host: BareHost, name: str
) -> None:
    form = opened(new_page, host, name)
    address = form.page.url
    form.be_refused_once("Not lost.")
    form.be_refused_once("Not lost at all.")
    expect(form.box).to_have_count(1)
    expect(form.picture).to_have_js_property("naturalWidth", 240)
    assert form.page.url == address
    form.solve()
    form.button.click()
    expect(form.page.get_by_role("listitem")).to_have_text("Ada: Not lost at all.")
    assert host.comments == [("Ada", "Not lost at all.")]
    assert form.page.title() == "A post"


def test_after_a_comment_the_form_has_a_new_code_for_the_next(new_page: NewPage, host: BareHost) -> None:
    form = opened(new_page, host)
    for body in ("The first.", "The second."):
        used = form.token()
        form.write(body=body)
        form.solve()
        form.button.click()
        expect(form.page.get_by_role("listitem").last).to_have_text(f"Ada: {body}")
        expect(form.page.locator('input[name="captcha_token"]')).not_to_have_value(used)
        expect(form.code).to_have_value("")
    assert len(host.comments) == 2


def test_a_double_click_posts_once_and_shows_no_refusal(new_page: NewPage, host: BareHost) -> None:
    form = opened(new_page, host)
    form.write(body="Once.")
    form.solve()
    form.button.dblclick(delay=20)
    expect(form.page.get_by_role("listitem")).to_have_text("Ada: Once.")
    expect(form.code).to_have_value("")
    expect(form.page.locator(".captcha-guard-answer, .captcha-guard__message")).to_have_count(0)
    assert host.comments == [("Ada", "Once.")]


def test_a_form_without_a_field_gets_one_before_its_button(new_page: NewPage, host: BareHost) -> None:
    form = opened(new_page, host, "htmx?no-field")
    form.write(body="No field.")
    form.button.click()
    expect(form.code).to_be_focused()
    form.page.keyboard.type(form.answer())
    form.page.keyboard.press("Tab")
    form.page.keyboard.press("Tab")
    expect(form.button).to_be_focused()
    form.page.keyboard.press("Enter")
    expect(form.page.get_by_role("listitem")).to_have_text("Ada: No field.")


@pytest.mark.parametrize("verb", ["post", "put", "delete"])
def test_a_button_outside_any_form_gets_a_field_after_it(new_page: NewPage, host: BareHost, verb: str) -> None:
    form = opened(new_page, host, f"button?verb={verb}")
    form.write(body="By a button.")
    form.button.click()
    expect(form.code).to_be_focused()
    form.code.fill("WRONG")
    form.button.click()
    expect(form.page.get_by_text("That was not the code.")).to_be_visible()
    form.solve()
    form.button.click()
    expect(form.page.get_by_role("listitem")).to_have_text("Ada: By a button.")
    expect(form.box).to_have_count(0)


@pytest.mark.parametrize(
    "host", [{"CAPTCHA_GUARD_MODE": "suspicious", "CAPTCHA_GUARD_COMMENT_LIMITS": "9 per hour"}], indirect=True
)
def test_a_form_that_shows_no_picture_gets_one_when_the_text_is_unusual(new_page: NewPage, host: BareHost) -> None:
    form = opened(new_page, host)
    for body in ("Harmless.", "Harmless, too."):
        used = form.token()
        form.write(body=body)
        form.button.click()
        expect(form.page.get_by_role("listitem").last).to_have_text(f"Ada: {body}")
        expect(form.page.locator('input[name="captcha_token"]')).not_to_have_value(used)
    text = "See http://a.example/1 and http://b.example/2 and http://c.example/3"
    form.write(body=text)
    form.button.click()
    expect(form.code).to_be_focused()
    expect(form.field("Comment")).to_have_value(text)
    expect(form.page.locator('input[name="captcha_token"]')).to_have_count(1)
    form.solve()
    form.button.click()
    expect(form.page.get_by_role("listitem").last).to_have_text(f"Ada: {text}")


@pytest.mark.parametrize("host", [{"CAPTCHA_GUARD_COMMENT_LIMITS": "1 per hour"}], indirect=True)
def test_a_limits_message_is_below_the_form_which_keeps_text_and_code(new_page: NewPage, host: BareHost) -> None:
    form = opened(new_page, host)
    form.write(body="The first.")
    form.solve()
    used = form.token()
    form.button.click()
    expect(form.page.locator('input[name="captcha_token"]')).not_to_have_value(used)
    form.write(body="The second.")
    form.solve()
    token, answer = form.token(), form.answer()
    for _ in range(2):
        form.button.click()
        expect(form.page.get_by_role("heading", name="Not posted")).to_have_count(1)
        expect(form.page.get_by_role("alert")).to_be_visible()
        expect(form.field("Comment")).to_have_value("The second.")
        expect(form.code).to_have_value(answer)
    assert form.token() == token


def test_after_a_view_refuses_another_field_no_second_code_is_needed(new_page: NewPage, host: BareHost) -> None:
    form = opened(new_page, host)
    form.write(author=" ", body="Who was it?")
    form.solve()
    form.button.click()
    expect(form.page.get_by_text("Security code accepted.")).to_be_visible()
    expect(form.code).to_have_count(0)
    form.write(body="Who was it?")
    form.button.click()
    expect(form.page.get_by_role("listitem")).to_have_text("Ada: Who was it?")


def test_the_hosts_own_page_for_a_refusal_is_shown_at_the_forms_target(new_page: NewPage, host: BareHost) -> None:
    form = CommentForm(new_page(), host.app)
    form.page.goto("/own-form")
    form.write(body="Not lost.")
    form.code.fill("WRONG")
    form.button.click()
    expect(form.code).to_be_focused()
    expect(form.page.get_by_role("textbox", name="Comment")).to_have_value("Not lost.")
    form.solve()
    form.button.click()
    expect(form.page.get_by_text("Thank you.")).to_be_visible()
    assert host.comments == [("Ada", "Not lost.")]


def test_errors_of_the_host_are_not_changed(browser: Browser, url: str, host: BareHost) -> None:
    form = CommentForm(browser.new_page(base_url=url), host.app)
    form.page.route("**/comments", lambda route: route.fulfill(status=422, body="<li>Not ours.</li>"))
    form.page.goto("/pages/htmx")
    form.write(body="x")
    form.solve()
    with form.page.expect_event("console", lambda message: "Response Status Error Code 422" in message.text):
        form.button.click()
    expect(form.page).to_have_title("The host saw an error")
    expect(form.page.get_by_role("listitem")).to_have_count(0)
    form.page.close()

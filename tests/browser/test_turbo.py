"""Pages built by the real Turbo 8: its forms, its cached pages for the Back button, and its frames."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from .bare_host import BareHost
from .comment_form import CommentForm
from .conftest import NewPage
from .front_ends import make_front_ends

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser-turbo")]

TOKENS = 'input[name="captcha_token"]'


@pytest.fixture
def host(tmp_path: Path, request: pytest.FixtureRequest) -> BareHost:
    return make_front_ends(tmp_path, getattr(request, "param", None))


def opened(new_page: NewPage, host: BareHost, name: str = "turbo") -> CommentForm:
    form = CommentForm(new_page(), host.app)
    form.page.goto(f"/pages/{name}")
    form.page.evaluate("window.stillHere = true")
    return form


def still_here(form: CommentForm) -> bool:
    return form.page.evaluate("window.stillHere === true") is True


@pytest.mark.parametrize("host", [{}, {"STREAMS": True}], ids=["redirect", "stream"], indirect=True)
@pytest.mark.parametrize("name", ["turbo", "turbo?no-field", "turbo?no-assets"])
def test_after_a_wrong_code_the_right_one_posts_the_text_to_the_same_address(
    new_page: NewPage, host: BareHost, name: str
) -> None:
    form = opened(new_page, host, name)
    form.write(body="Not lost.")
    if "no-field" not in name:
        form.code.fill("WRONG")
    form.button.click()
    expect(form.page.get_by_role("heading", name="One more step")).to_be_visible()
    assert still_here(form)
    expect(form.code).to_be_focused()
    asked = CommentForm(form.page, host.app, button="Send")
    used = asked.token()
    asked.new_code.click()
    expect(form.page.locator(TOKENS)).not_to_have_value(used)
    asked.solve()
    asked.button.click()
    expect(form.page.get_by_role("listitem")).to_have_text("Ada: Not lost.")
    assert host.comments == [("Ada", "Not lost.")]


@pytest.mark.parametrize("name", ["turbo", "turbo?no-assets"])
def test_back_to_a_cached_page_renews_its_code_and_new_code_works(new_page: NewPage, host: BareHost, name: str) -> None:
    form = opened(new_page, host, name)
    form.write(body="Half a thought.")
    used = form.token()
    form.page.get_by_role("link", name="Elsewhere").click()
    expect(form.page.get_by_role("heading", name="Elsewhere")).to_be_visible()
    form.page.go_back()
    expect(form.status).to_have_text("Here is a new code.")
    assert still_here(form)
    expect(form.page.locator(TOKENS)).not_to_have_value(used)
    expect(form.field("Comment")).to_have_value("Half a thought.")
    renewed = form.token()
    asked: list[str] = []
    form.page.on("request", lambda request: asked.append(request.url.rpartition("/")[2]))
    form.new_code.click()
    expect(form.page.locator(TOKENS)).not_to_have_value(renewed)
    assert asked.count("challenge") == 1
    expect(form.field("Comment")).to_have_value("Half a thought.")
    form.solve()
    form.button.click()
    expect(form.page.get_by_role("listitem")).to_have_text("Ada: Half a thought.")


def test_a_second_click_before_the_next_page_is_shown_posts_nothing(new_page: NewPage, host: BareHost) -> None:
    form = opened(new_page, host)
    form.write(body="Once.")
    form.solve()
    form.page.evaluate("""() => {
        const again = () => document.querySelector("form button:not([type])").click();
        document.addEventListener("turbo:submit-end", again, { once: true });
    }""")
    posted: list[str] = []
    form.page.on("request", lambda request: posted.append(request.url) if request.method == "POST" else None)
    form.button.click()
    expect(form.page.get_by_role("listitem")).to_have_text("Ada: Once.")
    assert len(posted) == 1


def test_a_form_that_could_not_be_sent_is_sent_by_the_next_click(browser: Browser, url: str, host: BareHost) -> None:
    form = opened(lambda: browser.new_page(base_url=url), host)
    form.write(body="Sent at last.")
    form.solve()
    form.page.route("**/comments", lambda route: route.abort("blockedbyclient"), times=1)
    form.page.evaluate("addEventListener('turbo:submit-end', () => { document.title = 'Not sent' }, { once: true })")
    form.button.click()
    expect(form.page).to_have_title("Not sent")
    form.button.click()
    expect(form.page.get_by_role("listitem")).to_have_text("Ada: Sent at last.")
    form.page.close()


def test_a_form_in_a_frame_is_completed_in_its_frame(new_page: NewPage, host: BareHost) -> None:
    form = opened(new_page, host, "frame")
    form.write(body="Framed.")
    form.code.fill("WRONG")
    form.button.click()
    frame = form.page.locator("turbo-frame#thread")
    expect(frame.get_by_role("heading", name="One more step")).to_be_visible()
    expect(form.page.get_by_role("heading", name="A post")).to_be_visible()
    expect(form.code).to_be_focused()
    asked = CommentForm(form.page, host.app, button="Send")
    asked.code.fill("WRONG")
    asked.button.click()
    expect(asked.code).to_have_value("")
    expect(frame.get_by_text("Framed.")).to_be_visible()
    asked.solve()
    asked.button.click()
    expect(form.button).to_be_visible()
    assert still_here(form)
    assert host.comments == [("Ada", "Framed.")]


def test_a_page_that_turbo_morphs_can_still_get_a_new_code(new_page: NewPage, host: BareHost) -> None:
    page = new_page()
    page.goto("/pages/turbo")
    page.evaluate(
        "document.head.insertAdjacentHTML('beforeend', '<meta name=turbo-refresh-method content=morph>');"
        "document.querySelector('captcha-guard').marked = true"
    )
    token = page.locator('input[name="captcha_token"]')
    used = token.input_value()
    page.evaluate("Turbo.visit(location.href, { action: 'replace' })")
    expect(token).not_to_have_value(used)
    assert page.evaluate("document.querySelector('captcha-guard').marked"), "Turbo has replaced the element"
    expect(page.get_by_label("Enter Security Code")).to_have_js_property("required", True)
    used = token.input_value()
    page.get_by_text("New code", exact=True).click()
    expect(token).not_to_have_value(used)

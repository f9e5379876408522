"""The element ``<captcha-guard>`` when its page or the server does something unusual."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import render_template_string, request
from playwright.sync_api import Page, expect

from captcha_guard import CaptchaGuard
from captcha_guard.testing import solve
from tests.integration.host_blog import make_app

from .bare_host import BareHost
from .conftest import NewPage

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser-inserted")]

PAGE = """<!doctype html>
<html lang="en">
<head><title>A post</title>{{ captcha_guard_assets() }}</head>
<body>
<form><textarea name="body"></textarea>
<captcha-guard src="/captcha-guard" scope="comment"><p>The code isn't shown here now.</p></captcha-guard>
</form>
</body>
</html>
"""

CHALLENGE = "**/captcha-guard/challenge"

#: What a script that posts JSON does, see docs/front-ends.md.
SEND = """async (body) => {
  const guard = document.querySelector("captcha-guard");
  const headers = { "Content-Type": "application/json", Accept: "application/json", ...guard.headers };
  return guard.settle(await fetch("/comments", { method: "POST", headers, body: JSON.stringify({ body }) }));
}"""


@pytest.fixture
def host(tmp_path: Path) -> BareHost:
    app = make_app(tmp_path, {})
    guard = CaptchaGuard(app)
    host = BareHost(app)

    @app.get("/")
    def post() -> str:
        return render_template_string(PAGE)

    @app.post("/comments")
    @guard.protect(scope="comment", moderated=True)
    def comment() -> tuple[dict[str, str], int]:
        host.comments.append((str(guard.verdict.held), request.get_json()["body"]))
        return {}, 201

    return host


@pytest.fixture
def page(new_page: NewPage) -> Page:
    return new_page()


@pytest.mark.parametrize("answer", ["{}", "[]", '"text"', "null", '{"error": "not found"}', "<p>Please log in</p>"])
def test_an_address_that_answers_with_something_else_shows_the_text_of_the_page(page: Page, answer: str) -> None:
    errors: list[object] = []
    page.on("pageerror", lambda error: errors.append(error))  # noqa: PLW0108 - Playwright marks the function
    page.route(CHALLENGE, lambda route: route.fulfill(body=answer, content_type="application/json"), times=1)
    page.goto("/")
    expect(page.get_by_text("The code isn't shown here now.")).to_be_visible()
    page.evaluate("window.dispatchEvent(new Event('online'))")
    expect(page.get_by_label("Enter Security Code")).to_be_visible()
    assert errors == []


def test_an_answer_without_a_code_leaves_the_code_that_is_shown(page: Page) -> None:
    page.goto("/")
    expect(page.get_by_label("Enter Security Code")).to_be_visible()
    token = page.locator('[name="captcha_token"]').input_value()
    page.route(CHALLENGE, lambda route: route.fulfill(body="{}", content_type="application/json"), times=1)
    page.get_by_text("New code", exact=True).click()
    expect(page.get_by_role("status")).to_have_text("The server didn't send a new code. Please try again in a moment.")
    assert page.locator('[name="captcha_token"]').input_value() == token


def test_an_element_that_was_removed_while_it_loaded_asks_for_no_more_codes(page: Page) -> None:
    asked: list[str] = []
    page.clock.install()
    page.on("request", lambda sent: asked.append(sent.url) if sent.url.endswith("/challenge") else None)
    page.route(
        CHALLENGE, lambda route: (page.evaluate("removed = document.forms[0]; removed.remove()"), route.continue_())
    )
    page.goto("/")
    page.wait_for_function("window.removed?.querySelector('.captcha-guard__input')")
    page.clock.run_for(3600_000)
    page.evaluate("fetch('/')")
    assert len(asked) == 1
    page.unroute(CHALLENGE)
    page.evaluate("document.body.append(removed)")
    page.clock.run_for(1000)
    expect(page.get_by_role("status")).to_have_text("The code had expired; here is a new one.")
    assert len(asked) == 2


def test_after_the_last_comment_without_a_code_the_typed_code_counts(page: Page, host: BareHost) -> None:
    page.goto("/")
    box, code = page.get_by_label("Send to the moderator"), page.get_by_label("Enter Security Code")
    for number in range(3):
        box.check()
        assert page.evaluate(SEND, f"Part {number} is good.")
    box.check()
    assert not page.evaluate(SEND, "A fourth part is missing.")
    expect(page.get_by_text("No more comments can be sent without a code today.")).to_be_visible()
    expect(box).not_to_be_checked()
    expect(code).to_have_js_property("required", True)
    code.fill(solve(host.app, page.locator('[name="captcha_token"]').input_value()))
    assert page.evaluate(SEND, "A fourth part is missing.")
    assert host.comments[-1] == ("False", "A fourth part is missing.")


def test_another_language_of_the_element_or_of_its_page_fetches_the_field_in_it(page: Page) -> None:
    page.goto("/")
    expect(page.get_by_label("Enter Security Code")).to_be_visible()
    field = page.locator("[slot=field]")
    page.evaluate("document.querySelector('captcha-guard').lang = 'ar'")
    expect(field).to_have_attribute("lang", "ar")
    expect(field).to_have_attribute("dir", "rtl")
    page.evaluate(
        "document.documentElement.lang = 'de'; document.querySelector('captcha-guard').removeAttribute('lang')"
    )
    expect(field).to_have_attribute("lang", "de")
    page.get_by_text("Neuer Code", exact=True).click()
    expect(page.get_by_role("status")).not_to_have_text("")

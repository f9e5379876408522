"""The Back button after posting: the typed text is kept, and at most one more code is needed."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from .back_browser import CACHED, browser
from .bare_host import BareHost
from .comment_form import CommentForm
from .conftest import Visit

__all__ = ["browser"]

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser-back")]


@pytest.fixture
def arrive(visit: Visit) -> Visit:
    """Open the post at another address, because Chromium never caches a page that links to its own address."""

    def follow_a_link(**options: bool) -> CommentForm:
        form = visit(**options)
        form.page.goto("/posts/1?from=feed")
        return form

    return follow_a_link


def go_back(page: Page) -> None:
    """Press the Back button. A cached page doesn't load, so nothing waits for that."""
    page.go_back(wait_until="commit")


def test_back_after_posting_shows_the_typed_text_and_a_second_comment_is_accepted(
    arrive: Visit, request: pytest.FixtureRequest
) -> None:
    form = arrive()
    form.page.evaluate("window.stillHere = true")
    used = form.token()
    form.write(body="The first.")
    form.solve()
    form.post()
    expect(form.page.get_by_role("listitem")).to_have_text("Ada: The first.")
    go_back(form.page)
    expect(form.status).to_have_text("Here is a new code.")
    assert (form.page.evaluate("window.stillHere") is True) == (CACHED in request.node.name)
    assert form.token() != used
    expect(form.field("Comment")).to_have_value("The first.")
    expect(form.code).to_have_value("")
    form.field("Comment").fill("The second.")
    form.solve()
    form.post()
    expect(form.page.get_by_role("listitem")).to_have_text(["Ada: The first.", "Ada: The second."])


def test_back_after_a_wrong_code_shows_the_form_as_it_was(arrive: Visit) -> None:
    form = arrive()
    form.write(body="Not lost.")
    form.code.fill("WRONG")
    form.post()
    expect(form.page.get_by_role("heading", name="One more step")).to_be_visible()
    go_back(form.page)
    expect(form.status).to_have_text("Here is a new code.")
    expect(form.field("Name")).to_have_value("Ada")
    expect(form.field("Comment")).to_have_value("Not lost.")
    form.field("Comment").fill("Not lost at all.")
    form.solve()
    form.post()
    expect(form.page.get_by_role("listitem")).to_have_text("Ada: Not lost at all.")


def test_back_without_javascript_needs_at_most_one_more_code(arrive: Visit, host: BareHost) -> None:
    form = arrive(java_script_enabled=False)
    form.write(body="Plain, the first.")
    form.solve()
    form.post()
    expect(form.page.get_by_role("listitem")).to_have_text("Ada: Plain, the first.")
    go_back(form.page)
    expect(form.field("Comment")).to_have_value("Plain, the first.")
    form.field("Comment").fill("Plain, the second.")
    form.code.fill("ABCDE")
    form.post()
    expect(form.page.get_by_text("That code has already been used.")).to_be_visible()
    form = CommentForm(form.page, host.app, button="Send")
    form.solve()
    form.post()
    expect(form.page.get_by_role("listitem")).to_have_text(["Ada: Plain, the first.", "Ada: Plain, the second."])

"""Back and Forward through every page that can follow a POST: each is shown again, with the typed text."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from .back_browser import browser
from .back_host import WAYS, make_back_host
from .bare_host import BareHost
from .comment_form import CommentForm
from .conftest import NewPage

__all__ = ["browser"]

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser-back")]

TEXT = "Not lost, whatever I press."


@pytest.fixture
def host(tmp_path: Path, request: pytest.FixtureRequest) -> BareHost:
    return make_back_host(tmp_path, getattr(request, "param", "100 per hour"))


def heading(page: Page) -> str:
    """Return the page's heading. The browser's own page about resubmission has another one."""
    return page.get_by_role("heading", level=1).inner_text(timeout=5000)


def move(page: Page, step: Callable[..., object], to: str) -> None:
    step(wait_until="commit")
    expect(page.get_by_role("heading", level=1)).to_have_text(to)


def post(page: Page, app: object, *, code: str | None, button: str) -> None:
    form = CommentForm(page, app, button=button)  # type: ignore[arg-type]
    form.code.fill(form.answer() if code is None else code)
    form.post()


def assert_holds(page: Page, text: str) -> None:
    """Check that the page has the text, in its form or as plain text."""
    held = page.evaluate("[...document.querySelectorAll('textarea, input, pre')].map(e => e.value || e.textContent)")
    assert text in held


@pytest.mark.parametrize(("script", "photo"), [(True, True), (False, False)])
@pytest.mark.parametrize("way", WAYS)
def test_each_page_on_the_way_to_the_right_code_is_shown_again(
    host: BareHost, new_page: NewPage, way: str, script: bool, photo: bool
) -> None:
    page = new_page(java_script_enabled=script)
    asks, button = ("One more step", "Send") if way == "/plain" else ("Once more", "Post comment")
    page.goto(f"{way}?from=feed")
    page.get_by_label("Name").fill("Ada")
    page.get_by_label("Comment").fill(TEXT)
    for code, pressed in (("WRONG", "Post comment"), ("WRONG", button), (None, button)):
        if photo:
            chooser = page.get_by_label("photo")
            expect(chooser).to_have_attribute("accept", "image/*")
            chooser.set_input_files({"name": "a.png", "mimeType": "image/png", "buffer": b"x" * 5000})
        post(page, host.app, code=code, button=pressed)
    assert host.posted == [{"photo": ["a.png" if photo else ""]}]
    way_there = ["Write", asks, asks, "Thanks"]
    assert heading(page) == way_there[-1]
    assert host.comments == [("Ada", TEXT)]
    for expected in way_there[-2::-1]:
        move(page, page.go_back, expected)
        assert_holds(page, TEXT)
    for expected in way_there[1:]:
        move(page, page.go_forward, expected)
    assert host.comments == [("Ada", TEXT)]


REFUSED = {403: "An unspeakable comment.", 409: "Said before, word for word.", 413: "x" * 70_000, 429: "One too many."}


@pytest.mark.parametrize("host", ["2 per hour"], indirect=True)
@pytest.mark.parametrize("status", REFUSED)
@pytest.mark.parametrize("way", WAYS)
def test_each_page_that_refuses_is_shown_again(host: BareHost, new_page: NewPage, way: str, status: int) -> None:
    page = new_page()
    for number in range(2 if status == 429 else 0):
        comment(page, host, way, f"Comment {number} of these.")
    if status == 409:
        comment(page, host, way, REFUSED[status])
    with page.expect_response(lambda answer: answer.request.method == "POST") as answered:
        comment(page, host, way, REFUSED[status])
    assert answered.value.status == status
    refused = heading(page)
    assert_holds(page, REFUSED[status])
    page.goto("/elsewhere")
    move(page, page.go_back, refused)
    assert_holds(page, REFUSED[status])
    move(page, page.go_back, "Write")
    assert_holds(page, REFUSED[status])
    move(page, page.go_forward, refused)
    move(page, page.go_forward, "Elsewhere")


def comment(page: Page, host: BareHost, way: str, body: str) -> None:
    page.goto(f"{way}?from=feed")
    page.get_by_label("Name").fill("Ada")
    page.get_by_label("Comment").fill(body)
    post(page, host.app, code=None, button="Post comment")

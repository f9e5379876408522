"""A visitor without a mouse, who finds all controls by their roles and names, posts comments in two languages."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

import pytest
from playwright.sync_api import Locator, Page, expect

from .matrix_fixtures import host, new_page, served_host, watch
from .matrix_host import MatrixHost
from .matrix_visitor import Visitor
from .watch import Watch

__all__ = ["host", "new_page", "served_host", "watch"]

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser-matrix")]

#: The direction of each language, and the letters of all its texts.
LANGUAGES: Final = {"en": ("ltr", "[A-Za-z]"), "ar": ("rtl", "[\u0621-\u064a]")}


def named(page: Page, role: str) -> Locator:
    """Return the only control with this role in the field, found again by the name in the accessibility tree."""
    tree = page.locator("captcha-guard").aria_snapshot()
    (name,) = re.findall(rf"- '?{role} \"([^\"]+)\"", tree)
    return page.get_by_role(role, name=name, exact=True)  # type: ignore[arg-type]


def tab_to(wanted: Locator) -> None:
    """Press Tab until the control has the focus."""
    for _ in range(15):
        wanted.page.keyboard.press("Tab")
        if wanted.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError(f"Tab doesn't reach {wanted}")


def by_picture(visitor: Visitor, letters: str) -> None:
    """Type a wrong code first, then the right one on the next page."""
    page = visitor.page
    for code in ("WRONG", None):
        picture, box = named(page, "img"), named(page, "textbox")
        for control in (picture, box, named(page, "button")):
            expect(control).to_have_accessible_name(re.compile(letters))
        expect(box).to_have_accessible_description(re.compile(letters))
        if code is not None:
            tab_to(box)
        expect(box).to_be_focused()
        page.keyboard.type(code or visitor.answer())
        page.keyboard.press("Enter")
        if code is not None:
            expect(page.get_by_role("heading", level=1, name=re.compile(letters))).to_be_visible()
            expect(page.get_by_role("textbox")).to_have_attribute("aria-invalid", "true")


def by_sound(visitor: Visitor, letters: str) -> None:
    page = visitor.page
    part = page.get_by_role("group")
    page.keyboard.press("Tab")
    assert part.evaluate("part => part.firstElementChild === document.activeElement")
    assert re.search(letters, part.inner_text())
    page.keyboard.press("Enter")
    expect(page.locator("audio")).to_have_js_property("readyState", 4)
    expect(page.get_by_role("link", name=re.compile(letters)).last).to_be_visible()
    tab_to(named(page, "textbox"))
    page.keyboard.type(visitor.answer("sound"))
    page.keyboard.press("Enter")


def by_moderator(visitor: Visitor, letters: str) -> None:
    page = visitor.page
    box = named(page, "checkbox")
    expect(box).to_have_accessible_name(re.compile(letters))
    tab_to(box)
    page.keyboard.press("Space")
    expect(box).to_be_checked()
    tab_to(page.get_by_role("button", name="Post comment"))
    page.keyboard.press("Enter")


@pytest.fixture
def visitor(host: MatrixHost, new_page: Callable[..., Page], language: str) -> Visitor:
    return Visitor(new_page(locale=language), host, "moderated/plain", "By keys alone.")


@pytest.mark.parametrize("way", [by_picture, by_sound, by_moderator])
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_comment_is_posted_with_the_keyboard_and_the_accessibility_tree(
    visitor: Visitor, host: MatrixHost, watch: Watch, language: str, way: Callable[[Visitor, str], None]
) -> None:
    page, (direction, letters) = visitor.page, LANGUAGES[language]
    page.goto("/moderated/plain")
    expect(page.locator(f"captcha-guard[lang={language}][dir={direction}]")).to_have_count(1)
    page.get_by_role("link").focus()
    for typed in ("Ada", visitor.text):
        page.keyboard.press("Tab")
        page.keyboard.type(typed)
    way(visitor, letters)
    visitor.sees_comment()
    assert host.comments == [("Ada", visitor.text)]
    assert watch.complaints == []

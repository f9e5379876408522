"""Every state works with a screen reader, on a phone, in dark mode, from right to left and without our stylesheet."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

import captcha_guard
from captcha_guard.web.language import text

from .axe import COLOURS, violations
from .comment_form import CommentForm
from .conftest import Visit
from .server import served
from .state_host import make_state_host
from .states import ANSWER, STATES, Visitor

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser-accessibility")]

STYLESHEET = (Path(captcha_guard.__file__).parent / "static/captcha_guard.css").read_text()

HONEYPOT = 'input[tabindex="-1"][autocomplete="off"]'

CONTROLS = "captcha-guard :is(input:not([type=hidden]), button, summary, a, audio), .captcha-guard__send, [type=file]"

#: Controls that are smaller than 24 x 24 px (WCAG 2.5.8). The honeypot isn't visible.
SMALL = f"""[...document.querySelectorAll(`{CONTROLS}`)]
    .filter((control) => control.checkVisibility() && !control.closest(".captcha-guard__extra, form > p:not([class])"))
    .map((control) => [control.outerHTML.slice(0, 80), control.getBoundingClientRect()])
    .filter(([, {{ width, height }}]) => width < 24 || height < 24)"""

#: The states after a typed code that was wrong. In all others the visitor has made no mistake in the input.
MISTAKES = {"wrong", "wrong_moderated", "wrong_in_own_page", "files"}

RIGHT_TO_LEFT = ["moderated", "sound_opened", "first_request", "wrong_moderated", "files", "refused", "duplicate"]


@pytest.fixture
def visitor(tmp_path: Path, browser: Browser) -> Iterator[Callable[..., Visitor]]:
    """Open a page on a host that no other visitor has used, e.g. ``visitor(locale="ar")``."""
    host = make_state_host(tmp_path)
    with ExitStack() as stack:
        address = stack.enter_context(served(host.app))

        def enter(**options: Any) -> Visitor:
            context = browser.new_context(base_url=address, viewport={"width": 320, "height": 640}, **options)
            stack.callback(context.close)
            return Visitor(context.new_page(), host)

        yield enter


@pytest.mark.parametrize("name", STATES)
def test_every_state_follows_the_rules(visitor: Callable[..., Visitor], name: str) -> None:
    """One test for all rules, because opening the state takes the most time."""
    one = visitor()
    page = one.page
    STATES[name](one)
    page.emulate_media(color_scheme="light")
    assert violations(page) == []
    assert page.evaluate(SMALL) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert (page.locator('[aria-invalid="true"]').count() == 1) == (name in MISTAKES)
    page.emulate_media(color_scheme="dark")
    assert violations(page, COLOURS) == []


@pytest.mark.parametrize("name", RIGHT_TO_LEFT)
def test_every_part_is_right_to_left_in_arabic_except_the_code(visitor: Callable[..., Visitor], name: str) -> None:
    one = visitor(locale="ar")
    page = one.page
    STATES[name](one)
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    ours = page.locator("html[dir=rtl] main.captcha-guard-page__main, html:not([dir]) captcha-guard[dir=rtl]")
    expect(ours).to_have_count(1)
    expect(page.locator("[dir=rtl]").first).to_have_attribute("lang", "ar")
    if (code := page.locator(ANSWER)).count():
        expect(code).to_have_css("direction", "ltr")
        box, field = code.bounding_box(), page.locator("captcha-guard").bounding_box()
        assert box is not None
        assert field is not None
        assert abs((box["x"] + box["width"]) - (field["x"] + field["width"])) <= 1


@pytest.mark.parametrize(
    ("locale", "hint"),
    [
        ("ja", "You hear digits in English. Type them instead of the code in the picture."),
        ("fr", "You hear digits. Type them instead of the code in the picture."),
    ],
)
def test_a_sound_in_another_language_than_the_page_says_so(
    visitor: Callable[..., Visitor], locale: str, hint: str
) -> None:
    one = visitor(locale=locale)
    one.page.goto("/plain")
    with one.host.app.test_request_context(headers={"Accept-Language": locale}):
        expect(one.page.locator("details p")).to_contain_text(text(hint))


def test_a_hint_at_the_input_names_every_way_in(visitor: Callable[..., Visitor]) -> None:
    one = visitor()
    one.page.goto("/moderated")
    expect(one.page.locator(ANSWER)).to_have_accessible_description(
        "Upper or lower case doesn't matter. You can type the code in the picture or the digits that you hear. "
        "If neither works for you, tick the box below."
    )
    one.page.goto("/plain")
    expect(one.page.locator(ANSWER)).to_have_accessible_description(
        "Upper or lower case doesn't matter. You can type the code in the picture or the digits that you hear."
    )


def test_the_first_request_for_a_code_does_not_look_like_an_error(visitor: Callable[..., Visitor]) -> None:
    one = visitor()
    STATES["first_request"](one)
    message = one.page.locator(".captcha-guard__message")
    expect(message).to_have_css("border-inline-start-width", "0px")
    expect(message).to_have_css("font-weight", "400")
    expect(one.page.get_by_role("alert")).to_have_count(0)
    expect(one.page.locator(ANSWER)).to_be_focused()


@pytest.mark.parametrize("reset", ["", "*, *:focus { outline: none; }", "input:focus-visible { outline: 0 none; }"])
def test_the_focus_is_visible_on_every_control(visitor: Callable[..., Visitor], reset: str) -> None:
    """On a page that removes all outlines, too."""
    one = visitor()
    one.page.goto("/moderated")
    one.page.evaluate(
        """reset => {
        const sheet = new CSSStyleSheet();
        sheet.replaceSync(reset);
        document.adoptedStyleSheets = [sheet];
    }""",
        reset,
    )
    one.page.locator("summary").click()
    one.page.locator('[name="photo"]').focus()
    seen = set()
    for _ in range(14):
        one.page.keyboard.press("Tab")
        control = one.page.locator("captcha-guard :focus")
        if control.count():
            seen.add(control.evaluate("control => control.type || control.localName"))
            expect(control).to_have_css("outline", "rgb(61, 125, 224) solid 3px")
    assert seen == {"summary", "audio", "a", "text", "button", "checkbox"}


def test_the_colours_of_the_focus_and_of_borders_stand_out_on_white_and_on_near_black() -> None:
    for colour in ("#3d7de0", "#d93a30", "#80858b"):
        assert colour in STYLESHEET
        for ground in ("#ffffff", "#17181a"):
            assert contrast(colour, ground) >= 3


def test_with_forced_colours_the_focus_has_the_visitors_colour_and_nothing_is_faded(
    visitor: Callable[..., Visitor],
) -> None:
    one = visitor(forced_colors="active")
    STATES["wrong"](one)
    chosen = one.page.evaluate(
        "() => { const box = document.createElement('i'); box.style.color = 'Highlight'; document.body.append(box);"
        " return getComputedStyle(box).color; }"
    )
    expect(one.page.locator(ANSWER)).to_have_css("outline-color", chosen)
    one.page.locator("captcha-guard").evaluate("field => field.setAttribute('aria-busy', 'true')")
    expect(one.page.locator(".captcha-guard__picture")).to_have_css("opacity", "1")


def test_nothing_moves_and_no_direction_is_fixed() -> None:
    assert not re.search(r"animation|transition|smooth", STYLESHEET)
    assert not re.search(r"(margin|padding|border)-(left|right)|text-align: (left|right)|float:", STYLESHEET)


def test_a_printed_page_has_the_text_without_the_code(visitor: Callable[..., Visitor]) -> None:
    one = visitor()
    STATES["wrong"](one)
    one.page.emulate_media(media="print")
    expect(one.page.locator("captcha-guard")).to_be_hidden()
    expect(one.page.locator(".captcha-guard__send")).to_be_hidden()
    expect(one.page.get_by_text("It has two lines.")).to_be_visible()


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours (WCAG 2.2, relative luminance)."""

    def luminance(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    darker, lighter = sorted(map(luminance, (one, other)))
    return (lighter + 0.05) / (darker + 0.05)


def without_our_stylesheet(form: CommentForm) -> None:
    """Load the page again without the stylesheet."""
    form.page.route("**/*.css", lambda route: route.fulfill(body="", content_type="text/css"))
    form.page.reload()


def test_axe_finds_nothing_wrong_without_our_stylesheet(visit: Visit) -> None:
    form = visit()
    without_our_stylesheet(form)
    assert violations(form.page, {"resultTypes": ["violations"]}) == []


@pytest.mark.parametrize(("height", "picture"), [(640, 1.0), (256, 0.4)])
def test_after_a_refusal_the_input_is_in_view_and_the_picture_above_it(
    visit: Visit, height: int, picture: float
) -> None:
    """A window of 1280 x 1024 px has 320 x 256 px at a zoom of 400 %. The message alone needs three lines there."""
    form = visit(viewport={"width": 320, "height": height})
    form.write(body="A comment.\nTwo lines.")
    form.code.fill("WRONG")
    form.post()
    expect(form.code).to_be_focused()
    expect(form.code).to_be_in_viewport(ratio=1)
    expect(form.page.get_by_text("That was not the code.")).to_be_in_viewport(ratio=1)
    expect(form.picture).to_be_in_viewport(ratio=picture)


@pytest.mark.parametrize("typed", ["{0} {1}", " {0}  {1} ", "{0}\n{1}", "{0} / {1}"])
def test_a_code_is_accepted_with_any_separator_of_its_rows(visit: Visit, typed: str) -> None:
    form = visit()
    form.write(body="In two rows.")
    code = form.answer()
    form.code.focus()
    form.page.keyboard.insert_text(typed.format(code[:3], code[3:]))
    form.post()
    expect(form.page.get_by_role("listitem")).to_have_text("Ada: In two rows.")


def test_a_code_that_is_typed_with_spaces_between_all_symbols_fits_the_input(visit: Visit) -> None:
    form = visit()
    form.write(body="Spaced out.")
    form.code.press_sequentially("   ".join(form.answer()))
    form.post()
    expect(form.page.get_by_role("listitem")).to_have_text("Ada: Spaced out.")


def test_the_field_is_read_as_a_picture_a_labelled_input_and_a_button(visit: Visit) -> None:
    form = visit()
    expect(form.page.locator("[data-captcha-guard]")).to_match_aria_snapshot("""
        - 'img "Security code: the letters and digits to type in the field below"'
        - group: Listen to a code instead
        - text: Enter Security Code
        - textbox "Enter Security Code"
        - button "New code"
        - paragraph: /Upper or lower case doesn't matter. You can type/
        - status
    """)
    for name in ("autocomplete", "autocorrect", "autocapitalize"):
        expect(form.code).to_have_attribute(name, "off")
    expect(form.code).to_have_attribute("spellcheck", "false")


def test_only_programs_see_the_honeypot(visit: Visit) -> None:
    form = visit()
    honeypot = form.page.locator(HONEYPOT)
    assert "leave this field empty" not in form.page.locator("form").aria_snapshot().lower()
    expect(form.page.get_by_role("textbox")).to_have_count(4)
    around = form.page.locator(".captcha-guard__extra").bounding_box()
    assert around is not None
    assert (around["width"], around["height"]) == (1, 1)
    form.field("Name").focus()
    for _ in range(8):
        form.page.keyboard.press("Tab")
        expect(honeypot).not_to_be_focused()


def test_no_style_of_the_host_shows_the_honeypot(visit: Visit) -> None:
    form = visit()
    form.page.evaluate("""() => {
        const sheet = new CSSStyleSheet();
        sheet.replaceSync(`main .captcha-guard div, main .captcha-guard input { position: static; width: 100%;
            height: auto; margin: 1em 0; padding: 1em; border: 1px solid; overflow: visible; clip-path: none; }`);
        document.adoptedStyleSheets = [sheet];
    }""")
    around = form.page.locator(".captcha-guard__extra").bounding_box()
    assert around is not None
    assert (around["width"], around["height"]) == (1, 1)


def test_autofill_leaves_the_honeypot_and_the_code_empty(visit: Visit) -> None:
    form = visit()
    filled = form.page.evaluate("""() => [...document.querySelectorAll("form input, form textarea")]
        .filter((field) => field.type !== "hidden" && field.autocomplete !== "off")
        .map((field) => { field.value = field.type === "email" ? "ada@example.org" : "Ada"; return field.name; })""")
    assert filled == ["author", "email", "body"]
    form.field("Comment").fill("Filled in.")
    form.solve()
    form.post()
    expect(form.page.get_by_role("listitem")).to_have_text("Ada: Filled in.")


def test_a_visitor_whose_browser_fills_in_the_honeypot_needs_one_code(visit: Visit) -> None:
    form = visit()
    form.write(body="Overfilled.")
    form.page.evaluate("selector => { document.querySelector(selector).value = 'Ada' }", HONEYPOT)
    form.solve()
    form.post()
    expect(form.page.get_by_role("listitem")).to_have_text("Ada: Overfilled.")


def test_without_our_stylesheet_a_label_explains_the_honeypot(visit: Visit) -> None:
    form = visit()
    without_our_stylesheet(form)
    expect(form.page.get_by_text("Please leave this field empty")).to_be_visible()
    form.write(body="Unstyled.")
    form.solve()
    form.post()
    expect(form.page.get_by_role("listitem")).to_have_text("Ada: Unstyled.")


def test_the_label_and_the_input_have_the_hosts_font(visit: Visit) -> None:
    form = visit()
    font = "getComputedStyle(document.body).fontFamily"
    assert form.code.evaluate(f"input => getComputedStyle(input).fontFamily === {font}")
    assert form.code.evaluate("input => parseFloat(getComputedStyle(input).fontSize) >= 16")


def test_the_scripts_messages_are_in_a_live_region_from_the_start(visit: Visit) -> None:
    form = visit()
    expect(form.status).to_be_attached()
    assert form.status.evaluate("status => getComputedStyle(status).display") != "none"

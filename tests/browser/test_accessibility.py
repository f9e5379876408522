"""The form works with a screen reader, on a phone, in dark mode and without our stylesheet."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from .axe import violations
from .comment_form import CommentForm
from .conftest import Visit

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser-accessibility")]

PAGES = ("the form", "the page in between", "the refusal", "the form without our stylesheet")

HONEYPOT = 'input[tabindex="-1"][autocomplete="off"]'


def open_page(page_name: str, form: CommentForm) -> None:
    """Bring the browser to one of ``PAGES``."""
    if page_name == "the form without our stylesheet":
        form.page.route("**/*.css", lambda route: route.fulfill(body="", content_type="text/css"))
        form.page.reload()
    elif page_name != "the form":
        form.write(author="A" * 300 if page_name == "the refusal" else "Ada", body="A comment.\nTwo lines.")
        form.code.fill("WRONG")
        form.post()
        heading = "Not posted" if page_name == "the refusal" else "One more step"
        expect(form.page.get_by_role("heading", name=heading)).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("page_name", PAGES)
def test_axe_finds_nothing_wrong(visit: Visit, page_name: str, scheme: str) -> None:
    form = visit(color_scheme=scheme)
    open_page(page_name, form)
    assert violations(form.page) == []


@pytest.mark.parametrize("page_name", PAGES)
def test_a_narrow_screen_is_never_scrolled_sideways(visit: Visit, page_name: str) -> None:
    form = visit(viewport={"width": 320, "height": 640})
    open_page(page_name, form)
    assert form.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize(("height", "picture"), [(640, 1.0), (256, 0.4)])
def test_after_a_refusal_the_input_is_in_view_and_the_picture_above_it(
    visit: Visit, height: int, picture: float
) -> None:
    """A window of 1280 x 1024 px has 320 x 256 px at a zoom of 400 %. The message alone needs three lines there."""
    form = visit(viewport={"width": 320, "height": height})
    open_page("the page in between", form)
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
        - text: Enter Security Code
        - textbox "Enter Security Code"
        - button "New code"
        - paragraph: Upper or lower case doesn't matter.
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
    open_page("the form without our stylesheet", form)
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

"""The tuning page in a real Chromium: a slider moved with the keyboard, live pictures, and lines to copy."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from captcha_guard import CaptchaGuard, Difficulty
from captcha_guard.cli import tuner as tuner_module
from captcha_guard.cli.preview_renderer import PreviewRenderer
from captcha_guard.cli.reading_programs import ReadingPrograms
from captcha_guard.cli.tuner import make_tuner
from captcha_guard.cli.tuning import Tuning
from captcha_guard.config.settings import Settings

from .axe import violations
from .conftest import NewPage
from .server import served

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser-tune")]


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(tuner_module, "READ_PICTURES", 2)
    app = Flask("site", instance_path=str(tmp_path))
    app.config["SECRET_KEY"] = "a secret that only these tests know"
    CaptchaGuard(app)
    with app.app_context():
        site = PreviewRenderer.of_this_site()
        programs = ReadingPrograms(site.appearance.alphabet, ["ddddocr"])
        tuner = make_tuner(site, Tuning.of(Settings(), Difficulty.medium), programs=programs)
    with served(tuner) as address:
        yield address


def first_picture(page: Page) -> str:
    return page.locator("#pictures img").first.get_attribute("src") or ""


def test_a_slider_moved_with_the_keyboard_changes_the_picture_and_the_copied_lines(new_page: NewPage) -> None:
    page = new_page(permissions=["clipboard-read", "clipboard-write"])
    page.goto("/")
    before = first_picture(page)
    page.get_by_role("slider", name="tilt").focus()
    page.keyboard.press("Tab")
    rotation = page.get_by_role("slider", name="rotation")
    expect(rotation).to_be_focused()
    page.keyboard.press("End")
    expect(page.locator("#config")).to_contain_text("rotation=30")
    assert first_picture(page) != before
    expect(page.locator("#rotation-value")).to_have_text("30")
    page.get_by_role("button", name="Copy").press("Enter")
    expect(page.locator("#status")).to_have_text("Copied.")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == page.locator("#config").text_content()
    page.reload()
    expect(rotation).to_have_value("30")


def test_presets_and_new_styles_keep_the_focus_on_the_button(new_page: NewPage) -> None:
    page = new_page()
    page.goto("/")
    easy = page.get_by_role("button", name="easy")
    easy.press("Enter")
    expect(easy).to_have_attribute("aria-pressed", "true")
    expect(easy).to_be_focused()
    expect(page.get_by_role("slider", name="field size")).to_have_value(str(Difficulty.easy.field_size))
    before = first_picture(page)
    reroll = page.get_by_role("button", name="Re-roll the style")
    reroll.press("Enter")
    expect(page.get_by_role("textbox", name="style seed")).not_to_have_value("")
    assert first_picture(page) != before
    expect(reroll).to_be_focused()
    page.get_by_role("slider", name="shortest code").press("End")
    expect(page.get_by_role("slider", name="longest code")).to_have_value("8")


def test_the_buttons_work_without_javascript(new_page: NewPage) -> None:
    page = new_page(java_script_enabled=False)
    page.goto("/")
    page.get_by_role("slider", name="rotation").press("End")
    page.get_by_role("button", name="Draw").click()
    expect(page.locator("#config")).to_contain_text("rotation=30")


@pytest.mark.parametrize("java_script_enabled", [True, False])
def test_colours_can_be_set_and_unset(new_page: NewPage, java_script_enabled: bool) -> None:
    page = new_page(java_script_enabled=java_script_enabled)
    page.goto("/")
    before, config = first_picture(page), page.locator("#config")
    expect(page.get_by_label("Ink")).to_be_hidden()
    page.get_by_label("Choose the colours").check()
    page.get_by_label("Ink").fill("#301030")
    page.get_by_label("Paper").fill("#ffddaa")
    draw(page, java_script_enabled)
    expect(config).to_contain_text('CAPTCHA_GUARD_COLOURS = ("#301030", "#ffddaa")')
    assert first_picture(page) != before
    page.get_by_label("Choose the colours").uncheck()
    draw(page, java_script_enabled)
    expect(config).not_to_contain_text("CAPTCHA_GUARD_COLOURS")
    assert first_picture(page) == before


def draw(page: Page, by_script: bool) -> None:
    if not by_script:
        page.get_by_role("button", name="Draw").click()


@pytest.mark.parametrize("scripts", [True, False])
def test_programs_read_on_request(new_page: NewPage, scripts: bool) -> None:
    page = new_page(java_script_enabled=scripts)
    page.goto("/?preset=classica")
    page.get_by_role("button", name="Let programs read 2 of these").press("Enter")
    expect(page.get_by_role("row", name="ddddocr")).to_contain_text("2 of 2", timeout=20_000)
    if scripts:
        page.get_by_role("slider", name="rotation").press("End")
        expect(page.locator("#reading-status")).to_have_text("Results for earlier settings:")
        assert violations(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
def test_the_page_is_accessible(new_page: NewPage, scheme: str, width: int) -> None:
    page = new_page(color_scheme=scheme, viewport={"width": width, "height": 700})
    page.goto("/")
    page.get_by_label("Show the codes below the pictures").check()
    page.get_by_label("Choose the colours").check()
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

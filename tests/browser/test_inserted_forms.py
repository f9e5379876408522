"""Forms that the host's script inserts into a page. Each works independently of the others."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from captcha_guard.testing import solve

from .bare_host import BareHost
from .conftest import NewPage
from .front_ends import make_front_ends

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser-inserted")]


@pytest.fixture
def host(tmp_path: Path) -> BareHost:
    return make_front_ends(tmp_path)


def token(form: Locator) -> Locator:
    return form.locator('input[name="captcha_token"]')


def test_every_inserted_form_has_its_own_field_and_no_text_is_lost(new_page: NewPage, host: BareHost) -> None:
    page = new_page()
    page.goto("/pages/plain")
    for _ in range(2):
        page.get_by_role("button", name="Reply").click()
    forms = page.locator("form")
    expect(forms).to_have_count(3)
    assert page.evaluate(
        "() => { const ids = [...document.querySelectorAll('[id]')].map((one) => one.id);"
        " return ids.length === new Set(ids).size }"
    )
    for index in range(3):
        forms.nth(index).get_by_label("Comment").fill(f"Text {index}")
    for index in (2, 0, 1):
        form = forms.nth(index)
        form.get_by_text("Enter Security Code").click()
        expect(form.get_by_label("Enter Security Code")).to_be_focused()
        used = token(form).input_value()
        others = [token(forms.nth(other)).input_value() for other in range(3) if other != index]
        form.get_by_text("New code", exact=True).click()
        expect(token(form)).not_to_have_value(used)
        assert others == [token(forms.nth(other)).input_value() for other in range(3) if other != index]
    for index in range(3):
        expect(forms.nth(index).get_by_label("Comment")).to_have_value(f"Text {index}")
    form = forms.nth(1)
    form.get_by_label("Name").fill("Ada")
    form.get_by_label("Enter Security Code").fill(solve(host.app, token(form).input_value()))
    form.get_by_role("button", name="Post comment").click()
    expect(page.get_by_role("listitem")).to_have_text("Ada: Text 1")


def test_a_form_may_be_moved_removed_and_put_back(new_page: NewPage, host: BareHost) -> None:
    page = new_page()
    page.goto("/pages/plain")
    form = page.locator("form")
    used = token(form).input_value()
    page.evaluate("() => { const form = document.querySelector('form'); form.remove(); document.body.prepend(form) }")
    assert token(form).input_value() == used
    form.get_by_text("New code", exact=True).click()
    expect(token(form)).not_to_have_value(used)


def test_a_copied_form_gets_its_own_code(new_page: NewPage, host: BareHost) -> None:
    page = new_page()
    page.goto("/pages/plain")
    page.evaluate("() => { const form = document.querySelector('form'); document.body.append(form.cloneNode(true)) }")
    first, second = page.locator("form").nth(0), page.locator("form").nth(1)
    used = token(first).input_value()
    expect(token(second)).not_to_have_value(used)
    expect(second.get_by_role("status")).to_have_text("Here is a new code.")
    assert token(first).input_value() == used

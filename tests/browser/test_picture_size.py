"""Pictures of two sizes in the same page. Each is shown in its own size."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from captcha_guard.challenge.difficulty import Difficulty
from captcha_guard.web.state import NAME

from .bare_host import BareHost, make_bare_host
from .comment_form import TOKEN, CommentForm
from .conftest import Visit

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser-picture-size")]


@pytest.fixture
def host(tmp_path: Path) -> BareHost:
    return make_bare_host(tmp_path, {"CAPTCHA_GUARD_DIFFICULTY": "classica"})


def shown_size(form: CommentForm) -> tuple[int, int]:
    """Return the size of the picture in the page, in CSS px without its border."""
    expect(form.box).not_to_have_attribute("aria-busy", "true")
    width, height = form.picture.evaluate("image => [image.clientWidth, image.clientHeight]")
    return width, height


@pytest.mark.parametrize("device_scale_factor", [1, 2])
def test_a_picture_of_another_size_replaces_a_small_one(visit: Visit, host: BareHost, device_scale_factor: int) -> None:
    form = visit(device_scale_factor=device_scale_factor)
    assert shown_size(form) == (160, 30)
    expect(form.picture).to_have_js_property("naturalWidth", 160)
    form.new_code.click()
    expect(form.status).to_have_text("Here is a new code.")
    assert shown_size(form) == (160, 30)
    larger = host.app.extensions[NAME].issuer.issue("comment", difficulty=Difficulty.easy)
    form.page.locator(TOKEN).evaluate("(input, token) => { input.value = token }", larger)
    form.new_code.click()
    expect(form.picture).to_have_js_property("naturalWidth", 240)
    assert shown_size(form) == (240, 120)


def test_a_small_picture_fits_a_narrow_page_and_the_form_works(visit: Visit) -> None:
    form = visit(viewport={"width": 320, "height": 600})
    assert shown_size(form) == (160, 30)
    assert form.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    form.write(body="As it was.")
    form.solve()
    form.post()
    expect(form.page.get_by_role("listitem")).to_have_text("Ada: As it was.")

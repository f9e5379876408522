"""The headers that a real browser sends with forms and pictures of other sites, and the answers to them."""

from __future__ import annotations

import pytest
from flask import Flask, Response, request
from playwright.sync_api import Page, expect

from .bare_host import BareHost
from .comment_form import CommentForm
from .server import served

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser-plain")]

LAID = """<!doctype html><title>A quiz</title><h1>A quiz</h1>
<meta name="referrer" content="{referrer}">
<form method="post" action="{target}/posts/1/comments">
<input type="hidden" name="author" value="Mallory"><input type="hidden" name="body" value="Laid under her name.">
<button>Take the quiz</button></form>
<img src="{picture}" alt="stolen">"""


def attacking_site(target: str, *, referrer: str = "no-referrer-when-downgrade", picture: str = "data:,") -> Flask:
    """Return another application whose page posts to ``target``."""
    app = Flask("quiz")
    app.get("/")(lambda: LAID.format(target=target, referrer=referrer, picture=picture))
    return app


@pytest.mark.parametrize("referrer", ["no-referrer-when-downgrade", "no-referrer"])
def test_another_sites_form_is_shown_as_text_and_never_with_a_code(
    host: BareHost, url: str, page: Page, referrer: str
) -> None:
    with served(attacking_site(url, referrer=referrer)) as elsewhere:
        page.goto(elsewhere.replace("127.0.0.1", "localhost"))
        with page.expect_response("**/comments") as answer:
            page.get_by_role("button").click()
    assert answer.value.status == 403
    expect(page.get_by_text("Laid under her name.")).to_be_visible()
    expect(page.get_by_role("alert")).to_contain_text("page of another site")
    expect(page.locator("form, input, button, img")).to_have_count(0)
    assert host.comments == []


def test_a_form_on_another_port_of_the_site_works(host: BareHost, url: str, page: Page) -> None:
    with served(attacking_site(url)) as same_site:
        page.goto(same_site)
        page.get_by_role("button").click()
    form = CommentForm(page, host.app, button="Send")
    form.solve()
    form.post()
    assert host.comments == [("Mallory", "Laid under her name.")]


def test_the_sites_own_form_works_without_a_referrer(host: BareHost, url: str, page: Page) -> None:
    host.app.after_request(lambda response: (response.headers.update({"Referrer-Policy": "no-referrer"}), response)[1])
    page.goto(f"{url}/posts/1")
    form = CommentForm(page, host.app)
    form.write(body="Mine.")
    form.solve()
    form.post()
    assert host.comments == [("Ada", "Mine.")]


def test_another_sites_page_gets_no_picture_and_an_opened_one_is_shown(host: BareHost, url: str, page: Page) -> None:
    statuses: list[int] = []

    @host.app.after_request
    def note(response: Response) -> Response:
        statuses.extend([response.status_code] if request.path.endswith(".png") else [])
        return response

    page.goto(f"{url}/posts/1")
    picture = page.locator("[data-captcha-guard] img").first.get_attribute("src")
    with served(attacking_site(url, picture=f"{url}{picture}")) as elsewhere:
        page.goto(elsewhere.replace("127.0.0.1", "localhost"))
    page.goto(f"{url}{picture}")
    assert statuses == [200, 403, 200]

"""The recipes of docs/front-ends.md, with exactly the code of that page."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import pytest
from flask import Flask, Response
from playwright.sync_api import Page, expect

from captcha_guard.testing import solve
from tests.integration.snippets import ROOT

from .comment_form import CommentForm
from .server import served

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser-recipes")]

#: The files of the page, by name.
FILES: Final = dict(
    re.findall(
        r"^`([\w./-]+)`:\n\n```\w+\n(.*?)```", (ROOT / "docs/front-ends.md").read_text(), re.DOTALL | re.MULTILINE
    )
)
SERVICE: Final = "https://comments.example"
BLOG: Final = "https://blog.example"
PARTS: Final = Path(__file__).parent / "node_modules"
LIBRARIES: Final = (
    "react/umd/react.production.min.js",
    "react-dom/umd/react-dom.production.min.js",
    "htmx.org/dist/htmx.min.js",
    "@hotwired/turbo/dist/turbo.es2017-umd.js",
)

Serve = Callable[[str], CommentForm]


def application(folder: Path, trusted: str = BLOG) -> Flask:
    """Return the application of the page, which shows one of its templates as the post."""
    for name, text in FILES.items():
        (folder / name).parent.mkdir(exist_ok=True, parents=True)
        (folder / name).write_text(text)
    for library in LIBRARIES:
        shutil.copy(PARTS / library, folder / "static")
    names = {"__name__": "app", "__file__": str(folder / "app.py")}
    source = FILES["app.py"].replace(BLOG, trusted)
    source = source.replace("Flask(__name__)", f"Flask(__name__, root_path={str(folder)!r})")
    exec(compile(source, str(folder / "app.py"), "exec"), names)  # noqa: S102 - that is the point
    app = names["app"]
    assert isinstance(app, Flask)
    return app


@pytest.fixture
def show(tmp_path: Path, page: Page) -> Iterator[Serve]:
    """Open the post in a page with one of the templates."""
    with ExitStack() as stack:

        def open_post(template: str) -> CommentForm:
            app = application(tmp_path)
            shutil.copy(tmp_path / "templates" / template, tmp_path / "templates/post.html")
            page.goto(f"{stack.enter_context(served(app))}/posts/one")
            return CommentForm(page, app)

        yield open_post


@pytest.fixture
def static_site(tmp_path: Path, page: Page) -> Iterator[CommentForm]:
    """The static page, on another origin than its application."""
    files: dict[str, str] = {}
    blog = Flask("blog", static_folder=None)

    @blog.get("/<name>")
    def file(name: str) -> Response:
        return Response(files.get(name, ""), mimetype="text/javascript" if name.endswith(".js") else "text/html")

    with served(blog) as blog_address:
        app = application(tmp_path, blog_address)
        with served(app) as address:
            for name in ("post.html", "comments.js"):
                files[name] = FILES[f"static/{name}"].replace(SERVICE, address)
            page.goto(f"{blog_address}/post.html")
            yield CommentForm(page, app)


def comment(form: CommentForm, body: str) -> None:
    """Type a wrong code and then the right one. The text stays in the form, and the comment is shown."""
    form.be_refused_once(body)
    form.solve()
    form.code.press("Enter")
    expect(form.page.get_by_role("listitem").last).to_have_text(f"Ada: {body}")


def expect_next_code(form: CommentForm, used: str) -> None:
    """The form has a new code, and an empty input without a message."""
    expect(form.page.locator('input[name="captcha_token"]')).not_to_have_value(used)
    expect(form.code).to_have_value("")
    expect(form.page.locator(".captcha-guard__message")).to_have_count(0)


def test_a_static_page_on_another_origin_posts_json_twice(static_site: CommentForm) -> None:
    expect(static_site.picture).to_have_js_property("naturalWidth", 240)
    for body in ("The first.", "The second."):
        comment(static_site, body)
        expect_next_code(static_site, "")
    sound = static_site.page.locator("audio")
    static_site.page.get_by_text("Listen to a code instead").click()
    expect(sound).to_have_js_property("error", None)
    expect(sound).to_have_js_property("ended", True)


def test_a_static_page_shows_its_own_text_while_the_service_is_down_and_then_the_code(static_site: CommentForm) -> None:
    page = static_site.page
    page.route("**/captcha-guard/challenge", lambda route: route.abort())
    page.reload()
    expect(page.get_by_text("The security code isn't shown here now.")).to_be_visible()
    page.unroute("**/captcha-guard/challenge")
    page.evaluate("window.dispatchEvent(new Event('online'))")
    expect(static_site.code).to_be_visible()
    expect(page.get_by_text("The security code isn't shown here now.")).to_be_hidden()
    static_site.write(body="Later.")
    static_site.solve()
    page.route("**/comments", lambda route: route.abort(), times=1)
    static_site.button.click()
    expect(page.get_by_text("The comment could not be sent.")).to_be_visible()
    static_site.button.dblclick(delay=20)
    expect(page.get_by_role("listitem")).to_have_text("Ada: Later.")


def test_a_static_page_reports_a_missing_code_before_sending(static_site: CommentForm) -> None:
    expect(static_site.code).to_be_visible()
    static_site.write(body="No code.")
    sent: list[str] = []
    static_site.page.on("request", lambda request: sent.append(request.url))
    static_site.button.click()
    expect(static_site.code).to_be_focused()
    assert sent == []
    assert static_site.page.evaluate("document.querySelector('form').matches(':invalid')")
    assert static_site.page.evaluate("document.querySelector('captcha-guard').matches(':invalid')")


@pytest.mark.parametrize(
    ("mistake", "warning"),
    [
        (
            "document.querySelector('form').append(document.createElement('captcha-guard'))",
            "captcha-guard: the attribute src is missing",
        ),
        (
            "document.querySelector('captcha-guard').setAttribute('scope', 'coment:one')",
            "captcha-guard: No form has the scope 'coment:one'.",
        ),
    ],
)
def test_a_mistake_in_the_element_is_named_in_the_console(static_site: CommentForm, mistake: str, warning: str) -> None:
    expect(static_site.code).to_be_visible()
    with static_site.page.expect_console_message(lambda message: message.type == "warning") as shown:
        static_site.page.evaluate(mistake)
    assert shown.value.text == warning


def test_a_limit_replaces_the_message_about_the_code(show: Serve) -> None:
    form = show("json.html")
    form.be_refused_once("Too fast.")
    refusal = json.dumps({"detail": "Please wait a minute.", "retry_after": 60})
    problem = "application/problem+json"
    form.page.route("**/comments", lambda route: route.fulfill(status=429, body=refusal, content_type=problem))
    form.solve()
    form.button.click()
    expect(form.status).to_have_text("Please wait a minute.")
    expect(form.page.get_by_text("That was not the code.")).to_have_count(0)
    expect(form.code).not_to_have_attribute("aria-invalid", "true")
    assert form.code.input_value() == form.answer()


def test_a_used_code_is_not_shown_as_a_mistake(show: Serve) -> None:
    form = show("json.html")
    form.write(body="In two tabs.")
    form.solve()
    headers = {"Captcha-Token": form.token(), "Captcha-Answer": form.answer(), "Accept": "application/json"}
    other_tab = form.app.test_client().post(
        "/posts/one/comments", json={"author": "Ada", "body": "In the other tab."}, headers=headers
    )
    assert other_tab.status_code == 201
    form.button.click()
    expect(form.page.locator(".captcha-guard__message")).to_be_visible()
    expect(form.code).to_be_focused()
    expect(form.code).not_to_have_attribute("aria-invalid", "true")


def test_json_on_the_same_origin(show: Serve) -> None:
    form = show("json.html")
    comment(form, "By headers.")
    expect_next_code(form, "")
    comment(form, "And again.")


def test_a_react_page_renders_again_with_every_key_and_keeps_its_code(show: Serve) -> None:
    form = show("react.html")
    expect(form.code).to_be_visible()
    token = form.token()
    form.code.fill("AB")
    form.page.get_by_label("Comment").press_sequentially("Key by key.")
    assert (form.token(), form.code.input_value()) == (token, "AB")
    form.page.get_by_role("button", name="Next post").click()
    expect(form.page.locator('input[name="captcha_token"]')).not_to_have_value(token)
    comment(form, "On the second post.")
    expect_next_code(form, token)
    assert solve(form.app, form.token())


def test_htmx(show: Serve) -> None:
    form = show("htmx.html")
    comment(form, "By htmx.")
    expect(form.field("Comment")).to_have_value("")
    comment(form, "By htmx again.")


def test_turbo_sends_the_code_of_an_element_that_fetches_itself(show: Serve) -> None:
    form = show("turbo.html")
    form.write(body="By Turbo.")
    form.code.fill("WRONG")
    form.button.click()
    expect(form.page.get_by_role("heading", name="One more step")).to_be_visible()
    form.solve()
    form.page.get_by_role("button", name="Send").click()
    expect(form.page.get_by_role("listitem")).to_have_text("Ada: By Turbo.")
    form.write(body="Once more.")
    form.solve()
    form.button.click()
    expect(form.page.get_by_role("listitem").last).to_have_text("Ada: Once more.")

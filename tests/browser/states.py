"""Every state of the field and of our pages, for tests and as pictures: ``python -m tests.browser.states FOLDER``.

The command writes a picture of each state in each of ``LOOKS``, and ``NAME...`` as further arguments chooses some of
the states. Nothing finds these states by their texts, because a visitor may read them in any language.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import count, product
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import FilePayload, Page, expect

from captcha_guard.testing import solve

from .bare_host import BareHost

ANSWER: Final = ".captcha-guard__input"
TOKEN: Final = 'input[name="captcha_token"]'
SEND: Final = "form button:not([type=button])"

#: Options of the browser's context for each look. At 400 %, a window of 1280 x 1024 px has 320 x 256 px.
LOOKS: Final[dict[str, dict[str, Any]]] = {
    "narrow": {"viewport": {"width": 320, "height": 640}},
    "zoomed": {"viewport": {"width": 320, "height": 256}, "device_scale_factor": 4},
    "dark": {"viewport": {"width": 480, "height": 640}, "color_scheme": "dark"},
    "forced": {"viewport": {"width": 480, "height": 640}, "forced_colors": "active", "color_scheme": "dark"},
    "arabic": {"viewport": {"width": 480, "height": 640}, "locale": "ar"},
}

numbers = count(1)


@dataclass
class Visitor:
    """A visitor's page on the host of ``state_host``."""

    page: Page
    host: BareHost
    body: str = field(default_factory=lambda: f"Comment number {next(numbers)}.\nIt has two lines.")

    def write(self, way: str = "plain", code: str | None = "", *, query: str = "", author: str = "Ada") -> None:
        """Open a form and fill it in. ``code`` is typed; "" stands for the right one, and None types nothing."""
        self.page.goto(f"/{way}{query}")
        self.page.fill('[name="author"]', author)
        self.page.fill('[name="body"]', self.body)
        if code is not None:
            self.page.fill(ANSWER, code or self.answer())

    def answer(self) -> str:
        """Return the code in the picture."""
        return solve(self.host.app, self.page.input_value(TOKEN))

    def send(self) -> None:
        """Press the form's button and wait for the next page."""
        with self.page.expect_navigation():
            self.page.click(SEND)

    def post(self, way: str = "plain", **fields: str) -> None:
        """Post a comment without the page, by the same client."""
        everything = {"author": "Ada", "body": self.body, **fields}
        self.page.request.post(f"/{way}/comments", form=dict(everything), headers={"Sec-Fetch-Site": "same-origin"})

    def post_solved(self, way: str = "plain") -> str:
        """Post a comment with the right code, and return its token."""
        answer = self.page.request.post("/captcha-guard/challenge", data={"scope": way}).json()
        token = str(answer["token"])
        self.post(way, captcha_token=token, captcha_answer=solve(self.host.app, token))
        return token

    def fail(self, pattern: str) -> None:
        """Let every request for an address with this ending fail."""
        self.page.route(pattern, lambda route: route.abort())


State = Callable[[Visitor], None]
STATES: Final[dict[str, State]] = {}


def state(function: State) -> State:
    """Add a function that brings a visitor's page into a state. Its name is that of the state."""
    STATES[function.__name__] = function
    return function


@state
def fresh(visitor: Visitor) -> None:
    visitor.page.goto("/plain")


@state
def moderated(visitor: Visitor) -> None:
    visitor.page.goto("/moderated")


@state
def sound_opened(visitor: Visitor) -> None:
    visitor.page.goto("/moderated")
    visitor.page.click("summary")
    expect(visitor.page.locator("audio")).to_be_visible()


@state
def sound_failed(visitor: Visitor) -> None:
    visitor.fail("**/*.wav")
    visitor.page.goto("/plain")
    visitor.page.click("summary")
    expect_status(visitor)
    visitor.page.evaluate("document.querySelector('.captcha-guard__status').textContent = ''")
    visitor.page.evaluate("document.querySelector('audio').play().catch(() => {})")
    expect_status(visitor)


@state
def picture_failed(visitor: Visitor) -> None:
    visitor.fail("**/*.png")
    visitor.page.goto("/plain")
    expect_status(visitor)


@state
def renewed(visitor: Visitor) -> None:
    visitor.page.goto("/plain")
    visitor.page.click(".captcha-guard__new")
    expect_status(visitor)


@state
def not_renewed(visitor: Visitor) -> None:
    visitor.fail("**/challenge")
    visitor.page.goto("/plain")
    visitor.page.click(".captcha-guard__new")
    expect_status(visitor)


@state
def first_request(visitor: Visitor) -> None:
    visitor.write(code=None, query="?field=")
    visitor.send()


@state
def wrong(visitor: Visitor) -> None:
    visitor.write(code="WRONG")
    visitor.send()


@state
def wrong_moderated(visitor: Visitor) -> None:
    visitor.write("moderated", code="WRONG")
    visitor.send()


@state
def wrong_in_own_page(visitor: Visitor) -> None:
    visitor.write("own", code="WRONG")
    visitor.send()


@state
def expired(visitor: Visitor) -> None:
    visitor.write()
    visitor.host.ahead += 3600
    visitor.send()


@state
def used(visitor: Visitor) -> None:
    visitor.page.goto("/plain")
    token = Visitor(visitor.page, visitor.host).post_solved()
    visitor.write(code="ANY", author="Ada")
    visitor.page.evaluate(f"token => {{ document.querySelector('{TOKEN}').value = token }}", token)
    visitor.send()


@state
def files(visitor: Visitor) -> None:
    visitor.write(code="WRONG")
    photo: FilePayload = {"name": "photo.png", "mimeType": "image/png", "buffer": b"not looked at"}
    visitor.page.set_input_files('[name="photo"]', photo)
    visitor.send()


@state
def limited(visitor: Visitor) -> None:
    visitor.post("limited")
    visitor.write("limited")
    visitor.send()


@state
def no_code_limit(visitor: Visitor) -> None:
    for _ in range(3):
        Visitor(visitor.page, visitor.host).post("moderated", captcha_no_code="1")
    visitor.write("moderated", code=None)
    visitor.page.check('[type="checkbox"]')
    visitor.send()
    expect(visitor.page.locator(ANSWER)).to_be_focused()
    expect(visitor.page.locator('[type="checkbox"]')).to_have_count(0)


@state
def refused(visitor: Visitor) -> None:
    visitor.body += " It has an unspeakable word."
    visitor.write()
    visitor.send()


@state
def duplicate(visitor: Visitor) -> None:
    for _ in range(2):
        visitor.write()
        visitor.send()


@state
def too_long(visitor: Visitor) -> None:
    visitor.write(author="A" * 300)
    visitor.send()


@state
def too_large_for_the_page(visitor: Visitor) -> None:
    visitor.write(code="WRONG")
    visitor.page.evaluate("""() => {
        const extra = document.createElement("textarea");
        Object.assign(extra, { name: "extra", value: "x".repeat(140_000), hidden: true });
        document.querySelector("form").append(extra);
    }""")
    visitor.send()


@state
def cross_site(visitor: Visitor) -> None:
    visitor.page.goto("/plain")
    address = visitor.page.evaluate("new URL('/plain/comments', location).href")
    visitor.page.goto("about:blank")
    visitor.page.set_content(
        f'<form method="post" action="{address}"><input name="body" value="{visitor.body}"><button>Go</button></form>'
    )
    visitor.send()


@state
def solved(visitor: Visitor) -> None:
    visitor.write("failing")
    visitor.send()


@state
def quiet(visitor: Visitor) -> None:
    visitor.page.goto("/quiet")


@state
def element(visitor: Visitor) -> None:
    visitor.page.goto("/plain?field=element")
    expect(visitor.page.locator(ANSWER)).to_be_visible()


@state
def element_failed(visitor: Visitor) -> None:
    visitor.fail("**/challenge")
    visitor.page.goto("/plain?field=element")
    expect(visitor.page.locator("captcha-guard p")).to_be_visible()


def expect_status(visitor: Visitor) -> None:
    """Wait for a message of the script."""
    expect(visitor.page.locator(".captcha-guard__status")).not_to_be_empty()


def settle(page: Page) -> None:
    """Wait until the page has its picture, unless that fails."""
    page.wait_for_load_state("networkidle")


def main(folder: Path, chosen: list[str]) -> None:
    """Write a picture of each state in each look to ``folder``."""
    from .conftest import launch  # noqa: PLC0415 - it needs pytest
    from .server import served  # noqa: PLC0415
    from .state_host import make_state_host  # noqa: PLC0415

    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        browser = launch(stack)
        for look, name in product(LOOKS, chosen or STATES):
            host = make_state_host(Path(stack.enter_context(tempfile.TemporaryDirectory())))
            with served(host.app) as address:
                context = browser.new_context(base_url=address, **LOOKS[look])
                visitor = Visitor(context.new_page(), host)
                STATES[name](visitor)
                settle(visitor.page)
                visitor.page.screenshot(path=folder / f"{look}-{name}.png", full_page=look != "zoomed")
                context.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])

"""One real Chromium for each module. A watch checks that pages keep their policy and load nothing from other hosts."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from .bare_host import BareHost, make_bare_host
from .comment_form import CommentForm
from .server import served
from .watch import Watch

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

NewPage = Callable[..., Page]
Visit = Callable[..., CommentForm]

expect.set_options(timeout=20_000)  # ms: the machine may be busy


#: Chromium without its own windows, which needs half the time, and the whole Chromium.
SHELL, WHOLE = "chromium-headless-shell", "chromium"


def launch(stack: ExitStack, program: str = SHELL, **options: Any) -> Browser:
    """Start the system's Chromium. ``stack`` closes it."""
    playwright = stack.enter_context(sync_playwright())
    browser = playwright.chromium.launch(executable_path=shutil.which(program), args=ARGUMENTS, **options)
    stack.callback(browser.close)
    return browser


@pytest.fixture(scope="module")
def browser(request: pytest.FixtureRequest) -> Iterator[Browser]:
    # Not for the session, because Playwright's event loop would disturb other tests that run one.
    with ExitStack() as stack:
        yield launch(stack, **getattr(request.module, "LAUNCH_OPTIONS", {}))


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page without a watch, for tests that visit several sites."""
    with ExitStack() as stack:
        context = browser.new_context()
        stack.callback(context.close)
        yield context.new_page()


@pytest.fixture
def host(tmp_path: Path) -> BareHost:
    return make_bare_host(tmp_path)


@pytest.fixture
def url(host: BareHost) -> Iterator[str]:
    """The address of the application under test. Modules with another application override this fixture."""
    with served(host.app) as address:
        yield address


@pytest.fixture
def visit(host: BareHost, new_page: NewPage) -> Visit:
    """Open the post as a new visitor, e.g. ``visit(color_scheme="dark")``."""

    def open_post(**options: Any) -> CommentForm:
        form = CommentForm(new_page(**options), host.app)
        form.page.goto("/posts/1")
        return form

    return open_post


@pytest.fixture
def new_page(browser: Browser, url: str) -> Iterator[NewPage]:
    """Open pages in separate contexts, e.g. ``new_page(java_script_enabled=False)``. The watch checks all of them."""
    watch = Watch(url)
    with ExitStack() as stack:

        def open_one(**options: Any) -> Page:
            context = browser.new_context(base_url=url, **options)
            stack.callback(context.close)
            watch.watch(context)
            return context.new_page()

        yield open_one
    assert watch.complaints == []

"""A real Chromium, one for each module, and pages that are watched: they may break no policy and leave no host."""

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


def launch(stack: ExitStack, **options: Any) -> Browser:
    """Start the system's Chromium; ``stack`` ends it."""
    playwright = stack.enter_context(sync_playwright())
    browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS, **options)
    stack.callback(browser.close)
    return browser


@pytest.fixture(scope="module")
def browser(request: pytest.FixtureRequest) -> Iterator[Browser]:
    # Not for the session: Playwright's event loop would be in the way of every other test that runs one.
    with ExitStack() as stack:
        yield launch(stack, **getattr(request.module, "LAUNCH_OPTIONS", {}))


@pytest.fixture
def host(tmp_path: Path) -> BareHost:
    return make_bare_host(tmp_path)


@pytest.fixture
def url(host: BareHost) -> Iterator[str]:
    """Where the application under test answers; modules with another application have a fixture of their own."""
    with served(host.app) as address:
        yield address


@pytest.fixture
def visit(host: BareHost, new_page: NewPage) -> Visit:
    """Let a new visitor open the post, e.g. ``visit(color_scheme="dark")``."""

    def open_post(**options: Any) -> CommentForm:
        form = CommentForm(new_page(**options), host.app)
        form.page.goto("/posts/1")
        return form

    return open_post


@pytest.fixture
def new_page(browser: Browser, url: str) -> Iterator[NewPage]:
    """Open pages in contexts of their own, e.g. ``new_page(java_script_enabled=False)``; all are watched to the end."""
    watch = Watch(url)
    with ExitStack() as stack:

        def open_one(**options: Any) -> Page:
            context = browser.new_context(base_url=url, **options)
            stack.callback(context.close)
            watch.over(context)
            return context.new_page()

        yield open_one
    assert watch.complaints == []

"""The host of the matrix, and pages whose complaints are checked. Modules import the fixtures that they use."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from .matrix_host import MatrixHost, make_matrix_host
from .server import served
from .watch import Watch


@pytest.fixture(scope="module")
def served_host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[MatrixHost, str]]:
    host = make_matrix_host(tmp_path_factory.mktemp("matrix"))
    with served(host.app) as url:
        yield host, url


@pytest.fixture
def host(served_host: tuple[MatrixHost, str]) -> MatrixHost:
    """The host without any comments, for one cell."""
    served_host[0].forget()
    return served_host[0]


@pytest.fixture(scope="module")
def watched(served_host: tuple[MatrixHost, str]) -> Watch:
    return Watch(served_host[1])


@pytest.fixture
def watch(watched: Watch) -> Watch:
    """The watch over all pages, without the complaints of earlier cells."""
    watched.complaints.clear()
    return watched


@pytest.fixture(scope="module")
def context_with(browser: Browser, watched: Watch) -> Iterator[Callable[..., BrowserContext]]:
    """Contexts, one for each set of options. A context for each cell would take twice the time."""
    with ExitStack() as stack:

        @cache
        def context(**options: object) -> BrowserContext:
            opened = browser.new_context(base_url=watched.url, **options)  # type: ignore[arg-type]
            stack.callback(opened.close)
            watched.watch(opened)
            return opened

        yield context


@pytest.fixture
def new_page(context_with: Callable[..., BrowserContext]) -> Iterator[Callable[..., Page]]:
    """Open a page, e.g. ``new_page(java_script_enabled=False)``. All pages of its context are closed afterwards."""
    used: list[BrowserContext] = []

    def open_one(**options: object) -> Page:
        used.append(context_with(**options))
        return used[-1].new_page()

    yield open_one
    for page in [page for context in used for page in context.pages]:
        page.close()

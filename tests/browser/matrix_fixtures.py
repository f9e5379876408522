"""The host of the matrix, and pages whose complaints are checked. Modules import the fixtures that they use."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser, Page

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


@pytest.fixture
def watch(served_host: tuple[MatrixHost, str]) -> Watch:
    return Watch(served_host[1])


@pytest.fixture
def new_page(browser: Browser, watch: Watch) -> Iterator[Callable[..., Page]]:
    with ExitStack() as stack:

        def open_one(**options: object) -> Page:
            context = browser.new_context(base_url=watch.url, **options)  # type: ignore[arg-type]
            stack.callback(context.close)
            watch.watch(context)
            return context.new_page()

        yield open_one

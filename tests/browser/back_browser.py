"""Browsers for tests of the Back button: with and without a cache of whole pages."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser

from .conftest import SHELL, WHOLE, launch

CACHED, FETCHED_AGAIN = "the page is cached", "the page is fetched again"


@pytest.fixture(scope="module", params=[CACHED, FETCHED_AGAIN])
def browser(request: pytest.FixtureRequest) -> Iterator[Browser]:
    """Chromium. Playwright turns its back/forward cache off by default, but visitors have it. The shell has none."""
    is_cached = request.param == CACHED
    ignored = ["--disable-back-forward-cache"] if is_cached else []
    with ExitStack() as stack:
        yield launch(stack, WHOLE if is_cached else SHELL, ignore_default_args=ignored)

"""Browsers for tests of the Back button: with and without a cache of whole pages."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser

from .conftest import launch

CACHED, FETCHED_AGAIN = "the page is cached", "the page is fetched again"


@pytest.fixture(scope="module", params=[CACHED, FETCHED_AGAIN])
def browser(request: pytest.FixtureRequest) -> Iterator[Browser]:
    """Chromium. Playwright turns its back/forward cache off by default, but visitors have it."""
    ignored = ["--disable-back-forward-cache"] if request.param == CACHED else []
    with ExitStack() as stack:
        yield launch(stack, ignore_default_args=ignored)

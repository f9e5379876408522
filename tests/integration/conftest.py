"""The host blog in a folder of its own, closed after the test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import time_machine
from flask.testing import FlaskClient

from tests.integration.host_blog import Blog, make_blog

NOON = 1_800_000_000.0

MakeBlog = Callable[..., Blog]


@pytest.fixture
def blogs(tmp_path: Path) -> Iterator[MakeBlog]:
    """Make blogs that share one folder, and so their counters, unless told ``folder=``."""
    with ExitStack() as stack:

        def make(config: dict[str, object] | None = None, *, folder: str = "instance") -> Blog:
            blog = make_blog(tmp_path / folder, config)
            stack.callback(close_counters, blog)
            return blog

        yield make


@pytest.fixture
def blog(blogs: MakeBlog) -> Blog:
    return blogs()


@pytest.fixture
def client(blog: Blog) -> FlaskClient:
    return blog.client()


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


def close_counters(blog: Blog) -> None:
    """Close this thread's connection to the blog's counters."""
    storage: Any = blog.state.spent._storage
    storage.close()


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what the log says of the counters' store: "fails" where an outage begins, "answers" where it ends."""
    return [message.split()[3] for message in caplog.messages if "counters' store" in message]

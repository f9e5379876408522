"""The host blog in its own folder, closed after the test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from captcha_guard.counters.storages.sqlite import SQLiteStorage
from captcha_guard.web.state import NAME, State
from tests.faulty_redis import FaultyRedis, faulty_redis
from tests.integration.host_blog import Blog, make_app, make_blog

#: Seconds within which everything must work again after a fault.
RECOVERY = 5.0

MakeBlog = Callable[..., Blog]


@pytest.fixture
def blogs(tmp_path: Path) -> Iterator[MakeBlog]:
    """Make blogs that share one folder and its counters, unless ``folder=`` is given."""
    with ExitStack() as stack:

        def make(config: dict[str, object] | None = None, *, folder: str = "instance", name: str = "host_blog") -> Blog:
            blog = make_blog(tmp_path / folder, config, name)
            stack.callback(close_counters, blog)
            return blog

        yield make


@pytest.fixture
def blog(blogs: MakeBlog) -> Blog:
    return blogs()


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[FaultyRedis]:
    with faulty_redis(tmp_path) as server:
        yield server


@pytest.fixture
def blogs_on(tmp_path: Path) -> Iterator[MakeBlog]:
    """Make blogs that count in the Redis at an address, ``blogs_on(uri, config)``."""
    with ExitStack() as stack:

        def make(uri: str, config: dict[str, object] | None = None) -> Blog:
            blog = make_blog(tmp_path / "instance", {"CAPTCHA_GUARD_STORAGE_URI": uri, **(config or {})})
            storage: Any = blog.state.storage
            stack.callback(storage.storage.close)
            return blog

        yield make


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[Any]:
    """Make applications without a guard. Their counters are closed after the test."""
    made: list[Flask] = []

    def make(**config: object) -> Flask:
        made.append(make_app(tmp_path / str(len(made)), config))
        return made[-1]

    yield make
    for app in made:
        if NAME in app.extensions:
            state: State = app.extensions[NAME]
            close = getattr(state.spent._storage, "close", None)
            if close is not None:
                close()


@pytest.fixture
def client(blog: Blog) -> FlaskClient:
    return blog.client()


def close_counters(blog: Blog) -> None:
    """Close this thread's connection to the blog's counters, if they are in a file."""
    storage = blog.state.storage
    if isinstance(storage, SQLiteStorage):
        storage.close()


def health_changes(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the log's lines about the counters' store: "fails" where an outage begins, "answers" where it ends."""
    return [message.split()[3] for message in caplog.messages if "counters' store" in message]

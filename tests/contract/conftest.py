"""Every storage behind one fixture, and one way to let time pass in all of them."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
import time_machine

from captcha_guard.counters.store import open_storage
from tests.redis_server import redis_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

#: A full minute and hour, so that windows aligned to the epoch begin here.
NOON = 1_800_000_000.0


@dataclass(frozen=True)
class Backend:
    """A storage, and ``advance(seconds)`` that ages all it holds."""

    storage: Any  # each test asks for what its strategy needs
    advance: Callable[[float], None]


@pytest.fixture(scope="session")
def redis_uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with redis_server(tmp_path_factory.mktemp("redis")) as uri:
        yield uri


@pytest.fixture
def traveller() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOON, tick=False) as coordinates:
        yield coordinates


@pytest.fixture(params=["memory", "sqlite", pytest.param("redis", marks=pytest.mark.redis)])
def backend(request: pytest.FixtureRequest, tmp_path: Path, traveller: time_machine.Traveller) -> Iterator[Backend]:
    if request.param == "memory":
        yield Backend(open_storage("memory://"), traveller.shift)
    elif request.param == "sqlite":
        storage: Any = open_storage(f"sqlite:///{tmp_path}/counters.sqlite3")
        with closing(storage):
            yield Backend(storage, traveller.shift)
    else:
        storage = open_storage(request.getfixturevalue("redis_uri"))

        def advance(seconds: float) -> None:
            traveller.shift(seconds)
            age_redis(storage, seconds)

        with closing(storage.storage):
            yield Backend(storage, advance)
            storage.storage.flushdb()


def age_redis(storage: Any, seconds: float) -> None:
    """Shorten every key's life: the server has a clock of its own."""
    for key in list(storage.storage.scan_iter()):
        left = storage.storage.pttl(key) - round(seconds * 1000)
        storage.storage.pexpire(key, left) if left > 0 else storage.storage.delete(key)

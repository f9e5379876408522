"""Every storage behind one fixture, and one way to let time pass in all of them."""

from __future__ import annotations

import socket
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

import pytest
import time_machine
from limits.storage import RedisStorage

from captcha_guard.counters.store import open_storage
from tests.conftest import local_storage
from tests.databases import DATABASES, opener
from tests.memcached_server import memcached_server
from tests.redis_cluster import redis_cluster
from tests.redis_sentinel import watched_redis
from tests.redis_server import redis_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from captcha_guard.database.database import Database

#: The storages that count moving windows, and can forget everything. "limits' Redis" is what a host may hand in.
EXACT = ["memory", "sqlite", "redis", "valkey", "limits' Redis", "sentinel", "cluster"]

#: Those that enter or look at several windows at once.
BATCHED = ["memory", "sqlite", "redis", "valkey", "sentinel"]

#: The fixture that has the address of each that redis-servers serve.
SERVED_BY = {
    "redis": "redis_uri",
    "valkey": "redis_uri",
    "limits' Redis": "redis_uri",
    "sentinel": "sentinel_uri",
    "cluster": "cluster_uri",
}


@dataclass(frozen=True)
class Backend:
    """A storage, and ``advance(seconds)`` that ages all it holds."""

    storage: Any  # each test asks for what its strategy needs
    advance: Callable[[float], None]


@pytest.fixture(scope="session")
def redis_uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with redis_server(tmp_path_factory.mktemp("redis")) as uri:
        yield uri


@pytest.fixture(scope="session")
def sentinel_uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with watched_redis(tmp_path_factory.mktemp("sentinel")) as watched:
        yield watched.uri


@pytest.fixture(scope="session")
def cluster_uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with redis_cluster(tmp_path_factory.mktemp("cluster")) as cluster:
        yield cluster.uri


@pytest.fixture(scope="session")
def memcached_uri() -> Iterator[str]:
    with memcached_server() as uri:
        yield uri


def marked(names: list[str]) -> list[Any]:
    """Return the names of storages as parameters, with the server that each needs."""
    servers = dict.fromkeys(SERVED_BY, "redis") | {"memcached": "memcached"}
    marks = {server: getattr(pytest.mark, server) for server in servers.values()}
    return [pytest.param(name, marks=[marks[servers[name]]] if name in servers else []) for name in names]


@pytest.fixture(params=marked([*EXACT, "memcached"]))
def backend(request: pytest.FixtureRequest, tmp_path: Path, clock: time_machine.Traveller) -> Iterator[Backend]:
    """Every storage."""
    with open_backend(request, tmp_path, clock) as one:
        yield one


@pytest.fixture(params=marked(EXACT))
def exact(request: pytest.FixtureRequest, tmp_path: Path, clock: time_machine.Traveller) -> Iterator[Backend]:
    """Those that count moving windows."""
    with open_backend(request, tmp_path, clock) as one:
        yield one


@pytest.fixture(params=marked(BATCHED))
def batched(request: pytest.FixtureRequest, tmp_path: Path, clock: time_machine.Traveller) -> Iterator[Backend]:
    """Those that enter several windows at once."""
    with open_backend(request, tmp_path, clock) as one:
        yield one


@pytest.fixture(params=DATABASES)
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Database]:
    """A function that opens the judge's database, each time as another process would."""
    return opener(request, tmp_path / "judge.sqlite3")


@pytest.fixture
def database(opened: Callable[[], Database]) -> Iterator[Database]:
    with closing(opened()) as database:
        yield database


@contextmanager
def open_backend(request: pytest.FixtureRequest, folder: Path, clock: time_machine.Traveller) -> Iterator[Backend]:
    name: str = request.param
    if name in ("memory", "sqlite"):
        with local_storage(name, folder) as local:
            yield Backend(local, clock.shift)
    elif name == "memcached":
        uri: str = request.getfixturevalue("memcached_uri")
        storage: Any = open_storage(uri)

        def advance(seconds: float) -> None:
            clock.shift(seconds)
            age_memcached(uri, seconds)

        with closing(storage.storage):
            yield Backend(storage, advance)
            storage.storage.flush_all(noreply=False)
    else:
        uri = request.getfixturevalue(SERVED_BY[name])
        own = uri.replace("redis", "valkey") if name == "valkey" else uri
        storage = RedisStorage(uri) if name == "limits' Redis" else open_storage(own)

        def advance_both(seconds: float) -> None:
            clock.shift(seconds)
            age_redis(storage, seconds, stamps=name != "limits' Redis")

        with closing(storage.storage):
            yield Backend(storage, advance_both)
            storage.storage.flushdb()


def age_redis(storage: Any, seconds: float, *, stamps: bool) -> None:
    """Shorten every key's life, for the server has a clock of its own; and date back what was written by that."""
    for key in list(storage.storage.scan_iter()):
        left = storage.storage.pttl(key) - round(seconds * 1000)
        if left <= 0:
            storage.storage.delete(key)
            continue
        if stamps and storage.storage.type(key) == b"list":
            older = [float(stamp) - seconds for stamp in storage.storage.lrange(key, 0, -1)]
            storage.storage.delete(key)
            storage.storage.rpush(key, *older)
        storage.storage.pexpire(key, left)


def age_memcached(uri: str, seconds: float) -> None:
    """Shorten every key's life, by whole seconds, as memcached counts them: what has one left may have none."""
    host, port = uri.removeprefix("memcached://").split(":")
    with socket.create_connection((host, int(port))) as connection, connection.makefile("rwb") as server:
        now = int(dict(line.split()[1:3] for line in _asked(server, b"stats"))[b"time"])
        for line in _asked(server, b"lru_crawler metadump all"):
            if line == b"OK":  # the first line of newer servers
                continue
            item = dict(part.split(b"=", 1) for part in line.split())
            left = int(item[b"exp"]) - now - round(seconds)
            key = unquote_to_bytes(item[b"key"])
            order = b"touch %s %d" % (key, left) if left > 1 else b"delete %s" % key
            server.write(order + b"\r\n")
            server.flush()
            assert server.readline() in (b"TOUCHED\r\n", b"DELETED\r\n")


def _asked(server: Any, question: bytes) -> list[bytes]:
    server.write(question + b"\r\n")
    server.flush()
    lines = []
    while (line := server.readline().strip()) != b"END":
        lines.append(line)
    return lines

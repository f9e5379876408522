from __future__ import annotations

import socket
import sys
import time
import traceback
from importlib.abc import MetaPathFinder
from typing import TYPE_CHECKING, Any, cast

import pytest
from limits.storage import MemcachedStorage, RedisStorage, storage_from_string
from pymemcache.client.base import PooledClient  # type: ignore[import-untyped]

from captcha_guard.counters.storages.memcached import PooledMemcachedStorage
from captcha_guard.counters.storages.memory import LockedMemoryStorage
from captcha_guard.counters.storages.redis import BatchedRedisStorage
from captcha_guard.counters.storages.sqlite import SQLiteStorage
from captcha_guard.counters.store import NETWORK_TIMEOUT, faults_of, open_storage, storage_arguments
from captcha_guard.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path


def test_each_scheme_opens_its_storage(tmp_path: Path) -> None:
    assert isinstance(open_storage(f"sqlite:///{tmp_path}/c.sqlite3"), SQLiteStorage)
    assert isinstance(open_storage("memory://"), LockedMemoryStorage)
    for scheme in ("redis", "rediss", "valkey", "valkeys"):
        assert isinstance(open_storage(f"{scheme}://127.0.0.1:1/0"), RedisStorage)
    assert isinstance(open_storage("redis+unix:///run/no.sock"), RedisStorage)
    assert isinstance(open_storage("redis+sentinel://127.0.0.1:1/service"), RedisStorage)
    assert isinstance(open_storage("memcached://127.0.0.1:1"), MemcachedStorage)


@pytest.mark.parametrize(
    ("uri", "fix"),
    [
        ("postgresql://me:hunter2@db/x?password=hunter2", "sqlite://, redis://"),
        ("async+redis://:hunter2@db:6379", "redis://"),
        ("counters.sqlite3", "sqlite://"),
        ("redis://:hunter2@db:port/0", "redis://host:6379/0"),
        ("redis://:hunter2/x@db:6379/0", "redis://host:6379/0"),
        ("redis+sentinel://:hunter2@db", "redis[+]sentinel://host:26379/service"),
        ("redis+cluster://:hunter2@db", "redis[+]cluster://host:7000,other:7000"),
        ("redis://:hunter2@db:6379/0?socket_timeout=soon", "socket_timeout in its query is 'soon'"),
        ("redis://:hunter2@db:6379/0?socket_timeout=0", "socket_timeout .* is '0': 0.01 to 30 s are allowed"),
        ("valkeys://:hunter2@db:6379/0?retries=many", "retries .* 'many': a whole number"),
        ("redis://:hunter2@db:6379/0?sockettimeout=1", "'sockettimeout' .* isn't an option .* socket_timeout"),
        ("memcached://me:hunter2@db:11211?timeout=600", "timeout in its query is '600': 0.01 to 30 s"),
        ("memcached://me:hunter2@db", "memcached://host:11211"),
        ("valkey://:hunter2@db..internal:6379/0", "valkey://host:6379/0"),
        ("redis+sentinel://:hunter2@db:26379,db..internal:26379/x", "redis[+]sentinel://host:26379/service"),
        (f"memcached://me:hunter2@{'d' * 64}:11211", "memcached://host:11211"),
        ("sqlite://", "sqlite:////absolute/path"),
    ],
)
def test_a_wrong_uri_is_refused_with_the_fix_and_without_its_password(uri: str, fix: str) -> None:
    with pytest.raises(ConfigError, match=fix) as refusal:
        open_storage(uri)
    assert uri.partition(":")[0] in str(refusal.value)
    assert "hunter2" not in "".join(traceback.format_exception(refusal.value))


@pytest.mark.parametrize(
    ("uri", "driver"),
    [
        ("redis://:hunter2@db:6379", "redis"),
        ("valkeys://:hunter2@db:6379", "valkey"),
        ("memcached://me:hunter2@db:11211", "memcached"),
        ("mongodb://me:hunter2@db/", "mongodb"),
    ],
)
def test_a_driver_that_is_missing_is_named(uri: str, driver: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module = {"memcached": "pymemcache", "mongodb": "pymongo"}.get(driver, driver)
    for name in list(sys.modules):
        if name.partition(".")[0] == module:
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [Missing(module), *sys.meta_path])
    with pytest.raises(ConfigError, match=rf"pip install 'limits\[{driver}\]'") as refusal:
        open_storage(uri)
    assert "hunter2" not in "".join(traceback.format_exception(refusal.value))


class Missing(MetaPathFinder):
    """Finds that one package is not installed."""

    def __init__(self, package: str) -> None:
        self._package = package

    def find_spec(self, fullname: str, *_: object) -> None:
        if fullname.partition(".")[0] == self._package:
            raise ModuleNotFoundError(f"No module named {fullname!r}")


TWO = "memcached://127.0.0.1:1,127.0.0.1:2"
WAITS = {"socket_timeout": NETWORK_TIMEOUT, "socket_connect_timeout": NETWORK_TIMEOUT}


@pytest.mark.parametrize("server", ["redis", "valkey"])
def test_redis_and_valkey_are_given_a_quarter_of_a_second_and_one_try(server: str) -> None:
    for scheme in (server, f"{server}s" if server == "valkey" else "rediss", f"{server}+unix", f"{server}+sentinel"):
        _, options = storage_arguments(f"{scheme}://db:6379/0")
        assert options["retry"].get_retries() == 0 if server == "redis" else options["retry"]._retries == 0
        assert {name: options[name] for name in WAITS} == WAITS
        expected = WAITS | {"retry": options["retry"]}
        assert options.get("sentinel_kwargs", expected) == expected
    _, options = storage_arguments(f"{server}+cluster://db:7000,db:7001")
    assert {name: options[name] for name in WAITS} == WAITS
    assert options.get("cluster_error_retry_attempts", 0) == 0


def test_a_connection_of_redis_keeps_the_options_it_was_given() -> None:
    storage = open_storage("redis://127.0.0.1:1/0?socket_timeout=2&retries=1&health_check_interval=9")
    assert isinstance(storage, BatchedRedisStorage)
    connection = cast("Any", storage.storage).connection_pool.make_connection()
    assert connection.socket_timeout == 2
    assert connection.socket_connect_timeout == NETWORK_TIMEOUT
    assert connection.retry.get_retries() == 1
    assert connection.health_check_interval == 9


def test_memcached_is_given_a_quarter_of_a_second_and_its_keys_stay_where_they_are() -> None:
    _, options = storage_arguments("memcached://one:11211")
    assert options == {"timeout": NETWORK_TIMEOUT, "connect_timeout": NETWORK_TIMEOUT}
    address, options = storage_arguments("memcached://one:11211,two:11211?timeout=1")
    assert "?" not in address
    assert options["timeout"] == 1
    assert options["retry_attempts"] > 10**6  # a server that fails is asked again, and nobody in its place


def test_a_server_of_memcached_that_is_gone_fails_and_keeps_its_keys() -> None:
    storage = open_storage(TWO)
    for _ in range(5):
        with pytest.raises(ConnectionRefusedError):
            storage.incr("k", 60)


def test_each_of_several_servers_of_memcached_has_a_pool_of_connections() -> None:
    for storage in (open_storage(TWO), PooledMemcachedStorage(f"pooled+{TWO}")):
        assert all(isinstance(one, PooledClient) for one in cast("Any", storage).storage.clients.values())
    unpooled: Any = PooledMemcachedStorage(f"pooled+{TWO}", use_pooling=False).storage
    assert not any(isinstance(one, PooledClient) for one in unpooled.clients.values())


@pytest.mark.parametrize("use_replicas", [True, False])
def test_a_storage_behind_sentinels_may_be_told_whether_to_read_from_replicas(use_replicas: bool) -> None:
    uri = "batched+redis+sentinel://127.0.0.1:1/service"
    assert cast("Any", storage_from_string(uri, use_replicas=use_replicas)).use_replicas is use_replicas
    assert cast("Any", storage_from_string(uri)).use_replicas is False


def test_a_pool_of_memcached_with_no_connection_left_is_a_fault() -> None:
    storage = open_storage("memcached://127.0.0.1:1?max_pool_size=1")
    pool = cast("Any", storage).storage.client_pool
    with pool.get_and_release(), pytest.raises(faults_of(storage), match="Too many objects"):
        storage.incr("k", 60)


def test_mongodb_is_given_a_quarter_of_a_second_unless_its_uri_says_otherwise() -> None:
    _, options = storage_arguments("mongodb://db/")
    waits = ("serverSelectionTimeoutMS", "connectTimeoutMS", "socketTimeoutMS")
    assert options == {**dict.fromkeys(waits, 250), "retryWrites": False, "retryReads": False}
    uri, options = storage_arguments("mongodb://db/?sockettimeoutms=900&retryWrites=true")
    assert uri == "mongodb://db/?sockettimeoutms=900&retryWrites=true"
    assert set(options) == {"serverSelectionTimeoutMS", "connectTimeoutMS", "retryReads"}
    begin = time.monotonic()
    storage = open_storage("mongodb://127.0.0.1:1/")
    with pytest.raises(faults_of(storage)):
        storage.incr("k", 60)
    assert time.monotonic() - begin < 8 * NETWORK_TIMEOUT


def test_a_cluster_that_is_down_fails_when_it_is_asked_not_when_it_is_opened() -> None:
    storage = open_storage("redis+cluster://127.0.0.1:1")
    with pytest.raises(faults_of(storage)):
        storage.incr("k", 60)
    assert not storage.check()


def test_a_redis_that_hangs_is_given_up_soon_and_asked_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        storage = open_storage(f"redis://127.0.0.1:{silent.getsockname()[1]}/0")
        begin = time.monotonic()
        with pytest.raises(faults_of(storage), match="Timeout"):
            storage.incr("k", 60)
        assert time.monotonic() - begin < 5 * NETWORK_TIMEOUT
        silent.setblocking(False)
        silent.accept()[0].close()
        with pytest.raises(BlockingIOError):
            silent.accept()


def test_a_forked_process_has_connections_to_memcached_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    storage = cast("Any", open_storage("memcached://127.0.0.1:1"))
    before = storage.storage
    assert storage.storage is before
    monkeypatch.setattr("os.getpid", lambda: -1)
    assert storage.storage is not before

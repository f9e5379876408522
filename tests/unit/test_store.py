from __future__ import annotations

import socket
import time
import traceback
from typing import TYPE_CHECKING

import pytest
from limits.storage import RedisStorage

from captcha_guard.counters.memory import LockedMemoryStorage
from captcha_guard.counters.sqlite import SQLiteStorage
from captcha_guard.counters.store import NETWORK_TIMEOUT, faults_of, open_storage
from captcha_guard.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path


def test_each_scheme_opens_its_storage(tmp_path: Path) -> None:
    assert isinstance(open_storage(f"sqlite:///{tmp_path}/c.sqlite3"), SQLiteStorage)
    assert isinstance(open_storage("memory://"), LockedMemoryStorage)
    assert isinstance(open_storage("redis://127.0.0.1:1/0"), RedisStorage)


@pytest.mark.parametrize(
    ("uri", "fix"),
    [
        ("postgresql://me:hunter2@db/x?password=hunter2", "sqlite://, redis://"),
        ("async+redis://:hunter2@db:6379", "redis://"),
        ("counters.sqlite3", "sqlite://"),
        ("redis://:hunter2@db:port/0", "redis://host:6379/0"),
        ("redis://:hunter2/x@db:6379/0", "redis://host:6379/0"),
        ("redis+sentinel://:hunter2@db", "redis[+]sentinel://host:26379/service"),
        ("memcached://me:hunter2@db:11211", r"pip install 'limits\[memcached\]'"),
        ("valkeys://:hunter2@db:6379", r"pip install 'limits\[valkey\]'"),
        ("sqlite://", "sqlite:////absolute/path"),
    ],
)
def test_a_wrong_uri_is_refused_with_the_fix_and_without_its_password(uri: str, fix: str) -> None:
    with pytest.raises(ConfigError, match=fix) as refusal:
        open_storage(uri)
    assert uri.partition(":")[0] in str(refusal.value)
    assert "hunter2" not in "".join(traceback.format_exception(refusal.value))


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

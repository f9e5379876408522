from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from limits.storage import RedisStorage

from captcha_guard.counters.spent import Spent
from captcha_guard.counters.storages.sqlite import SQLiteStorage
from captcha_guard.counters.store import open_storage
from captcha_guard.errors import StoreUnavailableError

if TYPE_CHECKING:
    from pathlib import Path

    import time_machine
    from limits.storage import Storage


def test_a_nonce_is_claimed_once(storage: Storage) -> None:
    spent = Spent(storage)
    assert [spent.claim("nonce", 900) for _ in range(3)] == [True, False, False]
    assert spent.claim("another", 900)


def test_looking_whether_a_nonce_is_spent_does_not_spend_it(storage: Storage) -> None:
    spent = Spent(storage)
    assert not spent.is_spent("nonce")
    assert spent.claim("nonce", 900)
    assert spent.is_spent("nonce")


def test_two_guards_on_one_store_agree(storage: Storage) -> None:
    assert Spent(storage).claim("nonce", 900)
    assert not Spent(storage).claim("nonce", 900)


def test_a_nonce_stays_spent_for_its_time_and_is_then_forgotten(
    storage: Storage, clock: time_machine.Traveller
) -> None:
    spent = Spent(storage)
    assert spent.claim("nonce", 900)
    clock.shift(899)
    assert not spent.claim("nonce", 900)
    clock.shift(1)
    assert spent.claim("nonce", 900)


def test_a_released_nonce_can_be_claimed_again(storage: Storage) -> None:
    spent = Spent(storage)
    spent.claim("nonce", 900)
    spent.release("nonce")
    assert [spent.claim("nonce", 900), spent.claim("nonce", 900)] == [True, False]
    spent.release("never claimed")


def test_a_nonce_is_no_rate_limit_key(storage: Storage) -> None:
    storage.incr("nonce", 900)
    assert Spent(storage).claim("nonce", 900)


def test_a_store_that_cannot_be_written_is_said_to_be_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    spent = Spent(SQLiteStorage(f"sqlite:///{tmp_path}/file/c.sqlite3"))
    with pytest.raises(StoreUnavailableError, match=r"could not be spent.*file"):
        spent.claim("nonce", 900)
    with pytest.raises(StoreUnavailableError, match="could not be looked up"):
        spent.is_spent("nonce")
    with pytest.raises(StoreUnavailableError, match="could not be released"):
        spent.release("nonce")


def test_a_refused_redis_is_said_to_be_unavailable() -> None:
    storage = open_storage("redis://127.0.0.1:1/0")
    assert isinstance(storage, RedisStorage)
    with pytest.raises(StoreUnavailableError, match="Connection refused"):
        Spent(storage).claim("nonce", 900)


def test_a_fault_of_ours_is_not_taken_for_one_of_the_store(monkeypatch: pytest.MonkeyPatch) -> None:
    storage = open_storage("memory://")
    monkeypatch.setattr(storage, "incr_and_lost_at", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        Spent(storage).claim("nonce", 900)

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from limits.storage import MemoryStorage, RedisStorage

from captcha_guard.counters.spent import Spent
from captcha_guard.counters.storages.sqlite import SQLiteStorage
from captcha_guard.counters.store import open_storage
from captcha_guard.errors import StoreUnavailableError
from captcha_guard.health import Health

if TYPE_CHECKING:
    from pathlib import Path

    import time_machine
    from limits.storage import Storage


def test_a_nonce_is_claimed_once(storage: Storage) -> None:
    spent = Spent(storage)
    assert [spent.claim("nonce", 900) for _ in range(3)] == [True, False, False]
    assert spent.claim("another", 900)


def test_looking_up_a_nonce_does_not_spend_it(storage: Storage) -> None:
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


def test_a_nonce_and_a_rate_limit_key_with_the_same_name_are_counted_apart(storage: Storage) -> None:
    storage.incr("nonce", 900)
    assert Spent(storage).claim("nonce", 900)


def test_a_store_that_cannot_be_written_is_reported_as_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    spent = Spent(SQLiteStorage(f"sqlite:///{tmp_path}/file/c.sqlite3"))
    with pytest.raises(StoreUnavailableError, match=r"could not be spent.*file"):
        spent.claim("nonce", 900)
    with pytest.raises(StoreUnavailableError, match="could not be looked up"):
        spent.is_spent("nonce")
    with pytest.raises(StoreUnavailableError, match="could not be released"):
        spent.release("nonce")


def test_a_redis_that_refuses_connections_is_reported_as_unavailable() -> None:
    storage = open_storage("redis://127.0.0.1:1/0")
    assert isinstance(storage, RedisStorage)
    with pytest.raises(StoreUnavailableError, match="Connection refused"):
        Spent(storage).claim("nonce", 900)


def test_our_own_error_is_not_reported_as_a_fault_of_the_store(monkeypatch: pytest.MonkeyPatch) -> None:
    storage = open_storage("memory://")
    monkeypatch.setattr(storage, "incr_and_lost_at", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        Spent(storage).claim("nonce", 900)


class Forgetful:
    """A storage that counts one nonce as ``count`` and says when it has lost data. ``down`` makes it fail."""

    base_exceptions = OSError

    def __init__(self, *, count: int = 1, lost_at: float = 0.0) -> None:
        self.count, self.lost_at, self.down = count, lost_at, False
        self.remembered = 0

    def incr_and_lost_at(self, key: str, ttl: int) -> tuple[int, float]:
        assert (key, ttl) == ("captcha_guard/spent/nonce", 900)
        return self.incr(key, ttl), self.lost_at

    def incr(self, key: str, ttl: int) -> int:
        assert (key, ttl) == ("captcha_guard/spent/nonce", 900)
        return self.count

    def remember(self) -> None:
        if self.down:
            raise ConnectionError("the store is down")
        self.remembered += 1


def spent_on(storage: Any) -> tuple[Spent, Health]:
    health = Health((OSError,), clock=iter(range(1, 1000)).__next__)
    return Spent(storage, health), health


@pytest.mark.parametrize(("issued_at", "proven"), [(99.0, False), (100.0, False), (101.0, True), (None, True)])
def test_a_first_claim_proves_nothing_if_the_store_has_lost_data_since_the_nonce_was_issued(
    issued_at: float | None, proven: bool
) -> None:
    spent, _ = spent_on(Forgetful(lost_at=100.0))
    if proven:
        assert spent.claim("nonce", 900, issued_at=issued_at)
    else:
        with pytest.raises(StoreUnavailableError, match=r"^the store has lost data, so the nonce may have been spent"):
            spent.claim("nonce", 900, issued_at=issued_at)


def test_a_later_claim_is_refused_whatever_the_store_has_lost() -> None:
    spent, _ = spent_on(Forgetful(count=2, lost_at=100.0))
    assert spent.claim("nonce", 900, issued_at=50.0) is False


def test_a_storage_without_a_history_has_lost_nothing() -> None:
    spent = Spent(MemoryStorage())
    assert [spent.claim("nonce", 900, issued_at=0.5) for _ in range(2)] == [True, False]
    assert spent.claim("another", 900, issued_at=0.5)
    spent.remember()


def test_the_start_of_the_history_is_recorded_once_and_again_after_each_fault() -> None:
    storage = Forgetful()
    spent, health = spent_on(storage)
    spent.remember()
    spent.remember()
    assert storage.remembered == 1
    with pytest.raises(StoreUnavailableError):
        health.read(_fail)
    storage.down = True
    spent.remember()
    storage.down = False
    assert storage.remembered == 1
    for _ in range(2):
        spent.remember()
    assert storage.remembered == 2


def test_the_start_of_the_history_is_recorded_again_after_data_was_lost() -> None:
    storage = Forgetful(lost_at=100.0)
    spent, _ = spent_on(storage)
    spent.remember()
    with pytest.raises(StoreUnavailableError):
        spent.claim("nonce", 900, issued_at=50.0)
    spent.remember()
    assert storage.remembered == 2


def _fail() -> None:
    raise ConnectionError("the store is down")

"""Since when a server remembers, whatever the clocks: the caller's stands at noon of another day than the server's."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from captcha_guard.counters.spent import Spent
from captcha_guard.counters.store import open_storage
from captcha_guard.errors import StoreUnavailableError
from tests.conftest import NOON

if TYPE_CHECKING:
    from collections.abc import Iterator

    import time_machine

pytestmark = [pytest.mark.redis, pytest.mark.usefixtures("clock")]


@pytest.fixture(params=["redis", "valkey"])
def storage(request: pytest.FixtureRequest, redis_uri: str) -> Iterator[Any]:
    storage: Any = open_storage(redis_uri.replace("redis", request.param))
    with closing(storage.storage):
        yield storage
        storage.storage.flushdb()


def test_what_was_handed_out_since_the_store_remembers_is_proven(storage: Any) -> None:
    spent = Spent(storage)
    spent.remember()
    assert spent.claim("nonce", 900, issued_at=int(NOON))
    assert not spent.claim("nonce", 900, issued_at=int(NOON))


def test_what_was_handed_out_before_a_loss_is_unproven_and_what_came_after_is_spent(storage: Any) -> None:
    spent = Spent(storage)
    spent.remember()
    assert spent.claim("before", 900, issued_at=NOON)
    storage.storage.flushdb()
    with pytest.raises(StoreUnavailableError, match="has lost data"):
        spent.claim("before", 900, issued_at=NOON)
    assert spent.claim("after", 900, issued_at=NOON + 5)
    assert not spent.claim("after", 900, issued_at=NOON + 5)
    assert spent.claim("a fingerprint has no age", 900)


def test_what_a_worker_that_starts_later_notes_changes_nothing(storage: Any, clock: time_machine.Traveller) -> None:
    Spent(storage).remember()
    noted = storage.storage.get(storage.mark_of(""))
    clock.shift(60)
    Spent(storage).remember()
    assert storage.storage.get(storage.mark_of("")) == noted


@pytest.mark.parametrize("written", ["99999999999", "no number"])
def test_a_mark_that_cannot_be_true_is_one_that_is_gone(storage: Any, written: str) -> None:
    storage.storage.set(storage.mark_of(""), written)
    spent = Spent(storage)
    with pytest.raises(StoreUnavailableError, match="has lost data"):
        spent.claim("before", 900, issued_at=NOON)
    assert spent.claim("after", 900, issued_at=NOON + 5)


def test_a_counter_counts_and_expires_as_others_do(storage: Any) -> None:
    assert [storage.incr_and_lost_at("key", 60)[0] for _ in range(2)] == [1, 2]
    assert storage.incr("key", 60) == storage.get("key") == 3
    assert 50 < storage.storage.ttl(storage.prefixed_key("key")) <= 60

"""A memcached that is started again or flushed: what was spent before is unproven, what comes after is spent once."""

from __future__ import annotations

from contextlib import ExitStack, closing
from typing import TYPE_CHECKING, Any

import pytest
from limits.storage import MemcachedStorage

from captcha_guard.counters.spent import Spent
from captcha_guard.counters.storages.data_loss import MARK
from captcha_guard.counters.store import open_storage
from captcha_guard.errors import StoreUnavailableError
from tests.conftest import NOON
from tests.memcached_server import memcached_server
from tests.servers import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import time_machine

pytestmark = [pytest.mark.memcached, pytest.mark.usefixtures("clock")]


class Servers:
    """Several servers, each on a port of its own, that can be started again."""

    def __init__(self, number: int) -> None:
        self.ports = [free_port() for _ in range(number)]
        self._running = [ExitStack() for _ in self.ports]
        for one in range(number):
            self._start(one)

    @property
    def uri(self) -> str:
        return "memcached://" + ",".join(f"127.0.0.1:{port}" for port in self.ports)

    def restart(self, storage: Any, number: int = 0) -> None:
        """Start one again, while the storage holds no connection that could tell it so."""
        storage.storage.close()
        self._running[number].close()
        self._start(number)

    def close(self) -> None:
        for one in self._running:
            one.close()

    def _start(self, number: int) -> None:
        self._running[number].enter_context(memcached_server(self.ports[number]))


@pytest.fixture
def servers() -> Iterator[Servers]:
    with closing(Servers(1)) as one:
        yield one


@pytest.fixture
def storage(servers: Servers) -> Iterator[Any]:
    storage: Any = open_storage(servers.uri)
    with closing(storage.storage):
        yield storage


def is_unproven(storage: Any, nonce: str, handed_out: float) -> bool:
    try:
        Spent(storage).claim(nonce, 900, issued_at=handed_out)
    except StoreUnavailableError as error:
        if "has lost data" not in str(error):
            raise
        return True
    return False


def test_what_was_handed_out_since_the_store_remembers_is_proven(storage: Any) -> None:
    spent = Spent(storage)
    spent.remember()
    assert [spent.claim("nonce", 900, issued_at=int(NOON)) for _ in range(2)] == [True, False]


@pytest.mark.parametrize("how", ["started again", "flushed", "without its mark"])
def test_what_was_handed_out_before_a_loss_is_unproven_and_what_came_after_is_spent_once(
    servers: Servers, storage: Any, how: str
) -> None:
    spent = Spent(storage)
    spent.remember()
    assert spent.claim("before", 900, issued_at=NOON)
    lose: dict[str, Callable[[], object]] = {
        "started again": lambda: servers.restart(storage),
        "flushed": lambda: storage.storage.flush_all(noreply=False),
        "without its mark": lambda: [storage.clear(key) for key in (MARK, "captcha_guard/spent/before")],
    }
    lose[how]()
    assert is_unproven(storage, "before", NOON)
    assert is_unproven(storage, "another", NOON)
    assert [spent.claim("after", 900, issued_at=NOON + 5) for _ in range(2)] == [True, False]


def test_a_server_that_is_started_again_before_it_counts_has_no_mark_to_show(servers: Servers, storage: Any) -> None:
    spent = Spent(storage)
    spent.remember()
    assert spent.claim("nonce", 900, issued_at=NOON)
    count = storage.incr

    def restart_and_count(*arguments: Any, **named: Any) -> Any:
        servers.restart(storage)
        return count(*arguments, **named)

    storage.incr = restart_and_count
    assert is_unproven(storage, "nonce", NOON)


@pytest.mark.parametrize("written", ["99999999999", "no number"])
def test_a_mark_that_cannot_be_true_is_one_that_is_gone(
    storage: Any, clock: time_machine.Traveller, written: str
) -> None:
    storage.storage.set(MARK, written, noreply=False)
    assert is_unproven(storage, "before", NOON)
    assert not is_unproven(storage, "after", NOON + 5)
    clock.shift(60)
    assert not is_unproven(storage, "later", NOON + 30)


def test_of_several_servers_only_the_one_that_was_started_again_has_forgotten() -> None:
    with closing(Servers(3)) as servers:
        storage: Any = open_storage(servers.uri)
        with closing(storage.storage):
            Spent(storage).remember()
            servers.restart(storage, 1)
            gone = f"127.0.0.1:{servers.ports[1]}"
            told = {f"nonce{number}": is_unproven(storage, f"nonce{number}", NOON) for number in range(30)}
            lies = {nonce: storage.storage.hasher.get_node(f"captcha_guard/spent/{nonce}") for nonce in told}
            assert {nonce for nonce, lost in told.items() if lost} == {n for n, node in lies.items() if node == gone}
            assert 0 < sum(told.values()) < 30


def test_control_a_storage_without_the_mark_accepts_the_code_again(servers: Servers) -> None:
    plain: Any = MemcachedStorage(servers.uri)
    with closing(plain.storage):
        assert Spent(plain).claim("nonce", 900, issued_at=NOON)
        servers.restart(plain)
        assert Spent(plain).claim("nonce", 900, issued_at=NOON)

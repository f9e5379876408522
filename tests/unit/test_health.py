"""The store's faults as one process finds them out: asked once, told once, and found well again by itself."""

from __future__ import annotations

import logging
import threading

import pytest

from captcha_guard.breaker import Outage
from captcha_guard.counters.health import REST, Health
from captcha_guard.errors import StoreUnavailableError


class Store:
    """A store that a test takes down and brings back; it counts how often it was asked."""

    def __init__(self) -> None:
        self.down = False
        self.asked = 0

    def answer(self) -> str:
        self.asked += 1
        if self.down:
            raise OSError("no route to the store")
        return "here"


@pytest.fixture
def now() -> list[float]:
    return [1000.0]


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def health(now: list[float], told: list[str]) -> Health:
    return Health((OSError,), told=lambda error: told.append(str(error)), clock=lambda: now[0])


def tries(health: Health, store: Store, times: int) -> int:
    answers = 0
    for _ in range(times):
        try:
            health.ask(store.answer)
        except StoreUnavailableError:
            continue
        answers += 1
    return answers


def test_a_store_that_failed_is_left_alone_for_a_while(health: Health, now: list[float]) -> None:
    store = Store()
    assert tries(health, store, 5) == 5
    store.down = True
    assert tries(health, store, 100) == 0
    assert store.asked == 6
    now[0] += REST
    assert tries(health, store, 100) == 0
    assert store.asked == 7
    assert health.down


def test_the_first_to_ask_after_the_rest_finds_it_well_again(health: Health, now: list[float]) -> None:
    store = Store()
    store.down = True
    tries(health, store, 1)
    store.down = False
    assert tries(health, store, 10) == 0
    now[0] += REST
    assert tries(health, store, 10) == 10
    assert not health.down


def test_one_line_and_one_call_tell_of_the_beginning_and_of_the_end(
    health: Health, now: list[float], told: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    store = Store()
    tries(health, store, 3)
    assert caplog.messages == told == []
    store.down = True
    for _ in range(5):
        tries(health, store, 3)
        now[0] += REST
    store.down = False
    tries(health, store, 3)
    begin, end = caplog.records
    assert "OSError: no route to the store" in begin.getMessage()
    assert "answers again, after 10.0 s" in end.getMessage()
    assert begin.levelno == end.levelno == logging.WARNING
    assert told == ["no route to the store", "None"]


def test_who_listens_and_fails_does_not_break_the_request(now: list[float], caplog: pytest.LogCaptureFixture) -> None:
    def broken(_: Exception | None) -> None:
        raise RuntimeError("the pager is out of order")

    store = Store()
    store.down = True
    health = Health((OSError,), told=broken, clock=lambda: now[0])
    assert tries(health, store, 2) == 0
    assert "whoever listens to the store's faults failed" in caplog.text


def test_an_error_of_ours_is_no_fault_of_the_store(health: Health) -> None:
    with pytest.raises(ZeroDivisionError):
        health.ask(lambda: 1 / 0)
    assert not health.down


def test_of_many_threads_one_waits_for_a_store_that_hangs(health: Health, now: list[float]) -> None:
    store, waiting, go = Store(), threading.Event(), threading.Event()
    store.down = True
    tries(health, store, 1)
    now[0] += REST

    def hang() -> None:
        waiting.set()
        go.wait(10)
        raise OSError("timed out")

    def probe() -> None:
        with pytest.raises(StoreUnavailableError):
            health.ask(hang)

    thread = threading.Thread(target=probe)
    thread.start()
    assert waiting.wait(10)
    assert tries(health, store, 50) == 0
    assert store.asked == 1  # by nobody but the one that hangs, since the first fault
    go.set()
    thread.join()


def test_an_outage_begins_once_and_ends_once() -> None:
    outage = Outage()
    assert outage.ends(1) is None
    assert [outage.begins(now) for now in (10, 11, 12)] == [True, False, False]
    assert outage.lasts
    assert [outage.ends(15), outage.ends(16)] == [5, None]
    assert outage.begins(20)

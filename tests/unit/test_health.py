"""The store's faults as one process finds them out: asked once, told once, and found well again by itself."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from contextlib import closing
from itertools import count
from pathlib import Path

import pytest

from captcha_guard.breaker import Outage
from captcha_guard.counters.storages.sqlite import SQLiteStorage
from captcha_guard.counters.store import TRIAL_LIFE, trial_of
from captcha_guard.errors import StoreUnavailableError
from captcha_guard.health import FAULTS, REST, Health, Trial


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
    return Health((OSError,), on_change=lambda error: told.append(str(error)), clock=lambda: now[0])


def tries(health: Health, store: Store, times: int) -> int:
    answers = 0
    for _ in range(times):
        try:
            health.write(store.answer)
        except StoreUnavailableError:
            continue
        answers += 1
    return answers


def late(health: Health, now: list[float]) -> str:
    """Answer only when others have met faults meanwhile."""
    store = Store()
    store.down = True
    now[0] += 0.1
    tries(health, store, FAULTS)
    return "here"


def test_a_store_that_failed_is_left_alone_for_a_while(health: Health, now: list[float]) -> None:
    store = Store()
    assert tries(health, store, 5) == 5
    store.down = True
    assert tries(health, store, 100) == 0
    assert store.asked == 5 + FAULTS
    now[0] += REST
    assert tries(health, store, 100) == 0
    assert store.asked == 5 + FAULTS + 1
    assert health.down


def test_the_first_to_ask_after_the_rest_finds_it_well_again(health: Health, now: list[float]) -> None:
    store = Store()
    store.down = True
    tries(health, store, FAULTS)
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


def test_a_store_that_can_be_read_and_not_written_fails_until_it_can(
    health: Health, now: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    full, there = Store(), Store()
    full.down = True
    for _ in range(5):  # requests that look first, as all do
        assert tries(health, full, 1) == 0
        now[0] += REST
        assert [health.read(there.answer) for _ in range(3)] == ["here"] * 3
        assert health.down
    assert len(caplog.messages) == 1
    full.down = False
    assert tries(health, full, 3) == 3
    assert not health.down
    assert len(caplog.messages) == 2


def test_a_question_that_fails_spares_what_would_be_written(health: Health) -> None:
    store = Store()
    store.down = True
    for _ in range(FAULTS):
        with pytest.raises(StoreUnavailableError):
            health.read(store.answer)
    assert tries(health, store, 5) == 0
    assert store.asked == FAULTS


def test_one_late_answer_is_no_outage_for_others(health: Health, caplog: pytest.LogCaptureFixture) -> None:
    store = Store()
    store.down = True
    assert tries(health, store, 1) == 0
    store.down = False
    assert tries(health, store, 10) == 10
    assert len(caplog.messages) == 2


def test_what_was_on_its_way_before_the_fault_does_not_end_it(
    health: Health, now: list[float], told: list[str]
) -> None:
    assert health.write(lambda: late(health, now)) == "here"
    assert health.down
    assert told == ["no route to the store"]


def test_a_look_that_began_before_the_faults_ends_no_rest(health: Health, now: list[float]) -> None:
    assert health.read(lambda: late(health, now)) == "here"
    with pytest.raises(StoreUnavailableError, match="isn't used for up to 2 s"):
        health.read(Store().answer)


def test_faults_that_come_while_an_outage_ends_are_no_rest_without_an_end(health: Health, now: list[float]) -> None:
    store, asked = Store(), count(1)
    store.down = True
    tries(health, store, 1)
    now[0] += REST

    def clock() -> float:
        if next(asked) == 2:  # the answer has come, and the outage is about to be called over
            tries(health, store, FAULTS)
        return now[0]

    health._clock = clock
    health.write(lambda: "here")
    store.down = False
    for _ in range(3):
        now[0] += REST
        tries(health, store, 1)
    assert not health.down
    assert tries(health, store, 10) == 10


def test_an_end_is_told_after_its_beginning_however_long_that_takes_to_tell(
    health: Health, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    store, log = Store(), logging.getLogger("captcha_guard")

    def slowly(record: logging.LogRecord) -> bool:
        if " fails " in record.getMessage():
            store.down = False
            thread = threading.Thread(target=lambda: health.write(store.answer))
            thread.start()
            thread.join(10)
            assert not thread.is_alive()
        return True

    monkeypatch.setattr(log, "filters", [slowly])
    store.down = True
    tries(health, store, 1)
    assert not health.down
    assert told == ["no route to the store", "None"]


def test_who_listens_and_fails_does_not_break_the_request(now: list[float], caplog: pytest.LogCaptureFixture) -> None:
    def broken(_: Exception | None) -> None:
        raise RuntimeError("the pager is out of order")

    store = Store()
    store.down = True
    health = Health((OSError,), on_change=broken, clock=lambda: now[0])
    assert tries(health, store, 2) == 0
    assert "a receiver of the store's signals failed" in caplog.text


class Site:
    """A site that is read and never posted to, in front of a store whose two halves fail on their own."""

    def __init__(self, now: list[float], told: list[str]) -> None:
        self.asked, self.kept = Store(), Store()
        trial = Trial(self.asked.answer, self.kept.answer)
        self.health = Health(
            (OSError,), trial=trial, on_change=lambda error: told.append(str(error)), clock=lambda: now[0]
        )

    def fail(self, *halves: Store) -> None:
        for half in halves:
            half.down = True
        tries(self.health, halves[-1], FAULTS)
        for half in halves:
            half.asked = 0

    def questions(self) -> tuple[int, int]:
        return self.asked.asked, self.kept.asked


@pytest.fixture
def site(now: list[float], told: list[str]) -> Site:
    return Site(now, told)


def test_an_outage_that_is_over_ends_by_whoever_reads_the_site(site: Site, now: list[float], told: list[str]) -> None:
    site.fail(site.asked, site.kept)
    site.asked.down = site.kept.down = False
    site.health.recover()
    assert told == ["no route to the store"]  # it failed a moment ago
    now[0] += REST
    site.health.recover()
    assert not site.health.down
    assert told == ["no route to the store", "None"]
    assert site.questions() == (1, 1)


def test_a_store_that_is_well_is_not_tried(site: Site, now: list[float]) -> None:
    for _ in range(10):
        now[0] += REST
        site.health.recover()
    assert site.questions() == (0, 0)


def test_of_a_store_that_hangs_one_reader_in_each_rest_waits_once(site: Site, now: list[float]) -> None:
    site.fail(site.asked, site.kept)
    for _ in range(5):
        now[0] += REST
        for _ in range(100):
            site.health.recover()
    assert site.questions() == (5, 0)  # what does not answer is not written to besides
    assert tries(site.health, site.kept, 10) == 0
    assert site.kept.asked == 0


def test_readers_call_no_store_well_that_keeps_nothing(site: Site, now: list[float], told: list[str]) -> None:
    site.fail(site.kept)
    for _ in range(5):
        now[0] += REST
        for _ in range(100):
            site.health.recover()
            assert site.health.read(site.asked.answer) == "here"
    assert site.kept.asked == 5
    assert site.health.down
    assert told == ["no route to the store"]


def test_the_first_fault_of_all_is_followed_by_no_trial(site: Site) -> None:
    site.asked.down = True
    with pytest.raises(StoreUnavailableError):
        site.health.read(site.asked.answer)
    site.health.recover()
    assert site.questions() == (1, 0)


def test_a_reader_whose_question_failed_does_not_try_the_store_as_well(site: Site, now: list[float]) -> None:
    site.fail(site.asked, site.kept)
    now[0] += REST
    with pytest.raises(StoreUnavailableError):
        site.health.read(site.asked.answer)
    site.health.recover()
    assert site.questions() == (1, 0)


def test_a_trial_asks_and_keeps_without_touching_what_is_counted(tmp_path: Path) -> None:
    storage = SQLiteStorage(f"sqlite:///{tmp_path}/counters.sqlite3")
    trial = trial_of(storage)
    for _ in range(3):
        trial.ask()
        trial.keep()
    with closing(sqlite3.connect(tmp_path / "counters.sqlite3")) as file:
        kept = file.execute("SELECT value, expires FROM limits_counters").fetchall()
    storage.close()
    assert [value for value, _ in kept] == [1, 1, 1]  # each is a row of its own: room for it is what is tried
    assert all(expires <= time.time() + TRIAL_LIFE for _, expires in kept)


def test_whoever_insists_asks_a_store_that_rests_and_its_answer_ends_the_rest_for_all(health: Health) -> None:
    store = Store()
    store.down = True
    tries(health, store, FAULTS)
    with pytest.raises(StoreUnavailableError):
        health.write(store.answer, insist=True)
    assert store.asked == FAULTS + 1
    store.down = False
    assert tries(health, store, 1) == 0
    assert health.read(store.answer, insist=True) == health.write(store.answer, insist=True) == "here"
    assert tries(health, store, 1) == 1


def test_an_error_of_ours_is_no_fault_of_the_store(health: Health) -> None:
    with pytest.raises(ZeroDivisionError):
        health.write(lambda: 1 / 0)
    assert not health.down


def test_of_many_threads_one_waits_for_a_store_that_hangs(health: Health, now: list[float]) -> None:
    store, waiting, go = Store(), threading.Event(), threading.Event()
    store.down = True
    tries(health, store, FAULTS)
    now[0] += REST

    def hang() -> None:
        waiting.set()
        go.wait(10)
        raise OSError("timed out")

    def probe() -> None:
        with pytest.raises(StoreUnavailableError):
            health.write(hang)

    thread = threading.Thread(target=probe)
    thread.start()
    assert waiting.wait(10)
    assert tries(health, store, 50) == 0
    assert store.asked == FAULTS  # and by nobody but the one that hangs since
    go.set()
    thread.join()


def test_an_outage_begins_once_and_ends_once() -> None:
    outage = Outage()
    assert outage.ends(1) is None
    assert [outage.begins(now) for now in (10, 11, 12)] == [True, False, False]
    assert outage.lasts
    assert [outage.ends(15), outage.ends(16)] == [5, None]
    assert outage.begins(20)

"""The store's faults in one process: each is found and reported once, and its end is found without a restart."""

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
    """A store that a test can break and repair. It counts its requests."""

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
def changes() -> list[str]:
    return []


@pytest.fixture
def health(now: list[float], changes: list[str]) -> Health:
    return Health((OSError,), on_change=lambda error: changes.append(str(error)), clock=lambda: now[0])


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
    """Return only after other requests have had faults."""
    store = Store()
    store.down = True
    now[0] += 0.1
    tries(health, store, FAULTS)
    return "here"


def test_a_store_that_failed_is_not_used_for_a_while(health: Health, now: list[float]) -> None:
    store = Store()
    assert tries(health, store, 5) == 5
    store.down = True
    assert tries(health, store, 100) == 0
    assert store.asked == 5 + FAULTS
    now[0] += REST
    assert tries(health, store, 100) == 0
    assert store.asked == 5 + FAULTS + 1
    assert health.down


def test_the_first_request_after_the_rest_finds_that_the_store_works(health: Health, now: list[float]) -> None:
    store = Store()
    store.down = True
    tries(health, store, FAULTS)
    store.down = False
    assert tries(health, store, 10) == 0
    now[0] += REST
    assert tries(health, store, 10) == 10
    assert not health.down


def test_the_begin_and_the_end_are_each_logged_and_reported_once(
    health: Health, now: list[float], changes: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    store = Store()
    tries(health, store, 3)
    assert caplog.messages == changes == []
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
    assert changes == ["no route to the store", "None"]


def test_a_store_that_can_be_read_but_not_written_is_still_failing(
    health: Health, now: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    full, there = Store(), Store()
    full.down = True
    for _ in range(5):  # requests that read first, as all do
        assert tries(health, full, 1) == 0
        now[0] += REST
        assert [health.read(there.answer) for _ in range(3)] == ["here"] * 3
        assert health.down
    assert len(caplog.messages) == 1
    full.down = False
    assert tries(health, full, 3) == 3
    assert not health.down
    assert len(caplog.messages) == 2


def test_after_failed_reads_nothing_is_written(health: Health) -> None:
    store = Store()
    store.down = True
    for _ in range(FAULTS):
        with pytest.raises(StoreUnavailableError):
            health.read(store.answer)
    assert tries(health, store, 5) == 0
    assert store.asked == FAULTS


def test_one_late_answer_is_not_an_outage(health: Health, caplog: pytest.LogCaptureFixture) -> None:
    store = Store()
    store.down = True
    assert tries(health, store, 1) == 0
    store.down = False
    assert tries(health, store, 10) == 10
    assert len(caplog.messages) == 2


def test_a_request_that_began_before_the_fault_does_not_end_it(
    health: Health, now: list[float], changes: list[str]
) -> None:
    assert health.write(lambda: late(health, now)) == "here"
    assert health.down
    assert changes == ["no route to the store"]


def test_a_read_that_began_before_the_faults_does_not_end_the_rest(health: Health, now: list[float]) -> None:
    assert health.read(lambda: late(health, now)) == "here"
    with pytest.raises(StoreUnavailableError, match="isn't used for up to 2 s"):
        health.read(Store().answer)


def test_faults_during_the_end_of_an_outage_do_not_cause_an_endless_rest(health: Health, now: list[float]) -> None:
    store, asked = Store(), count(1)
    store.down = True
    tries(health, store, 1)
    now[0] += REST

    def clock() -> float:
        if next(asked) == 2:  # the store has answered, and the outage is about to end
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


def test_an_end_is_reported_after_its_begin_however_slow_the_report_is(
    health: Health, changes: list[str], monkeypatch: pytest.MonkeyPatch
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
    assert changes == ["no route to the store", "None"]


def test_a_failing_receiver_does_not_break_the_request(now: list[float], caplog: pytest.LogCaptureFixture) -> None:
    def broken(_: Exception | None) -> None:
        raise RuntimeError("the pager is out of order")

    store = Store()
    store.down = True
    health = Health((OSError,), on_change=broken, clock=lambda: now[0])
    assert tries(health, store, 2) == 0
    assert "a receiver of the store's signals failed" in caplog.text


class Site:
    """A site without POSTs. Its store's reads and writes can fail separately."""

    def __init__(self, now: list[float], changes: list[str]) -> None:
        self.asked, self.kept = Store(), Store()
        trial = Trial(self.asked.answer, self.kept.answer)
        self.health = Health(
            (OSError,), trial=trial, on_change=lambda error: changes.append(str(error)), clock=lambda: now[0]
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
def site(now: list[float], changes: list[str]) -> Site:
    return Site(now, changes)


def test_page_views_end_an_outage_that_is_over(site: Site, now: list[float], changes: list[str]) -> None:
    site.fail(site.asked, site.kept)
    site.asked.down = site.kept.down = False
    site.health.recover()
    assert changes == ["no route to the store"]  # it failed a moment ago
    now[0] += REST
    site.health.recover()
    assert not site.health.down
    assert changes == ["no route to the store", "None"]
    assert site.questions() == (1, 1)


def test_a_working_store_is_not_tried(site: Site, now: list[float]) -> None:
    for _ in range(10):
        now[0] += REST
        site.health.recover()
    assert site.questions() == (0, 0)


def test_one_reader_per_pause_waits_for_a_store_that_hangs(site: Site, now: list[float]) -> None:
    site.fail(site.asked, site.kept)
    for _ in range(5):
        now[0] += REST
        for _ in range(100):
            site.health.recover()
    assert site.questions() == (5, 0)  # a store that doesn't answer isn't written to
    assert tries(site.health, site.kept, 10) == 0
    assert site.kept.asked == 0


def test_page_views_do_not_end_the_outage_of_a_store_that_cannot_be_written(
    site: Site, now: list[float], changes: list[str]
) -> None:
    site.fail(site.kept)
    for _ in range(5):
        now[0] += REST
        for _ in range(100):
            site.health.recover()
            assert site.health.read(site.asked.answer) == "here"
    assert site.kept.asked == 5
    assert site.health.down
    assert changes == ["no route to the store"]


def test_there_is_no_trial_right_after_the_first_fault(site: Site) -> None:
    site.asked.down = True
    with pytest.raises(StoreUnavailableError):
        site.health.read(site.asked.answer)
    site.health.recover()
    assert site.questions() == (1, 0)


def test_a_page_view_whose_read_failed_does_not_try_the_store(site: Site, now: list[float]) -> None:
    site.fail(site.asked, site.kept)
    now[0] += REST
    with pytest.raises(StoreUnavailableError):
        site.health.read(site.asked.answer)
    site.health.recover()
    assert site.questions() == (1, 0)


def test_a_trial_reads_and_writes_without_changing_counts(tmp_path: Path) -> None:
    storage = SQLiteStorage(f"sqlite:///{tmp_path}/counters.sqlite3")
    trial = trial_of(storage)
    for _ in range(3):
        trial.ask()
        trial.keep()
    with closing(sqlite3.connect(tmp_path / "counters.sqlite3")) as file:
        kept = file.execute("SELECT value, expires FROM limits_counters").fetchall()
    storage.close()
    # Each trial writes a separate row, because it also tests whether there is room for one.
    assert [value for value, _ in kept] == [1, 1, 1]
    assert all(expires <= time.time() + TRIAL_LIFE for _, expires in kept)


def test_an_insisting_request_uses_a_resting_store_and_its_success_ends_the_rest(health: Health) -> None:
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


def test_an_error_in_our_code_is_not_a_fault_of_the_store(health: Health) -> None:
    with pytest.raises(ZeroDivisionError):
        health.write(lambda: 1 / 0)
    assert not health.down


def test_one_of_many_threads_waits_for_a_store_that_hangs(health: Health, now: list[float]) -> None:
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
    assert store.asked == FAULTS  # and only by the thread that has been waiting since then
    go.set()
    thread.join()


def test_an_outage_begins_once_and_ends_once() -> None:
    outage = Outage()
    assert outage.ends(1) is None
    assert [outage.begins(now) for now in (10, 11, 12)] == [True, False, False]
    assert outage.lasts
    assert [outage.ends(15), outage.ends(16)] == [5, None]
    assert outage.begins(20)

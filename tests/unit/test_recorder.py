"""Counts in memory: exact with threads, forks and processes, kept while the database is down, and bounded."""

from __future__ import annotations

import logging
import multiprocessing
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from captcha_guard.database import background_writer
from captcha_guard.database.background_writer import BackgroundWriter
from captcha_guard.database.opening import open_database
from captcha_guard.errors import DatabaseUnavailableError
from captcha_guard.statistics import recorder as recorder_module
from captcha_guard.statistics.counts import REASONS, SHOWN, Statistics
from captcha_guard.statistics.reading import read_statistics
from captcha_guard.statistics.recorder import Recorder
from tests.processes import in_processes
from tests.servers import wait_until

pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")

NOW = 1_800_014_400.0
NEVER = 3_600.0  # seconds: no thread writes during a test
TIMES = 500


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "instance/judge.sqlite3"


@pytest.fixture
def make(path: Path) -> Iterator[Callable[..., Recorder]]:
    made: list[BackgroundWriter] = []

    def make(**options: Any) -> Recorder:
        database = open_database(f"sqlite:///{path}")
        writer = BackgroundWriter(database, every=options.pop("every", NEVER))
        made.append(writer)
        return Recorder(database, writer, clock=lambda: NOW, **options)

    yield make
    for one in made:
        one.stop()


def read(path: Path) -> Statistics:
    now = datetime.fromtimestamp(NOW, UTC)
    with closing(open_database(f"sqlite:///{path}")) as database:
        return read_statistics(database, now, now + timedelta(hours=1), by="hour", now=NOW)


def test_counting_does_not_touch_the_database(make: Callable[..., Recorder], path: Path) -> None:
    make().count(list, [(SHOWN, "")])
    assert not path.parent.exists()


def test_a_thread_writes_the_counts_and_ends_when_there_are_no_more(make: Callable[..., Recorder], path: Path) -> None:
    recorder = make(every=0.01)
    for shown in (1, 2):
        recorder.count(list, [(SHOWN, "")])
        thread = recorder._writer._thread
        assert thread is not None
        assert thread.daemon
        thread.join(10)
        assert read(path).total.shown == shown
        assert recorder._writer._thread is None


def test_threads_lose_no_count_while_counts_are_written(make: Callable[..., Recorder], path: Path) -> None:
    recorder = make()

    def count(number: int) -> None:
        for turn in range(TIMES):
            recorder.count(list, [(SHOWN, ""), (REASONS, f"reason_{number % 3}")])
            if turn % 100 == 0:
                assert recorder.write()

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(count, range(9)))
    finally:
        sys.setswitchinterval(before)
    assert recorder.write()
    total = read(path).total
    assert (total.shown, set(total.reasons.values())) == (9 * TIMES, {3 * TIMES})


def count_in_a_process(path: Path) -> int:
    database = open_database(f"sqlite:///{path}", timeout=30)
    recorder = Recorder(database, BackgroundWriter(database, every=NEVER), clock=lambda: NOW)
    for turn in range(TIMES):
        recorder.count(list, [(SHOWN, "")])
        if turn % 50 == 0:
            recorder.write()
    return recorder.write()


@pytest.mark.parametrize("start_method", ["fork", "spawn"])
def test_processes_lose_no_count(path: Path, start_method: str) -> None:
    context = multiprocessing.get_context(start_method)
    assert in_processes(context, count_in_a_process, [(path,)] * 4) == [True] * 4
    assert read(path).total.shown == 4 * TIMES


def test_a_fork_leaves_what_was_counted_before_to_its_parent(make: Callable[..., Recorder], path: Path) -> None:
    recorder = make(every=0.05)
    for _ in range(3):
        recorder.count(list, [(SHOWN, "")])
    child = os.fork()
    if child == 0:
        recorder.count(list, [(SHOWN, "")])
        thread = recorder._writer._thread
        if thread is not None:
            thread.join(10)
        os._exit(0 if thread is not None and recorder._writer._thread is None else 1)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert recorder.write()
    assert read(path).total.shown == 4


def test_a_fork_while_another_thread_holds_the_locks_can_count(make: Callable[..., Recorder], path: Path) -> None:
    recorder = make()
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with recorder._lock:
            held.set()
            done.wait(10)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(10)
    child = os.fork()
    if child == 0:
        recorder.count(list, [(SHOWN, "")])
        os._exit(0 if recorder.write() else 1)
    done.set()
    thread.join()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert read(path).total.shown == 1


def test_a_fork_waits_until_a_write_has_ended(make: Callable[..., Recorder]) -> None:
    recorder = make()
    recorder._writer._writing.acquire()
    released: list[float] = []

    def release() -> None:
        time.sleep(0.2)
        released.append(time.monotonic())
        recorder._writer._writing.release()

    thread = threading.Thread(target=release)
    thread.start()
    background_writer._pause()
    assert released
    assert recorder._writer._writing.locked()
    background_writer._resume()
    assert not recorder._writer._writing.locked()
    thread.join()


def test_the_end_of_the_process_writes_what_is_left(path: Path) -> None:
    program = (
        "import sys; from captcha_guard.database.opening import open_database; "
        "from captcha_guard.database.background_writer import BackgroundWriter; "
        "from captcha_guard.statistics.recorder import Recorder; "
        "database = open_database('sqlite:///' + sys.argv[1]); "
        f"one = Recorder(database, BackgroundWriter(database), clock=lambda: {NOW}); "
        "[one.count(list, [('shown', '')]) for _ in range(7)]"
    )
    subprocess.run([sys.executable, "-c", program, str(path)], check=True)
    assert read(path).total.shown == 7


def test_a_process_that_ends_while_the_database_is_down_says_that_counts_are_lost(path: Path) -> None:
    program = (
        "import sys; from captcha_guard.database.opening import open_database; "
        "from captcha_guard.database.background_writer import BackgroundWriter; "
        "from captcha_guard.statistics.recorder import Recorder; "
        "database = open_database('sqlite:///' + sys.argv[1]); "
        "Recorder(database, BackgroundWriter(database, every=3600)).count(list, [('shown', '')])"
    )
    path.mkdir(parents=True)
    done = subprocess.run([sys.executable, "-c", program, str(path)], check=True, capture_output=True, text=True)
    assert f"the statistics and records that wait for {path} are lost" in done.stderr


def test_the_process_can_end_while_a_thread_writes(path: Path) -> None:
    program = """
import sys, threading
from captcha_guard.database.background_writer import BackgroundWriter
from captcha_guard.database.opening import open_database
from captcha_guard.statistics.recorder import Recorder

database = open_database("sqlite:///" + sys.argv[1])
recorder = Recorder(database, BackgroundWriter(database, every=3600))

def count():
    while True:
        recorder.count(list, [("reasons", str(number)) for number in range(5_000)])
        recorder.write()

threading.Thread(target=count, daemon=True).start()
while not recorder._writer._writing.locked():
    pass
"""
    for _ in range(4):
        ended = subprocess.run([sys.executable, "-c", program, str(path)], check=False, capture_output=True, text=True)
        assert (ended.returncode, ended.stderr) == (0, "")


def test_counts_wait_while_the_database_is_down_and_the_log_says_so_once(
    make: Callable[..., Recorder], path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path.mkdir(parents=True)  # a folder instead of the file
    recorder = make(every=0.02)
    for _ in range(5):
        recorder.count(list, [(SHOWN, "")])
        assert not recorder.write(insist=True)
    assert sum("fails" in line for line in caplog.messages) == 1
    assert "statistics wait in memory" in caplog.text
    with pytest.raises(DatabaseUnavailableError):
        read(path)
    path.rmdir()
    wait_until(lambda: recorder._writer._thread is None, "the thread to write and to end")
    assert read(path).total.shown == 5
    assert [record.levelno for record in caplog.records if record.levelno > logging.WARNING] == []


def test_an_unexpected_error_loses_no_count(
    make: Callable[..., Recorder], path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    recorder = make()
    recorder.count(list, [(SHOWN, "")])
    with monkeypatch.context() as patch:
        patch.setattr(recorder_module, "_store", lambda *_: 1 / 0)
        assert not recorder.write()
    assert "statistics and records could not be written" in caplog.text
    recorder.count(list, [(SHOWN, "")])
    assert recorder.write()
    assert read(path).total.shown == 2


def test_an_event_that_can_not_be_counted_is_logged_and_the_others_count(
    make: Callable[..., Recorder], path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    recorder = make()
    broken: list[Callable[..., Any]] = [list, lambda _: 1 / 0, lambda _: [(REASONS, None)], list]
    for counts_of in broken:
        recorder.count(counts_of, [(SHOWN, "")])
    assert recorder.write()
    assert caplog.messages == ["captcha_guard: an event could not be counted in the statistics"]
    assert (read(path).total.shown, read(path).total.reasons) == (2, {"None": 1})


def test_many_events_are_counted_before_they_fill_the_memory(
    make: Callable[..., Recorder], path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder_module, "MANY", 10)
    recorder = make()
    for _ in range(1_000):
        recorder.count(list, [(SHOWN, "")])
        assert len(recorder._events) <= 10
    assert recorder.write()
    assert read(path).total.shown == 1_000


def test_the_counts_in_memory_are_bounded_and_the_log_says_once_that_some_are_lost(
    make: Callable[..., Recorder], path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    recorder = make(most=10)
    for _ in range(3):
        for number in range(12):
            recorder.count(list, [(REASONS, f"reason_{number:02}")])
    assert recorder.write()
    assert sum("further ones aren't counted" in line for line in caplog.messages) == 1
    assert read(path).total.reasons == {f"reason_{number:02}": 3 for number in range(10)}
    recorder.count(list, [(REASONS, "reason_11")])
    assert recorder.write()
    assert read(path).total.reasons["reason_11"] == 1


def test_counts_wait_if_no_thread_can_be_started(
    make: Callable[..., Recorder], path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    recorder = make(every=0.01)
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", fail)
        recorder.count(list, [(SHOWN, "")])
        recorder.count(list, [(SHOWN, "")])
    assert sum("no thread could be started" in line for line in caplog.messages) == 1
    recorder.count(list, [(SHOWN, "")])
    wait_until(lambda: recorder._writer._thread is None, "the thread to write and to end")
    assert read(path).total.shown == 3


def test_a_stopped_recorder_writes_nothing(make: Callable[..., Recorder], path: Path) -> None:
    recorder = make()
    recorder.count(list, [(SHOWN, "")])
    recorder._writer.stop()
    recorder.count(list, [(SHOWN, "")])
    assert recorder.write()
    assert not path.exists()

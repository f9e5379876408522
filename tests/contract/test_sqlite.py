"""What the SQLite storage promises beyond the contract: its file, its connections, its batches, its bounds."""

from __future__ import annotations

import gc
import os
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask
from flask_limiter import Limiter, commands
from flask_limiter.util import get_remote_address
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from limits.errors import ConfigurationError, StorageError
from limits.storage import MemoryStorage, storage_from_string

from captcha_guard.counters.storages.sqlite import SQLiteStorage
from captcha_guard.counters.storages.stamps import LEEWAY
from tests.conftest import NOON

if TYPE_CHECKING:
    from collections.abc import Iterator

    import time_machine


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[SQLiteStorage]:
    with closing(SQLiteStorage(f"sqlite:///{tmp_path}/counters.sqlite3")) as storage:
        yield storage


def rows(storage: SQLiteStorage) -> dict[str, int]:
    with closing(sqlite3.connect(storage.storage)) as connection:
        return {
            table: connection.execute(f"SELECT count(*) FROM limits_{table}").fetchone()[0]  # noqa: S608
            for table in ("counters", "windows")
        }


def open_files(path: str) -> int:
    return sum(link.is_symlink() and link.readlink() == Path(path) for link in Path("/proc/self/fd").iterdir())


# The file


def test_limits_opens_it_by_its_scheme(tmp_path: Path) -> None:
    assert isinstance(storage_from_string(f"sqlite:///{tmp_path}/counters.sqlite3"), SQLiteStorage)


def test_folder_and_file_are_made_on_first_use_for_the_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "not" / "yet" / "c.sqlite3"
    with closing(SQLiteStorage(f"sqlite:///{path}")) as storage:
        assert not path.parent.exists()
        storage.incr("k", 60)
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert modes == dict.fromkeys(("c.sqlite3", "c.sqlite3-wal", "c.sqlite3-shm"), 0o600)


def test_a_relative_path_stays_where_the_process_was_when_it_opened_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    storage = SQLiteStorage("sqlite:///c.sqlite3")
    monkeypatch.chdir("/")
    with closing(storage):
        storage.incr("k", 60)
    assert (tmp_path / "c.sqlite3").is_file()


@pytest.mark.parametrize("uri", ["sqlite://", "sqlite:///", "sqlite:///:memory:", "sqlite:///a?mode=ro", "sqlite:a"])
def test_a_uri_that_names_no_file_is_refused(uri: str) -> None:
    with pytest.raises(ConfigurationError, match="sqlite:////absolute/path"):
        SQLiteStorage(uri)


def test_an_sqlite_too_old_is_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 34, 1))
    with pytest.raises(ConfigurationError, match=r"3\.35 or newer"):
        SQLiteStorage("sqlite:///c.sqlite3")


def test_the_command_line_of_flask_limiter_shows_it(tmp_path: Path) -> None:
    app = Flask(__name__)
    Limiter(get_remote_address, app=app, storage_uri=f"sqlite:///{tmp_path}/c.sqlite3", default_limits=["1/day"])
    shown = app.test_cli_runner().invoke(commands.cli, ["config"])
    assert shown.exit_code == 0
    assert "SQLiteStorage" in shown.output
    assert "OK" in shown.output


def test_counts_survive_the_process_that_made_them(tmp_path: Path) -> None:
    uri = f"sqlite:///{tmp_path}/c.sqlite3"
    with closing(SQLiteStorage(uri)) as before:
        before.incr("k", 60)
        before.acquire_entry("w", 1, 60)
    with closing(SQLiteStorage(uri)) as after:
        assert after.get("k") == 1
        assert not after.acquire_entry("w", 1, 60)


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_file_that_cannot_be_opened_raises_what_the_storage_declares(tmp_path: Path, wrapped: bool) -> None:
    (tmp_path / "file").touch()
    storage = SQLiteStorage(f"sqlite:///{tmp_path}/file/c.sqlite3", wrap_exceptions=wrapped)
    expected = StorageError if wrapped else storage.base_exceptions
    with pytest.raises(expected):
        storage.incr("k", 60)
    with pytest.raises(expected):
        storage.acquire_entries([("k", 1, 60, 1)])
    assert storage.check() is False


def test_a_writer_that_keeps_the_file_locked_is_waited_for_and_then_reported(tmp_path: Path) -> None:
    with closing(SQLiteStorage(f"sqlite:///{tmp_path}/c.sqlite3", timeout=0.01)) as storage:
        storage.incr("k", 60)
        with closing(sqlite3.connect(storage.storage, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            for attempt in (storage.check, lambda: storage.get("k") == 2):
                assert attempt() is False
            with pytest.raises(sqlite3.OperationalError, match="locked"):
                storage.incr("k", 60)
            other.execute("ROLLBACK")
        assert storage.incr("k", 60) == 2


# Its connections


def test_connections_of_ended_threads_are_closed(storage: SQLiteStorage) -> None:
    storage.incr("k", 60)
    for _ in range(20):
        thread = threading.Thread(target=storage.incr, args=("k", 60))
        thread.start()
        thread.join()
    assert storage.get("k") == 21
    assert open_files(storage.storage) <= 2  # SQLite keeps the last one closed, to use it again


def test_the_process_can_end_while_a_daemon_thread_runs_a_statement(tmp_path: Path) -> None:
    program = """
import sys, threading
from captcha_guard.counters.storages.sqlite import SQLiteStorage

storage = SQLiteStorage("sqlite:///" + sys.argv[1])
started = threading.Event()

def use():
    with storage._connections.reading() as connection:
        while True:
            started.set()
            connection.execute("WITH RECURSIVE n AS (VALUES (1) UNION ALL SELECT * FROM n LIMIT 9999) SELECT 1 FROM n")

threading.Thread(target=use, daemon=True).start()
started.wait()
"""
    for _ in range(4):
        command = [sys.executable, "-c", program, str(tmp_path / "counters.sqlite3")]
        ended = subprocess.run(command, check=False, capture_output=True, text=True)
        assert (ended.returncode, ended.stderr) == (0, "")


def test_a_dropped_storage_closes_its_connection(tmp_path: Path) -> None:
    storage = SQLiteStorage(f"sqlite:///{tmp_path}/c.sqlite3")
    storage.incr("k", 60)
    path = storage.storage
    del storage
    gc.collect()
    assert open_files(path) == 0


def test_each_thread_has_its_own_connection(storage: SQLiteStorage) -> None:
    together = threading.Barrier(4)

    def use() -> None:
        storage.incr("k", 60)
        together.wait()  # all four alive
        together.wait()  # all four counted below

    threads = [threading.Thread(target=use) for _ in range(3)]
    for thread in threads:
        thread.start()
    together.wait()
    assert open_files(storage.storage) == 3
    together.wait()
    for thread in threads:
        thread.join()


def test_a_forked_child_opens_its_own_and_leaves_the_parents_alone(storage: SQLiteStorage) -> None:
    storage.incr("k", 60)
    child = os.fork()
    if child == 0:  # no assertion may leave this branch
        try:
            counted = storage.incr("k", 60)
            gc.collect()
            os._exit(0 if counted == 2 and open_files(storage.storage) == 2 else 1)
        finally:
            os._exit(2)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert storage.incr("k", 60) == 3


# Its bounds


def test_expired_rows_go_with_the_writes(storage: SQLiteStorage, clock: time_machine.Traveller) -> None:
    for client in range(3000):
        storage.incr(f"c{client}", 60)
        storage.acquire_entries([(f"w{client}", 1, 60, 1), (f"v{client}", 1, 60, 1)])
        clock.shift(1)
    alive = {"counters": 60, "windows": 120}
    assert all(count <= alive[table] + 64 for table, count in rows(storage).items())


def test_a_flood_gives_up_the_windows_entered_least_recently_and_no_counter(
    tmp_path: Path, clock: time_machine.Traveller
) -> None:
    with closing(SQLiteStorage(f"sqlite:///{tmp_path}/c.sqlite3", most_windows=200)) as storage:
        for client in range(1000):
            storage.incr(f"nonce{client}", 86_400)
            storage.acquire_entries([(f"minute{client}", 1, 60, 1), (f"day{client}", 1, 86_400, 1)])
            clock.shift(1)
        held = rows(storage)
        assert held["counters"] == 1000
        assert 100 <= held["windows"] <= 200 + 200 // 64 + 2 * 128
        assert storage.acquire_entry("day0", 1, 86_400)
        assert not storage.acquire_entry("day999", 1, 86_400)
        assert not any(storage.acquire_entry(f"minute{client}", 1, 60) for client in range(945, 1000))


def test_a_file_shrinks_when_what_was_in_it_has_expired(storage: SQLiteStorage, clock: time_machine.Traveller) -> None:
    for client in range(3000):
        storage.incr(f"{client}" * 20, 60)
    path = Path(storage.storage)
    clock.shift(60 + LEEWAY)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        before = path.stat().st_size
        assert storage.sweep() > 2000
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    assert path.stat().st_size < before / 5


def test_a_sweep_leaves_the_rest_when_its_time_is_over(storage: SQLiteStorage, clock: time_machine.Traveller) -> None:
    for client in range(20):
        storage.incr(f"{client}", 60)
    clock.shift(60 + LEEWAY)
    assert storage.sweep(patience=0) == 0
    assert rows(storage)["counters"] == 20
    assert storage.sweep() == 20


def test_a_window_holds_no_more_times_than_its_limit(storage: SQLiteStorage, clock: time_machine.Traveller) -> None:
    for _ in range(50):
        assert storage.acquire_entry("k", 3, 1)
        clock.shift(0.5)
    with closing(sqlite3.connect(storage.storage)) as connection:
        assert connection.execute("SELECT max(length(stamps)) FROM limits_windows").fetchone() == (3 * 8,)


def test_a_sweep_deletes_all_that_expired_and_nothing_else(
    storage: SQLiteStorage, clock: time_machine.Traveller
) -> None:
    with closing(sqlite3.connect(storage.storage)) as connection:
        storage.incr("young", 600)
        storage.acquire_entry("young", 1, 600)
        dead = [(f"k{number}", NOON - LEEWAY) for number in range(1000)]
        connection.executemany("INSERT INTO limits_counters VALUES (?, 1, ?)", dead)
        connection.executemany("INSERT INTO limits_windows VALUES (?, x'', ?)", dead)
        connection.commit()
    assert storage.sweep() == 2000
    assert rows(storage) == {"counters": 1, "windows": 1}
    assert storage.sweep() == 0


# It counts as the memory storage counts, whatever is asked in whatever order.

KEYS = st.sampled_from(["a", "b"])
AMOUNTS = st.integers(1, 4)
LIMITS = st.sampled_from([(3, 10), (5, 60)])
STEPS = st.one_of(
    st.tuples(st.just("incr"), KEYS, AMOUNTS),
    st.tuples(st.just("get"), KEYS),
    st.tuples(st.just("get_expiry"), KEYS),
    st.tuples(st.just("acquire_entry"), LIMITS, AMOUNTS),
    st.tuples(st.just("get_moving_window"), LIMITS),
    st.tuples(st.just("acquire_sliding_window_entry"), LIMITS, AMOUNTS),
    st.tuples(st.just("get_sliding_window"), LIMITS),
    st.tuples(st.just("clear"), KEYS),
    st.tuples(st.just("advance"), st.integers(0, 130)),
)


def take(storage: Any, step: tuple[Any, ...]) -> Any:
    name, *arguments = step
    if name == "incr":
        key, amount = arguments
        arguments = [key, 10 if key == "a" else 60, amount]  # a key has one expiry, as limits and nonces have
    if isinstance(arguments[0], tuple):
        (limit, expiry), *rest = arguments
        sizes = [expiry] if name == "get_sliding_window" else [limit, expiry]
        arguments = [f"{name.split('_')[-2]} {limit} per {expiry}", *sizes, *rest]
    answer = getattr(storage, name)(*arguments)
    if name == "get_expiry":
        return max(answer, time.time())  # the memory storage may still name a time that is over
    if name == "get_moving_window" and answer[1] == 0:
        return 0  # the start of an empty window means nothing
    return answer


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, max_size=40))
def test_it_counts_as_the_memory_storage_does(
    storage: SQLiteStorage, clock: time_machine.Traveller, steps: list[tuple[Any, ...]]
) -> None:
    storage.reset()
    model = MemoryStorage()
    model.timer.join()
    for step in steps:
        if step[0] == "advance":
            clock.shift(step[1] + 0.25)
            continue
        assert take(storage, step) == pytest.approx(take(model, step), abs=1e-6), step
    model.timer.join()

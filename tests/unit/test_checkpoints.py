"""The write-ahead log of a SQLite file stays small, although requests don't copy it into the file."""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from captcha_guard.database import checkpoints
from captcha_guard.database.connections import Connections

SCHEMA = ("CREATE TABLE IF NOT EXISTS lines (text TEXT NOT NULL)",)
ADD = "INSERT INTO lines VALUES (?)"


@pytest.fixture
def connections(tmp_path: Path) -> Iterator[Connections]:
    opened = Connections(tmp_path / "lines.sqlite3", schema=SCHEMA, timeout=5.0)
    yield opened
    opened.close()


def finish() -> None:
    """Wait for checkpoints that are running."""
    for thread in threading.enumerate():
        if thread.name == "captcha_guard-checkpoint":
            thread.join(10)


def test_a_thread_copies_the_log_instead_of_a_request(connections: Connections, tmp_path: Path) -> None:
    path = tmp_path / "lines.sqlite3"
    for number in range(checkpoints.EVERY - 1):
        connections.atomically(ADD, (f"{number} {'x' * 6000}",))
    before = path.stat().st_size
    assert (tmp_path / "lines.sqlite3-wal").stat().st_size > 700_000
    connections.atomically(ADD, ("one more",))
    finish()
    assert path.stat().st_size > before + 500_000


def test_the_log_starts_again_after_each_checkpoint(connections: Connections, tmp_path: Path) -> None:
    sizes = []
    for _ in range(4):
        for number in range(checkpoints.EVERY):
            connections.atomically(ADD, (f"{number} {'x' * 6000}",))
        finish()
        sizes.append((tmp_path / "lines.sqlite3-wal").stat().st_size)
    assert sizes[-1] <= 1.5 * sizes[0]


def test_a_log_that_grew_too_large_starts_again_while_others_write(
    connections: Connections, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "MOST_BYTES", 100_000)
    monkeypatch.setattr(checkpoints, "EVERY", 16)

    def write() -> None:
        for number in range(400):
            connections.atomically(ADD, (f"{number} {'x' * 6000}",))
        connections.close()

    connections.atomically(ADD, ("the log goes with the last connection, so this one stays",))
    writers = [threading.Thread(target=write) for _ in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    finish()
    assert (tmp_path / "lines.sqlite3-wal").stat().st_size < 2_000_000  # without, it has 22 MB
    with connections.reading() as connection:
        assert connection.execute("SELECT count(*) FROM lines").fetchone() == (1201,)


def test_a_deleted_file_is_not_created_again(tmp_path: Path) -> None:
    checkpoints.checkpoint(tmp_path / "missing.sqlite3")
    assert not (tmp_path / "missing.sqlite3").exists()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system can't fork")
def test_a_process_does_not_fork_during_a_checkpoint() -> None:
    def fork() -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 warns of threads
            child = os.fork()
        if not child:
            os._exit(7 if checkpoints._checkpointing.locked() else 0)
        exits.append(os.waitpid(child, 0)[1])

    exits: list[int] = []
    forking = threading.Thread(target=fork)
    with checkpoints._checkpointing:
        forking.start()
        forking.join(0.1)
        assert exits == []
    forking.join(10)
    assert exits == [0]


def test_a_checkpoint_that_fails_is_logged_with_the_file_and_tried_again(
    connections: Connections, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(path: Path) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    caplog.set_level(logging.WARNING)
    monkeypatch.setattr(checkpoints, "EVERY", 2)
    monkeypatch.setattr(checkpoints, "checkpoint", fail)
    for _ in range(4):
        connections.atomically(ADD, ("line",))
        finish()
    assert len(caplog.records) == 2
    assert str(tmp_path / "lines.sqlite3") in caplog.text
    assert "disk I/O error" in caplog.text

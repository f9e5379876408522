"""The outbox: tasks survive a restart, run one at a time, and are deleted when they are done or too old."""

from __future__ import annotations

import logging
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from captcha_guard.database.connections import Connections
from captcha_guard.database.database import Database
from captcha_guard.database.sqlite import SQLiteDatabase
from captcha_guard.spam.services.outbox import AGAIN, EXPIRES, FIRST, LEASE, PATIENCE, RETENTION, Job, Outbox, Task
from captcha_guard.spam.services.service import Fault
from tests.processes import fresh_processes

if TYPE_CHECKING:
    from pathlib import Path

FORM = {"user_ip": "203.0.113.9", "comment_author_email": "ada@mail.example", "comment_content": "Grüße \ud800"}
DOWN = Fault("akismet", "timeout", "akismet did not answer within 1.5 s.")
START = 1_760_000_000.0
JOBS = 60


@dataclass
class Worker:
    """Records its jobs, and returns ``fault``."""

    fault: Fault | None = None
    jobs: list[Job] = field(default_factory=list)

    def __call__(self, job: Job, _: float) -> Fault | None:
        self.jobs.append(job)
        return self.fault


class Box(Outbox):
    """An outbox that stores each task in a transaction of its own."""

    def __init__(self, database: Database, worker: Any) -> None:
        super().__init__(database, worker)
        self.database = database

    def put_in(self, service: str, task: Task, key: str, *, now: float) -> None:
        with self.database.writing() as access:
            self.put(access, service, task, key, FORM, now=now)


def outbox_at(path: Path, worker: Any) -> Box:
    return Box(SQLiteDatabase(path, timeout=30), worker)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "captcha_guard.sqlite3"


def rows(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("SELECT count(*) FROM service_outbox").fetchone()[0])


def test_a_correction_is_due_at_once_and_a_check_after_twenty_minutes(path: Path) -> None:
    outbox = outbox_at(path, worker := Worker())
    outbox.put_in("akismet", Task.SPAM, "m1", now=START)
    outbox.put_in("akismet", Task.CHECK, "m2", now=START)
    assert outbox.run(START) == 1
    assert outbox.run(START + 20 * 60 - 1) == 0
    assert outbox.run(START + 20 * 60) == 1
    assert [(job.task, job.comment_key, job.form) for job in worker.jobs] == [
        ("spam", "m1", FORM),
        ("check", "m2", FORM),
    ]


def test_a_task_survives_a_restart_and_is_done_once(path: Path) -> None:
    first = outbox_at(path, Worker(DOWN))
    first.put_in("akismet", Task.HAM, "m1", now=START)
    assert first.run(START) == 0
    again = outbox_at(path, worker := Worker())
    assert again.run(START + FIRST) == 1
    assert again.run(START + FIRST) == 0
    assert [(job.service, job.task, job.form, job.tries) for job in worker.jobs] == [("akismet", "ham", FORM, 2)]


def tries(path: Path, task: Task) -> list[int]:
    """Run every minute for two days while the service fails. Returns the minutes in which it was tried."""
    outbox = outbox_at(path, worker := Worker(DOWN))
    outbox.put_in("akismet", task, "m1", now=START)
    minutes = []
    for minute in range(2 * 24 * 60):
        before = len(worker.jobs)
        outbox.run(START + 60 * minute)
        if len(worker.jobs) > before:
            minutes.append(minute)
    return minutes


def test_a_check_is_tried_after_20_minutes_then_hourly_for_a_day_then_given_up(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "captcha_guard")
    assert tries(path, Task.CHECK) == [20 + 60 * hour for hour in range(25)]
    assert [record.getMessage() for record in caplog.records] == [
        "akismet: gave up the task (check) about comment m1 after 25 tries: akismet did not answer within 1.5 s."
    ]
    assert rows(path) == 0


def test_a_correction_is_also_tried_at_once(path: Path) -> None:
    assert tries(path, Task.SPAM) == [0, *(20 + 60 * hour for hour in range(25))]
    assert rows(path) == 0


def test_no_byte_of_a_form_is_left_when_its_task_is_done(path: Path) -> None:
    connections = Connections(path, schema=("PRAGMA secure_delete = OFF",), timeout=30)  # SQLite may be built with ON
    outbox = outbox_at(path, Worker())
    outbox.put_in("akismet", Task.SPAM, "m1", now=START)
    outbox.run(START)
    with connections.reading() as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    connections.close()
    kept = b"".join(file.read_bytes() for file in path.parent.iterdir())
    assert b"203.0.113.9" not in kept
    assert b"ada@mail.example" not in kept


def test_a_final_fault_is_not_tried_again(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    outbox = outbox_at(
        path, Worker(Fault("akismet", "not_configured", "akismet isn't configured any more.", again=False))
    )
    outbox.put_in("akismet", Task.SPAM, "m1", now=START)
    outbox.run(START)
    assert rows(path) == 0
    assert "akismet isn't configured any more" in caplog.text


def test_tasks_that_were_not_run_for_a_week_are_deleted_and_logged(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    outbox = outbox_at(path, worker := Worker())
    outbox.put_in("akismet", Task.SPAM, "m1", now=START)
    outbox.put_in("akismet", Task.SPAM, "m2", now=START + 1)
    outbox.run(START + EXPIRES)
    assert [job.comment_key for job in worker.jobs] == ["m2"]
    assert "tasks for services were deleted, because they are 7 days old or too many: 1" in caplog.text


def test_the_last_correction_of_a_comment_replaces_earlier_ones_but_not_its_check(path: Path) -> None:
    outbox = outbox_at(path, worker := Worker())
    for task in (Task.SPAM, Task.HAM, Task.CHECK, Task.CHECK):
        outbox.put_in("akismet", task, "m1", now=START)
    with outbox.database.reading() as access:
        assert outbox.holds(access, "akismet", Task.SPAM, "m1"), "either correction"
    outbox.run(START + FIRST)
    assert sorted(job.task for job in worker.jobs) == ["check", "ham"]
    with outbox.database.reading() as access:
        assert not outbox.holds(access, "akismet", Task.SPAM, "m1")


@pytest.mark.parametrize("taken_back", [False, True])
def test_a_correction_that_is_added_while_an_earlier_one_is_sent_is_sent_too(path: Path, taken_back: bool) -> None:
    sent = []

    def work(job: Job, now: float) -> None:
        sent.append(job.task)
        if job.task is Task.SPAM:  # the moderator decides again while the first correction is sent
            if taken_back:
                with outbox.database.writing() as access:
                    outbox.cancel(access, "akismet", Task.SPAM, "m1")
            outbox.put_in("akismet", Task.HAM, "m1", now=now)

    outbox = outbox_at(path, work)
    outbox.put_in("akismet", Task.SPAM, "m1", now=START)
    outbox.run(START)
    assert sent == ["spam", "ham"]
    assert rows(path) == 0


def test_after_a_fault_only_the_other_services_are_asked_in_the_same_run(path: Path) -> None:
    jobs = []

    def work(job: Job, now: float) -> Fault | None:
        jobs.append((job.service, job.comment_key))
        return DOWN if job.service == "akismet" else None

    outbox = outbox_at(path, work)
    for number in range(3):
        outbox.put_in("akismet", Task.CHECK, f"m{number}", now=START + number)
        outbox.put_in("stopforumspam", Task.CHECK, f"m{number}", now=START + number)
    assert outbox.run(START + FIRST + 10) == 3
    assert Counter(service for service, _ in jobs) == {"akismet": 1, "stopforumspam": 3}


def test_a_run_does_at_most_its_limit(path: Path) -> None:
    outbox = outbox_at(path, worker := Worker())
    for number in range(5):
        outbox.put_in("akismet", Task.SPAM, f"m{number}", now=START)
    assert outbox.run(START, limit=2) == 2
    assert len(worker.jobs) == 2


def test_a_task_that_raises_is_logged_and_tried_again(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    def work(job: Job, now: float) -> None:
        raise KeyError(job.comment_key)

    outbox = outbox_at(path, work)
    outbox.put_in("akismet", Task.SPAM, "m1", now=START)
    assert outbox.run(START) == 0
    assert "KeyError" in caplog.text
    assert outbox_at(path, worker := Worker()).run(START + FIRST) == 1
    assert len(worker.jobs) == 1


def test_another_process_runs_the_task_of_a_process_that_died(path: Path) -> None:
    class Died(BaseException):
        pass

    def die(job: Job, now: float) -> None:
        raise Died

    dying = outbox_at(path, die)
    dying.put_in("akismet", Task.SPAM, "m1", now=START)
    with pytest.raises(Died):
        dying.run(START)
    other = outbox_at(path, worker := Worker())
    assert other.run(START + LEASE - 1) == 0
    assert other.run(START + LEASE) == 1
    assert worker.jobs[0].tries == 2


def test_the_oldest_of_too_many_tasks_are_deleted(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(RETENTION, "most", 2)
    outbox = outbox_at(path, worker := Worker())
    for number in range(3):
        outbox.put_in("akismet", Task.SPAM, f"m{number}", now=START + number)
    outbox.run(START + 3)
    assert [job.comment_key for job in worker.jobs] == ["m1", "m2"]
    assert "7 days old or too many: 1" in caplog.text


@pytest.mark.parametrize("edit", ["task = 'sing'", "form = '{'", "form = x'ff'"])
def test_a_damaged_task_is_logged_and_dropped_and_the_others_run(
    path: Path, caplog: pytest.LogCaptureFixture, edit: str
) -> None:
    worker = Worker()
    outbox = outbox_at(path, worker)
    for mark in ("m1", "m2"):
        outbox.put_in("akismet", Task.SPAM, mark, now=START)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"UPDATE service_outbox SET {edit} WHERE mark = 'm1'")  # noqa: S608 (our own words)
        connection.commit()
    assert outbox.run(START) == 1
    assert [job.comment_key for job in worker.jobs] == ["m2"]
    assert rows(path) == 0
    assert "a damaged task about comment m1 was dropped" in caplog.text


def test_the_times_and_the_bound_are_those_in_the_docs() -> None:
    assert (FIRST, AGAIN, PATIENCE) == (20 * 60, 3_600, 86_400)
    assert (EXPIRES, RETENTION.most) == (7 * 86_400, 1_000)


class ReadThenTake(Box):
    """A control that takes a task in two transactions, with another process between them."""

    gate: Any

    def _take(self, now: float, _: set[str]) -> Job | None:
        query = (
            "SELECT id, service, task, mark, form, born, tries FROM service_outbox WHERE taken_until <= :now LIMIT 1"
        )
        with self._database.reading() as access:
            rows = access.rows(query, (now,))
        if not rows:
            return None
        self.gate.wait(50)
        [(number, service, task, mark, _, born, tries)] = rows
        self._change("UPDATE service_outbox SET taken_until = :until WHERE id = :id", now + LEASE, number)
        return Job(number, service, Task(task), mark, {}, born, tries)


def race(kind: type[Box], path: Path, gate: Any, results: Any) -> None:
    """Run the outbox in one of several processes that start together."""
    worker = Worker()
    outbox = kind(SQLiteDatabase(path, timeout=30), worker)
    outbox.run(START, limit=0)  # opens the file
    gate.wait(50)
    if isinstance(outbox, ReadThenTake):
        outbox.gate = gate
    outbox.run(START, limit=JOBS if kind is Box else 1)
    results.put([job.comment_key for job in worker.jobs])


def sent_by_racing_processes(kind: type[Box], path: Path) -> Counter[str]:
    outbox = outbox_at(path, Worker())
    for number in range(JOBS):
        outbox.put_in("akismet", Task.SPAM, f"m{number}", now=START)
    context = fresh_processes()
    gate, results = context.Barrier(2), context.Queue()
    processes = [context.Process(target=race, args=(kind, path, gate, results)) for _ in range(2)]
    for process in processes:
        process.start()
    sent = Counter(mark for _ in processes for mark in results.get(timeout=50))
    for process in processes:
        process.join(60)
    return sent


def test_two_processes_send_everything_exactly_once(path: Path) -> None:
    assert sent_by_racing_processes(Box, path) == Counter(f"m{number}" for number in range(JOBS))
    assert rows(path) == 0


def test_control_an_outbox_that_reads_before_it_takes_sends_twice(path: Path) -> None:
    assert sent_by_racing_processes(ReadThenTake, path) == {"m0": 2}

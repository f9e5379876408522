"""Work for later that survives a restart: checks to repeat, and corrections to send, tried until a day is over."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ...database.connections import Connections
from .service import Fault, Form

#: Seconds until a check is repeated for the first time, and until a correction is tried for the second.
FIRST: Final = 20 * 60

#: Seconds between the tries that follow.
AGAIN: Final = 3_600

#: Seconds for which there are tries, after the first.
PATIENCE: Final = 86_400

#: Seconds after which a task that nobody ran is deleted, and its personal data with it.
EXPIRES: Final = 7 * 86_400

#: Seconds that a task belongs to whoever took it; a process that died in the middle holds it no longer.
LEASE: Final = 300

#: Tasks that can wait at a time.
MOST: Final = 1_000

#: Statements that lay the table.
SCHEMA: Final = (
    # The kind makes a later correction of the same comment take the place of an earlier one that is still unsent; no id
    # is used twice, so that whoever has the earlier one in hand can't delete the later one.
    """CREATE TABLE IF NOT EXISTS service_outbox (
        id INTEGER PRIMARY KEY AUTOINCREMENT, service TEXT NOT NULL, kind TEXT NOT NULL, task TEXT NOT NULL,
        mark TEXT NOT NULL, form TEXT NOT NULL, born REAL NOT NULL, due REAL NOT NULL,
        tries INTEGER NOT NULL DEFAULT 0, taken_until REAL NOT NULL DEFAULT 0, UNIQUE (service, kind, mark))""",
    "CREATE INDEX IF NOT EXISTS service_outbox_due ON service_outbox (due)",
    "PRAGMA secure_delete = ON",  # what is deleted is overwritten: it was someone's address
)

_PUT = """INSERT OR REPLACE INTO service_outbox (service, kind, task, mark, form, born, due)
    SELECT ?, ?, ?, ?, ?, ?, ? WHERE (SELECT count(*) FROM service_outbox) < ? RETURNING id"""

_TAKE = """UPDATE service_outbox SET taken_until = ?, tries = tries + 1 WHERE id = (
        SELECT id FROM service_outbox WHERE due <= ? AND taken_until <= ? AND service NOT IN ({})
        ORDER BY due, id LIMIT 1)
    RETURNING id, service, task, mark, form, born, tries"""

_PUT_BACK = "UPDATE service_outbox SET due = ?, taken_until = 0 WHERE id = ? RETURNING id"
_DELETE = "DELETE FROM service_outbox WHERE id = ? RETURNING id"
_CANCEL = "DELETE FROM service_outbox WHERE service = ? AND kind = ? AND mark = ? RETURNING id"
_WAITING = "SELECT count(*) FROM service_outbox WHERE service = ? AND kind = ? AND mark = ?"
_EXPIRE = "DELETE FROM service_outbox WHERE born <= ? RETURNING service, task, mark"

_LOG = logging.getLogger("captcha_guard")


class Task(StrEnum):
    """What is to be done: ask again, or say that it was spam, or ham."""

    CHECK = "check"
    SPAM = "spam"
    HAM = "ham"

    @property
    def kind(self) -> str:
        """``check``, or ``correction`` for both corrections: of these only the last one counts."""
        return "check" if self is Task.CHECK else "correction"


@dataclass(frozen=True, slots=True)
class Job:
    """One task in hand: for which service, about which comment (``mark``), with which form, tried how often."""

    id: int
    service: str
    task: Task
    mark: str
    form: Form
    born: float
    tries: int


class Outbox:
    """A queue in SQLite that any number of processes fill and empty; times are in seconds since 1970.

    :param connections: to a file with ``SCHEMA``.
    :param work: does one job: ``None`` says that it is done, a fault that it is to be tried again.
    """

    def __init__(self, connections: Connections, work: Callable[[Job, float], Fault | None]) -> None:
        self._connections = connections
        self._work = work

    def put(self, service: str, task: Task, mark: str, form: Form, *, now: float) -> bool:
        """Write a task down, in place of an earlier one of its kind about the same comment; False when all is full.

        A check comes due after 20 minutes, a correction at once.

        :raises sqlite3.Error: the file can't be written.
        """
        due = now + FIRST if task is Task.CHECK else now
        text = json.dumps(dict(form), ensure_ascii=True, separators=(",", ":"))
        if self._connections.atomically(_PUT, (service, task.kind, task.value, mark, text, now, due, MOST)):
            return True
        _LOG.warning("%s: the outbox is full (%d tasks), so one to %s was dropped", service, MOST, task)
        return False

    def cancel(self, service: str, task: Task, mark: str) -> bool:
        """Take back whatever of the kind of ``task`` is waiting about a comment."""
        return bool(self._connections.atomically(_CANCEL, (service, task.kind, mark)))

    def holds(self, service: str, task: Task, mark: str) -> bool:
        """Say whether a task of this kind is waiting about a comment."""
        [(count,)] = self._connections.atomically(_WAITING, (service, task.kind, mark))
        return bool(count)

    def run(self, now: float, *, limit: int = 20) -> int:
        """Do what is due, at most ``limit`` tasks, and return how many got done.

        Each task is taken in one atomic statement, so two processes never do the same one at a time. A service that
        fails is not asked for more in the same run.

        :raises sqlite3.Error: the file can't be read or written.
        """
        self.expire(now)
        done, silent = 0, set[str]()
        for _ in range(limit):
            job = self._take(now, silent)
            if job is None:
                break
            fault = self._try(job, now)
            if fault is None:
                self._connections.atomically(_DELETE, (job.id,))
                done += 1
            else:
                silent.add(job.service)
                self._retry(job, fault, now)
        return done

    def _take(self, now: float, silent: set[str]) -> Job | None:
        statement = _TAKE.format(", ".join("?" * len(silent)))
        found = self._connections.atomically(statement, (now + LEASE, now, now, *silent))
        if not found:
            return None
        [(number, service, task, mark, form, born, tries)] = found
        try:
            return Job(number, service, Task(task), mark, json.loads(form), born, tries)
        except (ValueError, TypeError) as error:
            self._connections.atomically(_DELETE, (number,))
            _LOG.warning("%s: a damaged task about comment %s was dropped: %s", service, mark, error)
            return self._take(now, silent)

    def _try(self, job: Job, now: float) -> Fault | None:
        try:
            return self._work(job, now)
        except Exception as error:
            _LOG.exception("%s: the task to %s comment %s failed", job.service, job.task, job.mark)
            return Fault(job.service, "failed", f"the task failed with {type(error).__name__}.")

    def _retry(self, job: Job, fault: Fault, now: float) -> None:
        wait = FIRST if job.task is not Task.CHECK and job.tries == 1 else AGAIN
        if fault.again and now + wait <= job.born + FIRST + PATIENCE:
            self._connections.atomically(_PUT_BACK, (now + wait, job.id))
            return
        self._connections.atomically(_DELETE, (job.id,))
        _LOG.warning(
            "%s: gave up to %s comment %s after %d tries: %s",
            job.service,
            job.task,
            job.mark,
            job.tries,
            fault.sentence,
        )

    def expire(self, now: float) -> int:
        """Delete tasks that nobody ran for 7 days; returns how many.

        :raises sqlite3.Error: the file can't be written.
        """
        expired = self._connections.atomically(_EXPIRE, (now - EXPIRES,))
        for service, task, mark in expired:
            _LOG.warning("%s: the task to %s comment %s expired, because nothing ran it", service, task, mark)
        return len(expired)

"""Tasks for services that survive a restart: questions to repeat, and corrections to send. They are tried for a day."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ...database.database import Access, Database
from ...database.retention import Retention, sweep
from ...database.table import Kind, Table
from .service import Fault, Form

#: Seconds until a question is repeated, and until a correction is tried again for the first time.
FIRST: Final = 20 * 60

#: Seconds between the tries that follow.
AGAIN: Final = 3_600

#: Seconds after the first try in which a task is tried again.
PATIENCE: Final = 86_400

#: Seconds after which a task that was never run is deleted, with its personal data.
EXPIRES: Final = 7 * 86_400

#: Seconds for which a task belongs to the process that took it. After that another process may run it.
LEASE: Final = 300

#: A later correction of a comment replaces an earlier one that wasn't sent yet, because they have the same kind. No id
#: is used twice, so a process that runs the earlier one can't delete the later one. ``mark`` is the comment key.
TABLE: Final = Table(
    "service_outbox",
    {
        "id": Kind.WHOLE,
        "service": Kind.KEY,
        "kind": Kind.KEY,
        "task": Kind.KEY,
        "mark": Kind.KEY,
        "form": Kind.TEXT,
        "born": Kind.REAL,
        "due": Kind.REAL,
        "tries": Kind.WHOLE,
        "taken_until": Kind.REAL,
    },
    key=("id",),
    unique=("service", "kind", "mark"),
    indexes={"service_outbox_due": ("due",)},
    numbered=True,
)
RETENTION: Final = Retention(TABLE, "born", kept=EXPIRES, most=1_000)

_PUT: Final = (
    "INSERT INTO service_outbox (service, kind, task, mark, form, born, due, tries, taken_until) "
    "VALUES (:service, :kind, :task, :mark, :form, :born, :due, 0, 0)"
)
_FIRST_DUE: Final = (
    "SELECT id, service, task, mark, form, born, tries FROM service_outbox "
    "WHERE due <= :now AND taken_until <= :now {} ORDER BY due, id LIMIT 1"
)
_TAKE: Final = "UPDATE service_outbox SET taken_until = :until, tries = tries + 1 WHERE id = :id"
_PUT_BACK: Final = "UPDATE service_outbox SET due = :due, taken_until = 0 WHERE id = :id"
_DELETE: Final = "DELETE FROM service_outbox WHERE id = :id"
_CANCEL: Final = "DELETE FROM service_outbox WHERE service = :service AND kind = :kind AND mark = :mark"
_CANCEL_ALL: Final = "DELETE FROM service_outbox WHERE mark = :mark"
_WAITING: Final = "SELECT count(*) FROM service_outbox WHERE service = :service AND kind = :kind AND mark = :mark"

_LOG = logging.getLogger("captcha_guard")


class Task(StrEnum):
    """What is to be done: ask again, or send the correction that a comment was spam, or ham."""

    CHECK = "check"
    SPAM = "spam"
    HAM = "ham"

    @property
    def kind(self) -> str:
        """``check``, or ``correction`` for both corrections, because only the last correction counts."""
        return "check" if self is Task.CHECK else "correction"


@dataclass(frozen=True, slots=True)
class Job:
    """One task that this process has taken. ``tries`` counts this try, too."""

    id: int
    service: str
    task: Task
    comment_key: str
    form: Form
    born: float
    tries: int


def expire(database: Database, now: float) -> int | None:
    """Delete tasks older than 7 days, and the oldest of more than 1,000. Returns and logs how many.

    Returns ``None`` if the database can't be used.
    """
    expired = sweep(database, (RETENTION,), now)
    if expired:
        _LOG.warning("tasks for services were deleted, because they are 7 days old or too many: %d", expired)
    return expired


def cancel_all(access: Access, key: str) -> None:
    """Delete all tasks about a comment, those of services that aren't configured any more, too."""
    access.run(_CANCEL_ALL, (key,))


class Outbox:
    """A queue that any number of processes fill and empty. Times are in seconds since 1970, ``key`` is a comment key.

    Methods that take an ``access`` are parts of its transaction. All methods but :meth:`expire` raise
    :exc:`~captcha_guard.errors.DatabaseUnavailableError` if the database can't be used.

    :param work: does one job. It returns ``None`` if the job is done, and a fault if it should be tried again.
    """

    def __init__(self, database: Database, work: Callable[[Job, float], Fault | None]) -> None:
        self._database = database
        database.add_tables(TABLE)
        self._work = work

    def put(self, access: Access, service: str, task: Task, key: str, form: Form, *, now: float) -> None:
        """Store a task, in place of an earlier one of its kind about the comment.

        A check is due after 20 minutes, a correction at once.
        """
        self.cancel(access, service, task, key)
        due = now + FIRST if task is Task.CHECK else now
        text = json.dumps(dict(form), ensure_ascii=True, separators=(",", ":"))
        access.run(_PUT, (service, task.kind, task.value, key, text, now, due))

    def cancel(self, access: Access, service: str, task: Task, key: str) -> None:
        """Delete the task of this kind that waits about a comment."""
        access.run(_CANCEL, (service, task.kind, key))

    def holds(self, access: Access, service: str, task: Task, key: str) -> bool:
        """Return whether a task of this kind waits about a comment."""
        [(count,)] = access.rows(_WAITING, (service, task.kind, key))
        return bool(count)

    def run(self, now: float, *, limit: int = 20) -> int:
        """Run the tasks that are due, at most ``limit``. Returns how many were done.

        Each task is taken in one transaction, so two processes never run the same one at the same time. After a fault
        of a service, its other tasks wait for the next run.
        """
        self.expire(now)
        done, failed = 0, set[str]()
        for _ in range(limit):
            job = self._take(now, failed)
            if job is None:
                break
            fault = self._try(job, now)
            if fault is None:
                self._change(_DELETE, job.id)
                done += 1
            else:
                failed.add(job.service)
                self._retry(job, fault, now)
        return done

    def expire(self, now: float) -> int | None:
        """Delete tasks older than 7 days, and the oldest of more than 1,000. Returns how many.

        Returns ``None`` if the database can't be used.
        """
        return expire(self._database, now)

    def _take(self, now: float, failed: set[str]) -> Job | None:
        others = ", ".join(f":v{number}" for number in range(len(failed)))
        statement = _FIRST_DUE.format(f"AND service NOT IN ({others})" if failed else "")
        while True:
            with self._database.writing() as access:
                found = access.rows(statement, (now, now, *failed))
                if not found:
                    return None
                [(number, service, task, key, form, born, tries)] = found
                access.run(_TAKE, (now + LEASE, number))
            try:
                return Job(number, service, Task(task), key, json.loads(form), born, tries + 1)
            except (ValueError, TypeError) as error:
                self._change(_DELETE, number)
                _LOG.warning("%s: a damaged task about comment %s was dropped: %s", service, key, error)

    def _change(self, statement: str, *values: object) -> None:
        with self._database.writing() as access:
            access.run(statement, values)

    def _try(self, job: Job, now: float) -> Fault | None:
        try:
            return self._work(job, now)
        except Exception as error:
            _LOG.exception("%s: the task (%s) about comment %s failed", job.service, job.task, job.comment_key)
            return Fault(job.service, "failed", f"the task failed with {type(error).__name__}.")

    def _retry(self, job: Job, fault: Fault, now: float) -> None:
        wait = FIRST if job.task is not Task.CHECK and job.tries == 1 else AGAIN
        if fault.again and now + wait <= job.born + FIRST + PATIENCE:
            self._change(_PUT_BACK, now + wait, job.id)
            return
        self._change(_DELETE, job.id)
        _LOG.warning(
            "%s: gave up the task (%s) about comment %s after %d tries: %s",
            job.service,
            job.task,
            job.comment_key,
            job.tries,
            fault.sentence,
        )

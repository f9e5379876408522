"""Work for later that survives a restart: checks to repeat, and corrections to send, tried until a day is over."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ...database.database import Access, Database
from ...database.retention import BATCH
from ...database.table import Kind, Row, Table
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

#: The kind makes a later correction of the same comment take the place of an earlier one that is still unsent; each id
#: is used once, so that a process that has the earlier one in hand can't delete the later one.
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

_COUNT: Final = "SELECT count(*) FROM service_outbox"
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
_WAITING: Final = f"{_COUNT} WHERE service = :service AND kind = :kind AND mark = :mark"
_EXPIRED: Final = "SELECT id, service, task, mark FROM service_outbox WHERE born <= :before LIMIT :most"

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
    """One task in hand: for which service, about which comment, with which form, tried how often."""

    id: int
    service: str
    task: Task
    comment_key: str
    form: Form
    born: float
    tries: int


class Outbox:
    """A queue that any number of processes fill and empty; times are in seconds since 1970.

    Every method raises :exc:`~captcha_guard.errors.DatabaseUnavailableError` when the database can't be used. Those
    that take an ``access`` are parts of its transaction.

    :param work: does one job: ``None`` says that it is done, a fault that it is to be tried again.
    """

    def __init__(self, database: Database, work: Callable[[Job, float], Fault | None]) -> None:
        self._database = database
        database.keep(TABLE)
        self._work = work

    def put(self, access: Access, service: str, task: Task, key: str, form: Form, *, now: float) -> bool:
        """Write a task down, in place of an earlier one of its kind about the same comment; False when all is full.

        A check comes due after 20 minutes, a correction at once.
        """
        [(waiting,)] = access.rows(_COUNT)
        if waiting >= MOST:
            _LOG.warning("%s: the outbox is full (%d tasks), so one to %s was dropped", service, MOST, task)
            return False
        self.cancel(access, service, task, key)
        due = now + FIRST if task is Task.CHECK else now
        text = json.dumps(dict(form), ensure_ascii=True, separators=(",", ":"))
        access.run(_PUT, (service, task.kind, task.value, key, text, now, due))
        return True

    def cancel(self, access: Access, service: str, task: Task, key: str) -> bool:
        """Take back whatever of the kind of ``task`` is waiting about a comment."""
        return access.run(_CANCEL, (service, task.kind, key)) > 0

    def holds(self, access: Access, service: str, task: Task, key: str) -> bool:
        """Say whether a task of this kind is waiting about a comment."""
        [(count,)] = access.rows(_WAITING, (service, task.kind, key))
        return bool(count)

    def run(self, now: float, *, limit: int = 20) -> int:
        """Do what is due, at most ``limit`` tasks, and return how many got done.

        Each task is taken in one transaction, so two processes never do the same one at a time. A service that fails is
        not asked for more in the same run.
        """
        self.expire(now)
        done, silent = 0, set[str]()
        for _ in range(limit):
            job = self._take(now, silent)
            if job is None:
                break
            fault = self._try(job, now)
            if fault is None:
                self._change(_DELETE, job.id)
                done += 1
            else:
                silent.add(job.service)
                self._retry(job, fault, now)
        return done

    def _take(self, now: float, silent: set[str]) -> Job | None:
        marks = ", ".join(f":v{number}" for number in range(len(silent)))
        statement = _FIRST_DUE.format(f"AND service NOT IN ({marks})" if silent else "")
        while True:
            with self._database.writing() as access:
                found = access.rows(statement, (now, now, *silent))
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
            _LOG.exception("%s: the task to %s comment %s failed", job.service, job.task, job.comment_key)
            return Fault(job.service, "failed", f"the task failed with {type(error).__name__}.")

    def _retry(self, job: Job, fault: Fault, now: float) -> None:
        wait = FIRST if job.task is not Task.CHECK and job.tries == 1 else AGAIN
        if fault.again and now + wait <= job.born + FIRST + PATIENCE:
            self._change(_PUT_BACK, now + wait, job.id)
            return
        self._change(_DELETE, job.id)
        _LOG.warning(
            "%s: gave up to %s comment %s after %d tries: %s",
            job.service,
            job.task,
            job.comment_key,
            job.tries,
            fault.sentence,
        )

    def expire(self, now: float) -> int:
        """Delete tasks that nobody ran for 7 days, with a line in the log for each; returns how many."""
        count = 0
        while expired := self._expire_some(now):
            count += len(expired)
            for service, task, key in expired:
                _LOG.warning("%s: the task to %s comment %s expired, because nothing ran it", service, task, key)
        return count

    def _expire_some(self, now: float) -> Sequence[Row]:
        with self._database.writing() as access:
            expired = access.rows(_EXPIRED, (now - EXPIRES, BATCH))
            access.change(_DELETE, [(number,) for number, *_ in expired])
        return [tuple(rest) for _, *rest in expired]

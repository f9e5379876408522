"""Asks every configured service about a submission, and stays calm when they do not answer."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ...breaker import Breaker
from ...database.database import Access, Database
from ...database.retention import sweep
from ...errors import DatabaseUnavailableError
from ..comment_key import comment_key
from ..submission import Submission
from ..verdict import Action, Finding
from . import sent_forms
from .answers import Answers
from .outbox import Job, Outbox, Task
from .sent_forms import Belief, Sent
from .service import CorrectableService, Fault, Form, Service

_LOG = logging.getLogger("captcha_guard")


@dataclass(frozen=True, slots=True)
class Rechecked:
    """A service's late answer about a comment: its finding, or ``None`` if it found nothing."""

    service: str
    comment_key: str
    finding: Finding | None


class Services:
    """The services a site asks, in order; the first that takes a comment for spam spares the others.

    A fault holds the comment of whoever is new, and lets a trusted author through; either way the same
    question is asked again after 20 minutes, then hourly for a day, by :meth:`run`. Nothing here raises for a service's
    or the database's sake. One object serves all threads of a process.

    :param secret: key of the hashes that answers and comments are known by.
    :param database: where what waits and what was sent is kept.
    :param told: hears every late answer; while it raises, the answer is fetched again an hour later.
    """

    def __init__(
        self,
        services: Iterable[Service],
        *,
        secret: bytes,
        database: Database,
        told: Callable[[Rechecked], None] | None = None,
    ) -> None:
        self._services = {service.slug: service for service in services}
        self._breakers = {slug: Breaker() for slug in self._services}
        self._secret = secret
        self._answers = Answers(secret)
        self._told = told
        self._database = database
        database.keep(sent_forms.TABLE)
        self._outbox = Outbox(database, self._work)

    def check(
        self, submission: Submission, address: str, *, now: float, trusted: bool = False, moderated: bool = True
    ) -> tuple[Finding, ...]:
        """Ask about a submission from ``address``; takes ``SERVICE_TIMEOUT`` for each service at the most.

        ``trusted`` says that the site knows its author, so that a fault does not hold it.
        Where nobody looks at what is held (``moderated=False``), a fault asks for a code in place of holding, and the
        question is not repeated.
        """
        findings: list[Finding] = []
        for service in self._services.values():
            answer = self._judge(service, submission, address, now, again=moderated)
            if isinstance(answer, Fault):
                findings.append(_without_verdict(answer, trusted=trusted, moderated=moderated))
            elif answer is not None:
                findings.append(answer)
            if findings and findings[-1].action >= Action.ASIDE:
                break
        return tuple(findings)

    def correct(self, key: str, *, spam: bool, now: float) -> int:
        """Put a moderator's decision into the outbox, for each service that judged otherwise; returns how many.

        A service that wasn't asked about the comment with this comment key within 60 days gets no correction.
        """
        task = Task.SPAM if spam else Task.HAM
        try:
            with self._database.writing() as access:
                return sum(self._correct(access, service, key, task, now) for service in self._services.values())
        except (DatabaseUnavailableError, ValueError):  # it can't be used, or what was sent can't be read
            _LOG.exception("the services will not hear that comment %s is %s", key, task)
            return 0

    def forget(self, key: str) -> None:
        """Delete what was sent about the comment with this comment key, and what waits to be sent about it.

        :raises DatabaseUnavailableError: the database can't be written, so the data may still be there.
        """
        with self._database.writing() as access:
            for slug in self._services:
                self._outbox.cancel(access, slug, Task.CHECK, key)
                self._outbox.cancel(access, slug, Task.SPAM, key)
            Sent(access).forget(key)

    def run(self, now: float, *, limit: int = 20) -> int:
        """Do what is due and delete what is too old; returns how many tasks got done.

        Each task may take ``SERVICE_TIMEOUT``; a service that fails is left alone for the rest of the run.
        """
        try:
            sweep(self._database, (sent_forms.RETENTION,), now)
            return self._outbox.run(now, limit=limit)
        except DatabaseUnavailableError:
            _LOG.exception("the services' outbox could not be worked off")
            return 0

    def expire(self, now: float) -> int | None:
        """Delete what is too old; returns how many forms and tasks that were.

        ``None`` where the database can't be used.
        """
        try:
            tasks = self._outbox.expire(now)
        except DatabaseUnavailableError:
            return None
        forms = sweep(self._database, (sent_forms.RETENTION,), now)
        return None if forms is None else forms + tasks

    def close(self) -> None:
        """Close what the calling thread holds open; the next use opens it again."""
        self._database.close()

    def _judge(
        self, service: Service, submission: Submission, address: str, now: float, *, again: bool
    ) -> Finding | Fault | None:
        try:
            form = service.form(submission, address)
            if form is None or isinstance(form, Fault):
                return form
            answer = self._ask(service, form, now)
        except Exception:
            _LOG.exception("%s could not be asked", service.slug)
            return Fault(service.slug, "failed", f"{service.slug} could not be asked: the log says why.", again=False)
        self._note(service, comment_key(submission, self._secret), form, answer, now, again=again)
        return answer

    def _ask(self, service: Service, form: Form, now: float, recheck: str = "") -> Finding | Fault | None:
        key = self._answers.key(service.slug, service.essence(form).items())
        known = self._answers.recall(key, now)
        if known is not None:
            return known[0]
        breaker = self._breakers[service.slug]
        if not breaker.allows(now):
            return Fault(service.slug, "resting", f"{service.slug} failed several times in a row and is given a rest.")
        answer = service.ask(form, recheck)
        if isinstance(answer, Fault):
            breaker.failed(now)
            _LOG.warning("%s fault %s: %s", service.slug, answer.reason, answer.sentence)
        else:
            breaker.succeeded()
            self._answers.remember(key, answer, now + (service.found_for if answer else service.clean_for))
        return answer

    def _note(
        self, service: Service, key: str, form: Form, answer: Finding | Fault | None, now: float, *, again: bool
    ) -> None:
        """Keep what a later correction needs, and have the question repeated if it got no answer."""

        def keep(access: Access) -> None:
            if isinstance(answer, Fault) and again:
                self._outbox.put(access, service.slug, Task.CHECK, key, form, now=now)
            elif not isinstance(answer, Fault):
                self._outbox.cancel(access, service.slug, Task.CHECK, key)
            if isinstance(service, CorrectableService):
                Sent(access).keep(service.slug, key, form, _belief(answer), now=now)

        self._database.write(keep)

    def _correct(self, access: Access, service: Service, key: str, task: Task, now: float) -> bool:
        self._outbox.cancel(access, service.slug, Task.CHECK, key)  # a person has decided: no need to ask again
        asked = Sent(access).find(service.slug, key, now=now) if isinstance(service, CorrectableService) else None
        if asked is None:
            return False
        if asked.belief == Belief(task.value) and not self._outbox.holds(access, service.slug, task, key):
            return False
        return self._outbox.put(access, service.slug, task, key, asked.form, now=now)

    def _work(self, job: Job, now: float) -> Fault | None:
        service = self._services.get(job.service)
        if service is None:
            return Fault(job.service, "not_configured", f"{job.service} is configured no more.", again=False)
        if job.task is Task.CHECK:
            return self._recheck(service, job, now)
        return self._tell(service, job, now)

    def _recheck(self, service: Service, job: Job, now: float) -> Fault | None:
        answer = self._ask(service, job.form, now, "the service could not be reached when the comment was posted")
        if isinstance(answer, Fault):
            return answer
        self._believe(service, job, _belief(answer))
        if self._told is not None:
            self._told(Rechecked(service.slug, job.comment_key, answer))
        return None

    def _tell(self, service: Service, job: Job, now: float) -> Fault | None:
        breaker = self._breakers[service.slug]
        if not isinstance(service, CorrectableService):
            return Fault(service.slug, "not_configured", f"{service.slug} takes no corrections.", again=False)
        if not breaker.allows(now):
            return Fault(service.slug, "resting", f"{service.slug} failed several times in a row and is given a rest.")
        fault = service.tell(job.form, spam=job.task is Task.SPAM)
        if fault is not None:
            breaker.failed(now)
            return fault
        breaker.succeeded()
        self._believe(service, job, Belief(job.task.value))
        return None

    def _believe(self, service: Service, job: Job, belief: Belief) -> None:
        with self._database.writing() as access:
            Sent(access).believe(service.slug, job.comment_key, belief)


def _belief(answer: Finding | Fault | None) -> Belief:
    if isinstance(answer, Fault):
        return Belief.UNKNOWN
    return Belief.HAM if answer is None else Belief.SPAM


def _without_verdict(fault: Fault, *, trusted: bool, moderated: bool) -> Finding:
    """Hold the comment of someone new; an author whom the site knows has earned the benefit of the doubt."""
    slug = f"{fault.service}_fault"
    if trusted:
        return Finding(slug, 0, f"{fault.sentence} The author is trusted, so it was let through unchecked.")
    if not moderated:
        return Finding(slug, 0, f"{fault.sentence} A solved code has to do.", Action.CHALLENGE)
    return Finding(slug, 0, f"{fault.sentence} So the comment is held.", Action.HOLD)

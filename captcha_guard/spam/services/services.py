"""Asks each configured service about a submission, and asks again later where one gave no verdict."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ...breaker import Breaker
from ...database.database import Access, Database
from ...database.retention import sweep
from ...errors import DatabaseUnavailableError
from ...messages import message
from ..comment_key import comment_key
from ..submission import Submission
from ..verdict import Action, Finding
from . import sent_forms, stored_data
from .answers import Answers
from .outbox import Job, Outbox, Task
from .sent_forms import Label, SentForms
from .service import CorrectableService, Fault, Form, Service

_LOG = logging.getLogger("captcha_guard")


@dataclass(frozen=True, slots=True)
class LateAnswer:
    """A service's answer that came after the comment was handled: its finding, or ``None`` if it found nothing."""

    service: str
    comment_key: str
    finding: Finding | None


class Services:
    """The services that a site asks, in order. If one calls a comment spam, the others aren't asked.

    After a fault a new author's comment is held and a trusted author's is accepted. In both cases :meth:`run` asks the
    same question again after 20 minutes, then hourly for a day. No method but :meth:`forget` raises for a fault of a
    service or the database. One object serves all threads of a process. ``key`` is a comment key, ``now`` is in
    seconds since 1970.

    :param secret: the site's secret, the key of all hashes.
    :param database: stores what was sent, and the tasks that wait.
    :param on_late_answer: is called with each late answer. If it raises, the question is asked again an hour later.
    """

    def __init__(
        self,
        services: Iterable[Service],
        *,
        secret: bytes,
        database: Database,
        on_late_answer: Callable[[LateAnswer], None] | None = None,
    ) -> None:
        self._services = {service.slug: service for service in services}
        self._breakers = {slug: Breaker() for slug in self._services}
        self._secret = secret
        self._answers = Answers(secret)
        self._on_late_answer = on_late_answer
        self._database = database
        stored_data.add_tables(database)
        self._outbox = Outbox(database, self._work)

    def check(
        self, submission: Submission, address: str, *, now: float, trusted: bool = False, moderated: bool = True
    ) -> tuple[Finding, ...]:
        """Ask about a submission from ``address``. Takes at most ``SERVICE_TIMEOUT`` for each service.

        :param trusted: the site knows the author, so a fault doesn't hold the comment.
        :param moderated: a person looks at held comments. If not, the comment needs a code after a fault, and the
            question isn't asked again.
        """
        findings: list[Finding] = []
        for service in self._services.values():
            answer = self._answer(service, submission, address, now, again=moderated)
            if isinstance(answer, Fault):
                findings.append(_without_verdict(answer, trusted=trusted, moderated=moderated))
            elif answer is not None:
                findings.append(answer)
            if findings and findings[-1].action >= Action.ASIDE:
                break
        return tuple(findings)

    def correct(self, key: str, *, spam: bool, now: float) -> int:
        """Put a correction into the outbox for each service that labelled a comment otherwise. Returns their number.

        A service that wasn't asked about the comment within 60 days gets none.
        """
        task = Task.SPAM if spam else Task.HAM
        try:
            with self._database.writing() as access:
                return sum(self._correct(access, service, key, task, now) for service in self._services.values())
        except (DatabaseUnavailableError, ValueError):  # the database can't be used, or the form can't be read
            _LOG.exception("services get no correction that the comment %s is %s", key, task)
            return 0

    def forget(self, key: str) -> None:
        """Delete what was sent about a comment, and what waits to be sent about it.

        :raises DatabaseUnavailableError: the database can't be used, so the data may still be there.
        """
        stored_data.forget(self._database, key)

    def run(self, now: float, *, limit: int = 20) -> int:
        """Delete what has expired, and run the tasks that are due. Returns how many tasks were done.

        Each task may take ``SERVICE_TIMEOUT``. After a fault of a service, its other tasks wait for the next run.
        """
        try:
            sweep(self._database, (sent_forms.RETENTION,), now)
            return self._outbox.run(now, limit=limit)
        except DatabaseUnavailableError:
            _LOG.exception("the tasks in the services' outbox could not be run")
            return 0

    def _answer(
        self, service: Service, submission: Submission, address: str, now: float, *, again: bool
    ) -> Finding | Fault | None:
        try:
            form = service.form(submission, address)
            if form is None or isinstance(form, Fault):
                return form
            answer = self._ask(service, form, now)
        except Exception:
            _LOG.exception("%s could not be asked", service.slug)
            return Fault(
                service.slug,
                "failed",
                message("%(service)s could not be asked: the log says why.", service=service.slug),
                again=False,
            )
        self._keep(service, comment_key(submission, self._secret), form, answer, now, again=again)
        return answer

    def _ask(self, service: Service, form: Form, now: float, recheck: str = "") -> Finding | Fault | None:
        """Return the remembered answer, or ask the service unless it failed several times in a row."""
        question = self._answers.key(service.slug, service.cached_fields(form).items())
        known = self._answers.recall(question, now)
        if known is not None:
            return known[0]
        breaker = self._breakers[service.slug]
        if not breaker.allows(now):
            return _resting(service)
        answer = service.ask(form, recheck)
        if isinstance(answer, Fault):
            breaker.failed(now)
            _LOG.warning("%s fault %s: %s", service.slug, answer.reason, answer.sentence)
        else:
            breaker.succeeded()
            self._answers.remember(question, answer, now + (service.found_for if answer else service.clean_for))
        return answer

    def _keep(
        self, service: Service, key: str, form: Form, answer: Finding | Fault | None, now: float, *, again: bool
    ) -> None:
        """Store the form for a later correction. After a fault, put the question into the outbox."""

        def keep(access: Access) -> None:
            if isinstance(answer, Fault) and again:
                self._outbox.put(access, service.slug, Task.CHECK, key, form, now=now)
            elif not isinstance(answer, Fault):
                self._outbox.cancel(access, service.slug, Task.CHECK, key)
            if isinstance(service, CorrectableService):
                SentForms(access).keep(service.slug, key, form, _label(answer), now=now)

        self._database.write(keep)

    def _correct(self, access: Access, service: Service, key: str, task: Task, now: float) -> bool:
        self._outbox.cancel(access, service.slug, Task.CHECK, key)  # a moderator has decided, so don't ask again
        sent = SentForms(access).find(service.slug, key, now=now) if isinstance(service, CorrectableService) else None
        if sent is None:
            return False
        if sent.label == Label(task.value) and not self._outbox.holds(access, service.slug, task, key):
            return False
        self._outbox.put(access, service.slug, task, key, sent.form, now=now)
        return True

    def _work(self, job: Job, now: float) -> Fault | None:
        service = self._services.get(job.service)
        if service is None:
            return Fault(job.service, "not_configured", f"{job.service} isn't configured any more.", again=False)
        if job.task is Task.CHECK:
            return self._recheck(service, job, now)
        return self._send_correction(service, job, now)

    def _recheck(self, service: Service, job: Job, now: float) -> Fault | None:
        answer = self._ask(service, job.form, now, "the service could not be reached when the comment was posted")
        if isinstance(answer, Fault):
            return answer
        self._relabel(service, job, _label(answer))
        if self._on_late_answer is not None:
            self._on_late_answer(LateAnswer(service.slug, job.comment_key, answer))
        return None

    def _send_correction(self, service: Service, job: Job, now: float) -> Fault | None:
        breaker = self._breakers[service.slug]
        if not isinstance(service, CorrectableService):
            return Fault(service.slug, "not_configured", f"{service.slug} takes no corrections.", again=False)
        if not breaker.allows(now):
            return _resting(service)
        fault = service.correct(job.form, spam=job.task is Task.SPAM)
        if fault is not None:
            breaker.failed(now)
            return fault
        breaker.succeeded()
        self._relabel(service, job, Label(job.task.value))
        return None

    def _relabel(self, service: Service, job: Job, label: Label) -> None:
        with self._database.writing() as access:
            SentForms(access).relabel(service.slug, job.comment_key, label)


def _label(answer: Finding | Fault | None) -> Label:
    if isinstance(answer, Fault):
        return Label.UNKNOWN
    return Label.HAM if answer is None else Label.SPAM


def _resting(service: Service) -> Fault:
    sentence = message(
        "%(service)s failed several times in a row, so it isn't asked for a minute.", service=service.slug
    )
    return Fault(service.slug, "resting", sentence)


def _without_verdict(fault: Fault, *, trusted: bool, moderated: bool) -> Finding:
    """Return the finding for a fault: a new author's comment is held, a trusted author's is accepted."""
    slug = f"{fault.service}_fault"
    if trusted:
        sentence = message(
            # Translators: fault is a sentence, such as "akismet can't be reached."
            "%(fault)s The author is trusted, so the comment was accepted without it.",
            fault=fault.sentence,
        )
        return Finding(slug, 0, sentence)
    if not moderated:
        sentence = message("%(fault)s So the comment needs a code.", fault=fault.sentence)
        return Finding(slug, 0, sentence, Action.CHALLENGE)
    return Finding(slug, 0, message("%(fault)s So the comment is held.", fault=fault.sentence), Action.HOLD)

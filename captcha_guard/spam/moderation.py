"""What follows from a person's word about a comment: the filter learns, the memory remembers, the services are told."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from ..database.database import Access, Database
from ..errors import ConfigError, DatabaseUnavailableError
from .filter.features import tokens_of
from .filter.learner import Learner, Stats, Weighed
from .judge import Judge
from .memory.judged_comments import Case, Cases
from .memory.reputation import Reputation
from .rules import PAST
from .services import Services
from .submission import Submission
from .verdict import Verdict

logger = logging.getLogger("captcha_guard")

#: Seconds after which what was set aside, and nobody rescued, counts as spam.
ASIDE_KEPT: Final = 30 * 86_400.0


@dataclass(frozen=True, slots=True)
class Tidied:
    """What maintenance did.

    ``learned_aside`` comments were learned as spam after 30 days aside, ``services_run`` tasks of services were done,
    and ``retrained`` decisions were learned again.
    """

    learned_aside: int = 0
    services_run: int = 0
    retrained: int = 0


@dataclass(frozen=True, slots=True)
class Purged:
    """How many expired rows were deleted: from the judge's memory, of cases, and of what services were sent.

    ``None`` where the database could not be used.
    """

    remembered: int | None = 0
    cases: int | None = 0
    sent: int | None = 0


class Moderation:
    """Keeps what was judged, and takes in what a moderator says of it.

    A comment is named by the id of its verdict, or is the submission: with scope, author, e-mail and body as they were
    posted it is known as the same comment, whichever way and however late it is taught; a submission of which no case
    is kept is judged anew by what it says. ``learner`` and ``services`` are ``None`` where they are switched off. Times
    are in seconds since 1970.
    """

    def __init__(
        self,
        *,
        database: Database,
        judge: Judge,
        memory: Reputation,
        cases: Cases,
        learner: Learner | None,
        services: Services | None,
    ) -> None:
        self._database = database
        self._judge = judge
        self._memory = memory
        self._cases = cases
        self._learner = learner
        self._services = services

    def keep(self, submission: Submission, verdict: Verdict, rules_score: int, *, taught_later: bool) -> None:
        """Remember a comment that the site has stored; ``taught_later`` says that its id may come back.

        :param rules_score: what the rules' findings added up to when the learning filter was asked.
        """
        acts: list[Callable[[Access], object]] = [self._memory.noting(submission, verdict.action)]
        if taught_later:
            acts.append(self._cases.remembering(self._case_of(submission, rules_score, verdict)))
        self._database.write(lambda access: [act(access) for act in acts])

    def case(self, name: str) -> Case | None:
        """Return what is kept of the comment with this id; ``None`` where it is not known, or no more."""
        return self._cases.find(name)

    def known_as(self, comment: Submission | str) -> str:
        """Return a keyed hash that stands for the comment, "" for an id that is not known."""
        if isinstance(comment, str):
            case = self.case(comment)
            return case.trace.mark.hex() if case is not None else ""
        return self._memory.trace(comment).mark.hex()

    def teach(self, comment: Submission | str, *, spam: bool, now: float) -> bool:
        """Take in a moderator's word; the last one counts. Returns whether it was kept.

        False as well when the id is not known, or no more.
        """
        case = self._find(comment)
        if case is None:
            return False
        kept = self._learn(case, spam=spam)
        remembered = self._memory.teach(case.trace, spam=spam, now=now)
        self._cases.decide(case, spam=spam)
        if self._services is not None and case.service_mark:
            self._services.correct(case.service_mark, spam=spam, now=now)
        return remembered if kept is None else kept

    def explain(self, comment: Submission | str) -> tuple[Weighed, ...]:
        """Return the ten tokens that weigh most for the filter; none while it abstains or the id is not known."""
        case = self._find(comment)
        if self._learner is None or case is None:
            return ()
        return self._learner.explain(case.tokens, case.rules)

    def forget(self, comment: Submission | str, *, now: float) -> bool:
        """Forget a comment everywhere; returns whether anything was known of it, and nothing is left.

        Where something can't be forgotten now the case stays, so that its id can be forgotten again.
        """
        case = self._find(comment)
        if case is None:
            return False
        known = self._learner is not None and self._learner.forget(case.name)
        if known is None:
            return False
        try:
            if self._services is not None and case.service_mark:
                self._services.forget(case.service_mark)
        except DatabaseUnavailableError:
            logger.exception("captcha_guard: what was sent of a comment could not be deleted")
            return False
        remembered = self._memory.forget(case.trace, now=now)
        decided = None if remembered is None else self._cases.forget(case.trace)
        return decided is not None and bool(decided or remembered or known)

    def stats(self) -> Stats:
        """Tell how much the filter was taught; raises ``DatabaseUnavailableError``, or ``ConfigError`` if it is off."""
        return self._filter().stats()

    def retrain(self) -> int:
        """Learn all that is kept again; returns how many comments. Raises as :meth:`stats`."""
        return self._filter().retrain()

    def tidy(self, now: float, expired: Callable[[str], None]) -> Tidied:
        """Do what time has made due: spam that nobody rescued is learned, the services' outbox is worked off.

        ``expired`` is told the id of each such comment; where it raises, that one comes up again the next time.
        """
        overdue = self._cases.overdue(now - ASIDE_KEPT)
        learned = sum(self._expire(case, now, expired) for case in overdue)
        run = self._services.run(now) if self._services is not None else 0
        self._cases.sweep(now)
        retrained = 0
        if self._learner is not None:
            self._learner.sweep(now)
            retrained = self._learner.retrain_if_due()
        return Tidied(learned, run, retrained)

    def purge(self, now: float) -> Purged:
        """Delete all that has expired, at once; nothing is learned, and no service hears of it."""
        sent = self._services.expire(now) if self._services is not None else 0
        return Purged(self._memory.sweep(now), self._cases.sweep(now), sent)

    def _expire(self, case: Case, now: float, expired: Callable[[str], None]) -> bool:
        if not self._cases.claim(case):
            return False
        try:
            kept = self._learn(case, spam=True)
            if kept is not False:
                logger.info("captcha_guard: nobody rescued the comment %s, set aside 30 days ago: it is spam", case.id)
                expired(case.id)
                self._memory.teach(case.trace, spam=True, now=now)
                return True
        except Exception:
            logger.exception("captcha_guard: the comment %s was to expire; it is tried again", case.id)
        self._cases.reopen(case)
        return False

    def _learn(self, case: Case, *, spam: bool) -> bool | None:
        """Return whether the filter keeps it now, ``None`` where there is no filter."""
        if self._learner is None:
            return None
        return self._learner.teach_tokens(case.tokens, spam=spam, rules_score=case.rules, key=case.name)

    def _find(self, comment: Submission | str) -> Case | None:
        """Return the comment's case; one without an id where a submission has none that is kept."""
        if isinstance(comment, str):
            return self.case(comment)
        known = self._cases.find_marked(self._memory.trace(comment))
        return known or self._case_of(comment, self._judge.score(comment, without=PAST), Verdict())

    def _case_of(self, submission: Submission, rules_score: int, verdict: Verdict) -> Case:
        return Case(
            id=verdict.id,
            tokens=self._tokens(submission),
            rules=rules_score,
            action=verdict.action,
            judged_at=submission.posted_at,
            trace=self._memory.trace(submission),
            service_mark=self._services.mark(submission) if self._services is not None else "",
            chance=verdict.chance,
            found=tuple((finding.reason, finding.score) for finding in verdict.findings),
        )

    def _tokens(self, submission: Submission) -> tuple[str, ...]:
        if self._learner is None:
            return tokens_of(submission.kept_text, submission.scope)
        return self._learner.tokens(submission)

    def _filter(self) -> Learner:
        if self._learner is None:
            raise ConfigError("CAPTCHA_GUARD_LEARNING is 'off', so there is no filter; set it to 'on' or 'strict'")
        return self._learner

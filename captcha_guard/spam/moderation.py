"""Carries out a moderator's decision about a comment: in the filter, in the memory and at the services."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from ..database.database import Access, Database
from ..errors import ConfigError, DatabaseUnavailableError
from .filter.explanation import Weighed
from .filter.features import tokens_of
from .filter.learner import Learner
from .filter.source import sources_of
from .filter.stats import Stats
from .judge import Judge
from .memory.judged_comments import RETENTION, JudgedComment, JudgedComments
from .memory.reputation import Reputation
from .rules import PAST
from .services import Services, stored_data
from .submission import Submission
from .verdict import Action, Verdict

logger = logging.getLogger("captcha_guard")

#: Seconds after which a comment that was set aside, and that no moderator rescued, counts as spam.
ASIDE_KEPT: Final = 30 * 86_400.0
#: Seconds after which a published comment that no moderator marked counts as good.
UNMARKED_AFTER: Final = 30 * 86_400.0


@dataclass(frozen=True, slots=True)
class Tidied:
    """What maintenance did.

    ``learned_aside`` comments were learned as spam after 30 days aside, and ``learned_unmarked`` as good, because they
    stayed unmarked for 30 days. ``services_run`` tasks of services were done. ``retrained`` decisions were learned
    again.
    """

    learned_aside: int = 0
    services_run: int = 0
    retrained: int = 0
    learned_unmarked: int = 0


@dataclass(frozen=True, slots=True)
class Purged:
    """How many expired rows were deleted from the memory, the judged comments, and what services were sent.

    ``None`` means that the database could not be used.
    """

    remembered: int | None = 0
    judged: int | None = 0
    sent: int | None = 0


class Moderation:
    """Stores what was judged, and carries out what a moderator decides about it.

    A comment is given by the id of its verdict, or as a submission. A submission with the scope, author, email and
    body that were posted is the same comment. Its other fields and the time don't matter. If the comment isn't stored
    any more, the submission is judged again. ``learner`` and ``services`` are ``None`` when they are
    switched off. Times are in seconds since 1970.
    """

    def __init__(
        self,
        *,
        database: Database,
        judge: Judge,
        memory: Reputation,
        judged_comments: JudgedComments,
        learner: Learner | None,
        services: Services | None,
        learn_unmarked: bool = True,
    ) -> None:
        self._database = database
        stored_data.add_tables(database)
        self._judge = judge
        self._memory = memory
        self._judged_comments = judged_comments
        self._learner = learner
        self._services = services
        self._learn_unmarked = learn_unmarked

    def keep(self, submission: Submission, verdict: Verdict, rules_score: int, *, taught_later: bool) -> None:
        """Remember a comment that the site has stored, and forget the one that it replaces.

        :param rules_score: the score of the rules' findings when the learning filter judged the comment.
        :param taught_later: whether the site may teach the comment by its id.
        """
        replaced = self._judged_comments.find_latest(submission.replaces) if submission.replaces else None
        if replaced is not None:
            self.forget(replaced.id, now=submission.posted_at)
        steps: list[Callable[[Access], object]] = [self._memory.note_step(submission, verdict.action)]
        if taught_later:
            steps.append(self._judged_comments.store_step(self._judged(submission, rules_score, verdict)))
        self._database.write(lambda access: [step(access) for step in steps])

    def find(self, comment_id: str) -> JudgedComment | None:
        """Return the judged comment with this id, or ``None`` if it is unknown or no longer stored."""
        return self._judged_comments.find(comment_id)

    def key_of(self, comment: Submission | str) -> str:
        """Return the comment key, or "" for an unknown id."""
        if isinstance(comment, str):
            judged = self.find(comment)
            return judged.comment_key if judged is not None else ""
        return self._memory.trace(comment).comment_key

    def teach(self, comment: Submission | str, *, spam: bool, now: float) -> bool:
        """Record a moderator's decision. The last one counts. Returns whether it was recorded.

        Returns False for an id that is unknown or no longer stored, too.
        """
        judged = self._find(comment)
        if judged is None:
            return False
        is_learned = self._learn(judged, spam=spam)
        is_remembered = self._memory.teach(judged.trace, spam=spam, now=now)
        self._judged_comments.decide(judged.comment_key, spam=spam)
        if self._services is not None and judged.sent_as:
            self._services.correct(judged.sent_as, spam=spam, now=now)
        return is_remembered if is_learned is None else is_learned

    def explain(self, comment: Submission | str) -> tuple[Weighed, ...]:
        """Return the ten tokens with the largest weights in the filter.

        Returns an empty tuple while the filter abstains, and for an unknown id.
        """
        judged = self._find(comment)
        if self._learner is None or judged is None:
            return ()
        return self._learner.explain(judged.tokens, judged.rules)

    def forget(self, comment: Submission | str, *, now: float, also_erased: int = 0) -> bool:
        """Erase a comment everywhere. Returns whether anything was found, and all of it was erased.

        If something can't be erased now, the judged comment stays, so that the same id can be given again.

        :param also_erased: how much the caller has found and erased elsewhere.
        """
        judged = self._find(comment)
        if judged is None:
            return also_erased > 0
        was_taught = self._learner is not None and self._learner.forget(judged.comment_key)
        if was_taught is None:
            return False
        try:
            if judged.sent_as:
                stored_data.forget(self._database, judged.sent_as)
        except DatabaseUnavailableError:
            logger.exception(
                "captcha_guard: what services were sent about the comment %s could not be deleted", judged.comment_key
            )
            return False
        was_remembered = self._memory.forget(judged.trace, now=now)
        was_stored = None if was_remembered is None else self._judged_comments.forget(judged.comment_key)
        return was_stored is not None and bool(was_stored or was_remembered or was_taught or also_erased)

    def stats(self) -> Stats:
        """Return the filter's numbers of taught comments, decisions and tokens.

        :raises DatabaseUnavailableError: the database can't be used.
        :raises ConfigError: the filter is switched off.
        """
        return self._filter().stats()

    def retrain(self) -> int:
        """Train the filter again on all stored decisions, and return their number. Raises as :meth:`stats`."""
        return self._filter().retrain()

    def tidy(self, now: float, expired: Callable[[str], None], unmarked: Callable[[str], None]) -> Tidied:
        """Run the maintenance that is due.

        Comments that were set aside 30 days ago and not rescued are learned as spam, and ``expired`` is called with the
        id of each. Comments that were published 30 days ago and not marked are learned as good, and ``unmarked`` is
        called. If a call raises, the comment is tried again next time. Then the services' tasks are run, and the filter
        is trained again.
        """
        overdue = self._judged_comments.overdue(now - ASIDE_KEPT)
        learned = sum(self._expire(judged, now, expired) for judged in overdue)
        good = sum(self._learn_unmarked_comment(judged, unmarked) for judged in self._unmarked(now))
        if self._services is not None:
            run = self._services.run(now)
        else:
            run = 0
            stored_data.expire(self._database, now)
        self._judged_comments.sweep(now)
        retrained = 0
        if self._learner is not None:
            self._learner.sweep(now)
            retrained = self._learner.retrain_if_due()
        return Tidied(learned, run, retrained, good)

    def purge(self, now: float) -> Purged:
        """Delete everything that has expired. Nothing is learned, and nothing is sent to a service."""
        if self._learner is not None:
            self._learner.sweep(now)
        sent = stored_data.expire(self._database, now)
        return Purged(self._memory.sweep(now), self._judged_comments.sweep(now), sent)

    def _expire(self, judged: JudgedComment, now: float, expired: Callable[[str], None]) -> bool:
        if not self._judged_comments.claim(judged):
            return False
        try:
            if self._learn(judged, spam=True) is not False:
                logger.info(
                    "captcha_guard: the comment %s was set aside 30 days ago and not rescued, so it is spam", judged.id
                )
                expired(judged.id)
                self._memory.teach(judged.trace, spam=True, now=now)
                return True
        except Exception:
            logger.exception("captcha_guard: the comment %s could not expire; it is tried again", judged.id)
        self._judged_comments.reopen(judged)
        return False

    def _unmarked(self, now: float) -> list[JudgedComment]:
        """Return published comments that stayed unmarked for 30 days.

        Returns none while shadow mode publishes everything, or if no moderator has decided about any comment of these
        30 days, because then perhaps no moderator reads them. Comments that expired aside are older.
        """
        if not self._learn_unmarked or self._learner is None or self._judge.shadow is True:
            return []
        if not self._judged_comments.has_decided_since(now - UNMARKED_AFTER):
            return []
        overdue = self._judged_comments.overdue(now - UNMARKED_AFTER, Action.ACCEPT)
        return [one for one in overdue if one.judged_at > now - RETENTION.kept]

    def _learn_unmarked_comment(self, judged: JudgedComment, unmarked: Callable[[str], None]) -> bool:
        """Learn a published comment as good. Reputations don't change: they count moderators' decisions."""
        if not self._judged_comments.claim(judged, spam=False):
            return False
        try:
            if self._learn(judged, spam=False, unmarked=True) is not False:
                logger.info(
                    "captcha_guard: the comment %s was published 30 days ago and not marked, so it counts as good",
                    judged.id,
                )
                unmarked(judged.id)
                return True
        except Exception:
            logger.exception("captcha_guard: the comment %s could not be learned; it is tried again", judged.id)
        self._judged_comments.reopen(judged)
        return False

    def _learn(self, judged: JudgedComment, *, spam: bool, unmarked: bool = False) -> bool | None:
        """Return whether the filter recorded the decision, or ``None`` if it is switched off."""
        if self._learner is None:
            return None
        scope = next((token for token in judged.tokens if token.startswith("p:")), "")
        return self._learner.teach(
            judged.tokens,
            spam=spam,
            rules_score=judged.rules,
            key=judged.comment_key,
            unmarked=unmarked,
            sources=sources_of(judged.trace.evidence, scope, spam=spam, posted_at=judged.judged_at),
        )

    def _find(self, comment: Submission | str) -> JudgedComment | None:
        """Return the judged comment. A submission that isn't stored is judged again, without an id."""
        if isinstance(comment, str):
            return self.find(comment)
        stored = self._judged_comments.find_latest(self.key_of(comment))
        return stored or self._judged(comment, self._judge.score(comment, without=PAST), Verdict())

    def _judged(self, submission: Submission, rules_score: int, verdict: Verdict) -> JudgedComment:
        trace = self._memory.trace(submission)
        return JudgedComment(
            id=verdict.id,
            tokens=self._tokens(submission),
            rules=rules_score,
            action=verdict.action,
            judged_at=submission.posted_at,
            trace=trace,
            sent_as=trace.comment_key if self._services is not None else "",
            chance=verdict.chance,
            found=tuple((finding.reason, finding.score) for finding in verdict.findings),
        )

    def _tokens(self, submission: Submission) -> tuple[str, ...]:
        if self._learner is not None:
            try:
                return self._learner.tokens(submission)
            except Exception:  # the comment must be stored all the same
                logger.exception("captcha_guard: a comment on %.200r is kept without its topic", submission.scope)
        return tokens_of(submission.kept_text, submission.scope)

    def _filter(self) -> Learner:
        if self._learner is None:
            raise ConfigError("CAPTCHA_GUARD_LEARNING is 'off', so there is no filter; set it to 'on' or 'strict'")
        return self._learner

"""The learning filter: returns the chance of spam of a submission, explains it, and learns moderators' decisions."""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from math import floor
from typing import Final, TypeVar

from ...breaker import Outage
from ...database.database import Database, Query
from ...database.retention import sweep
from ...errors import StoreUnavailableError
from ..submission import Submission
from . import explanation, retraining, training
from .comment_tokens import CommentTokens, LearnedTokens
from .explanation import Weighed
from .exported import export_lines, import_lines
from .features import VERSION, is_used
from .regression import predict
from .source import RETENTION, Source
from .stats import ENOUGH, Stats
from .topic import LEVELS
from .training import LabelledComment, labelled_comment
from .word_store import DamagedError, Reader, Transaction, WordStore, first_query

#: The most decisions that are stored, to train again on them.
KEEP: Final = 10_000
#: The number of decisions after which the filter is trained again.
RETRAIN_EVERY: Final = 100
#: The share of comments with a known agreement with their post, from which the filter is trained again by itself.
#: Without the agreement, training again sets more good comments aside.
_SHARE_WITH_TOPIC: Final = 0.5
#: The number of times to train outside a transaction, so that other writers don't wait. After that, it is done in one.
_TRIES: Final = 3

_Result = TypeVar("_Result")

_log = logging.getLogger("captcha_guard")


class Learner:
    """Counts and online logistic regression over words and shapes, in a database that many processes share.

    Requests and moderators call :meth:`score`, :meth:`explain`, :meth:`tokens`, :meth:`teach` and :meth:`forget`. These
    don't raise if the database can't be used: the filter abstains until the database answers again. Only :meth:`score`
    and :meth:`taught` aren't tried during the pause after faults. :meth:`stats`, :meth:`export`, :meth:`load` and
    :meth:`retrain` raise :exc:`~captcha_guard.errors.DatabaseUnavailableError`.

    :param keep: the most decisions that are stored. Older decisions are deleted, but their effect on the weights stays.
    """

    def __init__(self, database: Database, *, keep: int = KEEP) -> None:
        self._store = WordStore(database)
        self._database = database
        self._keep = keep
        self._health = database.health
        self._damage = Outage()
        self._has_enough = False  # as this process read it last
        self._last_scored = threading.local()

    def score(self, submission: Submission, rules_score: int) -> float | None:
        """Return the chance of spam, 0 to 1. Returns ``None`` if too little was taught or the database doesn't answer.

        The first call after an upgrade that changed the features trains the filter again, which can take seconds.

        :param rules_score: the sum of the rules' findings, 0 to 100.
        """
        return self._with_default(None, lambda: self._score(submission, rules_score), reads=True, insist=False)

    def queries(self, submission: Submission) -> list[Query]:
        """Return the query of :meth:`score`."""
        return [first_query(CommentTokens.of(submission).needed if self._has_enough else ())]

    def explain(self, comment: Submission | Collection[str], rules_score: int) -> tuple[Weighed, ...]:
        """Return the ten tokens with the largest weights, largest first. Tokens without a weight are left out.

        :param comment: a submission, or its tokens.
        """
        return self._with_default((), lambda: self._explain(comment, rules_score), reads=True)

    def tokens(self, submission: Submission) -> tuple[str, ...]:
        """Return the tokens of a submission, with the one for its agreement with the post if that is known.

        After :meth:`score` of the same submission in the same thread, this doesn't use the database.
        """
        if getattr(self._last_scored, "submission", None) is submission:
            names: tuple[str, ...] = self._last_scored.names
            return names
        comment = CommentTokens.of(submission)
        if comment.post is None:
            return comment.names
        return self._with_default(comment.names, lambda: self._with_agreement(comment), reads=True)

    def teach(
        self,
        comment: Submission | Iterable[str],
        *,
        spam: bool,
        rules_score: int,
        key: str,
        unmarked: bool = False,
        sources: tuple[Source, ...] = (),
    ) -> bool:
        """Learn a decision. Returns whether it is stored now.

        :param comment: a submission, or its tokens.
        :param key: identifies the comment. A second decision with the same key and the other label corrects the first
            one. With the same label it changes nothing.
        :param unmarked: no moderator decided. The comment counts half, and doesn't replace a moderator's decision.
        :param sources: where the comment came from. Many comments from one source count less.
        """
        tokens = self.tokens(comment) if isinstance(comment, Submission) else comment
        names = tuple(sorted({token for token in tokens if is_used(token)}))
        labelled = LabelledComment(_name(key), spam, rules_score, names, unmarked=unmarked, sources=sources)
        return self._with_default(False, lambda: self._teach(labelled))  # noqa: FBT003 (the default)

    def forget(self, key: str) -> bool | None:
        """Delete a comment's decision, and train again without it. Returns whether there was one.

        Returns ``None`` if the database doesn't answer, so the decision may still be there.
        """
        return self._with_default(None, lambda: self._forget(_name(key)))

    def stats(self) -> Stats:
        """Return how much has been taught."""
        with self._store.reading() as reader:
            tokens, decisions = reader.sizes()
            return Stats(floor(reader.model.ham), floor(reader.model.spam), decisions, tokens)

    def taught(self) -> tuple[int, int] | None:
        """Return the numbers of good comments and of spam that were taught, ``None`` if the database can't be used."""
        return self._with_default(None, self._taught, reads=True, insist=False)

    def export(self) -> Iterator[str]:
        """Return the stored decisions as lines of JSON, oldest first, for :meth:`load`."""
        with self._store.reading() as reader:
            decisions = reader.decisions()
            names = {token.number: name for name, token in reader.all_tokens().items()}
        return export_lines(labelled_comment(one, names) for one in decisions)

    def load(self, lines: Iterable[str]) -> int:
        """Add decisions that :meth:`export` wrote, and train again. Returns the number of decisions in the lines.

        If a comment has a decision already, the added one replaces it.

        :raises ValueError: a line wasn't written by :meth:`export`; nothing was changed.
        """
        comments = list(import_lines(lines))
        with self._store.writing() as transaction:
            return retraining.import_decisions(transaction, comments)

    def retrain(self, *, pausing: bool = False) -> int:
        """Train the filter from scratch on the stored decisions, and return their number.

        The result doesn't depend on their order. Decisions that are added meanwhile are learned after that.

        :param pausing: pause often and briefly, so that requests of the same process aren't delayed.
        """
        for _ in range(_TRIES):
            with self._store.reading() as reader:
                decisions, tokens = reader.decisions(), reader.all_tokens()
            trained = retraining.train(decisions, tokens, pausing=pausing)
            with self._store.writing() as transaction:
                if retraining.store_trained(transaction, decisions, trained):
                    return len(decisions)
        with self._store.writing() as transaction:
            return retraining.retrain(transaction)

    def retrain_if_due(self) -> int:
        """Train the filter again if that is due. Returns the number of decisions that were learned.

        It is due after every 100 decisions on a site that passes the topic of its posts. Only one of all processes
        does it. It takes seconds for thousands of decisions, so don't call this in a request.
        """
        return self._with_default(0, self._retrain_if_due)

    def sweep(self, now: float) -> int | None:
        """Delete the counts of sources that have expired at ``now`` (seconds since 1970). Returns their number.

        Returns ``None`` if the database can't be used.
        """
        return sweep(self._database, (RETENTION,), now)

    def close(self) -> None:
        """Close the calling thread's connection."""
        self._store.close()

    def _score(self, submission: Submission, rules_score: int) -> float | None:
        learned = self._read_tokens(lambda: CommentTokens.of(submission))
        if learned is None:
            return None
        self._last_scored.submission, self._last_scored.names = submission, learned.names
        return predict(learned.weights, learned.rules, rules_score, learned.counts)

    def _explain(self, comment: Submission | Collection[str], rules_score: int) -> tuple[Weighed, ...]:
        def tokens() -> CommentTokens:
            return CommentTokens.of(comment) if isinstance(comment, Submission) else CommentTokens(tuple(comment))

        learned = self._read_tokens(tokens)
        return () if learned is None else explanation.explain(learned, rules_score)

    def _taught(self) -> tuple[int, int]:
        with self._store.reading() as reader:
            return floor(reader.model.ham), floor(reader.model.spam)

    def _with_agreement(self, comment: CommentTokens) -> tuple[str, ...]:
        with self._store.reading(comment.needed) as reader:
            return comment.with_agreement(reader.tokens(comment.needed))

    def _read_tokens(self, tokens: Callable[[], CommentTokens]) -> LearnedTokens | None:
        """Return what was learned about a comment's tokens, or ``None`` while too little was taught.

        If the stored model has other features, this trains the filter again first.

        :param tokens: returns the comment's tokens. It isn't called while too little was taught.
        """
        comment = tokens() if self._has_enough else None  # then one statement reads all
        with self._store.reading(comment.needed if comment else ()) as reader:
            if _is_current(reader):
                self._has_enough = min(reader.model.ham, reader.model.spam) >= ENOUGH
                if not self._has_enough:
                    return None
                comment = comment or tokens()
                stored = reader.tokens(comment.needed)
                return LearnedTokens(comment.with_agreement(stored), stored)
        self.retrain()
        return self._read_tokens(tokens)

    def _teach(self, comment: LabelledComment) -> bool:
        with self._store.writing() as transaction:
            _retrain_if_outdated(transaction)
            training.teach(transaction, comment, keep=self._keep)
        return True

    def _forget(self, name: int) -> bool:
        with self._store.writing() as transaction:
            _retrain_if_outdated(transaction)
            is_known = training.forget(transaction, name)
        if is_known:
            self.retrain()
        return is_known

    def _retrain_if_due(self) -> int:
        if not self._is_due():
            return 0
        with self._store.writing() as transaction:
            if transaction.decisions_since_training() < RETRAIN_EVERY:
                return 0  # another process has begun
            transaction.record_training()
        return self.retrain(pausing=True)

    def _is_due(self) -> bool:
        with self._store.reading() as reader:
            if reader.decisions_since_training() < RETRAIN_EVERY:
                return False
            with_topic = sum(token.ham + token.spam for token in reader.tokens(LEVELS).values())
            return with_topic >= _SHARE_WITH_TOPIC * (reader.model.ham + reader.model.spam)

    def _with_default(
        self, default: _Result, operation: Callable[[], _Result], *, reads: bool = False, insist: bool = True
    ) -> _Result:
        """Return the result of an operation, or the default if the database fails or the filter's tables are damaged.

        Damaged tables don't count as a fault of the database, because its other tables can still be used. They are
        logged once.

        :param insist: try even during the pause after faults.
        """

        def run() -> _Result | DamagedError:
            try:
                return operation()
            except DamagedError as error:
                return error

        try:
            result = (self._health.read if reads else self._health.write)(run, insist=insist)
        except StoreUnavailableError:
            return default
        if isinstance(result, DamagedError):
            if self._damage.begins(time.monotonic()):
                _log.warning("%s. Until then the learning filter abstains.", result)
            return default
        self._damage.ends(time.monotonic())
        return result


def _is_current(reader: Reader) -> bool:
    """Return whether the model was learned with the present features, or is empty."""
    return reader.model.version == VERSION or not reader.model.last_decision


def _retrain_if_outdated(transaction: Transaction) -> None:
    """Train again if the model was learned with other features."""
    if not _is_current(transaction):
        retraining.retrain(transaction)


def _name(key: str) -> int:
    """Return a 63-bit hash of a key."""
    return int.from_bytes(hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big") >> 1

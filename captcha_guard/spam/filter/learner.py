"""The filter that learns from the moderator: its chance of spam for a submission, the reasons, and how it is taught."""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import ceil, floor
from typing import Final, NamedTuple, TypeVar

from ...breaker import Outage
from ...database.database import Database, Query
from ...database.retention import sweep
from ...errors import StoreUnavailableError
from ..submission import Submission
from . import retraining, training
from .exported import read_taught, write_taught
from .features import COMMENTS, FOUND, NOTHING_FOUND, VERSION, WORDS, is_used, kind_of, tokens_of
from .regression import Rules, Weight, parts, predict
from .rows import Token
from .source import RETENTION, Source
from .topic import LEVELS, Post, agreement, post_of
from .training import Taught, taught_of
from .word_store import Change, DamagedError, Look, TokenStore, first_query

#: Comments of each kind that must have been taught before the filter gives a chance.
ENOUGH: Final = 8
#: Decisions that are kept, to learn from again.
KEEP: Final = 10_000
#: Tokens that an explanation names.
HEAVIEST: Final = 10
#: Decisions after which everything is learned again.
RETRAIN_EVERY: Final = 100
#: The share of comments whose agreement with their post is known, from which everything is learned again by itself.
#: Without the agreement, learning everything again sets more good comments aside.
_TOPICAL: Final = 0.5
#: How often learning everything again is tried without keeping other writers waiting.
_TRIES: Final = 3

_Answer = TypeVar("_Answer")

_log = logging.getLogger("captcha_guard")


@dataclass(frozen=True, slots=True)
class Weighed:
    """What one token adds to a submission's log-odds of spam (below 0: against), and in how many comments it was.

    ``kind`` is in plain words: "word", "linked host", "shape", "form or post", "agreement with the post", "rules" ...
    """

    token: str
    kind: str
    weight: float
    ham: int
    spam: int


@dataclass(frozen=True, slots=True)
class Stats:
    """How much the filter has been taught, and how much of it is kept.

    A published comment that stayed unmarked counts half in ``ham``, which is rounded down.
    """

    ham: int
    spam: int
    decisions: int
    tokens: int

    @property
    def speaks(self) -> bool:
        """Whether enough of both kinds has been taught for the filter to give a chance."""
        return min(self.ham, self.spam) >= ENOUGH

    @property
    def missing(self) -> str:
        """What must still be taught until the filter decides, in a sentence; "" if nothing is missing."""
        asked = what_is_missing(self.ham, self.spam)
        return f"{asked[0].upper()}{asked[1:]}, and the filter starts." if asked else ""


def what_is_missing(ham: int, spam: int) -> str:
    """Return what a moderator must still do until the filter decides, "" if nothing is missing."""
    confirm, mark = (max(0, ENOUGH - taught) for taught in (ham, spam))
    parts = [f"confirm {confirm} published or held comment{'' if confirm == 1 else 's'}"] if confirm else []
    parts += [f"mark {mark} comment{'' if mark == 1 else 's'} as spam"] if mark else []
    return " and ".join(parts)


class _Asked(NamedTuple):
    """The tokens of a comment and, if its post is known, what is needed to find the one for its agreement."""

    names: tuple[str, ...]
    words: tuple[str, ...] = ()
    post: Post | None = None

    @classmethod
    def of(cls, submission: Submission) -> _Asked:
        names = tokens_of(submission.kept_text, submission.scope)
        post = post_of(submission.topic_text) if submission.topic else None
        return cls(names, submission.kept_text.words, post)

    @property
    def wanted(self) -> tuple[str, ...]:
        """All tokens that must be read."""
        wanted = (*self.names, FOUND, NOTHING_FOUND, COMMENTS)
        return wanted if self.post is None else (*wanted, WORDS, *LEVELS)

    def names_with_agreement(self, known: Mapping[str, Token]) -> tuple[str, ...]:
        level = "" if self.post is None else agreement(self.words, self.post, known)
        return (*self.names, level) if level else self.names


class _Known(NamedTuple):
    """A comment's tokens, and what was taught of them, of the rules, and of all comments."""

    names: tuple[str, ...]
    tokens: Mapping[str, Token]

    @property
    def counts(self) -> Mapping[bool, float]:
        comments = self.tokens.get(COMMENTS)
        return {False: 0.0, True: 0.0} if comments is None else comments.counts

    @property
    def rules(self) -> Rules:
        none = Rules()
        return Rules(self.tokens.get(FOUND, none.found), self.tokens.get(NOTHING_FOUND, none.nothing))

    @property
    def weights(self) -> list[Weight]:
        nothing = Weight()
        return [self.tokens.get(name, nothing) for name in self.names]


class Learner:
    """Counts and online logistic regression over words and shapes, in a database that many processes share.

    Requests call :meth:`score`, :meth:`explain`, :meth:`tokens`, :meth:`teach` and :meth:`forget`. None of them raises
    if the database can't be used: the filter abstains until it answers again. Only :meth:`score` leaves the database
    alone after faults. Operators call :meth:`stats`, :meth:`export`, :meth:`load` and :meth:`retrain`, which raise
    :exc:`~captcha_guard.errors.DatabaseUnavailableError`.

    :param keep: decisions that are kept; of older ones only what they taught remains.
    """

    def __init__(self, database: Database, *, keep: int = KEEP) -> None:
        self._store = TokenStore(database)
        self._database = database
        self._keep = keep
        self._health = database.health
        self._damage = Outage()
        self._speaks = False  # as far as this process knows
        self._last = threading.local()

    def score(self, submission: Submission, rules_score: int) -> float | None:
        """Return the chance of spam, 0 to 1; ``None`` while too little was taught or the database doesn't answer.

        :param rules_score: the sum of the rules' findings, 0 to 100.
        """
        return self._spared(lambda: self._score(submission, rules_score), None, reads=True, insist=False)

    def queries(self, submission: Submission) -> list[Query]:
        """Return the query of :meth:`score`."""
        return [first_query(_Asked.of(submission).wanted if self._speaks else ())]

    def explain(self, seen: Submission | Collection[str], rules_score: int) -> tuple[Weighed, ...]:
        """Return the ten tokens that weigh most, the heaviest first; those without a weight are left out.

        ``seen`` is a submission, or its tokens.
        """
        return self._spared(lambda: self._explain(seen, rules_score), (), reads=True)

    def tokens(self, submission: Submission) -> tuple[str, ...]:
        """Return the tokens of a submission, with the one for its agreement with the post if that is known.

        After :meth:`score` of the same submission in the same thread, this reads nothing.
        """
        if getattr(self._last, "submission", None) is submission:
            names: tuple[str, ...] = self._last.names
            return names
        asked = _Asked.of(submission)
        if asked.post is None:
            return asked.names
        return self._spared(lambda: self._with_agreement(asked), asked.names, reads=True)

    def teach(self, submission: Submission, *, spam: bool, rules_score: int, key: str) -> bool:
        """Learn a decision; returns whether it is kept now.

        :param key: the name of the comment. A second decision with the same name and the other label corrects the
            first; with the same label it changes nothing.
        """
        return self.teach_tokens(self.tokens(submission), spam=spam, rules_score=rules_score, key=key)

    def teach_tokens(
        self,
        tokens: Iterable[str],
        *,
        spam: bool,
        rules_score: int,
        key: str,
        unmarked: bool = False,
        sources: tuple[Source, ...] = (),
    ) -> bool:
        """Learn a decision on a comment of which only the tokens are left; otherwise as :meth:`teach`.

        :param unmarked: no moderator decided, so it counts half, and it doesn't change a decision.
        :param sources: where the comment came from; many comments from one source count less.
        """
        names = tuple(sorted({token for token in tokens if is_used(token)}))
        taught = Taught(_name(key), spam, rules_score, names, unmarked=unmarked, sources=sources)
        return self._spared(lambda: self._teach(taught), alternative=False)

    def forget(self, key: str) -> bool | None:
        """Forget a comment and learn the rest again, as if it had never been taught; False if it wasn't known.

        ``None`` if the database doesn't answer, so that it may still be there.
        """
        return self._spared(lambda: self._forget(_name(key)), None)

    def stats(self) -> Stats:
        """Return how much has been taught."""
        with self._store.looking() as look:
            tokens, decisions = look.sizes()
            return Stats(floor(look.model.ham), floor(look.model.spam), decisions, tokens)

    def taught(self) -> tuple[int, int] | None:
        """Return how many good comments and how much spam was taught; ``None`` if the database can't be used."""
        return self._spared(self._taught, None, reads=True, insist=False)

    def export(self) -> Iterator[str]:
        """Return the kept decisions as lines of JSON, the oldest first, for :meth:`load`."""
        with self._store.looking() as look:
            decisions = look.decisions()
            names = {token.number: name for name, token in look.all_tokens().items()}
        return write_taught(taught_of(one, names) for one in decisions)

    def load(self, lines: Iterable[str]) -> int:
        """Add decisions that :meth:`export` wrote and learn everything again; returns how many there were.

        A decision that is known already takes the label of the one that is added.

        :raises ValueError: a line wasn't written by :meth:`export`; nothing was changed.
        """
        taught = list(read_taught(lines))
        with self._store.changing() as change:
            return retraining.take_in(change, taught)

    def retrain(self, *, pausing: bool = False) -> int:
        """Learn the kept decisions again from nothing; returns how many there are.

        The result doesn't depend on their order. What others teach meanwhile is learned on top of it.

        :param pausing: pause often and briefly, so that requests of the same process aren't delayed.
        """
        for _ in range(_TRIES):
            with self._store.looking() as look:
                decisions, tokens = look.decisions(), look.all_tokens()
            fresh = retraining.learned(decisions, tokens, pausing=pausing)
            with self._store.changing() as change:
                if retraining.adopt(change, decisions, fresh):
                    return len(decisions)
        with self._store.changing() as change:
            return retraining.relearn(change)

    def retrain_if_due(self) -> int:
        """Learn everything again if it is time to; returns how many decisions were learned.

        It is time after every 100 decisions, on a site that passes the topic of its posts. Only one of all processes
        does it. This takes seconds for thousands of decisions, so no request may wait for it.
        """
        return self._spared(self._retrain_if_due, 0)

    def sweep(self, now: float) -> int | None:
        """Delete what has expired at ``now``, in seconds since 1970; ``None`` if the database can't be used."""
        return sweep(self._database, (RETENTION,), now)

    def close(self) -> None:
        """Close what the calling thread has open."""
        self._store.close()

    def _score(self, submission: Submission, rules_score: int) -> float | None:
        known = self._known(lambda: _Asked.of(submission))
        if known is None:
            return None
        self._last.submission, self._last.names = submission, known.names
        return predict(known.weights, known.rules, rules_score, known.counts)

    def _explain(self, seen: Submission | Collection[str], rules_score: int) -> tuple[Weighed, ...]:
        known = self._known(lambda: _Asked.of(seen) if isinstance(seen, Submission) else _Asked(tuple(seen)))
        if known is None:
            return ()
        tokens = known.weights
        weights, from_rules = parts(tokens, known.rules, rules_score, known.counts)
        name = FOUND if rules_score > 0 else NOTHING_FOUND
        weighed = [Weighed(name, kind_of(name), from_rules, 0, 0)]
        for name, token, weight in zip(known.names, tokens, weights, strict=True):
            weighed.append(Weighed(name, kind_of(name), weight, ceil(token.ham), ceil(token.spam)))
        heavy = sorted((one for one in weighed if one.weight), key=lambda one: (-abs(one.weight), one.token))
        return tuple(heavy[:HEAVIEST])

    def _taught(self) -> tuple[int, int]:
        with self._store.looking() as look:
            return floor(look.model.ham), floor(look.model.spam)

    def _with_agreement(self, asked: _Asked) -> tuple[str, ...]:
        with self._store.looking(asked.wanted) as look:
            return asked.names_with_agreement(look.tokens(asked.wanted))

    def _known(self, asking: Callable[[], _Asked]) -> _Known | None:
        """Return what was taught of a comment's tokens; ``None``, without asking for them, while that is too little."""
        asked = asking() if self._speaks else None  # then one statement reads all
        with self._store.looking(asked.wanted if asked else ()) as look:
            if _is_read_rightly(look):
                self._speaks = min(look.model.ham, look.model.spam) >= ENOUGH
                if not self._speaks:
                    return None
                asked = asked or asking()
                known = look.tokens(asked.wanted)
                return _Known(asked.names_with_agreement(known), known)
        self.retrain()
        return self._known(asking)

    def _teach(self, taught: Taught) -> bool:
        with self._store.changing() as change:
            _read_rightly(change)
            training.teach(change, taught, keep=self._keep)
        return True

    def _forget(self, name: int) -> bool:
        with self._store.changing() as change:
            _read_rightly(change)
            known = training.take_out(change, name)
        if known:
            self.retrain()
        return known

    def _retrain_if_due(self) -> int:
        if not self._is_due():
            return 0
        with self._store.changing() as change:
            if change.since_retraining() < RETRAIN_EVERY:
                return 0  # another process has begun
            change.note_retraining()
        return self.retrain(pausing=True)

    def _is_due(self) -> bool:
        with self._store.looking() as look:
            if look.since_retraining() < RETRAIN_EVERY:
                return False
            topical = sum(token.ham + token.spam for token in look.tokens(LEVELS).values())
            return topical >= _TOPICAL * (look.model.ham + look.model.spam)

    def _spared(
        self, ask: Callable[[], _Answer], alternative: _Answer, *, reads: bool = False, insist: bool = True
    ) -> _Answer:
        """Return what ``ask`` returns, or the alternative while the database fails or the filter's tables are damaged.

        Damage isn't a fault of the database, whose other tables stay in use. The log has one line when it is found.
        """

        def act() -> _Answer | DamagedError:
            try:
                return ask()
            except DamagedError as error:
                return error

        try:
            answer = (self._health.read if reads else self._health.write)(act, insist=insist)
        except StoreUnavailableError:
            return alternative
        if isinstance(answer, DamagedError):
            if self._damage.begins(time.monotonic()):
                _log.warning("%s. Until then the learning filter abstains.", answer)
            return alternative
        self._damage.ends(time.monotonic())
        return answer


def _is_read_rightly(look: Look) -> bool:
    return look.model.version == VERSION or not look.model.decisions


def _read_rightly(change: Change) -> None:
    """Learn everything again if it was learned with other features."""
    if not _is_read_rightly(change):
        retraining.relearn(change)


def _name(key: str) -> int:
    """Return 63 bits that name a comment; its text can't be read from them."""
    return int.from_bytes(hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big") >> 1

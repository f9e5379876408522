"""The filter that learns from the moderator: what it thinks of a submission, why, and how it is taught."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeVar

from ...breaker import Outage
from ...database.database import Database, Query
from ...errors import StoreUnavailableError
from ..submission import Submission
from . import training as lessons
from .exported import read_taught, write_taught
from .features import RULES, VERSION, kind_of, tokens_of
from .regression import Weight, parts, predict, untaught_rules
from .rows import Token
from .training import Taught
from .word_store import Change, DamagedError, Look, TokenStore, first_query

#: Comments of each kind that must have been taught before the filter says anything.
ENOUGH: Final = 8
#: Decisions that are kept, to learn from again.
KEEP: Final = 10_000
#: Tokens that an explanation names.
HEAVIEST: Final = 10

_Answer = TypeVar("_Answer")

_log = logging.getLogger("captcha_guard")


@dataclass(frozen=True, slots=True)
class Weighed:
    """What one token adds to a submission's log-odds of spam (below 0: against), and in how many comments it was.

    ``kind`` is in plain words: "word", "linked host", "shape", "rules" ...
    """

    token: str
    kind: str
    weight: float
    ham: int
    spam: int


@dataclass(frozen=True, slots=True)
class Stats:
    """How much the filter has been taught, and how much of it is kept."""

    ham: int
    spam: int
    decisions: int
    tokens: int

    @property
    def speaks(self) -> bool:
        """Whether enough of both kinds has been taught for the filter to say anything."""
        return min(self.ham, self.spam) >= ENOUGH


class _Known(NamedTuple):
    """Some tokens by their names, what was taught of them and of the rules, and how many comments of each kind were."""

    names: tuple[str, ...]
    tokens: Mapping[str, Token]
    counts: Mapping[bool, int]

    @property
    def rules(self) -> Weight:
        return self.tokens.get(RULES) or untaught_rules()

    @property
    def weights(self) -> list[Weight]:
        nothing = Weight()
        return [self.tokens.get(name, nothing) for name in self.names]


class Learner:
    """Counts and online logistic regression over words and shapes, in a database that many processes share.

    What a request asks for (:meth:`score`, :meth:`explain`, :meth:`teach`, :meth:`forget`) never raises for the
    database's sake: the filter abstains until the database answers again. Only :meth:`score` leaves the database alone
    after faults. What an operator asks for (:meth:`stats`, :meth:`export`, :meth:`load`, :meth:`retrain`) raises
    :exc:`~captcha_guard.errors.DatabaseUnavailableError`.

    :param keep: decisions that are kept; of older ones only what they taught remains.
    """

    def __init__(self, database: Database, *, keep: int = KEEP) -> None:
        self._store = TokenStore(database)
        self._keep = keep
        self._health = database.health
        self._damage = Outage()
        self._speaks = False  # as far as this process knows

    def score(self, submission: Submission, rules_score: int) -> float | None:
        """Return the chance of spam, 0 to 1; ``None`` while too little was taught or the database does not answer.

        :param rules_score: what the rules' findings add up to, 0 to 100.
        """
        return self._spared(lambda: self._score(submission, rules_score), None, reads=True, insist=False)

    def queries(self, submission: Submission) -> list[Query]:
        """Return the query of :meth:`score`."""
        return [first_query((*tokens_of(submission.kept_text), RULES) if self._speaks else ())]

    def explain(self, seen: Submission | Collection[str], rules_score: int) -> tuple[Weighed, ...]:
        """Return the ten tokens that weigh most, the heaviest first; those that weigh nothing are left out.

        ``seen`` is a submission, or its tokens.
        """
        return self._spared(lambda: self._explain(_seen(seen), rules_score), (), reads=True)

    def teach(self, submission: Submission, *, spam: bool, rules_score: int, key: str) -> bool:
        """Learn a decision; returns whether it is kept now.

        :param key: what names the comment, so that a second teaching with the other label corrects the first, and one
            with the same label changes nothing.
        """
        return self.teach_tokens(tokens_of(submission.kept_text), spam=spam, rules_score=rules_score, key=key)

    def teach_tokens(self, tokens: Iterable[str], *, spam: bool, rules_score: int, key: str) -> bool:
        """Learn a decision on a comment of which only the tokens are left; otherwise as :meth:`teach`."""
        taught = Taught(_name(key), spam, rules_score, tuple(sorted(set(tokens))))
        return self._spared(lambda: self._teach(taught), alternative=False)

    def forget(self, key: str) -> bool | None:
        """Forget a comment and learn the rest again, as if it had never been taught; False when it was not known.

        ``None`` where the database does not answer, so that it may still be there.
        """
        return self._spared(lambda: self._forget(_name(key)), None)

    def stats(self) -> Stats:
        """Tell how much has been taught."""
        with self._store.looking() as look:
            tokens, decisions = look.sizes()
            return Stats(look.model.ham, look.model.spam, decisions, tokens)

    def export(self) -> Iterator[str]:
        """Return the kept decisions as lines of JSON, the oldest first, for :meth:`load`."""
        with self._store.looking() as look:
            decisions = look.decisions()
            names = {token.number: name for name, token in look.all_tokens().items()}
        return write_taught(
            Taught(one.name, one.spam, one.rules, tuple(sorted(names[n] for n in one.tokens if n in names)))
            for one in decisions
        )

    def load(self, lines: Iterable[str]) -> int:
        """Take in decisions that :meth:`export` wrote and learn everything again; returns how many there were.

        A decision that is known already takes the label of the one that comes in.

        :raises ValueError: a line is not one of :meth:`export`; nothing was changed.
        """
        taught = list(read_taught(lines))
        with self._store.changing() as change:
            return lessons.take_in(change, taught)

    def retrain(self) -> int:
        """Learn the kept decisions again from nothing; returns how many there are.

        What is learned so is the best that they can teach: it depends on no order in which they came.
        """
        for _ in range(3):  # without making others wait, as long as nobody teaches meanwhile
            with self._store.looking() as look:
                before, decisions, tokens = look.model.revision, look.decisions(), look.all_tokens()
            model = lessons.learned(decisions, tokens)
            with self._store.changing() as change:
                if change.model.revision == before + 1:
                    lessons.save_learned(change, decisions, model)
                    return len(decisions)
        with self._store.changing() as change:
            return lessons.relearn(change)

    def close(self) -> None:
        """Let go of what the calling thread holds open."""
        self._store.close()

    def _score(self, submission: Submission, rules_score: int) -> float | None:
        known = self._known(lambda: tokens_of(submission.kept_text))
        return known and predict(known.weights, known.rules, rules_score, known.counts)

    def _explain(self, names: tuple[str, ...], rules_score: int) -> tuple[Weighed, ...]:
        known = self._known(lambda: names)
        if known is None:
            return ()
        tokens = known.weights
        weights, from_rules = parts(tokens, known.rules, rules_score, known.counts)
        weighed = [Weighed(RULES, kind_of(RULES), from_rules, 0, 0)]
        for name, token, weight in zip(names, tokens, weights, strict=True):
            weighed.append(Weighed(name, kind_of(name), weight, token.ham, token.spam))
        heavy = sorted((one for one in weighed if one.weight), key=lambda one: (-abs(one.weight), one.token))
        return tuple(heavy[:HEAVIEST])

    def _known(self, naming: Callable[[], tuple[str, ...]]) -> _Known | None:
        """Return what was taught of the tokens that ``naming`` names; ``None``, unasked, while that is too little."""
        names = naming() if self._speaks else ()  # then one statement reads all
        with self._store.looking((*names, RULES) if names else ()) as look:
            if _is_read_rightly(look):
                self._speaks = min(look.model.ham, look.model.spam) >= ENOUGH
                if not self._speaks:
                    return None
                names = names or naming()
                return _Known(names, look.tokens((*names, RULES)), look.model.counts)
        self.retrain()
        return self._known(naming)

    def _teach(self, taught: Taught) -> bool:
        with self._store.changing() as change:
            _read_rightly(change)
            lessons.teach(change, taught, keep=self._keep)
        return True

    def _forget(self, name: int) -> bool:
        with self._store.changing() as change:
            known = lessons.take_out(change, name)
        if known:
            self.retrain()
        return known

    def _spared(
        self, ask: Callable[[], _Answer], alternative: _Answer, *, reads: bool = False, insist: bool = True
    ) -> _Answer:
        """Return what ``ask`` returns, or the alternative while the database fails or what was learned is damaged.

        Damage isn't a fault of the database: what else is kept there goes on. The log has one line when it is found.
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
    """Learn anew what was learned of other features."""
    if not _is_read_rightly(change):
        lessons.relearn(change)


def _seen(what: Submission | Collection[str]) -> tuple[str, ...]:
    return tokens_of(what.kept_text) if isinstance(what, Submission) else tuple(what)


def _name(key: str) -> int:
    """Return 63 bits that stand for a comment; what it was can't be read from them."""
    return int.from_bytes(hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big") >> 1

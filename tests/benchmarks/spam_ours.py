"""The guard's rules and its learning filter, as the spam benchmark runs them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

from captcha_guard.database.opening import open_database
from captcha_guard.spam.filter import training
from captcha_guard.spam.filter.learner import Learner
from captcha_guard.spam.judge import Judge
from captcha_guard.spam.rules import standard
from captcha_guard.spam.submission import Submission
from tests.benchmarks.spam_data import Comment
from tests.benchmarks.spam_metrics import Scored

ACCEPT, ASIDE = 0.10, 0.97  # the bands between which a person decides


@contextmanager
def fresh_learner() -> Iterator[Learner]:
    """Lend a filter that was taught nothing."""
    with TemporaryDirectory() as folder:
        learner = Learner(open_database(f"sqlite:///{Path(folder) / 'learned.sqlite3'}", timeout=60))
        yield learner
        learner.close()


@contextmanager
def never_looking_back() -> Iterator[None]:
    """Teach as AdaGrad alone would: no old comment is learned again when it is about to be misjudged."""
    with patch.object(training, "_check_old", lambda *_: None):
        yield


@lru_cache(maxsize=1)
def judge() -> Judge:
    """Return the standard rules; no comment is a duplicate of an earlier one here."""
    return Judge(standard())


@lru_cache(maxsize=20_000)
def submission(text: str) -> Submission:
    """Return a comment of which nothing but its text is known."""
    return Submission(scope="benchmark", body=text)


@lru_cache(maxsize=20_000)
def rules_score(text: str) -> int:
    """Return what the rules say of a text, 0 to 100."""
    return judge().judge(submission(text)).score


def by_rules(comments: Sequence[Comment]) -> list[Scored]:
    """Score comments by the rules alone."""
    return [Scored(rules_score(one.text) / 100, one.spam) for one in comments]


def teach(learner: Learner, number: int, comment: Comment) -> None:
    """Teach one comment."""
    kept = learner.teach(
        submission(comment.text), spam=comment.spam, rules_score=rules_score(comment.text), key=str(number)
    )
    if not kept:
        raise RuntimeError("The filter did not learn; the log says why.")


def score(learner: Learner, comment: Comment) -> float | None:
    """Return what the filter makes of a comment."""
    return learner.score(submission(comment.text), rules_score(comment.text))


def learn_then_score(learn: Sequence[Comment], test: Sequence[Comment], *, retrain: bool) -> list[Scored]:
    """Teach comments one by one, learn them all again if asked to, and score others."""
    with fresh_learner() as learner:
        for number, comment in enumerate(learn):
            teach(learner, number, comment)
        if retrain:
            learner.retrain()
        return [Scored(_sure(score(learner, one), one), one.spam) for one in test]


def score_then_learn(comments: Sequence[Comment]) -> list[tuple[float | None, Comment]]:
    """Score each comment before it is taught; ``None`` while the filter abstains."""
    with fresh_learner() as learner:
        told = []
        for number, comment in enumerate(comments):
            told.append((score(learner, comment), comment))
            teach(learner, number, comment)
        return told


def prequential(comments: Sequence[Comment], skip: int = 50) -> list[Scored]:
    """Score each comment before it is taught; the first ones do not count, and the rules speak while it abstains."""
    told = score_then_learn(comments)[skip:]
    return [Scored(_sure(said, comment), comment.spam) for said, comment in told]


def _sure(said: float | None, comment: Comment) -> float:
    return rules_score(comment.text) / 100 if said is None else said

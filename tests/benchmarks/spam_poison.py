"""An attack on the filter: an attacker gets comments in honest readers' words marked as spam.

The attacker's comments repeat good comments and add made-up words, which the filter doesn't know, so it holds them and
a busy moderator marks all of them as spam. They have no links, by which the filter could tell them from honest ones.
Then good comments that come later are judged.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from captcha_guard.spam.filter.features import scope_token
from captcha_guard.spam.filter.learner import Learner
from captcha_guard.spam.filter.source import DAY, Source, sources_of
from captcha_guard.spam.submission import Submission
from captcha_guard.statistics.interval import Share
from tests.benchmarks import spam_ours as ours
from tests.benchmarks.spam_data import Comment, in_time, time_split
from tests.benchmarks.spam_proofs import share_text

ATTACKS = 50
#: Good comments from which one comment of the attacker is put together, and its made-up words.
_PIECES = 2
_MADE_UP = 3
_NOW = 20_000 * DAY


@dataclass(frozen=True)
class Attacker:
    """How many clients and posts the attacker uses on one day."""

    name: str
    clients: int
    scopes: int


ATTACKERS = (
    Attacker("one client, one post", 1, 1),
    Attacker("one client, fifty posts", 1, ATTACKS),
    Attacker("fifty clients, one post", ATTACKS, 1),
    Attacker("fifty clients, fifty posts", ATTACKS, ATTACKS),
)


def poisoning(videos: Mapping[str, Sequence[Comment]]) -> Iterator[str]:
    """Teach the first 70 % of each video, then the attack, and judge the good comments of the rest. Yields a table."""
    yield "| attack | good aside | good published |"
    yield "| --- | ---: | ---: |"
    timed = [time_split(comments) for comments in in_time({name: list(one) for name, one in videos.items()}).values()]
    yield _line("no attack", [_judged(*parts, None, bounded=True) for parts in timed])
    for attacker in ATTACKERS:
        for bounded in (True, False):
            name = f"{attacker.name}{'' if bounded else ', every comment counted in full'}"
            yield _line(name, [_judged(*parts, attacker, bounded=bounded) for parts in timed])
        again = [_judged(*parts, attacker, bounded=True, retrain=True) for parts in timed]
        yield _line(f"{attacker.name}, then trained again", again)


def _line(name: str, samples: Sequence[Sequence[float | None]]) -> str:
    every = [chance for sample in samples for chance in sample]
    aside = Share(sum(one is not None and one >= ours.ASIDE for one in every), len(every))
    published = Share(sum(one is not None and one <= ours.ACCEPT for one in every), len(every))
    return f"| {name} | {share_text(aside)} | {share_text(published)} |"


def _judged(
    learn: Sequence[Comment],
    test: Sequence[Comment],
    attacker: Attacker | None,
    *,
    bounded: bool,
    retrain: bool = False,
) -> list[float | None]:
    with ours.fresh_learner() as learner:
        for number, comment in enumerate(learn):
            ours.teach(learner, number, comment)
        if attacker is not None:
            _attack(learner, [one for one in learn if not one.spam], attacker, bounded=bounded)
        if retrain:
            learner.retrain()
        return [ours.score(learner, one) for one in test if not one.spam]


def _attack(learner: Learner, good: Sequence[Comment], attacker: Attacker, *, bounded: bool) -> None:
    random = Random(1)
    for number in range(ATTACKS):
        pieces = " ".join(one.text for one in random.choices(good, k=_PIECES))
        scope = f"comment:{number % attacker.scopes}"
        made_up = " ".join("".join(random.choices("bdfgklmnprst", k=8)) for _ in range(_MADE_UP))
        comment = Submission(scope=scope, body=f"{pieces} {made_up}")
        sources: tuple[Source, ...] = ()
        if bounded:
            client = f"client {number % attacker.clients}".encode()
            sources = sources_of([client], scope_token(scope), spam=True, posted_at=_NOW)
        rules = ours.judge().judge(comment).score
        key = f"attack {number}"
        learner.teach(learner.tokens(comment), spam=True, rules_score=rules, key=key, sources=sources)

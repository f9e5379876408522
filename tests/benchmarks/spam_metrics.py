"""How well scores tell spam from ham: the numbers of the spam benchmark, each with how sure it is."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import sqrt
from random import Random

from captcha_guard.statistics.interval import Share

RESAMPLES = 1000


@dataclass(frozen=True)
class Scored:
    """A comment's score, 0 to 1, and whether it is spam."""

    score: float
    spam: bool

    @property
    def blocked(self) -> bool:
        """Whether the score calls it spam."""
        return self.score > 0.5


def matthews(scored: Sequence[Scored]) -> float:
    """Return Matthews' correlation of calling spam what is scored above 0.5; 0 where it has no value."""
    hits = sum(one.blocked and one.spam for one in scored)
    called, spam, every = sum(one.blocked for one in scored), sum(one.spam for one in scored), len(scored)
    spread = sqrt(called * (every - called)) * sqrt(spam * (every - spam))
    return (hits * every - called * spam) / spread if spread else 0.0


def area(scored: Sequence[Scored]) -> float:
    """Return the chance that a spam is scored above a ham (the area under the ROC curve); a tie counts half."""
    spam, ham = _parted(scored)
    above = sum(bisect_left(ham, score) + bisect_right(ham, score) for score in spam)
    return above / (2 * len(spam) * len(ham))


def caught(scored: Sequence[Scored], blocked_ham: float = 0.01) -> Share:
    """Return how much spam is above a score above which there is at most so large a share of the ham."""
    spam, ham = _parted(scored)
    limit = ham[len(ham) - 1 - int(blocked_ham * len(ham))]
    return Share(sum(score > limit for score in spam), len(spam))


def blocked(scored: Sequence[Scored], *, spam: bool) -> Share:
    """Return how much of a kind is called spam."""
    own = [one for one in scored if one.spam is spam]
    return Share(sum(one.blocked for one in own), len(own))


def interval(
    samples: Sequence[Sequence[Scored]], number: Callable[[Sequence[Sequence[Scored]]], float]
) -> tuple[float, float]:
    """Return the 95 % bootstrap interval of a number made of several samples, each drawn anew from itself.

    A draw in which a sample has only one kind of comment is drawn again.
    """
    random = Random(1)
    numbers = sorted(number([_drawn(sample, random) for sample in samples]) for _ in range(RESAMPLES))
    return numbers[int(0.025 * RESAMPLES)], numbers[int(0.975 * RESAMPLES)]


def _drawn(sample: Sequence[Scored], random: Random) -> list[Scored]:
    while True:
        drawn = random.choices(sample, k=len(sample))
        if 0 < sum(one.spam for one in drawn) < len(drawn):
            return drawn


def _parted(scored: Sequence[Scored]) -> tuple[list[float], list[float]]:
    """Return the scores of the spam and those of the ham, each from the lowest on."""
    return sorted(one.score for one in scored if one.spam), sorted(one.score for one in scored if not one.spam)

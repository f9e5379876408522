"""Logistic regression that learns one comment at a time, on top of what plain counting says.

A comment is a set of n tokens, each of value 1/sqrt(n), and the rules' score as log-odds. What a token adds is the sum
of two numbers: Bayes' log-likelihood ratio, counted from the comments of each kind that had the token, and a weight
that AdaGrad (Duchi, Hazan, Singer, JMLR 12, 2011) learns in addition. Counting is right after few comments, and a run
of one kind does not move it; the weight learns what counting can't: which tokens only come along with others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, log, sqrt
from typing import Final

#: The size of AdaGrad's steps.
STEP: Final = 1.0
#: The sum of squares that a token begins with; without it a lesson that was known already would move a new token as far
#: as one that surprised.
FIRST: Final = 0.01
#: How much more a comment of the rarer kind may count: what one kind outweighs the other by is also something to learn.
BALANCE: Final = 2.0
#: Comments of each kind in which a token is taken to have been before it was seen in any (Jeffreys' prior).
UNSEEN: Final = 0.5
#: How little a comment of tokens that were never seen tells, pi/8 times the variance of its log-odds (MacKay 1992, "The
#: evidence framework applied to classification networks"); a token that was in m comments has 1/(1 + m) of it.
DOUBT: Final = 2.0
#: A score of 0 or 100 is not held for certain.
_UNSURE: Final = 0.02


@dataclass(slots=True)
class Weight:
    """What one token has been taught: its weight, the sum of its gradients' squares, in how many comments it was."""

    weight: float = 0.0
    squares: float = FIRST
    ham: int = 0
    spam: int = 0


def untaught_rules() -> Weight:
    """Return the weight of the rules' score before anything was taught: they are believed, and unlearned slowly."""
    return Weight(1.0, 1.0)


def log_odds(rules_score: int) -> float:
    """Return the rules' score, 0 to 100, as log-odds of spam."""
    chance = min(max(rules_score / 100, _UNSURE), 1 - _UNSURE)
    return log(chance / (1 - chance))


def chance(log_odds_of_spam: float) -> float:
    """Return the chance of spam, 0 to 1, of its log-odds."""
    if log_odds_of_spam >= 0:
        return 1 / (1 + exp(-min(log_odds_of_spam, 700)))
    small = exp(max(log_odds_of_spam, -700))
    return small / (1 + small)


def counted(tokens: Sequence[Weight], counts: Mapping[bool, int], *, without: bool | None = None) -> float:
    """Return what counting alone says of a comment, as log-odds of spam; how much spam there is plays no part.

    :param counts: how many comments of each kind have been taught.
    :param without: the kind of this very comment where it was taught already: what it said of itself is left out.
    """
    return sum(_ratios(tokens, counts, without=without)) / sqrt(len(tokens) or 1)


def parts(
    tokens: Sequence[Weight], rules: Weight, rules_score: int, counts: Mapping[bool, int]
) -> tuple[list[float], float]:
    """Return what each token, and what the rules' score, adds to a comment's log-odds of spam."""
    belief = 1 / _doubt(tokens)
    value = belief / sqrt(len(tokens) or 1)
    own = [(token.weight + ratio) * value for token, ratio in zip(tokens, _ratios(tokens, counts), strict=True)]
    return own, rules.weight * log_odds(rules_score) * belief


def predict(tokens: Sequence[Weight], rules: Weight, rules_score: int, counts: Mapping[bool, int]) -> float:
    """Return the chance of spam, 0 to 1: the nearer to even, the fewer of the tokens were seen before."""
    return chance(total(tokens, rules, rules_score, counted(tokens, counts)) / _doubt(tokens))


def total(tokens: Sequence[Weight], rules: Weight, rules_score: int, said: float) -> float:
    """Return the log-odds of spam, without doubt; ``said`` is what :func:`counted` returns."""
    own = sum([token.weight for token in tokens]) / sqrt(len(tokens) or 1)
    return own + said + rules.weight * log_odds(rules_score)


def learn(
    tokens: Sequence[Weight],
    rules: Weight,
    rules_score: int,
    said: float,
    *,
    spam: bool,
    importance: float = 1.0,
) -> None:
    """Make one step towards the label, in place.

    :param said: what :func:`counted` says of the comment by all others.
    """
    error = importance * (chance(total(tokens, rules, rules_score, said)) - spam)
    from_rules = error * log_odds(rules_score)
    rules.squares += from_rules * from_rules
    rules.weight -= STEP * from_rules / sqrt(rules.squares or 1)
    rules.weight = max(rules.weight, 0.0)  # a finding never speaks for a comment
    gradient = error / sqrt(len(tokens) or 1)
    square = gradient * gradient
    stride = STEP * gradient
    for token in tokens:
        token.squares += square
        token.weight -= stride / sqrt(token.squares)


def importance(counts: Mapping[bool, int], *, spam: bool) -> float:
    """Return how much a comment counts: the rarer kind more, so that both weigh alike, within :data:`BALANCE`.

    :param counts: how many comments of each kind have been taught, this one with them.
    """
    return min(BALANCE, max(1.0, counts[not spam] / max(counts[spam], 1)))


def _ratios(tokens: Sequence[Weight], counts: Mapping[bool, int], *, without: bool | None = None) -> list[float]:
    """Return of each token the log of how much likelier it is in spam; 0 where it was in no comment."""
    less_ham, less_spam = int(without is False), int(without is True)
    all_ham, all_spam = max(counts[False] - less_ham, 0), max(counts[True] - less_spam, 0)
    if not all_ham or not all_spam:
        return [0.0] * len(tokens)
    even = log((all_ham + 2 * UNSEEN) / (all_spam + 2 * UNSEEN))
    ratios = []
    for token in tokens:
        ham, spam = max(token.ham - less_ham, 0), max(token.spam - less_spam, 0)
        ratios.append(even + log((spam + UNSEEN) / (ham + UNSEEN)) if ham or spam else 0.0)
    return ratios


def _doubt(tokens: Sequence[Weight]) -> float:
    """Return by what the log-odds are to be divided, 1 or more."""
    unseen = sum([1 / (1 + max(token.ham + token.spam, 0)) for token in tokens]) / (len(tokens) or 1)
    return sqrt(1 + DOUBT * unseen)

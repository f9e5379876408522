"""Logistic regression that learns one comment at a time: AdaGrad (Duchi, Hazan, Singer, JMLR 12, 2011).

A comment is a set of n tokens, each of value 1/sqrt(n), and the rules' score as log-odds. Each token has two numbers:
its weight, in log-odds of spam, and the sum of the squares of its gradients, which makes the steps of a token smaller
the more it has been told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, log, sqrt
from typing import Final

#: The size of the first step that a token makes.
STEP: Final = 1.0
#: How much more a comment of the rarer kind may count: what one kind outweighs the other by is also something to learn.
BALANCE: Final = 2.0
#: A score of 0 or 100 is not held for certain.
_DOUBT: Final = 0.02


@dataclass(slots=True)
class Weight:
    """What one token has been taught."""

    weight: float = 0.0
    squares: float = 0.0


def untaught_rules() -> Weight:
    """Return the weight of the rules' score before anything was taught: they are believed, and unlearned slowly."""
    return Weight(1.0, 1.0)


def log_odds(rules_score: int) -> float:
    """Return the rules' score, 0 to 100, as log-odds of spam."""
    chance = min(max(rules_score / 100, _DOUBT), 1 - _DOUBT)
    return log(chance / (1 - chance))


def chance(log_odds_of_spam: float) -> float:
    """Return the chance of spam, 0 to 1, of its log-odds."""
    if log_odds_of_spam >= 0:
        return 1 / (1 + exp(-min(log_odds_of_spam, 700)))
    small = exp(max(log_odds_of_spam, -700))
    return small / (1 + small)


def parts(tokens: Sequence[Weight], rules: Weight, rules_score: int) -> tuple[list[float], float]:
    """Return what each token, and what the rules' score, adds to a comment's log-odds of spam."""
    value = 1 / sqrt(len(tokens) or 1)
    return [token.weight * value for token in tokens], rules.weight * log_odds(rules_score)


def predict(tokens: Sequence[Weight], rules: Weight, rules_score: int) -> float:
    """Return the chance of spam, 0 to 1."""
    own = sum([token.weight for token in tokens]) / sqrt(len(tokens) or 1)
    return chance(own + rules.weight * log_odds(rules_score))


def learn(tokens: Sequence[Weight], rules: Weight, rules_score: int, *, spam: bool, importance: float = 1.0) -> None:
    """Make one step towards the label, in place."""
    error = importance * (predict(tokens, rules, rules_score) - spam)
    from_rules = error * log_odds(rules_score)
    rules.squares += from_rules * from_rules
    rules.weight -= STEP * from_rules / sqrt(rules.squares or 1)
    rules.weight = max(rules.weight, 0.0)  # a finding never speaks for a comment
    gradient = error / sqrt(len(tokens) or 1)
    if gradient:
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

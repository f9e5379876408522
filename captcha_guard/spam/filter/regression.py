"""Logistic regression that learns one comment at a time, in addition to counting.

A comment is a set of tokens, each with a value, and the rules' score as log-odds. The values of n tokens are 1/sqrt(n)
each. Tokens that nearly every comment has get less, so that they don't carry the site's share of spam into a short
comment. A token adds its value times the sum of two numbers to the log-odds of spam: Bayes' log-likelihood ratio, from
the numbers of comments of each kind that had the token, and a weight that AdaGrad (Duchi, Hazan, Singer, JMLR 12, 2011)
learns. Counts need few comments, and a run of one kind doesn't change the ratio much. The weight learns which tokens
only occur together with others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import exp, log, sqrt
from typing import Final

#: AdaGrad's learning rate.
LEARNING_RATE: Final = 1.0
#: The initial sum of a token's squared gradients. Without it, a comment that the filter already judges correctly would
#: change the weight of a new token as much as a misjudged one.
INITIAL_SQUARES: Final = 0.01
#: The most that a comment of the rarer kind counts, relative to one of the other kind.
BALANCE: Final = 2.0
#: Comments of each kind that are added to a token's counts (Jeffreys' prior).
PRIOR_COUNT: Final = 0.5
#: The uncertainty of a comment whose tokens are all unknown: pi/8 times the variance of its log-odds (MacKay 1992, "The
#: evidence framework applied to classification networks"). A token that was in m comments has 1/(1 + m) of it.
UNCERTAINTY: Final = 1.0
#: A token that more than this share of all comments have gets less than the full value. A token of every comment has
#: the value 0. Two comments are added, or all tokens of the first comments would be common.
COMMON_SHARE: Final = 0.9
_ADDED_COMMENTS: Final = 2.0
#: A score of 100 counts as a chance of spam of 1 minus this.
_SCORE_MARGIN: Final = 0.02
#: The initial chance of spam if the rules found nothing. The rules miss much spam, so this is weak evidence. It has a
#: weight of its own.
_CHANCE_IF_NOTHING_FOUND: Final = 0.15


@dataclass(slots=True)
class Weight:
    """A token's weight, the sum of its squared gradients, and the number of comments of each kind that had it."""

    weight: float = 0.0
    squares: float = INITIAL_SQUARES
    ham: float = 0.0
    spam: float = 0.0


def untaught_rules() -> Weight:
    """Return the initial weight of the rules. It is 1, and it changes slowly because of the large sum of squares."""
    return Weight(1.0, 4.0)


@dataclass(slots=True)
class Rules:
    """The weights of the rules' score: one for when they found something, one for when they found nothing."""

    found: Weight = field(default_factory=untaught_rules)
    nothing: Weight = field(default_factory=untaught_rules)

    def weigh(self, score: int) -> tuple[Weight, float]:
        """Return the weight that applies to a score of 0 to 100, and the log-odds that it multiplies.

        With a finding, a comment never looks better than it would without one.
        """
        nothing = log_odds(0)
        if score <= 0:
            return self.nothing, nothing
        odds = log_odds(score)
        if self.found.weight * odds < self.nothing.weight * nothing:
            return self.nothing, nothing
        return self.found, odds

    def evidence(self, score: int) -> float:
        """Return the log-odds of spam that a score of 0 to 100 adds."""
        weight, odds = self.weigh(score)
        return weight.weight * odds


def log_odds(rules_score: int) -> float:
    """Return the rules' score, 0 to 100, as log-odds of spam."""
    chance = (
        _CHANCE_IF_NOTHING_FOUND if rules_score <= 0 else min(max(rules_score / 100, _SCORE_MARGIN), 1 - _SCORE_MARGIN)
    )
    return log(chance / (1 - chance))


def chance(log_odds_of_spam: float) -> float:
    """Return the chance of spam, 0 to 1, of its log-odds."""
    if log_odds_of_spam >= 0:
        return 1 / (1 + exp(-min(log_odds_of_spam, 700)))
    small = exp(max(log_odds_of_spam, -700))
    return small / (1 + small)


def values_of(tokens: Sequence[Weight], counts: Mapping[bool, float]) -> list[float]:
    """Return the value of each token of a comment. The sum of their squares is 1, or 0 if all are too common.

    :param counts: the number of comments of each kind that were taught.
    """
    every = counts[False] + counts[True]
    common = COMMON_SHARE * every + _ADDED_COMMENTS
    if not any(token.ham + token.spam > common for token in tokens):
        return [1 / sqrt(len(tokens) or 1)] * len(tokens)
    rest = every - common
    values = [min(1.0, max(0.0, (every - token.ham - token.spam) / rest)) for token in tokens]
    length = sqrt(sum([value * value for value in values])) or 1.0
    return [value / length for value in values]


def log_odds_by_counts(
    tokens: Sequence[Weight],
    values: Sequence[float],
    counts: Mapping[bool, float],
    *,
    without: tuple[bool, float] | None = None,
) -> float:
    """Return a comment's log-odds of spam by the counts alone. The overall share of spam has no effect.

    :param counts: the number of comments of each kind that were taught.
    :param without: the label and strength of this comment if it was taught already. Its own count is left out.
    """
    ratios = _ratios(tokens, counts, without=without)
    return sum([ratio * value for ratio, value in zip(ratios, values, strict=True)])


def contributions(
    tokens: Sequence[Weight], rules: Rules, rules_score: int, counts: Mapping[bool, float]
) -> tuple[list[float], float]:
    """Return what each token and what the rules' score adds to a comment's log-odds of spam."""
    certainty = 1 / _uncertainty(tokens)
    by_token = [
        (token.weight + ratio) * value * certainty
        for token, ratio, value in zip(tokens, _ratios(tokens, counts), values_of(tokens, counts), strict=True)
    ]
    return by_token, rules.evidence(rules_score) * certainty


def predict(tokens: Sequence[Weight], rules: Rules, rules_score: int, counts: Mapping[bool, float]) -> float:
    """Return the chance of spam, 0 to 1. The more of the tokens are unknown, the closer it is to 0.5."""
    values = values_of(tokens, counts)
    from_counts = log_odds_by_counts(tokens, values, counts)
    return chance(total_log_odds(tokens, values, rules, rules_score, from_counts) / _uncertainty(tokens))


def total_log_odds(
    tokens: Sequence[Weight], values: Sequence[float], rules: Rules, rules_score: int, from_counts: float
) -> float:
    """Return the log-odds of spam, not yet divided by the uncertainty.

    :param from_counts: the result of :func:`log_odds_by_counts`.
    """
    from_weights = sum([token.weight * value for token, value in zip(tokens, values, strict=True)])
    return from_weights + from_counts + rules.evidence(rules_score)


def learn(
    tokens: Sequence[Weight],
    values: Sequence[float],
    rules: Rules,
    rules_score: int,
    from_counts: float,
    *,
    spam: bool,
    importance: float = 1.0,
    strength: float = 1.0,
) -> None:
    """Change the weights by one step towards the label.

    :param from_counts: the result of :func:`log_odds_by_counts`, without this comment.
    :param importance: multiplies the error. AdaGrad's division by the sum of squares cancels most of it.
    :param strength: multiplies the step itself, so that many weak comments can't change more than a strong one.
    """
    error = importance * (chance(total_log_odds(tokens, values, rules, rules_score, from_counts)) - spam)
    rules_weight, odds = rules.weigh(rules_score)
    gradient_of_rules = error * odds
    rate = LEARNING_RATE * strength
    rules_weight.squares += strength * gradient_of_rules * gradient_of_rules
    rules_weight.weight -= rate * gradient_of_rules / sqrt(rules_weight.squares or 1)
    rules_weight.weight = max(rules_weight.weight, 0.0)  # a finding never counts against spam
    for token, value in zip(tokens, values, strict=True):
        gradient = error * value
        token.squares += strength * gradient * gradient
        token.weight -= rate * gradient / sqrt(token.squares)


def importance(counts: Mapping[bool, float], *, spam: bool) -> float:
    """Return how much a comment counts, 1 to :data:`BALANCE`. The rarer kind counts more, to balance the two.

    :param counts: the number of comments of each kind that were taught, including this one.
    """
    return min(BALANCE, max(1.0, counts[not spam] / max(counts[spam], 1)))


def _ratios(
    tokens: Sequence[Weight], counts: Mapping[bool, float], *, without: tuple[bool, float] | None = None
) -> list[float]:
    """Return the log-likelihood ratio (spam to ham) of each token, 0 if no comment had it."""
    spam, strength = without or (False, 0.0)
    less_ham, less_spam = (0.0, strength) if spam else (strength, 0.0)
    all_ham, all_spam = max(counts[False] - less_ham, 0), max(counts[True] - less_spam, 0)
    if not all_ham or not all_spam:
        return [0.0] * len(tokens)
    even = log((all_ham + 2 * PRIOR_COUNT) / (all_spam + 2 * PRIOR_COUNT))
    ratios = []
    for token in tokens:
        in_ham, in_spam = max(token.ham - less_ham, 0), max(token.spam - less_spam, 0)
        ratios.append(even + log((in_spam + PRIOR_COUNT) / (in_ham + PRIOR_COUNT)) if in_ham or in_spam else 0.0)
    return ratios


def _uncertainty(tokens: Sequence[Weight]) -> float:
    """Return the number that the log-odds are divided by, 1 or more."""
    unseen = sum([1 / (1 + max(token.ham + token.spam, 0)) for token in tokens]) / (len(tokens) or 1)
    return sqrt(1 + UNCERTAINTY * unseen)

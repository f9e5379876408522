"""Logistic regression that learns one comment at a time, on top of what plain counting says.

A comment is a set of tokens, each with a value, and the rules' score as log-odds. The values of n tokens are 1/sqrt(n)
each; tokens that nearly every comment has get less, so that they don't carry the site's share of spam into a short
comment. What a token adds is its value times the sum of two numbers: Bayes' log-likelihood ratio, counted from the
comments of each kind that had the token, and a weight that AdaGrad (Duchi, Hazan, Singer, JMLR 12, 2011) learns in
addition. Counting is right after few comments, and a run of one kind doesn't move it. The weight learns what counting
can't: which tokens only come along with others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import exp, log, sqrt
from typing import Final

#: The size of AdaGrad's steps.
STEP: Final = 1.0
#: The sum of squares that a token begins with. Without it, a comment that the filter already judged correctly would
#: move a new token as far as one that surprises it.
FIRST: Final = 0.01
#: How much more a comment of the rarer kind may count than one of the other kind.
BALANCE: Final = 2.0
#: Comments of each kind in which a token is taken to have been before it was seen in any (Jeffreys' prior).
UNSEEN: Final = 0.5
#: How little a comment of tokens that were never seen tells, pi/8 times the variance of its log-odds (MacKay 1992, "The
#: evidence framework applied to classification networks"); a token that was in m comments has 1/(1 + m) of it.
DOUBT: Final = 1.0
#: The share of all comments from which a token gets less than the full value; a token of every comment gets none.
#: A few comments more are needed, or all tokens of the first comments would be common.
COMMON: Final = 0.9
_FIRST_COMMENTS: Final = 2.0
#: A score of 100 isn't taken as certain.
_UNSURE: Final = 0.02
#: The chance of spam where the rules found nothing, before anything was taught. The rules miss much spam, so this is
#: weak evidence; its weight is learned apart from that of the findings.
_NOTHING_FOUND: Final = 0.15


@dataclass(slots=True)
class Weight:
    """What was learned of one token: its weight, the sum of its gradients' squares, and its number of comments."""

    weight: float = 0.0
    squares: float = FIRST
    ham: float = 0.0
    spam: float = 0.0


def untaught_rules() -> Weight:
    """Return a weight of the rules before anything was taught: they are trusted, and it changes slowly."""
    return Weight(1.0, 4.0)


@dataclass(slots=True)
class Rules:
    """What was learned of the rules: how far to trust their findings, and how far to trust that they found nothing."""

    found: Weight = field(default_factory=untaught_rules)
    nothing: Weight = field(default_factory=untaught_rules)

    def weigh(self, score: int) -> tuple[Weight, float]:
        """Return the weight that applies to a score of 0 to 100, and the log-odds that it multiplies.

        A finding never makes a comment look better than it would without any.
        """
        nothing = log_odds(0)
        if score <= 0:
            return self.nothing, nothing
        odds = log_odds(score)
        if self.found.weight * odds < self.nothing.weight * nothing:
            return self.nothing, nothing
        return self.found, odds

    def evidence(self, score: int) -> float:
        """Return what a score of 0 to 100 adds to the log-odds of spam."""
        weight, odds = self.weigh(score)
        return weight.weight * odds


def log_odds(rules_score: int) -> float:
    """Return the rules' score, 0 to 100, as log-odds of spam."""
    chance = _NOTHING_FOUND if rules_score <= 0 else min(max(rules_score / 100, _UNSURE), 1 - _UNSURE)
    return log(chance / (1 - chance))


def chance(log_odds_of_spam: float) -> float:
    """Return the chance of spam, 0 to 1, of its log-odds."""
    if log_odds_of_spam >= 0:
        return 1 / (1 + exp(-min(log_odds_of_spam, 700)))
    small = exp(max(log_odds_of_spam, -700))
    return small / (1 + small)


def values_of(tokens: Sequence[Weight], counts: Mapping[bool, float]) -> list[float]:
    """Return the value of each token of a comment. The sum of their squares is 1, or 0 if all are too common.

    :param counts: how many comments of each kind have been taught.
    """
    every = counts[False] + counts[True]
    common = COMMON * every + _FIRST_COMMENTS
    if not any(token.ham + token.spam > common for token in tokens):
        return [1 / sqrt(len(tokens) or 1)] * len(tokens)
    rest = every - common
    values = [min(1.0, max(0.0, (every - token.ham - token.spam) / rest)) for token in tokens]
    length = sqrt(sum([value * value for value in values])) or 1.0
    return [value / length for value in values]


def counted(
    tokens: Sequence[Weight],
    values: Sequence[float],
    counts: Mapping[bool, float],
    *,
    without: tuple[bool, float] | None = None,
) -> float:
    """Return what counting alone says of a comment, as log-odds of spam; the overall share of spam plays no part.

    :param counts: how many comments of each kind have been taught.
    :param without: the kind and strength of this very comment if it was taught already; its own count is left out.
    """
    ratios = _ratios(tokens, counts, without=without)
    return sum([ratio * value for ratio, value in zip(ratios, values, strict=True)])


def parts(
    tokens: Sequence[Weight], rules: Rules, rules_score: int, counts: Mapping[bool, float]
) -> tuple[list[float], float]:
    """Return what each token, and what the rules' score, adds to a comment's log-odds of spam."""
    belief = 1 / _doubt(tokens)
    own = [
        (token.weight + ratio) * value * belief
        for token, ratio, value in zip(tokens, _ratios(tokens, counts), values_of(tokens, counts), strict=True)
    ]
    return own, rules.evidence(rules_score) * belief


def predict(tokens: Sequence[Weight], rules: Rules, rules_score: int, counts: Mapping[bool, float]) -> float:
    """Return the chance of spam, 0 to 1: the nearer to even, the fewer of the tokens were seen before."""
    values = values_of(tokens, counts)
    said = counted(tokens, values, counts)
    return chance(total(tokens, values, rules, rules_score, said) / _doubt(tokens))


def total(tokens: Sequence[Weight], values: Sequence[float], rules: Rules, rules_score: int, said: float) -> float:
    """Return the log-odds of spam, without doubt; ``said`` is what :func:`counted` returns."""
    own = sum([token.weight * value for token, value in zip(tokens, values, strict=True)])
    return own + said + rules.evidence(rules_score)


def learn(
    tokens: Sequence[Weight],
    values: Sequence[float],
    rules: Rules,
    rules_score: int,
    said: float,
    *,
    spam: bool,
    importance: float = 1.0,
    strength: float = 1.0,
) -> None:
    """Make one step towards the label, in place.

    :param said: what :func:`counted` says of the comment by all others.
    :param importance: multiplies the error. AdaGrad makes up for most of it.
    :param strength: multiplies the step itself, so that many weak lessons can't move more than one full lesson.
    """
    error = importance * (chance(total(tokens, values, rules, rules_score, said)) - spam)
    trust, odds = rules.weigh(rules_score)
    from_rules = error * odds
    stride = STEP * strength
    trust.squares += strength * from_rules * from_rules
    trust.weight -= stride * from_rules / sqrt(trust.squares or 1)
    trust.weight = max(trust.weight, 0.0)  # a finding never speaks for a comment
    for token, value in zip(tokens, values, strict=True):
        gradient = error * value
        token.squares += strength * gradient * gradient
        token.weight -= stride * gradient / sqrt(token.squares)


def importance(counts: Mapping[bool, float], *, spam: bool) -> float:
    """Return how much a comment counts: the rarer kind more, so that both weigh alike, up to :data:`BALANCE`.

    :param counts: how many comments of each kind have been taught, including this one.
    """
    return min(BALANCE, max(1.0, counts[not spam] / max(counts[spam], 1)))


def _ratios(
    tokens: Sequence[Weight], counts: Mapping[bool, float], *, without: tuple[bool, float] | None = None
) -> list[float]:
    """Return of each token the log of how much likelier it is in spam; 0 if it was in no comment."""
    spam, strength = without or (False, 0.0)
    less_ham, less_spam = (0.0, strength) if spam else (strength, 0.0)
    all_ham, all_spam = max(counts[False] - less_ham, 0), max(counts[True] - less_spam, 0)
    if not all_ham or not all_spam:
        return [0.0] * len(tokens)
    even = log((all_ham + 2 * UNSEEN) / (all_spam + 2 * UNSEEN))
    ratios = []
    for token in tokens:
        in_ham, in_spam = max(token.ham - less_ham, 0), max(token.spam - less_spam, 0)
        ratios.append(even + log((in_spam + UNSEEN) / (in_ham + UNSEEN)) if in_ham or in_spam else 0.0)
    return ratios


def _doubt(tokens: Sequence[Weight]) -> float:
    """Return the number that the log-odds are divided by, 1 or more."""
    unseen = sum([1 / (1 + max(token.ham + token.spam, 0)) for token in tokens]) / (len(tokens) or 1)
    return sqrt(1 + DOUBT * unseen)

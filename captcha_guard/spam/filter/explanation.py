"""Explains the filter's chance of spam by the tokens that change it most."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Final

from .comment_tokens import LearnedTokens
from .features import FOUND, NOTHING_FOUND, kind_of
from .regression import contributions

#: The most tokens in an explanation.
MOST_TOKENS: Final = 10


@dataclass(frozen=True, slots=True)
class Weighed:
    """What one token adds to a submission's log-odds of spam, and the number of comments of each kind that had it.

    A ``weight`` below 0 counts against spam. ``kind`` is in plain words: "word", "linked host", "shape", "form or
    post", "agreement with the post", "rules" ...
    """

    token: str
    kind: str
    weight: float
    ham: int
    spam: int


def explain(learned: LearnedTokens, rules_score: int) -> tuple[Weighed, ...]:
    """Return the ten tokens with the largest weights, largest first. Tokens without a weight are left out."""
    tokens = learned.weights
    weights, from_rules = contributions(tokens, learned.rules, rules_score, learned.counts)
    name = FOUND if rules_score > 0 else NOTHING_FOUND
    weighed = [Weighed(name, kind_of(name), from_rules, 0, 0)]
    for name, token, weight in zip(learned.names, tokens, weights, strict=True):
        weighed.append(Weighed(name, kind_of(name), weight, ceil(token.ham), ceil(token.spam)))
    heavy = sorted((one for one in weighed if one.weight), key=lambda one: (-abs(one.weight), one.token))
    return tuple(heavy[:MOST_TOKENS])

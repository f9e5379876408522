"""Turns findings into an action. The judge uses it, and so does the replay of recorded submissions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from .verdict import Action, Bands, Scored, Thresholds, total


class Demanding(Scored, Protocol):
    """A finding, or a recorded one, with the action that it demands."""

    @property
    def action(self) -> Action:
        """The verdict is at least as strict."""


def weighted(score: int, weight: int | None, default: int) -> int:
    """Return the score of a rule's finding under the site's weight, ``None`` if the site has none for this rule.

    :param score: the rule's own score for this finding.
    :param default: the rule's own score for an ordinary finding, 0 if it has none.
    """
    if weight is None:
        return score
    return min(100, round(score * weight / default) if default else weight)


def action_of(findings: Iterable[Demanding], chance: float | None, *, thresholds: Thresholds, bands: Bands) -> Action:
    """Return the strictest action of what the findings demand and of the score or, unless ``None``, the chance."""
    several = tuple(findings)
    demanded = max((finding.action for finding in several), default=Action.ACCEPT)
    by_score_or_chance = thresholds.action(total(several)) if chance is None else bands.action(chance)
    return max(demanded, by_score_or_chance)

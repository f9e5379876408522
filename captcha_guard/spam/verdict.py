"""What was decided about a submission, and why."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum


class Action(IntEnum):
    """What to do with a submission; the strictest wins."""

    ACCEPT = 0
    CHALLENGE = 1
    HOLD = 2
    ASIDE = 3
    REJECT = 4


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing noticed: a fixed slug, a score on the scale of 0 to 100, a sentence for the moderator.

    ``action`` is the least that must follow whatever the score; a ``final`` finding ends the judging.
    """

    reason: str
    score: int
    sentence: str
    action: Action = Action.ACCEPT
    final: bool = False


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From which score (0 to 100) on a submission is challenged, held, or set aside."""

    challenge: int = 30
    hold: int = 60
    aside: int = 90

    def action(self, score: int) -> Action:
        """Return what ``score`` alone calls for."""
        if score >= self.aside:
            return Action.ASIDE
        if score >= self.hold:
            return Action.HOLD
        return Action.CHALLENGE if score >= self.challenge else Action.ACCEPT


@dataclass(frozen=True, slots=True)
class Verdict:
    """The decision, with the findings that led there."""

    action: Action = Action.ACCEPT
    findings: tuple[Finding, ...] = field(default=())

    @property
    def score(self) -> int:
        """The findings' scores together, 0 to 100."""
        return min(100, sum(finding.score for finding in self.findings))

    @property
    def held(self) -> bool:
        """Whether a person should look before anyone else does (held, or set aside as spam)."""
        return self.action in (Action.HOLD, Action.ASIDE)

    @property
    def reasons(self) -> tuple[str, ...]:
        """The slugs of the findings, in the order in which they were made."""
        return tuple(finding.reason for finding in self.findings)

    def found(self, finding: Finding) -> Verdict:
        """Return this verdict with one more finding, as strict as that finding demands."""
        return Verdict(max(self.action, finding.action), (*self.findings, finding))

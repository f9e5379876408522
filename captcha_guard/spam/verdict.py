"""What was decided about a submission, and why."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
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

    ``action`` is the least that must follow whatever the score; a ``final`` finding ends the judging. ``reply`` is
    what the visitor reads in place of the sentence, where that would say too much.
    """

    reason: str
    score: int
    sentence: str
    action: Action = Action.ACCEPT
    final: bool = False
    reply: str = ""


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
class Bands:
    """Up to which chance of spam (0 to 1) the learning filter accepts, and from which on it sets aside."""

    accept: float = 0.10
    aside: float = 0.97

    def action(self, chance: float) -> Action:
        """Return what ``chance`` alone calls for."""
        if chance >= self.aside:
            return Action.ASIDE
        return Action.ACCEPT if chance <= self.accept else Action.HOLD


@dataclass(frozen=True, slots=True)
class Verdict:
    """The decision, with the findings that led there.

    ``chance`` is the learning filter's chance of spam, 0 to 1, ``None`` where it had no say. ``shadowed`` are findings
    that were recorded and not counted; ``meant`` is the action had they been counted, ``None`` where there are none.
    ``id`` names the case of a submission that came with a request (22 characters, safe in URLs), empty elsewhere.
    """

    action: Action = Action.ACCEPT
    findings: tuple[Finding, ...] = field(default=())
    chance: float | None = None
    shadowed: tuple[Finding, ...] = field(default=())
    meant: Action | None = None
    id: str = ""

    @property
    def score(self) -> int:
        """How much speaks for spam, 0 to 100: the filter's chance where it spoke, else the findings together."""
        return total(self.findings) if self.chance is None else round(100 * self.chance)

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
        return self.acting(max(self.action, finding.action), findings=(*self.findings, finding))

    def acting(self, action: Action, findings: tuple[Finding, ...] | None = None) -> Verdict:
        """Return this verdict with another action, and with these findings where they are given."""
        meant = None if self.meant is None else max(self.meant, action)
        return replace(self, action=action, findings=self.findings if findings is None else findings, meant=meant)

    def let_through(self) -> Verdict:
        """Return the verdict that accepts, and only records what this one found and meant."""
        meant = self.action if self.meant is None else max(self.meant, self.action)
        shadowed = (*self.findings, *self.shadowed)
        return replace(self, action=Action.ACCEPT, findings=(), shadowed=shadowed, meant=meant)


def total(findings: tuple[Finding, ...]) -> int:
    """Return the scores of ``findings`` added up, 0 to 100."""
    return max(0, min(100, sum(finding.score for finding in findings)))

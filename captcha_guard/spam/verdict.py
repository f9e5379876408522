"""The decision about a submission, and the findings it is based on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import Protocol


class Action(IntEnum):
    """What to do with a submission. The strictest action wins."""

    ACCEPT = 0
    CHALLENGE = 1
    HOLD = 2
    ASIDE = 3
    REJECT = 4


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule found: a fixed slug (``reason``), a score of 0 to 100, and a sentence for the moderator.

    The verdict is at least as strict as ``action``, whatever the score. No rule is asked after a ``final`` finding.
    ``reply`` replaces the sentence for the visitor, if the sentence would reveal too much. ``own_score`` is the rule's
    own score if the site's weight has changed it.
    """

    reason: str
    score: int
    sentence: str
    action: Action = Action.ACCEPT
    final: bool = False
    reply: str = ""
    own_score: int | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The scores, 0 to 100, at which a submission is challenged, held, and set aside."""

    challenge: int = 30
    hold: int = 60
    aside: int = 90

    def action(self, score: int) -> Action:
        """Return the action for a score."""
        if score >= self.aside:
            return Action.ASIDE
        if score >= self.hold:
            return Action.HOLD
        return Action.CHALLENGE if score >= self.challenge else Action.ACCEPT


@dataclass(frozen=True, slots=True)
class Bands:
    """The chances of spam, 0 to 1, up to which the learning filter accepts and from which it sets aside."""

    accept: float = 0.10
    aside: float = 0.97

    def action(self, chance: float) -> Action:
        """Return the action for a chance of spam."""
        if chance >= self.aside:
            return Action.ASIDE
        return Action.ACCEPT if chance <= self.accept else Action.HOLD


@dataclass(frozen=True, slots=True)
class Verdict:
    """The decision, with the findings it is based on.

    ``chance`` is the learning filter's chance of spam, 0 to 1, ``None`` if it abstained. ``shadowed`` are findings
    that were recorded but not counted; ``meant`` is the action if they were counted, ``None`` without such findings.
    ``id`` names a submission that came with a request, to teach it later: 22 characters that are safe in URLs. It is
    empty for other submissions.
    """

    action: Action = Action.ACCEPT
    findings: tuple[Finding, ...] = field(default=())
    chance: float | None = None
    shadowed: tuple[Finding, ...] = field(default=())
    meant: Action | None = None
    id: str = ""

    @property
    def score(self) -> int:
        """How likely spam is, 0 to 100: the filter's chance or, if it abstained, the sum of the findings."""
        return total(self.findings) if self.chance is None else round(100 * self.chance)

    @property
    def held(self) -> bool:
        """Whether a moderator should see the submission first, because it is held or set aside as spam."""
        return self.action in (Action.HOLD, Action.ASIDE)

    @property
    def reasons(self) -> tuple[str, ...]:
        """The slugs of the findings, in the order of the rules."""
        return tuple(finding.reason for finding in self.findings)

    def found(self, finding: Finding) -> Verdict:
        """Return this verdict with one more finding, and at least as strict as that finding."""
        return self.acting(max(self.action, finding.action), findings=(*self.findings, finding))

    def acting(self, action: Action, findings: tuple[Finding, ...] | None = None) -> Verdict:
        """Return this verdict with another action and, if given, other findings."""
        meant = None if self.meant is None else max(self.meant, action)
        return replace(self, action=action, findings=self.findings if findings is None else findings, meant=meant)

    def worded(self, word: Callable[[str], str]) -> Verdict:
        """Return this verdict with other sentences, such as translations. ``word`` takes and returns a sentence."""

        def again(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
            return tuple(replace(one, sentence=word(one.sentence), reply=word(one.reply)) for one in findings)

        return replace(self, findings=again(self.findings), shadowed=again(self.shadowed))

    def let_through(self) -> Verdict:
        """Return a verdict that accepts, and records what this one found and meant."""
        meant = self.action if self.meant is None else max(self.meant, self.action)
        shadowed = (*self.findings, *self.shadowed)
        return replace(self, action=Action.ACCEPT, findings=(), shadowed=shadowed, meant=meant)


class Scored(Protocol):
    """A finding, or a recorded one."""

    @property
    def score(self) -> int:
        """0 to 100."""


def total(findings: Iterable[Scored]) -> int:
    """Return the sum of the findings' scores, limited to 0 to 100."""
    return max(0, min(100, sum(finding.score for finding in findings)))

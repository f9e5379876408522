"""Puts a submission before every rule, in order, and says what it deserves."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, runtime_checkable

from .submission import Submission
from .verdict import Action, Finding, Thresholds, Verdict


@runtime_checkable
class Rule(Protocol):
    """One small check. ``slug`` is fixed for ever: it stands in logs, metrics and moderators' queues."""

    slug: str

    def check(self, submission: Submission) -> Finding | None:
        """Return what was found, or ``None``."""
        ...


class Judge:
    """Runs ``rules`` in the order given, cheap ones first; a final finding spares the rest."""

    def __init__(self, rules: Iterable[Rule], thresholds: Thresholds | None = None) -> None:
        self.rules = tuple(rules)
        self.thresholds = thresholds or Thresholds()

    def judge(self, submission: Submission) -> Verdict:
        """Return the verdict: the strictest of what the findings demand and what their scores add up to."""
        findings: list[Finding] = []
        for rule in self.rules:
            finding = rule.check(submission)
            if finding is None:
                continue
            findings.append(finding)
            if finding.final:
                break
        score = min(100, sum(finding.score for finding in findings))
        demanded = max((finding.action for finding in findings), default=Action.ACCEPT)
        return Verdict(max(demanded, self.thresholds.action(score)), tuple(findings))

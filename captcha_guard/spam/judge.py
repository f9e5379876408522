"""Puts a submission before every rule, in order, and says what it deserves."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import ClassVar, Protocol, runtime_checkable

from .submission import Submission
from .verdict import Action, Bands, Finding, Thresholds, Verdict, total

logger = logging.getLogger("captcha_guard")


@runtime_checkable
class Rule(Protocol):
    """One small check. ``slug`` is fixed for ever: it stands in logs, metrics and moderators' queues."""

    slug: str

    def check(self, submission: Submission) -> Finding | None:
        """Return what was found, or ``None``."""
        ...


class StandardRule(Protocol):
    """A rule that comes along. A host's rule has these too, or does without.

    ``looks_at`` names the fields of the submission that decide; ``weight`` is the score, 0 to 100, of a plain finding;
    ``final`` says that a finding ends the judging; ``sentence`` says in plain words what is looked for.
    """

    slug: ClassVar[str]
    looks_at: ClassVar[tuple[str, ...]]
    weight: ClassVar[int]
    final: ClassVar[bool]
    sentence: ClassVar[str]

    def check(self, submission: Submission) -> Finding | None:
        """Return what was found, or ``None``."""
        ...


class Scorer(Protocol):
    """A filter that learns."""

    def score(self, submission: Submission, rules_score: int) -> float | None:
        """Return the chance of spam, 0 to 1; ``None`` while it can't tell."""
        ...


class Judge:
    """Runs ``rules`` in the order given, cheap ones first; a final finding spares the rest.

    ``weights`` maps slugs to scores that take the place of the rules' own: a finding scores in proportion, and 0
    switches a rule off. ``shadow`` names rules whose findings are recorded and not counted; True stands for all, and
    lets everything through. ``learner`` decides by ``bands`` as soon as it can tell; while it can't, the thresholds
    decide, or (``strict``) everything is held. ``recalling`` surrounds all that the rules ask about a submission.
    """

    def __init__(
        self,
        rules: Iterable[Rule | StandardRule],
        thresholds: Thresholds | None = None,
        *,
        weights: Mapping[str, int] | None = None,
        shadow: bool | Collection[str] = False,
        learner: Scorer | None = None,
        bands: Bands | None = None,
        strict: bool = False,
        recalling: Callable[[Submission], AbstractContextManager[object]] = nullcontext,
    ) -> None:
        self.rules = tuple(rules)
        self.thresholds = thresholds or Thresholds()
        self.weights = dict(weights or {})
        self.shadow = shadow
        self.learner = learner
        self.bands = bands or Bands()
        self.strict = strict
        self._recalling = recalling

    def judge(self, submission: Submission) -> Verdict:
        """Return the verdict: the strictest of what the findings demand and what the scores call for."""
        verdict = self.weigh(submission)
        return verdict.let_through() if self.shadow is True else verdict

    def weigh(
        self, submission: Submission, *, without: Collection[str] = (), shadowing: Collection[str] = ()
    ) -> Verdict:
        """Return the verdict as it would be without the shadow that lets everything through.

        The rules of the slugs ``without`` aren't asked; what those of ``shadowing`` find is only recorded this time.
        """
        findings, shadowed, ended = self._examine(submission, without=without, shadowing=shadowing)
        chance = None
        if self.learner is not None and not ended:
            chance, note = self._learned(self.learner, submission, total(findings))
            findings = findings if note is None else (*findings, note)
        return self._verdict(Verdict(chance=chance, shadowed=shadowed), findings)

    def reconsider(self, verdict: Verdict, more: tuple[Finding, ...]) -> Verdict:
        """Return what :meth:`weigh` would have returned with ``more`` findings."""
        return self._verdict(verdict, (*verdict.findings, *more))

    def score(self, submission: Submission, *, without: Collection[str] = ()) -> int:
        """Return what the rules' findings add up to, 0 to 100, but for the rules of the slugs ``without``."""
        return total(self._examine(submission, without=without)[0])

    def _verdict(self, verdict: Verdict, findings: tuple[Finding, ...]) -> Verdict:
        action, meant = self._action(findings, verdict.chance), None
        if verdict.shadowed:
            meant = self._action((*findings, *verdict.shadowed), verdict.chance)
        return replace(verdict, action=action, findings=findings, meant=meant)

    def _examine(
        self, submission: Submission, *, without: Collection[str] = (), shadowing: Collection[str] = ()
    ) -> tuple[tuple[Finding, ...], tuple[Finding, ...], bool]:
        """Return what counts, what is only recorded, and whether a final finding spared the rest."""
        with self._recalling(submission):
            return self._run_rules(submission, without=without, shadowing=shadowing)

    def _run_rules(
        self, submission: Submission, *, without: Collection[str], shadowing: Collection[str]
    ) -> tuple[tuple[Finding, ...], tuple[Finding, ...], bool]:
        counted: list[Finding] = []
        shadowed: list[Finding] = []
        recorded = {*shadowing, *(() if isinstance(self.shadow, bool) else self.shadow)}
        for rule in self.rules:
            if self.weights.get(rule.slug) == 0 or rule.slug in without:
                continue
            finding = self._ask(rule, submission)
            if finding is None:
                continue
            if rule.slug in recorded:
                shadowed.append(finding)
                continue
            counted.append(finding)
            if finding.final:
                return tuple(counted), tuple(shadowed), True
        return tuple(counted), tuple(shadowed), False

    def _ask(self, rule: Rule | StandardRule, submission: Submission) -> Finding | None:
        try:
            return self._weighed(rule, rule.check(submission))
        except Exception:
            logger.exception("captcha_guard: the rule %s failed; what it was to judge is held", rule.slug)
            sentence = f"The rule {rule.slug} failed, so a person should look."
            return Finding("rule_failed", 0, sentence, Action.HOLD)

    def _weighed(self, rule: Rule | StandardRule, finding: Finding | None) -> Finding | None:
        if finding is None:
            return None
        if not isinstance(finding, Finding) or not isinstance(finding.score, int):
            raise TypeError(f"it returned {finding!r}; None is needed, or a Finding whose score is a whole number")
        told, usual = self.weights.get(rule.slug), getattr(rule, "weight", 0)
        if told is None:
            return finding
        score = round(finding.score * told / usual) if usual else told
        return replace(finding, score=min(100, score))

    def _learned(
        self, learner: Scorer, submission: Submission, rules_score: int
    ) -> tuple[float | None, Finding | None]:
        try:
            chance = learner.score(submission, rules_score)
        except Exception:
            logger.exception("captcha_guard: the learning filter failed; what it was to judge is held")
            return None, Finding(
                "learning_failed", 0, "The learning filter failed, so a person should look.", Action.HOLD
            )
        if chance is None and self.strict:
            sentence = "The learning filter has not been taught enough yet, so everything is held."
            return None, Finding("not_taught", 0, sentence, Action.HOLD)
        if chance is None or self.bands.action(chance) == Action.ACCEPT:
            return chance, None
        sentence = f"The learning filter gives it a {round(100 * chance)} % chance of being spam."
        return chance, Finding("learned", 0, sentence, reply="It reads like what is taken for spam here.")

    def _action(self, findings: tuple[Finding, ...], chance: float | None) -> Action:
        demanded = max((finding.action for finding in findings), default=Action.ACCEPT)
        called_for = self.thresholds.action(total(findings)) if chance is None else self.bands.action(chance)
        return max(demanded, called_for)

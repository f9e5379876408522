"""Runs all rules and the learning filter on a submission, and returns the verdict."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import ClassVar, Final, Protocol, runtime_checkable

from ..messages import message
from .submission import Submission
from .verdict import Action, Bands, Finding, Thresholds, Verdict, total
from .weighing import Demanding, action_of, weighted

logger = logging.getLogger("captcha_guard")

#: The slug of the finding for new authors on a site whose filter doesn't decide yet.
NEW_SITE: Final = "new_site"

NewSiteCheck = Callable[[Submission], Finding | None]


@runtime_checkable
class Rule(Protocol):
    """One small check. Its ``slug`` never changes, because logs, metrics and stored comments contain it."""

    slug: str

    def check(self, submission: Submission) -> Finding | None:
        """Return a finding, or ``None``."""
        ...


class StandardRule(Protocol):
    """A rule of this package. A host's rule may have these attributes, too.

    ``looks_at`` names the fields of the submission that matter. ``weight`` is the score of an ordinary finding, 0 to
    100. ``final`` means that no rule runs after a finding. ``sentence`` describes what the rule looks for.
    """

    slug: ClassVar[str]
    looks_at: ClassVar[tuple[str, ...]]
    weight: ClassVar[int]
    final: ClassVar[bool]
    sentence: ClassVar[str]

    def check(self, submission: Submission) -> Finding | None:
        """Return a finding, or ``None``."""
        ...


def weight_of(rule: Rule | StandardRule) -> int:
    """Return a rule's own score of an ordinary finding, 0 for a host's rule that doesn't say."""
    return getattr(rule, "weight", 0)


class Scorer(Protocol):
    """A learning filter."""

    def score(self, submission: Submission, rules_score: int) -> float | None:
        """Return the chance of spam, 0 to 1, or ``None`` to abstain."""
        ...


class Judge:
    """Judges submissions by rules and a learning filter.

    :param rules: run in this order, cheap ones first. After a final finding the others don't run.
    :param thresholds: decide by the score, unless the filter decides.
    :param weights: scores that replace those of the rules, by slug. Other scores of a rule change in proportion, and 0
        turns a rule off.
    :param shadow: the slugs of rules whose findings are recorded but not counted. True accepts every submission, and
        records what all rules found.
    :param learner: the learning filter. It decides by ``bands``, unless it abstains.
    :param strict: hold every submission on which the filter abstains.
    :param new_site: returns a finding about a submission on which the filter abstains, or ``None``. It has a slug like
        a rule: a weight of 0 turns it off.
    :param prefetching: the context in which one submission is judged.
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
        new_site: NewSiteCheck | None = None,
        prefetching: Callable[[Submission], AbstractContextManager[object]] = nullcontext,
    ) -> None:
        self.rules = tuple(rules)
        self.thresholds = thresholds or Thresholds()
        self.weights = dict(weights or {})
        self.shadow = shadow
        self.learner = learner
        self.bands = bands or Bands()
        self.strict = strict
        self._new_site = new_site
        self._prefetching = prefetching

    def judge(self, submission: Submission) -> Verdict:
        """Return the verdict, which is the strictest action of the findings, the score and the filter."""
        verdict = self.weigh(submission)
        return verdict.let_through() if self.shadow is True else verdict

    def weigh(
        self, submission: Submission, *, without: Collection[str] = (), shadowing: Collection[str] = ()
    ) -> Verdict:
        """Return the real verdict, even if ``shadow`` is True and :meth:`judge` would accept everything.

        Rules with a slug in ``without`` don't run. Findings of those in ``shadowing`` are recorded but not counted.
        """
        with self._prefetching(submission):
            return self._weigh(submission, without=without, shadowing=shadowing)

    def _weigh(self, submission: Submission, *, without: Collection[str], shadowing: Collection[str]) -> Verdict:
        findings, shadowed, ended = self._run_rules(submission, without=without, shadowing=shadowing)
        chance = None
        if self.learner is not None and not ended:
            chance, finding = self._run_filter(self.learner, submission, total(findings))
            if chance is None and finding is None and self._new_site is not None and NEW_SITE not in without:
                finding = self._check_new_site(self._new_site, submission)
            if finding is not None and finding.reason in self._recorded(shadowing):
                shadowed = (*shadowed, finding)
            elif finding is not None:
                findings = (*findings, finding)
        return self._verdict(Verdict(chance=chance, shadowed=shadowed), findings)

    def reconsider(self, verdict: Verdict, more: tuple[Finding, ...]) -> Verdict:
        """Return the verdict with more findings."""
        return self._verdict(verdict, (*verdict.findings, *more))

    def score(self, submission: Submission, *, without: Collection[str] = ()) -> int:
        """Return the score of the rules' findings, 0 to 100. Rules with a slug in ``without`` don't run."""
        with self._prefetching(submission):
            return total(self._run_rules(submission, without=without)[0])

    def _verdict(self, verdict: Verdict, findings: tuple[Finding, ...]) -> Verdict:
        action, meant = self.action(findings, verdict.chance), None
        if verdict.shadowed:
            meant = self.action((*findings, *verdict.shadowed), verdict.chance)
        return replace(verdict, action=action, findings=findings, meant=meant)

    def _run_rules(
        self, submission: Submission, *, without: Collection[str] = (), shadowing: Collection[str] = ()
    ) -> tuple[tuple[Finding, ...], tuple[Finding, ...], bool]:
        """Return the findings that count, those that are only recorded, and whether a final finding ended the run."""
        counted: list[Finding] = []
        shadowed: list[Finding] = []
        recorded = self._recorded(shadowing)
        for rule in self.rules:
            if self.weights.get(rule.slug) == 0 or rule.slug in without:
                continue
            finding = self._run_rule(rule, submission)
            if finding is None:
                continue
            if rule.slug in recorded:
                shadowed.append(finding)
                continue
            counted.append(finding)
            if finding.final:
                return tuple(counted), tuple(shadowed), True
        return tuple(counted), tuple(shadowed), False

    def _recorded(self, shadowing: Collection[str]) -> set[str]:
        """Return the slugs whose findings are recorded but not counted."""
        return {*shadowing, *(() if isinstance(self.shadow, bool) else self.shadow)}

    def _check_new_site(self, check: NewSiteCheck, submission: Submission) -> Finding | None:
        if self.weights.get(NEW_SITE) == 0:
            return None
        try:
            return check(submission)
        except Exception:
            logger.exception("captcha_guard: the check for new sites failed, so the submission is judged without it")
            return None

    def _run_rule(self, rule: Rule | StandardRule, submission: Submission) -> Finding | None:
        try:
            return self._reweighted(rule, rule.check(submission))
        except Exception:
            logger.exception("captcha_guard: the rule %s failed, so the submission is held", rule.slug)
            sentence = message("The rule %(rule)s failed, so a person should look.", rule=rule.slug)
            return Finding("rule_failed", 0, sentence, Action.HOLD)

    def _reweighted(self, rule: Rule | StandardRule, finding: Finding | None) -> Finding | None:
        """Return the finding with the score that the site's weight gives it."""
        if finding is None:
            return None
        is_valid = isinstance(finding, Finding) and isinstance(finding.score, int) and isinstance(finding.reason, str)
        if not is_valid or not isinstance(finding.action, Action):
            raise TypeError(
                f"it returned {finding!r}; None is needed, or a Finding whose score is a whole number, whose reason is "
                "a text, and whose action is an Action"
            )
        weight = self.weights.get(rule.slug)
        if weight is None:
            return finding
        score = weighted(finding.score, weight, weight_of(rule))
        return replace(finding, score=score, own_score=finding.score)

    def _run_filter(
        self, learner: Scorer, submission: Submission, rules_score: int
    ) -> tuple[float | None, Finding | None]:
        """Return the chance of spam, and a finding if the filter doesn't accept the submission."""
        try:
            chance = learner.score(submission, rules_score)
        except Exception:
            logger.exception("captcha_guard: the learning filter failed, so the submission is held")
            sentence = message("The learning filter failed, so a person should look.")
            return None, Finding("learning_failed", 0, sentence, Action.HOLD)
        if chance is None and self.strict:
            sentence = message("The learning filter has not been taught enough yet, so everything is held.")
            return None, Finding("not_taught", 0, sentence, Action.HOLD)
        if chance is None or self.bands.action(chance) == Action.ACCEPT:
            return chance, None
        sentence = message(
            "The learning filter gives it a %(percent)d %% chance of being spam.", percent=round(100 * chance)
        )
        return chance, Finding("learned", 0, sentence, reply=message("It reads like comments that were spam here."))

    def action(self, findings: Iterable[Demanding], chance: float | None) -> Action:
        """Return the action for these findings and the filter's chance, ``None`` if it abstained."""
        return action_of(findings, chance, thresholds=self.thresholds, bands=self.bands)

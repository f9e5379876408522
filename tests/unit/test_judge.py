"""The judge: it isolates rules that fail, applies weights and shadow, and asks the filter."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace

import pytest

from captcha_guard.spam.judge import Judge, Rule
from captcha_guard.spam.rules import standard
from captcha_guard.spam.rules.links import Links
from captcha_guard.spam.rules.too_fast import TooFast
from captcha_guard.spam.submission import Submission
from captcha_guard.spam.verdict import Action, Bands, Finding, Verdict

PLAIN = Submission(scope="comment", author="Ada Quill", body="The load factor should read 0.7, I think.", seconds=42)
LINKS = replace(PLAIN, body="Two of them: https://a.example and https://b.example say it.")


class Shouting:
    slug = "shouting"

    def check(self, submission: Submission) -> Finding | None:
        return Finding(self.slug, 40, "The comment is all capitals.") if submission.body.isupper() else None


class Broken:
    slug = "broken"

    def check(self, submission: Submission) -> Finding | None:  # noqa: ARG002
        raise RuntimeError("the disc is full")


@dataclass
class Taught:
    """A filter with a given answer, which records the rules' score."""

    chance: float | None
    heard: int | None = None

    def score(self, submission: Submission, rules_score: int) -> float | None:  # noqa: ARG002
        self.heard = rules_score
        return self.chance


def test_a_rule_that_raises_is_logged_the_comment_is_held_and_the_other_rules_run(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.ERROR, logger="captcha_guard"):
        verdict = Judge([Broken(), Shouting()]).judge(replace(PLAIN, body="WHY NOT?"))
    assert verdict.action == Action.HOLD
    assert verdict.reasons == ("rule_failed", "shouting")
    assert "broken" in verdict.findings[0].sentence
    assert "the disc is full" in caplog.text


@pytest.mark.parametrize(
    "returned",
    [
        True,
        40,
        "spam",
        Finding("odd", 40.5, "A half."),  # type: ignore[arg-type]
        Finding("odd", None, "None."),  # type: ignore[arg-type]
        Finding(None, 40, "No reason."),  # type: ignore[arg-type]
        Finding(["odd"], 40, "Several reasons."),  # type: ignore[arg-type]
        Finding("odd", 40, "An action by its name.", "hold"),  # type: ignore[arg-type]
    ],
)
def test_a_rule_that_does_not_return_a_finding_is_isolated_too(
    returned: object, caplog: pytest.LogCaptureFixture
) -> None:
    class Odd:
        slug = "odd"

        def check(self, submission: Submission) -> Finding | None:  # noqa: ARG002
            return returned  # type: ignore[return-value]

    verdict = Judge([Odd(), Shouting()]).judge(replace(PLAIN, body="WHY NOT?"))
    assert (verdict.action, verdict.reasons) == (Action.HOLD, ("rule_failed", "shouting"))
    assert "a Finding whose score is a whole number" in caplog.text


def test_a_hosts_rule_needs_only_a_slug_and_a_check() -> None:
    assert isinstance(Shouting(), Rule)
    judge = Judge([*standard(), Shouting()])
    assert judge.judge(replace(PLAIN, body="WHY DOES THE COMPILER NOT WARN?")).action == Action.CHALLENGE


def test_a_weight_scales_the_rules_scores_up_to_100() -> None:
    fast = replace(PLAIN, seconds=0)
    assert Judge([TooFast()], weights={"too_fast": 60}).judge(fast).action == Action.HOLD
    assert Judge([TooFast()], weights={"too_fast": 29}).judge(fast).action == Action.ACCEPT
    many = replace(PLAIN, body="https://a.example " * 4)
    assert Judge([Links()], weights={"links": 15}).judge(many).score == 25
    assert Judge([Links()], weights={"links": 100}).judge(many).score == 100
    assert Judge([Shouting()], weights={"shouting": 70}).judge(replace(PLAIN, body="NO")).score == 70


def test_a_weight_of_0_turns_a_rule_off_with_its_action() -> None:
    assert Judge(standard()).judge(LINKS).action == Action.HOLD
    assert Judge(standard(), weights={"links": 0}).judge(LINKS) == Verdict()


def test_a_shadowed_rule_records_and_does_not_count() -> None:
    verdict = Judge(standard(), shadow=["links"]).judge(replace(LINKS, seconds=0))
    assert verdict.action == Action.CHALLENGE
    assert verdict.reasons == ("too_fast",)
    assert [finding.reason for finding in verdict.shadowed] == ["links"]
    assert verdict.meant == Action.HOLD
    assert verdict.score == 30


def test_after_a_final_finding_in_shadow_the_other_rules_still_run() -> None:
    verdict = Judge(standard(known=lambda _: True), shadow=["duplicate"]).judge(LINKS)
    assert verdict.reasons == ("links",)
    assert verdict.meant == Action.REJECT


@pytest.mark.parametrize("body", ["x" * 70_000, LINKS.body, PLAIN.body])
def test_in_shadow_everything_is_accepted_and_the_real_verdict_is_recorded(body: str) -> None:
    submission = replace(PLAIN, body=body)
    meant = Judge(standard()).judge(submission)
    verdict = Judge(standard(), shadow=True).judge(submission)
    assert (verdict.action, verdict.findings, verdict.held) == (Action.ACCEPT, (), False)
    assert (verdict.meant, verdict.shadowed) == (meant.action, meant.findings)


@pytest.mark.parametrize(
    ("chance", "action"),
    [(0.0, Action.ACCEPT), (0.10, Action.ACCEPT), (0.11, Action.HOLD), (0.96, Action.HOLD), (0.97, Action.ASIDE)],
)
def test_the_filters_chance_decides_by_bands(chance: float, action: Action) -> None:
    learner = Taught(chance)
    verdict = Judge(standard(), learner=learner).judge(replace(PLAIN, honeypot="x"))
    assert (verdict.action, verdict.score, verdict.chance) == (action, round(100 * chance), chance)
    assert learner.heard == 60


def test_the_action_of_a_finding_applies_whatever_the_filter_says() -> None:
    assert Judge(standard(), learner=Taught(0.01)).judge(LINKS).action == Action.HOLD
    assert Judge(standard(), learner=Taught(0.01), bands=Bands(0, 0.005)).judge(LINKS).action == Action.ASIDE


def test_while_the_filter_abstains_the_thresholds_decide_or_strict_holds_everything() -> None:
    assert Judge(standard(), learner=Taught(None)).judge(PLAIN) == Verdict()
    strict = Judge(standard(), learner=Taught(None), strict=True).judge(PLAIN)
    assert (strict.action, strict.reasons) == (Action.HOLD, ("not_taught",))
    assert Judge(standard(), learner=Taught(0.05), strict=True).judge(PLAIN).action == Action.ACCEPT


def test_a_filter_that_raises_holds_the_comment(caplog: pytest.LogCaptureFixture) -> None:
    class Confused:
        def score(self, submission: Submission, rules_score: int) -> float | None:  # noqa: ARG002
            raise ValueError("nan")

    verdict = Judge(standard(), learner=Confused()).judge(PLAIN)
    assert (verdict.action, verdict.reasons) == (Action.HOLD, ("learning_failed",))


def test_the_filter_does_not_run_after_a_final_finding() -> None:
    learner = Taught(0.0)
    assert Judge(standard(known=lambda _: True), learner=learner).judge(PLAIN).action == Action.REJECT
    assert learner.heard is None


def test_a_verdict_with_one_more_finding_keeps_the_rest() -> None:
    verdict = Verdict(Action.HOLD, (), 0.5, (Finding("a", 1, "A."),), Action.REJECT)
    more = verdict.found(Finding("b", 1, "B.", Action.CHALLENGE))
    assert (more.action, more.reasons, more.chance, more.meant) == (Action.HOLD, ("b",), 0.5, Action.REJECT)

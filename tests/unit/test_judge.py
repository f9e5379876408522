"""The judge: it isolates rules that fail, applies weights and shadow, and asks the filter."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import pytest

from captcha_guard.spam.judge import NEW_SITE, Judge, Rule, weight_of
from captcha_guard.spam.rules import standard
from captcha_guard.spam.rules.links import Links
from captcha_guard.spam.rules.too_fast import TooFast
from captcha_guard.spam.submission import Submission
from captcha_guard.spam.verdict import Action, Bands, Finding, Thresholds, Verdict, total
from captcha_guard.spam.weighing import action_of, weighted

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
    assert "a whole number, whose reason is a text, and whose action is an Action" in caplog.text


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


def test_the_context_of_one_submission_is_open_while_its_rules_run() -> None:
    opened: list[str] = []

    class Watching:
        slug = "watching"

        def check(self, submission: Submission) -> Finding | None:
            return Finding(self.slug, 5, "It looked.") if opened == [submission.body] else None

    @contextmanager
    def context(submission: Submission) -> Iterator[None]:
        opened.append(submission.body)
        yield
        opened.clear()

    judge = Judge([Watching()], prefetching=context)
    assert judge.judge(PLAIN).score == 5
    assert judge.score(PLAIN) == 5
    assert not opened


def test_a_rule_left_out_does_not_run_and_one_in_shadow_does_not_count() -> None:
    judge, shouted = Judge([Shouting(), Links()]), replace(LINKS, body="HTTPS://A.EXAMPLE AND HTTPS://B.EXAMPLE")
    assert judge.weigh(shouted).reasons == ("shouting", "links")
    assert judge.weigh(shouted, without=["links"]).reasons == ("shouting",)
    assert judge.weigh(shouted, without=["shouting"]).reasons == ("links",)
    verdict = judge.weigh(shouted, shadowing=["shouting"])
    assert (verdict.reasons, verdict.meant) == (("links",), Action.HOLD)
    assert [finding.reason for finding in verdict.shadowed] == ["shouting"]
    assert judge.score(shouted) == judge.weigh(shouted).score
    assert judge.score(shouted, without=["links"]) == 40


def test_the_filter_hears_the_score_of_counted_findings_only() -> None:
    learner = Taught(0.5)
    Judge([Shouting()], learner=learner).judge(replace(PLAIN, body="WHY NOT?"))
    assert learner.heard == 40
    Judge([Shouting()], learner=learner, shadow=["shouting"]).judge(replace(PLAIN, body="WHY NOT?"))
    assert learner.heard == 0


def test_the_filter_hears_the_submission_itself() -> None:
    heard: list[Submission] = []

    class Hearing:
        def score(self, submission: Submission, rules_score: int) -> float | None:  # noqa: ARG002
            heard.append(submission)
            return None

    Judge([], learner=Hearing()).judge(PLAIN)
    assert heard == [PLAIN]


def test_a_hosts_rule_without_a_weight_weighs_nothing_of_its_own() -> None:
    assert weight_of(Shouting()) == 0
    assert weight_of(Links()) == Links.weight


def test_the_finding_of_the_filter_tells_the_moderator_its_chance_and_the_visitor_less() -> None:
    verdict = Judge([], learner=Taught(0.514)).judge(PLAIN)
    assert verdict.reasons == ("learned",)
    (finding,) = verdict.findings
    assert (finding.score, finding.action) == (0, Action.ACCEPT)
    assert finding.sentence == "The learning filter gives it a 51 % chance of being spam."
    assert finding.reply == "It reads like comments that were spam here."


def test_the_filter_in_shadow_is_recorded_and_its_chance_still_decides() -> None:
    verdict = Judge([], learner=Taught(0.5), shadow=["learned"]).judge(PLAIN)
    assert verdict.reasons == ()
    assert [finding.reason for finding in verdict.shadowed] == ["learned"]
    assert verdict.chance == 0.5
    assert (verdict.action, verdict.meant) == (Action.HOLD, Action.HOLD)


def test_the_findings_of_failures_say_what_failed() -> None:
    class Confused:
        def score(self, submission: Submission, rules_score: int) -> float | None:  # noqa: ARG002
            raise ValueError("nan")

    (filter_failed,) = Judge([], learner=Confused()).judge(PLAIN).findings
    assert (filter_failed.score, filter_failed.sentence) == (
        0,
        "The learning filter failed, so a person should look.",
    )
    (rule_failed,) = Judge([Broken()]).judge(PLAIN).findings
    assert (rule_failed.score, rule_failed.sentence) == (0, "The rule broken failed, so a person should look.")
    (not_taught,) = Judge([], learner=Taught(None), strict=True).judge(PLAIN).findings
    assert (not_taught.score, not_taught.sentence) == (
        0,
        "The learning filter has not been taught enough yet, so everything is held.",
    )


NEW_AUTHOR = Finding(NEW_SITE, 0, "The author is new.", Action.HOLD)


def test_new_authors_are_checked_while_the_filter_abstains() -> None:
    seen: list[Submission] = []

    def check(submission: Submission) -> Finding | None:
        seen.append(submission)
        return NEW_AUTHOR

    verdict = Judge([], learner=Taught(None), new_site=check).judge(PLAIN)
    assert (verdict.action, verdict.findings) == (Action.HOLD, (NEW_AUTHOR,))
    assert seen == [PLAIN]
    for judge in (
        Judge([], learner=Taught(0.0), new_site=check),
        Judge([], new_site=check),
        Judge([], learner=Taught(None), new_site=check, weights={NEW_SITE: 0}),
        Judge([], learner=Taught(None), new_site=lambda _: None),
    ):
        assert judge.judge(PLAIN).findings == ()
    assert Judge([], learner=Taught(None), new_site=check).weigh(PLAIN, without=[NEW_SITE]).findings == ()
    assert Judge([], learner=Taught(None), new_site=check, strict=True).judge(PLAIN).reasons == ("not_taught",)
    shadowed = Judge([], learner=Taught(None), new_site=check, shadow=[NEW_SITE]).judge(PLAIN)
    assert (shadowed.action, shadowed.findings, shadowed.shadowed) == (Action.ACCEPT, (), (NEW_AUTHOR,))
    assert shadowed.meant == Action.HOLD


def test_a_check_of_new_authors_that_raises_is_left_out(caplog: pytest.LogCaptureFixture) -> None:
    def check(submission: Submission) -> Finding | None:
        raise RuntimeError("the disc is full")

    assert Judge([], learner=Taught(None), new_site=check).judge(PLAIN).action == Action.ACCEPT
    assert "the disc is full" in caplog.text


def test_a_reconsidered_verdict_keeps_its_findings_and_its_chance() -> None:
    judge = Judge([Shouting()], learner=Taught(0.5), shadow=["shouting"])
    verdict = judge.judge(replace(PLAIN, body="WHY NOT?"))
    more = judge.reconsider(verdict, (Finding("listed", 0, "It's listed.", Action.ASIDE),))
    assert more.reasons == ("learned", "listed")
    assert (more.action, more.meant, more.chance) == (Action.ASIDE, Action.ASIDE, 0.5)
    assert more.shadowed == verdict.shadowed


def test_a_weighted_finding_keeps_its_own_score_too() -> None:
    (finding,) = Judge([Shouting()], weights={"shouting": 70}).judge(replace(PLAIN, body="NO")).findings
    assert (finding.score, finding.own_score) == (70, 40)
    (plain,) = Judge([Shouting()]).judge(replace(PLAIN, body="NO")).findings
    assert (plain.score, plain.own_score) == (40, None)


@pytest.mark.parametrize(
    ("score", "weight", "default", "expected"),
    [
        (40, None, 0, 40),
        (40, None, 20, 40),
        (40, 70, 0, 70),
        (40, 30, 20, 60),
        (40, 50, 20, 100),
        (40, 51, 20, 100),
        (15, 10, 20, 8),
        (200, 70, 0, 70),
    ],
)
def test_a_weight_replaces_the_ordinary_score_and_scales_the_others(
    score: int, weight: int | None, default: int, expected: int
) -> None:
    assert weighted(score, weight, default) == expected


def test_the_strictest_of_demand_and_score_or_chance_wins() -> None:
    def action(findings: list[Finding], chance: float | None) -> Action:
        return action_of(findings, chance, thresholds=Thresholds(), bands=Bands())

    scored, demanding = Finding("scored", 60, "60."), Finding("demanding", 0, "Look.", Action.HOLD)
    assert action([], None) == Action.ACCEPT
    assert action([scored], None) == Action.HOLD
    assert action([scored], 0.0) == Action.ACCEPT
    assert action([scored], 0.98) == Action.ASIDE
    assert action([demanding, Finding("mild", 0, "Mild.", Action.CHALLENGE)], 0.0) == Action.HOLD
    assert action([demanding], 0.98) == Action.ASIDE
    assert action([replace(scored, score=100)], None) == Action.ASIDE


def test_a_score_is_never_below_0() -> None:
    assert total([Finding("trusted", -20, "Known.")]) == 0
    assert total([Finding("trusted", -20, "Known."), Finding("link", 50, "A link.")]) == 30
    assert total([]) == 0


def test_a_verdict_is_held_if_a_moderator_should_see_it_first() -> None:
    assert [Verdict(action).held for action in Action] == [False, False, True, True, False]


def test_a_verdict_in_other_words_keeps_all_but_its_sentences() -> None:
    one = Finding("a", 3, "long", Action.HOLD, reply="short")
    verdict = Verdict(Action.HOLD, (one,), 0.5, (replace(one, reason="b"),), Action.ASIDE, "id")
    worded = verdict.worded(str.upper)
    said = replace(one, sentence="LONG", reply="SHORT")
    assert worded == replace(verdict, findings=(said,), shadowed=(replace(said, reason="b"),))


def test_a_verdict_that_lets_through_records_the_strictest_action_it_meant() -> None:
    found, recorded = Finding("a", 60, "A."), Finding("b", 90, "B.")
    verdict = Verdict(Action.HOLD, (found,), None, (recorded,), Action.ASIDE)
    passed = verdict.let_through()
    assert (passed.action, passed.findings) == (Action.ACCEPT, ())
    assert (passed.shadowed, passed.meant) == ((found, recorded), Action.ASIDE)
    assert Verdict(Action.HOLD, (found,)).let_through().meant == Action.HOLD
    assert replace(verdict, action=Action.REJECT).let_through().meant == Action.REJECT


def test_a_verdict_with_another_action_is_at_least_as_strict_in_what_it_meant() -> None:
    verdict = Verdict(Action.CHALLENGE, (Finding("a", 30, "A."),), meant=Action.HOLD)
    assert verdict.acting(Action.ACCEPT) == replace(verdict, action=Action.ACCEPT)
    assert verdict.acting(Action.REJECT).meant == Action.REJECT
    assert verdict.acting(Action.HOLD, findings=()).findings == ()
    assert Verdict().acting(Action.HOLD).meant is None
    assert Verdict(Action.ACCEPT).found(Finding("b", 0, "B.", Action.HOLD)).action == Action.HOLD

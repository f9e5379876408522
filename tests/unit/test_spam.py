"""Rules, and the verdict that follows from them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from captcha_guard.spam.comment_key import duplicate_key
from captcha_guard.spam.judge import Judge
from captcha_guard.spam.rules import standard
from captcha_guard.spam.rules.duplicate import Duplicate
from captcha_guard.spam.rules.honeypot import Honeypot
from captcha_guard.spam.rules.links import Links
from captcha_guard.spam.rules.too_fast import TooFast
from captcha_guard.spam.rules.too_long import TooLong
from captcha_guard.spam.submission import Submission
from captcha_guard.spam.text.link_scanner import scan
from captcha_guard.spam.verdict import Action, Finding, Thresholds, Verdict

SECRET = b"a secret of the site"
PLAIN = Submission(
    scope="comment:hash-tables",
    author="Ada Quill",
    email="ada@example.org",
    body="The load factor in part two should read 0.7, I think.",
    seconds=42,
)


def judge(*known: str) -> Judge:
    return Judge(standard(min_seconds=3, max_links=2, known=lambda one: duplicate_key(one, SECRET) in known))


def test_a_plain_comment_is_accepted_without_a_finding() -> None:
    assert judge().judge(PLAIN) == Verdict(Action.ACCEPT, ())


@pytest.mark.parametrize(
    ("change", "reason", "action"),
    [
        ({"honeypot": "cheap pills"}, "honeypot", Action.HOLD),
        ({"seconds": 1}, "too_fast", Action.CHALLENGE),
        ({"body": "x" * 65_526}, "too_long", Action.REJECT),
        ({"author": "x" * 246}, "too_long", Action.REJECT),
        ({"email": "x" * 101}, "too_long", Action.REJECT),
        ({"url": "x" * 201}, "too_long", Action.REJECT),
        ({"body": "http://a.example and http://b.example"}, "links", Action.HOLD),
    ],
)
def test_each_rule_changes_a_verdict(change: dict[str, object], reason: str, action: Action) -> None:
    verdict = judge().judge(replace(PLAIN, **change))  # type: ignore[arg-type]
    assert verdict.reasons == (reason,)
    assert verdict.action == action


@pytest.mark.parametrize(
    "change", [{"body": "x" * 65_525}, {"author": "x" * 245}, {"email": "x" * 100}, {"url": "x" * 200}]
)
def test_the_longest_allowed_field_passes(change: dict[str, str]) -> None:
    assert TooLong().check(replace(PLAIN, **change)) is None  # type: ignore[arg-type]


def test_the_same_comment_again_is_rejected_and_another_is_not() -> None:
    again = judge(duplicate_key(PLAIN, SECRET))
    assert again.judge(PLAIN).action == Action.REJECT
    assert again.judge(PLAIN).reasons == ("duplicate",)
    for change in ({"body": "Another."}, {"scope": "comment:types"}, {"author": "Bea"}, {"email": "bea@example.org"}):
        assert again.judge(replace(PLAIN, **change)).action == Action.ACCEPT  # type: ignore[arg-type]


def test_space_around_words_does_not_make_a_new_comment() -> None:
    spaced = replace(PLAIN, body=f"  {PLAIN.body}\r\n\r\n")
    assert spaced.fingerprint == PLAIN.fingerprint


def test_moving_text_between_fields_changes_the_fingerprint() -> None:
    one, two = replace(PLAIN, author="ab", email="c"), replace(PLAIN, author="a", email="bc")
    assert one.fingerprint != two.fingerprint


def test_an_empty_body_is_not_a_duplicate() -> None:
    assert Duplicate(lambda _: True).check(replace(PLAIN, body="  ")) is None


def test_scores_add_up_and_the_strictest_wins() -> None:
    verdict = judge().judge(replace(PLAIN, honeypot="x", seconds=0.5))
    assert verdict.score == 90
    assert verdict.action == Action.ASIDE
    assert verdict.held
    assert verdict.reasons == ("honeypot", "too_fast")


def test_no_rule_is_asked_after_a_final_finding() -> None:
    verdict = judge(duplicate_key(PLAIN, SECRET)).judge(replace(PLAIN, body="x" * 70_000, honeypot="x"))
    assert verdict.reasons == ("too_long",)


def test_a_form_without_a_clock_is_not_too_fast() -> None:
    assert TooFast(3).check(replace(PLAIN, seconds=None)) is None
    assert TooFast(3).check(replace(PLAIN, seconds=3)) is None


def test_a_blank_honeypot_is_not_a_finding() -> None:
    assert Honeypot().check(replace(PLAIN, honeypot=" \n")) is None


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("no link at all", 0),
        ("ASP.NET and Node.js beat readme.md, e.g. at 3.14", 0),
        ("see https://example.org/a?b=c#d.", 1),
        ("see www.example.org.", 1),
        ("mail me at ada@www.example.org", 0),
        ('<a href="https://example.org">https://example.org</a>', 1),
        ("<A HREF='//example.org'>cheap</A>", 1),
        ("[url=https://example.org]cheap[/url] [url]https://example.org[/url]", 2),
        ("[link]https://example.org[/link]", 1),
        ("[the paper](https://example.org/paper.pdf)", 1),
        ("[https://example.org](https://example.org)", 1),
        ("https://a.example,https://b.example", 1),
        ("https://a.example https://b.example www.c.example", 3),
        ("a [1] b [2] c", 0),
        ("<a name=x> <article>", 0),
    ],
)
def test_links_are_counted_as_people_count_them(text: str, count: int) -> None:
    assert len(scan(text)) == count


def test_zero_max_links_turns_the_rule_off() -> None:
    assert Links(0).check(replace(PLAIN, body="http://a.example " * 9)) is None


@pytest.mark.parametrize(
    ("score", "action"),
    [
        (0, Action.ACCEPT),
        (29, Action.ACCEPT),
        (30, Action.CHALLENGE),
        (60, Action.HOLD),
        (90, Action.ASIDE),
        (100, Action.ASIDE),
    ],
)
def test_thresholds_turn_a_score_into_an_action(score: int, action: Action) -> None:
    assert Thresholds().action(score) == action


def test_a_score_never_exceeds_100() -> None:
    assert Verdict(findings=(Finding("a", 80, "A."), Finding("b", 80, "B."))).score == 100
